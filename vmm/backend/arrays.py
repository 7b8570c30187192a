"""Array modules and their functions. No other module imports CuPy to find out the type of an array."""

from __future__ import annotations

import math
import threading
from functools import cache
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import scipy.fft
import scipy.ndimage

FFT_PLANS = 256
"""Number of FFT plans that CuPy keeps: a pyramid of half octaves and 8 orientations needs about 200."""

USUAL_RANGE = 2.0**2, 2.0**24
"""Range of the largest value of frames in which they are not scaled: methods compare squares and products of values
with small constants, and they must neither vanish nor overflow in 32 bits."""

USUAL_PEAK = 2.0**8
"""Value to which the largest value of other frames is scaled, up to a factor of 2."""

_thread = threading.local()

Array = Any  # numpy.ndarray or cupy.ndarray; CuPy has no type stubs.


class DeviceArray(Protocol):
    """An array on a device, such as a ``cupy.ndarray``, as far as type checkers need to know it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""

    def __len__(self) -> int: ...

    def get(self) -> np.ndarray:
        """A copy on the host."""


class LazyArray(Protocol):
    """A ``dask.array.Array``, whose elements are computed when they are asked for, as type checkers know it."""

    @property
    def chunks(self) -> tuple[tuple[int, ...], ...]:
        """Lengths of the chunks along each axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""

    def compute(self) -> Any:
        """The elements."""


def on_device(x: object) -> bool:
    """Whether x is a CuPy array. CuPy is not imported by this test."""
    return type(x).__module__.partition(".")[0] == "cupy"


def is_array(x: object) -> bool:
    """Whether x is a NumPy or a CuPy array."""
    return isinstance(x, np.ndarray) or on_device(x)


def namespace(x: Array) -> ModuleType:
    """The array module of x: ``numpy`` or ``cupy``."""
    if on_device(x):
        import cupy

        return cupy
    return np


def ndimage(x: Array) -> ModuleType:
    """The module ``scipy.ndimage`` or ``cupyx.scipy.ndimage``, depending on the type of x."""
    if on_device(x):
        import cupyx.scipy.ndimage

        return cupyx.scipy.ndimage
    return scipy.ndimage


def to_host(x: Array) -> np.ndarray:
    """A NumPy array with the values of x."""
    return x.get() if on_device(x) else np.asarray(x)


def real_dtype(dtype: Any) -> np.dtype:
    """Floating-point type in which arrays of a dtype are processed: float64 for float64, otherwise float32."""
    return np.dtype(np.float64 if np.dtype(dtype).name == "float64" else np.float32)


def scale_factor(peak: float, dtype: np.dtype) -> float:
    """The power of two by which frames with this largest value, greater than 0, are multiplied."""
    low, high = USUAL_RANGE
    if low <= peak <= high:
        return 1.0
    exponent = math.log2(USUAL_PEAK) - math.floor(math.log2(peak))
    return 2.0 ** min(exponent, np.finfo(dtype).maxexp - 8)


def joined(chunks: list[Array]) -> Array:
    """The chunks, concatenated along the first axis."""
    return chunks[0] if len(chunks) == 1 else namespace(chunks[0]).concatenate(chunks)


def fft2(x: Array, *, inverse: bool = False) -> Array:
    """Two-dimensional Fourier transform of complex images (T, h, w), in their precision. x may be overwritten."""
    if (module := _transforms(x)) is not None:
        return module.fft2(x, inverse)
    module, options = _fft(x)
    if module is scipy.fft:
        options["overwrite_x"] = True
    return (module.ifft2 if inverse else module.fft2)(x, **options)


def rfft2(x: Array) -> Array:
    """Fourier transform (T, h, w // 2 + 1) of real images (T, h, w)."""
    if (module := _transforms(x)) is not None:
        return module.rfft2(x)
    module, options = _fft(x)
    return module.rfft2(x, **options)


def irfft2(x: Array, size: tuple[int, int]) -> Array:
    """Real images (T, h, w) of a transform (T, h, w // 2 + 1), with `size` = (h, w)."""
    if (module := _transforms(x)) is not None:
        return module.irfft2(x, size)
    module, options = _fft(x)
    return module.irfft2(x, s=size, **options)


def _fft(x: Array) -> tuple[ModuleType, dict[str, Any]]:
    if on_device(x):
        import cupy

        _enlarge_plan_cache()
        return cupy.fft, {}
    from vmm.backend.threads import idle_cores  # this module imports the present one

    return scipy.fft, {"workers": idle_cores()}


def _enlarge_plan_cache() -> None:
    """Let CuPy keep the plans of all transforms of a pyramid; its cache is one per thread."""
    if not getattr(_thread, "enlarged", False):
        import cupy

        cupy.fft.config.get_plan_cache().set_size(FFT_PLANS)
        _thread.enlarged = True


def _transforms(x: Array) -> ModuleType | None:
    """The transforms of Rocket-FFT, if it is installed and supports the array; they are faster than those of SciPy."""
    return _rocket() if type(x) is np.ndarray and x.dtype.char in "fF" else None


@cache
def _rocket() -> ModuleType | None:
    try:
        from vmm.backend.cpu import fourier
    except ImportError:
        return None
    return fourier


def samples(x: Array, indices: np.ndarray, axis: int) -> Array:
    """Samples of x at indices (...) on the host, which replace an axis."""
    xp = namespace(x)
    return xp.take(x, xp.asarray(indices), axis=axis)
