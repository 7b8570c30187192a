"""Names of vibrations and changes of color: pulse, breathing, or their frequency."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from vmm.auto._place import displacement_of
from vmm.backend.arrays import to_host
from vmm.engine.frames import as_frames
from vmm.engine.regions import Box
from vmm.measure.applications._pulse import breathing, pulse
from vmm.measure.applications._rates import Rate
from vmm.measure.detection._suggestion import Suggestion


@dataclass(frozen=True)
class NameOptions:
    """Thresholds for the names.

    Attributes
    ----------
    breathing_band
        Range in Hz of the breathing rate of people, from 6 per minute at rest to 48 of an infant.
    pulse_band
        Range in Hz of the pulse of people at rest, 42 to 150 per minute.
    min_skin
        Share of the frame with the color of skin from which slow motion may be breathing.
    min_skin_of_region
        Share of a region with the color of skin from which its change of color may be the pulse.
    same_rate
        Relative difference of frequencies up to which a rate and a suggestion are the same.
    max_p_value
        Probability of as clear a rate in noise alone, up to which a line that was found anyhow may be called pulse or
        breathing.
    """

    breathing_band: tuple[float, float] = (0.1, 0.8)
    pulse_band: tuple[float, float] = (0.7, 2.5)
    min_skin: float = 0.05
    min_skin_of_region: float = 0.25
    same_rate: float = 0.15
    max_p_value: float = 0.05


_OPTIONS = NameOptions()


def name_of(
    one: Suggestion, reopen: Callable[[], Any], fs: float | None, still: tuple[Box, ...] | None
) -> tuple[str, str]:
    """What the suggestion is, and the reason if that is more than its frequency."""
    named = ("", "")
    if one.frequency_unit == "Hz" and one.kind == "color":
        named = _pulse(one, reopen, fs)
    elif one.frequency_unit == "Hz" and one.kind == "motion":
        named = _breathing(one, reopen, fs, still)
    kind = "motion" if one.kind == "motion" else "change of color"
    return named if named[0] else (f"{kind} at {one.frequency:.4g} {one.frequency_unit}", "")


def _pulse(one: Suggestion, reopen: Callable[[], Any], fs: float | None) -> tuple[str, str]:
    """The name and the reason if the change of color is the pulse, else empty texts."""
    if not _is_inside(one.frequency, _OPTIONS.pulse_band) or _first_frame(reopen()).ndim != 3:
        return "", ""
    rate, green = (_quiet(partial(pulse, reopen(), fs=fs, roi=one.roi, method=method)) for method in ("pos", "green"))
    if rate is None or green is None:
        return "", ""
    if _agrees(rate, one):
        per_minute = f"{rate.rate:.1f} +- {rate.stderr:.1f} times per minute"
        return f"pulse, {rate.rate:.1f} beats/min", f"The color changes as that of skin with the pulse, {per_minute}."
    row, col, height, width = one.roi
    skin = _skin(_first_frame(reopen()))[row : row + height, col : col + width].mean()
    if skin < _OPTIONS.min_skin_of_region or not rate.p_value <= _OPTIONS.max_p_value or not _agrees(green, one):
        return "", ""
    reason = (
        f"The green changes {green.rate:.1f} +- {green.stderr:.1f} times per minute, and {100 * skin:.0f} % of the "
        f"region has the color of skin, but noise alone changes as the pulse does in {rate.p_value:.1%} of clips."
    )
    return f"probably pulse, {green.rate:.1f} beats/min", reason


def _breathing(
    one: Suggestion, reopen: Callable[[], Any], fs: float | None, still: tuple[Box, ...] | None
) -> tuple[str, str]:
    """The name and the reason if the motion may be breathing, else empty texts."""
    if not _is_inside(one.frequency, _OPTIONS.breathing_band):
        return "", ""
    skin = _skin(_first_frame(reopen()))
    if skin.mean() < _OPTIONS.min_skin:
        return "", ""
    rate = _quiet(lambda: breathing(displacement_of(one, reopen(), still=still, fs=fs)))
    if rate is None or not rate.p_value <= _OPTIONS.max_p_value or (rate.is_known and not _agrees(rate, one)):
        return "", ""
    per_minute, stderr = (rate.rate, rate.stderr) if rate.is_known else (60 * one.frequency, 60 * one.frequency_stderr)
    text = f"breathing, {per_minute:.1f} breaths/min"
    reason = f"The motion has a steady rate of {per_minute:.1f} +- {stderr:.1f} per minute"
    share = f"{100 * skin.mean():.0f} % of the frame has the color of skin"
    if not rate.is_known:
        return f"probably {text}", f"{reason}, and {share}, but noise alone moves so in {rate.p_value:.1%} of clips."
    heart = _quiet(lambda: pulse(reopen(), fs=fs, roi=skin))
    if heart is None or not heart.is_known:
        return f"probably {text}", f"{reason}, and {share}, but no pulse is found in it."
    return text, f"{reason}, and {share}, with a pulse of {heart.rate:.0f} per minute."


def _agrees(rate: Rate, one: Suggestion) -> bool:
    """Whether a rate is known and that of the suggestion."""
    return (
        rate.is_known
        and abs(rate.rate / 60 - one.frequency) < _OPTIONS.same_rate * one.frequency + 2 * one.frequency_stderr
    )


def _quiet(measure: Callable[[], Rate]) -> Rate | None:
    """The rate, or None if the clip is too short for it; nobody has chosen the regions that warnings would be about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return measure()
        except ValueError:
            return None


def _is_inside(value: float, band: tuple[float, float]) -> bool:
    return band[0] <= value <= band[1]


def _first_frame(clip: Any) -> np.ndarray:
    """The first frame, on the host."""
    chunk = clip if hasattr(clip, "ndim") else next(iter(as_frames(clip)))
    return to_host(chunk[0])


def _skin(frame: np.ndarray) -> np.ndarray:
    """Whether each pixel (H, W) has the color of skin: red above green above blue, by amounts typical of it."""
    if frame.ndim != 3:
        return np.zeros(frame.shape, bool)
    red, green, blue = np.moveaxis(frame.astype(float), -1, 0) / max(float(frame.max()), 1e-9) * 255
    blue_difference = 128 - 0.169 * red - 0.331 * green + 0.5 * blue
    red_difference = 128 + 0.5 * red - 0.419 * green - 0.081 * blue
    return np.asarray((np.abs(blue_difference - 102) < 25) & (np.abs(red_difference - 153) < 20))
