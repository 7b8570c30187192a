"""Frames a second of every method on the GPU and on the CPU of the same machine, and how far the GPU is from its limit.

Colour uint8, on the device already, band 2 to 3 Hz; times are those of events on the device. The limit is the time in
which the card's memory, at the bandwidth of a copy that is measured beside, moves what a method's passes read and write
(``traffic``); the share is that time over the one that was taken.
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
FRAMES = 32
SLOW = ("acceleration", "jerk", "anisotropy", "bilateral", "lagrangian")  # on the CPU at the smallest size alone

Method = Callable[[Any], Iterator[Any]]

COUNTED = {  # bytes for a pixel, and for a pixel of rows and columns; operations likewise
    "linear": (87, -1, 224, -9),
    "linear, wavelength 40": (42, -1, 180, -9),
    "riesz": (219, -21, 712, -68),
    "phase, octave": (373, 36830, 780, 53523),
    "phase, octave, 4 directions": (282, 28777, 594, 43448),
    "phase, half octave": (550, 51335, 1141, 72516),
    "phase, octave, zero phase": (544, 50865, 1047, 70976),
    "phase, zero phase": (798, 70485, 1522, 95705),
    "color": (46, 357, 242, 180),
    "acceleration": (1784, 162041, 3314, 257882),
    "jerk": (4787, 461845, 5736, 463719),
    "anisotropy": (11112, 1075464, 9787, 795511),
    "bilateral": (6002, 584731, 3827, 301903),
    "lagrangian": (43797, -652123, 18892, -63550),
}
"""What the kernels and functions of a case read, write and compute on the device for a frame.

Counted by ``tests/count_traffic.py``, which runs the cases on a stand-in that sees every array: each counts once for
each call that reads or writes it, a Fourier transform as two such passes. Operations of kernels are read from their
sources.
"""


def traffic(case: str, size: tuple[int, int]) -> tuple[float, float] | None:
    """Bytes that a case moves and operations that it does for a frame, or None for a network."""
    if case not in COUNTED:
        return None
    area, edge = size[0] * size[1], sum(size)
    of_area, of_edge, done, done_edge = COUNTED[case]
    return of_area * area + of_edge * edge, done * area + done_edge * edge


def main(quick: bool = False) -> None:
    """Print the tables; where there is no device, say so."""
    try:
        require()
    except ImportError as error:
        print(f"No figure was measured: {error}")
        return
    ceiling = bandwidth()
    sizes = list(SIZES.items())[: 1 if quick else None]
    print(f"{card()}: a copy moves {ceiling / 1e9:.0f} GB/s\n")
    print("Frames a second on the GPU, in chunks and frame by frame; megabytes of the card at most")
    print(f"{'case':28}{'size':>7}{'chunks':>9}{'one':>9}{'card MB':>9}{'MB':>8}{'MFLOP':>8}{'of the copy':>13}")
    for case, method in methods().items():
        for name, size in sizes:
            try:
                print(f"{case:28}{name:>7}{row(case, method, size, ceiling)}", flush=True)
            except Exception as error:  # the table goes on: onnxruntime without CUDA, or a card that is too small
                print(f"{case:28}{name:>7}  {type(error).__name__}: {str(error).splitlines()[0]}", flush=True)
                break
    name, size = sizes[0]
    print(f"\nFrames a second on the CPU, {name}")
    for case, method in methods().items():
        if case not in CASES or CASES[case][0] not in SLOW:
            print(f"{case:28}{name:>7}{1 / on_host(method, size):9.1f}", flush=True)


def card() -> str:
    """The name of the card."""
    import cupy

    return str(cupy.cuda.runtime.getDeviceProperties(0)["name"].decode())


def row(case: str, method: Method, size: tuple[int, int], ceiling: float) -> str:
    """The figures of a case at one size."""
    import cupy

    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    taken = on_device(method, size, FRAMES)
    memory = pool.total_bytes() / 1e6
    slow = case in CASES and CASES[case][0] in SLOW
    one = float("nan") if slow else 1 / on_device(method, size, 1)
    return f"{1 / taken:9.0f}{one:9.0f}{memory:9.0f}{share(case, size, taken, ceiling)}"


def methods() -> dict[str, Method]:
    """All cases, and the networks that ship, which compare frames with the first one."""
    nets = {name: getattr(vmm, load(name).kind).magnify for name in NAMES}
    found: dict[str, Method] = {case: partial(magnified, case) for case in CASES}
    return found | {name: partial(magnify, alpha=10, weights=name) for name, magnify in nets.items()}


def share(case: str, size: tuple[int, int], taken: float, ceiling: float) -> str:
    """What a case moves and does for a frame, and the share of the copy bandwidth that this is in so many seconds."""
    counted = traffic(case, size)
    if counted is None:
        return f"{'':29}"
    moved, done = counted
    return f"{moved / 1e6:8.0f}{done / 1e6:8.0f}{100 * moved / taken / ceiling:11.0f} %"


def bandwidth() -> float:
    """Bytes a second that a copy on the device reads and writes."""
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
    """Seconds a frame on the device, by chunks of so many frames: those that more frames take, without the start."""
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
    """Seconds a frame on the CPU, after a run that compiles."""
    frames = clip(size, 8)
    for count in (8, 16):
        start = time.perf_counter()
        for _ in method(Again(frames, count)):
            pass
    return (time.perf_counter() - start) / 16
