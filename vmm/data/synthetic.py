"""Scenes that can be rendered at any displacement, exactly, and clips of them.

A scene is a function ``scene(displacement) -> frame``: displacement (2,) down and right in pixels, frame (H, W[, 3]) in
grey levels 0 to 255, not rounded. ``render`` makes a clip of it, ``sway`` the displacements of a vibration. A clip of
the same scene at ``(1 + alpha)`` times the displacement is what a perfect magnifier makes.

| scene | what moves |
| --- | --- |
| ``texture`` | a band-limited texture, the whole frame |
| ``pink`` | a band-limited texture with a spectrum of 1/f, the whole frame |
| ``narrow`` | a texture of one spatial wavelength, an octave wide, the whole frame |
| ``leaves`` | overlapping discs of one grey each (dead leaves), the whole frame |
| ``disc`` | a textured disc with a soft edge before a texture that stands still |
| ``warp`` | a picture, each pixel by its own share of one or more displacements |
| ``beam`` | a beam held at one end, in its modes of vibration (``cantilever``, ``beam_places``) |
| ``circles`` | three circles, each by its own displacement, before one of 25 backgrounds (``background``) |

A displacement is a ``sway``, a ``step``, a drift, or a sum of them; ``three_ways`` sends the circles three ways.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.special

from vmm.data.beams import beam, beam_places, cantilever
from vmm.data.circles import BACKGROUNDS, background, circles
from vmm.data.displacements import step, sway, three_ways

__all__ = [
    "BACKGROUNDS",
    "Scene",
    "background",
    "beam",
    "beam_places",
    "cantilever",
    "circles",
    "disc",
    "leaves",
    "narrow",
    "pink",
    "render",
    "step",
    "sway",
    "texture",
    "three_ways",
    "warp",
]

Scene = Callable[[Any], np.ndarray]


def render(
    scene: Scene,
    displacement: np.ndarray,
    *,
    noise: float = 0.0,
    light: Any = None,
    seed: int = 0,
    dtype: Any = np.uint8,
) -> np.ndarray:
    """A clip of a scene.

    Parameters
    ----------
    scene
        What is rendered.
    displacement
        Displacement (T, 2) down and right, in pixels; or (T, K, 2) for a scene that takes K of them.
    noise
        Standard deviation of white noise added, in grey levels.
    light
        Factor of the light in each frame, (T,), such as ``1 + 0.02 * np.sin(...)`` for a lamp that flickers.
    seed
        Of the noise.
    dtype
        Type of the frames; integers are rounded and clipped.

    Returns
    -------
    ndarray
        Frames (T, H, W).

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((32, 48)), synthetic.sway(10, 30, 2, 0.1), noise=1.0)
    >>> clip.shape, clip.dtype
    ((10, 32, 48), dtype('uint8'))
    """
    frames = np.stack([scene(d) for d in displacement])
    if light is not None:
        frames = frames * np.asarray(light).reshape(-1, 1, 1)
    if noise:
        frames = frames + np.random.default_rng(seed).normal(0, noise, frames.shape)
    return np.clip(np.rint(frames), 0, 255).astype(dtype) if np.dtype(dtype).kind == "u" else frames.astype(dtype)


def texture(shape: tuple[int, int], *, blur: float = 1.2, contrast: float = 35.0, seed: int = 0) -> Scene:
    """White noise blurred by a Gaussian, which moves as a whole.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    blur
        Standard deviation of the blur in pixels.
    contrast
        Standard deviation of the grey levels about 128.
    seed
        Of the texture.

    Returns
    -------
    callable
        The scene; it is shifted in the Fourier domain, and continued beyond the frame.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.texture((32, 48))((0.0, 0.1)).shape
    (32, 48)
    """
    noise = np.random.default_rng(seed).normal(size=_canvas(shape))
    return _moving(scipy.ndimage.gaussian_filter(noise, blur, mode="wrap"), contrast)


def pink(shape: tuple[int, int], *, limit: float = 0.75, contrast: float = 35.0, seed: int = 0) -> Scene:
    """A texture whose amplitude falls as 1/f up to a limit, which moves as a whole.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    limit
        Highest frequency, as a part of Nyquist's; from half of it on the spectrum is rolled off.
    contrast
        Standard deviation of the grey levels about 128.
    seed
        Of the texture.

    Returns
    -------
    callable
        The scene; it is shifted in the Fourier domain, and continued beyond the frame.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.pink((32, 48))((0.0, 0.1)).shape
    (32, 48)
    """
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=_canvas(shape)))
    radius = 2 * np.hypot(*_frequencies(spectrum.shape))
    spectrum *= np.clip(2 * (1 - radius / limit), 0, 1) / np.maximum(radius, 4 / min(shape))
    return _moving(np.fft.ifft2(spectrum).real, contrast)


def narrow(shape: tuple[int, int], wavelength: float, *, contrast: float = 35.0, seed: int = 0) -> Scene:
    """A texture of one spatial wavelength in all directions, an octave wide, which moves as a whole.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    wavelength
        Its centre in pixels.
    contrast
        Standard deviation of the grey levels about 128.
    seed
        Of the texture.

    Returns
    -------
    callable
        The scene; it is shifted in the Fourier domain, and continued beyond the frame.

    Raises
    ------
    ValueError
        Where no such wave fits between two pixels and the frame.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.narrow((32, 48), 8.0)((0.0, 0.1)).shape
    (32, 48)
    """
    if not 2 < wavelength <= min(shape):
        raise ValueError(
            f"wavelength={wavelength!r} must lie between 2 pixels and {min(shape)}, the frame's least side"
        )
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=_canvas(shape)))
    octaves = np.log2(np.maximum(np.hypot(*_frequencies(spectrum.shape)), 1e-9) * wavelength)
    spectrum *= np.where(np.abs(octaves) < 0.5, np.cos(np.pi * octaves), 0.0)
    return _moving(np.fft.ifft2(spectrum).real, contrast)


def leaves(shape: tuple[int, int], *, smallest: float = 3.0, blur: float = 0.75, seed: int = 0) -> Scene:
    """Discs of one grey each that hide one another, their sizes by a power law, which move as a whole.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    smallest
        Radius of the smallest discs in pixels; the largest have 60.
    blur
        Standard deviation in pixels of the Gaussian that stands for the lens.
    seed
        Of the discs.

    Returns
    -------
    callable
        The scene; it is shifted in the Fourier domain, and continued beyond the frame.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.leaves((32, 48))((0.0, 0.1)).shape
    (32, 48)
    """
    rng = np.random.default_rng(seed)
    fine = 4  # drawn four times as large
    height, width = (fine * n for n in _canvas(shape))
    image = np.full((height, width), 128.0)
    for _ in range(height * width // 2000):
        radius = fine * smallest / np.sqrt(rng.uniform((smallest / 60) ** 2, 1))  # density 1 / r ** 3 up to 60 pixels
        row, col = rng.integers(height), rng.integers(width)
        reach = np.arange(-int(radius), int(radius) + 1)
        inside = reach[:, None] ** 2 + reach**2 <= radius**2
        rows, cols = np.nonzero(inside)
        image[(rows + row - int(radius)) % height, (cols + col - int(radius)) % width] = rng.uniform(20, 235)
    soft = scipy.ndimage.gaussian_filter(image, fine * blur, mode="wrap")
    small = soft.reshape(height // fine, fine, width // fine, fine).mean(axis=(1, 3))
    return _moving(small, float(small.std()))


def disc(
    shape: tuple[int, int], *, radius: float = 60.0, softness: float = 1.5, contrast: float = 35.0, seed: int = 0
) -> Scene:
    """A textured disc with a soft edge, in the middle of a textured background that stands still.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    radius
        Radius of the disc in pixels.
    softness
        Standard deviation in pixels of the Gaussian whose integral is the disc's edge.
    contrast
        Standard deviation of the grey levels of either texture, about 128.
    seed
        Of the textures.

    Returns
    -------
    callable
        The scene.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.disc((64, 64), radius=20)((0.0, 0.1)).shape
    (64, 64)
    """
    behind = texture(shape, contrast=contrast, seed=seed)((0.0, 0.0))
    front = texture(shape, contrast=contrast, seed=seed + 1)
    rows, cols = (np.arange(n) - (n - 1) / 2 for n in shape)

    def scene(displacement: Any) -> np.ndarray:
        distance = np.hypot((rows - displacement[0])[:, None], cols - displacement[1])
        matte = scipy.special.ndtr((radius - distance) / softness)
        return behind + matte * (front(displacement) - behind)

    return scene


def warp(image: np.ndarray, shares: np.ndarray) -> Scene:
    """A picture whose pixels move by shares of one or more displacements.

    Parameters
    ----------
    image
        Picture (H, W) or (H, W, 3); between its pixels it is a cubic spline.
    shares
        Share (K, H, W) of the k-th displacement that each place of a frame shows.

    Returns
    -------
    callable
        The scene; it takes displacements (K, 2).

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import synthetic
    >>> synthetic.warp(np.eye(16), np.ones((1, 16, 16)))([(0.0, 0.5)]).shape
    (16, 16)
    """
    planes = np.moveaxis(np.atleast_3d(image).astype(float), -1, 0)
    splines = [scipy.ndimage.spline_filter(plane, 3) for plane in planes]
    here = np.indices(shares.shape[1:], dtype=float)

    def scene(displacement: Any) -> np.ndarray:
        there = here - np.einsum("kyx,kd->dyx", shares, np.asarray(displacement, dtype=float))
        moved = [scipy.ndimage.map_coordinates(s, there, order=3, mode="mirror", prefilter=False) for s in splines]
        return np.stack(moved, axis=-1).reshape(image.shape)

    return scene


def _moving(image: np.ndarray, contrast: float) -> Scene:
    """The image, with its mean at 128 and the given contrast, shifted in the Fourier domain; its margin is cut off."""
    image = 128 + contrast * (image - image.mean()) / image.std()
    spectrum = np.fft.fft2(image)
    down, right = _frequencies(image.shape)
    inside = tuple(slice(_MARGIN, n - _MARGIN) for n in image.shape)

    def scene(displacement: Any) -> np.ndarray:
        shift = np.exp(-2j * np.pi * (down * displacement[0] + right * displacement[1]))
        return np.fft.ifft2(spectrum * shift).real[inside]

    return scene


_MARGIN = 16


def _canvas(shape: tuple[int, int]) -> tuple[int, int]:
    return shape[0] + 2 * _MARGIN, shape[1] + 2 * _MARGIN


def _frequencies(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies down (H, 1) and right (W,) in cycles per pixel."""
    return np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])
