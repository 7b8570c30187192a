"""Checks of arguments that every part of the package shares."""

from __future__ import annotations

import math


def check_fs(fs: float | None) -> float:
    """The rate of the camera in Hz as a float; 1.0 if it is None, so that frequencies are in cycles per frame.

    Raises
    ------
    ValueError
        If `fs` is not a positive finite number.
    """
    rate = 1.0 if fs is None else float(fs)
    if not (rate > 0 and math.isfinite(rate)):
        raise ValueError(f"fs={fs!r} must be a positive number: the rate in Hz at which the camera took the frames")
    return rate
