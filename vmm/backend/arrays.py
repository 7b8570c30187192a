"""Which array module an array belongs to; the only place that knows CuPy exists."""

from __future__ import annotations

import threading
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import scipy.fft
import scipy.ndimage

FFT_PLANS = 256
"""Number of FFT plans that CuPy keeps: a pyramid of half octaves and 8 orientations needs about 200."""

_thread = threading.local()

Array = Any  # numpy.ndarray or cupy.ndarray; NumPy's stubs know nothing of CuPy


def on_device(x: object) -> bool:
    """Whether x is an array of CuPy, which is imported then."""
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
    """``scipy.ndimage`` for the array x, on the device where x lives."""
    if on_device(x):
        import cupyx.scipy.ndimage

        return cupyx.scipy.ndimage
    return scipy.ndimage


def to_host(x: Array) -> np.ndarray:
    """A NumPy array with the values of x."""
    return x.get() if on_device(x) else np.asarray(x)


def real_dtype(dtype: Any) -> np.dtype:
    """The floating type in which arrays of this type are processed: float64 for float64, else float32."""
    return np.dtype(np.float64 if np.dtype(dtype).name == "float64" else np.float32)


def joined(chunks: list[Array]) -> Array:
    """The chunks as one array."""
    return chunks[0] if len(chunks) == 1 else namespace(chunks[0]).concatenate(chunks)


def fft2(x: Array, *, inverse: bool = False) -> Array:
    """Fourier transform of complex images (T, h, w) in their precision; it may take their place."""
    if (own := _transforms(x)) is not None:
        return own.fft2(x, inverse)
    module, options = _fft(x)
    return (module.ifft2 if inverse else module.fft2)(x, **options)


def rfft2(x: Array) -> Array:
    """Fourier transform (T, h, w // 2 + 1) of real images (T, h, w)."""
    if (own := _transforms(x)) is not None:
        return own.rfft2(x)
    return _fft(x)[0].rfft2(x)


def irfft2(x: Array, size: tuple[int, int]) -> Array:
    """Real images (T, h, w) of their transform."""
    if (own := _transforms(x)) is not None:
        return own.irfft2(x, size)
    return _fft(x)[0].irfft2(x, s=size)


def _fft(x: Array) -> tuple[ModuleType, dict[str, Any]]:
    if on_device(x):
        import cupy

        _enlarge_plan_cache()
        return cupy.fft, {}
    return scipy.fft, {"overwrite_x": True}


def _enlarge_plan_cache() -> None:
    """Let CuPy keep the plans of all transforms of a pyramid; its cache is one per thread."""
    if not getattr(_thread, "enlarged", False):
        import cupy

        cupy.fft.config.get_plan_cache().set_size(FFT_PLANS)
        _thread.enlarged = True


def _transforms(x: Array) -> ModuleType | None:
    """Rocket-FFT's transforms where it is installed and takes such arrays: a third faster than SciPy's."""
    return _rocket() if type(x) is np.ndarray and x.dtype.char in "fF" else None


@cache
def _rocket() -> ModuleType | None:
    try:
        from vmm.backend.cpu import fourier
    except ImportError:
        return None
    return fourier
