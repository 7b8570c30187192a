"""Count the bytes and operations of the methods on a device, with the stand-in for CuPy.

Run ``PYTHONPATH=tests:. python tests/count_traffic.py`` to print the table ``COUNTED`` of benchmarks/gpu.py. The names
of cases as arguments restrict the table to these.
"""

from __future__ import annotations

import sys

import fake_cupy
import numpy as np
from devices import device_of

from benchmarks.cases import CASES, Again, clip, magnified

SIZES = (96, 160), (192, 320)  # (height, width) of the frames, in pixels
FRAMES = 64


def count(case: str, size: tuple[int, int], frames: int = FRAMES) -> tuple[float, float]:
    """Return the bytes and the operations of a case for each frame."""
    with device_of("stand-in") as device:
        chunks = Again(device.put(clip(size, 16)), frames)
        fake_cupy.work.clear()
        for _ in magnified(case, chunks):
            pass
        return fake_cupy.work["bytes"] / frames, fake_cupy.work["operations"] / frames


def fit(case: str) -> tuple[float, ...]:
    """Return the bytes for each pixel and for each row and column, then the operations likewise."""
    counts = np.array([count(case, size) for size in SIZES])  # (size, bytes and operations)
    matrix = np.array([[size[0] * size[1], sum(size)] for size in SIZES])
    return tuple(np.linalg.solve(matrix, counts).T.ravel().tolist())


if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        print(f"    {case!r}: ({', '.join(f'{x:.0f}' for x in fit(case))}),", flush=True)
