"""Suggestion of bands: the strongest vibrations and color changes in a clip."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from vmm.engine.frames import FramesLike
from vmm.measure.detection._tile_spectra import (
    TileSpectra,
    connected_region,
    refine_line,
    strongest_tile,
    tile_phasors,
    tile_spectra,
)
from vmm.measure.detection._tiles import Tiles, tile_signals
from vmm.measure.signals._result import frequency_unit
from vmm.measure.signals._signal import camera_rate, time_unit
from vmm.measure.signals._windows import MAIN_LOBE


@dataclass(frozen=True)
class DetectionOptions:
    """Thresholds of ``suggest``.

    Attributes
    ----------
    min_ratio
        Smallest ratio of power to noise of a line (8 is 9 dB): weaker lines are seldom visible after magnification.
    flicker_share
        Share of the change of luma that is common to all tiles, above which a line is flicker of the illumination.
    min_lit_tiles
        Number of lit tiles below which flicker is not distinguished from a local change.
    min_tint_ratio
        Smallest ratio to noise of a change of tint. A change of luma with a smaller change of tint is a shadow.
    min_contrast
        Smallest change relative to the contrast of the clip: smaller ones are rounding errors.
    whole_frame_share
        Share of the frame's area above which a region is treated as the whole frame.
    strong_snr
        Signal-to-noise ratio in dB from which a line may be broad.
    max_width
        Largest standard error of the frequency of weaker lines, in bins.
    max_harmonic
        Highest order of a harmonic.
    min_harmonic_periods
        Periods of the fundamental in the clip below which lines would often be its multiples by chance.
    """

    min_ratio: float = 8.0
    flicker_share: float = 0.4
    min_lit_tiles: int = 4
    min_tint_ratio: float = 3.0
    min_contrast: float = 1e-5
    whole_frame_share: float = 0.6
    strong_snr: float = 13.0
    max_width: float = 1.5
    max_harmonic: int = 8
    min_harmonic_periods: int = 6


_OPTIONS = DetectionOptions()


@dataclass(frozen=True)
class Suggestion:
    """A line in the spectrum of a clip, with a band to magnify it.

    Attributes
    ----------
    frequency, frequency_stderr
        Frequency in Hz and its approximate standard error; in cycles/frame if the rate is not known.
    snr
        Signal-to-noise ratio in dB: power over the noise at neighboring frequencies, in the strongest 3x3 tiles.
    kind
        ``"motion"``; ``"color"`` if color or luma changes without motion, as by a pulse; or ``"flicker"`` if the
        illumination of the whole frame changes, as by a lamp or a video coder.
    roi
        Bounding box (top, left, height, width) in pixels of the region that shows the line.
    point
        Center (row, col) in pixels of the strongest tile.
    amplitude
        Approximate peak displacement in pixels, or for color and flicker peak change in gray levels.
    band
        Band (low, high) in Hz to magnify.
    alpha
        Amplification that makes the change visible; -1, which removes it, for flicker.
    harmonic_of
        Frequency in Hz of a stronger line of which this one is a harmonic, possibly aliased; else None.
    fs
        Rate of the camera in Hz, or 1 if it is not known.
    is_whole_frame
        Whether the region is most of the frame.
    frequency_unit
        ``"Hz"``, or ``"cycles/frame"`` if the rate is not known.
    """

    frequency: float
    frequency_stderr: float
    snr: float
    kind: Literal["motion", "color", "flicker"]
    roi: tuple[int, int, int, int]
    point: tuple[int, int]
    amplitude: float
    band: tuple[float, float]
    alpha: float
    harmonic_of: float | None
    fs: float
    is_whole_frame: bool
    frequency_unit: str = "Hz"

    def command(self, source: str = "clip.mp4", target: str = "out.mp4") -> str:
        """The command that magnifies this line, or removes a flicker.

        Parameters
        ----------
        source
            Name of the clip. The default is ``"clip.mp4"``.
        target
            Name of the output file. The default is ``"out.mp4"``.

        Returns
        -------
        str
            A command line for the shell.

        Examples
        --------
        >>> from vmm.measure import Suggestion
        >>> line = Suggestion(64.0, 0.01, 40.0, "motion", (64, 0, 96, 96), (72, 8), 0.1, (63, 65), 20, None, 500, False)
        >>> line.command("fork.mp4")
        'vmm phase fork.mp4 out.mp4 --band 63 65 --fs 500 --alpha 20 --roi 64 0 96 96'
        """
        method = "phase" if self.kind == "motion" else "color"
        low, high = self.band
        words = ["vmm", method, shlex.quote(str(source)), shlex.quote(str(target)), f"--band {low:.6g} {high:.6g}"]
        words += [f"--fs {self.fs:.8g}", f"--alpha {self.alpha:g}"]
        if not self.is_whole_frame:
            words.append("--roi " + " ".join(map(str, self.roi)))
        return " ".join(words)


def suggest(
    frames: FramesLike, *, fs: float | None = None, max_peaks: int = 8, false_alarm: float = 0.01
) -> list[Suggestion]:
    """Find the strongest vibrations and color changes in a clip, and a band to magnify each.

    The frame is divided into tiles of about 16 pixels. The motion of each tile is the linear least-squares solution for
    the difference from the mean of the first frames [1]_, which is valid for motion up to a few pixels and a camera at
    rest. Lines are peaks in the spectra of tiles, of squares of tiles, or of the whole frame. The clip is read once;
    memory holds a few numbers for each tile and frame.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks, with at least 16 frames.
    fs
        Rate of the camera in Hz. The default is the rate of the clip; without any, frequencies are in cycles/frame.
    max_peaks
        Largest number of lines to return, at least 1. The default is 8.
    false_alarm
        Probability, in (0, 1), that a clip of white noise yields any line. The default is 0.01.

    Returns
    -------
    list of Suggestion
        The lines, the strongest first, one for each frequency. It is empty if no line exceeds the noise by 9 dB. Lines
        have at least 3 periods in the clip, and lie below 0.94 of half the rate of the camera.

    Raises
    ------
    ValueError
        If the clip has fewer than 16 frames, the wrong shape or values that are not finite, or if `fs`, `max_peaks` or
        `false_alarm` is out of range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or its dtype is not supported.

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
    >>> line = vmm.measure.suggest(clip, fs=30)[0]
    >>> line.kind, round(line.frequency, 1)
    ('motion', 4.2)
    """
    rate, unit = camera_rate(frames, fs), frequency_unit(time_unit(frames, fs))
    if max_peaks < 1 or not 0 < false_alarm < 1:
        raise ValueError(f"max_peaks={max_peaks} must be at least 1, and false_alarm={false_alarm} lie inside (0, 1)")
    tiles = tile_signals(frames)
    motion = tile_spectra(tiles.motion, _OPTIONS.min_contrast * tiles.scale, false_alarm)
    lines = [_motion_line(tiles, motion, i, rate) for i in _strong_peaks(motion)]
    lines += _color_lines(tiles, motion, rate, false_alarm)
    bin_width = rate / len(tiles.motion)
    lines = [replace(line, frequency_unit=unit) for line in lines if _is_line(line, bin_width)]
    lines.sort(key=lambda line: -line.snr)
    return _with_harmonics(_distinct(lines, bin_width), bin_width)[:max_peaks]


def _is_line(line: Suggestion, bin_width: float) -> bool:
    """Whether a line is narrow, or strong."""
    limit = line.frequency / 3
    is_strong = line.snr > _OPTIONS.strong_snr
    return line.frequency_stderr < (limit if is_strong else min(limit, _OPTIONS.max_width * bin_width))


def _distinct(lines: list[Suggestion], bin_width: float) -> list[Suggestion]:
    """The strongest line of each frequency."""
    distinct: list[Suggestion] = []
    for line in lines:
        if all(abs(line.frequency - other.frequency) > MAIN_LOBE * bin_width for other in distinct):
            distinct.append(line)
    return distinct


def _with_harmonics(lines: list[Suggestion], bin_width: float) -> list[Suggestion]:
    """The lines, with `harmonic_of` set for harmonics of stronger ones."""
    out: list[Suggestion] = []
    for line in lines:
        roots = [root for root in out if root.harmonic_of is None and _is_harmonic(line, root, bin_width)]
        out.append(replace(line, harmonic_of=roots[0].frequency) if roots else line)
    return out


def _is_harmonic(line: Suggestion, root: Suggestion, bin_width: float) -> bool:
    """Whether a line is a harmonic of another one, possibly aliased."""
    has_periods = root.frequency > _OPTIONS.min_harmonic_periods * bin_width
    for order in range(2, _OPTIONS.max_harmonic + 1) if has_periods else ():
        aliased = abs((order * root.frequency + line.fs / 2) % line.fs - line.fs / 2)
        if abs(aliased - line.frequency) < min(3 * (line.frequency_stderr + order * root.frequency_stderr), bin_width):
            return True
    return False


def _strong_peaks(spectra: TileSpectra) -> list[int]:
    """Bins of the lines whose ratio to noise reaches the minimum."""
    return [i for i in spectra.peaks() if spectra.square_ratio[i].max() > _OPTIONS.min_ratio]


def _motion_line(tiles: Tiles, spectra: TileSpectra, i: int, fs: float) -> Suggestion:
    line, where = _line(tiles, tiles.motion, spectra, i, fs)
    gradients, axes = tiles.gradients[where], tiles.axes[where]  # (n, 2), (n, 2, 2)
    along = tile_phasors(tiles.motion[..., where], line.frequency / fs).T / gradients
    along[gradients < 0.25 * gradients.max(axis=1, keepdims=True)] = 0  # motion along edges is dominated by noise
    phasors = np.einsum("nij,nj->ni", axes, along)
    semi_axes = np.linalg.svd(np.stack([phasors.real, phasors.imag], axis=-1), compute_uv=False)
    amplitude = float(np.average(semi_axes[:, 0], weights=spectra.tile_ratio[i][where]))
    return replace(line, amplitude=amplitude, alpha=_two_digits(2 / max(amplitude, 1e-9), 2, 100))


def _color_lines(tiles: Tiles, motion: TileSpectra, fs: float, false_alarm: float) -> list[Suggestion]:
    """The lines of luma and color that motion does not explain."""
    mean = tiles.color.mean(axis=0)
    relative = tiles.color / np.maximum(mean, 0.05 * max(float(mean.mean()), 1e-9))  # (T, K, y, x)
    luma = relative.mean(axis=1, keepdims=True)
    is_lit = mean.mean(axis=0) > 0.25 * mean.mean()
    luma_spectra = tile_spectra(luma, _OPTIONS.min_contrast, false_alarm)
    if relative.shape[1] == 1:
        moving = motion.peaks()
        lines = [
            (luma_spectra, luma, i) for i in _strong_peaks(luma_spectra) if all(abs(i - j) > MAIN_LOBE for j in moving)
        ]
    else:
        # Blood changes the difference of green from red and blue; a shadow changes all channels alike.
        tint = relative[:, 1:2] - (relative[:, :1] + relative[:, 2:]) / 2
        tint_spectra = tile_spectra(tint, _OPTIONS.min_contrast, false_alarm)
        candidates = [(luma_spectra, luma, i) for i in _strong_peaks(luma_spectra)]
        candidates += [(tint_spectra, tint, i) for i in _strong_peaks(tint_spectra)]
        lines = [
            (spectra, signal, i)
            for spectra, signal, i in candidates
            if _is_flicker(luma, is_lit, i) or _changes_tint(spectra, tint_spectra, motion, i)
        ]
    return [_color_line(tiles, signal, spectra, i, fs, _is_flicker(luma, is_lit, i)) for spectra, signal, i in lines]


def _changes_tint(spectra: TileSpectra, tint: TileSpectra, motion: TileSpectra, i: int) -> bool:
    """Whether the tint changes where a line is strongest, and by more than motion explains."""
    row, col = strongest_tile(spectra.square_ratio[i])
    by_tint, by_motion = (float(part.square_ratio[i - 1 : i + 2, row, col].max()) for part in (tint, motion))
    return by_tint > max(by_motion, _OPTIONS.min_tint_ratio)


def _is_flicker(luma: np.ndarray, is_lit: np.ndarray, i: int) -> bool:
    """Whether the change of luma at bin i is common to all lit tiles."""
    if is_lit.sum() < _OPTIONS.min_lit_tiles:
        return False
    change = tile_phasors(luma, i / len(luma))[:, is_lit]
    share = abs(change.mean()) ** 2 / max(float(np.square(np.abs(change)).mean()), 1e-300)
    return bool(share > _OPTIONS.flicker_share)


def _color_line(
    tiles: Tiles, signal: np.ndarray, spectra: TileSpectra, i: int, fs: float, is_flicker: bool
) -> Suggestion:
    """A line of color, luma or flicker."""
    line, where = _line(tiles, signal, spectra, i, fs)
    changes = np.abs(tile_phasors(tiles.color[..., where], line.frequency / fs)).max(axis=0)
    amplitude = float(np.average(changes, weights=spectra.tile_ratio[i][where]))
    if is_flicker:
        roi = (0, 0, *tiles.size)
        return replace(line, kind="flicker", amplitude=amplitude, alpha=-1.0, roi=roi, is_whole_frame=True)
    mean = float(tiles.color[..., where].mean())
    alpha = _two_digits(0.1 * mean / max(amplitude, 1e-9), 5, 200)
    return replace(line, kind="color", amplitude=amplitude, alpha=alpha)


def _line(tiles: Tiles, signals: np.ndarray, spectra: TileSpectra, i: int, fs: float) -> tuple[Suggestion, np.ndarray]:
    """A line of signals (T, K, y, x) without amplitude and alpha, and the map of the tiles that show it."""
    where = connected_region(spectra.tile_ratio[i], spectra.square_ratio[i])
    flat, level = signals[..., where].reshape(len(signals), -1), spectra.level[:, where].ravel()
    total_ratio = signals.shape[1] * spectra.tile_ratio[i][where].sum()
    frequency, stderr = (fs * part for part in refine_line(flat, level, i, total_ratio))
    roi = _bounding_box(where, tiles.side)
    row, col = strongest_tile(np.where(where, spectra.tile_ratio[i], 0))
    point = int((row + 0.5) * tiles.side[0]), int((col + 0.5) * tiles.side[1])
    snr = float(10 * np.log10(spectra.square_ratio[i].max()))
    band = _band(frequency, stderr, fs, len(signals))
    is_whole = roi[2] * roi[3] > _OPTIONS.whole_frame_share * tiles.size[0] * tiles.size[1]
    return Suggestion(frequency, stderr, snr, "motion", roi, point, 0.0, band, 0.0, None, fs, is_whole), where


def _bounding_box(where: np.ndarray, side: tuple[int, int]) -> tuple[int, int, int, int]:
    """The bounding box (top, left, height, width) in pixels of a map of tiles."""
    rows, cols = (np.flatnonzero(where.any(axis=axis)) for axis in (1, 0))
    row, col = int(rows[0] * side[0]), int(cols[0] * side[1])
    return row, col, int((rows[-1] + 1) * side[0]) - row, int((cols[-1] + 1) * side[1]) - col


def _band(frequency: float, stderr: float, fs: float, n: int) -> tuple[float, float]:
    """A band around a frequency that is no narrower than n frames resolve, in round numbers."""
    half = max(2 * fs / n, 0.025 * frequency, 3 * stderr)
    low, high = max(frequency - half, frequency / 2), min(frequency + half, frequency / 2 + fs / 4)
    digits = math.ceil(-math.log10(half / 20))
    return round(low, digits), round(high, digits)


def _two_digits(value: float, low: float, high: float) -> float:
    """The value limited to a range, in two significant digits."""
    return float(f"{min(max(value, low), high):.2g}")
