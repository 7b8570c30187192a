"""Deflection shapes on a frame, as colors and as arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.plot._slices import displayable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIGNIFICANCE = 3.0
"""Displacements below this multiple of their standard error are not drawn: noise exceeds it in 3 of 1000 places."""

_TYPICAL_SHARE = 99.0
"""Percentage of the places with significant motion that the scale of a picture covers. A few places with a wrong large
displacement would otherwise make the rest of the picture empty."""

_OUT_OF_SCALE = 1.5
"""Ratio of the largest value to the end of the scale from which the title names the largest value."""

_ARROWS = 28
"""Number of arrows along the longer side of the frame: more would touch one another on a page."""

_MIN_LENGTH = 0.04
"""Shortest arrow, as a fraction of the longest: a shorter one is only a dot."""


@checks_arguments
def overlay(modes: Any, frame: np.ndarray, *, rois: Sequence[Any] = ()) -> Figure:
    """Show deflection shapes as colors on a frame: red in one direction and blue in the opposite one.

    The component, down or right, that holds more of the motion is drawn, at the phase of largest displacement. The
    opacity grows with the displacement. Places whose displacement is below three standard errors stay transparent. The
    scale ends at the displacement that 99 % of the other places do not exceed.

    Parameters
    ----------
    modes
        Deflection shapes, the result of ``vmm.measure.modes`` or ``blind_modes``. Each frequency gets a panel.
    frame
        Picture (H, W) or (H, W, 3) on which the shapes are drawn.
    rois
        The measured regions: boxes (top, left, height, width) in pixels or masks (H, W) of bool. They are required if
        the shapes belong to regions instead of pixels.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; the title of each panel gives the frequency, the end of the scale and a displacement far beyond it.

    Raises
    ------
    ValueError
        If the shapes belong to regions and `rois` does not have as many entries.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 5.0, 0.2), noise=1.0)
    >>> figure = vmm.plot.overlay(vmm.measure.modes(clip, [5.0], fs=30), clip[0])
    >>> figure.axes[0].get_title(loc="left")
    '5 Hz, displacement to the right up to 0.2 px'
    """
    figure, panels = _panels(modes, frame)
    for axes, k in zip(panels, range(len(modes.frequencies)), strict=True):
        real, significant = _at_largest_phase(modes, k, frame, rois)
        typical = typical_size(real, significant)
        axis = int(np.square(np.where(significant, limit_size(real, typical), 0)).sum(axis=(0, 1)).argmax())
        values = np.where(significant[..., axis], real[..., axis], 0)
        limit = typical_size(real[..., axis], significant[..., axis])
        opacity = np.clip(1.5 * np.abs(values) / limit, 0, 0.65)
        limits = {"vmin": -limit, "vmax": limit, "extent": _extent(frame)}
        image = axes.imshow(values, cmap="RdBu_r", alpha=opacity, interpolation="none", **limits)
        image.set_alpha(opacity)
        axes.set_title(
            _title(modes, k, limit, f"displacement {('down', 'to the right')[axis]} up to", float(abs(values).max())),
            loc="left",
            fontsize="medium",
        )
        bar = figure.colorbar(_opaque(image), ax=axes, shrink=0.8, aspect=30)
        bar.set_label(f"{('down', 'right')[axis]} ({modes.unit})")
    return figure


@checks_arguments
def arrows(modes: Any, frame: np.ndarray, *, rois: Sequence[Any] = ()) -> Figure:
    """Show deflection shapes as arrows on a frame, at the phase of largest displacement.

    Arrows longer than 99 % of the others are drawn as long as those.

    Parameters
    ----------
    modes, frame, rois
        As for ``overlay``.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; the title of each panel gives the frequency and the length of the longest arrow.

    Raises
    ------
    ValueError
        If the shapes belong to regions and `rois` does not have as many entries.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 5.0, 0.2), noise=1.0)
    >>> figure = vmm.plot.arrows(vmm.measure.modes(clip, [5.0], fs=30), clip[0])
    >>> figure.axes[0].get_title(loc="left")
    '5 Hz, longest arrow 0.2 px'
    """
    figure, panels = _panels(modes, frame)
    for axes, k in zip(panels, range(len(modes.frequencies)), strict=True):
        real, significant = _at_largest_phase(modes, k, frame, rois)
        real = np.where(significant, real, 0)
        length = np.hypot(*np.moveaxis(real, -1, 0))
        rows, cols, distance = _arrow_positions(length.shape, frame.shape, rois)
        down, right = np.moveaxis(real[rows, cols], -1, 0)
        is_drawn: Any = significant.any(axis=-1)
        limit = typical_size(length, is_drawn)
        drawn = np.hypot(down, right) > _MIN_LENGTH * limit
        shortening = np.minimum(1, limit / np.maximum(np.hypot(down, right), 1e-300))
        down, right = down * shortening, right * shortening
        step = spacing(length.shape, frame.shape)
        x, y = cols[drawn] * step, rows[drawn] * step
        scale = limit / (1.3 * distance)
        style = {"color": "red", "width": 0.0022, "headwidth": 4, "headlength": 5, "minlength": 0.5}
        axes.quiver(x, y, right[drawn], down[drawn], angles="xy", scale_units="xy", scale=scale, **style)
        axes.set_title(_title(modes, k, limit, "longest arrow", float(length.max())), loc="left", fontsize="medium")
    return figure


def _panels(modes: Any, frame: np.ndarray) -> tuple[Figure, list[Any]]:
    """A figure that shows the frame once for each frequency."""
    from vmm.plot._figure import Figure

    count = len(modes.frequencies)
    height, width = frame.shape[:2]
    columns = 1 if width > 2 * height or count == 1 else 2
    rows = -(-count // columns)
    wide = 11 / columns
    figure = Figure(figsize=(11, rows * (min(0.85 * wide * height / width, 7) + 0.9)), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[:count]:
        axes.imshow(displayable(frame), cmap="gray", extent=_extent(frame))
        axes.set(xlabel="column", ylabel="row")
    for axes in panels[count:]:
        axes.remove()
    return figure, list(panels[:count])


def _extent(frame: np.ndarray) -> tuple[float, float, float, float]:
    height, width = frame.shape[:2]
    return (-0.5, width - 0.5, height - 0.5, -0.5)


def _title(modes: Any, k: int, limit: float, name: str, largest: float) -> str:
    """Title of a panel whose scale ends at `limit`, with the largest value if it is out of scale."""
    beyond = (
        f" (in 1 % of the places more, up to {largest:.2g} {modes.unit})" if largest > _OUT_OF_SCALE * limit else ""
    )
    return f"{modes.frequencies[k]:.4g} {modes.frequency_unit}, {name} {limit:.2g} {modes.unit}{beyond}"


def limit_size(values: np.ndarray, limit: float) -> np.ndarray:
    """Values with the same sign or phase, and with sizes of at most `limit`."""
    limited: np.ndarray = values * np.minimum(1, limit / np.maximum(np.abs(values), 1e-300))
    return limited


def typical_size(values: np.ndarray, significant: np.ndarray) -> float:
    """Size that 99 % of the significant values do not exceed, or the largest of a few values."""
    sizes = np.abs(values[significant])
    return max(float(np.percentile(sizes, _TYPICAL_SHARE, method="higher")), 1e-300) if sizes.size else 1e-300


def _opaque(image: Any) -> Any:
    """The color scale of an image without its transparency, for the color bar."""
    from matplotlib.cm import ScalarMappable

    return ScalarMappable(norm=image.norm, cmap=image.cmap)


def significant_shape(modes: Any, k: int, frame: np.ndarray, rois: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The k-th shape (h, w, 2), at the resolution of the frame or coarser, and a mask where it exceeds its error."""
    shape, error = modes.shapes[k], modes.stderr[k]
    if shape.ndim == 2:
        shape, error = (_painted(part, frame, rois) for part in (shape, error))
    significant = np.isfinite(shape) & (np.abs(shape) > SIGNIFICANCE * error)
    return np.where(np.isfinite(shape), shape, 0), significant


