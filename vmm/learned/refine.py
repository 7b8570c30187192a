"""Refinement of the displacement between two frames by a small network."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from vmm.backend.arrays import Array, namespace, ndimage
from vmm.learned.network import tiles
from vmm.learned.session import Graph
from vmm.learned.trial import check_refiner
from vmm.learned.weights import FOLDER, verify
from vmm.motion._coarse_to_fine import FrameLevels
from vmm.motion._evidence import evidence

SHARE = 0.6
"""Share of the change by the network that is applied. The network makes the edges of the displacement sharp, and the
mesh of the forward warp tears objects where a sharp edge is 1 px away from the edge of the object: in scenes with
layers, 0.4 to 0.75 is better than the whole change."""

SURROUNDINGS = 9
"""Side in px of the window whose smallest and largest displacement bound the refined one, down and right. The narrower
it is, the calmer are areas at rest in compressed clips; up to 9 px, the edges of objects lose nothing."""

MULTIPLE = 4
"""Multiple of pixels that the sides of the network's input must have."""


class Refiner:
    """A network that refines displacements.

    Parameters
    ----------
    path
        Path of the ONNX file, as ``python -m vmm.train refiner`` writes it.

    Raises
    ------
    ValueError
        If the file is not a network that refines displacements.

    Examples
    --------
    >>> from vmm.learned.refine import refiner
    >>> refiner("refiner").path.name
    'refiner.onnx'
    """

    def __init__(self, path: Path) -> None:
        self.path: Path = path
        self.graph: Graph = Graph(path)
        if self.graph.facts.get("kind") != "refiner":
            raise ValueError(f"{path} is not a network that refines displacements: train one with vmm.train refiner")

    def __call__(
        self,
        levels: tuple[FrameLevels, FrameLevels],
        colors: tuple[Array, Array],
        displacement: Array,
        min_noise: float,
    ) -> Array:
        """Refined displacement (2, H, W) from frame a to frame b, in px, at the frame between them.

        Parameters
        ----------
        levels
            Levels of frames a and b.
        colors
            Color planes (C, H, W) of frames a and b, with C = 1 or 3.
        displacement
            Displacement (2, H, W), down and right, in px.
        min_noise
            Smallest standard deviation of the noise of the luma that is assumed, in gray levels.
        """
        if len(levels[0].splines) < 2:  # Frames of less than 20 px have only one level, in which nothing is refined.
            return displacement
        data, xp = evidence(levels, colors, displacement, min_noise), namespace(displacement)
        change = self._refined(data.planes) - data.planes[:2]
        change -= xp.median(change.reshape(2, -1), axis=1)[:, None, None]  # Most of the frame moves as it was read.
        refined = displacement + SHARE * data.scale * change
        window = 1, SURROUNDINGS, SURROUNDINGS
        smallest, largest = (
            extremum(displacement, size=window, mode="nearest")
            for extremum in (ndimage(displacement).minimum_filter, ndimage(displacement).maximum_filter)
        )
        return xp.clip(refined, smallest, largest).astype(displacement.dtype, copy=False)

    def _refined(self, planes: Array) -> Array:
        """Refined displacement (2, H, W) in units of the displacement; large frames are refined in tiles."""
        xp, (height, width) = namespace(planes), planes.shape[1:]
        margins = [(0, 0), (0, -height % MULTIPLE), (0, -width % MULTIPLE)]
        padded = xp.pad(planes, margins, mode="edge")[None]
        whole = padded.shape[2], padded.shape[3]
        result = xp.empty((2, *whole), np.float32)
        for rows, cols in tiles(whole[0], whole[1], MULTIPLE):
            (tile,) = self.graph(padded[..., rows.read(1), cols.read(1)])
            if xp is np and not np.isfinite(tile).all():  # On a device the host would have to wait.
                raise ValueError(f"{self.path} gives a displacement that is not finite: use frames that are finite")
            result[:, rows.written(1), cols.written(1)] = tile[0][:, rows.inner(1), cols.inner(1)]
        return result[:, :height, :width]


@cache
def refiner(weights: str | Path) -> Refiner:
    """Load a network that refines displacements.

    Parameters
    ----------
    weights
        ``"refiner"``, the network that is installed with the library, or the path of an ONNX file.

    Returns
    -------
    Refiner
        The network. Networks are cached.

    Raises
    ------
    ValueError
        If there is no such file, if it is damaged, or if it is not such a network.

    Examples
    --------
    >>> from vmm.learned.refine import refiner
    >>> refiner("refiner") is refiner("refiner")
    True
    """
    if str(weights) == "refiner":
        path = FOLDER / "refiner.onnx"
        verify([path])
        return Refiner(path)
    if not Path(weights).is_file():
        raise ValueError(f"weights={str(weights)!r} must be 'refiner', or the path of an existing ONNX file")
    net = Refiner(Path(weights))
    check_refiner(net.graph)
    return net
