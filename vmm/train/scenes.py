"""Scenes in layers with known displacement: pairs of frames on which the reading of motion is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.ndimage

from vmm.backend.levels import spline_coefs
from vmm.backend.reference import blur
from vmm.motion.warp import bicubic, bilinear, pixel_positions
from vmm.train.outlines import outline

PATCH = 160
"""Height and width of the frames in px."""

MARGIN = 6
"""Border in px around the frames that is rendered and cut off; half of the largest motion moves into the frame."""

FINE = 2 * (PATCH + 2 * MARGIN)
"""Height and width of the layers in samples of half a pixel."""

MOTION = 0.05, 4.0
"""Smallest and largest motion of a scene in px; between them, its logarithm is distributed uniformly."""

OBJECTS = 0.13, 0.47, 0.25, 0.15
"""Proportion of the scenes with 0, 1, 2 and 3 objects."""

STILL = 0.05
"""Proportion of the scenes in which nothing moves."""

_Rng = np.random.Generator


class MotionPair(NamedTuple):
    """Two frames of a scene and the displacement between them.

    Attributes
    ----------
    a, b
        Frames (160, 160, 3) or (160, 160) of uint8.
    displacement
        Displacement (2, 160, 160) in px, down and right, from frame a to frame b at the frame in the middle of the
        motion. At an edge it is that of the object in front, up to 1 px beyond the edge.
    """

    a: np.ndarray
    b: np.ndarray
    displacement: np.ndarray


@dataclass(frozen=True, eq=False)
class _Layer:
    """A layer of a scene: its colors, which are premultiplied by the matte if there is one, and its displacement."""

    colors: np.ndarray
    matte: np.ndarray | None
    field: np.ndarray

    def at(self, time: float) -> tuple[np.ndarray, tuple[slice, slice]]:
        """Colors and matte at a time from -1/2 to 1/2, in the rows and columns where the layer is visible."""
        if not self.field.any():
            return self._channels, (slice(None), slice(None))
        fine = pixel_positions(np.empty((FINE, FINE), np.float32))
        box = (slice(None), slice(None)) if self.matte is None else _box(self.matte)
        fine = fine[(slice(None), *box)]
        offset = bilinear(_offset(self.field, time), np.ascontiguousarray((fine - 0.5) / 2))
        return bicubic(self._splines, np.ascontiguousarray(fine - 2 * offset)), box

    @property
    def _channels(self) -> np.ndarray:
        return self.colors if self.matte is None else np.concatenate([self.colors, self.matte[None]])

    @cached_property
    def _splines(self) -> np.ndarray:
        return spline_coefs(self._channels)


def motion_pair(rng: _Rng, textures: np.ndarray, mattes: np.ndarray) -> MotionPair:
    """Render a scene with up to three objects before a background, each with a displacement field of its own.

    A third of the fields are soft: a bump, a smooth random field, a rod that bends, or a string that vibrates. The
    others are translations and affine maps. Light, color, noise and compression of the frames vary.

    Parameters
    ----------
    rng
        Random generator.
    textures
        Textures (N, 3, S, S) of uint8 with S of at least 344, as ``vmm.train.textures.texture_bank`` generates them.
    mattes
        Mattes (N, 1, S, S) of uint8 of the same bank.

    Returns
    -------
    MotionPair
        The two frames and the displacement between them.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.train.scenes import motion_pair
    >>> rng = np.random.default_rng(0)
    >>> textures = rng.integers(0, 255, (2, 3, 344, 344), np.uint8)
    >>> motion_pair(rng, textures, textures[:, :1]).displacement.shape
    (2, 160, 160)
    """
    size = 0.0 if rng.random() < STILL else float(np.exp(rng.uniform(*np.log(MOTION))))
    objects = int(rng.choice(len(OBJECTS), p=OBJECTS))
    behind = size * np.exp(rng.uniform(np.log(0.3), 0)) if rng.random() < (0.4 if objects else 0.9) else 0.0
    layers = [_Layer(_texture(rng, textures), None, _field(rng, behind, np.array([PATCH, PATCH]) / 2, PATCH / 2))]
    for index in range(objects):
        slower = 1.0 if index == 0 else 0.0 if rng.random() < 0.15 else np.exp(rng.uniform(np.log(0.4), 0))
        layers.append(_object(rng, textures, mattes, size * slower))
    a, b = (_rendered(layers, time) for time in (-0.5, 0.5))
    a, b = _camera(rng, _relit(rng, a), b)
    return MotionPair(a, b, _displacement(layers))


def _texture(rng: _Rng, textures: np.ndarray) -> np.ndarray:
    """A texture (3, FINE, FINE) in gray levels, mirrored, rotated and with other colors and contrast."""
    texture = textures[rng.integers(len(textures))]
    row, col = (rng.integers(n - FINE + 1) for n in texture.shape[1:])
    crop = np.rot90(texture[:, row : row + FINE, col : col + FINE], int(rng.integers(4)), (1, 2))[
        :, :: rng.choice([-1, 1])
    ]
    gain, offset = np.exp(rng.uniform(np.log(0.25), np.log(1.2))), rng.uniform(-40, 40)
    colors = crop[rng.permutation(3)].astype(np.float32)
    return np.clip(128 + offset + gain * (colors - 128), 0, 255).astype(np.float32)


def _object(rng: _Rng, textures: np.ndarray, mattes: np.ndarray, size: float) -> _Layer:
    """An object: a texture that is cut out, in some scenes shaded at its outline."""
    matte = outline(rng, FINE, mattes[rng.integers(len(mattes)), 0])
    soft = rng.uniform(0.0, 1.3)
    if soft > 0.4:
        matte = blur(matte, (soft, soft))
    texture = _texture(rng, textures)
    if rng.random() < 0.35:
        inside = blur(matte, (width := rng.uniform(2, 10), width))
        texture = texture * (0.5 + 0.5 * inside) ** rng.uniform(0.5, 2)
    points = np.argwhere(matte > 0.5)
    center, extent = (points.mean(0) / 2 - MARGIN, np.ptp(points, axis=0).max() / 4) if len(points) else (PATCH / 2, 8)
    field = _field(rng, size, np.broadcast_to(center, 2), max(float(extent), 4.0))
    return _Layer((texture * matte).astype(np.float32), matte, field)


def _translation(rng: _Rng, y: np.ndarray, x: np.ndarray, extent: float) -> np.ndarray:
    """One direction everywhere."""
    return np.broadcast_to(_direction(rng), (2, *y.shape))


def _affine(rng: _Rng, y: np.ndarray, x: np.ndarray, extent: float) -> np.ndarray:
    """Translation, rotation, zoom and shear."""
    turn, zoom = rng.normal(0, 0.7, 2)
    matrix = (np.array([[zoom, -turn], [turn, zoom]]) + rng.normal(0, 0.2, (2, 2))) / extent
    return rng.uniform(0, 1) * _direction(rng) + np.einsum("ij,jhw->ihw", matrix, np.stack([y, x]))


def _smooth(rng: _Rng, y: np.ndarray, x: np.ndarray, extent: float) -> np.ndarray:
    """A smooth random field, in some scenes in addition to a translation."""
    sigma = np.exp(rng.uniform(np.log(8), np.log(40)))
    coarse = rng.normal(size=(2, *y.shape)).astype(np.float32)
    field = blur(coarse, (sigma, sigma))
    return field / field.std() + rng.choice([0.0, 1.0]) * _direction(rng)


def _bump(rng: _Rng, y: np.ndarray, x: np.ndarray, extent: float) -> np.ndarray:
    """Gaussian bumps, as of a pulse under the skin."""
    field = np.zeros((2, *y.shape))
    for _ in range(rng.integers(1, 4)):
        sigma = np.exp(rng.uniform(np.log(5), np.log(30)))
        down, right = rng.normal(0, extent / 2, 2)
        field = field + _direction(rng) * np.exp(-((y - down) ** 2 + (x - right) ** 2) / (2 * sigma**2))
    return field


def _bend(rng: _Rng, y: np.ndarray, x: np.ndarray, extent: float) -> np.ndarray:
    """A rod that is clamped at one end."""
    angle = rng.uniform(0, 2 * np.pi)
    along = np.maximum(y * np.sin(angle) + x * np.cos(angle) + extent * rng.uniform(0.3, 1), 0) / (2 * extent)
    return _direction(rng) * along ** rng.uniform(1.2, 2.5)


def _wave(rng: _Rng, y: np.ndarray, x: np.ndarray, extent: float) -> np.ndarray:
    """A string that vibrates, with one to three half-waves over its length."""
    angle, half_waves = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 3)
    along = (y * np.sin(angle) + x * np.cos(angle)) / (2 * extent)
    return _direction(rng) * np.cos(np.pi * half_waves * along + rng.uniform(-1, 1))


_Field = Callable[[_Rng, np.ndarray, np.ndarray, float], np.ndarray]

FIELDS: dict[_Field, float] = {
    _translation: 0.38,
    _affine: 0.25,
    _smooth: 0.12,
    _bump: 0.11,
    _bend: 0.08,
    _wave: 0.06,
}
"""Kinds of displacement fields and the proportion of each."""


def _direction(rng: _Rng) -> np.ndarray:
    """A random unit vector (2, 1, 1)."""
    angle = rng.uniform(0, 2 * np.pi)
    return np.array([np.sin(angle), np.cos(angle)])[:, None, None]


def _field(rng: _Rng, size: float, center: np.ndarray, extent: float) -> np.ndarray:
    """Displacement (2, n, n) on the pixels with the margin, of at most about `size` px within `extent` of a center."""
    n = PATCH + 2 * MARGIN
    if size == 0:
        return np.zeros((2, n, n), np.float32)
    y, x = pixel_positions(np.empty((n, n), np.float32)) - MARGIN - center[:, None, None]
    make = list(FIELDS)[rng.choice(len(FIELDS), p=list(FIELDS.values()))]
    field = make(rng, y, x, extent)
    length = np.hypot(*field)
    inside = (abs(y) <= 1.2 * extent) & (abs(x) <= 1.2 * extent)
    field = field * size / max(length[inside].max() if inside.any() else length.max(), 1e-6)
    length = np.maximum(np.hypot(*field), 1e-9)  # An affine field grows beyond the object, where nothing shows it.
    return (field * np.minimum(length, 1.5 * size) / length).astype(np.float32)


def _offset(field: np.ndarray, time: float) -> np.ndarray:
    """Displacement (2, n, n) of the content that is at each pixel at a time from -1/2 to 1/2."""
    pixels, offset = pixel_positions(field), time * field
    for _ in range(3):  # The content at x came from x - offset; displacements change slowly, so that this converges.
        offset = time * bilinear(field, pixels - offset)
    return offset


def _box(matte: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a matte (FINE, FINE), and the samples around it into which it can move."""
    reach = int(np.ceil(2 * MOTION[1])) + 4
    spans = (np.flatnonzero((matte > 0).any(axis)) for axis in (1, 0))
    rows, cols = (slice(max(span[0] - reach, 0), span[-1] + 1 + reach) if len(span) else slice(0, 1) for span in spans)
    return rows, cols


