"""Scenes that move exactly: periodic canvases that are translated in the Fourier domain, and layers of them.

A scene is a function of a displacement (2,), down and right in pixels, that returns a frame in gray levels. A canvas
that is drawn finer than the pixels is averaged over the square of each pixel, so that it has the aliasing of a camera.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import scipy.ndimage
import scipy.special

from benchmarks.picture.scenes import leaves_image, periodic_component
from vmm.data.synthetic import Scene

SIDE = 160
"""Height and width of the frames in pixels."""

CONTRAST = 35.0
"""Standard deviation of textures in gray levels."""

FINE = 4
"""Samples per pixel, in each direction, of canvases with sharp edges."""

LENS = 0.5
"""Sigma in pixels of the blur of a lens that leaves little aliasing."""

EDGE = 0.5
"""Sigma in pixels of the profile of the edge of a layer: about that of an edge that is averaged over a pixel."""


def translated(canvas: np.ndarray, samples: int = 1, psf: float = 0.0) -> Scene:
    """The scene of a periodic canvas with a number of samples per pixel, averaged over the square of each pixel.

    `psf` is the sigma in pixels of the Gaussian blur of the lens. Frequencies above the Nyquist frequency of the
    pixels are folded, as sampling does.
    """
    height, width = (n // samples for n in canvas.shape)
    down, right = (samples * np.fft.fftfreq(n) for n in canvas.shape)
    response = np.exp(-2 * np.square(np.pi * psf) * (down[:, None] ** 2 + right**2))
    if samples > 1:
        response *= np.sinc(down)[:, None] * np.sinc(right)
    spectrum = np.fft.fft2(canvas) * response / samples**2

    def scene(displacement: np.ndarray) -> np.ndarray:
        shift = np.exp(-2j * np.pi * displacement[0] * down)[:, None] * np.exp(-2j * np.pi * displacement[1] * right)
        folded = (spectrum * shift).reshape(samples, height, samples, width).sum(axis=(0, 2))
        frame: np.ndarray = np.fft.ifft2(folded).real
        return frame

    return scene


def standardized(image: np.ndarray, contrast: float) -> np.ndarray:
    """An image with a mean of 128 and the given standard deviation in gray levels."""
    standard: np.ndarray = 128 + contrast * (image - image.mean()) / image.std()
    return standard


def texture(
    seed: int = 0, blur: float = 1.2, contrast: float = CONTRAST, shape: tuple[int, int] = (SIDE, SIDE)
) -> Scene:
    """White noise blurred by a Gaussian."""
    noise = np.random.default_rng([seed, 1]).normal(size=shape)
    return translated(standardized(scipy.ndimage.gaussian_filter(noise, blur, mode="wrap"), contrast))


def leaves(seed: int = 0, psf: float = LENS) -> Scene:
    """Discs that occlude one another, with sharp edges."""
    return translated(leaves_image(SIDE, FINE, seed + 2), FINE, psf)


def speckle(seed: int = 0, size: float = 2.5) -> Scene:
    """Laser speckle of an average size in pixels: the intensity of a random field behind a round aperture."""
    rng, side = np.random.default_rng([seed, 3]), FINE * SIDE
    radius = np.hypot(*np.meshgrid(*2 * [FINE * np.fft.fftfreq(side)]))
    field = np.fft.ifft2(
        np.fft.fft2(rng.normal(size=(side, side)) + 1j * rng.normal(size=(side, side))) * (radius < 0.5 / size)
    )
    intensity = np.square(np.abs(field))
    return translated(np.clip(60 * intensity / intensity.mean(), 0, 240), FINE)


def checkerboard(seed: int = 0, squares: int = 12) -> Scene:
    """Black and white squares with sharp edges, an even number in each direction, that lie anywhere on the pixels."""
    rows, cols = (np.indices((FINE * SIDE, FINE * SIDE)) + 7 * seed + 1) * squares // (FINE * SIDE)
    return translated(np.where((rows + cols) % 2, 200.0, 56.0), FINE)


def page(seed: int = 0) -> Scene:
    """A page of text: rows of characters, each made of a few random strokes, black on white."""
    rng, side = np.random.default_rng([seed, 4]), FINE * SIDE
    image = np.full((side, side), 220.0)
    for top in range(4 * FINE, side - 16 * FINE, 16 * FINE):
        for start in range(2 * FINE, side - 10 * FINE, 8 * FINE):
            for _ in range(rng.integers(0, 5)):
                row, col = top + rng.integers(10 * FINE), start + rng.integers(6 * FINE)
                length = int(rng.integers(8, 9 * FINE))
                height, width = (length, FINE + 2) if rng.random() < 0.5 else (FINE + 2, min(length, 7 * FINE))
                image[row : row + height, col : col + width] = 40.0
    return translated(image, FINE)


def photograph(name: str, seed: int = 0, samples: int = 1, psf: float = 0.0) -> Scene:
    """Part of a photograph of scikit-image, made periodic; `samples` pixels of it, in each direction, are one pixel."""
    import skimage.color
    import skimage.data

    image = getattr(skimage.data, name)()
    gray = skimage.color.rgb2gray(image) if image.ndim == 3 else image / 255
    gray = 25 + 200 * gray  # leaves room for the overshoot of sharp edges, which the camera would clip
    side = min(samples * SIDE, *gray.shape)
    side -= side % samples
    spare = np.array(gray.shape) - side
    row, col = (spare * np.random.default_rng([seed, 5]).uniform(0.2, 0.8, 2)).astype(int)
    return translated(periodic_component(gray[row : row + side, col : col + side]), samples, psf)


def along(angle: float) -> np.ndarray:
    """Unit vector (down, right) at an angle in degrees from the right, downwards."""
    return np.array([np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])


def distance(angle: float) -> Callable[[np.ndarray], np.ndarray]:
    """Function of a displacement: distance (SIDE, SIDE) along a direction from a displaced line through the center."""
    rows, cols = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    down, right = along(angle)
    return lambda move: (rows - move[0]) * down + (cols - move[1]) * right


def edge(angle: float, blur: float = 1.0) -> Scene:
    """One straight edge through the center, whose normal has the given angle."""
    to_edge = distance(angle)
    return lambda move: 60 + 130 * scipy.special.ndtr(to_edge(move) / blur)


def stripes(angle: float) -> Scene:
    """Stripes with periods of 9 and 23 px, whose normal has the given angle."""
    to_center = distance(angle)

    def scene(move: np.ndarray) -> np.ndarray:
        phase = 2 * np.pi * to_center(move)
        frame: np.ndarray = 120 + 50 * np.sin(phase / 9) + 20 * np.sin(phase / 23)
        return frame

    return scene


def bar(half_width: float, angle: float = 0.0, seed: int = 0) -> Scene:
    """A textured bar through the center, across an angle, that moves in front of a textured background at rest."""
    front, back = texture(2 * seed + 100), texture(2 * seed + 101)(np.zeros(2))
    to_center = distance(angle)

    def scene(move: np.ndarray) -> np.ndarray:
        matte = scipy.special.ndtr((half_width - np.abs(to_center(move))) / EDGE)
        frame: np.ndarray = back + matte * (front(move) - back)
        return frame

    return scene


KINDS: dict[str, Callable[[int], Scene]] = {
    "noise, blur 1.2 px": texture,
    "noise, blur 0.6 px": partial(texture, blur=0.6),
    "noise, blur 6 px": partial(texture, blur=6.0),
    "noise, contrast 4": partial(texture, contrast=4.0),
    "leaves, lens 0.5 px": leaves,
    "leaves, no lens": partial(leaves, psf=0.0),
    "speckle": speckle,
    "checkerboard": checkerboard,
    "page of text": page,
    "camera": partial(photograph, "camera"),
    "chelsea": partial(photograph, "chelsea"),
    "camera, 2x2 averaged": partial(photograph, "camera", samples=2),
    "camera, 2x2 averaged, lens 0.4 px": partial(photograph, "camera", samples=2, psf=0.4),
    "gravel, 2x2 averaged": partial(photograph, "gravel", samples=2),
    "brick, 2x2 averaged": partial(photograph, "brick", samples=2),
    "grass, 2x2 averaged": partial(photograph, "grass", samples=2),
    "astronaut, 2x2 averaged": partial(photograph, "astronaut", samples=2),
    "coffee, 2x2 averaged": partial(photograph, "coffee", samples=2),
}
"""Functions of a seed that make the scenes that move as a whole, by name."""
