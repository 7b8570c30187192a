"""What is wrong with a clip before it is measured: frames that are missing or twice, burnt pixels, too few frames."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array, to_host
from vmm.engine.frames import check_frames, checked, cut
from vmm.measure.gaps import missing
from vmm.measure.lines import LOWEST
from vmm.measure.signals import rate_of_camera
from vmm.measure.tiles import FIRST, tiled

_STILL = 0.1  # of the usual difference between frames, below which a frame repeats the one before
_SEVERAL = (
    0.25  # of all frames; where more repeat the one before, the clip stands still or plays slower than it was taken
)
_BACK = -0.8  # correlation; of noise alone it is -0.5
_BURNT = 1e-3  # of all samples at the top of the range
_OFTEN = 0.01  # of the frames; a pixel that is at the top in more of them is burnt
_MANY = 1e-3  # of the pixels


@dataclass(frozen=True)
class Faults:
    """What is wrong with a clip.

    Attributes
    ----------
    repeated
        Frames that repeat the one before.
    dropped
        (frame, number): about this frame so many are missing, by the phase of the strongest vibration.
    saturated
        (H, W) share of the frames in which a pixel is at the top of the range.
    messages
        One sentence for each fault; empty where none was found.
    """

    repeated: tuple[int, ...]
    dropped: tuple[tuple[int, int], ...]
    saturated: np.ndarray
    messages: tuple[str, ...]


def faults(frames: Any, *, fs: float | None = None, band: tuple[float, float] | None = None) -> Faults:
    """What is wrong with a clip: repeated and dropped frames, saturated pixels, too few frames for a band.

    A repeated frame is one that differs from the one before by less than a tenth of what is usual. Frames are missing
    where the phase of a steady vibration jumps, by what it turns in that many frames; without such a vibration, or for
    a jump that its noise hides, none are found.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks; gone through once.
    fs
        Rate of the camera in Hz; by default that of a stream, else 1.
    band
        (low, high) in Hz that is to be measured.

    Returns
    -------
    Faults

    Raises
    ------
    ValueError
        Where frames are of a wrong shape or not finite, or fs is out of range.
    TypeError
        Where frames are no array, or of a type that cannot be read.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(90, 30, 3.1, 0.3), noise=1.0)
    >>> clip[40] = clip[39]
    >>> vmm.measure.faults(clip, fs=30).messages
    ('frame 40 repeats the one before: ...',)
    """
    rate = rate_of_camera(frames, fs)
    if not is_array(frames) and not isinstance(frames, Iterable):
        check_frames(frames)
    seen = _Seen()
    watched = seen.watch(checked(cut(frames) if is_array(frames) else frames))
    motion = _motion(watched)
    repeated = tuple(n for n in seen.repeated() if motion is None or not _turned(motion, n))
    dropped = missing(motion, repeated) if motion is not None else ()
    saturated = seen.saturated()
    said = [*_said_of_frames(repeated, dropped), *_said_of_light(saturated)]
    if band is not None and (short := too_short(seen.count, rate, band)):
        said.append(short)
    return Faults(repeated, dropped, saturated, tuple(said))


def too_short(count: int, fs: float, band: tuple[float, float]) -> str:
    """A sentence that so many frames are too few for a band; empty where they are enough.

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.too_short(60, 30, (0.4, 3))
    'the clip is too short: 60 frames at 30 Hz hold 0.8 periods of 0.4 Hz and 3 are needed, which take 225 frames'
    """
    periods = count * band[0] / fs
    if periods >= LOWEST:
        return ""
    return (
        f"the clip is too short: {count} frames at {fs:g} Hz hold {periods:.2g} periods of {band[0]:g} Hz and {LOWEST} "
        f"are needed, which take {math.ceil(LOWEST * fs / band[0])} frames"
    )


def check_codec(path: str | Path) -> None:
    """Warn where a file's codec destroys small motion: commands that measure call it.

    Parameters
    ----------
    path
        The file.

    Warns
    -----
    UserWarning
        With what can be expected, for codecs that predict frames from others.

    Raises
    ------
    FileNotFoundError, ValueError
        As in ``vmm.io.info``.

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.check_codec("nothing.mp4")
    Traceback (most recent call last):
    FileNotFoundError: nothing.mp4: no such file or folder
    """
    from vmm.io.codecs import codec_warning

    if said := codec_warning(path):
        warnings.warn(said, UserWarning, stacklevel=2)


@dataclass
class _Seen:
    """What is noted of frames as they pass."""

    differences: list[float] = field(default_factory=list)
    count: int = 0
    samples: int = 0
    top: float = -math.inf
    at_top: np.ndarray | None = None
    kind: str = ""
    last: np.ndarray | None = None

    def watch(self, chunks: Iterator[Array]) -> Iterator[Array]:
        """The chunks, noted."""
        for chunk in chunks:
            for piece in cut(chunk):
                self._note(to_host(piece))
            yield chunk

    def _note(self, chunk: np.ndarray) -> None:
        signed = chunk.astype(np.float32 if chunk.dtype.kind == "f" else np.int32)
        before = signed[:1] if self.last is None else self.last
        steps = np.abs(np.diff(signed, axis=0, prepend=before)).mean(axis=tuple(range(1, chunk.ndim)))
        self.differences += steps.tolist()
        self.last = signed[-1:]
        light = chunk.max(axis=3) if chunk.ndim == 4 else chunk
        top = float(light.max())
        if top > self.top or self.at_top is None:
            self.top, self.at_top = top, np.zeros(light.shape[1:], int)
        if top == self.top:
            self.at_top += (light == light.dtype.type(top)).sum(axis=0)
        self.count, self.samples = self.count + len(chunk), self.samples + light.size
        self.kind = chunk.dtype.name

    def repeated(self) -> tuple[int, ...]:
        """Frames that are as the one before."""
        steps = np.array(self.differences)[1:]
        if len(steps) < FIRST:
            return ()
        same = steps <= _STILL * np.median(steps)
        few = np.median(steps) > 0 and same.mean() <= _SEVERAL
        return tuple(int(i) + 1 for i in np.flatnonzero(same)) if few else ()

    def saturated(self) -> np.ndarray:
        """Share of the frames in which a pixel (H, W) is at the top, 0 where the top is no end of a range."""
        if self.at_top is None:
            return np.zeros((0, 0))
        ends = self.top >= 254 if self.kind == "uint8" else self.at_top.sum() > _BURNT * self.samples
        return self.at_top / max(self.count, 1) * bool(ends)


def _motion(chunks: Iterator[Array]) -> np.ndarray | None:
    """Motion (T, N) of all tiles over their noise; None of a clip too short to tell."""
    try:
        motion = tiled(chunks).motion
    except ValueError as error:
        if "too short" not in str(error):
            raise
        return None
    return motion.reshape(len(motion), -1)


def _turned(motion: np.ndarray, n: int) -> bool:
    """Whether frame n is like the one before because the motion (T, N) turned there: it then runs back as it came."""
    if n == len(motion) - 1:
        return True  # nothing comes behind it that a repetition could spoil
    if n < 2:
        return False
    before, behind = motion[n - 1] - motion[n - 2], motion[n + 1] - motion[n]
    sizes = float(np.linalg.norm(before) * np.linalg.norm(behind))
    return float(before @ behind) < _BACK * sizes


def _said_of_frames(repeated: tuple[int, ...], dropped: tuple[tuple[int, int], ...]) -> Iterator[str]:
    cure = "cut the clip there, or record anew: every frequency and amplitude across it is wrong"
    if len(repeated) == 1:
        yield f"frame {repeated[0]} repeats the one before: {cure}"
    elif repeated:
        yield f"{len(repeated)} frames repeat the one before, {_listed(repeated)}: {cure}"
    for frame, number in dropped:
        lost = "a frame is" if number == 1 else f"{number} frames are"
        yield f"{lost} missing about frame {frame}: {cure}"


def _listed(numbers: tuple[int, ...]) -> str:
    """The first few of them."""
    return ", ".join(map(str, numbers[:8])) + (", ..." if len(numbers) > 8 else "")


def _said_of_light(saturated: np.ndarray) -> Iterator[str]:
    burnt = saturated > _OFTEN
    if not burnt.mean() > _MANY:
        return
    rows, cols = (np.flatnonzero(burnt.any(axis=axis)) for axis in (1, 0))
    yield (
        f"{int(burnt.sum())} pixels ({100 * burnt.mean():.1f} %) are saturated, in rows {rows[0]} to {rows[-1]} and "
        f"columns {cols[0]} to {cols[-1]}: motion there reads too small; expose less or choose other regions"
    )
