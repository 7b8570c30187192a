"""``python -m benchmarks chunks``: dask arrays against arrays, in their results and in CPU time.

The first table holds the largest difference between the magnified dask array and the magnified array, relative to the
range of the type, for each method, type and length of the chunks; ``same`` means the same bytes. The second table holds
the CPU time for the dask array relative to that for the array, as the median of interleaved runs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import vmm
from vmm.data import synthetic

FS, BAND, FREQUENCY = 30.0, (2.0, 4.0), 3.0
TYPES = {"uint8": 1, "uint16": 257, "float32": 1 / 255, "float64": 1 / 255}
CHUNKS = (1, 7, 37, 500)
BY_FREQUENCY = ("acceleration", "anisotropy", "bilateral", "jerk")
TIMED = ("phase", "gradient", "linear", "riesz", "color")


def cases() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, method and settings of each case."""
    for name in ("linear", "riesz", "phase", "gradient", "color"):
        for temporal in ("fir", "causal", "ideal"):
            yield f"{name}, {temporal}", name, {"band": BAND, "temporal": temporal}
    for name in BY_FREQUENCY:
        yield name, name, {"frequency": FREQUENCY}
    yield "lightweight, causal", "lightweight", {"band": BAND}


def clip(size: tuple[int, int], count: int) -> np.ndarray:
    """A color clip (count, H, W, 3) of uint8 that moves by 0.3 px at 3 Hz, with noise of one gray level."""
    motion = synthetic.sway(count, FS, FREQUENCY, 0.3)
    gray = synthetic.render(synthetic.texture(size), motion, noise=1)
    return np.stack([gray, gray[:, ::-1], gray[:, :, ::-1]], axis=-1)


def difference(frames: np.ndarray, length: int, name: str, settings: dict[str, Any]) -> str:
    """The largest difference between the results for chunks of some length and for the array."""
    import dask.array

    function = getattr(vmm, name).magnify
    chunked = dask.array.from_array(frames, chunks=(length, -1, -1, -1))
    whole = function(frames, fs=FS, **settings)
    parts = function(chunked, fs=FS, **settings).compute(scheduler="synchronous")
    if (parts == whole).all():
        return "same"
    largest = 1.0 if frames.dtype.kind == "f" else float(np.iinfo(frames.dtype).max)
    return f"{np.abs(parts.astype(float) - whole.astype(float)).max() / largest:.0e}"


def overhead(frames: np.ndarray, length: int, name: str, settings: dict[str, Any], runs: int) -> float:
    """CPU time for the dask array relative to that for the array."""
    import dask.array

    function = getattr(vmm, name).magnify
    chunked = dask.array.from_array(frames, chunks=(length, -1, -1, -1))

    def seconds(of_chunks: bool) -> float:
        begin = time.process_time()
        if of_chunks:
            function(chunked, fs=FS, **settings).compute(scheduler="synchronous")
        else:
            function(frames, fs=FS, **settings)
        return time.process_time() - begin

    ratios = [seconds(True) / seconds(False) for _ in range(runs + 1)]
    return float(np.median(ratios[1:]))  # The first run compiles.


def main(arguments: list[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks chunks", description=__doc__)
    parser.add_argument("--frames", type=int, default=110, help="frames of the clips. Default: 110.")
    parser.add_argument("--runs", type=int, default=3, help="runs for each CPU time. Default: 3.")
    parser.add_argument("--quick", action="store_true", help="the first two cases only")
    parser.add_argument("--only", choices=("results", "time"), help="the first or the second table. Default: both.")
    options = parser.parse_args(arguments)
    chosen = list(cases())[: 2 if options.quick else None]
    if options.only != "time":
        print_results(clip((48, 64), options.frames), chosen)
    if options.only != "results":
        print_times(clip((360, 640), options.frames), chosen, options.runs)


def print_results(frames: np.ndarray, chosen: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Print the differences between dask arrays and arrays."""
    columns = [(kind, length) for kind in TYPES for length in CHUNKS]
    print("| case | " + " | ".join(f"{kind}, {length}" for kind, length in columns) + " |")
    print("| --- " * (len(columns) + 1) + "|")
    for label, name, settings in chosen:
        clips = {kind: (frames * float(factor)).astype(kind) for kind, factor in TYPES.items()}
        cells = [difference(clips[kind], length, name, settings) for kind, length in columns]
        print(f"| {label} | " + " | ".join(cells) + " |", flush=True)


def print_times(frames: np.ndarray, chosen: list[tuple[str, str, dict[str, Any]]], runs: int) -> None:
    """Print CPU times for dask arrays relative to those for arrays."""
    lengths = (10, 30, len(frames))
    print("\n| case, 640x360, color | " + " | ".join(f"chunks of {length}" for length in lengths) + " |")
    print("| --- " * (len(lengths) + 1) + "|")
    for label, name, settings in chosen:
        if name in TIMED:
            values = [overhead(frames, length, name, settings, runs) for length in lengths]
            print(f"| {label} | " + " | ".join(f"{value:.2f}" for value in values) + " |", flush=True)
