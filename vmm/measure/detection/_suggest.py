"""Suggestion of bands: the strongest vibrations and color changes in a clip."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.progress import Progress
from vmm.engine.frames import FramesLike
from vmm.engine.times import CLOCK_UNCERTAINTY, frame_times, mean_rate, stated_rate
from vmm.measure.detection._amplitude import vibration
from vmm.measure.detection._codec_lines import codec_lines, codec_rates
from vmm.measure.detection._even_tiles import evenly_sampled_tiles
from vmm.measure.detection._lines import Line, distinct_lines, with_harmonics
from vmm.measure.detection._places import Place, places
from vmm.measure.detection._suggestion import Suggestion
from vmm.measure.detection._tile_spectra import (
    TileSpectra,
    connected_region,
    refine_peak,
    strongest_tile,
    tile_phasors,
    tile_spectra,
)
from vmm.measure.detection._tiles import Tiles, tile_signals
from vmm.measure.estimation._camera_motion import Still
from vmm.measure.estimation._repeats import Cadence, new_frames, warn_of_cadence
from vmm.measure.estimation._steady_frames import steady_frames
from vmm.measure.signals._codec_rhythm import key_rates
from vmm.measure.signals._peaks import check_fs_uncertainty
from vmm.measure.signals._result import frequency_unit
from vmm.measure.signals._sampling import as_positions
from vmm.measure.signals._signal import camera_rate, key_rate, time_unit
from vmm.measure.signals._windows import MAIN_LOBE


@dataclass(frozen=True)
class DetectionOptions:
    """Thresholds of ``suggest``.

    Attributes
    ----------
    min_ratio
        Smallest ratio of power to noise of a peak (8 is 9 dB): weaker peaks are seldom visible after magnification.
    flicker_share
        Share of the change of luma that is common to all tiles, above which a peak is flicker of the illumination.
    min_lit_tiles
        Number of lit tiles below which flicker is not distinguished from a local change.
    min_tint_ratio
        Smallest ratio to noise of a change of tint. A change of luma with a smaller change of tint is a shadow.
    min_contrast
        Smallest change relative to the contrast of the clip: smaller ones are rounding errors.
    whole_frame_share
        Share of the frame's area above which a region is treated as the whole frame.
    strong_snr
        Signal-to-noise ratio in dB from which a peak may be broad.
    max_width
        Largest standard error of the frequency of weaker peaks, in bins.
    min_periods
        Periods that the clip holds of a vibration. The search begins at 3 periods; the peak of a strong vibration
        reaches it from below.
    """

    min_ratio: float = 8.0
    flicker_share: float = 0.4
    min_lit_tiles: int = 4
    min_tint_ratio: float = 3.0
    min_contrast: float = 1e-5
    whole_frame_share: float = 0.6
    strong_snr: float = 13.0
    max_width: float = 1.5
    min_periods: float = 2.0


_OPTIONS = DetectionOptions()


@checks_arguments
def suggest(
    frames: FramesLike,
    *,
    still: Still | None = None,
    fs: float | None = None,
    max_peaks: int = 8,
    false_alarm: float = 0.01,
    fs_uncertainty: float = CLOCK_UNCERTAINTY,
    progress: Progress = False,
) -> list[Suggestion]:
    """Find the strongest vibrations and color changes in a clip, and a band to magnify each.

    The frame is divided into tiles of about 16 pixels. The motion of each tile is the linear least-squares solution for
    the difference from the mean of the first frames [1]_, for a camera at rest. Its response to motion of up to 4
    pixels, which follows from the image, corrects amplitudes and removes harmonics that the motion does not have. Peaks
    are searched in the spectra of tiles, of squares of tiles, and of the whole frame. The clip is read
    once, and memory holds a few numbers for each tile and frame.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, or a dask array, with at least 16 frames.
    still
        Regions at rest in the scene, as for ``displacement``: the frames are first moved back by their motion,
        that of the camera. The default, None, is for a camera at rest.
    fs
        Rate of the camera in Hz. The default is the rate of the clip; without any, frequencies are in cycles/frame.
    max_peaks
        Largest number of suggestions, at least 1. The default is 8.
    false_alarm
        Probability, in (0, 1), that a clip of white noise yields any suggestion. The default is 0.01.
    fs_uncertainty
        Relative standard uncertainty of `fs`, in [0, 1), as for ``peaks``. The default is 1e-4.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    list of Suggestion
        One for each frequency, the strongest first, and last those that the video codec may cause: harmonics and images
        of stronger motions, and lines at multiples of the rates of the codec. Only a clip that ``vmm.io.stream`` opened
        states its codec. The list is empty if no peak exceeds the noise by 9 dB. The search covers frequencies from 3
        periods in the clip, or 2 of a strong vibration, to 0.94 times fs/2; for unevenly spaced frames fs is the rate
        at their shortest usual interval.

    Raises
    ------
    ValueError
        If the clip has fewer than 16 frames, the wrong shape or values that are not finite, or if `fs`, `max_peaks` or
        `false_alarm` is out of range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or its dtype is not supported.

    Warns
    -----
    UserWarning
        If frames repeat in a regular pattern, as conversion to a higher rate makes them. They are left out.

    References
    ----------
    .. [1] Lucas, Kanade: An iterative image registration technique with an application to stereo vision. IJCAI 1981.
    .. [2] Rife, Boorstyn: Single-tone parameter estimation from discrete-time observations. IEEE Transactions on
       Information Theory 20(5), 1974: the variance of a frequency.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(90, 30, 4.2, 0.1), noise=1.0)
    >>> first = vmm.measure.suggest(clip, fs=30)[0]
    >>> first.kind, round(first.frequency, 1)
    ('motion', 4.2)
    """
    rate, unit = camera_rate(frames, fs), frequency_unit(time_unit(frames, fs))
    if max_peaks < 1 or not 0 < false_alarm < 1:
        raise ValueError(f"max_peaks={max_peaks} must be at least 1, and false_alarm={false_alarm} must be in (0, 1)")
    check_fs_uncertainty(fs_uncertainty)
    tiles = tile_signals(frames if still is None else steady_frames(frames, still))
    times = frame_times(frames, fs)
    times = None if times is None else times[: len(tiles.motion)]
    if tiles.cadence is not None:
        warn_of_cadence(tiles.cadence)
        tiles, times, rate = _without_repeats(tiles, tiles.cadence, times, rate)
    if times is not None:
        tiles, rate = _evenly_sampled(tiles, times, false_alarm)
    motion = tile_spectra(tiles.motion, _OPTIONS.min_contrast * tiles.scale, false_alarm)
    bin_width = rate / len(tiles.motion)
    candidates = [
        _motion_line(tiles, motion, place, rate)
        for i in _strong_peaks(motion)
        for place in places(motion, tiles.motion, i)
    ]
    candidates += _color_lines(tiles, motion, rate, false_alarm)
    candidates = [line for line in candidates if _is_certain(line.suggestion, bin_width)]
    candidates.sort(key=lambda line: -line.suggestion.snr)
    lines = with_harmonics(distinct_lines(candidates, bin_width), tiles, motion.level, bin_width)
    is_rhythm, coding = np.zeros(len(lines), bool), getattr(frames, "coding", None)
    if coding is not None:
        rates = codec_rates(coding, key_rates(key_rate(frames, fs), rate), rate, bin_width)
        is_rhythm = codec_lines(lines, tiles, motion.level, rates, bin_width)
    suggestions = _with_codec_rhythm(lines, is_rhythm)
    stated = float(stated_rate(frames, fs) or 1.0)
    relative = fs_uncertainty if unit == "Hz" else 0.0
    return [
        replace(part, fs=stated, frequency_unit=unit, clock_stderr=relative * part.frequency)
        for part in suggestions[:max_peaks]
    ]


def _without_repeats(
    tiles: Tiles, cadence: Cadence, times: np.ndarray | None, rate: float
) -> tuple[Tiles, np.ndarray | None, float]:
    """Tiles of the new frames, with their times if these are uneven, and their rate."""
    times = np.arange(len(tiles.motion)) / rate if times is None else times
    motion, times, rate = new_frames(tiles.motion, cadence, times)
    index = max(int(cadence.is_new[: int(tiles.template_index) + 1].sum()) - 1, 0)
    return replace(tiles, motion=motion, color=tiles.color[cadence.is_new], template_index=index), times, rate


def _evenly_sampled(tiles: Tiles, times: np.ndarray, false_alarm: float) -> tuple[Tiles, float]:
    """Tiles at evenly spaced times, and their rate."""
    positions: Any = as_positions(times)
    motion, interval = evenly_sampled_tiles(tiles.motion, positions, _OPTIONS.min_contrast * tiles.scale, false_alarm)
    color, _ = evenly_sampled_tiles(tiles.color, positions, _OPTIONS.min_contrast, false_alarm)
    index = positions[min(int(tiles.template_index), len(positions) - 1)] / interval
    return replace(tiles, motion=motion, color=color, template_index=index), mean_rate(times) / interval


def _is_certain(suggestion: Suggestion, bin_width: float) -> bool:
    """Whether the clip holds enough periods of a suggestion, and its peak is narrow, or strong."""
    if suggestion.frequency < _OPTIONS.min_periods * bin_width:
        return False
    limit = suggestion.frequency / 3
    is_strong = suggestion.snr > _OPTIONS.strong_snr
    return suggestion.frequency_stderr < (limit if is_strong else min(limit, _OPTIONS.max_width * bin_width))


def _with_codec_rhythm(lines: list[Line], is_rhythm: np.ndarray) -> list[Suggestion]:
    """The suggestions, and after all others those that the codec may cause."""
    marked = [replace(line.suggestion, is_codec_rhythm=bool(part)) for line, part in zip(lines, is_rhythm, strict=True)]
    return sorted(marked, key=lambda suggestion: suggestion.is_codec_rhythm)


def _strong_peaks(spectra: TileSpectra) -> list[int]:
    """Bins of the peaks whose ratio to noise reaches the minimum."""
    return [i for i in spectra.peaks() if spectra.square_ratio[i].max() > _OPTIONS.min_ratio]


def _motion_line(tiles: Tiles, spectra: TileSpectra, place: Place, fs: float) -> Line:
    """A line of the motion at one place."""
    suggestion = _suggestion(tiles, tiles.motion, spectra, place, fs)
    result = vibration(tiles, spectra.level, place.ratio, place.where, suggestion.frequency / fs)
    amplitude = result.amplitude
    suggestion = replace(suggestion, amplitude=amplitude, alpha=_two_digits(2 / max(amplitude, 1e-9), 2, 100))
    return Line(suggestion, place.where, place.ratio, result)


def _color_lines(tiles: Tiles, motion: TileSpectra, fs: float, false_alarm: float) -> list[Line]:
    """Lines of luma and color that motion does not explain."""
    mean = tiles.color.mean(axis=0)
    relative = tiles.color / np.maximum(mean, 0.05 * max(float(mean.mean()), 1e-9))  # (T, K, y, x)
    luma = relative.mean(axis=1, keepdims=True)
    is_lit = mean.mean(axis=0) > 0.25 * mean.mean()
    luma_spectra = tile_spectra(luma, _OPTIONS.min_contrast, false_alarm)
    if relative.shape[1] == 1:
        moving = motion.peaks()
        peaks = [
            (luma_spectra, luma, i)
            for i in _strong_peaks(luma_spectra)
            if all(abs(i - j) > MAIN_LOBE for j in moving) and _exceeds_motion(luma_spectra, motion, i)
        ]
    else:
        # Blood changes the difference of green from red and blue; a shadow changes all channels alike.
        tint = relative[:, 1:2] - (relative[:, :1] + relative[:, 2:]) / 2
        tint_spectra = tile_spectra(tint, _OPTIONS.min_contrast, false_alarm)
        candidates = [(luma_spectra, luma, i) for i in _strong_peaks(luma_spectra)]
        candidates += [(tint_spectra, tint, i) for i in _strong_peaks(tint_spectra)]
        peaks = [
            (spectra, signal, i)
            for spectra, signal, i in candidates
            if _is_flicker(luma, is_lit, i) or _changes_tint(spectra, tint_spectra, motion, i)
        ]
    return [_color_line(tiles, signal, spectra, i, fs, _is_flicker(luma, is_lit, i)) for spectra, signal, i in peaks]


def _changes_tint(spectra: TileSpectra, tint: TileSpectra, motion: TileSpectra, i: int) -> bool:
    """Whether the tint changes where a peak is strongest, and by more than motion explains."""
    row, col = strongest_tile(spectra.square_ratio[i])
    by_tint = float(tint.square_ratio[i - 1 : i + 2, row, col].max())
    return by_tint > _OPTIONS.min_tint_ratio and _exceeds_motion(tint, motion, i, (row, col))


def _exceeds_motion(spectra: TileSpectra, motion: TileSpectra, i: int, tile: tuple[int, int] | None = None) -> bool:
    """Whether a peak exceeds its noise more than motion does, which changes the luma as well, at its strongest tile."""
    row, col = strongest_tile(spectra.square_ratio[i]) if tile is None else tile
    ratio, by_motion = (float(part.square_ratio[i - 1 : i + 2, row, col].max()) for part in (spectra, motion))
    return ratio > by_motion


def _is_flicker(luma: np.ndarray, is_lit: np.ndarray, i: int) -> bool:
    """Whether the change of luma at bin i is common to all lit tiles."""
    if is_lit.sum() < _OPTIONS.min_lit_tiles:
        return False
    change = tile_phasors(luma, i / len(luma))[:, is_lit]
    share = abs(change.mean()) ** 2 / max(float(np.square(np.abs(change)).mean()), 1e-300)
    return bool(share > _OPTIONS.flicker_share)


def _color_line(tiles: Tiles, signal: np.ndarray, spectra: TileSpectra, i: int, fs: float, is_flicker: bool) -> Line:
    """A line from the peak at bin i of a color or luma signal."""
    where = connected_region(spectra.tile_ratio[i], spectra.square_ratio[i])
    place = Place(i, where, spectra.tile_ratio[i], float(spectra.square_ratio[i].max()))
    suggestion = _suggestion(tiles, signal, spectra, place, fs)
    changes = np.abs(tile_phasors(tiles.color[..., where], suggestion.frequency / fs)).max(axis=0)
    amplitude = float(np.average(changes, weights=spectra.tile_ratio[i][where]))
    if is_flicker:
        roi = (*tiles.origin, *tiles.size)
        suggestion = replace(suggestion, kind="flicker", amplitude=amplitude, alpha=-1.0, roi=roi, is_whole_frame=True)
        return Line(suggestion, np.ones_like(where), place.ratio)
    mean = float(tiles.color[..., where].mean())
    alpha = _two_digits(0.1 * mean / max(amplitude, 1e-9), 5, 200)
    return Line(replace(suggestion, kind="color", amplitude=amplitude, alpha=alpha), where, place.ratio)


def _suggestion(tiles: Tiles, signals: np.ndarray, spectra: TileSpectra, place: Place, fs: float) -> Suggestion:
    """A suggestion without amplitude and alpha from a place of signals (T, K, y, x)."""
    where, i = place.where, place.bin
    flat, level = signals[..., where].reshape(len(signals), -1), spectra.level[:, where].ravel()
    total_ratio = signals.shape[1] * place.ratio[where].sum()
    frequency, stderr = (fs * part for part in refine_peak(flat, level, i, total_ratio))
    first_row, first_col = tiles.origin
    roi = _bounding_box(where, tiles)
    row, col = strongest_tile(np.where(where, place.ratio, 0))
    point = first_row + int((row + 0.5) * tiles.side[0]), first_col + int((col + 0.5) * tiles.side[1])
    snr = float(10 * np.log10(place.square_ratio))
    band = _band(frequency, stderr, fs, len(signals))
    is_whole = roi[2] * roi[3] > _OPTIONS.whole_frame_share * tiles.size[0] * tiles.size[1]
    return Suggestion(frequency, stderr, 0.0, snr, "motion", roi, point, 0.0, band, 0.0, None, fs, is_whole)


def _bounding_box(where: np.ndarray, tiles: Tiles) -> tuple[int, int, int, int]:
    """The bounding box (top, left, height, width) in pixels of a map of tiles."""
    corner, size = [], []
    for axis, start, side in zip((1, 0), tiles.origin, tiles.side, strict=True):
        inside = np.flatnonzero(where.any(axis=axis))
        corner.append(start + int(inside[0]) * side)
        size.append(int(inside[-1] + 1 - inside[0]) * side)
    return corner[0], corner[1], size[0], size[1]


def _band(frequency: float, stderr: float, fs: float, n: int) -> tuple[float, float]:
    """A band around a frequency that is no narrower than n frames resolve, in round numbers."""
    half = max(2 * fs / n, 0.025 * frequency, 3 * stderr)
    low, high = max(frequency - half, frequency / 2), min(frequency + half, frequency / 2 + fs / 4)
    digits = math.ceil(-math.log10(half / 20))
    return round(low, digits), round(high, digits)


def _two_digits(value: float, low: float, high: float) -> float:
    """The value limited to a range, in two significant digits."""
    return float(f"{min(max(value, low), high):.2g}")
