"""The choice of what is magnified in a clip."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from vmm.auto._choice import Choice, Decision
from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import to_host
from vmm.engine.frames import Frames, FramesLike, as_frames
from vmm.engine.regions import Box
from vmm.measure.applications._pulse import breathing, pulse
from vmm.measure.detection._strongest_region import strongest_region
from vmm.measure.detection._suggest import suggest
from vmm.measure.detection._suggestion import Suggestion
from vmm.measure.estimation._camera_motion import CameraMotion, rereadable
from vmm.measure.estimation._displacement import displacement
from vmm.measure.estimation._still_search import find_still


@dataclass(frozen=True)
class AutoOptions:
    """Thresholds of the choice.

    Attributes
    ----------
    min_shake
        Motion of the camera in pixels rms, from which it is removed.
    min_shake_ratio
        The same in standard errors of the regions at rest that show it.
    breathing_band
        Range in Hz of the breathing rate of people at rest, 6 to 42 per minute.
    pulse_band
        Range in Hz of the pulse of people at rest, 42 to 150 per minute.
    min_skin
        Share of the frame with the color of skin from which slow motion is called breathing.
    same_rate
        Relative difference of frequencies up to which a rate and a suggestion are the same.
    """

    min_shake: float = 0.15
    min_shake_ratio: float = 5.0
    breathing_band: tuple[float, float] = (0.1, 0.7)
    pulse_band: tuple[float, float] = (0.7, 2.5)
    min_skin: float = 0.05
    same_rate: float = 0.15


_OPTIONS = AutoOptions()


@checks_arguments
def choose(frames: FramesLike, *, fs: float | None = None, max_choices: int = 3) -> Decision:
    """Find what moves in a clip, and choose how to magnify it.

    Regions at rest show whether the camera moves; if so, its motion is removed first. The strongest vibrations and
    color changes are then searched as by ``vmm.measure.suggest``. Motion is magnified by ``vmm.gradient``, so that it
    reaches about 2 pixels, and color by ``vmm.color``. A change of color is called pulse if ``vmm.measure.pulse`` finds
    the same rate, and slow motion of a person is called breathing if ``vmm.measure.breathing`` finds it.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, or a clip of ``vmm.io.stream``; at least 16 frames.
        The chunks of an iterator are kept in memory.
    fs
        Rate of the camera in Hz. The default is the rate of the clip; without any, frequencies are in cycles/frame.
    max_choices
        Largest number of choices, at least 1. The default is 3.

    Returns
    -------
    Decision
        The choices, the strongest first; none if nothing moves or if only the light flickers. Its `messages` say why.

    Raises
    ------
    ValueError
        If the clip has fewer than 16 frames, the wrong shape or values that are not finite, or if `fs` or `max_choices`
        is out of range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or its dtype is not supported.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(90, 30, 4.0, 0.1), noise=1.0)
    >>> [choice.name for choice in vmm.auto.choose(clip, fs=30).choices]
    ['vibration at 4 Hz']
    """
    if max_choices < 1:
        raise ValueError(f"max_choices={max_choices} must be at least 1")
    reopen = rereadable(frames)
    still, messages = _camera(reopen, fs)
    suggestions = suggest(reopen(), still=still, fs=fs)
    lines = [one for one in suggestions if one.kind != "flicker" and not one.is_codec_rhythm]
    if flicker := _flicker(suggestions):
        messages.append(flicker)
    if not lines:
        messages.append("Nothing is magnified: no vibration or change of color exceeds the noise of this clip.")
    choices = tuple(_choice(one, reopen, fs, still) for one in lines[:max_choices])
    return Decision(choices, still, tuple(messages))


@checks_arguments
def magnify(frames: Frames, *, fs: float | None = None) -> Frames:
    """Magnify the strongest vibration or change of color of a clip, with settings that ``choose`` finds.

    Parameters
    ----------
    frames
        As for ``choose``.
    fs
        As for ``choose``.

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and form (array, iterator, list or pair) of `frames`.

    Raises
    ------
    ValueError
        If nothing is worth magnifying: the message says why. Also as for ``choose``.
    TypeError
        As for ``choose``.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(90, 30, 4.0, 0.1), noise=1.0)
    >>> vmm.auto.magnify(clip, fs=30).shape
    (90, 48, 64)
    """
    clip: Any = rereadable(frames)() if not hasattr(frames, "reopen") else frames
    decision = choose(clip, fs=fs, max_choices=1)
    if not decision.choices:
        raise ValueError(" ".join(decision.messages))
    result: Frames = decision.choices[0].magnify(clip, fs=fs)
    return result


def _camera(reopen: Callable[[], Any], fs: float | None) -> tuple[tuple[Box, ...] | None, list[str]]:
    """The regions at rest if the camera moves, else None; and what is to be said about it."""
    measure: Any = partial(displacement, fs=fs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Nobody has chosen the regions that the warnings would be about.
        try:
            boxes = find_still(measure, reopen)
        except ValueError:  # No part of the frame is at rest, so that nothing is known about the camera.
            return None, []
        camera = CameraMotion(measure(reopen(), boxes))
    path = camera.parameters[:, :2]
    shake = float(np.sqrt(np.square(path - path.mean(axis=0)).sum(axis=1).mean()))
    noise = float(np.sqrt(camera.variance(np.array([0.0, 0.0])).sum()))
    if shake < max(_OPTIONS.min_shake, _OPTIONS.min_shake_ratio * noise):
        return None, []
    return tuple(boxes), [f"The camera moves by {shake:.2g} px rms, so its motion is removed before magnification."]


def _flicker(suggestions: Sequence[Suggestion]) -> str:
    """A sentence about the strongest flicker of the light; empty if there is none that the codec does not explain."""
    for one in suggestions:
        if one.kind == "flicker" and not one.is_codec_rhythm:
            return (
                f"The light of the whole frame flickers at {one.frequency:.4g} {one.frequency_unit} by "
                f"{one.amplitude:.2g} gray levels, which is not magnified; the command `{one.command()}` removes it."
            )
    return ""


def _choice(one: Suggestion, reopen: Callable[[], Any], fs: float | None, still: tuple[Box, ...] | None) -> Choice:
    """The settings for one suggestion, with the reasons."""
    name, reason = _name(one, reopen, fs, still)
    whole = replace(one, is_whole_frame=True)  # The box would show as an edge in the picture.
    low, high = (f"{edge:.4g}" for edge in one.band)
    size = f"{one.amplitude:.2g} " + ("px" if one.kind == "motion" else "gray levels")
    reasons = [
        reason,
        "The gradient method is the most accurate one for small motion in a band."
        if one.kind == "motion"
        else "The color method magnifies changes of color without motion.",
        f"The band of {low} to {high} {one.frequency_unit} surrounds the line, and holds its width.",
        f"The amplitude of {size} becomes {1 + one.alpha:.3g} times as large.",
    ]
    return Choice(name, whole, still is not None, tuple(filter(None, reasons)))


def _name(
    one: Suggestion, reopen: Callable[[], Any], fs: float | None, still: tuple[Box, ...] | None
) -> tuple[str, str]:
    """What the suggestion is, and the reason if that is more than its frequency."""
    plain = f"{'vibration' if one.kind == 'motion' else 'change of color'} at {one.frequency:.4g} {one.frequency_unit}"
    if one.frequency_unit != "Hz":
        return plain, ""
    if one.kind == "color" and _is_inside(one.frequency, _OPTIONS.pulse_band) and _has_color(reopen()):
        rate = pulse(reopen(), fs=fs, roi=one.roi)
        if rate.is_known and abs(rate.rate / 60 - one.frequency) < _OPTIONS.same_rate * one.frequency:
            text = f"pulse, {rate.rate:.1f} beats/min"
            return (
                text,
                f"The color changes as skin does with the pulse: {rate.rate:.1f} +- {rate.stderr:.1f} per minute.",
            )
    if one.kind == "motion" and _is_inside(one.frequency, _OPTIONS.breathing_band):
        share = _skin_share(reopen())
        box = strongest_region(reopen, [one], still) if share > _OPTIONS.min_skin else None
        if box is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rate = breathing(displacement(reopen(), box, still=still, fs=fs))
            if rate.is_known and abs(rate.rate / 60 - one.frequency) < _OPTIONS.same_rate * one.frequency:
                reason = (
                    f"The frame shows skin ({100 * share:.0f} % of it), and the motion has a steady rate of "
                    f"{rate.rate:.1f} +- {rate.stderr:.1f} per minute."
                )
                return f"breathing, {rate.rate:.1f} breaths/min", reason
    return plain, ""


def _is_inside(value: float, band: tuple[float, float]) -> bool:
    return band[0] <= value <= band[1]


def _has_color(clip: Any) -> bool:
    return getattr(clip, "shape", (0,) * 3)[-1] == 3 and len(clip.shape) == 4


def _first_frame(clip: Any) -> np.ndarray:
    """The first frame, on the host."""
    chunk = clip if hasattr(clip, "ndim") else next(iter(as_frames(clip)))
    return to_host(chunk[0])


def _skin_share(clip: Any) -> float:
    """Share of the first frame that has the color of skin: red above green above blue, by amounts typical of it."""
    frame = _first_frame(clip).astype(float)
    if frame.ndim != 3:
        return 0.0
    red, green, blue = (frame[..., i] / max(frame.max(), 1e-9) * 255 for i in range(3))
    blue_difference = 128 - 0.169 * red - 0.331 * green + 0.5 * blue
    red_difference = 128 + 0.5 * red - 0.419 * green - 0.081 * blue
    is_skin = (np.abs(blue_difference - 102) < 25) & (np.abs(red_difference - 153) < 20)
    return float(is_skin.mean())
