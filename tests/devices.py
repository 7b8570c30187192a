"""The devices that tests run on: the stand-in with reference kernels, the stand-in with CUDA kernels, and CuPy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import fake_cupy
import host_cuda
import numpy as np
import pytest

from vmm.backend.dispatch import reference_kernels

KINDS = [
    pytest.param("stand-in, plain kernels", marks=pytest.mark.slow),
    "stand-in",
    pytest.param("cupy", marks=pytest.mark.gpu),
]


@dataclass(frozen=True)
class Device:
    """A device: functions that copy arrays to it and from it, and its array module."""

    put: Callable[[np.ndarray], Any]
    get: Callable[[Any], np.ndarray]
    xp: Any

    def back(self, x: Any) -> np.ndarray:
        """Return the values of an array and fail if the array is not on the device."""
        assert type(x) is self.xp.ndarray, f"{type(x)} is not on the device"
        return self.get(x)


@contextmanager
def device_of(kind: str) -> Iterator[Device]:
    """Provide a device of one of ``KINDS`` and skip the test if this machine has none."""
    if kind == "cupy":
        yield cuda_device()
        return
    plain = kind == "stand-in, plain kernels"
    if not plain and host_cuda.COMPILER is None:
        pytest.skip("without a C++ compiler the kernels cannot run on the host")
    names = [name for name in sys.modules if name.partition(".")[0] in ("cupy", "cupyx")]
    installed = {name: sys.modules.pop(name) for name in names}
    sys.modules.update(fake_cupy.modules())
    try:
        with reference_kernels() if plain else nullcontext():
            yield Device(fake_cupy.on_device, fake_cupy.on_host, sys.modules["cupy"])
    finally:
        for name in fake_cupy.modules():
            del sys.modules[name]
        sys.modules.update(installed)


def cuda_device() -> Device:
    """Return the CUDA device of this machine and skip the test if there is none."""
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed", exc_type=ImportError)
    if not cupy.cuda.is_available():
        pytest.skip("no CUDA device")
    return Device(cupy.asarray, cupy.asnumpy, cupy)
