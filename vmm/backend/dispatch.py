"""Choice of the compiled kernel that replaces a reference kernel: by the type of the array, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from vmm.backend.arrays import on_device

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

SINGLE = "fF"  # type codes of float32 and complex64, which most compiled kernels accept
FRAMES = "BHf"  # type codes of uint8, uint16 and float32, which kernels on frames accept
_reference_only: ContextVar[bool] = ContextVar("reference_only", default=False)


def fast(kernel: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Decorate a reference kernel: a compiled kernel of the same name replaces it on single-precision arrays.

    The first argument decides. The reference kernel remains available as ``kernel.plain``.
    """
    return _dispatched(kernel, SINGLE)


def fast_on_frames(kernel: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Decorate a reference kernel whose first argument holds frames of type uint8, uint16 or float32."""
    return _dispatched(kernel, FRAMES)


def _dispatched(kernel: Callable[_Parameters, _Result], types: str) -> Callable[_Parameters, _Result]:
    @wraps(kernel)
    def dispatch(*arguments: Any, **options: Any) -> Any:
        return (compiled(kernel.__name__, arguments[0], types) or kernel)(*arguments, **options)

    dispatch.plain = kernel  # type: ignore[attr-defined]
    return dispatch


def compiled(name: str, x: Any, types: str = SINGLE) -> Callable[..., Any] | None:
    """Look up the compiled kernel of this name for the array x; None if there is none."""
    if not compiled_for(x, types):
        return None
    if type(x) is np.ndarray:
        from vmm.backend import cpu

        return getattr(cpu, name, None)
    from vmm.backend import gpu

    return getattr(gpu, name, None)


def compiled_for(x: Any, types: str = SINGLE) -> bool:
    """Whether compiled kernels accept the array x."""
    if not (type(x) is np.ndarray or on_device(x)):
        return False
    return x.dtype.char in types and x.dtype.isnative and x.size > 0 and not _reference_only.get()


@contextmanager
def reference_kernels() -> Iterator[None]:
    """Use the reference kernels only, in this thread and in the worker threads that it starts, for comparisons."""
    token = _reference_only.set(True)
    try:
        yield
    finally:
        _reference_only.reset(token)
