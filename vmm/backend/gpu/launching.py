"""How CUDA kernels are compiled and started; the grids that they are started on."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array

SOURCES = ("phase", "riesz_pyramid", "pyramid", "fourier_boxes", "displacement", "channels", "warp")
"""Files of CUDA C++, in the order in which they are put together: later ones use what is in earlier ones."""

FRAMES = {"f": "float", "B": "unsigned char", "H": "unsigned short"}
"""Types of frames that kernels are made for, by the code of their dtype."""

OPTIONS = ("--std=c++14", "--fmad=false")  # else a phase against itself would not be exactly 0

_THREADS = 256  # of a block
_TILE = 32, 8  # the same, in columns and rows
_MOST = 65535  # blocks down and deep


def source(kind: str = "f") -> str:
    """CUDA C++ of all kernels, for frames of one type."""
    texts = (files(__package__).joinpath(f"{name}.cu").read_text() for name in SOURCES)
    return "\n".join([f"#define FRAME {FRAMES[kind]}", *texts])


def start(name: str, grid: tuple[tuple[int, ...], tuple[int, ...]], *arguments: Any, kind: str = "f") -> None:
    """Start a kernel; whole numbers are passed as 32 bits unless they are NumPy's, others in single precision."""
    import cupy

    _module(cupy, kind).get_function(name)(*grid, tuple(map(_passed, arguments)))


@cache
def _module(cupy: ModuleType, kind: str) -> Any:
    return cupy.RawModule(code=source(kind), options=OPTIONS)


def _passed(argument: Any) -> Any:
    """An argument in the type that the kernel declares."""
    if isinstance(argument, float):
        return np.float32(argument)
    return np.int32(argument) if type(argument) is int else argument


def row(n: int, frames: int = 1) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Grid and block for n samples, of so many frames."""
    return (-(-n // _THREADS), min(frames, _MOST), 1), (_THREADS, 1, 1)


def tile(images: int, height: int, width: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Grid and block for images of so many rows and columns."""
    return (-(-width // _TILE[0]), -(-height // _TILE[1]), min(images, _MOST)), (*_TILE, 1)


def contiguous(x: Array, kind: str = "f") -> Array:
    """The array as kernels take it: in order, of one type."""
    import cupy

    return cupy.ascontiguousarray(x, dtype=np.dtype(kind))


def on_device(x: Any) -> Array:
    """Numbers of the host in single precision, where kernels can read them."""
    import cupy

    return cupy.asarray(np.ascontiguousarray(x, np.float32))
