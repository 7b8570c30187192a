"""Times of frames: reading them from packets, and recognizing even spacing, missing frames and variable rates."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

_NO_STAMP = -(2**63)
"""The number that ffmpeg writes for a packet without a presentation time stamp."""

_KEY = 0x1
"""The flag of key frames; ffmpeg writes no flags if there is no other."""

_DISCARD = 0x4
"""The flag of packets that ffmpeg decodes but does not show, because an edit list excludes them."""

_MILLISECOND = Fraction(1, 1000)
"""Time step of Matroska, FLV and ASF. Copying from them into other files keeps times that are rounded to this step."""

MIN_SHARE = 0.5
"""Share of the frames of an even grid that a clip must have to count as a grid with missing frames. With fewer frames
the rate varies, and the mean rate describes the clip better than the rate of the grid."""


class UnevenTimesWarning(UserWarning):
    """The frames of a clip are not evenly spaced in time.

    Examples
    --------
    >>> import vmm
    >>> issubclass(vmm.io.UnevenTimesWarning, UserWarning)
    True
    """


@dataclass(frozen=True, eq=False)
class Timestamps:
    """Time stamps of the frames of a video in the order of presentation.

    Attributes
    ----------
    ticks
        Presentation times (T,) of int64, in units of `step`, as the file states them.
    step
        Time base of the file in seconds, which is the unit of `ticks`.
    is_key
        Whether decoding can begin at the frame (T,).
    are_exact
        Whether `ticks` are presentation times; if the file states decoding times only, they are shifted by a constant.
    delay
        Largest number of frames that are presented before a frame although they follow it in the file.
    leading
        Number of packets at the beginning of the file that cannot be decoded because their key frame is missing.
    places
        Places (T,) of the frames in the file, or None if it is not known that they differ from those on the screen.
    sizes
        Bytes (T,) that the file takes for each frame, or None if they are not known.
    """

    ticks: np.ndarray
    step: Fraction
    is_key: np.ndarray
    are_exact: bool
    delay: int = 0
    leading: int = 0
    places: np.ndarray | None = None
    sizes: np.ndarray | None = None

    @property
    def is_bidirectional(self) -> np.ndarray:
        """Whether each frame (T,) follows a later one in the file, from which the codec may predict it."""
        if self.places is None:
            return np.zeros(len(self.ticks), bool)
        first_later = np.minimum.accumulate(self.places[::-1])[::-1]
        is_bidirectional: np.ndarray = self.places > first_later
        return is_bidirectional

    def seconds(self, first: int = 0, stop: int | None = None) -> np.ndarray:
        """Times in seconds of the frames from `first` to `stop`, counted from frame `first`."""
        ticks = self.ticks[first:stop]
        return (ticks - ticks[:1]) * (self.step.numerator / self.step.denominator)

    def absolute(self, frame: int) -> float:
        """Presentation time of a frame in seconds, as the file states it."""
        return float(int(self.ticks[frame]) * self.step)


@dataclass(frozen=True)
class Spacing:
    """Spacing of frames in time.

    Attributes
    ----------
    kind
        ``"even"``, ``"missing"`` (an even grid from which frames are missing) or ``"variable"``.
    rate
        Rate of the grid in frames per second; the mean rate if the rate is variable.
    missing
        Number of frames that are missing from the grid.
    slowest, fastest
        Range of the rate from one frame to the next, in frames per second.
    positions
        Positions (T,) of the frames on the grid; None if the rate is variable.
    """

    kind: str
    rate: Fraction
    missing: int = 0
    slowest: float = 0.0
    fastest: float = 0.0
    positions: np.ndarray | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        if self.kind == "even":
            return ""
        if self.kind == "missing":
            total = "1 frame is" if self.missing == 1 else f"{self.missing} frames are"
            return f"{total} missing from an even {float(self.rate):.6g} frames/s (down to {self.slowest:.4g} frames/s)"
        return f"variable rate from {self.slowest:.4g} to {self.fastest:.4g} frames/s, mean {float(self.rate):.6g}"


def read_packets(lines: Iterable[str], *, decoded: bool = False) -> Timestamps | None:
    """Time stamps of the frames from the lines of ffmpeg's ``framecrc`` format, or None if they have no frame.

    Packets that an edit list excludes are left out, and those before the first key frame. If a packet has no
    presentation time stamp, the decoding times of all packets are used, which have the same spacing. If `decoded`, the
    lines are of decoded frames, of which only the first counts as a key frame.
    """
    step, rows = Fraction(1), array("q")
    for line in lines:
        if match := re.match(r"#tb 0: (\d+)/(\d+)", line):
            step = Fraction(int(match.group(1)), int(match.group(2)))
        if line.startswith("#") or line.count(",") < 5:
            continue
        match = re.search(r"F=0x([0-9A-Fa-f]+)", line)
        decoding, presentation, _, size = line.split(",", 5)[1:5]
        rows.extend((int(presentation), int(decoding), int(match.group(1), 16) if match else _KEY, int(size)))
    table = np.array(rows, np.int64).reshape(-1, 4)
    if not len(table):
        return None
    is_key = table[:, 2] & _KEY > 0
    leading = int(is_key.argmax())
    table, is_key = table[leading:], is_key[leading:]
    is_shown = table[:, 2] & _DISCARD == 0
    table, is_key = table[is_shown], is_key[is_shown]
    if not len(table):
        return None
    are_exact = not (table[:, 0] == _NO_STAMP).any()
    ticks = table[:, 0 if are_exact else 1]
    order = np.argsort(ticks, kind="stable")
    if leading and are_exact:  # Frames that precede the first key frame refer to frames before it.
        order = order[int(np.flatnonzero(order == 0)[0]) :]
    ranks = np.argsort(np.argsort(order))  # The places of the frames in the file.
    delay = int((np.maximum.accumulate(ranks) - np.arange(len(ranks))).max())
    is_key = np.arange(len(order)) == 0 if decoded else is_key[order]
    return Timestamps(ticks[order], step, is_key, are_exact, delay, leading, order, table[order, 3])


def find_spacing(
    stamps: Timestamps, stated: Sequence[Fraction] = (), first: int = 0, stop: int | None = None
) -> Spacing:
    """Spacing of the frames from `first` to `stop`, of which there must be at least two.

    Times within half a step of an even grid are even, because they were rounded to the step. Among the rates that agree
    with the times, a stated rate is preferred, then a whole number or a multiple of 1000/1001, then a short fraction.

    Parameters
    ----------
    stamps
        Time stamps of all frames.
    stated
        Rates in frames per second that the file states, the most credible first.
    first, stop
        Index of the first frame, and of the one after the last; by default all frames.
    """
    ticks, step = stamps.ticks[first:stop], stamps.step
    ticks = ticks - ticks[0]
    slack = float(_effective_step(ticks, step) / step)
    grids = [np.arange(len(ticks))]
    grids += [grid for rate in stated if (grid := _grid_of(ticks, float(1 / (rate * step)))) is not None]
    if (gaps := np.diff(ticks)).min() > 0:
        shortest = float(np.median(gaps[gaps < 1.5 * gaps.min()]))
        grids.append(np.concatenate([[0], np.cumsum(np.rint(gaps / shortest).astype(np.int64))]))
    for grid in grids:
        rate = _rate_of(ticks, grid, step, stated, slack)
        if rate is not None and len(grid) >= MIN_SHARE * (grid[-1] + 1):
            missing = int(grid[-1]) + 1 - len(grid)
            slowest = float(rate) / int(np.diff(grid).max())
            return Spacing("missing" if missing else "even", rate, missing, slowest, float(rate), grid)
    return _variable(ticks, step)


def _effective_step(ticks: np.ndarray, step: Fraction) -> Fraction:
    """The time step to which times were rounded: a millisecond if all are whole milliseconds, else `step`."""
    if step >= _MILLISECOND:
        return step
    scale = float(step / _MILLISECOND)
    milliseconds = ticks * scale
    is_whole = np.abs(milliseconds - np.rint(milliseconds)).max() <= 0.5 * scale + 1e-6
    return _MILLISECOND if is_whole else step


def _grid_of(ticks: np.ndarray, spacing: float) -> np.ndarray | None:
    """Positions of frames on a grid of that spacing in ticks, or None if two frames have the same position."""
    grid = np.rint(ticks / spacing).astype(np.int64)
    steps = np.diff(grid)
    return grid // int(np.gcd.reduce(steps)) if steps.min() > 0 else None


def _rate_of(
    ticks: np.ndarray, grid: np.ndarray, step: Fraction, stated: Sequence[Fraction], slack: float
) -> Fraction | None:
    """The rate at which the times agree with the grid within the slack, or None."""

    def agrees(rate: Fraction) -> bool:
        deviation = ticks - grid * float(1 / (rate * step))
        return rate > 0 and float(np.ptp(deviation)) <= slack + 1e-6

    centered = grid - grid.mean()
    spacing = float(centered @ (ticks - ticks.mean()) / (centered @ centered))
    if spacing <= 0:
        return None
    rate = 1 / (Fraction(spacing) * step)
    short = [Fraction(round(rate)), Fraction(1000 * round(rate * Fraction(1001, 1000)), 1001)]
    short += [rate.limit_denominator(10**digits) for digits in range(1, 9)]
    return next((value for value in (*stated, *short) if value > 0 and agrees(value)), None)


def _variable(ticks: np.ndarray, step: Fraction) -> Spacing:
    """Spacing of frames that lie on no grid."""
    gaps = np.diff(ticks) * float(step)
    gaps = gaps[gaps > 0]
    if not len(gaps):
        return Spacing("variable", Fraction(0))
    mean = ((len(ticks) - 1) / (int(ticks[-1]) * step)).limit_denominator(10**6)
    return Spacing("variable", mean, 0, 1 / float(gaps.max()), 1 / float(gaps.min()))
