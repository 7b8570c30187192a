"""How a region, or the whole frame, turns, grows and moves over a clip, by least squares on brightness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import Array, to_host
from vmm.engine.frames import check_frames, to_float
from vmm.spatial import Pixels, luma

MODELS = {  # what one unit of each parameter does to places about the centre of the region
    "translation": (),
    "similarity": ([[1, 0], [0, 1]], [[0, -1], [1, 0]]),
    "affine": ([[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 1]]),
}
_BLURS = (4.0, 1.0)  # pixels, coarse to fine
_POINTS = 2**15  # of a region that are looked at; more make it slower and hardly truer
_STEPS = 40  # at most
_SETTLED = 1e-4  # pixels at the edge of the region
_OUTLIER = 3.0  # standard deviations at which a point tells little
_INSIDE = 0.25  # least part of the region that must lie in the frame
_ALIKE = 0.4  # least correlation with the first frame


@dataclass(frozen=True)
class _Level:
    """The region in the first frame: places (2, N), values and what each parameter changes there (K, N)."""

    blur: float
    places: np.ndarray
    values: np.ndarray
    changes: np.ndarray


def track(frames: Any, roi: Sequence[int] | None = None, *, model: str = "similarity") -> np.ndarray:
    """Transforms that carry places of a region in the first frame to where they are in each frame.

    Every frame is compared with the first, from where the region was in the frame before, so that errors do not add
    up. Points that disagree with most others, such as background in the corners of the box, count for little.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3).
    roi
        Box (top, left, height, width) around the region in the first frame; by default the whole frame, for a camera
        that moves.
    model
        ``"translation"``, ``"similarity"`` (also turns and scales) or ``"affine"``.

    Returns
    -------
    ndarray
        Matrices (T, 3, 3) for places (row, column, 1) in pixels; the first is the identity.

    Raises
    ------
    ValueError
        Where model or roi is out of range, where the region holds no texture in some direction, and where it is lost:
        the message names the frame.

    References
    ----------
    .. [1] Baker, Matthews: Lucas-Kanade 20 years on. IJCV 2004, section 3.2 (inverse compositional).
    .. [2] Elgharib, Hefeeda, Durand, Freeman: Video magnification in presence of large motions. CVPR 2015, section 3.

    Examples
    --------
    >>> import vmm.stabilize
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), [(0, 0), (3, 1.5)])
    >>> vmm.stabilize.track(clip, (16, 16, 32, 32), model="translation")[1].round(1)
    array([[1. , 0. , 3. ],
           [0. , 1. , 1.5],
           [0. , 0. , 1. ]])
    """
    check_frames(frames)
    if model not in MODELS:
        raise ValueError(f"model={model!r} must be one of {', '.join(MODELS)}")
    size = frames.shape[1:3]
    box = check_box(roi, size)
    basis = generators(model, box)
    levels, found = _levels(_light(frames[0]), box, basis), [np.eye(3)]
    for t in range(1, len(frames)):
        light = _light(frames[t])
        splines = [_spline(light, level.blur) for level in levels]
        guesses = _guesses(splines[0], levels[0], found, box)
        for spline, level in zip(splines, levels, strict=True):
            guesses.append(_refined(spline, level, basis, _nearest(spline, level, guesses)))
        _check_found(splines[-1], levels[-1], guesses[-1], t)
        found.append(guesses[-1])
    return np.stack(found)


def check_box(roi: Sequence[int] | None, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The region as a box, the whole frame where it is None; raises where it does not lie inside."""
    if roi is None:
        return 0, 0, size[0], size[1]
    try:
        top, left, height, width = (int(edge) for edge in roi)
    except (TypeError, ValueError):
        raise TypeError(f"roi={roi!r} must be a box (top, left, height, width) in pixels") from None
    if min(top, left) < 0 or min(height, width) < 8 or top + height > size[0] or left + width > size[1]:
        raise ValueError(
            f"roi={(top, left, height, width)} (top, left, height, width) must lie inside the frame, {size}, and hold "
            "8x8 pixels"
        )
    return top, left, height, width


def generators(model: str, box: tuple[int, int, int, int]) -> np.ndarray:
    """The parameters' matrices (K, 3, 3): one unit of each moves a corner of the region by about one pixel."""
    linear = MODELS[model]
    out = np.zeros((2 + len(linear), 3, 3))
    out[0, 0, 2] = out[1, 1, 2] = 1
    middle = np.array([box[0] + (box[2] - 1) / 2, box[1] + (box[3] - 1) / 2])
    for k, matrix in enumerate(linear, start=2):
        out[k, :2, :2] = np.divide(matrix, np.hypot(box[2], box[3]) / 2)
        out[k, :2, 2] = -out[k, :2, :2] @ middle
    return out


def _light(frame: Array) -> np.ndarray:
    """Brightness (H, W) of a frame."""
    bands, _ = luma(Pixels)(frame.shape, np.dtype(np.float64), np).analyze(to_float(to_host(frame)[None]))
    return np.asarray(bands[0][0], dtype=np.float64)


def _spline(light: np.ndarray, blur: float) -> np.ndarray:
    """Coefficients of the cubic spline through a blurred frame."""
    spline: np.ndarray = scipy.ndimage.spline_filter(scipy.ndimage.gaussian_filter(light, blur), 3)
    return spline


def _levels(light: np.ndarray, box: tuple[int, int, int, int], basis: np.ndarray) -> list[_Level]:
    """The region in the first frame, coarse to fine."""
    return [_level(light, blur, box, basis) for blur in _BLURS if blur == 1 or min(box[2:]) >= 8 * blur]


