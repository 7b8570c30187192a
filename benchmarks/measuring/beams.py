"""Modes of a cantilever: in regions, in every pixel, and with a camera that shakes."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import scipy.special

import vmm
from benchmarks.measuring.camera import FS, Camera, rendered
from benchmarks.measuring.scenes import EDGE, texture
from benchmarks.measuring.scores import Box, Estimator, Reading, estimators, rms
from benchmarks.measuring.tables import ON_TARGET, Cell, Effort, Lines, Row, Table, reason, yes
from vmm.data.synthetic import Scene, beam_positions, cantilever

SHAPE = (96, 320)
CLAMP = 8
FREQUENCIES, AMPLITUDES, PHASES = np.array([5.0, 31.0, 87.0]), np.array([0.2, 0.02, 0.005]), np.array([0.3, 1.0, 2.0])
BOXES: list[Box] = [(38, 12 + 19 * i, 21, 21) for i in range(15)]
STILL: Box = (6, 140, 21, 21)
"""Region of the background, 9 px above a beam that is 24 px high."""

HEIGHTS = (48, 24)
"""Heights of the beam in pixels."""

MAX_LOSS = 2.0
"""Largest distance of a modal assurance criterion from 1, relative to its mean for noise at the Cramer-Rao bound."""

MIN_LOSS = 5e-5
"""Distance of a criterion from 1 that is always on target: regions do not weight their columns evenly."""

SHAKE_LOSS = 6.0
"""The same if a still region is subtracted, whose noise is common to all regions."""

MAX_GAIN = 2.0
"""Largest deviation of the gain in percent of the first mode."""

STILL_LIMIT = 5.0
"""Largest amplitude in thousandths of a pixel of 99 % of the background at rest."""

ZONES = {
    "on the beam, 12 px and more inside": (-48, -12),
    "on the beam, 6 to 12 px inside": (-12, -6),
    "on the beam, 2 to 6 px inside": (-6, -2),
    "still, 1 to 5 px below the beam": (1, 5),
    "still, 5 to 10 px below the beam": (5, 10),
    "still, 10 to 20 px below the beam": (10, 20),
}


def scene(height: int, seed: int) -> Scene:
    """A beam of a height in pixels, clamped on the left, before a background.

    It is a function of the downward displacement of the free end in three modes, and of that of the camera's picture
    (down, right).
    """
    back, front = texture(2 * seed + 200, shape=SHAPE), texture(2 * seed + 201, shape=(SHAPE[0] + 32, SHAPE[1]))
    waves = -2j * np.pi * np.fft.rfftfreq(SHAPE[0] + 32)[:, None]
    rows, cols = np.arange(SHAPE[0])[:, None] - (SHAPE[0] - 1) / 2, np.arange(SHAPE[1])

    def frame(move: np.ndarray) -> np.ndarray:
        modal, (down, right) = move[:3], move[3:]
        bend = modal @ cantilever((cols - right - CLAMP) / (SHAPE[1] - 1 - 2 * CLAMP)) + down
        spectrum = np.fft.rfft(front(np.array([0.0, right])), axis=0)
        layer = np.fft.irfft(spectrum * np.exp(waves * bend), SHAPE[0] + 32, axis=0)[16:-16]
        ends = scipy.special.ndtr((cols - right - CLAMP) / EDGE)
        ends *= scipy.special.ndtr((SHAPE[1] - 1 - CLAMP - cols + right) / EDGE)
        matte = ends * scipy.special.ndtr((height / 2 - np.abs(rows - bend)) / EDGE)
        backdrop = back(np.array([down, right]))
        result: np.ndarray = backdrop + matte * (layer - backdrop)
        return result

    return frame


def modal(frames: int) -> np.ndarray:
    """Displacement (T, 3) of the free end in the three modes."""
    t = np.arange(frames)[:, None] / FS
    return AMPLITUDES * np.sin(2 * np.pi * FREQUENCIES * t + PHASES)


def shake(frames: int, seed: int) -> np.ndarray:
    """A random walk (T, 2) of the camera with a standard deviation of 1 px."""
    walk = np.cumsum(np.random.default_rng([seed, 17]).normal(size=(frames, 2)), axis=0)
    walk -= walk.mean(axis=0)
    scaled: np.ndarray = walk / walk.std(axis=0)
    return scaled


def clip(height: int, effort: Effort, seed: int, shaken: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Frames of the beam, and its picture at rest."""
    frames = 2 * effort.frames if effort.is_quick else 4 * effort.frames
    camera = shake(frames, seed) if shaken else np.zeros((frames, 2))
    one = scene(height, seed)
    return Camera().record(rendered(one, np.concatenate([modal(frames), camera], axis=1)), seed), one(np.zeros(5))


def shapes() -> np.ndarray:
    """Mean shape (3, R) of the modes in the regions."""
    columns = cantilever(beam_positions(SHAPE[1]))
    return np.stack([columns[:, col : col + 21].mean(axis=1) for _, col, _, _ in BOXES], axis=1)


