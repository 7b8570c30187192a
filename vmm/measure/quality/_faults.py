"""Faults of a clip before it is measured: duplicate and dropped frames, saturated pixels, too few frames."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, is_array, to_host
from vmm.backend.checks import check_fs, check_pair, short_text
from vmm.engine.frames import FramesLike, as_frames, check_length, checked, cut
from vmm.engine.times import frame_times, rate_range
from vmm.measure.detection._tiles import N_REFERENCE, ClipTooShortError, tile_signals
from vmm.measure.estimation._repeats import Cadence
from vmm.measure.quality._dropped_frames import dropped_frames
from vmm.measure.signals._result import Result
from vmm.measure.signals._signal import camera_rate
from vmm.measure.signals._windows import MIN_PERIODS


@dataclass(frozen=True)
class FaultOptions:
    """Thresholds of ``faults``.

    Attributes
    ----------
    max_difference
        Difference from the frame before, relative to the median, below which a frame is a duplicate. Noise keeps the
        difference of distinct frames above it.
    max_duplicates
        Share of all frames above which duplicates are not reported: nothing moves in the clip, or it is played slower
        than it was taken.
    reversal
        Correlation of the changes of motion before and after a frame, below which the motion reverses there. Noise
        alone has -0.5.
    range_end
        Share of all samples with the largest value, above which that value is taken for the end of the range, in types
        other than uint8.
    saturated_frames
        Share of the frames with the largest value, above which a pixel is saturated.
    saturated_pixels
        Share of saturated pixels above which they are reported.
    """

    max_difference: float = 0.1
    max_duplicates: float = 0.25
    reversal: float = -0.8
    range_end: float = 1e-3
    saturated_frames: float = 0.01
    saturated_pixels: float = 1e-3


_OPTIONS = FaultOptions()


@dataclass(frozen=True, eq=False, repr=False)
class Faults(Result):
    """Faults of a clip.

    Attributes
    ----------
    duplicates
        Indices of frames that repeat the frame before.
    dropped
        Pairs (frame, number): near this frame that number of frames is missing, by the phase of the strongest
        vibration.
    saturated
        (H, W) share of the frames in which a pixel has the largest value of the range.
    messages
        One sentence for each fault; empty if there is none.
    """

    duplicates: tuple[int, ...]
    dropped: tuple[tuple[int, int], ...]
    saturated: np.ndarray
    messages: tuple[str, ...]


@checks_arguments
def faults(frames: FramesLike, *, fs: float | None = None, band: tuple[float, float] | None = None) -> Faults:
    """Find faults of a clip: duplicate and dropped frames, saturated pixels, and too few frames for a band.

    A duplicate frame differs from the frame before by less than a tenth of the median difference. Dropped frames are
    detected by jumps in the phase of a steady vibration; without such a vibration, or if noise hides the jump, they are
    not detected. They are not searched for in clips whose times state that frames are unevenly spaced.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks. It is read once.
    fs
        Rate of the camera in Hz. The default is the rate of the clip, else 1.
    band
        Band (low, high) in Hz that is to be measured. The default, None, checks no band.

    Returns
    -------
    Faults
        The faults, each with a sentence.

    Raises
    ------
    ValueError
        If the frames have the wrong shape or values that are not finite, or `fs` is not positive.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or its dtype is not supported.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(90, 30, 3.1, 0.3), noise=1.0)
    >>> clip[40] = clip[39]
    >>> vmm.measure.faults(clip, fs=30).messages[0][:36]
    'frame 40 repeats the frame before it'
    """
    rate = camera_rate(frames, fs)
    needed = 0 if band is None else min_frames(band, rate)
    clip = as_frames(frames)
    statistics = _Statistics()
    motion, cadence = _tile_motion(statistics.observe(checked(cut(clip) if is_array(clip) else clip)))
    check_length(statistics.count)
    duplicates = tuple(n for n in statistics.duplicates() if motion is None or not _reverses(motion, n))
    times = frame_times(frames, fs)
    is_even = times is None and cadence is None
    dropped = dropped_frames(motion, duplicates) if motion is not None and is_even else ()
    saturated = statistics.saturated()
    single = _frame_messages(duplicates, dropped) if cadence is None else [cadence.message]
    messages = [*single, *_saturation_messages(saturated)]
    if times is not None:
        messages.insert(0, _spacing_message(times))
    if band is not None and statistics.count < needed:
        periods = statistics.count * band[0] / rate
        messages.append(
            f"the clip is too short: {statistics.count} frames at {rate:g} Hz hold {periods:.2g} periods of "
            f"{band[0]:g} Hz and {MIN_PERIODS} are needed, which take {needed} frames"
        )
    return Faults(duplicates, dropped, saturated, tuple(messages))


MAX_FRAMES = 1e12
"""Largest number of frames that a band may need."""


@checks_arguments
def min_frames(band: tuple[float, float], fs: float) -> int:
    """Number of frames that a clip needs for a band: 3 periods of its lowest frequency.

    Parameters
    ----------
    band
        Band (low, high) in Hz.
    fs
        Rate of the camera in Hz.

    Returns
    -------
    int
        Number of frames.

    Raises
    ------
    ValueError
        If `band` is not positive and rising, or `fs` is not positive.

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.min_frames((0.4, 3), 30)
    225
    """
    (low, high), rate = check_pair("band", band), check_fs(fs)
    if not 0 < low < high < math.inf:
        raise ValueError(f"band={short_text(band)} must be positive and rising, in Hz")
    if MIN_PERIODS * rate / low > MAX_FRAMES:
        raise ValueError(
            f"band={short_text(band)} begins so low that a clip at fs={rate:g} Hz needs over {MAX_FRAMES:g} frames"
        )
    return math.ceil(MIN_PERIODS * rate / low)


@checks_arguments
def check_codec(path: str | Path) -> None:
    """Warn if the codec of a file destroys small motion, or its frames are interlaced.

    The commands that measure call this function.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    FileNotFoundError, ValueError
        As in ``vmm.io.info``.

    Warns
    -----
    UserWarning
        If the codec predicts frames from other frames, or frames consist of two fields of different times.

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.check_codec("nothing.mp4")
    Traceback (most recent call last):
    FileNotFoundError: nothing.mp4: no such file or folder
    """
    from vmm.io import info
    from vmm.io.codecs import codec_warning

    if message := codec_warning(path):
        warnings.warn(message, UserWarning, stacklevel=3)
    if (order := info(path).field_order) not in ("", "progressive"):
        warnings.warn(
            f"the frames are interlaced ({order}): the two fields of a frame are of different times, so that "
            "amplitudes are too small; separate the fields first, for example by ffmpeg -vf bwdif=mode=send_field",
            UserWarning,
            stacklevel=3,
        )


@dataclass
class _Statistics:
    """Statistics of frames, collected while they are read."""

    differences: list[float] = field(default_factory=list)
    count: int = 0
    n_samples: int = 0
    top: float = -math.inf
    at_top: np.ndarray | None = None
    dtype: str = ""
    last: np.ndarray | None = None

    def observe(self, chunks: Iterator[Array]) -> Iterator[Array]:
        """The chunks, unchanged."""
        for chunk in chunks:
            for piece in cut(chunk):
                self._add(to_host(piece))
            yield chunk

    def _add(self, chunk: np.ndarray) -> None:
        signed = chunk.astype(np.float32 if chunk.dtype.kind == "f" else np.int32)
        before = signed[:1] if self.last is None else self.last
        steps = np.abs(np.diff(signed, axis=0, prepend=before)).mean(axis=tuple(range(1, chunk.ndim)))
        self.differences += steps.tolist()
        self.last = signed[-1:]
        largest = chunk.max(axis=3) if chunk.ndim == 4 else chunk
        top = float(largest.max())
        if top > self.top or self.at_top is None:
            self.top, self.at_top = top, np.zeros(largest.shape[1:], int)
        if top == self.top:
            self.at_top += (largest == largest.dtype.type(top)).sum(axis=0)
        self.count, self.n_samples = self.count + len(chunk), self.n_samples + largest.size
        self.dtype = chunk.dtype.name

    def duplicates(self) -> tuple[int, ...]:
        """Frames that equal the frame before, up to a fraction of the usual difference."""
        steps = np.array(self.differences)[1:]
        if len(steps) < N_REFERENCE:
            return ()
        is_equal = steps <= _OPTIONS.max_difference * np.median(steps)
        is_exception = np.median(steps) > 0 and is_equal.mean() <= _OPTIONS.max_duplicates
        return tuple(int(i) + 1 for i in np.flatnonzero(is_equal)) if is_exception else ()

    def saturated(self) -> np.ndarray:
        """Share of the frames in which a pixel (H, W) has the largest value; 0 if that is not the end of a range."""
        if self.at_top is None:
            return np.zeros((0, 0))
        is_uint8 = self.dtype == "uint8"
        is_end = self.top >= 254 if is_uint8 else self.at_top.sum() > _OPTIONS.range_end * self.n_samples
        return self.at_top / max(self.count, 1) * bool(is_end)


def _tile_motion(chunks: Iterator[Array]) -> tuple[np.ndarray | None, Cadence | None]:
    """Motion (T, N) of all tiles over their noise, and the pattern of repeats; None if the clip is too short."""
    try:
        tiles = tile_signals(chunks)
    except ClipTooShortError:
        return None, None
    return tiles.motion.reshape(len(tiles.motion), -1), tiles.cadence


def _reverses(motion: np.ndarray, n: int) -> bool:
    """Whether frame n equals the frame before because the motion (T, N) reverses there."""
    if n == len(motion) - 1:
        return True  # a duplicate at the end of a clip does no harm
    if n < 2:
        return False
    before, after = motion[n - 1] - motion[n - 2], motion[n + 1] - motion[n]
    sizes = float(np.linalg.norm(before) * np.linalg.norm(after))
    return float(before @ after) < _OPTIONS.reversal * sizes


def _frame_messages(duplicates: tuple[int, ...], dropped: tuple[tuple[int, int], ...]) -> Iterator[str]:
    remedy = "cut the clip there, or record it again: every frequency and amplitude across it is wrong"
    if len(duplicates) == 1:
        yield f"frame {duplicates[0]} repeats the frame before it: {remedy}"
    elif duplicates:
        listed = ", ".join(map(str, duplicates[:8])) + (", ..." if len(duplicates) > 8 else "")
        yield f"{len(duplicates)} frames repeat the frame before them, {listed}: {remedy}"
    for frame, number in dropped:
        subject = "a frame is" if number == 1 else f"{number} frames are"
        yield f"{subject} missing near frame {frame}: {remedy}"


def _spacing_message(times: np.ndarray) -> str:
    slowest, fastest = rate_range(times)
    return (
        f"the frames are unevenly spaced in time, from {slowest:.4g} to {fastest:.4g} frames/s: measurements use their "
        "true times, and dropped frames are not searched for"
    )


def _saturation_messages(saturated: np.ndarray) -> Iterator[str]:
    is_saturated = saturated > _OPTIONS.saturated_frames
    if not is_saturated.mean() > _OPTIONS.saturated_pixels:
        return
    rows, cols = (np.flatnonzero(is_saturated.any(axis=axis)) for axis in (1, 0))
    yield (
        f"{int(is_saturated.sum())} pixels ({100 * is_saturated.mean():.1f} %) are saturated, in rows {rows[0]} to "
        f"{rows[-1]} and columns {cols[0]} to {cols[-1]}: the measured motion is too small there; reduce the exposure "
        "or choose other regions"
    )
