"""Sound from a rolling shutter, whose every row is a sample of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
import scipy.sparse.linalg

from vmm.backend.arrays import to_host
from vmm.engine.frames import checked, cut, to_float
from vmm.measure.clips import twice
from vmm.measure.rois import regions
from vmm.measure.signals import check_band
from vmm.spatial import Pixels, luma

_CENTRES = (0.08, 0.16)  # cycles per pixel of the bands along a row
_WIDTH = 0.55  # standard deviation of their logarithm
_LEAST = 0.02  # of the mean information of a row, below which it tells nothing
_DAMPED = 1e-2  # of that: what is told of frequencies that the gaps hide
_ROUNDS = 60


def row_motion(frames: Any, *, roi: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Displacement of each row of each frame to the right, by the phase along the row.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks, read as by ``sound``.
    roi
        Box (top, left, height, width); the whole frame by default.

    Returns
    -------
    values : ndarray
        Displacement (T, H) in pixels against the mean frame.
    weights : ndarray
        Information (H,) that a row holds, as the inverse of the square of its error up to a common factor.

    Raises
    ------
    ValueError
        Where frames are of a wrong shape or not finite.
    TypeError
        Where frames are no array, or of a type that cannot be read.

    References
    ----------
    .. [1] Davis, Rubinstein, Wadhwa, Mysore, Durand, Freeman: The visual microphone: passive recovery of sound from
       video. SIGGRAPH 2014, section 6.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import voices
    >>> from vmm.measure.shutter import row_motion
    >>> wave = 0.05 * np.sin(2 * np.pi * np.arange(1800) / 90)
    >>> values, _ = row_motion(voices.rolling_shutter((24, 96), wave, 30))
    >>> bool(np.abs(values[:, :24] - wave.reshape(60, 30)[:, :24]).max() < 0.02)
    True
    """
    clip = twice(frames)
    top, left, height, width = (
        (0, 0, *clip.shape[:2]) if roi is None else regions([roi], (clip.shape[0], clip.shape[1]))[0].box
    )
    light = luma(Pixels)((height, width, *clip.shape[2:]), np.dtype(np.float64), np)
    bands = _bands(width)

    def brightness(chunks: Any) -> Any:
        for chunk in checked(chunks):
            for piece in cut(to_host(chunk[:, top : top + height, left : left + width])):
                yield np.asarray(light.analyze(to_float(piece))[0][0], dtype=np.float64)

    total, count = np.zeros((height, width)), 0
    for chunk in brightness(clip.first()):
        total, count = total + chunk.sum(axis=0), count + len(chunk)
    reference = _filtered(total / count, bands)  # (B, H, W)
    slopes = _filtered(total / count, bands * (2j * np.pi * np.fft.fftfreq(bands.shape[1])))
    turns = (slopes[..., :width] * reference[..., :width].conj()).imag  # amplitude squared times the phase's gradient
    weight = turns / np.maximum(np.abs(reference[..., :width]) ** 2, 1e-12)  # the gradient itself
    information = (turns * weight).sum(axis=(0, 2))
    moved = []
    for chunk in brightness(clip.then()):
        phases = np.angle(_filtered(chunk, bands)[..., :width] * reference[:, None, :, :width].conj())
        moved.append(-np.einsum("btyx,byx->ty", phases, turns) / np.maximum(information, 1e-12))
    return np.concatenate(moved), information


