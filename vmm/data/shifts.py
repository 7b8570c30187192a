"""Photographs shifted as a whole by a known part of a pixel: the test of Oh et al. for two frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

HELD_OUT = ("astronaut", "coffee", "chelsea", "rocket", "camera", "coins", "brick", "hubble_deep_field")
"""Photographs in ``skimage.data`` that no network of the library is trained on."""

COLUMNS = (
    *((motion, out, 0.0) for motion in (0.05, 0.2, 1.0) for out in (2.0, 5.0)),
    *((motion, out, 3.0) for motion in (0.2, 1.0) for out in (2.0, 5.0)),
)
"""Motion from a to b and from a to the truth in pixels, and noise in grey levels, of each column of the tables."""

INNER = (slice(16, -16), slice(16, -16))
"""The part of a frame that is compared."""


class Shift(NamedTuple):
    """Two frames and what a perfect magnifier makes of them.

    Attributes
    ----------
    a
        Frame (H, W, 3) that motion is measured from, uint8.
    b
        The frame shifted by the motion, uint8.
    truth
        The frame shifted by the output motion, not rounded, without noise.
    direction
        Unit vector (2,) of the motion, down and right.
    """

    a: np.ndarray
    b: np.ndarray
    truth: np.ndarray
    direction: np.ndarray


def shift(name: str, motion: float, out: float, noise: float = 0.0, *, side: int = 256, seed: int = 0) -> Shift:
    """A photograph and the same shifted, rounded with dither.

    Parameters
    ----------
    name
        One of ``HELD_OUT``.
    motion
        Shift from a to b in pixels.
    out
        Shift from a to the truth in pixels: the total factor is out / motion.
    noise
        Standard deviation of white noise in both frames, in grey levels.
    side
        Side of the frames in pixels.
    seed
        Of direction, dither and noise.

    Returns
    -------
    Shift
        Frames and truth.

    Raises
    ------
    ValueError
        Where there is no such photograph.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018, section 5.3.

    Examples
    --------
    >>> from vmm.data.shifts import shift
    >>> shift("coins", 0.2, 2.0).truth.shape
    (256, 256, 3)
    """
    if name not in HELD_OUT:
        raise ValueError(f"photograph {name!r} must be one of {', '.join(HELD_OUT)}")
    rng = np.random.default_rng([seed, HELD_OUT.index(name)])
    turn = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.sin(turn), np.cos(turn)])
    image = _middle(name, side + 32)
    a, b, truth = (shifted(image, size * direction)[INNER] for size in (0.0, motion, out))
    seen_a, seen_b = (_rounded(frame + rng.normal(0, noise, frame.shape), rng) for frame in (a, b))
    return Shift(seen_a, seen_b, np.clip(truth, 0, 255), direction)


def similarities(
    magnified: Callable[[np.ndarray, np.ndarray, float], np.ndarray],
    columns: Sequence[tuple[float, float, float]] = COLUMNS,
    names: Sequence[str] = HELD_OUT,
    *,
    side: int = 256,
) -> list[float]:
    """How like the truth the frames are that a magnifier makes of two frames.

    Parameters
    ----------
    magnified
        Takes frames a and b (H, W, 3), uint8, and the total factor; returns a frame (H, W, 3) in grey levels.
    columns
        Motion, output motion and noise of each number.
    names
        Photographs that the mean is taken over.
    side
        Side of the frames in pixels.

    Returns
    -------
    list of float
        Structural similarity over colours (Gaussian windows, inner part of the frame), one number a column.

    Examples
    --------
    >>> from vmm.data.shifts import similarities
    >>> round(similarities(lambda a, b, factor: b, [(1.0, 1.0, 0.0)], ["coins"])[0], 2)
    1.0
    """
    from skimage.metrics import structural_similarity

    options = {"channel_axis": -1, "data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    means = []
    for motion, out, noise in columns:
        scenes = [shift(name, motion, out, noise, side=side) for name in names]
        frames = [np.clip(magnified(s.a, s.b, out / motion), 0, 255).astype(np.float64) for s in scenes]
        scores = [
            structural_similarity(f[INNER], s.truth[INNER], **options) for f, s in zip(frames, scenes, strict=True)
        ]
        means.append(float(np.mean(scores)))
    return means


def achieved(scene: Shift, frame: np.ndarray) -> float:
    """How far a frame (H, W, 3) is shifted from frame a along the motion, in pixels: the shift that fits it best.

    Examples
    --------
    >>> from vmm.data.shifts import achieved, shift
    >>> scene = shift("coins", 0.2, 2.0)
    >>> round(achieved(scene, scene.truth), 1)
    2.0
    """
    from scipy.optimize import minimize_scalar

    still, inner = scene.a.astype(float), (slice(32, -32), slice(32, -32))

    def error(size: float) -> float:
        return float(np.mean((shifted(still, size * scene.direction)[inner] - frame[inner]) ** 2))

    sizes = np.arange(-2.0, 16.0, 0.5)
    best = sizes[np.argmin([error(size) for size in sizes])]
    found = minimize_scalar(error, bounds=(best - 0.5, best + 0.5), method="bounded", options={"xatol": 1e-3})
    return float(found.x)


def _middle(name: str, side: int) -> np.ndarray:
    """The middle of a photograph (side, side, 3)."""
    import skimage.data

    image = np.asarray(getattr(skimage.data, name)(), dtype=float)
    image = np.stack([image] * 3, -1) if image.ndim == 2 else image[..., :3]
    top, left = ((n - side) // 2 for n in image.shape[:2])
    return image[top : top + side, left : left + side]


def shifted(image: np.ndarray, move: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) moved by (2,) pixels down and right in the Fourier domain; what leaves comes in again.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data.shifts import shifted
    >>> shifted(np.eye(4)[..., None], np.array([1, 1]))[1, 1].round(6).item()
    1.0
    """
    down, right = (np.fft.fftfreq(n) for n in image.shape[:2])
    turn = np.exp(-2j * np.pi * (down[:, None] * move[0] + right * move[1]))
    return np.fft.ifft2(np.fft.fft2(image, axes=(0, 1)) * turn[..., None], axes=(0, 1)).real


def _rounded(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grey levels rounded up or down at random, so that their mean is true."""
    return np.clip(np.floor(frame + rng.random(frame.shape)), 0, 255).astype(np.uint8)