def _painted(values: np.ndarray, frame: np.ndarray, rois: Sequence[Any]) -> np.ndarray:
    """Values (R, 2) of regions, written to the pixels (H, W, 2) of each region; other pixels are NaN."""
    if len(rois) != len(values):
        raise ValueError(f"the shapes belong to {len(values)} regions: give rois= with all of them, not {len(rois)}")
    painted = np.full((*frame.shape[:2], 2), np.nan, values.dtype)
    for value, roi in zip(values, rois, strict=True):
        if isinstance(roi, np.ndarray):
            painted[roi] = value
        else:
            row, col, height, width = roi
            painted[row : row + height, col : col + width] = value
    return painted


def _at_largest_phase(modes: Any, k: int, frame: np.ndarray, rois: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Real displacement (h, w, 2) at the phase of largest total energy, and a mask where it exceeds its error."""
    shape, significant = significant_shape(modes, k, frame, rois)
    limited = np.where(significant, limit_size(shape, typical_size(shape, significant)), 0)
    rotation = np.exp(-0.5j * np.angle(np.sum(limited**2)))
    real: np.ndarray = np.real(shape * rotation)
    return real, significant


def spacing(size: tuple[int, ...], frame: tuple[int, ...]) -> int:
    """Distance in pixels of the frame between neighboring samples of a shape."""
    return -(-max(frame[:2]) // max(size[:2]))


def _arrow_positions(
    size: tuple[int, ...], frame: tuple[int, ...], rois: Sequence[Any]
) -> tuple[np.ndarray, np.ndarray, float]:
    """Rows and columns (N,) of the arrows in the shape, and their distance in pixels of the frame."""
    if len(rois):
        centers = [center(roi) for roi in rois]
        rows, cols = np.array(centers).round().astype(int).T
        return rows, cols, max(4.0, float(np.median([_side(roi) for roi in rois])))
    distance = max(frame[:2]) / _ARROWS
    step = max(1, round(distance * max(size[:2]) / max(frame[:2])))
    rows, cols = (np.arange(min(step // 2, n - 1), n, step) for n in size[:2])
    grid = np.meshgrid(rows, cols, indexing="ij")
    return grid[0].ravel(), grid[1].ravel(), step * max(frame[:2]) / max(size[:2])


def center(roi: Any) -> tuple[float, float]:
    """Row and column of the center of a region."""
    if isinstance(roi, np.ndarray):
        rows, cols = np.nonzero(roi)
        return float(rows.mean()), float(cols.mean())
    row, col, height, width = roi
    return row + (height - 1) / 2, col + (width - 1) / 2


def _side(roi: Any) -> float:
    """Side of a region in pixels: the shorter one of a box, that of the square of equal area of a mask."""
    return float(np.sqrt(roi.sum())) if isinstance(roi, np.ndarray) else float(min(roi[2:]))