def rolled(
    frames: Any, row_time: float, *, fs: float, band: tuple[float, float], roi: Any = None
) -> tuple[np.ndarray, float, float]:
    """Displacement to the right on the even grid of times of the rows, the gaps between frames filled.

    Parameters
    ----------
    frames, roi
        As in ``row_motion``.
    row_time
        Seconds from one row to the next.
    fs
        Rate of the frames in Hz.
    band
        (low, high) in Hz that the signal holds: of all such signals, that which agrees best with the rows, each by its
        information. Where the gap is much longer than 1 / (high - low), nothing can be told of what happened in it.

    Returns
    -------
    values : ndarray
        (S,) in pixels.
    rate : float
        ``1 / row_time`` in Hz.
    noise : float
        Root of the mean square in pixels of what the rows' noise leaves in it.

    Raises
    ------
    ValueError
        Where the rows do not fit into a frame's time, or the band is out of range.
    TypeError
        As in ``row_motion``.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import voices
    >>> from vmm.measure.shutter import rolled
    >>> wave = 0.05 * np.sin(2 * np.pi * 100 * np.arange(1800) / 1800)
    >>> values, rate, _ = rolled(voices.rolling_shutter((24, 96), wave, 30), 1 / 1800, fs=60, band=(80, 120))
    >>> values.shape, round(rate), bool(np.abs(values - wave)[90:-90].max() < 0.01)
    ((1800,), 1800, True)
    """
    period = 1 / (fs * row_time) if fs > 0 and row_time > 0 else 0.0
    values, weights = row_motion(frames, roi=roi)
    count, height = values.shape
    if not period >= height - 0.5:
        raise ValueError(
            f"row_time={row_time} s must be positive, and {height} rows fit into the time of a frame, {1 / fs:g} s: at "
            f"most {1 / fs / height:g} s"
        )
    places = np.rint(np.arange(count)[:, None] * period).astype(int) + np.arange(height)
    size = round(count * period)
    rate = 1 / row_time
    check_band(band, size, rate, 1.0)
    told = np.maximum(weights / weights.mean(), 0) * (weights > _LEAST * weights.mean())
    known, trust = np.zeros(max(size, int(places.max()) + 1)), np.zeros(max(size, int(places.max()) + 1))
    known[places], trust[places] = values - values.mean(axis=0), np.broadcast_to(told, values.shape)
    known, trust = known[:size], trust[:size]
    filled = _filled(known, trust, band, rate)
    return filled, rate, _noise(known - filled, trust, band, rate)


def _noise(rest: np.ndarray, trust: np.ndarray, band: tuple[float, float], rate: float) -> float:
    """Root of the mean square of what white noise, as strong as is left of values, becomes by being filled."""
    drawn = np.random.default_rng(0).normal(size=len(rest)) * (trust > 0) / np.sqrt(np.maximum(trust, 1e-3))
    filled = _filled(drawn, trust, band, rate)
    left = np.sum(trust * (drawn - filled) ** 2)
    return float(np.sqrt(np.sum(trust * rest**2) / left * np.mean(filled**2)))


def _filled(values: np.ndarray, trust: np.ndarray, band: tuple[float, float], rate: float) -> np.ndarray:
    """The signal (S,) in a band that fits values best by weighted least squares, slightly damped."""
    frequencies = np.fft.rfftfreq(len(values), 1 / rate)
    inside = (frequencies >= band[0]) & (frequencies <= band[1])

    def kept(x: np.ndarray) -> np.ndarray:
        return scipy.fft.irfft(scipy.fft.rfft(x) * inside, len(values))

    normal = scipy.sparse.linalg.LinearOperator(
        (len(values),) * 2, matvec=lambda x: kept(trust * kept(x)) + _DAMPED * trust.mean() * x, dtype=np.float64
    )
    filled, _ = scipy.sparse.linalg.cg(normal, kept(trust * values), rtol=1e-6, maxiter=_ROUNDS)
    return np.asarray(filled)


def _bands(width: int) -> np.ndarray:
    """One-sided filters (B, n) along rows that are continued by reflection."""
    size = scipy.fft.next_fast_len(2 * width)
    frequencies = np.maximum(np.fft.fftfreq(size), 1e-9)
    bands = [np.exp(-0.5 * (np.log(frequencies / centre) / _WIDTH) ** 2) for centre in _CENTRES]
    filters: np.ndarray = np.stack(bands) * (np.fft.fftfreq(size) > 0)
    return filters


def _filtered(frames: np.ndarray, bands: np.ndarray) -> np.ndarray:
    """Coefficients (B, ..., n) of rows (..., W), which are faded out at their ends."""
    width, size = frames.shape[-1], bands.shape[1]
    fade = np.minimum(1, (np.arange(width) + 0.5) / 8)
    fade = fade * fade[::-1]
    centred = (frames - frames.mean(axis=-1, keepdims=True)) * fade
    spectrum = scipy.fft.fft(centred, size, axis=-1)
    shape = (len(bands),) + (1,) * (frames.ndim - 1) + (size,)
    return scipy.fft.ifft(spectrum * bands.reshape(shape), axis=-1)
