"""Operating deflection shapes: how everything in the picture moves at given frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.backend.arrays import to_host
from vmm.engine.frames import cut
from vmm.engine.loop import sampling_rate
from vmm.measure.clips import twice
from vmm.measure.displacement import Displacement, displacement, scaled
from vmm.measure.fit import Lines, check_lines
from vmm.measure.neighbourhood import EVERY, Neighbourhoods
from vmm.measure.rois import regions

_BLOCK = 2**21  # pixels worked on at a time


@dataclass(frozen=True)
class Modes:
    """Deflection shapes.

    Attributes
    ----------
    frequencies
        (K,) in Hz.
    shapes
        Complex amplitudes (K, H, W, 2) of every pixel or (K, R, 2) of regions, down and right: the displacement is the
        real part of ``shape * exp(2 pi i f t)``, t being 0 in the first frame; NaN where it is not known.
    error
        Standard error, as large as the shapes, of their real and imaginary part.
    known
        (H, W, 2) or (R, 2): whether the texture tells the displacement.
    fs
        Rate of the camera in Hz; 1 where none was given.
    unit
        Of shapes and error.
    """

    frequencies: np.ndarray
    shapes: np.ndarray
    error: np.ndarray
    known: np.ndarray
    fs: float
    unit: str


def modes(
    frames: Any,
    frequencies: Sequence[float] | float,
    *,
    rois: Any = None,
    reference: Any = None,
    sigma: float = 5.0,
    step: int = 1,
    fs: float | None = None,
    pixel_size: float = 1.0,
    unit: str = "px",
) -> Modes:
    """Deflection shapes at given frequencies, of every pixel or of regions.

    The phases of all bands are first fitted along time, by lines with a mean and a drift, and the displacement is then
    solved for in space: the two commute. So each frame is looked at once against the mean of all, and memory holds a
    few numbers for each frequency and pixel, however long the clip. The picture as a whole, and regions, are followed
    through any motion; within the picture it must stay below half a wavelength of the finest texture, about a pixel.

    Parameters
    ----------
    frames
        As for ``displacement``; or a ``Displacement`` of regions that is there already.
    frequencies
        (K,) in Hz.
    rois
        Regions, as for ``displacement``; None for every pixel.
    reference
        What shall have phase 0, in the direction in which it moves more: a box or mask, or the index of a region; None
        for the first frame's clock.
    sigma
        Standard deviation in pixels of the neighbourhood that is taken to move as one, for every pixel.
    step
        From one pixel of the shapes to the next.
    fs
        Rate of the camera in Hz; by default that of the clip.
    pixel_size, unit
        As for ``displacement``.

    Returns
    -------
    Modes

    Raises
    ------
    TypeError, ValueError
        As for ``displacement``; where frequencies lie outside (0, fs/2), or the clip is too short to tell them apart.

    References
    ----------
    .. [1] Davis, Chen, Durand: Image-space modal bases for plausible manipulation of objects in video. SIGGRAPH Asia
       2015, section 4.
    .. [2] Chen et al.: Modal identification of simple structures with high-speed video using motion magnification.
       JSV 2015.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 5.0, 0.2), noise=1.0)
    >>> shapes = vmm.measure.modes(clip, [5.0], fs=30).shapes
    >>> shapes.shape, abs(shapes[0, 24, 32]).round(1)
    ((1, 48, 64, 2), array([0. , 0.2]))
    """
    scale = scaled(pixel_size, unit)
    if not isinstance(frames, Displacement) and rois is None:
        rate = float(sampling_rate(frames, fs) or 1.0)
        return _everywhere(frames, frequencies, reference, (sigma, step), rate, scale, unit)
    moved = frames
    if not isinstance(moved, Displacement):
        moved = displacement(frames, rois, fs=fs, pixel_size=pixel_size, unit=unit)
    cycles = check_lines(frequencies, moved.fs, len(moved))
    lines = Lines(cycles, len(moved))
    shapes = lines.of(np.where(moved.seen[..., None], moved.values, np.nan))
    error = lines.spread(len(moved))[:, None, None] * moved.error
    if reference is not None:
        shapes = _turned(shapes, shapes[:, _index(reference, len(moved.rois))])
    return Modes(np.atleast_1d(np.asarray(frequencies, dtype=float)), shapes, error, moved.known, moved.fs, moved.unit)


def _everywhere(
    frames: Any, frequencies: Any, reference: Any, how: tuple[float, int], fs: float, scale: float, unit: str
) -> Modes:
    """Shapes of every pixel."""
    length = frames.shape[0] if hasattr(frames, "shape") else None
    cycles = check_lines(frequencies, fs, length)
    clip = twice(frames)
    around = Neighbourhoods(clip, *how)
    lines = Lines(cycles, length)
    sums: list[Any] = [0] * len(around.references)
    noise: Any = 0
    seen = told = 0
    for chunk in clip.then():
        for block in cut(chunk, _BLOCK):
            rows = around.xp.asarray(lines.rows(seen, seen + len(block)), around.dtype)
            some = slice(-seen % EVERY, None, EVERY)
            sample = []
            for i, (coefs, phases) in enumerate(around.phases(block)):
                sums[i] = sums[i] + around.xp.tensordot(rows, phases, 1)
                sample.append((coefs[some], phases[some]))
            for t in range(len(sample[0][0])):
                noise = noise + around.residual([(c[t], p[t]) for c, p in sample])
                told += 1
            seen += len(block)
    if length is not None and seen != length:
        raise ValueError(f"the clip holds {seen} frames, not {length} as it said: give an array, or a whole clip")
    pull: Any = sum(around.pull(i, lines.amplitudes(s, seen)) for i, s in enumerate(sums))
    variance = to_host(noise).astype(float) / told / around.noise_expected()
    known, solved, error = around.settled(variance)
    whole = lines.of(around.shifts[:, None].astype(float))[:, :, None]
    shapes = (whole - np.einsum("yxij,kjyx->kyxi", solved, to_host(pull))) * scale
    shapes = np.where(known, shapes, np.nan)
    if reference is not None:
        shapes = _turned(shapes, _mean(shapes, reference, (clip.shape[0], clip.shape[1]), how[1]))
    spread = lines.spread(seen).reshape(-1, 1, 1, 1) * np.where(known, error * scale, np.nan)
    return Modes(np.atleast_1d(np.asarray(frequencies, dtype=float)), shapes, spread, known, fs, unit)


def _turned(shapes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Shapes (K, ..., 2) whose phase is 0 where they are `at` (K, 2), in the direction that moves more."""
    if np.isnan(at).all(axis=1).any():
        raise ValueError("the reference region's displacement is unknown: choose one with more texture")
    main = np.take_along_axis(at, np.nanargmax(abs(at), axis=1)[:, None], axis=1)[:, 0]
    turn = np.exp(-1j * np.angle(main))
    turned: np.ndarray = shapes * turn.reshape(-1, *[1] * (shapes.ndim - 1))
    return turned


