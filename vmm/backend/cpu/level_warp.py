"""Kernels of displacement in the levels of a pyramid: cubic convolution of the displaced level."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.pyramid import mirror
from vmm.backend.levels import CUBIC
from vmm.backend.threads import by_rows

_f = np.float32


@kernel
def doubled_row(near: Any, far: Any, mixed: Any, n: Any, out: Any) -> None:
    """A row of full size between two rows of half size, by linear interpolation with repeated ends."""
    m = near.shape[0]
    for i in range(m):
        mixed[i + 1] = _f(0.75) * near[i] + _f(0.25) * far[i]
    mixed[0], mixed[m + 1] = mixed[1], mixed[m]
    for i in range(n // 2):
        out[2 * i] = _f(0.25) * mixed[i] + _f(0.75) * mixed[i + 1]
        out[2 * i + 1] = _f(0.75) * mixed[i + 1] + _f(0.25) * mixed[i + 2]
    if n % 2:
        out[n - 1] = _f(0.25) * mixed[n // 2] + _f(0.75) * mixed[n // 2 + 1]


@kernel
def fade_row(down: Any, right: Any, alpha: Any, per_limit: Any) -> None:
    """Multiply by alpha, then fade out beyond the limit."""
    for i in range(down.shape[0]):
        y, x = down[i] * alpha[i % alpha.shape[0]], right[i] * alpha[i % alpha.shape[0]]
        square = (y * y + x * x) * per_limit * per_limit
        by = _f(1) / (_f(1) + square * square)
        down[i], right[i] = y * by, x * by


@kernel
def cubic_taps(t: Any, out: Any) -> None:
    """Weights of cubic convolution for the four samples around a point at t after the second."""
    a, s = _f(CUBIC), _f(1) - t
    out[0] = a * t * s * s
    out[1] = ((a + _f(2)) * t - (a + _f(3))) * t * t + _f(1)
    out[2] = ((a + _f(2)) * s - (a + _f(3))) * s * s + _f(1)
    out[3] = a * s * t * t


@kernel
def shift_rows(images: Any, displacement: Any, alpha: Any, per_limit: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of images (T, h, w) displaced by alpha times the displacement (T, 2, h', w')."""
    h, w = images.shape[1:]
    half = displacement.shape[2]
    mixed = np.empty(displacement.shape[3] + 2, np.float32)
    down, right = np.empty(w, np.float32), np.empty(w, np.float32)
    wy, wx = np.empty(4, np.float32), np.empty(4, np.float32)
    for t in range(images.shape[0]):
        image = images[t]
        for r in range(start, stop):
            near = r // 2
            far = min(max(near - 1 if r % 2 == 0 else near + 1, 0), half - 1)
            doubled_row(displacement[t, 0, near], displacement[t, 0, far], mixed, w, down)
            doubled_row(displacement[t, 1, near], displacement[t, 1, far], mixed, w, right)
            fade_row(down, right, alpha[r % alpha.shape[0]], per_limit)
            for c in range(w):
                y, x = _f(r) - down[c], _f(c) - right[c]
                i, j = int(np.floor(y)), int(np.floor(x))
                cubic_taps(y - _f(i), wy)
                cubic_taps(x - _f(j), wx)
                total = _f(0)
                if i >= 1 and j >= 1 and i < h - 2 and j < w - 2:
                    for p in range(4):
                        row = image[i + p - 1]
                        total += wy[p] * (wx[0] * row[j - 1] + wx[1] * row[j] + wx[2] * row[j + 1] + wx[3] * row[j + 2])
                else:
                    for p in range(4):
                        row = image[mirror(i + p - 1, h)]
                        for q in range(4):
                            total += wy[p] * wx[q] * row[mirror(j + q - 1, w)]
                out[t, r, c] = total


def displaced_level(images: np.ndarray, displacement: np.ndarray, alpha: Any, limit: float) -> np.ndarray:
    """Images displaced by alpha times a displacement that fades out beyond a limit."""
    images, displacement, alphas = (
        np.ascontiguousarray(x, np.float32) for x in (images, displacement, np.atleast_2d(alpha))
    )
    if images.ndim == 4:
        return np.stack([displaced_level(images[:, i], displacement, alpha, limit) for i in range(images.shape[1])], axis=1)
    out = np.empty_like(images)
    per_limit = _f(1 / limit)
    by_rows(lambda start, stop: shift_rows(images, displacement, alphas, per_limit, start, stop, out), out.shape[1])
    return out
