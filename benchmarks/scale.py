"""``python -m benchmarks scale``: CPU time and memory of a worker by the size of the frames, and a model of both.

Each case is one window of a dask array, as a worker computes it on one thread, in a process of its own. The model of a
method is a constant plus a multiple of the number of pixels, for the CPU time of a frame and for the memory. It is
fitted to three sizes, by relative errors, and compared with the measurements of three others.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

FITTED = ((180, 320), (360, 640), (720, 1280))
CHECKED = ((270, 480), (480, 854), (1080, 1920))
METHODS = ("linear", "riesz", "gradient", "phase")
BAND, FS = (2.0, 6.0), 30.0
HOURS, RATE, CORES, PRICE = 10_000, 30, 1000, 0.04
"""The plan: hours of video, frames per second, cores, and the price of one core for an hour in dollars."""


def measured(method: str, size: tuple[int, int]) -> dict[str, float]:
    """CPU time in s of a frame, and memory in MB, of a window in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.scale", "--one", method, *map(str, size)]
    answer: dict[str, float] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return answer


def one(method: str, size: tuple[int, int]) -> dict[str, float]:
    """Magnify two windows of a clip of noise, and measure the second, for which everything is compiled."""
    import dask
    import dask.array

    import vmm
    from vmm.engine.windows import spans

    vmm.set_threads(1)
    temporal = vmm.temporal.fir(BAND, fs=FS)
    noise = np.random.default_rng(0).integers(0, 255, (1, *size, 3), np.uint8)
    count = 12 * temporal.delay
    frame = dask.array.from_array(noise)
    clip = dask.array.concatenate([frame if n % 2 else frame[:, ::-1] for n in range(count)])
    out = getattr(vmm, method).magnify(clip, BAND, fs=FS)
    seconds = 0.0
    for start, stop in list(spans(count, temporal))[:2]:
        begin = time.process_time()
        out[start:stop].sum().compute(scheduler="synchronous")
        seconds = (time.process_time() - begin) / (stop - start)
    return {"seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}


def _fit(pixels: np.ndarray, values: list[float]) -> np.ndarray:
    """Slope and constant of a line through values, by relative errors."""
    return np.polyfit(pixels, values, 1, w=1 / np.array(values))


def main(arguments: list[str]) -> None:
    """Print the measurements and the model, and what the model says for a large archive."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks scale", description=__doc__)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    options = parser.parse_args(arguments)
    rows, plan = [], []
    for method in options.methods:
        results = {size: measured(method, size) for size in (*FITTED, *CHECKED)}
        pixels = np.array([size[0] * size[1] for size in FITTED]) / 1e6
        time_line, line = (_fit(pixels, [results[size][name] for size in FITTED]) for name in ("seconds", "memory"))
        for size, result in results.items():
            n = size[0] * size[1] / 1e6
            seconds, memory = np.polyval(time_line, n), np.polyval(line, n)
            rows.append(
                f"| {method} | {size[1]} x {size[0]} | {'fitted' if size in FITTED else 'checked'} "
                f"| {1e3 * result['seconds']:.0f} | {seconds / result['seconds']:.2f} "
                f"| {result['memory']:.0f} | {memory / result['memory']:.2f} |"
            )
        print("\n".join(rows[-len(results) :]), flush=True)
        hour = 3600 * RATE * results[CHECKED[-1]]["seconds"] / 3600  # hours of a core for an hour of video
        plan.append(
            f"| {method} | {1e3 * time_line[1]:.1f} + {1e3 * time_line[0]:.0f} ms x megapixels | {line[1]:.0f} + "
            f"{line[0]:.0f} MB x megapixels | {hour:.1f} | {hour * HOURS / CORES / 24:.1f} | {hour * PRICE:.2f} |"
        )
    print("\n| method | CPU time of a frame | memory of a worker | core hours for an hour of 1080p | days | dollars |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(plan))


if __name__ == "__main__":
    print(json.dumps(one(sys.argv[2], (int(sys.argv[3]), int(sys.argv[4])))))
