"""Photographs shifted as a whole by a fraction of a pixel: the two-frame test of Oh et al. (2018)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

HELD_OUT = ("astronaut", "coffee", "chelsea", "rocket", "camera", "coins", "brick", "hubble_deep_field")
"""Names of photographs in ``skimage.data`` on which no network of the library is trained."""

COLUMNS = (
    *((motion, out, 0.0) for motion in (0.05, 0.2, 1.0) for out in (2.0, 5.0)),
    *((motion, out, 3.0) for motion in (0.2, 1.0) for out in (2.0, 5.0)),
)
"""Columns of the tables: shift from a to b and from a to the truth in pixels, and noise in gray levels."""

INNER = (slice(16, -16), slice(16, -16))
"""The part of a frame that is compared: without the border, where networks see padding."""

_SEARCH_RANGE = np.arange(-2.0, 16.0, 0.5)
"""Shifts in pixels among which the best fit is searched before it is refined."""


def __dir__() -> list[str]:
    return [
        "COLUMNS",
        "HELD_OUT",
        "INNER",
        "Shift",
        "dithered",
        "measured_shift",
        "photograph",
        "shift",
        "similarities",
        "translated",
    ]


@dataclass(frozen=True, eq=False)
class Shift:
    """Two frames and the result of a perfect magnifier.

    Attributes
    ----------
    a
        Reference frame (H, W, 3) of uint8.
    b
        The frame, shifted by the motion, (H, W, 3) of uint8.
    truth
        The frame, shifted by the output motion, (H, W, 3) of float, without noise or rounding.
    direction
        Unit vector (2,) of the motion, down and right.
    """

    a: np.ndarray
    b: np.ndarray
    truth: np.ndarray
    direction: np.ndarray


def shift(name: str, motion: float, out: float, noise: float = 0.0, *, side: int = 256, seed: int = 0) -> Shift:
    """Make a pair of frames: a photograph, and the same photograph shifted in a random direction.

    Both are rounded to 8 bits with dither.

    Parameters
    ----------
    name
        Name of the photograph, one of ``HELD_OUT``.
    motion
        Shift from a to b in pixels.
    out
        Shift from a to the truth in pixels. The magnification factor is ``out / motion``.
    noise
        Standard deviation of white noise in both frames, in gray levels. By default none.
    side
        Height and width of the frames in pixels.
    seed
        Seed of direction, dither and noise.

    Returns
    -------
    Shift
        The two frames, the truth and the direction.

    Raises
    ------
    ValueError
        If `name` is not one of ``HELD_OUT``.

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
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.sin(angle), np.cos(angle)])
    image = photograph(name, side + 32)
    a, b, truth = (translated(image, size * direction)[INNER] for size in (0.0, motion, out))
    noisy_a, noisy_b = (dithered(frame + rng.normal(0, noise, frame.shape), rng) for frame in (a, b))
    return Shift(noisy_a, noisy_b, np.clip(truth, 0, 255), direction)


def similarities(
    magnified: Callable[[np.ndarray, np.ndarray, float], np.ndarray],
    columns: Sequence[tuple[float, float, float]] = COLUMNS,
    names: Sequence[str] = HELD_OUT,
    *,
    side: int = 256,
) -> list[float]:
    """Structural similarity (SSIM) between magnified frames and the truth.

    Parameters
    ----------
    magnified
        The magnifier: a function of frames a and b (H, W, 3) of uint8 and of the magnification factor that returns a
        frame (H, W, 3) in gray levels.
    columns
        Test conditions: motion and output motion in pixels, and noise in gray levels.
    names
        Photographs over which the mean is taken.
    side
        Height and width of the frames in pixels.

    Returns
    -------
    list of float
        Mean SSIM of the color images for each condition, at most 1. It is computed with Gaussian windows on the inner
        part of the frame.

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


def measured_shift(scene: Shift, frame: np.ndarray) -> float:
    """Shift of a frame from the reference frame along the true direction, by least squares.

    Parameters
    ----------
    scene
        The pair of frames, the result of ``shift``.
    frame
        Frame (H, W, 3) in gray levels, such as a magnified one.

    Returns
    -------
    float
        The shift in pixels, from -2.5 to 16, for which the translated frame a is closest to `frame`.

    Examples
    --------
    >>> from vmm.data.shifts import measured_shift, shift
    >>> scene = shift("coins", 0.2, 2.0)
    >>> round(measured_shift(scene, scene.truth), 1)
    2.0
    """
    from scipy.optimize import minimize_scalar

    spectrum, inner = np.fft.fft2(scene.a.astype(float), axes=(0, 1)), (slice(32, -32), slice(32, -32))

    def error(size: float) -> float:
        return float(np.mean((_translated(spectrum, size * scene.direction)[inner] - frame[inner]) ** 2))

    best = _SEARCH_RANGE[np.argmin([error(size) for size in _SEARCH_RANGE])]
    fit = minimize_scalar(error, bounds=(best - 0.5, best + 0.5), method="bounded", options={"xatol": 1e-3})
    return float(fit.x)


def photograph(name: str, side: int) -> np.ndarray:
    """Center of a photograph of scikit-image.

    Parameters
    ----------
    name
        Name of the photograph in ``skimage.data``.
    side
        Height and width in pixels.

    Returns
    -------
    ndarray
        The center (side, side, 3) of float, in gray levels.

    Examples
    --------
    >>> from vmm.data.shifts import photograph
    >>> photograph("coins", 64).shape
    (64, 64, 3)
    """
    import skimage.data

    image = np.asarray(getattr(skimage.data, name)(), dtype=float)
    image = np.stack([image] * 3, -1) if image.ndim == 2 else image[..., :3]
    row, col = ((n - side) // 2 for n in image.shape[:2])
    return image[row : row + side, col : col + side]


def translated(image: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    """Translate an image by any fraction of a pixel, in the Fourier domain, with periodic borders.

    Parameters
    ----------
    image
        Image (H, W, C).
    displacement
        Displacement (2,), down and right, in pixels.

    Returns
    -------
    ndarray
        The translated image (H, W, C) of float.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data.shifts import translated
    >>> translated(np.eye(4)[..., None], np.array([0, 1]))[0, :, 0].round(6) + 0.0
    array([0., 1., 0., 0.])
    """
    return _translated(np.fft.fft2(image, axes=(0, 1)), displacement)


def _translated(spectrum: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    """The translated image with this spectrum (H, W, C)."""
    down, right = (np.fft.fftfreq(n) for n in spectrum.shape[:2])
    rotation = np.exp(-2j * np.pi * (down[:, None] * displacement[0] + right * displacement[1]))
    translated: np.ndarray = np.fft.ifft2(spectrum * rotation[..., None], axes=(0, 1)).real
    return translated


def dithered(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Round gray levels up or down at random, so that their expected value is exact.

    Parameters
    ----------
    frame
        Gray levels of any shape, from 0 to 255.
    rng
        Generator of the random numbers.

    Returns
    -------
    ndarray
        The rounded gray levels of uint8.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data.shifts import dithered
    >>> dithered(np.full(1000, 7.25), np.random.default_rng(0)).mean().round(1).item()
    7.3
    """
    return np.clip(np.floor(frame + rng.random(frame.shape)), 0, 255).astype(np.uint8)
