"""A motion of its own for each of several spatial parts side by side."""

from __future__ import annotations

from dataclasses import replace

from vmm.engine.protocols import Grid, Motion


def each(*motions: Motion) -> Motion:
    """The motions of the parts of ``vmm.spatial.beside``, in their order.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> both = vmm.motion.each(vmm.motion.local_phase, vmm.motion.intensity)
    >>> plan = vmm.spatial.beside(vmm.spatial.SteerablePyramid, vmm.spatial.Pixels)((32, 32), np.float32, np)
    >>> both.on(plan.grids[-1]) == vmm.motion.intensity
    True
    """

    def at(grid: Grid) -> Motion:
        return motions[grid.part].on(replace(grid, part=0))

    return replace(motions[0], at=at)
