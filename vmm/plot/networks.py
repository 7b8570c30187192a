"""What networks have learned, and how they learned it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.learned import Network, load
from vmm.learned.preprocess import to_network, white_value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GREY = 0.0  # about which an encoder is probed


def kernels(weights: str | Path, frame: np.ndarray | None = None, *, count: int = 32) -> Figure:
    """What each channel of a network's shape answers to: oriented edges, gratings, blobs of colour; and maps of it.

    An impulse of every colour is put at every place of a grey frame, and the answer is laid out around it: for a linear
    encoder these are its kernels, for another what it does to faint detail. Many resemble the derivatives of Gaussians
    and the Gabor wavelets that classical methods are built of.

    Parameters
    ----------
    weights
        A network that ships, or the path of another; one whose encoder sees a single frame.
    frame
        Frame (H, W[, 3]) whose shape, and texture where it is learned, is shown below.
    count
        Channels shown, at most.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where the encoder sees two frames at once.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018, section 5.4 and figure 9.

    Examples
    --------
    >>> import vmm
    >>> len(vmm.plot.kernels("realtime", count=8).axes)
    8
    """
    from matplotlib.figure import Figure

    net = load(weights)
    pictures = _answers(net)[:count]  # (C, k, k, 3)
    maps = [] if frame is None else _maps(net, frame, 8)
    columns = 8
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.5 * (rows + 2 * bool(maps))), layout="constrained")
    grid = figure.add_gridspec(rows + 2 * bool(maps), columns)
    for i, picture in enumerate(pictures):
        axes = figure.add_subplot(grid[i // columns, i % columns])
        axes.imshow(0.5 + 0.5 * picture / max(np.abs(picture).max(), 1e-12))
        axes.axis("off")
    for i, (title, values) in enumerate(maps):
        axes = figure.add_subplot(grid[rows + i // columns, i % columns])
        axes.imshow(values, cmap="gray")
        axes.set_title(title, fontsize="small")
        axes.axis("off")
    return figure


def _answers(net: Network) -> np.ndarray:
    """Effective kernel (C, k, k, 3) of each channel of the shape, strongest first."""
    if net.pair:
        raise ValueError(f"the encoder of {net.name!r} sees two frames at once: take a network that encodes each alone")
    step, reach = net.step, 8  # pixels on either side
    side = 2 * (reach // step + 2) * step
    still = np.full((1, 3, side, side), _GREY, np.float32)
    rest = net.encode(still)[1]
    middle = (side // 2) // step  # the sample whose kernel is read
    out = np.zeros((rest.shape[1], 2 * reach, 2 * reach, 3), np.float32)
    for row in range(2 * reach):
        for col in range(2 * reach):
            for colour in range(3):
                probe = still.copy()
                probe[0, colour, middle * step - reach + row, middle * step - reach + col] += 0.05
                out[:, row, col, colour] = (net.encode(probe)[1] - rest)[0, :, middle, middle]
    strength = np.sqrt((out**2).sum(axis=(1, 2, 3)))
    return out[np.argsort(-strength)]


def _maps(net: Network, frame: np.ndarray, count: int) -> list[tuple[str, np.ndarray]]:
    """The liveliest channels of texture and shape of a frame."""
    size = net.size((frame.shape[0], frame.shape[1]))
    texture, shape = net.encode(to_network(frame, white_value(frame.dtype), size))
    chosen = []
    for title, values in (("shape", shape[0]), ("texture", texture[0])):
        liveliest = np.argsort(-values.std(axis=(1, 2)))[:count]
        chosen += [(f"{title} {i}", values[i]) for i in liveliest]
    return chosen


def curves(history: Sequence[Mapping[str, float]], path: str | Path | None = None) -> Figure:
    """How a network learned: loss, and structural similarity on photographs that it has not seen, over time.

    Parameters
    ----------
    history
        Rows with ``minutes``, ``step``, ``loss`` and a similarity by any other name.
    path
        Where to write the picture, if anywhere.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import vmm
    >>> rows = [{"minutes": 1, "step": 9, "loss": 0.2, "1>2": 0.8}, {"minutes": 2, "step": 18, "loss": 0.1, "1>2": 0.9}]
    >>> len(vmm.plot.curves(rows).axes)
    2
    """
    from matplotlib.figure import Figure

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
        figure.savefig(path)
    return figure