def _level(light: np.ndarray, blur: float, box: tuple[int, int, int, int], basis: np.ndarray) -> _Level:
    top, left, height, width = box
    step = max(int(blur), int(np.ceil(np.sqrt(height * width / _POINTS))))
    places = np.mgrid[top : top + height : step, left : left + width : step].reshape(2, -1).astype(np.float64)
    spline = _spline(light, blur)
    slopes = np.stack([_sampled(spline, places + h) - _sampled(spline, places - h) for h in 0.5 * np.eye(2)[..., None]])
    moves = np.einsum("kij,jn->kin", basis[:, :2], _with_ones(places))
    values = _sampled(spline, places)
    level = _Level(blur, places, values, np.einsum("kin,in->kn", moves, slopes))
    spread = np.linalg.eigvalsh(level.changes[:2] @ level.changes[:2].T)
    if spread[0] <= 1e-6 * max(spread.sum(), 1e-12):
        raise ValueError("the region holds no texture in some direction: its motion cannot be known there")
    return level


def _guesses(
    spline: np.ndarray, level: _Level, found: list[np.ndarray], box: tuple[int, int, int, int]
) -> list[np.ndarray]:
    """Where the region may be: as in the frame before, on with the same speed, or by phase correlation."""
    last = found[-1]
    onward = [last @ np.linalg.solve(found[-2], last)] if len(found) > 1 else []
    return [last, *onward, last @ _shift(spline, level, last, box)]


def _nearest(spline: np.ndarray, level: _Level, guesses: list[np.ndarray]) -> np.ndarray:
    """The guess by which most of the region looks as in the first frame."""
    errors = [np.median(np.abs(_sampled(spline, _carried(guess, level.places)) - level.values)) for guess in guesses]
    return guesses[int(np.argmin(errors))]


def _shift(spline: np.ndarray, level: _Level, last: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """The whole-pixel shift of the region since the first frame that the last transform does not explain."""
    from skimage.registration import phase_cross_correlation

    step = int(np.diff(np.unique(level.places[1])[:2])[0])
    shape = tuple(-(-n // step) for n in box[2:])
    window = np.outer(*(np.hanning(n + 2)[1:-1] for n in shape))
    seen = _sampled(spline, _carried(last, level.places)).reshape(shape)
    first = level.values.reshape(shape)
    pair = [window * (image - image.mean()) for image in (seen, first)]
    shift = np.eye(3)
    shift[:2, 2] = step * phase_cross_correlation(*pair, normalization=None)[0]
    return shift


def _refined(spline: np.ndarray, level: _Level, basis: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The transform that best explains a frame, by Gauss-Newton steps with robust weights.

    Brightness may change by a factor and an offset.
    """
    matrix, n = start, len(basis)
    light = np.stack([level.values - level.values.mean(), np.ones_like(level.values)])
    columns = np.concatenate([level.changes, light])
    lit = np.zeros(len(columns))
    for _ in range(_STEPS):
        there = _carried(matrix, level.places)
        error = _sampled(spline, there) - level.values
        weights = _inside(there, spline.shape) * _trust(error - lit[n:] @ light)
        normal = (columns * weights) @ columns.T
        lit = np.linalg.lstsq(normal, columns @ (weights * error), rcond=1e-12)[0]
        step = np.einsum("k,kij->ij", lit[:n], basis)
        if not np.abs(lit[:n]).max() < max(spline.shape) or abs(np.linalg.det(np.eye(3) + step)) < 1e-3:
            break
        matrix = matrix @ np.linalg.inv(np.eye(3) + step)
        if np.abs(lit[:n]).max() < _SETTLED:
            break
    return matrix


def _trust(error: np.ndarray) -> np.ndarray:
    """Weights of points by their error against that of most (Geman and McClure)."""
    spread = 1.4826 * np.median(np.abs(error - np.median(error)))
    return 1 / (1 + (error / (_OUTLIER * spread + 1e-9)) ** 2) ** 2


def _check_found(spline: np.ndarray, level: _Level, matrix: np.ndarray, t: int) -> None:
    """Raise where the region is lost."""
    scales = np.linalg.svd(matrix[:2, :2], compute_uv=False)
    there = _carried(matrix, level.places)
    inside = _inside(there, spline.shape)
    if inside.mean() < _INSIDE:
        raise ValueError(_lost(t, "it has left the frame"))
    if not (scales[1] >= 0.5 and scales[0] <= 2):
        raise ValueError(_lost(t, f"it would be scaled by {scales[1]:.2g} to {scales[0]:.2g}, outside [0.5, 2]"))
    seen, first = _sampled(spline, there)[inside], level.values[inside]
    alike = np.cov(seen, first)[0, 1] / max(np.std(seen) * np.std(first), 1e-12)
    if alike < _ALIKE:
        raise ValueError(_lost(t, f"its correlation with the first frame is {alike:.2f}, below {_ALIKE}"))


def _lost(t: int, why: str) -> str:
    return (
        f"the region is lost in frame {t}: {why}; cut the clip before that frame, choose a roi with more texture, or "
        "a simpler model"
    )


def _inside(places: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Which places (2, N) lie in the frame."""
    limits = np.array(size)[:, None] - 1
    inside: np.ndarray = np.all((places >= 0) & (places <= limits), axis=0)
    return inside


def _with_ones(places: np.ndarray) -> np.ndarray:
    """Places (3, N) for a matrix."""
    return np.concatenate([places, np.ones((1, places.shape[1]))])


def _carried(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Places (2, N) after a transform."""
    carried: np.ndarray = matrix[:2] @ _with_ones(places)
    return carried


def _sampled(spline: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Values of a cubic spline at places (2, N)."""
    values: np.ndarray = scipy.ndimage.map_coordinates(spline, places, order=3, mode="mirror", prefilter=False)
    return values
