"""Signals from a rolling shutter, in which every row is a sample at its own time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
import scipy.sparse.linalg

from vmm.backend.arrays import to_host
from vmm.backend.luma import luma
from vmm.engine.frames import FramesLike, checked, cut
from vmm.engine.regions import Roi, as_region
from vmm.measure.estimation._clip import as_clip
from vmm.measure.signals._signal import check_band


@dataclass(frozen=True)
class RowOptions:
    """How the motion of rows is measured and interpolated.

    Attributes
    ----------
    centers
        Center frequencies of the log-Gabor filters along a row in cycles per pixel: spaced by one octave, where texture
        has most energy.
    log_width
        Standard deviation of the logarithm of frequency in a filter: about one octave.
    min_information
        Smallest information of a row relative to the mean; other rows are left out.
    damping
        Damping of the least squares relative to the mean weight. It suppresses frequencies that the gaps between frames
        hide.
    max_iterations
        Largest number of iterations of the conjugate gradients.
    taper
        Length in pixels of the taper at the ends of a row.
    """

    centers: tuple[float, ...] = (0.08, 0.16)
    log_width: float = 0.55
    min_information: float = 0.02
    damping: float = 1e-2
    max_iterations: int = 60
    taper: int = 8


_OPTIONS = RowOptions()


def row_motion(frames: FramesLike, *, roi: Roi | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Horizontal displacement of each row of each frame, from the phase along the row.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks, read as by ``sound``.
    roi
        Box (top, left, height, width) in pixels. The default is the whole frame.

    Returns
    -------
    values : ndarray
        Displacement (T, H) to the right in pixels, against the mean frame.
    information : ndarray
        Information (H,) of each row: its inverse variance up to a common factor.

    Raises
    ------
    ValueError
        If the frames have the wrong shape or values that are not finite.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or its dtype is not supported.

    References
    ----------
    .. [1] Davis, Rubinstein, Wadhwa, Mysore, Durand, Freeman: The visual microphone: passive recovery of sound from
       video. SIGGRAPH 2014, section 6.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import voices
    >>> from vmm.measure.applications._rolling_shutter import row_motion
    >>> wave = 0.05 * np.sin(2 * np.pi * np.arange(1800) / 90)
    >>> values, _ = row_motion(voices.rolling_shutter((24, 96), wave, 30))
    >>> bool(np.abs(values[:, :24] - wave.reshape(60, 30)[:, :24]).max() < 0.02)
    True
    """
    clip = as_clip(frames)
    region = as_region(roi, clip.size, min_side=3)
    inside, (height, width) = (slice(None), *region.slices), region.box[2:]

    def luma_pieces(chunks: Any) -> Iterator[np.ndarray]:
        for chunk in checked(chunks):
            for piece in cut(to_host(chunk[inside])):
                yield luma(piece.astype(np.float64))

    total, count = np.zeros((height, width)), 0
    for piece in luma_pieces(clip.first_pass()):
        total, count = total + piece.sum(axis=0), count + len(piece)
    filters = _row_filters(width)
    reference = _filter_rows(total / count, filters)[..., :width]  # (B, H, W)
    derivative_filters = filters * (2j * np.pi * np.fft.fftfreq(filters.shape[1]))
    derivative = _filter_rows(total / count, derivative_filters)[..., :width]
    weighted_gradient = (derivative * reference.conj()).imag  # squared amplitude times phase gradient
    gradient = weighted_gradient / np.maximum(np.abs(reference) ** 2, 1e-12)
    information = (weighted_gradient * gradient).sum(axis=(0, 2))
    values = []
    for piece in luma_pieces(clip.second_pass()):
        phases = np.angle(_filter_rows(piece, filters)[..., :width] * reference[:, None].conj())
        values.append(-np.einsum("btyx,byx->ty", phases, weighted_gradient) / np.maximum(information, 1e-12))
    return np.concatenate(values), information


