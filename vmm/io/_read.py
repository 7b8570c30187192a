"""Reading of clips, whole or chunk by chunk."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.luma import LUMA_WEIGHTS
from vmm.io._info import as_path, describe
from vmm.io.chroma import ChromaQueue
from vmm.io.codecs import PREDICTIVE
from vmm.io.coding import Coding, coding_of
from vmm.io.decoding import Pixels, decode, report_missing_end
from vmm.io.limits import readable_errors
from vmm.io.prefetch import prefetch
from vmm.io.selection import select_part
from vmm.io.sources import is_live
from vmm.io.timing import UnevenTimesWarning
from vmm.io.values import maximum_of, white_of_source
from vmm.io.video import Info

_CHUNK_FRAMES = 16
_CHUNK_PIXELS = 2**22
"""Upper bounds of a default chunk, in frames and pixels. Larger chunks take more memory, smaller ones more overhead."""


class Clip:
    """An iterator of chunks of frames, with the properties of the clip as attributes.

    Parameters
    ----------
    open_chunks
        Function that opens the clip and returns an iterator of its chunks.
    shape, dtype, fs, fps, color, times, start, info, key_rate, bits, least_bits
        Attributes, see below.
    chunks
        The iterator that the first pass uses; by default the one that `open_chunks` returns.
    frame_bytes, open_part, open_reduced
        Attributes, see below.

    Attributes
    ----------
    shape
        Shape (T, H, W) or (T, H, W, 3) of the whole clip.
    dtype
        Type of the frames.
    fs
        Camera rate in Hz. If the frames are not evenly spaced in time, it is the rate of the even grid on which they
        lie if frames are missing from one, and the mean rate otherwise.
    fps
        Playback rate in frames per second that belongs to `fs`, exactly as the file states it; None if it states none.
    times
        Times (T,) in seconds of the camera's time at which the frames were taken, counted from the first frame of the
        clip; None if the frames are evenly spaced, so that frame `i` was taken at ``i / fs``.
    start
        Time in seconds of playback from the beginning of the file, where its sound can begin, to the first frame.
    color
        Queue of the chroma planes that belong to the frames of a clip that was opened with ``luma=True``, or None.
    info
        Description of the file, or None if the frames come from elsewhere.
    key_rate
        Key frames per second of the camera's time, if a codec that predicts frames has them at regular intervals; else
        0.
    bits
        Number of significant bits of the values, as the header of the file states it; None if it does not.
    least_bits
        Lower bound of the number of significant bits where `bits` is None.
    frame_bytes
        Bytes (T,) that a codec that predicts frames takes for each frame, more of them the more changes; None for other
        formats.
    open_part
        Function of two indices that opens the frames from the first to before the second, for a quick look: some
        codecs decode them slightly differently from those of the whole clip. None if there is no such function.
    open_reduced
        The same with frames of a smaller size (height, width), its third argument, which the decoder reduces; None if
        no decoder does so.
    white
        Value that is shown white when the clip is written as a video.
    seconds_waited
        Seconds that were spent waiting for frames so far.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np, vmm
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     vmm.io.write(f"{folder}/clip.mkv", np.zeros((6, 32, 48), np.uint8), 30)
    ...     clip = vmm.io.stream(f"{folder}/clip.mkv", chunk=4)
    ...     [chunk.shape for chunk in clip], clip.shape, clip.fs
    ([(4, 32, 48), (2, 32, 48)], (6, 32, 48), 30.0)
    """

    def __init__(
        self,
        open_chunks: Callable[[], Iterator[np.ndarray]],
        shape: tuple[int, ...],
        dtype: Any,
        fs: float,
        fps: Fraction | None,
        color: ChromaQueue | None = None,
        times: np.ndarray | None = None,
        start: float = 0.0,
        info: Info | None = None,
        key_rate: float = 0.0,
        bits: int | None = None,
        least_bits: int = 8,
        chunks: Iterator[np.ndarray] | None = None,
        frame_bytes: np.ndarray | None = None,
        open_part: Callable[[int, int], Iterator[np.ndarray]] | None = None,
        open_reduced: Callable[[int, int, tuple[int, int]], Iterator[np.ndarray]] | None = None,
    ) -> None:
        self._open_chunks, self._chunks = open_chunks, open_chunks() if chunks is None else chunks
        self.shape: tuple[int, ...] = shape
        self.dtype: np.dtype = np.dtype(dtype)
        self.fs: float = fs
        self.fps: Fraction | None = fps
        self.color: ChromaQueue | None = color
        self.times: np.ndarray | None = times
        self.start: float = start
        self.info: Info | None = info
        self.key_rate: float = key_rate
        self.bits: int | None = bits
        self.least_bits: int = least_bits
        self.frame_bytes: np.ndarray | None = frame_bytes
        self.open_part: Callable[[int, int], Iterator[np.ndarray]] | None = open_part
        self.open_reduced: Callable[[int, int, tuple[int, int]], Iterator[np.ndarray]] | None = open_reduced
        self.seconds_waited: float = 0.0

    @property
    def coding(self) -> Coding | None:
        """How a lossy codec codes the frames of the file; None if the frames are lossless or come from elsewhere."""
        return None if self.info is None else coding_of(self.info)

    @cached_property
    def white(self) -> float:
        """Value that is shown white: the largest value of the significant bits, or 1 or 255 of floating-point frames.

        If the header does not state the number of bits, all frames are read once to find their largest value.
        """
        if self.dtype == np.uint8 or self.bits is not None:
            return float(2 ** (self.bits or 8) - 1)
        return white_of_source(maximum_of(self._open_chunks()), self.dtype, self.least_bits)

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        return self._next(self._chunks)

    def with_chunks(
        self,
        open_chunks: Callable[[], Iterator[np.ndarray]],
        shape: tuple[int, ...],
        open_part: Callable[[int, int], Iterator[np.ndarray]] | None = None,
    ) -> Clip:
        """A clip of other chunks of that shape, with the times and rates of this one and without its chroma planes."""
        times: dict[str, Any] = {"times": self.times, "start": self.start, "key_rate": self.key_rate}
        values: dict[str, Any] = {"info": self.info, "bits": self.bits, "least_bits": self.least_bits}
        values["frame_bytes"] = self.frame_bytes if shape[0] == self.shape[0] else None
        return Clip(open_chunks, shape, self.dtype, self.fs, self.fps, **times, **values, open_part=open_part)

    def reopen(self) -> Iterator[np.ndarray]:
        """Open the clip again; yield all chunks from its first frame, independently of the first pass."""
        chunks = self._open_chunks()
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
            self.seconds_waited += perf_counter() - start


@checks_arguments
def stream(
    path: str | Path,
    *,
    fs: float | None = None,
    chunk: int | None = None,
    start: float = 0.0,
    end: float | None = None,
    gray: bool = False,
    luma: bool = False,
    keep_going: bool = False,
    playlists: bool = False,
    network: bool = False,
) -> Clip:
    """Open a clip as an iterator of chunks (n, H, W[, 3]), which a worker thread decodes one chunk in advance.

    Gray video yields gray frames, and video of more than 8 bits yields uint16. Frames are neither dropped nor repeated
    to fit a playback rate.

    A camera is opened as ``"camera:0"``. Its clip ends at `end`, or when its method ``close`` is called, and it can be
    read once only. By default a chunk is one frame. Frames that are taken more slowly than they arrive are dropped and
    counted in the attribute ``dropped`` of the clip.

    Parameters
    ----------
    path
        Path of a video, a folder of images, a TIFF stack, ``.cih``/``.mraw``, ``.cine`` or a Zarr store. Or a camera:
        ``"camera:0"`` is the first camera of this machine, and ``"rtsp://..."`` one on the network.
    fs
        Camera rate in Hz; by default the capture rate in the metadata of the file, or else its playback rate. A camera
        is asked for this rate.
    chunk
        Number of frames per chunk; by default at most 16, with about four million pixels together.
    start, end
        First and last second of the part to read, in the camera's time; by default the whole clip.
    gray
        Whether to read luma only. The luma plane of a video is returned with its values unchanged.
    luma
        Whether to read the luma of 8-bit 4:2:0 video and pass the chroma planes on unchanged: they are kept in the
        clip's ``color``, and ``write(..., color=clip.color)`` writes them with the magnified luma. Has no effect on
        other formats.
    keep_going
        Whether to warn of damaged or missing frames of a video instead of raising an error. Damaged frames then are as
        ffmpeg repairs them, missing ones repeat the frame before, and a missing end is left out.
    playlists
        Whether to read playlists, manifests and concat scripts (``.m3u8``, ``.mpd``, ``.ffconcat``), whatever their
        extension. They name other local files, of which they can make any part of the clip: allow it for files that
        you trust. By default they are refused. A file can never open an address on the network.
    network
        Whether an address on the network (``rtsp://`` or ``rtsps://``) may be opened. By default it is refused.

    Returns
    -------
    Clip
        The opened clip.

    Raises
    ------
    FileNotFoundError
        If there is no file or folder at `path`.
    TypeError
        If `path` is not a path.
    ValueError
        If the file holds no video, or no frames between `start` and `end`; if it states no rate and `fs` is not given;
        if the end of the file is missing; or, during the iteration, if the file is truncated or damaged.
    OSError
        If a camera is missing, in use elsewhere or not allowed, or, during the iteration, if it is disconnected.

    Warns
    -----
    DamageWarning
        If frames are damaged or missing and `keep_going` is True.
    UnevenTimesWarning
        If the frames are not evenly spaced in time; the clip then has their ``times``.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np, vmm
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     vmm.io.write(f"{folder}/clip.mkv", np.zeros((6, 32, 48), np.uint8), 30)
    ...     clip = vmm.io.stream(f"{folder}/clip.mkv", fs=600, chunk=4)
    ...     [chunk.shape for chunk in clip], clip.fs, clip.fps
    ([(4, 32, 48), (2, 32, 48)], 600.0, Fraction(30, 1))
    """
    if is_live(path):
        from vmm.io.live import open_live

        if start:
            raise ValueError(f"start={start:g} must be 0 for a camera, which begins when it is opened")
        return open_live(path, fs=fs, end=end, chunk=1 if chunk is None else chunk, gray=gray, network=network)
    path = as_path(path)
    info, frames = describe(path, playlists=playlists)
    chunk = _chunk_length(chunk, info.shape)
    part = select_part(path, info, fs, start, end)
    if info.missing_end and end is None:
        report_missing_end(path, info, part.seconds, keep_going=keep_going)
    if part.spacing:
        warnings.warn(f"{path}: {part.spacing}", UnevenTimesWarning, stacklevel=3)
    first, stop = part.first, part.stop
    size = (stop - first, *(info.shape[1:3] if gray else info.shape[1:]))
    clip = partial(Clip, dtype=info.dtype, fs=part.fs, fps=part.fps, times=part.times, start=part.start, info=info)
    has_rhythm = info.key_interval and info.codec in PREDICTIVE  # Lossless codecs have key frames too.
    clip = partial(clip, key_rate=part.fs / info.key_interval if has_rhythm else 0.0)
    if frames is not None:
        return clip(
            lambda: _guarded(path, _slices(frames, first, stop, chunk, gray)),
            size,
            bits=frames.bits,
            least_bits=frames.least_bits,
            open_part=lambda a, b: _guarded(path, _slices(frames, first + a, min(first + b, stop), chunk, gray)),
        )

    def open_video(
        pixels: Pixels, a: int = 0, b: int = stop - first, size: tuple[int, int] | None = None
    ) -> Iterator[np.ndarray]:
        limits: dict[str, Any] = {"start": first + a, "stop": min(first + b, stop), "seconds_of": part.seconds}
        how: dict[str, Any] = {"pixels": pixels, "size": size, "is_exact": not a, "keep_going": keep_going}
        return prefetch(_guarded(path, decode(path, info, chunk=chunk, **how, **limits)))

    if luma and ChromaQueue.supports(info):
        color = ChromaQueue(info)
        chunks = color.split(open_video("planes"))
        return clip(lambda: map(color.luma, open_video("planes")), size[:3], color=color, chunks=chunks)
    pixels: Pixels = "gray" if gray else "color"
    bits = None if re.search(r"(16|48|64)(le|be)$", info.pixel_format) else 16  # ffmpeg scales fewer bits to 16.
    sizes = info.timestamps.sizes if info.timestamps is not None and info.codec in PREDICTIVE else None
    return clip(
        lambda: open_video(pixels),
        size,
        bits=8 if info.dtype == "uint8" else bits,
        frame_bytes=None if sizes is None else sizes[first:stop],
        open_part=partial(open_video, pixels),
        open_reduced=lambda a, b, size: open_video(pixels, a, b, size),
    )


@checks_arguments
def read(
    path: str | Path,
    *,
    fs: float | None = None,
    start: float = 0.0,
    end: float | None = None,
    gray: bool = False,
    keep_going: bool = False,
    playlists: bool = False,
    network: bool = False,
) -> tuple[np.ndarray, float]:
    """Read a whole clip as an array (T, H, W[, 3]), and return it with its camera rate.

    Parameters
    ----------
    path, fs, start, end, gray, keep_going, playlists, network
        As in ``stream``. A camera needs an `end`.

    Returns
    -------
    frames : ndarray
        Frames (T, H, W) or (T, H, W, 3) of uint8 or uint16, or of the floating type of a TIFF stack or Zarr store.
    fs : float
        Camera rate in Hz.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        If ``stream`` raises them.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np, vmm
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     vmm.io.write(f"{folder}/clip.mkv", np.zeros((6, 32, 48), np.uint8), 30)
    ...     frames, fs = vmm.io.read(f"{folder}/clip.mkv", start=0.1)
    >>> frames.shape, fs
    ((3, 32, 48), 30.0)
    """
    if is_live(path) and end is None:
        raise ValueError(f"end is missing: the camera {path} does not end by itself, so give a number of seconds")
    how: dict[str, Any] = {"keep_going": keep_going, "playlists": playlists, "network": network}
    clip = stream(path, fs=fs, start=start, end=end, gray=gray, **how)
    frames = np.empty(clip.shape, clip.dtype)
    count = 0
    for chunk in clip:
        frames[count : count + len(chunk)] = chunk
        count += len(chunk)
    return frames[:count], clip.fs


def _chunk_length(chunk: int | None, shape: tuple[int, ...]) -> int:
    """Number of frames per chunk."""
    if chunk is None:
        return max(1, min(_CHUNK_FRAMES, _CHUNK_PIXELS // max(1, shape[1] * shape[2])))
    if chunk < 1:
        raise ValueError(f"chunk={chunk} must be at least 1 frame")
    return chunk


def _guarded(path: Path, chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the chunks; errors of the libraries that read them name the file."""
    with readable_errors(path):
        yield from chunks


def _slices(frames: Any, first: int, stop: int, chunk: int, gray: bool) -> Iterator[np.ndarray]:
    for i in range(first, stop, chunk):
        frames_read = np.asarray(frames[i : min(i + chunk, stop)])
        if gray and frames_read.ndim == 4:
            frames_read = np.rint(frames_read @ np.array(LUMA_WEIGHTS)).astype(frames_read.dtype)
        yield frames_read
