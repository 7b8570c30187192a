"""Kinds of clips, checks of frames, and the number of frames that are processed at a time."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from vmm.backend.arrays import Array, DeviceArray, LazyArray, is_array, joined, namespace, on_device, real_dtype
from vmm.backend.device import frames_at_once
from vmm.backend.progress import reported
from vmm.backend.threads import cores
from vmm.engine.blocks import Blocks, is_lazy
from vmm.engine.scaling import Scaling

PIXELS_PER_BLOCK = 2**22
"""Pixels that are processed at a time: filter states and gathered motion are read once for all of them."""

PIXELS_PER_BLOCK_CACHED = 2**21
"""The same for transforms with many coefficients for each pixel: intermediate results stay in the cache."""

PIXELS_PER_GROUP, FRAMES_PER_GROUP = 2**20, 8
"""Smallest number of pixels, and number of frames up to `PIXELS_PER_BLOCK`, that two passes over a window process at a
time. More frames take more memory, and fewer of them more time: gathered motion of many values for each coefficient is
read and written once for all of them."""

Frames = TypeVar(
    "Frames",
    NDArray[Any],
    DeviceArray,
    LazyArray,
    list[NDArray[Any]],
    tuple[NDArray[Any], float],
    Iterator[NDArray[Any]],
)
"""A clip that a magnifier takes and returns in the same form: an array (T, H, W[, 3]) on the host or on a device, a
list of frames, a pair (array, fs) as ``vmm.io.read`` returns it, an iterator of chunks, or a dask array."""

ArrayOut = TypeVar("ArrayOut", NDArray[Any], DeviceArray)
"""An array that a function takes and returns on the host or on a device."""

FramesLike: TypeAlias = NDArray[Any] | DeviceArray | LazyArray | tuple[NDArray[Any], float] | Iterable[NDArray[Any]]
"""A clip that a function only reads, in any of these forms."""


def as_frames(frames: Any) -> Any:
    """The clip as an array (T, H, W[, 3]) or as an iterable of chunks.

    Raises
    ------
    TypeError
        If `frames` is neither of them, and cannot be converted without a doubt about its meaning.
    ValueError
        If an array has another shape, or the frames of a list differ in size.
    """
    if isinstance(frames, str | os.PathLike):
        path = os.fspath(frames)
        raise TypeError(f"frames={path!r} is a path: open it with vmm.io.stream({path!r})")
    if is_pair(frames):
        frames = frames[0]
    if isinstance(frames, list | tuple) and frames and all(map(_is_frame, frames)):
        frames = _stacked(frames)
    if is_lazy(frames):
        check_kind(frames)
        return Blocks(frames)
    if is_array(frames) or hasattr(frames, "__array__") or not isinstance(frames, Iterable):
        check_frames(frames)
        return _plain(frames)
    return frames


def as_array(frames: Any) -> Array:
    """All frames of a clip as one array (T, H, W[, 3])."""
    clip = as_frames(frames)
    chunks = [chunk for chunk in checked([clip] if is_array(clip) else clip) if len(chunk)]
    if not chunks:
        raise ValueError("frames holds no frame: give at least one")
    return joined(chunks)


def is_pair(frames: object) -> bool:
    """Whether a clip is a pair (array, fs), as ``vmm.io.read`` returns it."""
    return isinstance(frames, tuple) and len(frames) == 2 and is_array(frames[0]) and np.ndim(frames[1]) == 0


def in_form_of(frames: Frames, magnified: Callable[[Any], Iterator[Array]], *, is_scaled: bool = True) -> Frames:
    """The chunks that ``magnified(clip)`` yields for an array or an iterable of chunks, in the form of `frames`.

    If `is_scaled` is true, floating-point clips of very small or large values are scaled for it.
    """
    if is_lazy(frames):
        raise TypeError(
            "frames is a dask array, but this method needs its frames one after another: give "
            "(block.compute() for block in frames.blocks), which holds one block at a time, or frames.compute()"
        )
    clip = as_frames(frames)
    scaling = Scaling(clip, is_fixed=not is_scaled)
    result: Any = reported(scaling.inverse(magnified(scaling.applied())), number_of_frames(clip))
    if is_array(clip):
        # The result has the byte order of the frames of the caller.
        source: Any = frames[0] if isinstance(frames, list | tuple) else frames
        result = _filled(namespace(clip).empty_like(clip, dtype=source.dtype), result)
    if isinstance(frames, list):
        result = list(result)
    elif isinstance(frames, tuple) and is_pair(frames):
        result = result, frames[1]
    return result


def number_of_frames(clip: Any) -> int | None:
    """Number of frames of an array or an iterable of chunks; None if it does not state it."""
    return clip.shape[0] if hasattr(clip, "shape") else None


def _filled(out: Array, chunks: Iterable[Array]) -> Array:
    """The array `out`, filled with the frames of consecutive chunks."""
    count = 0
    for chunk in chunks:
        out[count : count + len(chunk)] = chunk
        count += len(chunk)
    return out


def _is_frame(x: Any) -> bool:
    """Whether x is one frame, (H, W) or (H, W, 3)."""
    return is_array(x) and (x.ndim == 2 or (x.ndim == 3 and x.shape[2] == 3))


def _stacked(frames: list[Array] | tuple[Array, ...]) -> Array:
    """The frames of a list as an array (T, H, W[, 3])."""
    kinds = {(frame.shape, frame.dtype.name): None for frame in frames}
    if len(kinds) > 1:
        listed = ", ".join(f"{shape} {dtype}" for shape, dtype in kinds)
        raise ValueError(f"frames is a list of frames of {listed}: all must have one shape and dtype")
    for frame in frames:
        _check_unmasked(frame)
    return namespace(frames[0]).stack(frames)


def check_frames(frames: Any) -> None:
    """Raise if frames are not an array (T, H, W) or (T, H, W, 3) of a supported type."""
    _check_unmasked(frames)
    if not is_array(frames):
        hint = ": convert it with numpy.asarray" if hasattr(frames, "__array__") else ""
        raise TypeError(
            f"frames must be a NumPy or CuPy array or an iterator of such chunks, not {type(frames).__name__}{hint}"
        )
    check_kind(frames)


def check_kind(frames: Any) -> None:
    """Raise if the shape or the dtype of an array is not one of frames."""
    if frames.ndim not in (3, 4) or (frames.ndim == 4 and frames.shape[3] != 3):
        raise ValueError(f"frames of shape {frames.shape} must be (T, H, W) or (T, H, W, 3): time first, gray or color")
    if any(length != length for length in frames.shape):  # The shape of some dask arrays is NaN.
        raise ValueError("frames has an unknown shape: call frames.compute_chunk_sizes() first")
    if min(frames.shape[1:3]) < 1:
        raise ValueError(f"frames of shape {frames.shape} hold no pixels: give frames with at least one row and column")
    if frames.dtype.name not in ("uint8", "uint16", "float16", "float32", "float64"):
        raise TypeError(
            f"frames of type {frames.dtype} must be uint8, uint16, float16, float32 or float64: convert them first"
        )


def _check_unmasked(frames: Any) -> None:
    """Raise if frames are a masked array, whose mask no method takes into account."""
    if isinstance(frames, np.ma.MaskedArray):
        raise TypeError("frames is a masked array: fill its masked values first, with frames.filled(value)")


def _plain(frames: Array) -> Array:
    """The array as compiled kernels take it: of no subclass, such as ``numpy.memmap``, and in the native byte order."""
    return np.asarray(frames, frames.dtype.newbyteorder("=")) if isinstance(frames, np.ndarray) else frames


def checked(chunks: Iterable[Any]) -> Iterator[Array]:
    """The chunks, after a check that each holds frames, all of one size and type."""
    kind = None
    for chunk in chunks:
        check_frames(chunk)
        if kind not in (None, (chunk.shape[1:], chunk.dtype)):
            raise ValueError(f"a chunk of frames {chunk.shape[1:]} {chunk.dtype} came after chunks of {kind}")
        kind = (chunk.shape[1:], chunk.dtype)
        if chunk.dtype.kind == "f" and not bool(namespace(chunk).isfinite(chunk).all()):
            raise ValueError("frames hold NaN or infinite values: replace them first, because one spoils a whole frame")
        yield _plain(chunk)


def moving(chunks: Iterable[Any]) -> Iterator[Array]:
    """The chunks of a clip after the checks of ``checked``, the first of them with at least 2 frames.

    Raises
    ------
    ValueError
        If the clip has fewer than 2 frames.
    """
    count = 0
    held: Array | None = None
    for chunk in checked(chunks):
        count += len(chunk)
        if count < 2:
            held = chunk if len(chunk) else held  # a single frame waits for the second
        elif len(chunk):
            yield chunk if held is None else namespace(chunk).concatenate([held, chunk])
            held = None
    check_length(count)


def check_length(count: int) -> None:
    """Raise if a clip of this number of frames is too short to show motion."""
    if count < 2:
        hint = "; chunks and clips of vmm.io.stream can be read once, so open the file again" if count == 0 else ""
        raise ValueError(
            f"a clip of {count} frame{'s' * (count != 1)} has no motion: at least 2 frames are needed{hint}"
        )


def to_float(chunk: Array) -> Array:
    """The chunk in floating point, with the same values."""
    return chunk.astype(real_dtype(chunk.dtype), copy=False)


def cut(frames: Array, pixels: int = PIXELS_PER_BLOCK) -> Iterator[Array]:
    """Views of consecutive frames, with about `pixels` pixels each, but at least one frame for each core."""
    n = _frames_per_block(frames, pixels)
    return (frames[i : i + n] for i in range(0, len(frames), n))


def grouped(chunks: Iterable[Array]) -> Iterator[Array]:
    """The frames of chunks, joined and cut into groups of ``FRAMES_PER_GROUP`` frames, or more if they are small.

    The groups do not depend on the chunks, so that sums over them are the same to the last bit.
    """
    pending: list[Array] = []
    count = 0  # of the frames that are pending
    for chunk in chunks:
        of_frame = math.prod(chunk.shape[1:3])
        n = _frames_per_block(chunk, max(PIXELS_PER_GROUP, min(FRAMES_PER_GROUP * of_frame, PIXELS_PER_BLOCK)))
        done = 0
        while done < len(chunk):
            pending.append(chunk[done : done + n - count])
            done, count = done + len(pending[-1]), count + len(pending[-1])
            if count == n:
                yield joined(pending)
                pending, count = [], 0
    if pending:
        yield joined(pending)


def _frames_per_block(frames: Array, pixels: int) -> int:
    """Number of frames in a block."""
    size = max(1, math.prod(frames.shape[1:3]))
    return frames_at_once(size) if on_device(frames) else max(cores(), pixels // size)
