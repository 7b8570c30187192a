"""Kernels of boxes in the half spectra of real images, row by row."""

from __future__ import annotations

from typing import Any

from vmm.backend.cpu.compiling import kernel


@kernel
def copy_row(row: Any, weights: Any, gain: Any, out: Any) -> None:
    """A row of a spectrum, times weights and gain."""
    for i in range(weights.shape[0]):
        out[i] = row[i] * (gain * weights[i])


@kernel
def conjugate_row(row: Any, weights: Any, gain: Any, out: Any) -> None:
    """The conjugate of a reversed row, times weights and gain."""
    n = weights.shape[0]
    for i in range(n):
        out[i] = row[n - 1 - i].conjugate() * (gain * weights[i])


@kernel
def read_box(half: Any, weights: Any, gain: Any, first_row: Any, first_col: Any, out: Any) -> None:
    """A weighted box of spectra (T, H, W // 2 + 1), padded with zeros to the size of out."""
    m, n = weights.shape
    height = half.shape[1]
    across = min(max(-first_col, 0), n)  # columns left of 0
    for r in range(m):
        w = weights[r]
        for t in range(out.shape[0]):
            to = out[t, r]
            if across > 0:
                row = half[t, (-first_row - r) % height]
                conjugate_row(row[1 - first_col - across : 1 - first_col], w[:across], gain, to[:across])
            if across < n:
                row = half[t, (first_row + r) % height]
                copy_row(row[first_col + across : first_col + n], w[across:], gain, to[across:n])
            to[n:] = 0
    out[:, m:] = 0


@kernel
def add_row(total: Any, row: Any, weights: Any, gain: Any) -> None:
    """Add a row, times weights and gain, to a row of a spectrum."""
    for i in range(weights.shape[0]):
        total[i] += row[i] * (gain * weights[i])


@kernel
def add_conjugate_row(total: Any, row: Any, weights: Any, gain: Any) -> None:
    """Add the conjugate of a row, times weights and gain, to a reversed row of a spectrum."""
    n = weights.shape[0]
    for i in range(n):
        total[n - 1 - i] += row[i].conjugate() * (gain * weights[i])


@kernel
def add_box(half: Any, box: Any, weights: Any, gain: Any, first_row: Any, first_col: Any) -> None:
    """Add a weighted box to spectra in place; column 0 contains each coefficient together with its conjugate."""
    m, n = weights.shape
    height = half.shape[1]
    across = min(max(-first_col, 0), n)  # columns left of 0
    below = min(max(1 - first_col, 0), n)  # columns left of 1
    for r in range(m):
        w = weights[r]
        for t in range(box.shape[0]):
            row = box[t, r]
            if below > 0:
                to = half[t, (-first_row - r) % height]
                add_conjugate_row(to[1 - first_col - below : 1 - first_col], row[:below], w[:below], gain)
            if across < n:
                to = half[t, (first_row + r) % height]
                add_row(to[first_col + across : first_col + n], row[across:n], w[across:], gain)
