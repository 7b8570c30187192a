"""Clips read whole or chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vmm.io import video
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
    """

    def __init__(
        self, chunks: Iterator[np.ndarray], shape: tuple[int, ...], dtype: Any, fs: float, rate: Fraction | None
    ) -> None:
        self._chunks = chunks
        self.shape, self.dtype, self.fs, self.rate = shape, np.dtype(dtype), fs, rate

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        return next(self._chunks)


def stream(
    path: str | Path,
    *,
    fs: float | None = None,
    chunk: int = 16,
    start: float = 0.0,
    end: float | None = None,
    grey: bool = False,
) -> Clip:
    """A clip as an iterator of chunks (n, H, W[, 3]), decoded as they are asked for.

    Grey stays grey and more than 8 bits become uint16; frames are neither dropped nor repeated to fit a rate.

    Parameters
    ----------
    path
        A video, a folder of images, a TIFF stack, ``.cih``/``.mraw`` or ``.cine``.
    fs
        Rate in Hz at which the camera took the frames; by default that which the file states.
    chunk
        Frames in a chunk.
    start, end
        Part of the clip to read, in seconds of the camera's time.
    grey
        Read brightness alone; of a video with a luma plane that plane, its values as they are.

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
    if chunk < 1:
        raise ValueError(f"chunk={chunk} must be at least 1 frame")
    if source is video:
        found = video.probe(path)
        shape, dtype, rate = found.shape, found.dtype, found.rate
    else:
        frames, rate, _ = source.opened(path)
        shape, dtype = frames.shape, frames.dtype
    if fs is None and rate is None:
        raise ValueError(f"{path} states no frame rate: give fs (--fs), the rate in Hz at which the camera took it")
    true = float(rate if fs is None else fs)  # type: ignore[arg-type]
    if not (true > 0 and np.isfinite(true)):
        raise ValueError(f"fs={fs!r} must be a positive number: the rate in Hz at which the camera took the frames")
    first, last = _range(path, start, end, true, shape[0])
    if source is video:
        chunks = video.decoded(path, found, chunk=chunk, grey=grey, start=first, stop=last)
    else:
        chunks = _sliced(frames, first, last, chunk, grey)
    plane = shape[1:3] if grey else shape[1:]
    return Clip(chunks, (last - first, *plane), dtype, true, rate)


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
            piece = np.rint(piece @ np.array([0.299, 0.587, 0.114])).astype(piece.dtype)
        yield piece
