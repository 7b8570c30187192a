"""Three circles that move in front of backgrounds of many kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special

from vmm.data._textures import leaves, pink, texture

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
"""Names of photographs that come with scikit-image."""

PROCEDURAL = tuple(f"{kind} {seed}" for kind in ("texture", "pink", "leaves", "waves", "slope") for seed in (0, 1))

BACKGROUNDS = PHOTOGRAPHS + PROCEDURAL
"""Names of the 25 backgrounds: 15 photographs and 10 computed images."""


def background(name: str, shape: tuple[int, int]) -> np.ndarray:
    """Make a gray background image.

    Parameters
    ----------
    name
        One of ``BACKGROUNDS``.
    shape
        Rows and columns of the image.

    Returns
    -------
    ndarray
        Image (H, W) of float in gray levels from 0 to 255.

    Raises
    ------
    ValueError
        If there is no background with this name.

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
    backdrop: np.ndarray, *, radii: Sequence[float] | None = None, softness: float = 0.7, seed: int = 0
) -> Callable[[Any], np.ndarray]:
    """Make a scene of three uniform gray circles in a row that move in front of a static background.

    Parameters
    ----------
    backdrop
        Background (H, W) in gray levels, such as that of ``background``.
    radii
        Radii of the three circles in pixels. By default they are random, from 20 to 40 or as large as the frame allows.
    softness
        Standard deviation in pixels of the Gaussian whose integral is the profile of an edge.
    seed
        Seed of the radii, positions and gray levels.

    Returns
    -------
    callable
        The scene: a function of the displacements (3, 2) of the circles, down and right in pixels.

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
    height, width = backdrop.shape
    largest = min(40.0, height / 2 - 12, width / 6 - 4)
    sizes = rng.uniform(min(20.0, 0.6 * largest), largest, 3) if radii is None else np.asarray(radii, dtype=float)
    down = height / 2 + rng.uniform(-1, 1, 3) * np.maximum(height / 2 - sizes - 12, 0)
    right = width * np.array([1, 3, 5]) / 6
    centers = [(int(d), int(r)) for d, r in zip(down, right, strict=True)]
    local = np.array([backdrop[d - 5 : d + 6, r - 5 : r + 6].mean() for d, r in centers])
    grays = np.where(local > 128, 40.0, 215.0) + rng.uniform(-25, 25, 3)  # each contrasts with its surroundings
    rows, cols = np.arange(height)[:, None], np.arange(width)

    def scene(displacement: Any) -> np.ndarray:
        frame = backdrop.astype(float)
        displacements = np.asarray(displacement, dtype=float)
        for size, d, r, gray, (dy, dx) in zip(sizes, down, right, grays, displacements, strict=True):
            matte = scipy.special.ndtr((size - np.hypot(rows - d - dy, cols - r - dx)) / softness)
            frame = frame + matte * (gray - frame)
        return frame

    return scene


def _photograph(name: str, shape: tuple[int, int]) -> np.ndarray:
    """A photograph of scikit-image, converted to gray, cropped to the aspect ratio of the frame and resized."""
    import skimage.color
    import skimage.data
    import skimage.transform

    image = np.asarray(getattr(skimage.data, name)())
    gray = 255 * skimage.color.rgb2gray(image[..., :3]) if image.ndim == 3 else image.astype(float)
    scale = min(gray.shape[0] / shape[0], gray.shape[1] / shape[1])
    height, width = int(scale * shape[0]), int(scale * shape[1])
    row, col = (gray.shape[0] - height) // 2, (gray.shape[1] - width) // 2
    crop = gray[row : row + height, col : col + width]
    return np.asarray(skimage.transform.resize(crop, shape, anti_aliasing=True, preserve_range=True))


def _texture(shape: tuple[int, int], seed: int) -> np.ndarray:
    return texture(shape, blur=1.5 + 2 * seed, contrast=30.0, seed=10 + seed)((0.0, 0.0))


def _pink(shape: tuple[int, int], seed: int) -> np.ndarray:
    return pink(shape, contrast=30.0, seed=10 + seed)((0.0, 0.0))


def _leaves(shape: tuple[int, int], seed: int) -> np.ndarray:
    return leaves(shape, min_radius=3.0 + 5 * seed, seed=10 + seed)((0.0, 0.0))


def _waves(shape: tuple[int, int], seed: int) -> np.ndarray:
    """The sum of two sinusoidal gratings at right angles to one another."""
    rows, cols = np.indices(shape)
    angle = 0.4 + 0.5 * seed
    first, second = rows * np.sin(angle) + cols * np.cos(angle), rows * np.cos(angle) - cols * np.sin(angle)
    return np.asarray(128 + 35 * np.sin(first / (2 + 2 * seed)) + 35 * np.sin(second / 7))


def _slope(shape: tuple[int, int], seed: int) -> np.ndarray:
    """A linear gradient of the gray level, to the right or down."""
    return np.broadcast_to(np.linspace(60, 200, shape[1 - seed]).reshape((1, -1) if seed == 0 else (-1, 1)), shape)


_PROCEDURES = {"texture": _texture, "pink": _pink, "leaves": _leaves, "waves": _waves, "slope": _slope}
