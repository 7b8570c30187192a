"""Which array module an array belongs to; the only place that knows CuPy exists."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import scipy.fft
import scipy.ndimage

Array = Any  # numpy.ndarray or cupy.ndarray; NumPy's stubs know nothing of CuPy


def is_array(x: object) -> bool:
    """Whether x is a NumPy or a CuPy array."""
    return isinstance(x, np.ndarray) or _on_gpu(x)


def namespace(x: Array) -> ModuleType:
    """The array module of x: ``numpy`` or ``cupy``."""
    if _on_gpu(x):
        import cupy

        return cupy
    return np


def ndimage(x: Array) -> ModuleType:
    """``scipy.ndimage`` for the array x, on the device where x lives."""
    if _on_gpu(x):
        import cupyx.scipy.ndimage

        return cupyx.scipy.ndimage
    return scipy.ndimage


def to_host(x: Array) -> np.ndarray:
    """A NumPy array with the values of x."""
    return x.get() if _on_gpu(x) else np.asarray(x)


def real_dtype(dtype: Any) -> np.dtype:
    """The floating type in which arrays of this type are processed: float64 for float64, else float32."""
    return np.dtype(np.float64 if np.dtype(dtype).name == "float64" else np.float32)


def fft2(x: Array, *, inverse: bool = False, workers: int = 1) -> Array:
    """Fourier transform over the last two axes, in the precision of x, on so many cores."""
    if _on_gpu(x):
        import cupy

        return cupy.fft.ifft2(x) if inverse else cupy.fft.fft2(x)
    transform = scipy.fft.ifft2 if inverse else scipy.fft.fft2
    return transform(x, workers=workers)


def _on_gpu(x: object) -> bool:
    return type(x).__module__.partition(".")[0] == "cupy"  # then cupy is imported already
