"""Checks of frequencies, and their conversion from Hz to cycles per frame."""

from __future__ import annotations

import numpy as np

from vmm.backend.checks import check_fs


def band_in_cycles(band: tuple[float, float], fs: float | None) -> tuple[float, float]:
    """The band (low, high) in cycles per frame."""
    try:
        low, high = (float(edge) for edge in band)
    except (TypeError, ValueError):
        raise TypeError(f"band={band!r} must be two numbers: (low, high) in Hz") from None
    rate = check_fs(fs)
    if not 0 < low < high < rate / 2:
        raise ValueError(f"band=({low:g}, {high:g}) must be an increasing pair within {_range(fs)}")
    return low / rate, high / rate


def frequency_in_cycles(frequency: float, fs: float | None) -> float:
    """The frequency in cycles per frame."""
    if np.ndim(frequency) != 0 or isinstance(frequency, str):
        raise TypeError(f"frequency={frequency!r} must be one number in Hz, such as 3.0")
    rate = check_fs(fs)
    if not 0 < frequency < rate / 2:
        raise ValueError(f"frequency={frequency:g} must be in {_range(fs)}")
    return frequency / rate


def _range(fs: float | None) -> str:
    if fs is None:
        return "(0, 0.5) cycles per frame, because fs is None; pass fs, the camera rate in Hz, to use Hz"
    return f"(0, fs/2) = (0, {float(fs) / 2:g}) Hz"
