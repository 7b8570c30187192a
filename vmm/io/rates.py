"""Playback rates: those that each format can state, and the default for clips of high-speed cameras."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np

from vmm.backend.checks import check_fs

MAX_SCREEN_RATE = 250
"""Highest playback rate in frames per second of a file whose rate nobody chose. Phones film up to 240 frames per second
for playback in real time; the recordings of faster cameras are played in slow motion."""

SLOW_RATE = Fraction(30)
"""Playback rate of clips that were filmed faster than MAX_SCREEN_RATE, in frames per second."""

_MAX_TERM = 1_000_000
"""Largest numerator and denominator of a rate; ffmpeg rounds fractions of larger numbers."""

_MAX_MATROSKA_TERM = 30_000
"""Largest numerator and denominator of the rates that ffmpeg derives from the frame duration in a Matroska file."""

_TOLERANCE = Fraction(1, 1_000_000)
"""Largest relative difference between the rate that was given and the one that the file states."""


def default_playback_rate(stated: Fraction | None, fs: float) -> Fraction | float:
    """The playback rate of a clip: the one its file states, or SLOW_RATE if that is more than screens play.

    Parameters
    ----------
    stated
        Playback rate that the file states, or None if it states none.
    fs
        Camera rate in Hz, which is used in place of None.
    """
    rate = fs if stated is None else stated
    return rate if rate <= MAX_SCREEN_RATE else SLOW_RATE


def exact_rate(path: Path, fps: float | Fraction) -> Fraction:
    """The playback rate as a fraction; raise if it is not positive or if the format of the path cannot state it."""
    if not isinstance(fps, int | float | Fraction | np.number):
        raise TypeError(f"fps must be a number, the playback rate in frames per second, not {type(fps).__name__}")
    if not 0 < fps < math.inf:
        raise ValueError(f"fps={fps!r} must be a positive number of frames per second")
    rate = Fraction(fps) if isinstance(fps, Fraction) else Fraction(float(fps)).limit_denominator(100_000)
    exact = _rounded(rate, _MAX_TERM)
    if exact == 0 or abs(exact / rate - 1) > _TOLERANCE:
        raise ValueError(f"fps={fps!r} must be between {1 / _MAX_TERM:g} and {_MAX_TERM:g} frames per second")
    suffix = path.suffix.lower()
    if suffix == ".gif" and exact > 100:
        raise ValueError(f"fps={fps!r}: a GIF plays at most 100 frames per second; choose another format or rate")
    if suffix == ".mkv" and abs(_matroska_rate(exact) / exact - 1) > _TOLERANCE:
        raise ValueError(
            f"{path}: Matroska cannot state fps={fps!r} exactly; choose .avi or .nut (lossless) or .mp4, or a playback "
            f"rate such as {SLOW_RATE} with the camera rate as fs"
        )
    return exact


def check_rate(path: Path, stated: Fraction | None, written: Fraction) -> None:
    """Raise OSError unless the rate that a file states is the one that was given."""
    if stated is None or abs(stated / written - 1) > _TOLERANCE:
        text = "no rate" if stated is None else f"{float(stated):.9g}"
        raise OSError(f"{path}: the file states {text} in place of {float(written):.9g} frames/s; choose another")


def camera_rate(fs: float | Fraction) -> Fraction:
    """The camera rate as a fraction; raise if it is not positive."""
    check_fs(fs)  # type: ignore[arg-type]
    return fs if isinstance(fs, Fraction) else Fraction(float(fs)).limit_denominator(100_000)


def _matroska_rate(rate: Fraction) -> Fraction:
    """The rate that ffmpeg reads from a Matroska file, which states the duration of a frame in nanoseconds."""
    nanoseconds = max(1, round(10**9 / rate))
    return _rounded(Fraction(10**9, nanoseconds), _MAX_MATROSKA_TERM)


def _rounded(rate: Fraction, limit: int) -> Fraction:
    """The nearest fraction whose numerator and denominator are at most `limit`; 0 if there is none."""
    if rate < 1:
        return rate.limit_denominator(limit)
    inverse = (1 / rate).limit_denominator(limit)
    return 1 / inverse if inverse else Fraction(limit)
