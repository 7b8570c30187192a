"""Texts of measured numbers, with as many digits as their standard errors allow."""

from __future__ import annotations

import math


def with_stderr(value: float, stderr: float, unit: str = "") -> str:
    """A value and its standard error, rounded to two significant digits of the latter: 64.0410 +- 0.0020 Hz."""
    suffix = f" {unit}" if unit else ""
    if not math.isfinite(value):
        return "unknown"
    if not (math.isfinite(stderr) and stderr > 0):
        return f"{value:.4g}{suffix}"
    digits = _decimals(stderr)
    return f"{value:.{digits}f} +- {stderr:.{digits}f}{suffix}"


def frequency_text(frequency: float, noise: float, clock: float, unit: str) -> str:
    """A frequency, with its standard errors from noise and from the clock of the camera.

    For example 64.0410 +- 0.00058 (noise) +- 0.0064 (clock 1e-4) Hz. The digits of the frequency follow both errors.
    """
    if not clock > 0:
        return with_stderr(frequency, noise, unit)
    value = f"{frequency:.{_decimals(math.hypot(noise, clock))}f}"
    errors = (f"{error:.{_decimals(error)}f}" if error > 0 else "0" for error in (noise, clock))
    mantissa, exponent = f"{clock / frequency:.0e}".split("e")
    return "{} +- {} (noise) +- {} (clock {}e{}) {}".format(value, *errors, mantissa, int(exponent), unit)


def _decimals(stderr: float) -> int:
    """Decimals that show two significant digits of a standard error."""
    return max(0, min(9, 1 - math.floor(math.log10(stderr))))
