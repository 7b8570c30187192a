"""Textures that move as a whole by any fraction of a pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage

Scene = Callable[[Any], np.ndarray]
"""A function of the displacement, down and right in pixels, that returns a frame (H, W[, 3]) in gray levels."""

_MARGIN = 16
"""Border in pixels that is cut off every frame, so that displacements up to 16 px do not wrap content around."""

_MAX_RADIUS = 60
"""Radius in pixels of the largest discs of ``leaves``."""

_OVERSAMPLING = 4
"""Factor by which ``leaves`` is drawn larger than the frame, so that the edges of its discs are smooth."""


def texture(shape: tuple[int, int], *, blur: float = 1.2, contrast: float = 35.0, seed: int = 0) -> Scene:
    """Make a texture of white noise blurred by a Gaussian, which moves as a whole.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    blur
        Standard deviation of the Gaussian in pixels.
    contrast
        Standard deviation of the frame in gray levels, about a mean of 128.
    seed
        Seed of the noise.

    Returns
    -------
    callable
        The scene: a function of the displacement (down, right) in pixels that returns a frame (H, W) of float. The
        texture is translated exactly, in the Fourier domain, and extends beyond the frame.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import synthetic
    >>> scene = synthetic.texture((32, 48))
    >>> bool(np.allclose(scene((0.0, 3.0))[:, 3:], scene((0.0, 0.0))[:, :-3]))  # 3 pixels to the right
    True
    """
    noise = np.random.default_rng(seed).normal(size=_canvas(shape))
    return _translated(scipy.ndimage.gaussian_filter(noise, blur, mode="wrap"), contrast)


def pink(shape: tuple[int, int], *, cutoff: float = 0.75, contrast: float = 35.0, seed: int = 0) -> Scene:
    """Make a texture whose amplitude spectrum falls as 1/f up to a cutoff, as in photographs.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    cutoff
        Highest spatial frequency, as a fraction of the Nyquist frequency. The spectrum rolls off linearly from half of
        it.
    contrast
        Standard deviation of the frame in gray levels, about a mean of 128.
    seed
        Seed of the texture.

    Returns
    -------
    callable
        The scene, which moves as a whole, as that of ``texture``.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.pink((32, 48))((0.0, 0.1)).shape
    (32, 48)
    """
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=_canvas(shape)))
    radius = 2 * np.hypot(*_frequencies(spectrum.shape))
    spectrum *= np.clip(2 * (1 - radius / cutoff), 0, 1) / np.maximum(radius, 4 / min(shape))
    return _translated(np.fft.ifft2(spectrum).real, contrast)


def narrow(shape: tuple[int, int], wavelength: float, *, contrast: float = 35.0, seed: int = 0) -> Scene:
    """Make a texture of one spatial wavelength in all directions, with a bandwidth of an octave.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    wavelength
        Wavelength at the center of the octave, in pixels: more than 2 and at most the shorter side of the frame.
    contrast
        Standard deviation of the frame in gray levels, about a mean of 128.
    seed
        Seed of the texture.

    Returns
    -------
    callable
        The scene, which moves as a whole, as that of ``texture``.

    Raises
    ------
    ValueError
        If `wavelength` is out of range.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.narrow((32, 48), 8.0)((0.0, 0.1)).shape
    (32, 48)
    """
    if not 2 < wavelength <= min(shape):
        raise ValueError(
            f"wavelength={wavelength!r} must lie between 2 pixels and {min(shape)}, the shorter side of the frame"
        )
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=_canvas(shape)))
    octaves = np.log2(np.maximum(np.hypot(*_frequencies(spectrum.shape)), 1e-9) * wavelength)
    spectrum *= np.where(np.abs(octaves) < 0.5, np.cos(np.pi * octaves), 0.0)
    return _translated(np.fft.ifft2(spectrum).real, contrast)


def leaves(shape: tuple[int, int], *, min_radius: float = 3.0, blur: float = 0.75, seed: int = 0) -> Scene:
    """Make a dead-leaves image: uniform discs that occlude one another, as objects in photographs do.

    The density of the radii falls with their third power, so that the image has similar statistics at all scales.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    min_radius
        Radius of the smallest discs in pixels. The largest discs have a radius of 60 pixels.
    blur
        Standard deviation in pixels of the Gaussian point spread function of the lens.
    seed
        Seed of the positions, radii and gray levels.

    Returns
    -------
    callable
        The scene, which moves as a whole, as that of ``texture``.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.leaves((32, 48))((0.0, 0.1)).shape
    (32, 48)
    """
    rng = np.random.default_rng(seed)
    n = _OVERSAMPLING
    height, width = (n * side for side in _canvas(shape))
    image = np.full((height, width), 128.0)
    for _ in range(height * width // 2000):
        # The inverse of the cumulative distribution turns uniform numbers into radii of density 1 / radius ** 3.
        radius = n * min_radius / np.sqrt(rng.uniform((min_radius / _MAX_RADIUS) ** 2, 1))
        row, col = rng.integers(height), rng.integers(width)
        offsets = np.arange(-int(radius), int(radius) + 1)
        rows, cols = np.nonzero(offsets[:, None] ** 2 + offsets**2 <= radius**2)
        image[(rows + row - int(radius)) % height, (cols + col - int(radius)) % width] = rng.uniform(20, 235)
    blurred = scipy.ndimage.gaussian_filter(image, n * blur, mode="wrap")
    small = blurred.reshape(height // n, n, width // n, n).mean(axis=(1, 3))
    return _translated(small, float(small.std()))


def _translated(image: np.ndarray, contrast: float) -> Scene:
    """The scene of an image with a mean of 128 and the given contrast, translated in the Fourier domain and cropped."""
    image = 128 + contrast * (image - image.mean()) / image.std()
    spectrum = np.fft.fft2(image)
    down, right = _frequencies(image.shape)
    inside = tuple(slice(_MARGIN, n - _MARGIN) for n in image.shape)

    def scene(displacement: Any) -> np.ndarray:
        shift = np.exp(-2j * np.pi * (down * displacement[0] + right * displacement[1]))
        return np.fft.ifft2(spectrum * shift).real[inside]

    return scene


def _canvas(shape: tuple[int, int]) -> tuple[int, int]:
    """Size of a frame with its margin."""
    return shape[0] + 2 * _MARGIN, shape[1] + 2 * _MARGIN


def _frequencies(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Spatial frequencies down (H, 1) and right (W,) in cycles per pixel."""
    return np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])
