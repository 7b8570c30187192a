"""Deflection shapes on the picture, as colours and as arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.plot.slices import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLEAR = 3.0
"""Standard errors below which motion is not drawn."""

_ARROWS = 28  # along the longer side
_POINTS = 0.04  # of the largest: arrows that would be but points


def overlay(found: Any, frame: np.ndarray, *, rois: Sequence[Any] = ()) -> Figure:
    """Deflection shapes as colours on the picture: red one way and blue the other, at the moment of largest motion.

    The direction that moves more is shown, the stronger the farther; what is less than three standard errors is left
    clear, so that the picture is seen there.

    Parameters
    ----------
    found
        What ``vmm.measure.modes`` returned: a panel for each frequency.
    frame
        Picture (H, W) or (H, W, 3).
    rois
        The regions, where the shapes are of regions.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where the shapes are of regions, and these are not given.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 5.0, 0.2), noise=1.0)
    >>> figure = vmm.plot.overlay(vmm.measure.modes(clip, [5.0], fs=30), clip[0])
    >>> figure.axes[0].get_title(loc="left")
    '5 Hz, right: up to 0.2 px'
    """
    figure, panels = _panels(found, frame)
    for axes, k in zip(panels, range(len(found.frequencies)), strict=True):
        real, clear = _moment(found, k, frame, rois)
        axis = int(np.square(np.where(clear, real, 0)).sum(axis=(0, 1)).argmax())
        values = np.where(clear[..., axis], real[..., axis], 0)
        largest = max(float(np.abs(values).max()), 1e-300)
        fade = np.clip(1.5 * np.abs(values) / largest, 0, 0.65)
        image = axes.imshow(
            values, cmap="RdBu_r", vmin=-largest, vmax=largest, alpha=fade, extent=_extent(frame), interpolation="none"
        )
        image.set_alpha(fade)
        axes.set_title(_title(found, k, largest, ("down", "right")[axis]), loc="left", fontsize="medium")
        bar = figure.colorbar(_solid(image), ax=axes, shrink=0.8, aspect=30)
        bar.set_label(found.unit)
    return figure


def arrows(found: Any, frame: np.ndarray, *, rois: Sequence[Any] = ()) -> Figure:
    """Deflection shapes as arrows on the picture, at the moment of largest motion.

    Parameters
    ----------
    found, frame, rois
        As for ``overlay``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        As for ``overlay``.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 5.0, 0.2), noise=1.0)
    >>> len(vmm.plot.arrows(vmm.measure.modes(clip, [5.0], fs=30), clip[0]).axes)
    1
    """
    figure, panels = _panels(found, frame)
    for axes, k in zip(panels, range(len(found.frequencies)), strict=True):
        real, clear = _moment(found, k, frame, rois)
        length = np.hypot(*np.moveaxis(np.where(clear, real, 0), -1, 0))
        rows, cols, apart = _places(length.shape, frame.shape, rois)
        down, right = np.moveaxis(np.where(clear, real, 0)[rows, cols], -1, 0)
        largest = max(float(length.max()), 1e-300)
        told = np.hypot(down, right) > _POINTS * largest
        down, right, x, y = (part[told] for part in (down, right, *_pixels(rows, cols, length.shape, frame.shape)))
        looks = {"color": "red", "width": 0.0022, "headwidth": 4, "headlength": 5, "minlength": 0.5}
        axes.quiver(x, y, right, down, angles="xy", scale_units="xy", scale=largest / (1.3 * apart), **looks)
        axes.set_title(_title(found, k, largest, "length"), loc="left", fontsize="medium")
    return figure


def _panels(found: Any, frame: np.ndarray) -> tuple[Figure, list[Any]]:
    """A figure with the picture once for each frequency."""
    from matplotlib.figure import Figure

    count = len(found.frequencies)
    height, width = frame.shape[:2]
    columns = 1 if width > 2 * height or count == 1 else 2
    rows = -(-count // columns)
    wide = 11 / columns
    figure = Figure(figsize=(11, rows * (min(0.85 * wide * height / width, 7) + 0.9)), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[:count]:
        axes.imshow(shown(frame), cmap="gray", extent=_extent(frame))
        axes.set(xlabel="column", ylabel="row")
    for axes in panels[count:]:
        axes.remove()
    return figure, list(panels[:count])


def _extent(frame: np.ndarray) -> tuple[float, float, float, float]:
    height, width = frame.shape[:2]
    return (-0.5, width - 0.5, height - 0.5, -0.5)


def _title(found: Any, k: int, largest: float, what: str) -> str:
    return f"{found.frequencies[k]:.4g} Hz, {what}: up to {largest:.2g} {found.unit}"


def _solid(image: Any) -> Any:
    """The colours of an image for their bar, without its transparency."""
    from matplotlib.cm import ScalarMappable

    return ScalarMappable(norm=image.norm, cmap=image.cmap)


def shape_of(found: Any, k: int, frame: np.ndarray, rois: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """A shape (h, w, 2) over the frame, coarser than it or not, and whether it stands out of its error."""
    shape, error = found.shapes[k], found.stderr[k]
    if shape.ndim == 2:
        shape, error = (_painted(part, frame, rois) for part in (shape, error))
    told = np.isfinite(shape) & (np.abs(shape) > CLEAR * error)
    return np.where(np.isfinite(shape), shape, 0), told


def _painted(values: np.ndarray, frame: np.ndarray, rois: Sequence[Any]) -> np.ndarray:
    """Values (R, 2) at the pixels (H, W, 2) of their regions, NaN elsewhere."""
    if len(rois) != len(values):
        raise ValueError(f"shapes of {len(values)} regions need these: give rois=, not {len(rois)} of them")
    whole = np.full((*frame.shape[:2], 2), np.nan, values.dtype)
    for value, roi in zip(values, rois, strict=True):
        if isinstance(roi, np.ndarray):
            whole[roi] = value
        else:
            top, left, height, width = roi
            whole[top : top + height, left : left + width] = value
    return whole


def _moment(found: Any, k: int, frame: np.ndarray, rois: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """A shape (h, w, 2) at the moment when most of it is farthest, and where it is clear."""
    shape, clear = shape_of(found, k, frame, rois)
    turn = np.exp(-0.5j * np.angle(np.sum(np.where(clear, shape, 0) ** 2)))
    real: np.ndarray = np.real(shape * turn)
    return real, clear


def spacing(size: tuple[int, ...], frame: tuple[int, ...]) -> int:
    """Pixels of the frame from one place of a shape to the next."""
    return -(-max(frame[:2]) // max(size[:2]))


def _places(size: tuple[int, ...], frame: tuple[int, ...], rois: Sequence[Any]) -> tuple[np.ndarray, np.ndarray, float]:
    """Rows and columns (N,) in the shape where arrows start, and how many pixels they are apart."""
    if len(rois):
        middles = [middle(roi) for roi in rois]
        rows, cols = np.array(middles).round().astype(int).T
        return rows, cols, max(4.0, float(np.median([_side(roi) for roi in rois])))
    apart = max(frame[:2]) / _ARROWS
    step = max(1, round(apart * max(size[:2]) / max(frame[:2])))
    rows, cols = (np.arange(min(step // 2, n - 1), n, step) for n in size[:2])
    grid = np.meshgrid(rows, cols, indexing="ij")
    return grid[0].ravel(), grid[1].ravel(), step * max(frame[:2]) / max(size[:2])


def middle(roi: Any) -> tuple[float, float]:
    """Row and column of the middle of a region."""
    if isinstance(roi, np.ndarray):
        rows, cols = np.nonzero(roi)
        return float(rows.mean()), float(cols.mean())
    top, left, height, width = roi
    return top + (height - 1) / 2, left + (width - 1) / 2


def _side(roi: Any) -> float:
    return float(np.sqrt(roi.sum())) if isinstance(roi, np.ndarray) else float(min(roi[2:]))


def _pixels(
    rows: np.ndarray, cols: np.ndarray, size: tuple[int, ...], frame: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows of the frame, of places in the shape."""
    step = spacing(size, frame)
    return cols * step, rows * step
