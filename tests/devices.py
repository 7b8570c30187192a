"""The kinds of device that tests run on: the stand-in's, with plain kernels or its own, and a real one."""

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

from vmm.backend.fast import plainly

KINDS = ["stand-in, plain kernels", "stand-in", pytest.param("cupy", marks=pytest.mark.gpu)]


@dataclass(frozen=True)
class Device:
    """A device: how arrays get there and back, and the module they belong to."""

    put: Callable[[np.ndarray], Any]
    get: Callable[[Any], np.ndarray]
    xp: Any

    def back(self, x: Any) -> np.ndarray:
        """The values of an array that must be on the device."""
        assert type(x) is self.xp.ndarray, f"{type(x)} is not on the device"
        return self.get(x)


@contextmanager
def device_of(kind: str) -> Iterator[Device]:
    """The device of a kind; tests are skipped where there is none."""
    if kind == "cupy":
        yield real()
        return
    plain = kind == "stand-in, plain kernels"
    if not plain and host_cuda.COMPILER is None:
        pytest.skip("no C++ compiler: kernels cannot be run on the host")
    names = [name for name in sys.modules if name.partition(".")[0] in ("cupy", "cupyx")]
    kept = {name: sys.modules.pop(name) for name in names}
    sys.modules.update(fake_cupy.modules())
    try:
        with plainly() if plain else nullcontext():
            yield Device(fake_cupy.on_device, fake_cupy.on_host, sys.modules["cupy"])
    finally:
        for name in fake_cupy.modules():
            del sys.modules[name]
        sys.modules.update(kept)


def real() -> Device:
    """The CUDA device of this machine."""
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed", exc_type=ImportError)
    if not cupy.cuda.is_available():
        pytest.skip("no CUDA device")
    return Device(cupy.asarray, cupy.asnumpy, cupy)
