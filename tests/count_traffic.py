"""Count what the methods move and compute on a device, on the stand-in: PYTHONPATH=tests:. python tests/count_traffic.py.

It prints the table ``COUNTED`` of benchmarks/gpu.py; name cases to count those alone.
"""

from __future__ import annotations

import sys

import fake_cupy
import numpy as np
from devices import device_of

from benchmarks.cases import CASES, Again, clip, magnified

SIZES = (96, 160), (192, 320)
FRAMES = 64


def counted(case: str, size: tuple[int, int], frames: int = FRAMES) -> tuple[float, float]:
    """Bytes and operations of a case for a frame."""
    with device_of("stand-in") as device:
        some = Again(device.put(clip(size, 16)), frames)
        fake_cupy.worked.clear()
        for _ in magnified(case, some):
            pass
        return fake_cupy.worked["bytes"] / frames, fake_cupy.worked["operations"] / frames


def fitted(case: str) -> tuple[float, ...]:
    """Bytes for a pixel and for a pixel of rows and columns, then operations: those of two sizes."""
    found = np.array([counted(case, size) for size in SIZES])  # (2, bytes and operations)
    matrix = np.array([[size[0] * size[1], sum(size)] for size in SIZES])
    return tuple(np.linalg.solve(matrix, found).T.ravel().tolist())


if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        print(f"    {case!r}: ({', '.join(f'{x:.0f}' for x in fitted(case))}),", flush=True)
