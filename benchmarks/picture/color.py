"""Color: chroma that moves with the luma."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import scipy.special

from benchmarks.picture.cases import Case, Row
from benchmarks.picture.gain import BAND, FRAMES, FREQUENCY, FS
from benchmarks.study.entrants import Entrant
from vmm.data import synthetic

TITLE = "Color"
TEXT = (
    "A red disc before a blue background of the same luma, and a red star before a bright sky, both with a static "
    "background and a texture in gray levels, vibrate by 0.1 px at 3 Hz, which is magnified to 1.1 and 3.1 px. The "
    "figure is the root mean square error of the chroma within 8 px of the edge over that of chroma that stays in "
    "place: 0 is ideal. Chroma has half the resolution as in most files (4:2:0), or the full one (4:4:4)."
)
SHAPE, AMPLITUDE, ANGLE, NEAR, SOFTNESS = (128, 128), 0.1, 25.0, 8.0, 0.8
COMPARED = slice(36, 66, 4)
CHROMA = np.array([[-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
"""Chroma Cb and Cr of red, green and blue."""

LUMA = np.array([0.299, 0.587, 0.114])
RGB = np.linalg.inv(np.concatenate([LUMA[None], CHROMA]))
"""Red, green and blue of luma and chroma."""

Radius = Callable[[np.ndarray], np.ndarray]
OBJECTS: dict[str, tuple[Radius, tuple[float, ...], tuple[float, ...], str]] = {
    "disc, same luma": (lambda angle: 36 + 0 * angle, (200, 60, 60), (60, 100, 222), "at most 0.55"),
    "star, other luma": (lambda angle: 36 + 10 * np.cos(5 * angle), (190, 50, 50), (185, 205, 230), "at most 0.35"),
}
"""Radius of the outline in pixels by angle, color of the object and of the background, and target, by name."""


class Clip(NamedTuple):
    """Frames (T, H, W, 3), the chroma (N, H, W, 2) of the truth, and the pixels (H, W) near the edge."""

    frames: np.ndarray
    truth: np.ndarray
    near: np.ndarray
    alpha: float


def cases(quick: bool) -> Iterator[Case]:
    """Each object at each output motion and size of the chroma."""
    for small in (True,) if quick else (True, False):
        for name, (*_, target) in OBJECTS.items():
            for alpha in (10.0, 30.0):
                title = f"{name}, {(1 + alpha) * AMPLITUDE:.1f} px, {'4:2:0' if small else '4:4:4'}"
                yield Case((Row(title, target if small else ""),), partial(clip, name, alpha, small), chroma_error)


def clip(name: str, alpha: float, small: bool) -> Clip:
    """The clip of an object, with its truth."""
    radius, front, back, _ = OBJECTS[name]
    scene = colored(radius, np.array(front, float), np.array(back, float))
    stored = subsampled if small else np.asarray
    moves = synthetic.sway(FRAMES, FS, FREQUENCY, AMPLITUDE, ANGLE)
    frames = np.clip(np.rint(stored(np.stack([scene(m) for m in moves]))), 0, 255).astype(np.uint8)
    truth = stored(np.stack([scene((1 + alpha) * m) for m in moves[COMPARED]])) @ CHROMA.T
    return Clip(frames, truth, np.abs(distance(radius, (0.0, 0.0))) <= NEAR, alpha)


def distance(radius: Radius, displacement: np.ndarray | tuple[float, float]) -> np.ndarray:
    """Distance (H, W) in pixels from the outline along a ray from the center, positive inside."""
    rows = np.arange(SHAPE[0])[:, None] - SHAPE[0] / 2 - displacement[0]
    cols = np.arange(SHAPE[1]) - SHAPE[1] / 2 - displacement[1]
    return radius(np.arctan2(rows, cols)) - np.hypot(rows, cols)


def colored(radius: Radius, front: np.ndarray, back: np.ndarray) -> synthetic.Scene:
    """The scene of a colored object with a texture that moves in front of a colored static texture."""
    still = synthetic.texture(SHAPE, contrast=12.0)((0.0, 0.0)) - 128
    moving = synthetic.texture(SHAPE, contrast=12.0, seed=1)

    def scene(displacement: np.ndarray) -> np.ndarray:
        matte = scipy.special.ndtr(distance(radius, displacement) / SOFTNESS)[..., None]
        inside = front + moving(displacement)[..., None] - 128
        frame: np.ndarray = back + still[..., None] + matte * (inside - back - still[..., None])
        return frame

    return scene


def subsampled(frames: np.ndarray) -> np.ndarray:
    """Frames (T, H, W, 3) with chroma of half the size: means of 2x2 pixels, interpolated linearly as decoders do."""
    chroma = frames @ CHROMA.T
    half = (chroma[:, ::2] + chroma[:, 1::2]) / 2
    half = (half[:, :, ::2] + half[:, :, 1::2]) / 2
    planes = np.concatenate([(frames @ LUMA)[..., None], _doubled(_doubled(half, 1), 2)], axis=-1)
    result: np.ndarray = planes @ RGB.T
    return result


def _doubled(planes: np.ndarray, axis: int) -> np.ndarray:
    """Planes with twice the samples along an axis, interpolated linearly between the centers of the samples."""
    first = np.take(planes, np.r_[0, 0 : planes.shape[axis] - 1], axis)
    last = np.take(planes, np.r_[1 : planes.shape[axis], planes.shape[axis] - 1], axis)
    pairs = np.stack([0.75 * planes + 0.25 * first, 0.75 * planes + 0.25 * last], axis=axis + 1)
    shape = list(planes.shape)
    shape[axis] *= 2
    return pairs.reshape(shape)


def chroma_error(one: Entrant, source: Clip) -> list[float]:
    """Root mean square error of the chroma near the edge, over that of the input."""
    out = np.asarray(one.magnify(source.frames, FREQUENCY, FS, source.alpha, band=BAND))
    errors = [(clip[COMPARED] @ CHROMA.T - source.truth)[:, source.near] for clip in (out, source.frames)]
    error, reference = (float(np.sqrt(np.mean(one_error**2))) for one_error in errors)
    return [error / reference]