def _rendered(layers: list[_Layer], time: float) -> np.ndarray:
    """The frame (3, PATCH, PATCH) at a time from -1/2 to 1/2, rendered with two samples per pixel and averaged."""
    frame = layers[0].at(time)[0].copy()
    for layer in layers[1:]:
        values, box = layer.at(time)
        cover = np.clip(values[3:], 0, 1)
        part = frame[(slice(None), *box)]
        part[:] = part * (1 - cover) + np.clip(values[:3], 0, 255 * cover)
    return np.clip(_pixels(frame), 0, 255)


def _pixels(fine: np.ndarray) -> np.ndarray:
    """Means of fine samples (..., FINE, FINE) in each pixel, without the margin."""
    n = FINE // 2
    means = fine.reshape(*fine.shape[:-2], n, 2, n, 2).mean((-3, -1))
    return means[..., MARGIN:-MARGIN, MARGIN:-MARGIN]


def _displacement(layers: list[_Layer]) -> np.ndarray:
    """Displacement (2, PATCH, PATCH) at the time 0; the edge of an object belongs to it, 1 px wide."""
    inside = slice(MARGIN, -MARGIN)
    displacement = layers[0].field[:, inside, inside]
    for layer in layers[1:]:
        assert layer.matte is not None
        covered = scipy.ndimage.maximum_filter(_pixels(layer.matte), 3) > 0.3
        displacement = np.where(covered, layer.field[:, inside, inside], displacement)
    return displacement