def fitted(values: np.ndarray) -> np.ndarray:
    """Complex amplitudes (3, R) of signals (T, R) at the frequencies of the modes, by least squares."""
    t = np.arange(len(values)) / FS
    phase = 2 * np.pi * FREQUENCIES * t[:, None]
    basis = np.concatenate([np.cos(phase), np.sin(phase), np.ones((len(t), 1))], axis=1)
    solution = np.linalg.lstsq(basis, values, rcond=None)[0]
    amplitudes: np.ndarray = solution[:3] - 1j * solution[3:6]
    return amplitudes


def figures(values: np.ndarray, bound: np.ndarray | None) -> list[Cell]:
    """Error, error over bound, modal assurance criteria, and deviations of the gain in percent, of known regions."""
    exact = shapes()
    is_known = np.isfinite(values).all(axis=0)
    truth = modal(len(values)) @ exact
    error = np.sqrt(np.square(values - truth + truth.mean(axis=0)).mean(axis=0))[is_known]
    amplitudes = fitted(values[:, is_known])
    criteria = np.diag(vmm.measure.mac(amplitudes, exact[:, is_known]))
    true = AMPLITUDES[:, None] * exact[:, is_known]
    aligned = amplitudes * 1j * np.exp(-1j * PHASES[:, None])
    gains = 100 * ((aligned.real * true).sum(axis=1) / np.square(true).sum(axis=1) - 1)
    ratio = rms(error / bound[is_known]) if bound is not None else float("nan")
    return [100 * is_known.mean(), 1e3 * rms(error), ratio, *criteria, *gains]


def in_regions(height: int, effort: Effort) -> Lines:
    """One line for each estimator."""
    frames, rest = clip(height, effort, 0)
    bound = vmm.measure.displacement_crlb(rest, BOXES, noise=1.0)[:, 0]
    lines = []
    for name, estimator in estimators().items():
        lines.append([name, *attempted(partial(of_beam, estimator, frames, bound))])
        lines[-1] += verdict(lines[-1], losses(bound, len(frames), MAX_LOSS))
    return lines


def losses(bound: np.ndarray, frames: int, limit: float) -> np.ndarray:
    """Distances (3,) of the criteria from 1 that are on target."""
    power = np.square(AMPLITUDES) * np.square(shapes()).sum(axis=1)
    return np.maximum(limit * (len(BOXES) - 1) * 4 * np.square(bound).mean() / frames / power, MIN_LOSS)


def of_beam(estimator: Estimator, frames: np.ndarray, bound: np.ndarray) -> list[Cell]:
    """Figures of the motion of the beam."""
    return figures(estimator(frames, BOXES).values[..., 0], bound)


def attempted(measure: Callable[[], list[Cell]]) -> list[Cell]:
    """The cells, or the reason why they could not be measured."""
    try:
        return measure()
    except Exception as error:  # one estimator that fails must not end the row of the others
        return [reason(error)]


def verdict(line: Sequence[Cell], allowed: np.ndarray) -> list[Cell]:
    """Whether the criteria and the gain of the first mode are on target, for estimators of the library."""
    if line[0] == "LK" or len(line) < 7:
        return []
    criteria, gain = np.array(line[4:7], dtype=float), abs(float(line[7]))
    return [yes(bool((1 - criteria <= allowed).all()) and gain <= MAX_GAIN)]


def shaken(effort: Effort) -> Lines:
    """Lines with the shake, and without it by the motion of a still region."""
    frames, rest = clip(24, effort, 0, shaken=True)
    bound = vmm.measure.displacement_crlb(rest, BOXES, noise=1.0)[:, 0]
    lines = []
    for name, estimator in estimators(with_linear=False).items():
        for label, correct in (("as measured", False), ("less a still region", True)):
            lines.append([f"{name}, {label}", *attempted(partial(relative, estimator, frames, correct))])
    lines.append(["phase, `still=`", *attempted(partial(by_still, frames))])
    lines[-1] += verdict(lines[-1], losses(bound, len(frames), SHAKE_LOSS))
    return [[*line[:3], *line[4:]] for line in lines]


def relative(estimator: Estimator, frames: np.ndarray, correct: bool) -> list[Cell]:
    """Figures of the motion of the beam, less that of the background if `correct`."""
    reading: Reading = estimator(frames, [*BOXES, STILL])
    values = reading.values[:, :-1, 0] - reading.values[:, -1:, 0] * correct
    return figures(values, None)


