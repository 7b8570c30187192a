"""Compilation and launch of CUDA kernels, and the grids of their threads."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array

SOURCES = (
    "phase",
    "riesz_pyramid",
    "pyramid",
    "fourier_boxes",
    "displacement",
    "levels",
    "denoising",
    "channels",
    "chroma",
    "warp",
)
"""CUDA C++ files in the order of compilation; later files use functions of earlier ones."""

FRAMES = {"f": "float", "B": "unsigned char", "H": "unsigned short"}
"""C++ types of the frames for which kernels are compiled, by the character code of their dtype."""

OPTIONS = ("--std=c++14", "--fmad=false")
"""Compiler options. With fused multiply-adds, the phase of a coefficient relative to itself would not be exactly 0."""

_THREADS = 256  # threads per block
_TILE = 32, 8  # threads per block, in columns and rows
_MAX_BLOCKS = 65535  # CUDA's limit of blocks in the second and third dimension


def source(kind: str = "f") -> str:
    """CUDA C++ source of all kernels, for frames of one type."""
    texts = (files(__package__).joinpath(f"{name}.cu").read_text() for name in SOURCES)
    return "\n".join([f"#define FRAME {FRAMES[kind]}", *texts])


def start(name: str, grid: tuple[tuple[int, ...], tuple[int, ...]], *arguments: Any, kind: str = "f") -> None:
    """Launch a kernel. Python integers are passed as 32-bit integers, and Python floats in single precision."""
    import cupy

    _module(cupy, kind).get_function(name)(*grid, tuple(map(_converted, arguments)))


@cache
def _module(cupy: ModuleType, kind: str) -> Any:
    return cupy.RawModule(code=source(kind), options=OPTIONS)


def _converted(argument: Any) -> Any:
    """An argument in the type that the kernel declares."""
    if isinstance(argument, float):
        return np.float32(argument)
    return np.int32(argument) if type(argument) is int else argument


def row(n: int, frames: int = 1) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Grid and block for n samples of each frame."""
    return (-(-n // _THREADS), min(frames, _MAX_BLOCKS), 1), (_THREADS, 1, 1)


def tile(images: int, height: int, width: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Grid and block for images of `height` rows and `width` columns."""
    return (-(-width // _TILE[0]), -(-height // _TILE[1]), min(images, _MAX_BLOCKS)), (*_TILE, 1)


def contiguous(x: Array, kind: str = "f") -> Array:
    """The array as the kernels need it: contiguous and of one type."""
    import cupy

    return cupy.ascontiguousarray(x, dtype=np.dtype(kind))


def on_device(x: Any) -> Array:
    """Numbers of the host in single precision, copied to the device."""
    import cupy

    return cupy.asarray(np.ascontiguousarray(x, np.float32))


def alphas(alpha: Any, shape: tuple[int, ...]) -> tuple[Array, int, float]:
    """The map of alpha, whether there is one, and the number to use if there is none."""
    import cupy

    mapped = np.ndim(alpha) > 0
    values = contiguous(cupy.broadcast_to(alpha, shape)) if mapped else cupy.empty(1, np.float32)
    return values, int(mapped), 0.0 if mapped else float(alpha)
