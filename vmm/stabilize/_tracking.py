"""Tracking of a region, or of the whole frame, by least squares on luma."""

from __future__ import annotations

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, to_host
from vmm.backend.luma import luma
from vmm.backend.progress import Progress, reported
from vmm.engine.frames import FramesLike, as_array
from vmm.engine.regions import Box, Roi, as_region
from vmm.engine.scaling import Scaling
from vmm.measure.signals._windows import hann
from vmm.stabilize._transforms import (
    MODELS,
    Model,
    RegionLevel,
    apply_transform,
    blurred_spline,
    fit_transform,
    generators,
    is_inside,
    region_level,
    sample,
)

MIN_SIDE = 8
"""Smallest height and width of a region in pixels: smaller ones seldom have texture in two directions."""

_BLURS = (4.0, 1.0)
"""Standard deviations in pixels of the blur, coarse to fine. The coarse level extends the range of convergence."""

_MIN_INSIDE = 0.25
"""Smallest fraction of the region that must lie inside the frame."""

_MIN_CORRELATION = 0.4
"""Smallest correlation with the first frame: unrelated texture seldom reaches it."""

_SCALE_RANGE = (0.5, 2.0)
"""Range of the scale against the first frame, beyond which its detail cannot be compared."""


@checks_arguments
def track(
    frames: FramesLike, roi: Roi | None = None, *, model: Model = "similarity", progress: Progress = False
) -> np.ndarray:
    """Transforms that map points of a region in the first frame to their positions in each frame.

    Every frame is compared with the first one, starting from the position in the frame before, so that errors do not
    accumulate. Points that disagree with most others, such as background in the corners of the box, have little weight.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3).
    roi
        Box (top, left, height, width) in pixels around the region in the first frame, at least 8x8 pixels. The default
        is the whole frame, for a camera that moves.
    model
        ``"translation"``, ``"similarity"`` (also rotation and scale) or ``"affine"``. The default is ``"similarity"``.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    ndarray
        Matrices (T, 3, 3) for points (row, column, 1) in pixels. The first one is the identity.

    Raises
    ------
    ValueError
        If `model` or `roi` is out of range, the region has no texture in some direction, or it is lost: the message
        names the frame.
    TypeError
        If `frames` is not an array, or `roi` is not a box.

    References
    ----------
    .. [1] Baker, Matthews: Lucas-Kanade 20 years on. International Journal of Computer Vision 56(3), 2004, section 3.2
       (inverse compositional algorithm).
    .. [2] Elgharib, Hefeeda, Durand, Freeman: Video magnification in presence of large motions. CVPR 2015, section 3.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), [(0, 0), (3, 1.5)])
    >>> vmm.stabilize.track(clip, (16, 16, 32, 32), model="translation")[1].round(1)
    array([[1. , 0. , 3. ],
           [0. , 1. , 1.5],
           [0. , 0. , 1. ]])
    """
    clip = Scaling(as_array(frames)).applied()
    if model not in MODELS:
        raise ValueError(f"model={model!r} must be one of {', '.join(MODELS)}")
    box = as_region(roi, clip.shape[1:3], min_side=MIN_SIDE).box
    basis = generators(model, box)
    first = _frame_luma(clip[0])
    blurs = [blur for blur in _BLURS if blur == 1 or min(box[2:]) >= 8 * blur]
    levels, transforms = [region_level(first, blur, box, basis) for blur in blurs], [np.eye(3)]
    for t in reported(range(1, len(clip)), len(clip) - 1, count=lambda _: 1):
        frame = _frame_luma(clip[t])
        splines = [blurred_spline(frame, level.blur) for level in levels]
        candidates = _predictions(splines[0], levels[0], transforms, box)
        for spline, level in zip(splines, levels, strict=True):
            candidates.append(fit_transform(spline, level, basis, _best(spline, level, candidates)))
        _check_transform(splines[-1], levels[-1], candidates[-1], t)
        transforms.append(candidates[-1])
    return np.stack(transforms)


def _frame_luma(frame: Array) -> np.ndarray:
    """Luma (H, W) of a frame, in float64."""
    return np.asarray(luma(to_host(frame)[None].astype(np.float64))[0])


def _predictions(spline: np.ndarray, level: RegionLevel, transforms: list[np.ndarray], box: Box) -> list[np.ndarray]:
    """Candidates for the transform: no motion since the last frame, constant velocity, and phase correlation."""
    last = transforms[-1]
    constant_velocity = [last @ np.linalg.solve(transforms[-2], last)] if len(transforms) > 1 else []
    return [last, *constant_velocity, last @ _phase_correlation(spline, level, last, box)]


def _best(spline: np.ndarray, level: RegionLevel, candidates: list[np.ndarray]) -> np.ndarray:
    """The candidate with the smallest median absolute error."""
    errors = [
        np.median(np.abs(sample(spline, apply_transform(candidate, level.points)) - level.values))
        for candidate in candidates
    ]
    return candidates[int(np.argmin(errors))]


def _phase_correlation(spline: np.ndarray, level: RegionLevel, last: np.ndarray, box: Box) -> np.ndarray:
    """Translation (3, 3) by whole steps of the points, relative to the last transform, by cross-correlation."""
    from skimage.registration import phase_cross_correlation

    step = int(np.diff(np.unique(level.points[1])[:2])[0])
    shape = tuple(-(-n // step) for n in box[2:])
    window = np.outer(*(hann(n) for n in shape))
    current = sample(spline, apply_transform(last, level.points)).reshape(shape)
    pair = [window * (image - image.mean()) for image in (current, level.values.reshape(shape))]
    shift = np.eye(3)
    shift[:2, 2] = step * phase_cross_correlation(*pair, normalization=None)[0]
    return shift


def _check_transform(spline: np.ndarray, level: RegionLevel, transform: np.ndarray, t: int) -> None:
    """Raise if the region is lost."""
    scales = np.linalg.svd(transform[:2, :2], compute_uv=False)
    points = apply_transform(transform, level.points)
    inside = is_inside(points, spline.shape)
    if inside.mean() < _MIN_INSIDE:
        raise ValueError(_lost_message(t, "it has left the frame"))
    low, high = _SCALE_RANGE
    if not (scales[1] >= low and scales[0] <= high):
        reason = f"its scale would be {scales[1]:.2g} to {scales[0]:.2g}, outside [{low:g}, {high:g}]"
        raise ValueError(_lost_message(t, reason))
    current, first = sample(spline, points)[inside], level.values[inside]
    correlation = np.cov(current, first)[0, 1] / max(np.std(current) * np.std(first), 1e-12)
    if correlation < _MIN_CORRELATION:
        reason = f"its correlation with the first frame is {correlation:.2f}, below {_MIN_CORRELATION}"
        raise ValueError(_lost_message(t, reason))


def _lost_message(t: int, reason: str) -> str:
    return (
        f"the region is lost in frame {t}: {reason}; cut the clip before that frame, choose a roi with more texture, "
        "or a simpler model"
    )
