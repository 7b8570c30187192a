"""The choice of the motions of a clip, and of the settings that magnify them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from vmm.auto._camera import CameraState, camera_state
from vmm.auto._choice import Choice, Decision
from vmm.auto._cuts import cuts, longest_scene
from vmm.auto._far_motion import FarMotion, far_motion
from vmm.auto._names import name_of
from vmm.backend.arguments import checks_arguments
from vmm.backend.progress import Progress
from vmm.engine.frames import Frames, FramesLike, as_frames, is_pair
from vmm.engine.regions import Box
from vmm.engine.times import stated_rate
from vmm.measure.detection._suggest import suggest
from vmm.measure.detection._suggestion import Suggestion
from vmm.measure.estimation._camera_motion import rereadable
from vmm.measure.signals._result import frequency_unit
from vmm.measure.signals._signal import time_unit


@dataclass(frozen=True)
class AutoOptions:
    """Constants of the choice.

    Attributes
    ----------
    output_share
        Amplitude of the magnified motion, relative to the longer side of the frame.
    output_range
        Smallest and largest amplitude of the magnified motion in pixels: smaller ones are not seen, and larger ones
        tear fine detail.
    alpha_range
        Smallest and largest alpha: the noise grows with it.
    far_alpha
        Alpha for objects that move far, as in the published examples: the amplitude of their small motion is not known.
    far_frequency
        Frequency for objects that move far, in cycles/frame: the published examples have 0.13 and 0.27, and in the
        higher one the codec of some clips is visible.
    moving_share
        Share of the region of a change of color that moves, from which the motion is taken for its cause.
    light_share
        Share of the frame from which a change of color is that of the light, if the light is known to flicker. Codecs
        spread a flicker over many frequencies.
    harmonic_tolerance
        Difference in bins of the spectrum, up to which a frequency is a multiple of another one.
    max_harmonic
        Largest amplitude of a harmonic relative to that of the fundamental; larger ones are motions of their own.
    """

    output_share: float = 0.007
    output_range: tuple[float, float] = (3.0, 6.0)
    alpha_range: tuple[float, float] = (2.0, 50.0)
    far_alpha: float = 8.0
    far_frequency: float = 0.125
    moving_share: float = 0.25
    light_share: float = 0.6
    harmonic_tolerance: float = 0.25
    max_harmonic: float = 2.0


_OPTIONS = AutoOptions()

_LINE_BINS = 2.0
"""Difference in bins of the spectrum up to which a line has the frequency of another one."""

_NOTHING = (
    "Nothing is magnified: no vibration or change of color is stronger than the noise of this clip, and no object "
    "moves through the picture."
)

_PAN = (
    "Nothing is magnified: the camera pans, or the whole scene moves through the frame, by about {:.0f} px. Choose a "
    "part of the clip in which the camera rests, or follow one object with the option roi of vmm.stabilize."
)

_ZOOM = (
    "Nothing is magnified: the camera zooms, or comes closer or moves away, so that the size of the scene changes by "
    "{:.0f} %. Choose a part of the clip in which the size stays the same."
)


@checks_arguments
def choose(
    frames: FramesLike, *, fs: float | None = None, max_choices: int = 3, progress: Progress = False
) -> Decision:
    """Find motions and changes of color in a clip, and choose how to magnify it.

    Regions at rest show whether the camera moves; if so, its motion is removed first. If there are none, but most of
    the frame moves alike, the whole frame is tracked instead. The strongest vibrations and color changes are then
    searched as by ``vmm.measure.suggest``. Motion is magnified by ``vmm.gradient``, so that it reaches about 3 to 6
    pixels, and color by ``vmm.color``. If nothing vibrates, but objects move far, their small motion is magnified by
    ``vmm.acceleration`` at an eighth of the rate of the camera. A change of color is called pulse if
    ``vmm.measure.pulse`` finds the same rate, probably pulse if only the green shows it, and slow motion of a person is
    called breathing if ``vmm.measure.breathing`` finds it. Nothing is chosen for a clip with a cut, or if the camera
    pans or zooms.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, or a clip of ``vmm.io.stream``; at least 16 frames.
        The chunks of an iterator are kept in memory.
    fs
        Rate of the camera in Hz. The default is the rate of the clip; without any, frequencies are in cycles/frame.
    max_choices
        Largest number of choices, at least 1. The default is 3.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    Decision
        The choices, the strongest first; none if nothing moves, if only the light flickers, if the clip has a cut, or
        if the camera pans or zooms. Its `messages` say why.

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
    ['motion at 3.999 Hz']
    """
    if max_choices < 1:
        raise ValueError(f"max_choices={max_choices} must be at least 1")
    if is_pair(frames):
        fs = stated_rate(frames, fs)
    original = rereadable(frames)
    if scenes := cuts(original):
        clip: Any = as_frames(original())
        return Decision((), None, (_cut_message(scenes, clip.shape[0], stated_rate(clip, fs)),), cuts=scenes)
    camera = camera_state(original, fs)
    if camera.pan or camera.zoom:
        return Decision((), None, (_PAN.format(camera.pan) if camera.pan else _ZOOM.format(100 * camera.zoom),))
    suggestions = _suggestions(original, camera, fs)
    if camera.line and all(_is_left_over(one, camera, original) for one in suggestions):
        camera = CameraState()  # An object that fills the frame moves alike everywhere.
        suggestions = _suggestions(original, camera, fs)
    reopen = original if camera.steady is None else rereadable(camera.steady)
    still, is_removed = camera.still, camera.is_removed
    clip = as_frames(reopen())
    rate, unit = float(stated_rate(clip, fs) or 1), frequency_unit(time_unit(clip, fs))
    lines = [one for one in suggestions if one.kind != "flicker" and not one.is_codec_rhythm]
    flicker = next((one for one in suggestions if one.kind == "flicker" and not one.is_codec_rhythm), None)
    lines = _independent(lines, rate / clip.shape[0], flicker)
    named = (_choice(one, reopen, clip.shape[1:3], fs, still, is_removed) for one in lines)
    is_steady = flicker is None
    choices = list(islice((one for one in named if is_steady or not _is_light(one, clip.shape[1:3])), max_choices))
    if not choices and not is_removed:  # A camera that moves makes everything move far.
        far = far_motion(reopen)
        choices = [] if far is None else [_far_choice(far, rate, unit)]
    messages = [_shake_message(camera, choices), _flicker_message(flicker), "" if choices else _NOTHING]
    return Decision(tuple(choices), still, tuple(filter(None, messages)), flicker, camera.steady)


@checks_arguments
def magnify(frames: Frames, *, fs: float | None = None, progress: Progress = False) -> Frames:
    """Magnify the strongest vibration or change of color of a clip, with settings that ``choose`` finds.

    Parameters
    ----------
    frames
        As for ``choose``.
    fs
        As for ``choose``.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

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


