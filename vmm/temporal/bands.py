"""Checks of frequencies, and their conversion from Hz to cycles per frame."""

from __future__ import annotations

from typing import Any

from vmm.backend.checks import Range, check_fs, check_number, check_pair, short_text

MIN_FREQUENCY = 1e-6
"""Smallest frequency and width of a band in cycles per frame: a period of a million frames."""

MAX_TAPS = 20_001
"""Largest number of frames of a filter. A longer one would need the frames of several clips at once in memory."""


def band_in_cycles(band: tuple[float, float], fs: float | None) -> tuple[float, float]:
    """The band (low, high) in cycles per frame."""
    low, high = check_pair("band", band)
    rate = check_fs(fs)
    if not 0 < low < high < rate / 2:
        raise ValueError(f"band=({low:g}, {high:g}) must be an increasing pair within {_range(fs)}")
    if min(low, high - low) < MIN_FREQUENCY * rate:
        raise ValueError(
            f"band=({low:.12g}, {high:.12g}) must begin at {MIN_FREQUENCY * rate:g} or above and be at least as wide: "
            "no clip has enough frames to resolve it"
        )
    return low / rate, high / rate


def frequency_in_cycles(frequency: float, fs: float | None) -> float:
    """The frequency in cycles per frame."""
    number, rate = check_number("frequency", frequency, Range(finite=False, unit=" in Hz")), check_fs(fs)
    if not 0 < number < rate / 2:
        raise ValueError(f"frequency={short_text(frequency)} must be in {_range(fs)}")
    return number / rate


def check_taps(name: str, value: Any, count: float) -> None:
    """Raise if a filter for a band or a frequency has more than ``MAX_TAPS`` frames."""
    if count > MAX_TAPS:
        raise ValueError(
            f"{name}={short_text(value)} needs a filter of {count:.6g} frames, and {MAX_TAPS} are possible: choose a "
            "wider band or a higher frequency, or leave out frames so that the rate is lower"
        )


def _range(fs: float | None) -> str:
    if fs is None:
        return "(0, 0.5) cycles per frame, because fs is None; pass fs, the camera rate in Hz, to use Hz"
    return f"(0, fs/2) = (0, {float(fs) / 2:g}) Hz"
