"""Scenes of periodic images that move exactly, and the motion measured in frames of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import scipy.ndimage
import scipy.special

from vmm.data.synthetic import Scene

SIDE = 128
"""Height and width of the frames in pixels."""

WIDE = 2 * SIDE
"""Height and width in pixels of the frames of waves: four periods of the longest."""

_STEPS = 8
"""Largest number of steps of the Gauss-Newton method; a motion of 2 px off the start needs five."""

_CONVERGED = 1e-4
"""Length in pixels of a step of the Gauss-Newton method after which it ends."""

_DELTA = 0.01
"""Displacement in pixels of the finite differences of a scene: small for a pixel, large for rounding errors. Central
differences are needed, so that the slope along a straight structure is 0 and is left out."""

HALVES_BLUR = 1.0
"""Blur in pixels of the textures of the two halves."""

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
    """The center of a photograph of scikit-image in its own resolution, made periodic (Moisan 2011)."""
    import skimage.color
    import skimage.data

    image = getattr(skimage.data, name)()
    gray = 255 * skimage.color.rgb2gray(image) if image.ndim == 3 else image.astype(float)
    row, col = ((n - SIDE) // 2 for n in gray.shape)
    part = periodic_component(gray[row : row + SIDE, col : col + SIDE])
    return periodic(scipy.ndimage.gaussian_filter(part, blur, mode="wrap") if blur else part)


def leaves(blur: float = 0.7, seed: int = 2) -> Scene:
    """Discs that occlude one another, on a periodic canvas."""
    n = 4  # drawn four times as large, so that the edges are smooth
    return periodic(_smooth(leaves_image(SIDE, n, seed).reshape(SIDE, n, SIDE, n).mean(axis=(1, 3)), blur))


def leaves_image(side: int, n: int, seed: int) -> np.ndarray:
    """Discs with sharp edges that occlude one another: a periodic canvas with n samples per pixel in each direction."""
    rng = np.random.default_rng(seed)
    image = np.full((n * side, n * side), 128.0)
    for _ in range(4000):
        radius = n / np.sqrt(rng.uniform((1 / 40) ** 2, (1 / 4) ** 2))
        row, col = rng.integers(n * side, size=2)
        offsets = np.arange(-int(radius), int(radius) + 1)
        rows, cols = np.nonzero(offsets[:, None] ** 2 + offsets**2 <= radius**2)
        image[(rows + row - len(offsets) // 2) % len(image), (cols + col - len(offsets) // 2) % len(image)] = (
            rng.uniform(30, 225)
        )
    return image


def checkerboard(square: int = 16, blur: float = 0.7) -> Scene:
    """Black and white squares."""
    rows, cols = np.indices((SIDE, SIDE)) // square
    return periodic(_smooth(np.where((rows + cols) % 2, 200.0, 56.0), blur))


def wave(wavelength: float, angle: float, contrast: float = 35.0) -> Scene:
    """A plane wave that is 35 gray levels RMS, in a frame of twice the side."""
    distance = _along(angle, WIDE)
    return lambda move: 128 + np.sqrt(2) * contrast * np.sin(2 * np.pi * distance(move) / wavelength)


def edge(angle: float, blur: float = 0.7) -> Scene:
    """Straight edges at distances of 64 px, one through the center; `blur` is the sigma of their profile in pixels."""
    distance = _along(angle, SIDE)

    def scene(displacement: Sequence[float]) -> np.ndarray:
        to_edge = np.arcsin(np.sin(np.pi * distance(displacement) / 64)) * 64 / np.pi
        frame: np.ndarray = 56 + 144 * scipy.special.ndtr(to_edge / blur)
        return frame

    return scene


def string(angle: float, width: float = 0.8, wall: float = 12.0) -> Scene:
    """A dark string that moves in front of a static wall of weak texture; `width` is the sigma of its profile."""
    texture = noise_texture(contrast=wall)((0.0, 0.0)) + 40
    distance = _along(angle, SIDE)

    def scene(displacement: Sequence[float]) -> np.ndarray:
        frame: np.ndarray = texture + np.exp(-0.5 * (distance(displacement) / width) ** 2) * (40 - texture)
        return frame

    return scene


def halves(seed: int = 1) -> Scene:
    """A texture whose left half moves; the right half, from the middle on, is at rest."""
    moving, still = noise_texture(HALVES_BLUR, seed=seed), noise_texture(HALVES_BLUR, seed=seed + 1)((0.0, 0.0))
    return lambda displacement: np.concatenate([moving(displacement)[:, : SIDE // 2], still[:, SIDE // 2 :]], axis=1)


def motion(
    frames: np.ndarray,
    scene: Scene,
    start: np.ndarray,
    rest: np.ndarray,
    inner: tuple[slice, slice] = (slice(20, -20), slice(20, -20)),
) -> np.ndarray:
    """Displacement (T, 2) of a scene in frames, by Gauss-Newton steps on renders of the scene.

    Contrast and offset of the frames are unknowns as well, so that a change of contrast is no motion. If the scene
    shows motion in one direction only, the displacement in the other direction is that at which the search starts.

    Parameters
    ----------
    frames
        Frames (T, H, W) in gray levels.
    scene
        The scene: a function of the displacement.
    start
        Displacement (T, 2) that a perfect magnifier would give.
    rest
        Displacement (T, 2) without magnification. The search starts between the two, where the error is the smallest.
    inner
        The part of the frames that is compared.

    Returns
    -------
    ndarray
        Displacement (T, 2), down and right, in pixels.
    """
    return np.array(
        [
            _fitted(frame[inner].astype(float), scene, _start(frame[inner], scene, target, still, inner), inner)
            for frame, target, still in zip(frames, start, rest, strict=True)
        ]
    )


def periodic_component(image: np.ndarray) -> np.ndarray:
    """An image without the smooth component that carries the differences between opposite borders."""
    borders = np.zeros_like(image)
    for axis in (0, 1):
        lines = np.moveaxis(image, axis, 0)
        jump = lines[-1] - lines[0]
        np.moveaxis(borders, axis, 0)[0] += jump
        np.moveaxis(borders, axis, 0)[-1] -= jump
    down, right = (2 * np.cos(2 * np.pi * f) for f in _frequencies(image.shape))
    laplacian = down + right - 4
    laplacian[0, 0] = 1
    spectrum = np.fft.fft2(borders) / laplacian
    spectrum[0, 0] = 0
    result: np.ndarray = image - np.fft.ifft2(spectrum).real
    return result


def _start(
    frame: np.ndarray, scene: Scene, target: np.ndarray, still: np.ndarray, inner: tuple[slice, slice]
) -> np.ndarray:
    """The displacement between two others at which the scene resembles the frame most."""
    candidates = [still + share * (target - still) for share in np.linspace(0, 1, 5)]
    errors = [np.mean((scene(move)[inner] - frame) ** 2) for move in candidates]
    return candidates[int(np.argmin(errors))]


def _fitted(frame: np.ndarray, scene: Scene, start: np.ndarray, inner: tuple[slice, slice]) -> np.ndarray:
    """The displacement at the end of the Gauss-Newton steps from a start."""
    displacement = np.array(start, dtype=float)
    for _ in range(_STEPS):
        moves = displacement + _DELTA * np.array([(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)])
        model, below, above, after, before = (scene(move)[inner].ravel() for move in moves)
        slopes = np.stack([below - above, after - before]) / (2 * _DELTA)
        unit = np.linalg.norm(slopes) + 1e-12  # one for both directions, so that one without slope is left out
        contrast = model - model.mean()
        columns = np.stack(
            [*slopes / unit, contrast / (np.linalg.norm(contrast) + 1e-12), np.full(model.size, model.size**-0.5)]
        )
        solution = np.linalg.pinv(columns @ columns.T, rcond=1e-6, hermitian=True) @ (columns @ (frame.ravel() - model))
        change = np.clip(solution[:2] / unit, -0.5, 0.5)
        displacement += change
        if np.abs(change).max() < _CONVERGED:
            break
    return displacement


def _along(angle: float, side: int) -> Callable[[Sequence[float]], np.ndarray]:
    """Function of the displacement: the distance (side, side) from a displaced line through the center, in pixels."""
    down, right = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    rows, cols = np.indices((side, side)) - side / 2
    return lambda displacement: (rows - displacement[0]) * down + (cols - displacement[1]) * right


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
    **{f"{name}, sharp": partial(photograph, name) for name in PHOTOGRAPHS},
    **{f"{name}, blurred by 0.6": partial(photograph, name, 0.6) for name in PHOTOGRAPHS},
    "coarse texture, blur 5": partial(noise_texture, 5.0),
    "coarse texture, blur 9": partial(noise_texture, 9.0),
    "checkerboard": checkerboard,
}
"""Functions that make the scenes that move as a whole, by name."""
