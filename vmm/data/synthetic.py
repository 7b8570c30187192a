"""Scenes that can be rendered exactly at any displacement, and clips of them.

A scene is a function ``scene(displacement) -> frame``. The displacement (2,), down and right, is in pixels. The frame
(H, W[, 3]) is in gray levels from 0 to 255 and not rounded. ``render`` makes a clip of a scene, and ``sway`` makes the
displacements of a vibration. A perfect magnifier turns a clip into that of the same scene at ``(1 + alpha)`` times the
displacement.

| scene | moving content |
| --- | --- |
| ``texture`` | the whole frame, a band-limited texture |
| ``pink`` | the whole frame, a band-limited texture with a spectrum of 1/f |
| ``narrow`` | the whole frame, a texture of one spatial wavelength |
| ``leaves`` | the whole frame, overlapping uniform discs (dead leaves) |
| ``disc`` | a textured disc with a soft edge in front of a static texture |
| ``warp`` | a picture, in which each pixel has its own weights of one or more displacements |
| ``beam`` | a cantilever beam that vibrates in its modes (``cantilever``, ``beam_positions``) |
| ``circles`` | three circles, each with its own displacement, in front of one of 25 backgrounds (``background``) |

A displacement over time is a ``sway``, a ``step``, a drift, or a sum of them. ``three_directions`` makes the
displacements of the three circles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage
import scipy.special

from vmm.data._beams import beam, beam_positions, cantilever
from vmm.data._circles import BACKGROUNDS, background, circles
from vmm.data._displacements import step, sway, three_directions
from vmm.data._textures import Scene, leaves, narrow, pink, texture

__all__ = [
    "BACKGROUNDS",
    "Scene",
    "background",
    "beam",
    "beam_positions",
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
    "three_directions",
    "warp",
]


def __dir__() -> list[str]:
    return __all__


def render(
    scene: Scene,
    displacement: np.ndarray,
    *,
    noise: float = 0.0,
    light: Any = None,
    seed: int = 0,
    dtype: Any = np.uint8,
) -> np.ndarray:
    """Render a clip of a scene that moves.

    Parameters
    ----------
    scene
        The scene: a function of a displacement that returns a frame.
    displacement
        Displacement (T, 2) down and right in pixels, or (T, K, 2) for a scene that takes K displacements.
    noise
        Standard deviation in gray levels of white noise that is added. By default none.
    light
        Factor (T,) by which each frame is multiplied before noise is added, such as ``1 + 0.02 * np.sin(...)`` for a
        flickering lamp. By default 1.
    seed
        Seed of the noise.
    dtype
        Type of the frames. For an unsigned integer type, values are rounded and clipped to 0 to 255.

    Returns
    -------
    ndarray
        Frames (T, H, W[, 3]).

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


def disc(
    shape: tuple[int, int], *, radius: float = 60.0, softness: float = 1.5, contrast: float = 35.0, seed: int = 0
) -> Scene:
    """Make a scene of a textured disc with a soft edge that moves in front of a static texture.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    radius
        Radius of the disc in pixels.
    softness
        Standard deviation in pixels of the Gaussian whose integral is the profile of the edge.
    contrast
        Standard deviation of each texture in gray levels, about a mean of 128.
    seed
        Seed of the textures.

    Returns
    -------
    callable
        The scene: a function of the displacement (down, right) of the disc in pixels. At rest the disc is in the
        center of the frame.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.disc((64, 64), radius=20)((0.0, 0.1)).shape
    (64, 64)
    """
    backdrop = texture(shape, contrast=contrast, seed=seed)((0.0, 0.0))
    front = texture(shape, contrast=contrast, seed=seed + 1)
    rows, cols = (np.arange(n) - (n - 1) / 2 for n in shape)

    def scene(displacement: Any) -> np.ndarray:
        distance = np.hypot((rows - displacement[0])[:, None], cols - displacement[1])
        matte = scipy.special.ndtr((radius - distance) / softness)
        return backdrop + matte * (front(displacement) - backdrop)

    return scene


def warp(image: np.ndarray, weights: np.ndarray) -> Scene:
    """Make a scene of a picture in which each pixel moves by a weighted sum of one or more displacements.

    Parameters
    ----------
    image
        Picture (H, W) or (H, W, 3). Between its pixels it is interpolated by a cubic spline.
    weights
        Weight (K, H, W) of each of the K displacements in every pixel of the frame (a backward warp).

    Returns
    -------
    callable
        The scene: a function of K displacements (K, 2), down and right in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import synthetic
    >>> synthetic.warp(np.eye(16), np.ones((1, 16, 16)))([(0.0, 0.5)]).shape
    (16, 16)
    """
    planes = np.moveaxis(np.atleast_3d(image).astype(float), -1, 0)
    splines = [scipy.ndimage.spline_filter(plane, 3) for plane in planes]
    pixels = np.indices(weights.shape[1:], dtype=float)

    def scene(displacement: Any) -> np.ndarray:
        source = pixels - np.einsum("kyx,kd->dyx", weights, np.asarray(displacement, dtype=float))
        options = {"order": 3, "mode": "mirror", "prefilter": False}
        channels = [scipy.ndimage.map_coordinates(spline, source, **options) for spline in splines]
        return np.stack(channels, axis=-1).reshape(image.shape)

    return scene