def _suggestions(reopen: Callable[[], Any], camera: CameraState, fs: float | None) -> list[Suggestion]:
    """The vibrations and changes of color of the clip, without the motion of the camera."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"still\[")  # Nobody has chosen these regions.
        clip = reopen() if camera.steady is None else rereadable(camera.steady)()
        return suggest(clip, still=camera.still, fs=fs)


def _is_left_over(one: Suggestion, camera: CameraState, reopen: Callable[[], Any]) -> bool:
    """Whether a line, or its fundamental, is a remainder of the motion of the camera, which has one frequency."""
    order = max(1, round(one.frequency / one.fs / camera.line))
    distance = abs(one.frequency / one.fs / order - camera.line) * as_frames(reopen()).shape[0]
    return one.kind == "motion" and distance < _LINE_BINS and one.amplitude < camera.shake


def _cut_message(scenes: tuple[int, ...], length: int, rate: float | None) -> str:
    """A sentence about the scenes of a clip of some frames, and about the remedy."""
    first, stop = longest_scene(scenes, length)
    unit, factor = ("", 1) if rate is None else (" s", 1 / rate)
    places = ", ".join(f"{factor * start:.4g}{unit}" for start in scenes[:5]) + ", ..." * (len(scenes) > 5)
    return (
        f"The scene changes at {places}{'' if unit else ' frames'} (a cut), where nothing can be magnified: choose "
        f"one scene, for example the frames {first} to {stop - 1}, which are the longest."
    )


def _shake_message(camera: CameraState, choices: Sequence[Choice]) -> str:
    """A sentence about the motion of the camera; empty if there is none."""
    if not camera.shake:
        return ""
    if camera.is_removed:
        removed = ", and this motion is removed before magnification" * any(one.is_stabilized for one in choices)
        return f"The camera moves by {camera.shake:.2g} px rms{removed}."
    motion = f"A large part of the picture moves together, by {camera.shake:.2g} px rms"
    if camera.is_large:
        return f"{motion}. The clip is too large to find out whether the camera moves, so this motion is not removed."
    return f"{motion}, but the rest does not follow, so the camera is not the cause, and this motion is not removed."


def _flicker_message(one: Suggestion | None) -> str:
    """A sentence about a flicker of the light; empty if there is none."""
    if one is None:
        return ""
    return (
        f"The light of the whole frame flickers at {one.frequency:.4g} {one.frequency_unit} by "
        f"{one.amplitude:.2g} gray levels, which is not magnified."
    )


def _independent(lines: Sequence[Suggestion], bin_width: float, flicker: Suggestion | None) -> list[Suggestion]:
    """The lines without harmonics of others, and without changes of light by flicker or motion."""
    chosen: list[Suggestion] = []
    for one in sorted(lines, key=lambda line: line.frequency):
        is_light = flicker is not None and _is_of_flicker(one, flicker, bin_width)
        if one.harmonic is None and not is_light and not any(_is_caused_by(one, other, bin_width) for other in lines):
            chosen.append(one)
    return sorted(chosen, key=lines.index)


def _is_caused_by(one: Suggestion, other: Suggestion, bin_width: float) -> bool:
    """Whether the motion `other` makes the line `one`, as a harmonic or by its change of light."""
    share = _share(one.roi, other.roi)
    if other is one or other.kind != "motion" or share == 0:
        return False
    if one.kind == "color":
        return one.snr < other.snr and share > _OPTIONS.moving_share
    order = round(one.frequency / other.frequency)
    tolerance = _OPTIONS.harmonic_tolerance * bin_width
    is_larger = one.amplitude > _OPTIONS.max_harmonic * other.amplitude
    return order > 1 and abs(one.frequency - order * other.frequency) < tolerance and not is_larger


def _is_of_flicker(one: Suggestion, flicker: Suggestion, bin_width: float) -> bool:
    """Whether a change of color is a multiple of the flicker, as pixels make it that are too bright for the camera."""
    distance = abs(one.frequency - max(1, round(one.frequency / flicker.frequency)) * flicker.frequency)
    return one.kind == "color" and distance < bin_width + 2 * one.frequency_stderr


def _is_light(choice: Choice, size: Sequence[int]) -> bool:
    """Whether a change of color of most of a frame of size (H, W) may be of the light, because it is no pulse."""
    area = choice.roi[2] * choice.roi[3] / (size[0] * size[1])
    return choice.method == "color" and area > _OPTIONS.light_share and "pulse" not in choice.name


def _share(a: Box, b: Box) -> float:
    """Share of the box a that the box b covers."""
    sides = [max(0, min(a[i] + a[i + 2], b[i] + b[i + 2]) - max(a[i], b[i])) for i in (0, 1)]
    return sides[0] * sides[1] / (a[2] * a[3])


def _alpha(amplitude: float, size: Sequence[int]) -> float:
    """The alpha that makes motion of an amplitude in pixels plain to see in a frame of size (H, W), in two digits."""
    target = np.clip(_OPTIONS.output_share * max(size), *_OPTIONS.output_range)
    return float(f"{np.clip(target / max(amplitude, 1e-9), *_OPTIONS.alpha_range):.2g}")


def _choice(
    one: Suggestion,
    reopen: Callable[[], Any],
    size: Sequence[int],
    fs: float | None,
    still: tuple[Box, ...] | None,
    is_stabilized: bool,
) -> Choice:
    """The settings for one suggestion, with the reasons."""
    name, reason = name_of(one, reopen, fs, still)
    low, high = (f"{edge:.4g}" for edge in one.band)
    frequency = f"{one.frequency:.4g} {one.frequency_unit}"
    if one.kind == "motion":
        alpha = _alpha(one.amplitude, size)
        method = "The method is gradient, the most accurate one for small motion that repeats in its place."
        result = f"the motion of {one.amplitude:.2g} px becomes {(1 + alpha) * one.amplitude:.2g} px"
    else:
        alpha = one.alpha
        method = "The method is color, because the color changes here more than motion explains."
        result = f"the change of {one.amplitude:.2g} gray levels becomes {(1 + alpha) * one.amplitude:.2g}"
    reasons = [
        reason,
        method,
        f"The band of {low} to {high} {one.frequency_unit} holds the line at {frequency}, with its width.",
        f"Alpha is {alpha:g}, so that {result}.",
    ]
    settings = {"band": one.band, "alpha": alpha}
    return Choice(name, one.method, settings, one.roi, tuple(filter(None, reasons)), one.fs, one, is_stabilized)


def _far_choice(far: FarMotion, rate: float, unit: str) -> Choice:
    """The settings for objects that move far, with the reasons."""
    frequency = float(f"{_OPTIONS.far_frequency * rate:.3g}")
    reasons = (
        f"The method is acceleration, because nothing vibrates in its place, but objects move by {far.speed:.2g} px "
        "per frame: it magnifies small, fast motion of such objects, and leaves motion of constant speed as it is.",
        f"The frequency of {frequency:g} {unit} is an eighth of the rate of the camera. It is not measured: motion of "
        f"about {frequency / 2:g} to {2 * frequency:g} {unit} is magnified.",
        f"Alpha is {_OPTIONS.far_alpha:g}, the usual one: the method magnifies motion of up to about half a pixel.",
    )
    settings = {"frequency": frequency, "alpha": _OPTIONS.far_alpha}
    return Choice("fast motion of objects that move far", "acceleration", settings, far.roi, reasons, rate)
