"""Kernels, feature maps and learning curves of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.io.drafts import draft
from vmm.learned import Network, load
from vmm.learned.preprocess import to_network, white_value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GRAY = 0.0
"""Level of the uniform frame about which an encoder is linearized, in its range of -1 to 1: the middle gray."""

_IMPULSE = 0.05
"""Height of the impulses that probe an encoder: small enough for a linear response, large against rounding."""

_REACH = 8
"""Half width of the kernels that are drawn, in pixels. The number of probes grows with its square."""

_COLUMNS = 8
"""Number of panels in a row of the figure."""


@checks_arguments
def kernels(weights: str | Path, frame: np.ndarray | None = None, *, count: int = 32) -> Figure:
    """Show the effective kernel of each channel of a network's shape representation, and feature maps of a frame.

    The encoder is linearized about a uniform gray frame: its response to small impulses at all positions and in all
    three colors is a kernel. For a linear encoder this is exact, for another it describes the response to faint detail.
    Many kernels resemble derivatives of Gaussians and the Gabor wavelets of the classical methods [1]_.

    Parameters
    ----------
    weights
        Name of a network that comes with the library, or path of another one. Its encoder must take a single frame.
    frame
        Frame (H, W[, 3]) whose strongest feature maps, of shape and of texture, are shown below the kernels. By
        default none.
    count
        Largest number of kernels to show, the strongest first.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with one axes for each kernel and each map.

    Raises
    ------
    ValueError
        If the encoder takes two frames at once.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018, section 5.4 and figure 9.

    Examples
    --------
    >>> import vmm
    >>> len(vmm.plot.kernels("realtime", count=8).axes)
    8
    """
    from vmm.plot._figure import Figure

    net = load(weights)
    responses = _impulse_responses(net)[:count]  # (C, k, k, 3)
    maps = [] if frame is None else _maps(net, frame, _COLUMNS)
    rows = -(-len(responses) // _COLUMNS)
    figure = Figure(figsize=(1.5 * _COLUMNS, 1.5 * (rows + 2 * bool(maps))), layout="constrained")
    grid = figure.add_gridspec(rows + 2 * bool(maps), _COLUMNS)
    for i, response in enumerate(responses):
        axes = figure.add_subplot(grid[i // _COLUMNS, i % _COLUMNS])
        axes.imshow(0.5 + 0.5 * response / max(np.abs(response).max(), 1e-12))
        axes.axis("off")
    for i, (title, values) in enumerate(maps):
        axes = figure.add_subplot(grid[rows + i // _COLUMNS, i % _COLUMNS])
        axes.imshow(values, cmap="gray")
        axes.set_title(title, fontsize="small")
        axes.axis("off")
    return figure


def _impulse_responses(net: Network) -> np.ndarray:
    """Effective kernel (C, k, k, 3) of each channel of the shape representation, strongest first."""
    if net.pair:
        raise ValueError(f"the encoder of {net.name!r} takes two frames at once: choose one that takes single frames")
    step = net.step
    side = 2 * (_REACH // step + 2) * step
    uniform = np.full((1, 3, side, side), _GRAY, np.float32)
    baseline = net.encode(uniform)[1]
    center = (side // 2) // step  # sample of the feature map whose responses are collected
    corner = center * step - _REACH
    out = np.zeros((baseline.shape[1], 2 * _REACH, 2 * _REACH, 3), np.float32)
    for row, col, color in np.ndindex(2 * _REACH, 2 * _REACH, 3):
        probe = uniform.copy()
        probe[0, color, corner + row, corner + col] += _IMPULSE
        out[:, row, col, color] = (net.encode(probe)[1] - baseline)[0, :, center, center]
    strength = np.sqrt((out**2).sum(axis=(1, 2, 3)))
    return out[np.argsort(-strength)]


def _maps(net: Network, frame: np.ndarray, count: int) -> list[tuple[str, np.ndarray]]:
    """Titles and feature maps of the channels of shape and texture with the largest standard deviation."""
    size = net.size((frame.shape[0], frame.shape[1]))
    texture, shape = net.encode(to_network(frame, white_value(frame.dtype), size))
    maps = []
    for title, values in (("shape", shape[0]), ("texture", texture[0])):
        strongest = np.argsort(-values.std(axis=(1, 2)))[:count]
        maps += [(f"{title} {i}", values[i]) for i in strongest]
    return maps


@checks_arguments
def curves(history: Sequence[Mapping[str, float]], path: str | Path | None = None) -> Figure:
    """Draw learning curves: the loss, and the structural similarity on held-out photographs, over training time.

    Parameters
    ----------
    history
        Rows with the keys ``minutes``, ``step`` and ``loss``. Each further key is the name of a similarity.
    path
        File to which the figure is written. By default none.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with one axes for the loss and one for the similarities.

    Examples
    --------
    >>> import vmm
    >>> rows = [{"minutes": 1, "step": 9, "loss": 0.2, "1>2": 0.8}, {"minutes": 2, "step": 18, "loss": 0.1, "1>2": 0.9}]
    >>> len(vmm.plot.curves(rows).axes)
    2
    """
    from vmm.plot._figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    loss, scores = figure.subplots(1, 2)
    minutes: list[Any] = [row["minutes"] for row in history]
    loss.plot(minutes, [row["loss"] for row in history])
    loss.set(xlabel="minutes", ylabel="loss")
    for name in history[0]:
        if name not in ("minutes", "step", "loss"):
            scores.plot(minutes, [row[name] for row in history], label=name)
    scores.set(xlabel="minutes", ylabel="structural similarity, held out")
    scores.legend(title="motion>output, px", fontsize="small")
    if path is not None:
        with draft(Path(path), overwrite=True) as temporary:
            figure.savefig(temporary)
    return figure
