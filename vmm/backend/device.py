"""The device: whether there is one, how many frames it works on at a time, and how frames get there and back.

Frames are copied from and to pinned memory on streams of their own, while the device works on others.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from vmm.backend.arrays import Array

PLANS = 256
"""Plans of Fourier transforms that are kept: a pyramid of half octaves and 8 orientations takes some 200."""

BYTES = 128
"""Bytes that a pixel of a frame takes while it is worked on, at most, beside what is kept of the clip."""

ENOUGH = 2**26
"""Pixels worked on at a time from which on a device is no quicker."""

_SHARE = 0.25  # of the free memory that frames at work may take; the filters' memory and the results take more
_LIMIT = 0.9  # of all memory that the pool may take

_here = threading.local()


def require() -> None:
    """Raise unless there is a CUDA device that CuPy can use.

    Raises
    ------
    ImportError
        Where CuPy is missing, or there is no device.
    """
    needed = "an NVIDIA GPU with its driver and CuPy: pip install cupy-cuda12x or cupy-cuda13x"
    try:
        import cupy
    except Exception as error:  # CuPy without what it needs fails in ways of its own
        raise ImportError(f"CuPy cannot be imported ({error}); the GPU needs {needed}") from error
    if not cupy.cuda.is_available():
        raise ImportError(f"CuPy finds no CUDA device; the GPU needs {needed}, or leave the GPU out")


def bound_memory() -> None:
    """Let CuPy's pool grow to a part of the device's memory only; for a process that is our own."""
    import cupy

    cupy.get_default_memory_pool().set_limit(fraction=_LIMIT)


def keep_plans() -> None:
    """Let CuPy keep the plans of all transforms of a pyramid; it holds them for each thread."""
    if not getattr(_here, "kept", False):
        import cupy

        cupy.fft.config.get_plan_cache().set_size(PLANS)
        _here.kept = True


def frames_at_once(pixels: int) -> int:
    """How many frames of so many pixels the current device works on at a time."""
    import cupy

    free, _ = cupy.cuda.runtime.memGetInfo()
    return chunk_length(pixels, free + cupy.get_default_memory_pool().free_bytes())


def chunk_length(pixels: int, free: int) -> int:
    """How many frames of so many pixels are worked on at a time where so many bytes are free; at least one.

    Examples
    --------
    >>> from vmm.backend.device import chunk_length
    >>> chunk_length(1080 * 1920, 2**34), chunk_length(1080 * 1920, 2**37)
    (16, 32)
    """
    room = int(_SHARE * free) // BYTES
    return max(1, min(room, ENOUGH) // max(1, pixels))


@dataclass(frozen=True)
class Lent:
    """Memory of the device as other libraries take it: single precision, in order; kept as long as this lives."""

    array: Array
    device: int
    pointer: int
    shape: tuple[int, ...]


def lend(x: Array) -> Lent:
    """The array for another library."""
    import cupy

    kept = cupy.ascontiguousarray(x, dtype=np.float32)
    return Lent(kept, kept.device.id, kept.data.ptr, kept.shape)


def borrow(pointer: int, shape: tuple[int, ...], owner: Any) -> Array:
    """Memory of another library, single precision, as an array that keeps its owner alive."""
    import cupy

    memory = cupy.cuda.UnownedMemory(pointer, math.prod(shape) * 4, owner)
    return cupy.ndarray(shape, np.float32, cupy.cuda.MemoryPointer(memory, 0))


def wait() -> None:
    """Wait until the device has done what was asked of it."""
    import cupy

    cupy.cuda.get_current_stream().synchronize()


class Ferry:
    """Carries chunks of frames to the device and back, a chunk ahead of the work on either side.

    Attributes
    ----------
    seconds
        What was waited for: "up" and "down", for copies that work did not cover.
    """

    def __init__(self) -> None:
        import cupy

        self._cupy = cupy
        self._up, self._down = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
        self.seconds = {"up": 0.0, "down": 0.0}

    def there(self, chunks: Iterable[np.ndarray]) -> Generator[Array, None, None]:
        """Chunks of the host on the device; the copy of the next one runs while one is in use."""
        rooms = _Rooms()
        ahead: Any = None
        for k, chunk in enumerate(chunks):
            coming = self._sent(chunk, rooms.like(k % 2, chunk))
            if ahead is not None:
                yield self._arrived(*ahead)
            ahead = coming
        if ahead is not None:
            yield self._arrived(*ahead)

    def back(self, chunks: Iterable[Array]) -> Generator[np.ndarray, None, None]:
        """Chunks of the device on the host; each is copied while the device works on the next one."""
        rooms = _Rooms()
        behind: Any = None
        for k, chunk in enumerate(chunks):
            going = self._fetched(chunk, rooms.like(k % 2, chunk))
            if behind is not None:
                yield self._landed(*behind)
            behind = going
        if behind is not None:
            yield self._landed(*behind)

    def _sent(self, chunk: np.ndarray, room: np.ndarray) -> tuple[Array, Any]:
        """An array of the device to which a chunk is on its way, and the event of its arrival."""
        room[...] = chunk  # pinned memory, from which alone a copy runs beside the work
        there = self._cupy.empty(room.shape, room.dtype)
        self._up.wait_event(self._cupy.cuda.get_current_stream().record())  # what had this memory before is done
        there.set(room, stream=self._up)
        return there, self._up.record()

    def _arrived(self, there: Array, event: Any) -> Array:
        """The array, once the copy is done; the room that it came from is free then."""
        self._waited("up", event.synchronize)
        return there

    def _fetched(self, chunk: Array, room: np.ndarray) -> tuple[np.ndarray, Any, Array]:
        """Room on the host to which a chunk is on its way, the event of its arrival, and the chunk."""
        ready = self._cupy.ascontiguousarray(chunk)
        self._down.wait_event(self._cupy.cuda.get_current_stream().record())
        ready.get(stream=self._down, out=room, blocking=False)
        return room, self._down.record(), ready

    def _landed(self, room: np.ndarray, event: Any, _: Array) -> np.ndarray:
        """The chunk in memory of its own, for the room is used again."""
        self._waited("down", event.synchronize)
        return room.copy()

    def _waited(self, which: str, wait: Callable[[], Any]) -> None:
        start = perf_counter()
        wait()
        self.seconds[which] += perf_counter() - start


class _Rooms:
    """Two pieces of pinned memory, used in turns and kept."""

    def __init__(self) -> None:
        self._rooms: list[Any] = [None, None]

    def like(self, k: int, chunk: Any) -> np.ndarray:
        """The k-th, in the shape and type of a chunk."""
        room = self._rooms[k]
        if room is None or room.dtype != chunk.dtype or room.shape[1:] != chunk.shape[1:] or len(room) < len(chunk):
            import cupyx

            room = self._rooms[k] = cupyx.empty_pinned(chunk.shape, chunk.dtype)
        return room[: len(chunk)]
