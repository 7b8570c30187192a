"""Circles that move by a tenth of a pixel, before backgrounds of many kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special

PHOTOGRAPHS = (
    "astronaut",
    "brick",
    "camera",
    "cat",
    "cell",
    "clock",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "hubble_deep_field",
    "immunohistochemistry",
    "moon",
    "page",
    "rocket",
)
"""Photographs that ship with scikit-image."""

PROCEDURAL = tuple(f"{kind} {seed}" for kind in ("texture", "pink", "leaves", "waves", "slope") for seed in (0, 1))

BACKGROUNDS = PHOTOGRAPHS + PROCEDURAL
"""Names of 25 backgrounds."""


def background(name: str, shape: tuple[int, int]) -> np.ndarray:
    """A grey background.

    Parameters
    ----------
    name
        One of ``BACKGROUNDS``.
    shape
        Rows and columns.

    Returns
    -------
    ndarray
        Picture (H, W) in grey levels 0 to 255.

    Raises
    ------
    ValueError
        Where there is no background of that name.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.background("moon", (48, 64)).shape
    (48, 64)
    """
    if name not in BACKGROUNDS:
        raise ValueError(f"background {name!r} must be one of {', '.join(BACKGROUNDS)}")
    if name in PHOTOGRAPHS:
        return np.clip(_photograph(name, shape), 0, 255)
    kind, seed = name.split()
    return np.clip(_PROCEDURES[kind](shape, int(seed)), 0, 255)


def circles(
    behind: np.ndarray, *, radii: Sequence[float] | None = None, softness: float = 0.7, seed: int = 0
) -> Callable[[Any], np.ndarray]:
    """Three circles of one grey each, side by side before a background that stands still.

    Parameters
    ----------
    behind
        Background (H, W) in grey levels.
    radii
        Radius of each in pixels; by default drawn from 20 to 40, or as large as the frame allows.
    softness
        Standard deviation in pixels of the Gaussian whose integral is an edge.
    seed
        Of radii, places and greys.

    Returns
    -------
    callable
        The scene; it takes displacements (3, 2), one for each circle, down and right.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023, section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import synthetic
    >>> scene = synthetic.circles(synthetic.background("moon", (96, 240)))
    >>> scene(np.zeros((3, 2))).shape
    (96, 240)
    """
    rng = np.random.default_rng(seed)
    height, width = behind.shape
    largest = min(40.0, height / 2 - 12, width / 6 - 4)
    sizes = rng.uniform(min(20.0, 0.6 * largest), largest, 3) if radii is None else np.asarray(radii, dtype=float)
    down = height / 2 + rng.uniform(-1, 1, 3) * np.maximum(height / 2 - sizes - 12, 0)
    right = width * np.array([1, 3, 5]) / 6
    under = [behind[int(d) - 5 : int(d) + 6, int(r) - 5 : int(r) + 6].mean() for d, r in zip(down, right, strict=True)]
    greys = np.where(np.asarray(under) > 128, 40.0, 215.0) + rng.uniform(-25, 25, 3)
    rows, cols = np.arange(height)[:, None], np.arange(width)

    def scene(displacement: Any) -> np.ndarray:
        frame = behind.astype(float)
        moves = np.asarray(displacement, dtype=float)
        for size, d, r, grey, (dy, dx) in zip(sizes, down, right, greys, moves, strict=True):
            matte = scipy.special.ndtr((size - np.hypot(rows - d - dy, cols - r - dx)) / softness)
            frame = frame + matte * (grey - frame)
        return frame

    return scene


def _photograph(name: str, shape: tuple[int, int]) -> np.ndarray:
    """A photograph of scikit-image, grey, cut to the aspect of the frame and resized."""
    import skimage.color
    import skimage.data
    import skimage.transform

    image = np.asarray(getattr(skimage.data, name)())
    grey = 255 * skimage.color.rgb2gray(image[..., :3]) if image.ndim == 3 else image.astype(float)
    share = min(grey.shape[0] / shape[0], grey.shape[1] / shape[1])
    height, width = int(share * shape[0]), int(share * shape[1])
    top, left = (grey.shape[0] - height) // 2, (grey.shape[1] - width) // 2
    part = grey[top : top + height, left : left + width]
    return np.asarray(skimage.transform.resize(part, shape, anti_aliasing=True, preserve_range=True))


def _texture(shape: tuple[int, int], seed: int) -> np.ndarray:
    from vmm.data.synthetic import texture

    return np.asarray(texture(shape, blur=1.5 + 2 * seed, contrast=30.0, seed=10 + seed)((0.0, 0.0)))


def _pink(shape: tuple[int, int], seed: int) -> np.ndarray:
    from vmm.data.synthetic import pink

    return np.asarray(pink(shape, contrast=30.0, seed=10 + seed)((0.0, 0.0)))


def _leaves(shape: tuple[int, int], seed: int) -> np.ndarray:
    from vmm.data.synthetic import leaves

    return np.asarray(leaves(shape, smallest=3.0 + 5 * seed, seed=10 + seed)((0.0, 0.0)))


def _waves(shape: tuple[int, int], seed: int) -> np.ndarray:
    """Two gratings across one another."""
    rows, cols = np.indices(shape)
    turn = 0.4 + 0.5 * seed
    one, two = rows * np.sin(turn) + cols * np.cos(turn), rows * np.cos(turn) - cols * np.sin(turn)
    return np.asarray(128 + 35 * np.sin(one / (2 + 2 * seed)) + 35 * np.sin(two / 7))


def _slope(shape: tuple[int, int], seed: int) -> np.ndarray:
    """A slope of brightness, to the right or down."""
    return np.broadcast_to(np.linspace(60, 200, shape[1 - seed]).reshape((1, -1) if seed == 0 else (-1, 1)), shape)


_PROCEDURES = {"texture": _texture, "pink": _pink, "leaves": _leaves, "waves": _waves, "slope": _slope}
