"""Kernels compiled by Numba for NumPy arrays in single precision, under the names of the plain ones.

| module | what it holds |
| --- | --- |
| ``compiling`` | how and when kernels are compiled |
| ``phase`` | local phase and filters along time |
| ``directions`` | displacement along a band's direction |
| ``triples`` | Riesz triples, and one pass over a level |
| ``images`` | pyramids and blur |
| ``spectra`` | boxes of spectra |
| ``colours`` | frames: colours apart, mixed, and with a change added |
| ``fourier`` | transforms, where Rocket-FFT is installed |

The functions here make contiguous arrays of what came and share the work among cores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vmm.backend.cpu import colours, directions, images, phase, spectra, triples
from vmm.backend.cpu.flows import alike, arriving, cubic, followed, linear  # noqa: F401
from vmm.backend.cpu.phase import phase_since_written, phase_sums  # noqa: F401
from vmm.backend.taps import one_sided
from vmm.backend.threads import cores, in_parallel

_FEW = 50_000  # samples that one core has gone through before another has begun


def phase_since(coefs: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Phase of coefs relative to reference, in (-pi, pi]."""
    out = np.empty(coefs.shape, np.float32)
    phase.since(_rows(coefs), _rows(np.broadcast_to(reference, coefs.shape)), _rows(out))
    return out


def phase_since_filtered(coefs: np.ndarray, before: np.ndarray, sos: np.ndarray, registers: np.ndarray) -> np.ndarray:
    """Phase since the frame before, through second-order sections."""
    signal = np.empty(coefs.shape, np.float32)
    phase.since_filtered(_frames(coefs), _rows(before), _single(sos), _registers(registers), _frames(signal))
    return signal


def phase_since_gathered(coefs: np.ndarray, before: np.ndarray, columns: np.ndarray, total: np.ndarray) -> None:
    """Phase since the frame before, by columns, added to a total."""
    phase.since_gathered(_frames(coefs), _rows(before), _single(columns), _frames(total))


