"""Time a frame of every method with its default settings, and its ratio to the fastest, in one run.

Colour uint8 in and out, 30 frames/s, band 2 to 3 Hz. The calibration, one complex Fourier transform of 1280x720 on one
core, stands beside, so that runs on different machines compare.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import scipy.fft

import vmm

SIZES = {"360p": (360, 640), "720p": (720, 1280)}
FRAMES = 120


def main() -> None:
    """Print the table."""
    plane = np.random.default_rng(0).normal(size=(720, 1280)).astype(np.complex64)
    print(f"calibration: {1000 * median(lambda: scipy.fft.fft2(plane, workers=1), 20):.2f} ms\n")
    print(f"{'method':10}" + "".join(f"{size + ', ms':>12}{'frames/s':>12}{'ratio':>8}" for size in SIZES))
    times = {name: [per_frame(name, shape) for shape in SIZES.values()] for name in vmm.METHODS}
    fastest = [min(column) for column in zip(*times.values(), strict=True)]
    for name, row in times.items():
        cells = (f"{1000 * t:12.1f}{1 / t:12.1f}{t / f:8.1f}" for t, f in zip(row, fastest, strict=True))
        print(f"{name:10}" + "".join(cells))


def per_frame(name: str, shape: tuple[int, int]) -> float:
    """Seconds a frame."""
    clip = np.random.default_rng(0).integers(0, 255, (FRAMES, *shape, 3), dtype=np.uint8)
    magnify = getattr(vmm, name).magnify
    return median(lambda: magnify(clip, (2, 3), fs=30), 1) / FRAMES


def median(function: Callable[[], object], times: int) -> float:
    """Median of the seconds that a call takes."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
