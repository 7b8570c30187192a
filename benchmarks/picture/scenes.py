"""Scenes of periodic images that move exactly, and the motion measured in frames of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np
import scipy.ndimage
import scipy.special

from vmm.data.synthetic import Scene

SIDE = 128
"""Height and width of the frames in pixels."""

_CANVAS = 2 * SIDE
"""Height and width in pixels of the periodic images of which a frame shows a part."""

_STEPS = 8
"""Largest number of steps of the Gauss-Newton method; a motion of 2 px off the start needs five."""

_CONVERGED = 1e-4
"""Length in pixels of a step of the Gauss-Newton method after which it ends."""

_DELTA = 0.01
"""Displacement in pixels of the finite differences of a scene: small for a pixel, large for rounding errors."""

PHOTOGRAPHS = ("camera", "coffee", "chelsea")


def periodic(image: np.ndarray) -> Scene:
    """The scene of a periodic image, translated in the Fourier domain, of which the upper left part is shown."""
    spectrum = np.fft.fft2(image)
    down, right = _frequencies(image.shape)

    def scene(displacement: Sequence[float]) -> np.ndarray:
        shift = np.exp(-2j * np.pi * (down * displacement[0] + right * displacement[1]))
        frame: np.ndarray = np.fft.ifft2(spectrum * shift).real[:SIDE, :SIDE]
        return frame

    return scene


def noise_texture(blur: float = 1.3, contrast: float = 35.0, seed: int = 1) -> Scene:
    """White noise blurred by a Gaussian."""
    noise = np.random.default_rng(seed).normal(size=(SIDE, SIDE))
    image = scipy.ndimage.gaussian_filter(noise, blur, mode="wrap")
    return periodic(128 + contrast * (image - image.mean()) / image.std())


def photograph(name: str, blur: float = 0.0) -> Scene:
    """The center of a photograph of scikit-image, mirrored so that it is periodic, without its highest frequencies."""
    import skimage.color
    import skimage.data
    import skimage.transform

    image = getattr(skimage.data, name)()
    gray = 255 * skimage.color.rgb2gray(image) if image.ndim == 3 else image.astype(float)
    scale = min(gray.shape) / (1.5 * SIDE)
    size = [int(n / scale) for n in gray.shape]
    gray = skimage.transform.resize(gray, size, anti_aliasing=True, preserve_range=True)
    top, left = ((n - SIDE) // 2 for n in size)
    part = gray[top : top + SIDE, left : left + SIDE]
    return periodic(_smooth(np.pad(part, ((0, SIDE), (0, SIDE)), mode="symmetric"), blur))


def leaves(blur: float = 0.7, seed: int = 2) -> Scene:
    """Discs that occlude one another, on a periodic canvas."""
    rng, n = np.random.default_rng(seed), 4  # drawn four times as large, so that the edges are smooth
    image = np.full((n * SIDE, n * SIDE), 128.0)
    for _ in range(4000):
        radius = n / np.sqrt(rng.uniform((1 / 40) ** 2, (1 / 4) ** 2))
        row, col = rng.integers(n * SIDE, size=2)
        offsets = np.arange(-int(radius), int(radius) + 1)
        rows, cols = np.nonzero(offsets[:, None] ** 2 + offsets**2 <= radius**2)
        image[(rows + row - len(offsets) // 2) % len(image), (cols + col - len(offsets) // 2) % len(image)] = (
            rng.uniform(30, 225)
        )
    return periodic(_smooth(image.reshape(SIDE, n, SIDE, n).mean(axis=(1, 3)), blur))


def checkerboard(square: int = 16, blur: float = 0.7) -> Scene:
    """Black and white squares."""
    rows, cols = np.indices((SIDE, SIDE)) // square
    return periodic(_smooth(np.where((rows + cols) % 2, 200.0, 56.0), blur))


def wave(wavelength: float, angle: float, contrast: float = 35.0) -> tuple[Scene, float]:
    """A plane wave near the wavelength and direction that fits the canvas, and its exact direction in degrees."""
    down, right = _wave_vector(wavelength, angle)
    rows, cols = np.indices((_CANVAS, _CANVAS))
    phase = 2 * np.pi * (down * rows + right * cols) / _CANVAS
    return periodic(128 + np.sqrt(2) * contrast * np.sin(phase)), float(np.rad2deg(np.arctan2(down, right)))


def edge(angle: float, blur: float = 0.7) -> tuple[Scene, float]:
    """Straight edges 64 px apart, and the direction of their normal in degrees."""
    down, right = _wave_vector(SIDE, angle)
    length = np.hypot(down, right)
    rows, cols = np.indices((_CANVAS, _CANVAS))
    phase = 2 * np.pi * (down * rows + right * cols + 24) / _CANVAS
    distance = np.arcsin(np.sin(phase)) * _CANVAS / (2 * np.pi * length)
    return periodic(56 + 144 * scipy.special.ndtr(distance / blur)), float(np.rad2deg(np.arctan2(down, right)))


def string(angle: float, width: float = 0.8, wall: float = 12.0) -> Scene:
    """A dark string that moves in front of a static wall of weak texture; `width` is the sigma of its profile."""
    texture = noise_texture(contrast=wall)((0.0, 0.0)) + 40
    rows, cols = np.indices((SIDE, SIDE)) - SIDE / 2
    normal = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))

    def scene(displacement: Sequence[float]) -> np.ndarray:
        distance = (rows - displacement[0]) * normal[0] + (cols - displacement[1]) * normal[1]
        matte = np.exp(-0.5 * (distance / width) ** 2)
        frame: np.ndarray = texture + matte * (40 - texture)
        return frame

    return scene


def halves(seed: int = 1) -> Scene:
    """A texture whose left half moves; the right half, from the middle on, stands still."""
    moving, still = noise_texture(seed=seed), noise_texture(seed=seed + 1)((0.0, 0.0))
    return lambda displacement: np.concatenate([moving(displacement)[:, : SIDE // 2], still[:, SIDE // 2 :]], axis=1)


def motion(
    frames: np.ndarray, scene: Scene, start: np.ndarray, inner: tuple[slice, slice] = (slice(20, -20), slice(20, -20))
) -> np.ndarray:
    """Displacement (T, 2) of a scene in frames, by Gauss-Newton steps on renders of the scene.

    Contrast and offset of the frames are unknowns as well, so that they are no motion. Where the scene shows motion in
    one direction only, the displacement in the other is that of `start`.

    Parameters
    ----------
    frames
        Frames (T, H, W) in gray levels.
    scene
        The scene: a function of the displacement.
    start
        Displacement (T, 2) at which the search starts.
    inner
        The part of the frames that is compared.

    Returns
    -------
    ndarray
        Displacement (T, 2), down and right, in pixels.
    """
    return np.array([_fitted(frame[inner].astype(float), scene, d, inner) for frame, d in zip(frames, start, strict=True)])


def _fitted(frame: np.ndarray, scene: Scene, start: np.ndarray, inner: tuple[slice, slice]) -> np.ndarray:
    displacement = np.array(start, dtype=float)
    for _ in range(_STEPS):
        model, down, right = (
            scene(displacement + _DELTA * np.array(move))[inner].ravel() for move in ((0, 0), (1, 0), (0, 1))
        )
        slopes = np.stack([down - model, right - model]) / _DELTA
        columns = np.stack([*slopes, model - model.mean(), np.ones_like(model)])
        scale = np.linalg.norm(columns, axis=1, keepdims=True)
        scale[:2] = np.linalg.norm(scale[:2])  # one scale for both directions, so that one without slope is left out
        columns = columns / np.maximum(scale, 1e-12)
        solution = np.linalg.pinv(columns @ columns.T, rcond=1e-6, hermitian=True) @ (columns @ (frame.ravel() - model))
        change = np.clip(solution[:2] / scale[:2, 0], -0.5, 0.5)
        displacement += change
        if np.abs(change).max() < _CONVERGED:
            break
    return displacement


def _wave_vector(wavelength: float, angle: float) -> tuple[int, int]:
    """Integer wave vector (down, right) in cycles per canvas."""
    cycles = _CANVAS / wavelength
    return round(cycles * np.sin(np.deg2rad(angle))), round(cycles * np.cos(np.deg2rad(angle)))


def _smooth(image: np.ndarray, blur: float) -> np.ndarray:
    """A periodic image with a Gaussian blur, and without frequencies near the Nyquist frequency."""
    radius = np.hypot(*_frequencies(image.shape))
    ramp = np.clip((0.46 - radius) / 0.1, 0, 1)
    response = ramp * ramp * (3 - 2 * ramp) * np.exp(-2 * (np.pi * blur * radius) ** 2)
    smooth: np.ndarray = np.fft.ifft2(np.fft.fft2(image) * response).real
    return smooth


def _frequencies(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Spatial frequencies down (H, 1) and right (W,) in cycles per pixel."""
    return np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])


CANVASES: dict[str, Callable[[], Scene]] = {
    "noise texture": noise_texture,
    "leaves": leaves,
    **{f"{name}, sharp": cache(partial(photograph, name)) for name in PHOTOGRAPHS},
    **{f"{name}, blurred by 0.6": cache(partial(photograph, name, 0.6)) for name in PHOTOGRAPHS},
    "coarse texture, blur 5": partial(noise_texture, 5.0),
    "coarse texture, blur 9": partial(noise_texture, 9.0),
    "checkerboard": checkerboard,
}
"""Functions that make the scenes that move as a whole, by name."""
