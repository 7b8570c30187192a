"""Speed of every method on the GPU and on the CPU of the same machine, and its ratio to the limit of the GPU memory.

The clips are color frames of uint8 in the memory of the GPU, and the band is 2 to 3 Hz. Times are measured by events on
the GPU. The lower limit of the time is the number of bytes that the passes of a method read and write (``traffic``),
divided by the bandwidth of a copy, which is measured in the same run. The last column is this limit as a percentage of
the measured time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import numpy as np

import vmm
from benchmarks.cases import CASES, Again, clip, magnified
from vmm.backend.device import require
from vmm.learned import NAMES, load

SIZES = {"720p": (720, 1280), "1080p": (1080, 1920)}
"""Sizes of the frames, rows and columns."""

FRAMES = 32
"""Number of frames of a chunk, and of the clip that is repeated."""

SLOW = ("acceleration", "jerk", "anisotropy", "bilateral", "lagrangian")
"""Methods that are too slow to be timed frame by frame, or on the CPU."""

Method = Callable[[Any], Iterator[Any]]

COUNTED = {  # Bytes per pixel, bytes per row or column, operations per pixel, operations per row or column.
    "linear": (42, -1, 180, -9),
    "linear, wavelength 40": (42, -1, 180, -9),
    "riesz": (328, -20, 1058, -65),
    "riesz, chroma in place": (220, -21, 683, -65),
    "gradient": (454, -53, 979, 81),
    "gradient, causal": (370, 1180, 968, 506),
    "gradient, causal, not denoised": (254, -17, 790, -52),
    "phase": (1200, 187468, 2420, 125355),
    "phase, causal": (1669, 340634, 2104, 148041),
    "phase, octave": (532, 44937, 1309, 62013),
    "phase, octave, 4 directions": (426, 35311, 1088, 48661),
    "phase, half octave": (645, 54565, 1535, 73998),
    "phase, octave, zero phase": (1001, 123683, 2086, 92968),
    "phase, zero phase": (1120, 180080, 2387, 122203),
    "acceleration": (765, 235, 1394, -6),
    "anisotropy": (1359, -453, 1343, -313),
    "bilateral": (1137, -88, 1159, -74),
    "color": (43, 964, 242, 230),
    "jerk": (580, -175, 1136, -230),
    "lagrangian": (43819, -652167, 19108, -63591),
}
"""Bytes that the kernels and functions of a case read and write per frame, and operations that they perform.

They were counted by ``tests/count_traffic.py``, which runs the cases on a stand-in device that observes all arrays. An
array counts once for each call that reads or writes it, and a Fourier transform counts as two such passes. The number
of operations of a kernel is derived from its source.
"""


def traffic(case: str, size: tuple[int, int]) -> tuple[float, float] | None:
    """Bytes that a case reads and writes and operations that it performs per frame, or None for a network."""
    if case not in COUNTED:
        return None
    area, edge = size[0] * size[1], sum(size)
    area_bytes, edge_bytes, area_operations, edge_operations = COUNTED[case]
    return area_bytes * area + edge_bytes * edge, area_operations * area + edge_operations * edge


def main(quick: bool = False) -> None:
    """Print the tables, or a message if there is no GPU."""
    try:
        require()
    except ImportError as error:
        print(f"No figure was measured: {error}")
        return
    ceiling = bandwidth()
    sizes = list(SIZES.items())[: 1 if quick else None]
    print(f"{card()}: bandwidth of a copy {ceiling / 1e9:.0f} GB/s\n")
    print(f"Frames/s on the GPU in chunks of {FRAMES} frames and frame by frame; peak GPU memory in MB;")
    print("megabytes that are read and written and millions of operations per frame; percentage of the copy bandwidth")
    print(f"{'case':28}{'size':>7}{'chunks':>9}{'single':>9}{'peak MB':>9}{'MB':>8}{'MFLOP':>8}{'bandwidth':>13}")
    for case, method in methods().items():
        for name, size in sizes:
            try:
                print(f"{case:28}{name:>7}{row(case, method, size, ceiling)}", flush=True)
            except Exception as error:  # Other rows can still be measured without CUDA in onnxruntime or enough memory.
                print(f"{case:28}{name:>7}  {type(error).__name__}: {str(error).splitlines()[0]}", flush=True)
                break
    name, size = sizes[0]
    print(f"\nFrames/s on the CPU, {name}")
    for case, method in methods().items():
        if case not in CASES or CASES[case][0] not in SLOW:
            print(f"{case:28}{name:>7}{1 / on_host(method, size):9.1f}", flush=True)


def card() -> str:
    """Name of the GPU."""
    import cupy

    return str(cupy.cuda.runtime.getDeviceProperties(0)["name"].decode())


def row(case: str, method: Method, size: tuple[int, int], ceiling: float) -> str:
    """The figures of a case at one size."""
    import cupy

    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    seconds = on_device(method, size, FRAMES)
    memory = pool.total_bytes() / 1e6
    slow = case in CASES and CASES[case][0] in SLOW
    one = float("nan") if slow else 1 / on_device(method, size, 1)
    return f"{1 / seconds:9.0f}{one:9.0f}{memory:9.0f}{share(case, size, seconds, ceiling)}"


def methods() -> dict[str, Method]:
    """All cases, and the installed networks, which magnify the motion since the first frame."""
    nets = {name: getattr(vmm, load(name).kind).magnify for name in NAMES}
    result: dict[str, Method] = {case: partial(magnified, case) for case in CASES}
    return result | {name: partial(magnify, alpha=10, weights=name, mode="static") for name, magnify in nets.items()}


def share(case: str, size: tuple[int, int], seconds: float, ceiling: float) -> str:
    """Megabytes and millions of operations per frame, and the percentage of the copy bandwidth that is used."""
    counted = traffic(case, size)
    if counted is None:
        return f"{'':29}"
    n_bytes, operations = counted
    return f"{n_bytes / 1e6:8.0f}{operations / 1e6:8.0f}{100 * n_bytes / seconds / ceiling:11.0f} %"


def bandwidth() -> float:
    """Bandwidth of a copy in the memory of the GPU, in bytes read and written per second."""
    import cupy

    source = cupy.ones(2**28, np.float32)
    target = cupy.empty_like(source)
    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    cupy.copyto(target, source)
    start.record()
    for _ in range(10):
        cupy.copyto(target, source)
    end.record()
    end.synchronize()
    return 10 * 2 * source.nbytes / (cupy.cuda.get_elapsed_time(start, end) / 1000)


def on_device(method: Method, size: tuple[int, int], chunk: int) -> float:
    """Time per frame on the GPU in seconds, in chunks of `chunk` frames, without the time to start.

    It is the difference between the times of a long and a short clip, divided by that of their numbers of frames.
    """
    import cupy

    frames = cupy.asarray(clip(size, FRAMES)[:chunk])

    def seconds(count: int) -> float:
        start, end = cupy.cuda.Event(), cupy.cuda.Event()
        start.record()
        for _ in method(Again(frames, count)):
            pass
        end.record()
        end.synchronize()
        return cupy.cuda.get_elapsed_time(start, end) / 1000

    few, many = FRAMES, 4 * FRAMES
    seconds(few)
    return median(seconds(many) - seconds(few) for _ in range(3)) / (many - few)


def on_host(method: Method, size: tuple[int, int]) -> float:
    """Time per frame on the CPU in seconds; kernels are compiled in an earlier run, which is not timed."""
    frames = clip(size, 8)
    for count in (8, 16):
        start = time.perf_counter()
        for _ in method(Again(frames, count)):
            pass
    return (time.perf_counter() - start) / 16
