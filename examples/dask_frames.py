"""Frames in a dask array
======================

A dask array holds frames that are not in memory. A magnifier takes it and returns a dask array: each part of the result
is computed when it is asked for, on other machines if there is a cluster. The bytes are those of the whole array. The
script needs the package dask.
"""

import dask.array
import numpy as np

import vmm
from vmm.data import synthetic

frames = synthetic.render(synthetic.texture((72, 96)), synthetic.sway(120, 30, 2.0, 0.1), noise=1.0)
lazy = dask.array.from_array(frames, chunks=(30, -1, -1))  # for example the result of dask.array.from_zarr

out = vmm.gradient.magnify(lazy, (1.5, 2.5), fs=30, alpha=20)  # nothing is computed yet
magnified = out.compute()  # or out.to_zarr("out.zarr"), which holds a few blocks at a time
whole = vmm.gradient.magnify(frames, (1.5, 2.5), fs=30, alpha=20)
difference = np.abs(magnified.astype(int) - whole).max()
print(f"{lazy.numblocks[0]} blocks; the largest difference from the whole array is {difference} gray levels.")
vmm.plot.slices(frames, magnified, row=36, fs=30).savefig("dask_frames.png")
