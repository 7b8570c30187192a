"""Gain: measured over nominal output motion of scenes that move exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.picture import scenes
from benchmarks.picture.cases import Case, Row
from benchmarks.study.entrants import Entrant
from vmm.data.synthetic import Scene, render, sway

TITLE = "Gain"
TEXT = (
    "Scenes of 128x128 px, and waves of 256x256 px, move by 0.1 px at 3 Hz at 25 degrees (waves and edges along their "
    "normal): 96 frames of floating-point numbers at 30 frames/s. Motion of 2 to 4 Hz is magnified by 11. The figure "
    "is the output motion, fitted to exact renders in the middle of the clip, over the nominal output motion: ideally "
    "1, and 1/11 without magnification. Motion of 9.2 Hz, 2.3 times the upper edge of the band, is to remain as it "
    "is: the figure is its amplitude over that in the input. The lag is that of the additional motion at 3 Hz."
)
FS, FREQUENCY, BAND, ALPHA, AMPLITUDE, ANGLE, FRAMES = 30.0, 3.0, (2.0, 4.0), 10.0, 0.1, 25.0, 96
OUTSIDE = 2.3 * BAND[1]
COMPARED = slice(36, 66, 2)
CAUSAL = {"temporal": "butterworth"}
"""Options for causal processing of methods whose default looks ahead."""

WAVELENGTHS = (2.5, 3.0, 4.0, 8.0, 16.0, 32.0, 64.0)
LIMITS = "0.93 to 1.07"
TARGETS = dict.fromkeys(scenes.CANVASES, LIMITS) | {"coarse texture, blur 9": "0.90 to 1.07"}
NOISY = ("noise texture", "coarse texture, blur 5", "camera, sharp")


class Clip(NamedTuple):
    """Frames (T, H, W) of a scene that moves by a sine at `frequency`."""

    frames: np.ndarray
    scene: Scene
    frequency: float = FREQUENCY


def cases(quick: bool) -> Iterator[Case]:
    """Scenes without and with noise, waves, edges, and motion outside the band."""
    canvases = {name: make for name, make in scenes.CANVASES.items() if not (quick and "blurred by" in name)}
    for name, make in canvases.items():
        yield Case((Row(name, TARGETS[name]),), partial(moving, make), gain)
    yield Case((Row("straight edge", LIMITS),), partial(moving, partial(scenes.edge, ANGLE)), gain)
    yield Case((Row("thin string", LIMITS),), partial(moving, partial(scenes.string, ANGLE)), gain)
    for wavelength in WAVELENGTHS[::3] if quick else WAVELENGTHS:
        make_wave = partial(scenes.wave, wavelength, ANGLE)
        yield Case((Row(f"wave of {wavelength:g} px", LIMITS),), partial(moving, make_wave), gain)
    for name in NOISY if quick else canvases:
        yield Case((Row(f"{name}, noise 3", TARGETS[name]),), partial(moving, canvases[name], noise=3.0), gain)
    outside = partial(moving, scenes.noise_texture, frequency=OUTSIDE)
    yield Case((Row("motion outside the band", "0.9 to 1.1"),), outside, remaining)
    yield Case((Row("motion outside the band, causal", "0.85 to 1.15"),), outside, partial(_causal, remaining))
    inside = partial(moving, scenes.noise_texture)
    rows = (Row("motion in the band, causal", LIMITS), Row("lag in the band, causal, frames", ""))
    yield Case(rows, inside, partial(_causal, _gain_and_lag))


def moving(make: Callable[[], Scene], noise: float = 0.0, frequency: float = FREQUENCY) -> Clip:
    """The clip of a scene that moves by a sine."""
    scene = make()
    moves = sway(FRAMES, FS, frequency, AMPLITUDE, ANGLE)
    return Clip(render(scene, moves, noise=noise, dtype=np.float32), scene, frequency)


def gain(one: Entrant, source: Clip, **options: Any) -> list[float]:
    """Measured over nominal output motion, in phase with the motion of the input."""
    return [float(transfer(one, source, 1 + ALPHA, **options).real) / (1 + ALPHA)]


def remaining(one: Entrant, source: Clip, **options: Any) -> list[float]:
    """Amplitude of the output motion over that of the input."""
    return [float(abs(transfer(one, source, 1.0, **options)))]


def _gain_and_lag(one: Entrant, source: Clip, **options: Any) -> list[float]:
    """Gain by amplitude, and the delay in frames of the additional motion."""
    response = transfer(one, source, 1 + ALPHA, **options)
    return [float(abs(response)) / (1 + ALPHA), float(-np.angle(response - 1)) * FS / (2 * np.pi * FREQUENCY)]


def _causal(measure: Callable[..., list[float]], one: Entrant, source: Clip) -> list[float]:
    """The measure with a causal filter; NaN if the method has no choice of filters."""
    if "temporal" not in one.options:
        return [float("nan")] * 2
    return measure(one, source, **CAUSAL)


def transfer(one: Entrant, source: Clip, nominal: float, **options: Any) -> complex:
    """Output motion over input motion as a complex number; its angle is negative if the output lags behind."""
    out = np.asarray(one.magnify(source.frames, FREQUENCY, FS, ALPHA, band=BAND, **options))
    moves = sway(FRAMES, FS, source.frequency, AMPLITUDE, ANGLE)
    direction = np.array([np.sin(np.deg2rad(ANGLE)), np.cos(np.deg2rad(ANGLE))])
    displacement = scenes.motion(out[COMPARED], source.scene, nominal * moves[COMPARED], moves[COMPARED]) @ direction
    phase = 2 * np.pi * source.frequency * np.arange(FRAMES)[COMPARED] / FS
    columns = np.stack([np.sin(phase), np.cos(phase), np.ones(len(phase))], axis=1)
    sine, cosine, _ = np.linalg.lstsq(columns, displacement, rcond=None)[0]
    return complex(sine, cosine) / AMPLITUDE
