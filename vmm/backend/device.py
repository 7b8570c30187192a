"""The GPU: its availability, the number of frames it processes at once, and the copies of frames to it and back.

Frames are copied between pinned host memory and the device on separate CUDA streams, while the device processes other
frames.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from vmm.backend.arrays import Array

BYTES_PER_PIXEL = 128
"""Upper bound of the temporary memory in bytes for each pixel of the frames that are processed at once."""

MAX_PIXELS = 2**26
"""Largest number of pixels that are processed at once: above it, a device is not faster."""

_FREE_FRACTION = 0.25
"""Fraction of the free memory for temporary arrays; filter states and results need the rest."""

_POOL_FRACTION = 0.9
"""Fraction of the device memory that CuPy's pool may use; the rest is left to other libraries and to the display."""


def require() -> None:
    """Check that there is a CUDA device that CuPy can use.

    Raises
    ------
    ImportError
        If CuPy cannot be imported, or if it finds no device.
    """
    requirements = "an NVIDIA GPU with its driver, and CuPy: pip install cupy-cuda12x, or cupy-cuda13x for CUDA 13"
    try:
        import cupy
    except Exception as error:  # Without its libraries, CuPy fails with several kinds of errors.
        raise ImportError(f"CuPy cannot be imported ({error}); the GPU needs {requirements}") from error
    if not cupy.cuda.is_available():
        raise ImportError(f"CuPy finds no CUDA device; the GPU needs {requirements}; or run without the GPU")


def device_name() -> str:
    """Name of the CUDA device; raise ImportError if there is none."""
    require()
    import cupy

    name: bytes = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"]
    return name.decode()


def bound_memory() -> None:
    """Limit CuPy's memory pool to a fraction of the device memory. Only processes of this package call it."""
    import cupy

    cupy.get_default_memory_pool().set_limit(fraction=_POOL_FRACTION)


def frames_at_once(pixels: int) -> int:
    """Number of frames of `pixels` pixels that the current device processes at once."""
    import cupy

    free, _ = cupy.cuda.runtime.memGetInfo()
    return chunk_length(pixels, free + cupy.get_default_memory_pool().free_bytes())


def chunk_length(pixels: int, free: int) -> int:
    """Number of frames of `pixels` pixels that are processed at once with `free` bytes of free memory; at least one.

    Examples
    --------
    >>> from vmm.backend.device import chunk_length
    >>> chunk_length(1080 * 1920, 2**34), chunk_length(1080 * 1920, 2**37)
    (16, 32)
    """
    room = int(_FREE_FRACTION * free) // BYTES_PER_PIXEL
    return max(1, min(room, MAX_PIXELS) // max(1, pixels))


@dataclass(frozen=True)
class Lent:
    """Contiguous device memory in single precision, for other libraries; it stays allocated while this object lives."""

    array: Array
    device: int
    pointer: int
    shape: tuple[int, ...]


def lend(x: Array) -> Lent:
    """The memory of an array, for another library."""
    import cupy

    array = cupy.ascontiguousarray(x, dtype=np.float32)
    return Lent(array, array.device.id, array.data.ptr, array.shape)


def borrow(pointer: int, shape: tuple[int, ...], owner: Any) -> Array:
    """An array on the single-precision memory of another library; it keeps a reference to the owner."""
    import cupy

    memory = cupy.cuda.UnownedMemory(pointer, math.prod(shape) * 4, owner)
    return cupy.ndarray(shape, np.float32, cupy.cuda.MemoryPointer(memory, 0))


def wait() -> None:
    """Wait until the device has finished all work of the current stream."""
    import cupy

    cupy.cuda.get_current_stream().synchronize()


class Transfer:
    """Copies chunks of frames to the device and back, each while the device processes another chunk.

    Attributes
    ----------
    seconds
        Seconds spent waiting for copies in each direction, "up" to the device and "down" to the host.
    """

    def __init__(self) -> None:
        import cupy

        self._cupy = cupy
        self._up, self._down = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
        self.seconds: dict[str, float] = {"up": 0.0, "down": 0.0}

    def to_device(self, chunks: Iterable[np.ndarray]) -> Generator[Array, None, None]:
        """Yield the chunks on the device; the next chunk is copied while the current one is in use."""
        buffers = _PinnedBuffers()
        previous: Any = None
        for k, chunk in enumerate(chunks):
            current = self._start_upload(chunk, buffers.like(k % 2, chunk))
            if previous is not None:
                yield self._finish_upload(*previous)
            previous = current
        if previous is not None:
            yield self._finish_upload(*previous)

    def to_host(self, chunks: Iterable[Array]) -> Generator[np.ndarray, None, None]:
        """Yield the chunks on the host; each is copied while the device computes the next one."""
        buffers = _PinnedBuffers()
        previous: Any = None
        for k, chunk in enumerate(chunks):
            current = self._start_download(chunk, buffers.like(k % 2, chunk))
            if previous is not None:
                yield self._finish_download(*previous)
            previous = current
        if previous is not None:
            yield self._finish_download(*previous)

    def _start_upload(self, chunk: np.ndarray, buffer: np.ndarray) -> tuple[Array, Any]:
        """Start to copy a chunk; return the array on the device, and the event that marks the end of the copy."""
        buffer[...] = chunk  # Only copies from pinned memory run concurrently with kernels.
        array = self._cupy.empty(buffer.shape, buffer.dtype)
        # The pool may return memory that kernels in the current stream still use.
        self._up.wait_event(self._cupy.cuda.get_current_stream().record())
        array.set(buffer, stream=self._up)
        return array, self._up.record()

    def _finish_upload(self, array: Array, event: Any) -> Array:
        """The array, after its copy has finished; its buffer may then be reused."""
        self._measure_wait("up", event.synchronize)
        return array

    def _start_download(self, chunk: Array, buffer: np.ndarray) -> tuple[np.ndarray, Any, Array]:
        """Start to copy a chunk; return the buffer on the host, the event of the copy's end, and the chunk."""
        array = self._cupy.ascontiguousarray(chunk)
        self._down.wait_event(self._cupy.cuda.get_current_stream().record())
        array.get(stream=self._down, out=buffer, blocking=False)
        return buffer, self._down.record(), array

    def _finish_download(self, buffer: np.ndarray, event: Any, _: Array) -> np.ndarray:
        """A copy of the buffer, which is reused for another chunk."""
        self._measure_wait("down", event.synchronize)
        return buffer.copy()

    def _measure_wait(self, direction: str, wait: Callable[[], Any]) -> None:
        start = perf_counter()
        wait()
        self.seconds[direction] += perf_counter() - start


class _PinnedBuffers:
    """Two buffers of pinned host memory, which are used alternately."""

    def __init__(self) -> None:
        self._buffers: list[Any] = [None, None]

    def like(self, k: int, chunk: Any) -> np.ndarray:
        """Buffer k, with the shape and dtype of the chunk."""
        buffer = self._buffers[k]
        fits = buffer is not None and (buffer.dtype, buffer.shape[1:]) == (chunk.dtype, chunk.shape[1:])
        if not fits or len(buffer) < len(chunk):
            import cupyx

            buffer = self._buffers[k] = cupyx.empty_pinned(chunk.shape, chunk.dtype)
        return buffer[: len(chunk)]
