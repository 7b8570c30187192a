"""Signals from a rolling shutter, in which every row is a sample at its own time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.fft
import scipy.stats

from vmm.backend.arrays import to_host
from vmm.backend.luma import luma
from vmm.engine.frames import FramesLike, checked, cut
from vmm.engine.regions import Roi, as_region
from vmm.measure.applications._band_fit import spectrum_fit
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
    simulations
        Number of simulated signals that determine the signal-to-noise ratio.
    noise_tolerance
        Factor by which noise in the band may exceed the noise outside it, because noise depends on frequency.
    taper
        Length in pixels of the taper at the ends of a row.
    max_samples
        Largest number of samples of the signal from one frame to the next: time and memory grow with it. Sensors need
        at least 2 microseconds for a row, so that 10000 rows last 20 ms.
    max_samples_per_row
        Largest such number for each row of the frames, if this allows more.
    max_harmonic
        Highest frequency of the band relative to the camera rate, or the number of rows, if it is greater: the rows of
        a frame cannot show more frequencies, and time grows with them.
    """

    centers: tuple[float, ...] = (0.08, 0.16)
    log_width: float = 0.55
    min_information: float = 0.02
    damping: float = 1e-2
    simulations: int = 4
    noise_tolerance: float = 2.0
    taper: int = 8
    max_samples: int = 10_000
    max_samples_per_row: int = 100
    max_harmonic: int = 250


ROW_OPTIONS = RowOptions()


@dataclass(frozen=True)
class RowSignal:
    """Horizontal displacement at the times of the rows of a rolling shutter.

    Attributes
    ----------
    values
        (S,) signal in pixels.
    fs
        Rate of the signal in Hz.
    snr
        Ratio of the power of the signal to that of its error by noise, gaps and lost frequencies.
    p_value
        Probability that noise alone yields a signal as strong.
    """

    values: np.ndarray
    fs: float
    snr: float
    p_value: float


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
) -> RowSignal:
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
    RowSignal
        The signal with its signal-to-noise ratio.

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
    >>> rows = rolling_shutter_signal(clip, 1 / 1800, fs=60, band=(80, 120))
    >>> rows.values.shape, round(rows.fs), bool(np.abs(rows.values - wave)[90:-90].max() < 0.01)
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
    _check_length(row_time, count, height, float(starts[-1] + rows_per_frame))
    places = np.rint(starts[:, None]).astype(int) + np.arange(height)
    size = round(starts[-1] + rows_per_frame)
    rate = 1 / row_time
    check_band(band, size, rate, 1.0)
    highest = max(ROW_OPTIONS.max_harmonic, height) * count * rate / size
    if band[1] > highest:
        raise ValueError(
            f"band={band} Hz is too wide for {height} rows of each frame, which show up to {highest:g} Hz: end it there"
        )
    is_used = information > ROW_OPTIONS.min_information * information.mean()
    row_weights = np.maximum(information / information.mean(), 0) * is_used
    weights = np.zeros(max(size, int(places.max()) + 1))
    weights[places] = np.broadcast_to(row_weights, values.shape)
    rows = _Rows(places, weights[:size], band, rate)
    return _row_signal(rows, rows.samples(values))


def _check_length(row_time: float, count: int, height: int, size: float) -> None:
    """Raise if the signal of `count` frames of `height` rows would have samples that are nearly all unknown."""
    limit = max(ROW_OPTIONS.max_samples, ROW_OPTIONS.max_samples_per_row * height)
    if size > limit * count:
        raise ValueError(
            f"row_time={row_time:g} s makes {size:g} samples of {count} frames of {height} rows, and {limit * count} "
            f"are possible: it must be at least {row_time * size / (limit * count):.2g} s, else the frames show too "
            "little of the time between them"
        )


@dataclass(frozen=True)
class _Rows:
    """The rows of a clip as samples of a signal: their places (T, H), weights (S,), and the band and rate."""

    places: np.ndarray
    weights: np.ndarray
    band: tuple[float, float]
    rate: float

    @cached_property
    def in_band(self) -> np.ndarray:
        """Which frequencies (S // 2 + 1,) lie in the band."""
        frequencies = np.fft.rfftfreq(len(self.weights), 1 / self.rate)
        return (frequencies >= self.band[0]) & (frequencies <= self.band[1])

    def samples(self, values: np.ndarray) -> np.ndarray:
        """The samples (S,) of values (T, H) of the rows, which are relative to the mean frame; 0 between frames."""
        samples = np.zeros(len(self.weights))
        is_inside = self.places < len(samples)
        samples[self.places[is_inside]] = (values - values.mean(axis=0))[is_inside]
        return samples

    @cached_property
    def fit(self) -> Callable[[np.ndarray], np.ndarray]:
        """A function that returns the signal (S,) in the band that fits samples (S,) best."""
        return spectrum_fit(self.weights, self.in_band, ROW_OPTIONS.damping)

    def noise(self, rng: np.random.Generator) -> np.ndarray:
        """Samples of noise of variance 1 at a weight of 1."""
        noise = rng.normal(size=len(self.weights)) * (self.weights > 0)
        return np.asarray(noise / np.sqrt(np.maximum(self.weights, 1e-3)))

    def observed(self, signal: np.ndarray) -> np.ndarray:
        """The samples that the rows take of a signal (S,) without noise."""
        return self.samples(signal[np.minimum(self.places, len(signal) - 1)])


