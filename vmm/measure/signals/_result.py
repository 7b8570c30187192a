"""The base of the result classes: a one-line representation, and units that depend on whether the rate is known."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal

import numpy as np

TimeUnit = Literal["s", "frame"]
"""Unit of time of a result: seconds, or frames if the rate of the camera is not known."""


class Result:
    """Base of the result classes: ``repr`` fits into one line and shows arrays by their shape.

    Fields that are declared with ``repr=False`` are left out, to keep the line short.
    """

    def __repr__(self) -> str:
        parts = [f"{f.name}={_short(getattr(self, f.name))}" for f in fields(self) if f.repr]  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(parts)})"


def frequency_unit(time_unit: str) -> str:
    """The unit of a frequency: Hz, or cycles/frame if time is counted in frames."""
    return "Hz" if time_unit == "s" else "cycles/frame"


def density_unit(unit: str, time_unit: str) -> str:
    """The unit of a power spectral density of signals in `unit`."""
    power = f"{unit}²" if unit else "1"
    return f"{power}/Hz" if time_unit == "s" else f"{power}/(cycles/frame)"


def derivative_unit(unit: str, time_unit: str, order: int) -> str:
    """The unit of a derivative with respect to time; empty if the unit of the signals is not known."""
    return f"{unit}/{time_unit}{'²' if order == 2 else ''}" if unit else ""


def _short(value: Any) -> str:
    """A value in a few characters: the shape of an array, and the first digits of a number."""
    if isinstance(value, np.ndarray) and value.size > 1:
        return f"<array {value.shape}>"
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    if isinstance(value, tuple) and len(value) > 4:
        return f"<{len(value)} items>"
    return repr(value)
