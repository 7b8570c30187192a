"""Frames a second of every method on the GPU and on the CPU of the same machine, and how far the GPU is from its limit.

Colour uint8, on the device already, band 2 to 3 Hz; times are those of events on the device. The limit is the time in
which the card's memory, at the bandwidth of a copy that is measured beside, moves what a method's passes read and write
(``traffic``); the share is that time over the one that was taken.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

import vmm
from benchmarks.cases import CASES, Again, clip, magnified
from vmm.backend.device import require
from vmm.learned import NAMES, load
from vmm.spatial import GaussianPyramid, RieszPyramid, SteerablePyramid, padded

SIZES = {"720p": (720, 1280), "1080p": (1080, 1920), "2160p": (2160, 3840)}
FRAMES = 32
SLOW = ("acceleration", "jerk", "anisotropy", "bilateral", "lagrangian")  # no such clip of them on the CPU

Method = Callable[[Any], Iterator[Any]]

FRAME = 3.0  # bytes a pixel
FLOAT, COMPLEX = 4.0, 8.0
FOURIER = 2.0  # passes over rows and over columns, each reads and writes


def traffic(case: str, size: tuple[int, int]) -> tuple[float, float] | None:
    """Bytes that the passes of a case move and operations that they do for a frame, or None where they are not counted.

    Each pass counts what it reads and what it writes once. What is read once a chunk (weights, registers) is left out.
    """
    method, settings, _ = CASES.get(case, ("", {}, []))
    if method == "phase" and settings.get("temporal") is vmm.temporal.butterworth:
        return _phase(size, settings.get("octave", 0.5), settings.get("orientations", 8))
    if case == "riesz":
        return _riesz(size)
    if case == "linear":
        return _linear(size)
    return None


def _phase(size: tuple[int, int], octave: float, orientations: int) -> tuple[float, float]:
    """Brightness, transform, and for each band: box, transform, phase filtered, limited, turned, and back."""
    pyramid: Any = padded(SteerablePyramid, octave=octave, orientations=orientations)(size, np.dtype(np.float32), np)
    bands = [math.prod(grid.shape) for grid in pyramid.grids]
    whole, (outer, wide) = math.prod(size), pyramid._part._shape
    around = outer * wide
    half = COMPLEX * outer * (wide // 2 + 1)
    spectrum = 2 * FOURIER * (FLOAT * around / 2 + half / 2)
    frames = whole * (FRAME + FLOAT) + FLOAT * (whole + around) + whole * (2 * FRAME + FLOAT)
    each = {
        "take": 2 * COMPLEX,
        "transforms": 2 * FOURIER * 2 * COMPLEX,
        "phase filtered": COMPLEX + FLOAT,
        "times alpha, twice": 4 * FLOAT,
        "limited": 2 * FLOAT,
        "turned": 2 * COMPLEX + FLOAT,
        "put": 3 * COMPLEX,
    }
    moved = frames + 2 * spectrum + sum(each.values()) * sum(bands)
    done = 2 * _operations([around]) / 2 + 2 * _operations(bands) + 80.0 * sum(bands) + 12.0 * whole
    return moved, done


def _riesz(size: tuple[int, int]) -> tuple[float, float]:
    """Brightness, and for each level: difference, Riesz parts, phase filtered, limited, blurred, turned, and back."""
    plan = RieszPyramid(size)
    samples, whole = sum(math.prod(grid.shape) for grid in plan.grids), math.prod(size)
    each = {
        "halved": 1.25 * FLOAT,
        "difference": 2.25 * FLOAT,
        "Riesz parts": 4 * FLOAT,
        "phase filtered": 5 * FLOAT,
        "times alpha, twice": 8 * FLOAT,
        "limited": 4 * FLOAT,
        "amplitude": 4 * FLOAT,
        "blurred": (3 + 3 + 3 + 2) * FLOAT,
        "turned": (3 + 2 + 3) * FLOAT,
        "change": 9 * FLOAT,
        "added up": 2.25 * FLOAT,
    }
    moved = whole * (FRAME + FLOAT) + sum(each.values()) * samples + whole * (2 * FRAME + FLOAT)
    return moved, 250.0 * samples + 12.0 * whole


def _linear(size: tuple[int, int]) -> tuple[float, float]:
    """Planes, whole and halved, and for each level: change filtered; levels enlarged and added."""
    plan = GaussianPyramid(size)
    whole = math.prod(size)
    coarse = sum(math.prod(grid.shape) for grid in plan.grids) - whole
    planes = FRAME + 3 * FLOAT + FRAME + 0.75 * FLOAT
    filtered, enlarged = 3 * 2 * FLOAT, 3 * 2.25 * FLOAT
    moved = whole * (planes + filtered + 2 * FRAME + 3.75 * FLOAT) + coarse * (filtered + 3 * 1.25 * FLOAT + enlarged)
    return moved, 150.0 * (whole + coarse)


def _operations(sizes: Sequence[int]) -> float:
    """Of complex Fourier transforms of so many samples."""
    return sum(5.0 * n * math.log2(n) for n in sizes)


def main(quick: bool = False) -> None:
    """Print the tables; where there is no device, say so."""
    try:
        require()
    except ImportError as error:
        print(f"No figure was measured: {error}")
        return
    ceiling = bandwidth()
    print(f"A copy moves {ceiling / 1e9:.0f} GB/s\n")
    print(f"{'case':28}{'size':>7}{'GPU/s':>9}{'CPU/s':>9}{'MB':>8}{'MFLOP':>8}{'of the copy':>13}")
    for case, method in methods().items():
        for name, size in list(SIZES.items())[: 1 if quick else None]:
            try:
                taken = on_device(method, size)
            except ImportError as error:  # onnxruntime without CUDA
                print(f"{case:28}{name:>7}  {error}", flush=True)
                break
            own = float("nan") if case in CASES and CASES[case][0] in SLOW else 1 / on_host(method, size)
            print(f"{case:28}{name:>7}{1 / taken:9.0f}{own:9.1f}{share(case, size, taken, ceiling)}", flush=True)


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
    return 2 * source.nbytes / _seconds(lambda: cupy.copyto(target, source), 10)


def on_device(method: Method, size: tuple[int, int]) -> float:
    """Seconds a frame on the device."""
    import cupy

    frames = cupy.asarray(clip(size, FRAMES))

    def run() -> None:
        for _ in method(Again(frames, 2 * FRAMES)):
            pass

    return _seconds(run, 3) / (2 * FRAMES)


def _seconds(function: Callable[[], object], times: int) -> float:
    """Seconds that a call takes on the device, after one that compiles and plans."""
    import cupy

    function()
    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    start.record()
    for _ in range(times):
        function()
    end.record()
    end.synchronize()
    return cupy.cuda.get_elapsed_time(start, end) / 1000 / times


def on_host(method: Method, size: tuple[int, int]) -> float:
    """Seconds a frame on the CPU, after a run that compiles."""
    frames = clip(size, 8)
    for count in (8, 16):
        start = time.perf_counter()
        for _ in method(Again(frames, count)):
            pass
    return (time.perf_counter() - start) / 16
