"""A strict stand-in for CuPy on machines without a CUDA device.

``modules()`` returns modules ``cupy`` and ``cupyx`` that have the functions that the library uses and no others. Their
arrays hold NumPy arrays, which NumPy itself cannot reach. The stand-in raises where CuPy raises: at an implicit
conversion, at an operand on the host, at a function of NumPy. It counts copies and waits in ``transfers``. The module
``host_cuda`` compiles the kernels for the host and runs them there.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import scipy.fft
import scipy.ndimage

from fake_cupy.arrays import (
    UniversalFunction,
    asarray,
    at_pointer,
    make_function,
    ndarray,
    on_device,
    on_host,
    threads,
    transfers,
    work,
)
from fake_cupy.cuda import Pool, cuda_module, fft_config
from fake_cupy.names import FFT, FUNCTIONS, MAKERS, METHODS, NDIMAGE

__all__ = [
    "FFT",
    "FUNCTIONS",
    "MAKERS",
    "METHODS",
    "NDIMAGE",
    "at_pointer",
    "modules",
    "ndarray",
    "on_device",
    "on_host",
    "threads",
    "transfers",
    "work",
]


def modules() -> dict[str, types.ModuleType]:
    """Return the stand-ins for ``cupy``, ``cupyx`` and their submodules, by name."""
    from host_cuda import RawModule

    cupy: Any = types.ModuleType("cupy")
    cupyx: Any = types.ModuleType("cupyx")
    for name, parameters in FUNCTIONS.items():
        setattr(cupy, name, make_function(name, parameters, getattr(np, name)))
    for name, parameters in MAKERS.items():
        setattr(cupy, name, make_function(name, parameters, getattr(np, name), needs_array=False))
    cupy.maximum = UniversalFunction("maximum")
    cupy.asarray, cupy.ndarray, cupy.RawModule = asarray, ndarray, RawModule
    for name in ("bool_", "complex64", "float32", "float64", "int32", "int64", "uint8", "finfo", "dtype", "pi"):
        setattr(cupy, name, getattr(np, name))
    cupy.fft = types.SimpleNamespace(
        **{name: make_function(name, parameters, getattr(scipy.fft, name)) for name, parameters in FFT.items()}
    )
    window = make_function("sliding_window_view", "x window_shape axis", np.lib.stride_tricks.sliding_window_view)
    cupy.lib = types.SimpleNamespace(stride_tricks=types.SimpleNamespace(sliding_window_view=window))
    cupy.cuda, cupy.fft.config, pool = cuda_module(), fft_config(), Pool()
    cupy.get_default_memory_pool = lambda: pool
    cupyx.empty_pinned = lambda shape, dtype: np.empty(shape, dtype)
    cupyx.scipy = types.ModuleType("cupyx.scipy")
    cupyx.scipy.ndimage = types.ModuleType("cupyx.scipy.ndimage")
    for name, parameters in NDIMAGE.items():
        setattr(cupyx.scipy.ndimage, name, make_function(name, parameters, getattr(scipy.ndimage, name)))
    return {"cupy": cupy, "cupyx": cupyx, "cupyx.scipy": cupyx.scipy, "cupyx.scipy.ndimage": cupyx.scipy.ndimage}