def _mean(shapes: np.ndarray, reference: Any, size: tuple[int, int], step: int) -> np.ndarray:
    """Mean shape (K, 2) over a box or mask."""
    (region,) = regions(reference, size)
    top, left, height, width = region.box
    mask = np.zeros(size, bool)
    mask[top : top + height, left : left + width] = region.pixels() > 0
    inside = shapes[:, mask[::step, ::step]]
    counted = ~np.isnan(inside)
    mean = np.where(counted, inside, 0).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    return np.where(counted.any(axis=1), mean, np.nan)


def _index(reference: Any, count: int) -> int:
    """The index of a region, checked."""
    if not isinstance(reference, (int, np.integer)) or not -count <= reference < count:
        raise ValueError(f"reference={reference!r} must be the index of one of the {count} regions")
    return int(reference)


def mac(a: Any, b: Any) -> np.ndarray:
    """Modal assurance criterion: how alike shapes are, whatever their size and phase.

    Parameters
    ----------
    a, b
        Shapes (K, ...) and (L, ...), real or complex; what is NaN in any of them is left out.

    Returns
    -------
    ndarray
        (K, L) from 0 to 1, which shapes have that are the same but for a factor.

    Raises
    ------
    ValueError
        Where they are not of one size, or have no place in common.

    References
    ----------
    .. [1] Allemang: The modal assurance criterion, twenty years of use and abuse. Sound and Vibration 2003, (1).

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.mac([[1.0, 2.0], [2.0, -1.0]], [[2j, 4j]])
    array([[1.],
           [0.]])
    """
    one, other = np.asarray(a), np.asarray(b)
    if one.ndim < 2 or one.shape[1:] != other.shape[1:]:
        raise ValueError(f"shapes {one.shape} and {other.shape} must be (K, ...) and (L, ...) of the same places")
    one, other = one.reshape(len(one), -1), other.reshape(len(other), -1)
    good = np.isfinite(one).all(axis=0) & np.isfinite(other).all(axis=0)
    if not good.any():
        raise ValueError("the shapes have no place where both are known")
    one, other = one[:, good], other[:, good]
    energy = np.outer((abs(one) ** 2).sum(axis=1), (abs(other) ** 2).sum(axis=1))
    alike: np.ndarray = abs(one.conj() @ other.T) ** 2 / np.maximum(energy, 1e-300)
    return alike
