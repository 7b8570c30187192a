"""A different motion for each of several stacked spatial parts."""

from __future__ import annotations

from dataclasses import replace

from vmm.backend.arguments import checks_arguments
from vmm.parts import Grid, Motion


@checks_arguments
def per_part(*motions: Motion) -> Motion:
    """One motion for each part of ``vmm.spatial.stacked``.

    Parameters
    ----------
    *motions
        The motions, in the order of the parts.

    Returns
    -------
    Motion
        A motion that is that of the part to which a subband belongs.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> both = vmm.motion.per_part(vmm.motion.local_phase, vmm.motion.intensity)
    >>> plan = vmm.spatial.stacked(vmm.spatial.SteerablePyramid, vmm.spatial.Pixels)((32, 32), np.float32, np)
    >>> both.on(plan.grids[-1]) == vmm.motion.intensity
    True
    """

    def at(grid: Grid) -> Motion:
        if grid.part >= len(motions):
            raise ValueError(f"per_part holds {len(motions)} motions, but the subband belongs to part {grid.part}")
        return motions[grid.part].on(replace(grid, part=0))

    first = motions[0]
    return Motion(first.read, first.put, first.amplitude, first.changed, at=at)
