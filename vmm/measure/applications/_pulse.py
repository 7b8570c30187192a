"""Pulse rate from the color of skin, and breathing rate from motion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import is_array, to_host
from vmm.backend.progress import Progress
from vmm.engine.frames import FramesLike, checked, cut
from vmm.engine.regions import Region, Roi
from vmm.engine.times import frame_times, mean_rate
from vmm.measure.applications._rates import MIN_PERIODS, Rate, estimate_rate, resolvable_band
from vmm.measure.estimation._clip import as_clip
from vmm.measure.estimation._regions import as_regions
from vmm.measure.signals._chance import strongest_line
from vmm.measure.signals._resampling import evenly_sampled
from vmm.measure.signals._sampling import as_positions
from vmm.measure.signals._signal import Signals, SignalsLike, as_signals, bandpass, camera_rate, check_band

PULSE_BAND = (0.7, 4.0)
"""Default band of the pulse in Hz: 42 to 240 beats per minute."""

BREATHING_BAND = (0.1, 0.6)
"""Default band of breathing in Hz: 6 to 36 breaths per minute."""

_WINDOW = 1.6
"""Length in seconds of the intervals in which colors are projected, as in [1] of ``pulse``: about two heartbeats."""


@checks_arguments
def pulse(
    frames: FramesLike,
    *,
    fs: float | None = None,
    roi: Roi | None = None,
    method: Literal["pos", "chrom", "green"] = "pos",
    band: tuple[float, float] | None = None,
    min_snr: float | None = None,
    progress: Progress = False,
) -> Rate:
    """Pulse rate from the mean color of a region of skin (remote photoplethysmography).

    Parameters
    ----------
    frames
        Color frames (T, H, W, 3), or an iterator of such chunks; or the mean color (T, 3) itself.
    fs
        Rate of the camera in Hz. The default is the rate of the clip, else 1.
    roi
        Box (top, left, height, width) in pixels or mask (H, W) of bool on skin, such as forehead and cheeks. The
        default is the whole frame without a margin; faces are not detected.
    method
        ``"pos"``: projection on the plane orthogonal to skin [1]_. ``"chrom"``: chrominance [2]_. ``"green"``: the
        green channel alone. The default is ``"pos"``.
    band
        Band (low, high) in Hz of the pulse. The default is 0.7 to 4 Hz, from 3 periods in the clip on.
    min_snr
        Signal-to-noise ratio in dB below which the rate is refused as well. The default is no such limit.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    Rate
        Mean rate in beats per minute with its standard error, and the rate over time. If noise alone would show as
        clear a rhythm with a probability above 0.01, or a few movements cause it, `is_known` is False and `reason` says
        so.

    Raises
    ------
    ValueError
        If the frames have no color or hold fewer than 3 periods of the band, or an option is out of range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or its dtype is not supported.

    References
    ----------
    .. [1] Wang, den Brinker, Stuijk, de Haan: Algorithmic principles of remote PPG. IEEE TBME 64(7), 2017.
    .. [2] De Haan, Jeanne: Robust pulse rate from chrominance-based rPPG. IEEE TBME 60(10), 2013.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.sin(2 * np.pi * 1.13 * np.arange(300) / 30)
    >>> color = np.array([150, 110, 90]) + np.outer(wave, [0.1, 0.4, 0.2])
    >>> rate = vmm.measure.pulse(color, fs=30)
    >>> rate.is_known, round(rate.rate, 1)
    (True, 67.8)
    """
    rate = camera_rate(frames, fs)
    if method not in _METHODS:
        raise ValueError(f"method={method!r} must be one of {', '.join(_METHODS)}")
    color = to_host(frames) if is_array(frames) and getattr(frames, "ndim", 0) == 2 else mean_color(frames, roi)
    if color.ndim != 2 or color.shape[1] != 3:
        raise ValueError(f"frames of shape {color.shape} must be a clip in color (T, H, W, 3) or its mean color (T, 3)")
    color = color.astype(np.float64)
    if (times := frame_times(frames, fs)) is not None:
        times = times[: len(color)]
        even = evenly_sampled(Signals(color, mean_rate(times), positions=as_positions(times)))
        color, rate = even.values, even.fs
    wave = _METHODS[method](color, rate)
    searched = resolvable_band(PULSE_BAND, len(wave), rate) if band is None else band
    check_band(searched, len(wave), rate, MIN_PERIODS)
    low, high = searched[0] / rate, searched[1] / rate
    gain = None if method == "green" else _interval_gain(rate)
    line = strongest_line(wave[:, None], (low, high), gain)
    return estimate_rate(wave, line, rate, searched, min_snr, name="pulse")


@checks_arguments
def breathing(
    values: SignalsLike,
    *,
    fs: float | None = None,
    band: tuple[float, float] | None = None,
    min_snr: float | None = None,
) -> Rate:
    """Breathing rate from the displacement of chest, belly or back.

    Parameters
    ----------
    values
        Displacement (T, ...), or the result of ``displacement``. The first principal component of all regions is used,
        weighted by inverse variances if these are known.
    fs
        Rate in Hz. The default is the rate of the result, else 1.
    band
        Band (low, high) in Hz of breathing. The default is 0.1 to 0.6 Hz, from 3 periods in the clip on.
    min_snr
        Signal-to-noise ratio in dB below which the rate is refused as well. The default is no such limit.

    Returns
    -------
    Rate
        Mean rate in breaths per minute with its standard error, and the rate over time. If noise alone would show as
        clear a rhythm with a probability above 0.01, or a few movements cause it, `is_known` is False and `reason` says
        so.

    Raises
    ------
    ValueError
        If the signals hold fewer than 3 periods of the band, or an option is out of range.
    TypeError
        If the signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = 0.3 * np.sin(2 * np.pi * 0.25 * np.arange(900) / 30)
    >>> round(vmm.measure.breathing(wave, fs=30).rate, 2)
    15.0
    """
    data = evenly_sampled(as_signals(values, fs))
    band = resolvable_band(BREATHING_BAND, len(data.values), data.fs) if band is None else band
    weights = data.weights
    used = data.usable & (weights > 0)
    flat = (data.flat - data.flat.mean(axis=0))[:, used]
    scale = np.sqrt(weights[used])
    check_band(band, len(flat), data.fs, MIN_PERIODS)
    line = strongest_line(flat * scale, (band[0] / data.fs, band[1] / data.fs))
    margin = 1 / len(flat)
    around = (line.low - margin) * data.fs, (line.high + margin) * data.fs
    component = np.linalg.svd(bandpass(flat, data.fs, around) * scale, full_matrices=False)[2][0]
    wave = (flat * scale) @ component / float(np.abs(scale * component).sum())
    return estimate_rate(wave, line, data.fs, band, min_snr, unit=data.unit, name="breathing")


def mean_color(frames: FramesLike, roi: Roi | None = None) -> np.ndarray:
    """Mean color (T, 3) of a region of color frames."""
    clip = as_clip(frames)
    if clip.sample.ndim != 4:
        height, width = clip.size
        raise ValueError(f"a pulse needs color frames (T, H, W, 3), not gray frames (T, {height}, {width})")
    (region,) = as_regions(None if roi is None else [roi], clip.size, "roi")
    chunks = checked(clip.second_pass())
    means = [_region_mean(piece, region) for chunk in chunks for piece in cut(chunk)]
    if not means:
        raise ValueError("a clip of 0 frames has no pulse: pass at least 3 periods of the band")
    return np.concatenate(means)


def _region_mean(chunk: Any, region: Region) -> np.ndarray:
    """Mean color (n, 3) of a region."""
    inside = to_host(chunk[(slice(None), *region.slices)])
    if region.mask is not None:
        inside = inside[:, region.mask][:, None]
    means: np.ndarray = inside.mean(axis=(1, 2), dtype=np.float64)
    return means


def _pos(normalized: np.ndarray) -> np.ndarray:
    """Projection on the plane orthogonal to skin of colors (n, 3) over their means: (6) in [1] of ``pulse``."""
    first = normalized[:, 1] - normalized[:, 2]
    second = normalized[:, 1] + normalized[:, 2] - 2 * normalized[:, 0]
    return first + first.std() / max(float(second.std()), 1e-300) * second


def _chrom(normalized: np.ndarray) -> np.ndarray:
    """Chrominance of colors (n, 3) over their means: (9) to (12) in [2] of ``pulse``."""
    first = 3 * normalized[:, 0] - 2 * normalized[:, 1]
    second = 1.5 * normalized[:, 0] + normalized[:, 1] - 1.5 * normalized[:, 2]
    return first - first.std() / max(float(second.std()), 1e-300) * second


def _interval(fs: float) -> int:
    """Samples of the intervals in which colors are projected."""
    return max(int(np.ceil(_WINDOW * fs)), 3)


def _interval_gain(fs: float) -> Callable[[np.ndarray], np.ndarray]:
    """Gain of projections without the means of their intervals, by the frequency in cycles per sample."""
    length = _interval(fs)

    def gain(frequencies: np.ndarray) -> np.ndarray:
        mean = np.sin(np.pi * frequencies * length) / (length * np.sin(np.pi * frequencies))
        return 1 - np.square(mean)

    return gain


def _overlap_add(project: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray, float], np.ndarray]:
    """A method that projects each interval of 1.6 s, and adds up the projections without their means."""

    def waveform(color: np.ndarray, fs: float) -> np.ndarray:
        length = min(_interval(fs), len(color))
        out, counts = np.zeros(len(color)), np.zeros(len(color))
        for i in range(len(color) - length + 1):
            part = color[i : i + length]
            wave = project(part / np.maximum(part.mean(axis=0), 1e-9))
            out[i : i + length] += wave - wave.mean()
            counts[i : i + length] += 1
        return out / np.maximum(counts, 1)

    return waveform


def _green(color: np.ndarray, fs: float) -> np.ndarray:
    """The green channel over its mean, inverted because blood absorbs green light."""
    return 1 - color[:, 1] / max(float(color[:, 1].mean()), 1e-9)


_METHODS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "pos": _overlap_add(_pos),
    "chrom": _overlap_add(_chrom),
    "green": _green,
}
