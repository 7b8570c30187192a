"""Clips read whole or chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from vmm.backend.checks import check_fs
from vmm.backend.luma import LUMA_WEIGHTS
from vmm.io import video
from vmm.io.ahead import ahead
from vmm.io.colour import Colour
from vmm.io.info import source_of


class Clip:
    """An iterator of chunks of frames that carries what the methods need to know.

    Attributes
    ----------
    shape
        (T, H, W) or (T, H, W, 3) of the whole clip.
    dtype
        Type of the frames.
    fs
        Rate in Hz at which the camera took the frames.
    rate
        Rate at which the file plays, exactly; None where it states none.
    colour
        The colour planes that go with frames of luma, or None.
    waited
        Seconds that were spent waiting for frames.
    """

    def __init__(
        self,
        opened: Callable[[], Iterator[np.ndarray]],
        shape: tuple[int, ...],
        dtype: Any,
        fs: float,
        rate: Fraction | None,
        colour: Colour | None = None,
        chunks: Iterator[np.ndarray] | None = None,
    ) -> None:
        self._opened, self._chunks = opened, opened() if chunks is None else chunks
        self.shape, self.dtype, self.fs, self.rate, self.colour = shape, np.dtype(dtype), fs, rate, colour
        self.waited = 0.0

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        return self._next(self._chunks)

    def reopen(self) -> Iterator[np.ndarray]:
        """All chunks once more, from the file's beginning."""
        chunks = self._opened()
        try:
            while True:
                yield self._next(chunks)
        except StopIteration:
            return

    def _next(self, chunks: Iterator[np.ndarray]) -> np.ndarray:
        start = perf_counter()
        try:
            return next(chunks)
        finally:
            self.waited += perf_counter() - start


def stream(
    path: str | Path,
    *,
    fs: float | None = None,
    chunk: int | None = None,
    start: float = 0.0,
    end: float | None = None,
    grey: bool = False,
    luma: bool = False,
) -> Clip:
    """A clip as an iterator of chunks (n, H, W[, 3]), decoded in the background, a chunk ahead.

    Grey stays grey and more than 8 bits become uint16; frames are neither dropped nor repeated to fit a rate.

    Parameters
    ----------
    path
        A video, a folder of images, a TIFF stack, ``.cih``/``.mraw`` or ``.cine``.
    fs
        Rate in Hz at which the camera took the frames; by default that which the file states.
    chunk
        Frames in a chunk; by default about four million pixels of them, but at most 16.
    start, end
        Part of the clip to read, in seconds of the camera's time.
    grey
        Read brightness alone; of a video with a luma plane that plane, its values as they are.
    luma
        Where the video holds luma and colour apart (8 bits, 4:2:0), read the luma; the colour planes wait in the
        clip's ``colour`` for ``write(..., colour=clip.colour)``, which joins them again untouched. Else as without.

    Returns
    -------
    Clip

    Raises
    ------
    FileNotFoundError
        Where nothing is there.
    ValueError
        Where it holds no video, states no rate and no `fs` is given, or holds no frames between start and end; while
        reading, where the file ends before it should.

    Examples
    --------
    >>> import vmm
    >>> vmm.io.stream("nothing.mp4")
    Traceback (most recent call last):
    FileNotFoundError: nothing.mp4: no such file or folder
    """
    path = Path(path)
    source = source_of(path)
    if source is video:
        found = video.probe(path)
        shape, dtype, rate = found.shape, found.dtype, found.rate
    else:
        frames, rate, _ = source.opened(path)
        shape, dtype = frames.shape, frames.dtype
    if chunk is None:
        chunk = max(1, min(16, 2**22 // max(1, shape[1] * shape[2])))
    if chunk < 1:
        raise ValueError(f"chunk={chunk} must be at least 1 frame")
    if fs is None and rate is None:
        raise ValueError(f"{path} states no frame rate: give fs (--fs), the rate in Hz at which the camera took it")
    true = check_fs(rate if fs is None else fs)  # type: ignore[arg-type]
    first, last = _range(path, start, end, true, shape[0])
    plane = shape[1:3] if grey else shape[1:]
    if source is not video:
        return Clip(lambda: _sliced(frames, first, last, chunk, grey), (last - first, *plane), dtype, true, rate)
    decoded = partial(video.decoded, path, found, chunk=chunk, start=first, stop=last)
    if luma and Colour.fits(found):
        colour = Colour(found)
        chunks = colour.kept(ahead(decoded(pixels="planes")))
        size = last - first, *shape[1:3]
        return Clip(lambda: map(colour.luma, ahead(decoded(pixels="planes"))), size, dtype, true, rate, colour, chunks)
    pixels = "grey" if grey else "colour"
    return Clip(lambda: ahead(decoded(pixels=pixels)), (last - first, *plane), dtype, true, rate)


def read(
    path: str | Path, *, fs: float | None = None, start: float = 0.0, end: float | None = None, grey: bool = False
) -> tuple[np.ndarray, float]:
    """A whole clip as an array (T, H, W[, 3]), and the rate of its camera in Hz.

    Parameters
    ----------
    path, fs, start, end, grey
        As in ``stream``.

    Returns
    -------
    frames : ndarray
        uint8 or uint16.
    fs : float
        Rate in Hz.

    Raises
    ------
    FileNotFoundError, ValueError
        As in ``stream``.

    Examples
    --------
    >>> import vmm
    >>> vmm.io.read("nothing.mp4")
    Traceback (most recent call last):
    FileNotFoundError: nothing.mp4: no such file or folder
    """
    clip = stream(path, fs=fs, start=start, end=end, grey=grey)
    frames = np.empty(clip.shape, clip.dtype)
    done = 0
    for chunk in clip:
        frames[done : done + len(chunk)] = chunk
        done += len(chunk)
    return frames[:done], clip.fs


def _range(path: Path, start: float, end: float | None, fs: float, count: int) -> tuple[int, int]:
    """First frame and the one after the last."""
    if not (np.isfinite(start) and (end is None or np.isfinite(end))):
        raise ValueError(f"start={start} and end={end} must be finite numbers of seconds")
    first = round(start * fs)
    last = count if end is None else min(round(end * fs), count)
    if first < 0 or last <= first:
        raise ValueError(f"{path}: no frames from start={start} to end={end} s; the clip lasts {count / fs:.3f} s")
    return first, last


def _sliced(frames: Any, first: int, last: int, chunk: int, grey: bool) -> Iterator[np.ndarray]:
    for i in range(first, last, chunk):
        piece = np.asarray(frames[i : min(i + chunk, last)])
        if grey and piece.ndim == 4:
            piece = np.rint(piece @ np.array(LUMA_WEIGHTS)).astype(piece.dtype)
        yield piece
