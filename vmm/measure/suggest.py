"""The band to magnify: the strongest vibrations and changes of colour in a clip."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vmm.measure.lines import GAP, Spectra, place, refined, region, spectra, waves
from vmm.measure.tiles import Tiles, tiled

_PLAIN = 8.0  # times the noise around; what is weaker is not named
_COMMON = 0.4  # share of the light's change that all tiles make alike, above which it is the lamp's
_MOSTLY = 0.6  # share of the frame from which a box is left out of the command
_FEW = 4  # tiles
_TINT = 3.0  # times the noise around; a change of light with less change of tint is a shadow
_LEAST = 1e-5  # of the contrast; a change smaller than this is rounding
_STRONG = 13.0  # dB from which a line may be broad
_BROAD = 1.5  # bins
_HARMONICS = 8  # the highest order looked for
_TELLING = 6  # periods in the clip below which lines would often be multiples by chance


@dataclass(frozen=True)
class Suggestion:
    """A line in the spectrum of a clip.

    Attributes
    ----------
    frequency
        In Hz.
    uncertainty
        Its standard deviation in Hz, roughly, by its strength and width.
    strength
        Power over that of the noise at the frequencies around, in dB, in the strongest three by three tiles.
    kind
        "motion"; "colour" where colour or brightness changes without motion, as by a pulse; "flicker" where the light
        of the whole frame does, by a lamp or a video coder.
    box
        Where: (top, left, height, width) in pixels.
    point
        Middle (row, col) of the strongest tile.
    amplitude
        Peak displacement in pixels, or for colour and flicker peak change in grey levels; roughly.
    band
        (low, high) in Hz to magnify.
    alpha
        What to add, so that the change becomes plain; -1, which removes it, for flicker.
    harmonic_of
        Frequency in Hz of a stronger line of which this is a harmonic, as the camera sees it; else None.
    fs
        Rate of the camera in Hz.
    whole
        Whether the box is most of the frame.
    """

    frequency: float
    uncertainty: float
    strength: float
    kind: str
    box: tuple[int, int, int, int]
    point: tuple[int, int]
    amplitude: float
    band: tuple[float, float]
    alpha: float
    harmonic_of: float | None
    fs: float
    whole: bool

    def command(self, source: str = "clip.mp4", target: str = "out.mp4") -> str:
        """The command that magnifies this line, or removes a flicker.

        Parameters
        ----------
        source, target
            Names of the clip and of what is written.

        Returns
        -------
        str

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
        if not self.whole:
            words.append("--roi " + " ".join(map(str, self.box)))
        return " ".join(words)


