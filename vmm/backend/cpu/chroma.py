"""Kernels of chroma: planes of full or half size from frames of any type, and changes of luma and chroma added."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.buffers import contiguous, empty
from vmm.backend.cpu.channels import add_to_row
from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.level_warp import doubled_row
from vmm.backend.threads import by_rows

_f = np.float32


@kernel
def split_pair(a: Any, b: Any, red: Any, green: Any, blue: Any) -> None:
    """Sums of the channels of two rows of pixels with three channels."""
    for i in range(red.shape[0]):
        red[i] = _f(a[3 * i]) + _f(b[3 * i])
        green[i] = _f(a[3 * i + 1]) + _f(b[3 * i + 1])
        blue[i] = _f(a[3 * i + 2]) + _f(b[3 * i + 2])


@kernel
def weigh_pairs(red: Any, green: Any, blue: Any, weights: Any, n: Any, out: Any) -> None:
    """Sums of two neighbors of weighted channels of n pixels; an odd last sample counts twice."""
    a, b, c = weights[0], weights[1], weights[2]
    for i in range(n // 2):
        k = 2 * i
        out[i] = a * (red[k] + red[k + 1]) + b * (green[k] + green[k + 1]) + c * (blue[k] + blue[k + 1])
    if n % 2:
        out[n // 2] = _f(2) * (a * red[n - 1] + b * green[n - 1] + c * blue[n - 1])


@kernel
def weigh_row(red: Any, green: Any, blue: Any, weights: Any, out: Any) -> None:
    """Weighted sum of channels."""
    a, b, c = weights[0], weights[1], weights[2]
    for i in range(out.shape[0]):
        out[i] = a * red[i] + b * green[i] + c * blue[i]


@kernel
def split_rows(frames: Any, matrix: Any, is_half: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the planes (T, n, h, w) that a matrix (n, 3) makes of frames (T, H, 3 W).

    For planes of half the size, the matrix includes the division by 4.
    """
    height, width = frames.shape[1], frames.shape[2] // 3
    rows = np.empty((3, width), np.float32)
    for t in range(frames.shape[0]):
        for r in range(start, stop):
            if is_half:
                above, below = frames[t, 2 * r], frames[t, min(2 * r + 1, height - 1)]
            else:
                above = below = frames[t, r]
            split_pair(above, below, rows[0], rows[1], rows[2])
            for k in range(out.shape[1]):
                if is_half:
                    weigh_pairs(rows[0], rows[1], rows[2], matrix[k], width, out[t, k, r])
                else:
                    weigh_row(rows[0], rows[1], rows[2], matrix[k], out[t, k, r])


@kernel
def color_row(luma: Any, first: Any, second: Any, matrix: Any, out: Any) -> None:
    """A row of pixels with three channels: luma plus a matrix (3, 2) times two planes of chroma."""
    for i in range(luma.shape[0]):
        y, u, v = luma[i], first[i], second[i]
        out[3 * i] = y + (matrix[0, 0] * u + matrix[0, 1] * v)
        out[3 * i + 1] = y + (matrix[1, 0] * u + matrix[1, 1] * v)
        out[3 * i + 2] = y + (matrix[2, 0] * u + matrix[2, 1] * v)


@kernel
def add_rows(
    frames: Any, luma: Any, chroma: Any, matrix: Any, is_half: Any, top: Any, start: Any, stop: Any, out: Any
) -> None:
    """Add luma (T, H, W) and chroma (T, 2, h, w) to rows start to stop of frames (T, H, 3 W)."""
    width, half = luma.shape[2], chroma.shape[2]
    mixed = np.empty(chroma.shape[3] + 2, np.float32)
    planes, wide = np.empty((2, width), np.float32), np.empty(3 * width, np.float32)
    for t in range(frames.shape[0]):
        for r in range(start, stop):
            if is_half:
                near = r // 2
                far = min(max(near - 1 if r % 2 == 0 else near + 1, 0), half - 1)
                for k in range(2):
                    doubled_row(chroma[t, k, near], chroma[t, k, far], mixed, width, planes[k])
                color_row(luma[t, r], planes[0], planes[1], matrix, wide)
            else:
                color_row(luma[t, r], chroma[t, 0, r], chroma[t, 1, r], matrix, wide)
            add_to_row(frames[t, r], wide, top, out[t, r])


def mixed_planes(frames: np.ndarray, matrix: np.ndarray, dtype: Any) -> np.ndarray:
    """A matrix (n, 3) times the color channels of frames, as planes."""
    return _split(frames, np.asarray(matrix) / 2, False, frames.shape[1:3])


def halved_planes(frames: np.ndarray, matrix: np.ndarray, dtype: Any) -> np.ndarray:
    """The same in means over 2x2 pixels."""
    h, w = ((n + 1) // 2 for n in frames.shape[1:3])
    return _split(frames, np.asarray(matrix) / 4, True, (h, w))


def _split(frames: np.ndarray, matrix: np.ndarray, is_half: bool, size: tuple[int, ...]) -> np.ndarray:
    """Planes of a size from frames, of which pairs of rows are added."""
    n, h, w = frames.shape[:3]
    out = empty((n, len(matrix), *size), np.float32)
    rows, weights = np.ascontiguousarray(frames).reshape(n, h, 3 * w), np.ascontiguousarray(matrix, np.float32)
    by_rows(lambda start, stop: split_rows(rows, weights, is_half, start, stop, out), size[0])
    return out


def add_luma_and_chroma(frames: np.ndarray, luma: np.ndarray, chroma: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Frames with a change of luma and one of chroma added."""
    n, h, w = frames.shape[:3]
    out = np.empty(frames.shape, frames.dtype)
    rows, to = (np.ascontiguousarray(x).reshape(n, h, 3 * w) for x in (frames, out))
    changes = map(contiguous, (luma, chroma, matrix))
    top = _f(np.iinfo(frames.dtype).max if frames.dtype.kind == "u" else np.inf)
    arguments = rows, *changes, chroma.shape[-2:] != (h, w), top
    by_rows(lambda start, stop: add_rows(*arguments, start, stop, to), h)
    return out
