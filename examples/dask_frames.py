"""Frames in a dask array
======================

A dask array holds frames that are not in memory. An iterator of its blocks streams them through a method, one block at
a time, and the result equals that of the whole array. The script needs the package dask.
"""

import dask.array
import numpy as np

import vmm
from vmm.data import synthetic

frames = synthetic.render(synthetic.texture((72, 96)), synthetic.sway(120, 30, 2.0, 0.1), noise=1.0)
lazy = dask.array.from_array(frames, chunks=(30, -1, -1))  # for example the result of dask.array.from_zarr

blocks = (block.compute() for block in lazy.blocks)
streamed = np.concatenate(list(vmm.gradient.magnify(blocks, (1.5, 2.5), fs=30, alpha=20)))
whole = vmm.gradient.magnify(frames, (1.5, 2.5), fs=30, alpha=20)
difference = np.abs(streamed.astype(int) - whole).max()
print(f"{lazy.numblocks[0]} blocks; the largest difference from the whole array is {difference} gray levels.")
vmm.plot.slices(frames, streamed, row=36, fs=30).savefig("dask_frames.png")