def _relit(rng: _Rng, frame: np.ndarray) -> np.ndarray:
    """A frame (3, H, W), in two of five scenes with another light and color."""
    if rng.random() > 0.4:
        return frame
    y, x = np.linspace(-1, 1, PATCH)[:, None], np.linspace(-1, 1, PATCH)
    strength = rng.choice([0.6, 1.0, 3.0], p=[0.4, 0.45, 0.15])
    down, right = rng.normal(0, 0.007, 2)
    gain = 1 + strength * (rng.normal(0, 0.015) + down * y + right * x + rng.normal(0, 0.006, (3, 1, 1)))
    return frame * gain + rng.choice([0.0, 1.0], p=[0.7, 0.3]) * rng.normal(0, 1.5)


def _camera(rng: _Rng, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames (H, W[, 3]) of uint8 with noise, rounding and compression, from frames (3, H, W)."""
    if rng.random() < 0.1:
        a, b = a.mean(0, keepdims=True), b.mean(0, keepdims=True)
    level = rng.uniform(0, 4.0) * (rng.random() < 0.5)
    shot, sigma, dither = rng.random() < 0.4, rng.uniform(0.4, 0.9) * (rng.random() < 0.2), rng.random() < 0.7
    a, b = (_noisy(rng, frame, level, shot, sigma) for frame in (a, b))
    if rng.random() < 0.2:
        a, b = _compressed(rng, a, b)
    shift = (lambda shape: rng.random(shape)) if dither else (lambda shape: 0.5)
    frames = [np.clip(np.floor(x + shift(x.shape)), 0, 255).astype(np.uint8) for x in (a, b)]
    a, b = (np.ascontiguousarray(np.moveaxis(x, 0, -1)) if len(x) == 3 else x[0] for x in frames)
    return a, b


def _noisy(rng: _Rng, frame: np.ndarray, level: float, shot: bool, sigma: float) -> np.ndarray:
    """A frame with noise of a standard deviation in gray levels at mid-gray, which may be blurred by `sigma` px."""
    if level == 0:
        return frame
    noise = rng.normal(size=frame.shape)
    if sigma:
        noise = scipy.ndimage.gaussian_filter(noise, (0, sigma, sigma))
        noise /= noise.std()
    return frame + level * (np.sqrt(np.maximum(frame, 1) / 127.5) if shot else 1.0) * noise


def _compressed(rng: _Rng, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames with quantized cosine coefficients of 8x8 blocks; of frame b, the change is quantized.

    Half of the color frames lose the fine detail of their chroma before that.
    """
    step = np.exp(rng.uniform(np.log(2), np.log(16)))
    if len(a) == 3 and rng.random() < 0.5:
        a, b = (_subsampled(frame) for frame in (a, b))
    a_coded = _quantized(a, step)
    return a_coded, a_coded + _quantized(b - a_coded, step * rng.uniform(0.5, 1))


def _subsampled(frame: np.ndarray) -> np.ndarray:
    """A frame (3, H, W) whose difference from the luma is averaged over 2x2 pixels."""
    luma = frame.mean(0)
    chroma = (frame - luma).reshape(3, PATCH // 2, 2, PATCH // 2, 2).mean((2, 4))
    return luma + chroma.repeat(2, axis=1).repeat(2, axis=2)


def _quantized(frame: np.ndarray, step: float) -> np.ndarray:
    """A frame (C, H, W) with cosine coefficients of 8x8 blocks in multiples of a step."""
    blocks = frame.reshape(len(frame), PATCH // 8, 8, PATCH // 8, 8)
    coefs = scipy.fft.dctn(blocks, axes=(2, 4), norm="ortho")
    blocks = scipy.fft.idctn(step * np.rint(coefs / step), axes=(2, 4), norm="ortho")
    return blocks.reshape(frame.shape)
