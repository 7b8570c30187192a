"""Compile CUDA kernels for the host and run them thread by thread, so that they are tested without a device.

Arguments are checked more strictly than CuPy does: an array must be contiguous and have the type of its pointer, and a
number must have the type of its parameter. Guard values lie before and after each array: a kernel must not change them,
and they spoil the result of a kernel that reads them.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import fake_cupy
import numpy as np

OPERATIONS = {  # for each value of the largest array, counted in the source of the kernel; 1 for other kernels
    **dict.fromkeys(("phase_shift", "soft_limit", "quaternion_shift_put"), 20),
    **dict.fromkeys(("rotation_change", "riesz", "quaternion_shift", "quaternion_rotate", "phase_shift_filtered"), 30),
    **dict.fromkeys(("phase_shift_put", "phase_shift_projected", "quaternion_shift_filtered", "local_frequency"), 50),
    **dict.fromkeys(("phase_shift_magnified", "displacement_terms"), 80),
    **dict.fromkeys(("reduce", "expand", "split_and_reduce", "add_planes", "value_change_filtered", "biquads"), 20),
    **dict.fromkeys(("blur_across", "blur_down", "weigh_across", "weigh_down"), 20),
    **dict.fromkeys(("read_box", "add_box", "weigh_channels", "add_clipped", "amplitude"), 4),
    **dict.fromkeys(("gradient_products", "gradient_solution"), 30),
    **dict.fromkeys(("update_means", "shrink_displacement", "probed_residual", "structure_terms"), 20),
    **dict.fromkeys(("weighing", "resample", "chroma_planes", "add_luma_and_chroma"), 15),
    "displaced_level": 90,
    "average_similar": 80,  # times the taps of one side, squared
}
_WRITTEN = ("out", "phase", "signal", "sums", "y")  # arrays that kernels write and never read

COMPILER = shutil.which("g++")

_SHIM = r"""
#include <cmath>
#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(n)
struct dim { unsigned x, y, z; };
static thread_local dim blockIdx, threadIdx, blockDim, gridDim;
struct float2 { float x, y; };
static inline float2 make_float2(float x, float y) { float2 v; v.x = x; v.y = y; return v; }
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
"""

_RUN = """
extern "C" void run_{name}(const unsigned* grid, const unsigned* block, {parameters}) {{
    gridDim = {{grid[0], grid[1], grid[2]}};
    blockDim = {{block[0], block[1], block[2]}};
    for (unsigned bz = grid[2]; bz-- > 0;) for (unsigned by = grid[1]; by-- > 0;) for (unsigned bx = grid[0]; bx-- > 0;)
    for (unsigned tz = block[2]; tz-- > 0;) for (unsigned ty = block[1]; ty-- > 0;)
    for (unsigned tx = block[0]; tx-- > 0;) {{
        blockIdx = {{bx, by, bz}};
        threadIdx = {{tx, ty, tz}};
        {name}({arguments});
    }}
}}
"""

_NUMBERS: dict[str, tuple[Any, Any]] = {
    "long long": (ctypes.c_longlong, np.int64),
    "int": (ctypes.c_int, np.int32),
    "float": (ctypes.c_float, np.float32),
}
_ARRAYS = {"float": "f", "float2": "F", "unsigned char": "B", "unsigned short": "H", "int": "i"}
_GUARD = 256  # number of guard values on either side of an array


class RawModule:
    """The stand-in for ``cupy.RawModule``."""

    def __init__(self, *, code: str, options: tuple[str, ...] = ()) -> None:
        assert all(option.startswith("-") for option in options)
        self._code = code

    def get_function(self, name: str) -> Kernel:
        return Kernel(name, *_compile(self._code))


class Kernel:
    """A kernel of a module, which is called with a grid, a block and arguments."""

    def __init__(
        self, name: str, library: ctypes.CDLL, signatures: dict[str, list[tuple[str, str, bool, bool]]]
    ) -> None:
        self.name, self._run, self._parameters = name, library[f"run_{name}"], signatures[name]

    def __call__(self, grid, block, args):
        assert len(grid) == len(block) == 3 and np.prod(block) <= 1024, (grid, block)
        assert 0 < grid[0] < 2**31 and 0 < grid[1] < 2**16 and 0 < grid[2] < 2**16, grid
        assert len(args) == len(self._parameters), f"{self.name} takes {len(self._parameters)} arguments"
        arguments = [
            _Argument(self.name, x, *parameter[1:]) for x, parameter in zip(args, self._parameters, strict=True)
        ]
        sides = [(ctypes.c_uint * 3)(*side) for side in (grid, block)]
        self._run(*sides, *(argument.value for argument in arguments))
        for argument in arguments:
            argument.copy_back()
        self._count_work(args)

    def _count_work(self, args) -> None:
        """Count the bytes that are read and written: each array once, a spectrum only as far as its box reaches."""
        arrays = {
            name: (x._on_host, 1 if constant or name in _WRITTEN else 2)
            for x, (name, _, pointer, constant) in zip(args, self._parameters, strict=True)
            if pointer
        }
        sizes = {name: times * x.nbytes for name, (x, times) in arrays.items()}
        if "half" in sizes:
            sizes["half"] = sizes["out"] if "out" in sizes else 2 * sizes["box"]
        fake_cupy.work["bytes"] += sum(sizes.values())
        most = max(x.size for name, (x, _) in arrays.items() if name != "half")
        taps = arrays["taps"][0].size ** 2 if self.name == "average_similar" else 1
        fake_cupy.work["operations"] += OPERATIONS.get(self.name, 1) * most * taps


class _Argument:
    """An argument in the form that C takes."""

    def __init__(self, kernel: str, x: Any, kind: str, pointer: bool, constant: bool) -> None:
        self._array = None
        if not pointer:
            ctype, dtype = _NUMBERS[kind]
            assert type(x) is dtype, f"{kernel}: {x!r} must be a {dtype.__name__}"
            self.value = ctype(x.item())
            return
        self._array, self._constant = x._on_host, constant
        assert self._array.dtype.char == _ARRAYS[kind], f"{kernel}: {self._array.dtype} is no {kind}"
        assert self._array.flags.c_contiguous, f"{kernel}: an array {self._array.shape} that is not contiguous"
        self._kernel, n = kernel, self._array.size
        self._memory = np.empty(n + 2 * _GUARD, self._array.dtype)
        self._memory[...] = 77 if self._array.dtype.kind in "iu" else np.nan
        self._memory[_GUARD : _GUARD + n] = self._array.ravel()
        self._before = self._memory.copy()
        self.value = ctypes.c_void_p(self._memory.ctypes.data + _GUARD * self._array.itemsize)

    def copy_back(self) -> None:
        """Copy the results back and check that the guard values and constant arrays are unchanged."""
        if self._array is None:
            return
        inside = slice(_GUARD, _GUARD + self._array.size)
        changed = self._memory.view(np.uint8) != self._before.view(np.uint8)
        changed = changed.reshape(len(self._memory), -1).any(axis=1)
        assert not changed[: inside.start].any() and not changed[inside.stop :].any(), f"{self._kernel}: out of bounds"
        assert not (self._constant and changed.any()), f"{self._kernel}: a constant array was changed"
        if changed.any():
            self._array[...] = self._memory[inside].reshape(self._array.shape)


@functools.cache
def _compile(code: str) -> tuple[ctypes.CDLL, dict[str, list[tuple[str, str, bool, bool]]]]:
    """Compile a source; return the library and, for each kernel, name, type, pointer and constant of each parameter."""
    assert COMPILER, "no C++ compiler"
    signatures = {
        name: [_parameter(text) for text in parameters.split(",")] for name, parameters in kernels_of(code).items()
    }
    runs = "".join(_runner(name, parameters) for name, parameters in kernels_of(code).items())
    folder = (
        Path(tempfile.gettempdir()) / f"vmm-host-cuda-{hashlib.sha256((_SHIM + _RUN + code).encode()).hexdigest()[:16]}"
    )
    folder.mkdir(exist_ok=True)
    library = folder / "kernels.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            source, draft_library = Path(draft) / "kernels.cpp", Path(draft) / "kernels.so"
            source.write_text(_SHIM + code + runs)
            command = [
                COMPILER,
                "-O1",
                "-std=c++14",
                "-Wall",
                "-Werror",
                "-Wno-unused-function",
                "-Wno-unknown-pragmas",
                "-shared",
                "-fPIC",
            ]
            subprocess.run([*command, str(source), "-o", str(draft_library)], check=True)
            draft_library.replace(library)
    return ctypes.CDLL(str(library)), signatures


def kernels_of(code: str) -> dict[str, str]:
    """Return the parameter list of each kernel in a source, with the macros for types expanded."""
    for name, value in re.findall(r"^#define (\w+) ([a-z][a-z ]*)$", code, re.MULTILINE):
        code = re.sub(rf"\b{name}\b", value, code)
    return dict(re.findall(r'extern "C" __global__ void (\w+)\(([^)]*)\)', code))


def _parameter(text: str) -> tuple[str, str, bool, bool]:
    """Return the name and type of a parameter, whether it is a pointer, and whether it is constant."""
    words = text.replace("*", " * ").replace("__restrict__", "").split()
    kind = " ".join(word for word in words[:-1] if word not in ("const", "*"))
    return words[-1], kind, "*" in words, "const" in words


def _runner(name: str, parameters: str) -> str:
    """Return the source of a function that calls a kernel for each thread of each block."""
    arguments = ", ".join(text.replace("*", " ").split()[-1] for text in parameters.split(","))
    return _RUN.format(name=name, parameters=parameters, arguments=arguments)
