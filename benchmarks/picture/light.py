"""Light: changes of the illumination of a static scene, which are not to be magnified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import scipy.special

from benchmarks.picture.cases import Case, Row
from benchmarks.picture.noise import ALPHA, BAND, COMPARED, FRAMES, FREQUENCY, FS
from benchmarks.study.entrants import Entrant
from vmm.data import synthetic

TITLE = "Light"
TEXT = (
    "A static scene with noise of 0.3 gray levels, in 8 bits, whose light changes; motion of 1 to 3 Hz is magnified by "
    "20. The light becomes 2 % brighter at once, drifts by 10 % over the clip with a gradient across the frame, "
    "flickers by 5 % at 2 Hz, or flickers so in the left half only, with a soft border. The change is the difference "
    "of output and input in gray levels: its root mean square, and its maximum."
)
SHAPE = (128, 128)
NOISE = 0.3
SOFTNESS = 4.0
"""Standard deviation in pixels of the Gaussian whose integral is the profile of the border of a lamp's light."""

SCENES: dict[str, Callable[[tuple[int, int]], synthetic.Scene]] = {
    "texture": partial(synthetic.texture, blur=1.0),
    "leaves": synthetic.leaves,
}
TIMES = np.arange(FRAMES)[:, None, None]
COLUMNS = np.linspace(0, 1, SHAPE[1])
FLICKER = 0.05 * np.sin(2 * np.pi * FREQUENCY * TIMES / FS)


def brighter() -> np.ndarray:
    """The light is 2 % brighter from the middle of the clip on."""
    return np.where(TIMES >= FRAMES // 2, 1.02, 1.0)


def drift() -> np.ndarray:
    """The light drifts by 10 % in the center, by nothing on the left and by 20 % on the right."""
    return 1 + 0.2 * TIMES / FRAMES * COLUMNS


def flicker() -> np.ndarray:
    """The light flickers by 5 %."""
    return 1 + FLICKER


def half_flickers() -> np.ndarray:
    """The light flickers by 5 % in the left half of the frame; the border of the lamp's light is soft."""
    return 1 + FLICKER * scipy.special.ndtr((SHAPE[1] / 2 - np.arange(SHAPE[1])) / SOFTNESS)


LIGHTS: dict[str, tuple[Callable[[], np.ndarray], str, str]] = {
    "2 % brighter": (brighter, "at most 0.2", ""),
    "drift of 10 %": (drift, "at most 0.2", ""),
    "flicker of 5 %": (flicker, "at most 0.2", ""),
    "flicker of half the frame": (half_flickers, "", "at most 20"),
}
"""Functions that make the light (T, h, w), the target of the mean change, and that of the largest change, by name."""


def cases(quick: bool) -> Iterator[Case]:
    """Each change of light of each scene."""
    for name, (light, mean, largest) in LIGHTS.items():
        for scene in list(SCENES)[:1] if quick else SCENES:
            rows = (Row(f"{name}, {scene}", mean), Row(f"{name}, {scene}, largest", largest, digits=0))
            yield Case(rows, partial(clip, scene, light), change)


def clip(scene: str, light: Callable[[], np.ndarray]) -> np.ndarray:
    """Frames (T, H, W) of a static scene in changing light."""
    noise = np.random.default_rng(0).normal(0, NOISE, (FRAMES, *SHAPE))
    frames = np.clip(SCENES[scene](SHAPE)((0.0, 0.0)), 0, 230) * light() + noise
    return np.clip(np.rint(frames), 0, 255).astype(np.float32)


def change(one: Entrant, frames: np.ndarray) -> list[float]:
    """Root mean square and largest difference of output and input, without a border of 16 px."""
    out = np.asarray(one.magnify(frames, FREQUENCY, FS, ALPHA, band=BAND))
    difference = (out - frames)[COMPARED, 16:-16, 16:-16]
    return [float(np.sqrt(np.mean(difference**2))), float(np.abs(difference).max())]