def _row_signal(rows: _Rows, samples: np.ndarray) -> RowSignal:
    """The fitted signal, with its signal-to-noise ratio by simulation and the probability of one as strong in noise.

    The simulated signals have the spectrum of the fitted one, at frequencies that the camera loses that of their
    surroundings, and random phases. They are sampled and fitted in the same way, so that their error includes noise,
    the gaps between the frames and the lost frequencies.
    """
    signal, rng, weights = rows.fit(samples), np.random.default_rng(0), rows.weights
    power = float(np.mean(signal**2))
    noises = [rows.noise(rng) for _ in range(ROW_OPTIONS.simulations)]
    noise_fits = [rows.fit(noise) for noise in noises]
    remaining = np.mean([np.sum(weights * (noise - fit) ** 2) for noise, fit in zip(noises, noise_fits, strict=True)])
    variance = np.sum(weights * (samples - signal) ** 2) / max(float(remaining), 1e-300)
    noise_power = variance * float(np.mean([np.mean(fit**2) for fit in noise_fits]))
    observed = int(np.sum(weights > 0))
    freedom = max(1.0, 2 * rows.in_band.sum() * observed / len(weights))
    ratio = power / max(noise_power, 1e-300)
    tolerated = ratio / ROW_OPTIONS.noise_tolerance
    p_value = float(scipy.stats.f.sf(tolerated, freedom, max(1.0, observed - freedom)))
    magnitudes = np.sqrt(_surroundings(np.abs(np.fft.rfft(signal)) ** 2, len(rows.places))) * rows.in_band
    snrs = []
    for fit in noise_fits:
        phases = np.exp(2j * np.pi * rng.random(len(magnitudes)))
        true = np.fft.irfft(magnitudes * phases, len(signal))
        again = rows.fit(rows.observed(true))
        scale = np.sqrt(max(power - noise_power, 0) / max(float(np.mean(again**2)), 1e-300))
        snrs.append(_snr(scale * again + np.sqrt(variance) * fit, true))
    snr = float(np.exp(np.mean(np.log(snrs)))) if ratio > 1 else 0.0
    return RowSignal(signal, rows.rate, snr, p_value)


def _surroundings(power: np.ndarray, count: int) -> np.ndarray:
    """A power spectrum (F,) in which every multiple of the frame rate has the mean power of the bins around it.

    Multiples of the frame rate look the same in all of the `count` frames. Their distance is `count` bins.
    """
    filled, offsets = power.copy(), np.array([-4, -3, -2, 2, 3, 4])
    for bin_ in range(0, len(power), max(count, 1)):
        around = bin_ + offsets
        inside = around[(around >= 0) & (around < len(power))]
        filled[max(bin_ - 1, 0) : bin_ + 2] = power[inside].mean()
    return filled


def _snr(values: np.ndarray, true: np.ndarray) -> float:
    """Signal-to-noise ratio of an estimate of a signal, independent of its scale."""
    part = np.vdot(values, true) / max(float(np.vdot(true, true)), 1e-300) * true
    return float(np.sum(part**2) / max(float(np.sum((values - part) ** 2)), 1e-300))


def _row_filters(width: int) -> np.ndarray:
    """One-sided log-Gabor filters (B, n) in the Fourier domain, for zero-padded rows."""
    size = scipy.fft.next_fast_len(2 * width)
    frequencies = np.maximum(np.fft.fftfreq(size), 1e-9)
    gains = [
        np.exp(-0.5 * (np.log(frequencies / center) / ROW_OPTIONS.log_width) ** 2) for center in ROW_OPTIONS.centers
    ]
    filters: np.ndarray = np.stack(gains) * (np.fft.fftfreq(size) > 0)
    return filters


def _filter_rows(frames: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Coefficients (B, ..., n) of rows (..., W), which are tapered at their ends."""
    width, size = frames.shape[-1], filters.shape[1]
    taper = np.minimum(1, (np.arange(width) + 0.5) / ROW_OPTIONS.taper)
    taper = taper * taper[::-1]
    centered = (frames - frames.mean(axis=-1, keepdims=True)) * taper
    spectrum = scipy.fft.fft(centered, size, axis=-1)
    shape = (len(filters),) + (1,) * (frames.ndim - 1) + (size,)
    return scipy.fft.ifft(spectrum * filters.reshape(shape), axis=-1)
