"""Magnification in presence of large motion: of an object that moves through the picture, or of the camera.

| function | what it does |
| --- | --- |
| ``magnify`` | follows a region, magnifies what it does beside its large motion, puts it back (Elgharib et al. 2015) |
| ``track`` | transforms from the first frame to each frame |
| ``steady`` | the clip as it would look if the region stood still |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy.linalg
import scipy.ndimage

from vmm import phase
from vmm.backend.arrays import Array, is_array, joined, namespace, to_host
from vmm.backend.reference import added
from vmm.engine.alpha import Alpha, spread_mask
from vmm.engine.frames import check_frames, checked
from vmm.engine.layer import Canvas, around, at_rest, beside, inside, liveliness, mean_seen, put_back, shift, warped
from vmm.engine.loop import sampling_rate
from vmm.measure.transform import check_box, track
from vmm.parts import TemporalFilter
from vmm.temporal.bands import band_in_cycles, frequency_in_cycles

__all__ = ["magnify", "steady", "track"]

_SLOW, _GAP, _REST, _NOISE = 1e5, 0.1, 0.02, 1e-3  # densities of motion below, just below and above the band; noise
_BELONGS = 1.0  # pixels by which what belongs to the layer may seem to move, beside the motion of the whole


def magnify(
    frames: Any,
    band: Any,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    roi: Sequence[int] | None = None,
    model: str = "similarity",
    smoothness: float | None = None,
    mask: Any = None,
    feather: float = 1.0,
    method: Callable[..., Any] | None = None,
    **options: Any,
) -> Any:
    """Magnify small motion of something that moves far: a region that travels, or all of a clip from a shaken camera.

    The region is followed and brought to rest, all but its motion inside the band; this layer is magnified; and what
    that changes is carried back and added to the frames. Whatever does not belong to the layer stays as it is, and so
    does everything at alpha = 0.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks, which are all held at once.
    band
        As the method takes it: low and high cut-off in Hz, a frequency, or None where `temporal` is a ready filter.
    fs
        Rate of the camera in Hz. By default that of a stream, else 1, so that the band is in cycles per frame.
    alpha
        What is added, beside the large motion: a number, or one for each band of the method.
    roi
        Box (top, left, height, width) around what moves, in the first frame; by default the whole frame, for a camera
        that moves.
    model
        What the large motion may be: ``"translation"``, ``"similarity"`` or ``"affine"``.
    smoothness
        Highest frequency in Hz of the large motion. By default it is all motion outside of the band, faster one too.
    mask
        What belongs to the region, in the first frame: a map (H, W) in [0, 1], or a box. By default it is found: what
        keeps its place in the layer, inside `roi`. Background inside a mask that moves otherwise spoils what is near.
    feather
        Standard deviation in pixels of the Gaussian that softens the edge of what belongs.
    method
        ``method(frames, band, fs=..., alpha=..., **options)``, by default ``vmm.phase.magnify``.
    **options
        For the method.

    Returns
    -------
    array or iterator
        What came, magnified.

    Raises
    ------
    ValueError
        Where an argument is out of range, or the region is lost: the message names the frame.
    TypeError
        Where frames are no array, or of a type that cannot be magnified.

    References
    ----------
    .. [1] Elgharib, Hefeeda, Durand, Freeman: Video magnification in presence of large motions. CVPR 2015.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> moves = synthetic.sway(30, 30, 4, 0.1) + synthetic.sway(30, 30, 0.3, 5, angle=90)
    >>> clip = synthetic.render(synthetic.texture((48, 64)), moves)
    >>> vmm.stabilize.magnify(clip, (3, 5), fs=30, alpha=10, model="translation").shape
    (30, 48, 64)
    """
    if not is_array(frames) and isinstance(frames, Iterable):
        rest = {"roi": roi, "model": model, "smoothness": smoothness, "mask": mask, "feather": feather}
        return _chunks(frames, band, fs=sampling_rate(frames, fs), alpha=alpha, method=method, **rest, **options)
    check_frames(frames)
    (clip,) = (to_host(chunk) for chunk in checked([frames]))
    if len(clip) < 2:
        raise ValueError(f"a clip of {len(clip)} frame has no motion: at least 2 frames are needed")
    if getattr(alpha, "ndim", 0) == 2:
        raise ValueError("alpha must be a number, or one for each band: use mask to say where to magnify")
    if not feather >= 0:
        raise ValueError(f"feather={feather!r} must be 0 or a positive number of pixels")
    left = _left_in(band, fs, smoothness, options.get("temporal"))
    box = check_box(roi, clip.shape[1:3])
    found, swing = _large(track(clip, roi, model=model), left, box)
    canvas = around(found, box, clip.shape[1:3], roi is None)
    layer = at_rest(clip, found, canvas)
    mean = mean_seen(layer, found, canvas, clip.shape[1:3])
    matte = _region(mask, box, clip, canvas, roi is None)
    if mask is None:
        lively = liveliness(layer, found, canvas, clip.shape[1:3], round(1 / left[0]))
        matte = matte * _belonging(*lively, matte > 0.5, _BELONGS + swing)
    matte = scipy.ndimage.gaussian_filter(matte, feather)
    for t, matrix in enumerate(found):  # what does not belong stands still, so that it cannot disturb what does
        shown = beside(matte * inside(matrix, canvas, clip.shape[1:3]), layer.ndim)
        layer[t] = mean + shown * (layer[t] - mean)
    xp = namespace(frames)
    magnified = (method or phase.magnify)(xp.asarray(layer), band, fs=fs, alpha=alpha, **options)
    return xp.asarray(put_back(clip, to_host(magnified) - layer, matte, found, canvas))


def steady(frames: Any, transforms: Any) -> Any:
    """The clip as it would look if the tracked region stood still.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3).
    transforms
        Matrices (T, 3, 3) as ``track`` gives them.

    Returns
    -------
    array
        Frames of the same shape and type; what was never seen is continued from the edge.

    Raises
    ------
    ValueError
        Where there is not one matrix (3, 3) for each frame.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), [(0, 0), (3, 0)])
    >>> still = vmm.stabilize.steady(clip, vmm.stabilize.track(clip)).astype(float)
    >>> bool(abs(still[1] - still[0])[8:-8, 8:-8].mean() < 2)
    True
    """
    check_frames(frames)
    matrices = np.asarray(transforms, dtype=float)
    if matrices.shape != (len(frames), 3, 3):
        raise ValueError(f"transforms of shape {matrices.shape} must hold a matrix for each frame, {len(frames), 3, 3}")
    clip = to_host(frames)
    layer = at_rest(clip, matrices, Canvas((0, 0), clip.shape[1:3]))
    return namespace(frames).asarray(added(np.zeros_like(clip), layer))


def _chunks(frames: Iterable[Any], band: Any, **options: Any) -> Iterator[Array]:
    """Chunks magnified as the clip that they make."""
    chunks = list(checked(frames))
    if sum(map(len, chunks)) < 2:
        raise ValueError("a clip of fewer than 2 frames has no motion: at least 2 frames are needed")
    out = magnify(joined(chunks), band, **options)
    yield from (out[end - len(chunk) : end] for chunk, end in zip(chunks, np.cumsum([*map(len, chunks)]), strict=True))


def _left_in(band: Any, fs: float | None, smoothness: float | None, temporal: Any) -> tuple[float, float]:
    """The band, in cycles per frame, of the motion that stays in the layer."""
    if band is None:
        if not isinstance(temporal, TemporalFilter):
            raise ValueError("band=None needs temporal, a filter that has its own")
        low, high = getattr(temporal, "band", (0.0, 0.5))  # a causal filter states no band
    elif np.ndim(band) == 2:
        edges = [band_in_cycles(one, fs) for one in band]
        low, high = min(edges)[0], max(high for _, high in edges)
    elif np.ndim(band) == 0:
        frequency = frequency_in_cycles(band, fs)
        low, high = frequency / 1.5, min(frequency * 1.5, 0.5)
    else:
        low, high = band_in_cycles(band, fs)
    rate = 1.0 if fs is None else fs
    if smoothness is None:
        if low <= 0:
            raise ValueError("temporal passes slow motion too: give smoothness, the highest frequency of large motion")
        return low, high
    if not 0 < smoothness <= (low or high) * rate:
        raise ValueError(f"smoothness={smoothness!r} must lie in (0, {(low or high) * rate:g}], below the band, in Hz")
    return smoothness / rate, 0.5


def _large(found: np.ndarray, left: tuple[float, float], box: tuple[int, int, int, int]) -> tuple[np.ndarray, float]:
    """The transforms less the motion that is left in the layer, and how many pixels that is in quadratic mean."""
    middle = np.array([box[0] + (box[2] - 1) / 2, box[1] + (box[3] - 1) / 2])
    places = found[:, :2, :2] @ middle + found[:, :2, 2]
    tracks = np.concatenate([places, found[:, :2, :2].reshape(-1, 4)], axis=1)
    small = _likeliest(tracks - tracks[0], *left)
    tracks = tracks - small
    large = np.tile(np.eye(3), (len(found), 1, 1))
    large[:, :2, :2] = tracks[:, 2:].reshape(-1, 2, 2)
    large[:, :2, 2] = tracks[:, :2] - large[:, :2, :2] @ middle
    return large, float(np.sqrt((small[:, :2] ** 2).sum(axis=1).mean()))


def _likeliest(tracks: np.ndarray, low: float, high: float) -> np.ndarray:
    """The likeliest motion inside the band of tracks (T, n), beside an offset, a ramp and much larger slow motion.

    Gaussian process regression: at the ends of a clip a filter would take large motion for a vibration.
    """
    lag = np.arange(len(tracks))

    def below(frequency: float) -> np.ndarray:
        return 2 * frequency * np.sinc(2 * frequency * lag)

    among = below(high) - below(low)
    slow, rest = below(low / 2), below(0.5) - below(high)
    covariance = among + _SLOW * slow + _GAP * (below(low) - slow) + _REST * rest
    covariance[0] += _NOISE
    trend = np.stack([np.ones(len(tracks)), lag - lag.mean()], axis=1)
    solved = scipy.linalg.solve_toeplitz(covariance, np.concatenate([tracks, trend], axis=1))
    tracks_, trend_ = solved[:, :-2], solved[:, -2:]
    left = tracks_ - trend_ @ np.linalg.solve(trend.T @ trend_, trend.T @ tracks_)
    out: np.ndarray = scipy.linalg.matmul_toeplitz(among, left)
    return out


def _region(mask: Any, box: tuple[int, int, int, int], clip: np.ndarray, canvas: Canvas, wide: bool) -> np.ndarray:
    """The mask, or the box, on the layer's canvas."""
    if mask is None and wide:
        return np.ones(canvas.size)
    visible = to_host(spread_mask(box if mask is None else mask, clip)).astype(float)
    return warped(visible, shift(canvas.origin), canvas.size, 1, "nearest" if wide else "constant")


def _belonging(variance: np.ndarray, steepness: np.ndarray, region: np.ndarray, most: float) -> np.ndarray:
    """Where the layer varies, beyond noise, no more than motion by so many pixels would make it."""

    def near(values: np.ndarray) -> np.ndarray:
        blurred: np.ndarray = scipy.ndimage.gaussian_filter(values, 2.0)
        return blurred

    noise = np.percentile(variance[region], 20) if region.any() else 0.0
    slope = near(steepness) + noise + 1e-3 * steepness.mean()
    moved = near(np.maximum(variance - 3 * noise, 0)) / np.maximum(slope, 1e-30)
    return 1 / (1 + (moved / most**2) ** 2)
