"""Compiled kernels behind the names of the plain ones."""

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

SINGLE = "fF"  # type codes of float32 and complex64
FRAMES = "BHf"  # and of frames that become float32
_plain: ContextVar[bool] = ContextVar("plain", default=False)


def fast(kernel: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """The kernel, by its compiled form of the same name where there is one and its first array is single precision."""
    return _faster(kernel, SINGLE)


def fast_on_frames(kernel: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """The same for a kernel whose first array holds frames, of 8 or 16 bits or single precision."""
    return _faster(kernel, FRAMES)


def _faster(kernel: Callable[_Parameters, _Result], types: str) -> Callable[_Parameters, _Result]:
    @wraps(kernel)
    def fastest(*arguments: Any, **options: Any) -> Any:
        return (compiled(kernel.__name__, arguments[0], types) or kernel)(*arguments, **options)

    fastest.plain = kernel  # type: ignore[attr-defined]
    return fastest


def compiled(name: str, x: Any, types: str = SINGLE) -> Callable[..., Any] | None:
    """The compiled kernel of that name that takes this array, or None."""
    if not compiled_for(x, types):
        return None
    if type(x) is np.ndarray:
        from vmm.backend import cpu

        return getattr(cpu, name, None)
    from vmm.backend import gpu

    return getattr(gpu, name, None)


def compiled_for(x: Any, types: str = SINGLE) -> bool:
    """Whether compiled kernels take this array."""
    if not (type(x) is np.ndarray or on_device(x)):
        return False
    return x.dtype.char in types and x.dtype.isnative and x.size > 0 and not _plain.get()


@contextmanager
def plainly() -> Iterator[None]:
    """Inside it the plain kernels are used throughout, to compare with; in the calling thread and those it starts."""
    token = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(token)