def turned(coefs: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """What turning changes, in the place of coefs."""
    coefs = np.ascontiguousarray(coefs)
    phase.turned(_rows(coefs), _rows(_single(angle)))
    return coefs


def displaced(
    coefs: np.ndarray,
    reference: np.ndarray,
    frequency: Sequence[float],
    step: Sequence[float],
    turn: Sequence[float],
) -> np.ndarray:
    """Numerator and denominator of the displacement along the direction of a band."""
    out = np.empty((len(coefs), 2, *coefs.shape[1:]), np.float32)
    reference = np.ascontiguousarray(np.broadcast_to(reference, coefs.shape))
    directions.displaced(np.ascontiguousarray(coefs), reference, *_direction(frequency, step, turn), out)
    return out


def slope(coefs: np.ndarray, frequency: Sequence[float], step: Sequence[float], turn: Sequence[float]) -> np.ndarray:
    """Local frequency along the direction of a band."""
    out = np.empty(coefs.shape, np.float32)
    directions.slope(np.ascontiguousarray(coefs), *_direction(frequency, step, turn), out)
    return out


def _direction(
    frequency: Sequence[float], step: Sequence[float], turn: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Carrier of a band, and what makes its turns radians per pixel."""
    (down, right), total = frequency, math.hypot(*frequency)
    parts = [part for carrier in np.exp(-1j * np.asarray(turn)) for part in (carrier.real, carrier.imag)]
    return _single(parts), _single([total, down / (total * step[0]), right / (total * step[1])])


def faded(angle: np.ndarray, limit: float) -> np.ndarray:
    """Angles that fade out beyond a limit."""
    angle = np.ascontiguousarray(angle)
    per_limit = np.float32(1 / limit)
    if angle.shape[1:-2] == (2,):
        triples.faded(angle.reshape(len(angle), 2, -1), per_limit)
    else:
        phase.faded(_rows(angle), per_limit)
    return angle


def biquads(x: np.ndarray, sos: np.ndarray, registers: np.ndarray) -> np.ndarray:
    """Second-order sections along time."""
    y = np.array(x, np.float32, order="C")
    phase.biquads(_frames(y), _single(sos), _registers(registers))
    return y


def value_since_magnified(
    coefs: np.ndarray, before: np.ndarray, sos: np.ndarray, registers: np.ndarray, sigma: Any, limit: Any, alpha: Any
) -> np.ndarray:
    """Alpha times the change of value since the frame before, through second-order sections; nothing is blurred."""
    out = np.empty(coefs.shape, np.float32)
    sos = np.array(sos, np.float32)
    if np.ndim(alpha) == 0:
        sos[0, :3] *= alpha
    x, y = _frames(coefs), _frames(out)
    state = _rows(before), sos, _registers(registers)
    _shared(lambda start, stop: phase.change_filtered(x, *state, start, stop, y), x.shape[1], x.size)
    return out if np.ndim(alpha) == 0 else out * _single(alpha)


def product(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The matrix applied along the first axis."""
    out = np.empty((len(matrix), *x.shape[1:]), np.float32)
    phase.product(_frames(x), _single(matrix), _frames(out))
    return out


def quaternion_since_magnified(
    images: np.ndarray,
    along: Sequence[float],
    across: Sequence[float],
    before: np.ndarray,
    sos: np.ndarray,
    registers: np.ndarray,
    sigma: tuple[float, float],
    limit: float,
    alpha: Any,
) -> np.ndarray:
    """What magnification changes in images (T, h, w) by their Riesz transform, (T, 1, h, w)."""
    n, h, w = images.shape
    out = np.empty((n, 1, h, w), np.float32)
    down, right = (_gaussian(s) for s in sigma)
    reach = len(down) - 1
    alphas = np.ascontiguousarray(np.broadcast_to(_single(alpha), (h, w)))
    images = np.ascontiguousarray(images)
    given = images, *_taps(along, across), before, _single(sos), registers
    strips = max(1, min(cores(), n * h * w // _FEW, h // max(8, 4 * reach)))
    jobs = []
    for start, stop in _parts(h, strips):
        beyond = slice(max(0, start - reach), start), slice(stop, stop + reach)
        around = [np.ascontiguousarray(registers[..., rows, :]) for rows in beyond]
        jobs.append((*around, down, right, alphas, np.float32(1 / limit), start, stop, out[:, 0]))
    for _ in in_parallel(lambda job: triples.magnified(*given, *job), jobs):
        pass
    before[:] = images[-1]
    return out


def riesz(x: np.ndarray, along: Sequence[float], across: Sequence[float]) -> np.ndarray:
    """Images with the two parts of their Riesz transform."""
    out = np.empty((len(x), 3, *x.shape[1:]), np.float32)
    taps = _taps(along, across)
    _each(lambda images, to: triples.riesz(images, *taps, to), _stack(x), out)
    return out


def blur(x: np.ndarray, sigma: tuple[float, float]) -> np.ndarray:
    """Gaussian blur of the last two axes."""
    out = np.empty(x.shape, np.float32)
    down, right = (_gaussian(s) for s in sigma)
    _each(lambda some, to: images.blur(some, down, right, to), _stack(x), _stack(out))
    return out


def reduce(x: np.ndarray) -> np.ndarray:
    """Every second sample of the binomial blur."""
    out = np.empty((*x.shape[:-2], (x.shape[-2] + 1) // 2, (x.shape[-1] + 1) // 2), np.float32)
    _each(images.reduce, _stack(x), _stack(out))
    return out


def expand(x: np.ndarray, size: tuple[int, int], onto: np.ndarray | None = None, weight: float = 1.0) -> np.ndarray:
    """Twice as many samples, by a weight onto an array if given."""
    out = np.empty((*x.shape[:-2], *size), np.float32)
    base = _stack(out)[:0] if onto is None else _stack(onto)
    w = np.float32(weight)
    _each(lambda some, onto, to: images.expand(some, onto, w, to), _stack(x), base, _stack(out))
    return out


def take(
    half: np.ndarray, weights: np.ndarray, gain: float, corner: tuple[int, int], shape: tuple[int, int]
) -> np.ndarray:
    """A weighted box of the spectra of real images."""
    out = np.empty((len(half), *shape), np.complex64)
    spectra.take(half, weights, np.float32(gain), *corner, out)
    return out


def put(half: np.ndarray, box: np.ndarray, weights: np.ndarray, gain: float, corner: tuple[int, int]) -> None:
    """What belongs into such a box, added in place."""
    spectra.put(half, np.ascontiguousarray(box), weights, np.float32(gain), *corner)


def brightness(frames: np.ndarray, weights: Sequence[float], dtype: Any) -> np.ndarray:
    """Weighted sum of the colours of frames."""
    out = np.empty(frames.shape[:3], np.float32)
    values = _single(weights)
    _each(
        lambda some, to: colours.brightness(some, values, to), _rows(frames.reshape(*frames.shape[:2], -1)), _rows(out)
    )
    return out


def apart(frames: np.ndarray, dtype: Any) -> np.ndarray:
    """The colours of frames as planes."""
    n, h, w = frames.shape[:3]
    out = np.empty((n, 3, h, w), np.float32)
    rows = np.ascontiguousarray(frames).reshape(n, h, 3 * w)

    def job(start: int, stop: int) -> None:
        for t in range(n):
            colours.apart(rows[t], start, stop, out[t])

    _shared(job, h, rows.size)
    return out


def reduce_apart(frames: np.ndarray, dtype: Any) -> np.ndarray:
    """The colours of frames as planes of half the size."""
    n, h, w = frames.shape[:3]
    out = np.empty((n, 3, (h + 1) // 2, (w + 1) // 2), np.float32)
    rows = np.ascontiguousarray(frames).reshape(n, h, 3 * w)
    _shared(lambda start, stop: colours.reduce_apart(rows, start, stop, out), out.shape[2], rows.size)
    return out


def value_since_added(
    frames: np.ndarray,
    before: np.ndarray,
    sos: np.ndarray,
    registers: np.ndarray,
    alpha: float,
    coarse: np.ndarray,
    matrix: np.ndarray,
) -> np.ndarray:
    """Frames with alpha times their filtered change and coarser planes added, in one pass."""
    n, h, w = frames.shape[:3]
    out = np.empty(frames.shape, frames.dtype)
    sos = np.array(sos, np.float32)
    sos[0, :3] *= alpha
    rows, to = (np.ascontiguousarray(x).reshape(n, h, 3 * w) for x in (frames, out))
    state = rows, before.reshape(h, 3 * w), sos, registers, _single(coarse), _single(matrix)
    top = _top(frames)
    _shared(lambda start, stop: colours.change_added(*state, top, start, stop, to), h, rows.size)
    return out


def added_planes(frames: np.ndarray, planes: np.ndarray | None, coarse: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Frames with planes and coarser ones added, their colours mixed first."""
    n, h, w = frames.shape[:3]
    out = np.empty(frames.shape, frames.dtype)
    rows, to = (np.ascontiguousarray(x).reshape(n, h, 3 * w) for x in (frames, out))
    fine = np.empty((n, 0, h, w), np.float32) if planes is None else planes
    mix, top = _single(matrix), _top(frames)

    def job(start: int, stop: int) -> None:
        for t in range(n):
            colours.added_planes(rows[t], fine[t], coarse[t], mix, top, start, stop, to[t])

    _shared(job, h, rows.size)
    return out


def added(frames: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Frames with a change added."""
    out = np.empty(frames.shape, frames.dtype)
    if frames.dtype.kind == "f":
        return np.add(frames, change, out=out, casting="same_kind")
    top = _top(frames)
    n = frames.shape[0] * frames.shape[1]
    rows = [np.ascontiguousarray(x).reshape(n, -1) for x in (frames, _single(change), out)]
    _each(lambda some, more, to: colours.added(some, more, top, to), *rows)
    return out


def _each(kernel: Callable[..., None], *arrays: np.ndarray) -> None:
    """The kernel on the arrays, a share of their first axis on each core where they are large."""
    last = arrays[-1]
    _shared(lambda start, stop: kernel(*(array[start:stop] for array in arrays)), len(last), last.size)


def _shared(job: Callable[[int, int], None], n: int, samples: int) -> None:
    """The job on shares of n rows, one on each core where they hold many samples."""
    shares = max(1, min(cores(), n, samples // _FEW))
    if shares == 1:
        return job(0, n)
    for _ in in_parallel(lambda part: job(*part), _parts(n, shares)):
        pass
    return None


def _parts(n: int, shares: int) -> list[tuple[int, int]]:
    """Where each of so many shares of n rows starts and stops."""
    return [(n * i // shares, n * (i + 1) // shares) for i in range(shares)]


def _taps(along: Sequence[float], across: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Three taps along and three across."""
    return _single(along), _single(across if len(across) == 3 else (0.0, across[0], 0.0))


def _gaussian(sigma: float) -> np.ndarray:
    """Taps of a Gaussian on one side, the centre first."""
    return _single(one_sided(sigma))


def _top(frames: np.ndarray) -> np.float32:
    """Largest value that frames may have."""
    return np.float32(np.iinfo(frames.dtype).max if frames.dtype.kind == "u" else np.inf)


def _single(x: Any) -> np.ndarray:
    return np.ascontiguousarray(x, np.float32)


def _rows(x: np.ndarray) -> np.ndarray:
    """Contiguous (n, w)."""
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])


def _frames(x: np.ndarray) -> np.ndarray:
    """Contiguous (T, n, w)."""
    return np.ascontiguousarray(x).reshape(len(x), -1, x.shape[-1] if x.ndim > 1 else 1)


def _stack(x: np.ndarray) -> np.ndarray:
    """Contiguous (n, h, w)."""
    return np.ascontiguousarray(x).reshape(-1, *x.shape[-2:])


def _registers(z: np.ndarray) -> np.ndarray:
    """Registers (sections, 2, n, w), contiguous already, for they change in place."""
    return z.reshape(*z.shape[:2], -1, z.shape[-1] if z.ndim > 2 else 1)