def suggest(frames: Any, *, fs: float | None = None, most: int = 8, false_alarm: float = 0.01) -> list[Suggestion]:
    """The strongest vibrations and changes of colour in a clip, and the band to magnify each by.

    The frame is divided into tiles of about 16 pixels. In each, the motion that best explains the difference to the
    first frames is found by linear least squares, which holds while it stays below a few pixels and the camera stands
    still. A line is what stands out in the spectra of tiles, of squares of them, or of the whole frame. The clip is
    gone through once; memory holds a few numbers for each tile and frame.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks; at least 16 frames.
    fs
        Rate of the camera in Hz. By default that of a stream, else 1, so that frequencies are in cycles per frame.
    most
        Lines returned at most.
    false_alarm
        Chance at which a clip of white noise yields a line.

    Returns
    -------
    list of Suggestion
        The strongest first; empty where nothing stands out by 9 dB. One line for each frequency; of fewer than 3
        periods in the clip, or beyond 0.94 of half the camera's rate, none.

    Raises
    ------
    ValueError
        Where frames are fewer than 16, of a wrong shape or not finite; where fs, most or false_alarm is out of range.
    TypeError
        Where frames are no array, or of a type that cannot be read.

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
    rate = getattr(frames, "fs", None) if fs is None else fs
    rate = 1.0 if rate is None else float(rate)
    if not (rate > 0 and math.isfinite(rate)):
        raise ValueError(f"fs={fs!r} must be a positive number: the rate in Hz at which the camera took the frames")
    if most < 1 or not 0 < false_alarm < 1:
        raise ValueError(f"most={most} must be at least 1, and false_alarm={false_alarm} lie inside (0, 1)")
    tiles = tiled(frames)
    motion = spectra(tiles.motion, _LEAST * tiles.scale, false_alarm)
    found = [_motion(tiles, motion, i, rate) for i in _plain(motion)]
    found += _changes(tiles, motion, rate, false_alarm)
    width = rate / len(tiles.motion)
    found = sorted((line for line in found if _is_line(line, width)), key=lambda line: -line.strength)
    return _named(_apart(found, width), width)[:most]


def _is_line(line: Suggestion, width: float) -> bool:
    """Whether it is narrow, or else strong."""
    limit = line.frequency / 3
    return line.uncertainty < (limit if line.strength > _STRONG else min(limit, _BROAD * width))


def _apart(found: list[Suggestion], width: float) -> list[Suggestion]:
    """The strongest line of each frequency."""
    kept: list[Suggestion] = []
    for line in found:
        if all(abs(line.frequency - other.frequency) > GAP * width for other in kept):
            kept.append(line)
    return kept


def _named(found: list[Suggestion], width: float) -> list[Suggestion]:
    """The lines, harmonics of stronger ones known as such."""
    out: list[Suggestion] = []
    for line in found:
        roots = [root for root in out if root.harmonic_of is None and _is_harmonic(line, root, width)]
        out.append(replace(line, harmonic_of=roots[0].frequency) if roots else line)
    return out


def _is_harmonic(line: Suggestion, root: Suggestion, width: float) -> bool:
    """Whether a line lies where the camera sees a harmonic of another that has enough periods to tell."""
    orders = range(2, _HARMONICS + 1) if root.frequency > _TELLING * width else ()
    for order in orders:
        seen = abs((order * root.frequency + line.fs / 2) % line.fs - line.fs / 2)
        if abs(seen - line.frequency) < min(3 * (line.uncertainty + order * root.uncertainty), width):
            return True
    return False


def _plain(seen: Spectra) -> list[int]:
    """Bins of the lines that are strong enough to be named."""
    return [i for i in seen.peaks() if seen.near[i].max() > _PLAIN]


def _motion(tiles: Tiles, seen: Spectra, i: int, fs: float) -> Suggestion:
    """A line of motion."""
    line, where = _line(tiles, tiles.motion, seen, i, fs)
    slopes, axes = tiles.slopes[where], tiles.axes[where]  # (n, 2), (n, 2, 2)
    along = waves(tiles.motion[..., where], line.frequency / fs).T / slopes
    along[slopes < 0.25 * slopes.max(axis=1, keepdims=True)] = 0  # as good as unknown
    moved = np.einsum("ndk,nk->nd", axes, along)
    ellipses = np.linalg.svd(np.stack([moved.real, moved.imag], axis=-1), compute_uv=False)
    amplitude = float(np.average(ellipses[:, 0], weights=seen.alone[i][where]))
    return replace(line, amplitude=amplitude, alpha=_rounded(2 / max(amplitude, 1e-9), 2, 100))


def _changes(tiles: Tiles, motion: Spectra, fs: float, false_alarm: float) -> list[Suggestion]:
    """The lines of brightness and of colour that motion does not explain."""
    mean = tiles.colour.mean(axis=0)
    parts = tiles.colour / np.maximum(mean, 0.05 * max(float(mean.mean()), 1e-9))  # (T, K, y, x)
    light = parts.mean(axis=1, keepdims=True)
    lit = mean.mean(axis=0) > 0.25 * mean.mean()
    bright = spectra(light, _LEAST, false_alarm)
    if parts.shape[1] == 1:
        moving = motion.peaks()
        chosen = [(bright, light, i) for i in _plain(bright) if all(abs(i - j) > GAP for j in moving)]
    else:
        tint = parts[:, 1:2] - (parts[:, :1] + parts[:, 2:]) / 2  # as blood changes it, and a shadow does not
        tinted = spectra(tint, _LEAST, false_alarm)
        both = [(bright, light, i) for i in _plain(bright)] + [(tinted, tint, i) for i in _plain(tinted)]
        chosen = [
            (seen, signal, i)
            for seen, signal, i in both
            if _common(light, lit, i) > _COMMON or _tells(seen, tinted, motion, i)
        ]
    return [_change(tiles, signal, seen, i, fs, _common(light, lit, i) > _COMMON) for seen, signal, i in chosen]


def _tells(seen: Spectra, tinted: Spectra, motion: Spectra, i: int) -> bool:
    """Whether the colour itself changes where a line is strongest, and by more than motion makes it."""
    top = place(seen.near[i])
    colour, moved = (float(part.near[i - 1 : i + 2, top[0], top[1]].max()) for part in (tinted, motion))
    return colour > max(moved, _TINT)


def _common(light: np.ndarray, lit: np.ndarray, i: int) -> float:
    """Share of the tiles' change of light at bin i that all make alike; 0 of tiles too few to tell."""
    if lit.sum() < _FEW:
        return 0.0
    change = waves(light, i / len(light))[:, lit]
    return float(abs(change.mean()) ** 2 / max(float(np.square(np.abs(change)).mean()), 1e-300))


