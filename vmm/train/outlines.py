"""Outlines of the objects in training scenes: blobs, strings and rods, bodies with limbs, and cut-out mattes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from vmm.backend.reference import blur

_Rng = np.random.Generator


def outline(rng: _Rng, side: int, matte: np.ndarray) -> np.ndarray:
    """Coverage of a frame by an object.

    Parameters
    ----------
    rng
        Random generator.
    side
        Height and width in samples.
    matte
        Matte (S, S) of uint8, which is cropped or scaled in some of the calls. S is at least `side`.

    Returns
    -------
    ndarray
        Coverage (side, side) in [0, 1], float32.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.train.outlines import outline
    >>> outline(np.random.default_rng(1), 64, np.zeros((64, 64), np.uint8)).shape
    (64, 64)
    """
    kind = rng.choice(len(_KINDS), p=list(_KINDS.values()))
    return list(_KINDS)[kind](rng, side, matte).astype(np.float32)


def _cut_out(rng: _Rng, side: int, matte: np.ndarray) -> np.ndarray:
    """A matte, cropped at random or scaled to the frame."""
    if rng.random() < 0.5:
        row, col = (rng.integers(n - side + 1) for n in matte.shape)
        return matte[row : row + side, col : col + side] / 255
    return np.asarray(Image.fromarray(matte).resize((side, side))) / 255


def _blob(rng: _Rng, side: int, matte: np.ndarray) -> np.ndarray:
    """An ellipse with a random outline."""
    sigma = np.exp(rng.uniform(np.log(side / 60), np.log(side / 8)))
    noise = blur(rng.normal(size=(side, side)).astype(np.float32), (sigma, sigma))
    center, angle = rng.uniform(0.25, 0.75, 2), rng.uniform(0, np.pi)
    y, x = (np.indices((side, side)) / side) - center[:, None, None]
    along, across = np.cos(angle) * y + np.sin(angle) * x, np.cos(angle) * x - np.sin(angle) * y
    radius = np.exp(rng.uniform(np.log(0.06), np.log(0.35)))
    inside = 1 - (along / radius) ** 2 - (across / (radius * rng.uniform(0.4, 1))) ** 2
    sharpness = side / rng.uniform(10, 40)
    return np.clip((1.5 * inside + rng.uniform(0.2, 1) * noise / noise.std()) * sharpness + 0.5, 0, 1)


def _strings(rng: _Rng, side: int, matte: np.ndarray) -> np.ndarray:
    """Strings and rods, straight or curved, from half a pixel wide."""
    image = Image.new("L", (2 * side, 2 * side))
    draw = ImageDraw.Draw(image)
    t = np.linspace(0, 1, 30)[:, None]
    for _ in range(rng.integers(1, 5)):
        points = rng.uniform(0, 2 * side, (4, 2))
        line = points[0] * (1 - t) + points[3] * t
        if rng.random() < 0.6:
            bends = 3 * (1 - t) * t * ((1 - t) * points[1] + t * points[2])
            line = (1 - t) ** 3 * points[0] + bends + t**3 * points[3]
        width = int(np.exp(rng.uniform(np.log(2.5), np.log(40))))
        draw.line([tuple(point) for point in line], fill=255, width=width, joint="curve")
    return _halved(image, side)


def _body(rng: _Rng, side: int, matte: np.ndarray) -> np.ndarray:
    """Ellipses and polygons that touch one another, with limbs."""
    image = Image.new("L", (2 * side, 2 * side))
    draw = ImageDraw.Draw(image)
    middle = 2 * side * rng.uniform(0.25, 0.75, 2)
    for _ in range(rng.integers(2, 6)):
        center, radius = middle + rng.normal(0, 0.2 * side, 2), side * rng.uniform(0.06, 0.4, 2)
        if rng.random() < 0.5:
            draw.ellipse([*(center - radius), *(center + radius)], fill=255)
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
            corners = center + radius * np.stack([np.cos(angles), np.sin(angles)], 1)
            draw.polygon([tuple(corner) for corner in corners], fill=255)
        if rng.random() < 0.5:
            draw.line([tuple(middle), tuple(center)], fill=255, width=int(rng.uniform(4, 40)))
    return _halved(image, side)


def _halved(image: Image.Image, side: int) -> np.ndarray:
    """Coverage (side, side) of an image that is twice as large."""
    return np.asarray(image.resize((side, side), Image.Resampling.BOX)) / 255


_KINDS: dict[Callable[[_Rng, int, np.ndarray], np.ndarray], float] = {
    _cut_out: 0.25,
    _blob: 0.3,
    _strings: 0.22,
    _body: 0.23,
}
