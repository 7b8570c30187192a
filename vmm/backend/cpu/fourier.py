"""Fourier transforms in single precision by Rocket-FFT, which calls the library DUCC from compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np
from rocket_fft import c2c, c2r, r2c

from vmm.backend.buffers import empty
from vmm.backend.cpu.compiling import kernel
from vmm.backend.threads import by_share

_AXES = np.array([1, 2])


@kernel
def _complex(x: Any, out: Any, axes: Any, forward: Any, scale: Any) -> None:
    c2c(x, out, axes, forward, scale, 1)


@kernel
def _from_real(x: Any, out: Any, axes: Any) -> None:
    r2c(x, out, axes, True, 1.0, 1)


@kernel
def _to_real(x: Any, out: Any, axes: Any, scale: Any) -> None:
    c2r(x, out, axes, False, scale, 1)


def fft2(x: np.ndarray, inverse: bool) -> np.ndarray:
    """Transform of complex images (T, h, w), which are overwritten."""
    x = np.ascontiguousarray(x)
    _complex(x, x, _AXES, not inverse, 1 / (x.shape[1] * x.shape[2]) if inverse else 1.0)
    return x


def rfft2(x: np.ndarray) -> np.ndarray:
    """Half spectrum (T, h, w // 2 + 1) of real images (T, h, w)."""
    out = empty((*x.shape[:2], x.shape[2] // 2 + 1), np.complex64)
    x = np.ascontiguousarray(x)
    by_share(lambda start, stop: _from_real(x[start:stop], out[start:stop], _AXES), len(x), x.size)
    return out


def irfft2(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Real images (T, h, w) of their half spectrum."""
    out = empty((len(x), *size), np.float32)
    x = np.ascontiguousarray(x)
    scale = 1 / (size[0] * size[1])
    by_share(lambda start, stop: _to_real(x[start:stop], out[start:stop], _AXES, scale), len(x), out.size)
    return out