def by_still(frames: np.ndarray) -> list[Cell]:
    """Figures of the library with a region that is at rest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signal = vmm.measure.displacement(frames, BOXES, fs=FS, still=STILL)
    return figures(signal.values[..., 0], None)


def every_pixel(height: int, effort: Effort) -> Lines:
    """One line for each zone of distances from the lower edge of the beam."""
    frames, _ = clip(height, effort, 0)
    modes = vmm.measure.modes(frames, FREQUENCIES, fs=FS, sigma=5.0)
    outside = np.abs(np.arange(SHAPE[0]) - (SHAPE[0] - 1) / 2) - height / 2
    columns = slice(20, 300)
    exact = AMPLITUDES[:, None] * cantilever(beam_positions(SHAPE[1])) * -1j * np.exp(1j * PHASES[:, None])
    lines = []
    for name, (low, high) in ZONES.items():
        inside = (outside >= low) & (outside < high)
        if not inside.any():
            continue
        truth = exact[:, None, columns] * (low < 0)
        is_known = modes.is_known[..., 0][inside, columns]
        error = np.abs(modes.shapes[..., 0][:, inside, columns] - truth)[:, is_known]
        stated = modes.stderr[..., 0][:, inside, columns][:, is_known]
        spread = [rms(one / stderr) / np.sqrt(2) for one, stderr in zip(error, stated, strict=True)]
        largest = 1e3 * float(np.percentile(error[0], 99)) if is_known.any() else 0.0
        is_right = max(spread, default=0) <= 3 if low < 0 else largest <= STILL_LIMIT
        cells: list[Cell] = [name, 100 * is_known.mean(), *(1e3 * rms(e) for e in error), largest, *spread]
        lines.append([*cells, yes(bool(is_right or not is_known.any()))])
    return lines


def costs(effort: Effort) -> Lines:
    """One line for each estimator: time of the processor per frame, and relative to Lucas-Kanade."""
    frames, _ = clip(48, effort, 0)
    times: dict[str, float] = {}
    for name, estimator in reversed(estimators().items()):
        estimator(frames[:32], BOXES)  # compiles the kernels
        start = time.process_time()
        estimator(frames, BOXES)
        times[name] = 1e3 * (time.process_time() - start) / len(frames)
    return [[name, value, value / times.get("LK", float("nan"))] for name, value in times.items()]


def region_rows(effort: Effort) -> Iterator[Row]:
    """A row for each height of the beam."""
    for height in HEIGHTS:
        yield Row(f"beam of {height} px", partial(in_regions, height, effort), height == 48)


def pixel_rows(effort: Effort) -> Iterator[Row]:
    """A row for each height of the beam."""
    for height in HEIGHTS:
        yield Row(f"beam of {height} px", partial(every_pixel, height, effort), height == 48)


def shake_rows(effort: Effort) -> Iterator[Row]:
    """The row of the camera that shakes."""
    yield Row("beam of 24 px", partial(shaken, effort))


def cost_rows(effort: Effort) -> Iterator[Row]:
    """The row of the time."""
    yield Row("beam of 48 px, 15 regions", partial(costs, effort))


def cost_columns() -> dict[str, int]:
    """Columns of the time."""
    return {"scene": 0, "method": 0, "ms per frame": 2, "relative to LK": 2}


def three(name: str, digits: int) -> dict[str, int]:
    """Columns of the three modes."""
    return {f"{name}, mode {n}": digits for n in (1, 2, 3)}


def region_columns() -> dict[str, int]:
    """Columns of regions."""
    names = {"scene": 0, "method": 0, "known, %": 0, "error": 2, "error/bound": 2}
    return names | three("MAC", 5) | three("gain, %", 1) | {ON_TARGET: 0}


def shake_columns() -> dict[str, int]:
    """Columns of a camera that shakes."""
    return {name: n for name, n in region_columns().items() if name != "error/bound"}


def pixel_columns() -> dict[str, int]:
    """Columns of pixels."""
    names = {"scene": 0, "pixels": 0, "known, %": 0} | three("error", 2)
    return names | {"mode 1: 99 % below": 1} | three("scatter/stated", 2) | {ON_TARGET: 0}


TABLES = {
    "modes": Table(
        "Modes of a cantilever, in regions",
        "A textured beam of 48 or 24 px in a frame of 96x320 px, before a textured background, vibrates in its first "
        "three modes by 0.2, 0.02 and 0.005 px at 5, 31 and 87 Hz: 960 frames at 240 Hz, noise of 1 gray level, 15 "
        "regions of 21 px. *Error* is in thousandths of a pixel, *MAC* the modal assurance criterion of each shape "
        f"with the exact one. On target: 1 - MAC at most {MAX_LOSS:g} times its mean for noise at the Cramer-Rao "
        f"bound, and the gain of the first mode within {MAX_GAIN:g} %.",
        region_columns,
        region_rows,
    ),
    "modes-pixels": Table(
        "Modes of a cantilever, in every pixel",
        "The same clips by `modes` with a window of 5 px: root mean square error of the complex amplitude in "
        "thousandths of a pixel, by the distance from the edge of the beam. On target: on the beam at most 3 times "
        f"the stated error; of the background at rest 99 % below {STILL_LIMIT:g}.",
        pixel_columns,
        pixel_rows,
    ),
    "shake": Table(
        "Camera shake",
        "The cantilever of 24 px, recorded by a camera that performs a random walk with a standard deviation of 1 px "
        "in each direction. The motion of a still region of the background is subtracted by hand, or by the argument "
        f"`still` of `displacement`. On target, with `still`: 1 - MAC at most {SHAKE_LOSS:g} times its mean for noise "
        "at the bound.",
        shake_columns,
        shake_rows,
    ),
    "cost": Table(
        "Time of displacement",
        "Time of the processor, over all its threads, for 15 regions of 21 px in frames of 96x320 px. It depends on "
        "the machine; the ratio depends on it less.",
        cost_columns,
        cost_rows,
    ),
}