def rolling_shutter_signal(
    frames: Any,
    row_time: float,
    *,
    fs: float,
    band: tuple[float, float],
    roi: Any = None,
    times: np.ndarray | None = None,
) -> tuple[np.ndarray, float, float]:
    """Horizontal displacement at the uniform times of the rows, with the gaps between frames interpolated.

    Parameters
    ----------
    frames, roi
        As in ``row_motion``.
    row_time
        Time in seconds from one row to the next.
    fs
        Rate of the camera in Hz.
    band
        Band (low, high) in Hz of the signal. Of all signals in this band, the result fits the rows best, each weighted
        by its information. If the gap is much longer than 1 / (high - low), the signal in it is not determined.
    times
        Times (T,) in seconds of unevenly spaced frames. The default, None, is evenly spaced frames.

    Returns
    -------
    values : ndarray
        Signal (S,) in pixels.
    rate : float
        Rate of the signal in Hz: ``1 / row_time``.
    noise : float
        Root mean square in pixels of the noise in the signal.

    Raises
    ------
    ValueError
        If the rows do not fit into the time of a frame, or the band is out of range.
    TypeError
        As in ``row_motion``.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import voices
    >>> from vmm.measure.applications._rolling_shutter import rolling_shutter_signal
    >>> wave = 0.05 * np.sin(2 * np.pi * 100 * np.arange(1800) / 1800)
    >>> clip = voices.rolling_shutter((24, 96), wave, 30)
    >>> values, rate, _ = rolling_shutter_signal(clip, 1 / 1800, fs=60, band=(80, 120))
    >>> values.shape, round(rate), bool(np.abs(values - wave)[90:-90].max() < 0.01)
    ((1800,), 1800, True)
    """
    rows_per_frame = 1 / (fs * row_time) if fs > 0 and row_time > 0 else 0.0
    values, information = row_motion(frames, roi=roi)
    count, height = values.shape
    starts = np.arange(count) * rows_per_frame
    if times is not None and row_time > 0:
        starts = times[:count] / row_time
        rows_per_frame = float(np.diff(starts).min())
    if not rows_per_frame >= height - 0.5:
        raise ValueError(
            f"row_time={row_time} s must be positive, and {height} rows must fit into the time of a frame, "
            f"{rows_per_frame * row_time:g} s: it is at most {rows_per_frame * row_time / height:g} s"
        )
    places = np.rint(starts[:, None]).astype(int) + np.arange(height)
    size = round(starts[-1] + rows_per_frame)
    rate = 1 / row_time
    check_band(band, size, rate, 1.0)
    is_used = information > _OPTIONS.min_information * information.mean()
    row_weights = np.maximum(information / information.mean(), 0) * is_used
    samples, weights = np.zeros((2, max(size, int(places.max()) + 1)))
    samples[places], weights[places] = values - values.mean(axis=0), np.broadcast_to(row_weights, values.shape)
    samples, weights = samples[:size], weights[:size]
    signal = _fit_in_band(samples, weights, band, rate)
    return signal, rate, _noise_of_fit(samples - signal, weights, band, rate)


def _noise_of_fit(residual: np.ndarray, weights: np.ndarray, band: tuple[float, float], rate: float) -> float:
    """Root mean square of the noise in the fitted signal, by simulation with white noise of the residual's power."""
    noise = np.random.default_rng(0).normal(size=len(residual)) * (weights > 0) / np.sqrt(np.maximum(weights, 1e-3))
    fit = _fit_in_band(noise, weights, band, rate)
    remaining = np.sum(weights * (noise - fit) ** 2)
    return float(np.sqrt(np.sum(weights * residual**2) / remaining * np.mean(fit**2)))


def _fit_in_band(samples: np.ndarray, weights: np.ndarray, band: tuple[float, float], rate: float) -> np.ndarray:
    """The signal (S,) in a band that fits the samples best, by weighted and damped least squares."""
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    in_band = (frequencies >= band[0]) & (frequencies <= band[1])

    def project(x: np.ndarray) -> np.ndarray:
        return scipy.fft.irfft(scipy.fft.rfft(x) * in_band, len(samples))

    def normal(x: np.ndarray) -> np.ndarray:
        return project(weights * project(x)) + _OPTIONS.damping * weights.mean() * x

    operator = scipy.sparse.linalg.LinearOperator((len(samples),) * 2, matvec=normal, dtype=np.float64)
    signal, _ = scipy.sparse.linalg.cg(operator, project(weights * samples), rtol=1e-6, maxiter=_OPTIONS.max_iterations)
    return np.asarray(signal)


def _row_filters(width: int) -> np.ndarray:
    """One-sided log-Gabor filters (B, n) in the Fourier domain, for zero-padded rows."""
    size = scipy.fft.next_fast_len(2 * width)
    frequencies = np.maximum(np.fft.fftfreq(size), 1e-9)
    gains = [np.exp(-0.5 * (np.log(frequencies / center) / _OPTIONS.log_width) ** 2) for center in _OPTIONS.centers]
    filters: np.ndarray = np.stack(gains) * (np.fft.fftfreq(size) > 0)
    return filters


def _filter_rows(frames: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Coefficients (B, ..., n) of rows (..., W), which are tapered at their ends."""
    width, size = frames.shape[-1], filters.shape[1]
    taper = np.minimum(1, (np.arange(width) + 0.5) / _OPTIONS.taper)
    taper = taper * taper[::-1]
    centered = (frames - frames.mean(axis=-1, keepdims=True)) * taper
    spectrum = scipy.fft.fft(centered, size, axis=-1)
    shape = (len(filters),) + (1,) * (frames.ndim - 1) + (size,)
    return scipy.fft.ifft(spectrum * filters.reshape(shape), axis=-1)
