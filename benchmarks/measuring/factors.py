"""One factor at a time: amplitude, direction, light, noise, and faults of the camera."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.measuring import clips
from benchmarks.measuring.camera import FS, Camera, sway
from benchmarks.measuring.clips import Whole
from benchmarks.measuring.scenes import SIDE, leaves, photograph, texture
from benchmarks.measuring.tables import Effort, Row, Table
from benchmarks.measuring.textures import columns
from vmm.data.synthetic import Scene

STEPS = 8
"""Number of displacements during a long exposure whose pictures are averaged."""


def drift(frames: int, seed: int) -> np.ndarray:
    """A sway of 0.2 px on a drift of 4 px/s to the right."""
    return sway(frames, seed) + np.outer(np.arange(frames) / FS, [0.0, 4.0])


def exposed(frames: int, seed: int) -> np.ndarray:
    """Displacements (T, K, 2) during exposures as long as a frame: a sway of 2 px at 31 Hz."""
    moves = sway(STEPS * frames, seed, amplitude=2.0, frequency=31.0 / STEPS)
    return moves.reshape(frames, STEPS, 2)


def flicker(share: float, light: np.ndarray) -> np.ndarray:
    """Light that flickers by a share at 20 Hz."""
    wave = 1 + share * np.sin(2 * np.pi * 20 / FS * np.arange(len(light)))
    return light * wave[:, None, None]


def ramp(light: np.ndarray) -> np.ndarray:
    """Light that rises from left to right by a factor of 3."""
    return light * np.linspace(0.5, 1.5, SIDE)


def shade(light: np.ndarray) -> np.ndarray:
    """A shadow of 10 % with a soft edge that moves across the frame by 10 px at 3 Hz."""
    edge = SIDE / 2 + 10 * np.sin(2 * np.pi * 3 / FS * np.arange(len(light)))
    return light * (1 - 0.05 * (1 + np.tanh((np.arange(SIDE) - edge[:, None, None]) / 8)))


def bright(level: float, light: np.ndarray) -> np.ndarray:
    """Light that is raised by a number of gray levels, so that the brightest pixels saturate."""
    return light + level


SCENES: dict[str, Callable[[int], Scene]] = {
    "noise": texture,
    "leaves": leaves,
    "camera": partial(photograph, "camera"),
}

CASES: dict[str, Whole] = {
    **{
        f"amplitude {amplitude:g} px, noise": Whole(texture, partial(sway, amplitude=amplitude))
        for amplitude in (0.005, 0.05, 0.5, 1.0, 2.0)
    },
    **{
        f"amplitude {amplitude:g} px, leaves": Whole(leaves, partial(sway, amplitude=amplitude))
        for amplitude in (0.5, 2.0, 4.0, 8.0)
    },
    "amplitude 0.5 px, camera": Whole(SCENES["camera"], partial(sway, amplitude=0.5)),
    **{f"direction {angle:g} degrees": Whole(texture, partial(sway, angle=angle)) for angle in (0.0, 45.0, 90.0)},
    **{f"noise {noise:g}": Whole(texture, camera=Camera(noise=noise)) for noise in (0.0, 0.3, 3.0, 10.0)},
    **{
        f"shot noise, {electrons:g} electrons a level": Whole(texture, camera=Camera(noise=0, electrons=electrons))
        for electrons in (4.0, 40.0)
    },
    "16 bits, noise 0.3": Whole(texture, camera=Camera(noise=0.3, bits=16)),
    "floating point, noise 0.3": Whole(texture, camera=Camera(noise=0.3, bits=0)),
    **{f"flicker {100 * share:g} %": Whole(texture, light=partial(flicker, share)) for share in (0.02, 0.1)},
    "light from 0.5 to 1.5": Whole(texture, light=ramp),
    "moving shadow of 10 %": Whole(texture, light=shade),
    "saturated, noise": Whole(texture, light=partial(bright, 90.0)),
    "saturated, leaves": Whole(leaves, light=partial(bright, 65.0)),
    "drift of 4 px/s, noise": Whole(texture, drift),
    "drift of 4 px/s, leaves": Whole(leaves, drift),
    "random white pixels, 0.2 %": Whole(texture, camera=Camera(salt=0.002)),
    "smoothed noise, 0.6 px": Whole(texture, camera=Camera(smoothing=0.6)),
    "smoothed noise, 1 px": Whole(texture, camera=Camera(smoothing=1.0)),
}

FAULTS: dict[str, Whole] = {
    **{
        f"weak texture, contrast {contrast:g}": Whole(partial(texture, contrast=contrast), regions=(21, 61), gain=2.0)
        for contrast in (1.0, 1.5, 2.0, 3.0)
    },
    **{
        f"dead pixels, {100 * dead:g} %, {name}": Whole(SCENES[name], camera=Camera(dead=dead), gain=2.0)
        for dead, name in ((0.005, "noise"), (0.005, "leaves"), (0.001, "noise"), (0.005, "camera"))
    },
    **{
        f"fixed pattern {pattern:g}, {name}": Whole(SCENES[name], camera=Camera(pattern=pattern), gain=2.0)
        for pattern, name in ((3.0, "noise"), (3.0, "leaves"), (8.0, "noise"))
    },
    "row noise 1, white noise 0.5": Whole(texture, camera=Camera(noise=0.5, rows=1.0)),
    "long exposure, 2 px at 31 Hz, noise": Whole(texture, exposed),
    "long exposure, 2 px at 31 Hz, leaves": Whole(leaves, exposed),
    **{
        f"H.264, {amplitude:g} px, {name}": Whole(SCENES[name], partial(sway, amplitude=amplitude), encoded=True)
        for amplitude, name in ((0.05, "noise"), (0.2, "noise"), (1.0, "noise"), (0.2, "camera"))
    },
}

QUICK = {
    "amplitude 1 px, noise",
    "amplitude 4 px, leaves",
    "noise 10",
    "flicker 10 %",
    "saturated, leaves",
    "smoothed noise, 1 px",
    "weak texture, contrast 1",
    "dead pixels, 0.5 %, noise",
    "fixed pattern 3, noise",
    "row noise 1, white noise 0.5",
    "long exposure, 2 px at 31 Hz, noise",
    "H.264, 0.2 px, noise",
}


def rows(cases: dict[str, Whole], effort: Effort) -> Iterator[Row]:
    """A row for each case."""
    for name, case in cases.items():
        yield Row(name, partial(clips.lines, case, effort), name in QUICK)


TABLES = {
    "factors": Table(
        "One factor at a time",
        "As above, for noise with a blur of 1.2 px unless another scene is stated, and with one factor changed: the "
        "amplitude or direction of the motion, the noise of the camera (white, shot, smoothed by a Gaussian, or "
        "random white pixels), its bits, the light (flicker at 20 Hz, a constant ramp, a soft shadow that moves by "
        "10 px at 3 Hz, or 90 and 65 gray levels more, so that pixels saturate), or a drift. The bound is that of "
        "white noise of the same standard deviation. Targets are as above.",
        columns,
        partial(rows, CASES),
    ),
    "faults": Table(
        "Weak texture and faults of the camera",
        "As above. Weak texture has a standard deviation of 1 to 3 gray levels in noise of 1. Dead pixels are black "
        "or white in all frames; a fixed pattern is noise that is the same in all frames; row noise is common to the "
        "pixels of a row in one frame. A long exposure lasts as long as a frame: 8 pictures during it are averaged. "
        "Clips with H.264 are written as `.mp4` and read again: the encoder hides a part of the motion. The bound is "
        "that of the noise alone. On target: as above, but a gain within 2 % for weak texture, dead pixels and fixed "
        "pattern.",
        columns,
        partial(rows, FAULTS),
    ),
}