def _change(tiles: Tiles, signal: np.ndarray, seen: Spectra, i: int, fs: float, everywhere: bool) -> Suggestion:
    """A line of colour or brightness, or of the lamp."""
    line, where = _line(tiles, signal, seen, i, fs)
    changes = np.abs(waves(tiles.colour[..., where], line.frequency / fs)).max(axis=0)
    amplitude = float(np.average(changes, weights=seen.alone[i][where]))
    if everywhere:
        whole = (0, 0, *tiles.size)
        return replace(line, kind="flicker", amplitude=amplitude, alpha=-1.0, box=whole, whole=True)
    mean = float(tiles.colour[..., where].mean())
    alpha = _rounded(0.1 * mean / max(amplitude, 1e-9), 5, 200)
    return replace(line, kind="colour", amplitude=amplitude, alpha=alpha)


def _line(tiles: Tiles, signals: np.ndarray, seen: Spectra, i: int, fs: float) -> tuple[Suggestion, np.ndarray]:
    """A line of signals (T, K, y, x) as yet without amplitude, and the map of tiles that show it."""
    where = region(seen.alone[i], seen.near[i])
    flat, level = signals[..., where].reshape(len(signals), -1), seen.level[:, where].ravel()
    frequency, spread = (fs * part for part in refined(flat, level, i, signals.shape[1] * seen.alone[i][where].sum()))
    rows, cols = (np.flatnonzero(where.any(axis=axis)) for axis in (1, 0))
    high, wide = tiles.side
    top, left, below, beyond = rows[0] * high, cols[0] * wide, rows[-1] * high + high, cols[-1] * wide + wide
    box = int(top), int(left), int(below - top), int(beyond - left)
    row, col = place(np.where(where, seen.alone[i], 0))
    point = int((row + 0.5) * high), int((col + 0.5) * wide)
    strength = float(10 * np.log10(seen.near[i].max()))
    band = _band(frequency, spread, fs, len(signals))
    whole = box[2] * box[3] > _MOSTLY * tiles.size[0] * tiles.size[1]
    return Suggestion(frequency, spread, strength, "motion", box, point, 0.0, band, 0.0, None, fs, whole), where


def _band(frequency: float, spread: float, fs: float, n: int) -> tuple[float, float]:
    """A band about a frequency that is no narrower than a clip of n frames can tell, in round numbers."""
    half = max(2 * fs / n, 0.025 * frequency, 3 * spread)
    low, high = max(frequency - half, frequency / 2), min(frequency + half, frequency / 2 + fs / 4)
    digits = math.ceil(-math.log10(half / 20))
    return round(low, digits), round(high, digits)


def _rounded(value: float, low: float, high: float) -> float:
    """The value within its range, in two digits."""
    return float(f"{min(max(value, low), high):.2g}")
