"""Speed of every method: on one core and on all cores, relative to plain NumPy and to peers, and from file to file.

Input and output are color frames, uint8, at 30 frames/s; the band is 2 to 3 Hz; kernels are compiled before the timing.
Results include a calibration, the time of one complex Fourier transform of 1280x720 by SciPy on one core, so that runs
on different machines can be compared. The class ``Speed`` has the interface of asv.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import scipy.fft

import vmm
from benchmarks import peers
from benchmarks.cases import BAND, CASES, SIZES, Again, clip, magnified
from vmm.backend.dispatch import reference_kernels
from vmm.backend.threads import cores

WARM, TIMED = 8, 40  # Frames of the short run, and additional frames of the long run.

_RUN = """
import re, sys
from vmm.cli import main
code = main(sys.argv[1:])
print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()).group(1)) // 1024)
sys.exit(code)
"""


class Speed:
    """Time and memory of one case, size and number of threads."""

    params = (list(CASES), list(SIZES), [1, 2])
    param_names = ("case", "size", "threads")

    def setup(self, case: str, size: str, threads: int) -> None:
        """Render the frames and compile the kernels."""
        self._loop = clip(SIZES[size], 4)
        vmm.set_threads(threads)
        self._run(case, WARM)

    def teardown(self, case: str, size: str, threads: int) -> None:
        """Use all cores again."""
        vmm.set_threads(None)

    def time_frames(self, case: str, size: str, threads: int) -> None:
        """Time of TIMED frames."""
        self._run(case, TIMED)

    def peakmem_frames(self, case: str, size: str, threads: int) -> None:
        """Peak memory of the process."""
        self._run(case, TIMED)

    def track_milliseconds(self, case: str, size: str, threads: int) -> float:
        """Milliseconds per additional frame: the difference between a long and a short run."""
        short, long = (median(partial(self._run, case, n), 3) for n in (WARM, WARM + TIMED))
        return 1000 * (long - short) / TIMED

    def _run(self, case: str, frames: int) -> None:
        for _ in magnified(case, Again(self._loop, frames)):
            pass


def main(quick: bool = False) -> None:
    """Print the tables."""
    print(f"calibration {calibration():.2f} ms, {cores()} cores\n")
    sizes = ["360p"] if quick else list(SIZES)
    print(f"{'':28}" + "".join(f"{size:>26}" for size in sizes))
    print(f"{'case':28}" + "".join(f"{'1 core':>8} ms{'all':>7} ms{'/s':>6}" for _ in sizes))
    for case in CASES:
        row = ""
        for size in sizes:
            one, all_cores = milliseconds(case, size, 1), milliseconds(case, size, cores())
            row += f"{one:11.1f}{all_cores:10.1f}{1000 / all_cores:6.0f}"
        print(f"{case:28}{row}  (calibration {calibration():.2f} ms)", flush=True)
    versus(sizes[min(1, len(sizes) - 1)])
    files(SIZES["360p" if quick else "720p"], 40 if quick else 150)


def milliseconds(case: str, size: str, threads: int) -> float:
    """Milliseconds per frame of a case, at a size and with a number of threads."""
    speed = Speed()
    speed.setup(case, size, threads)
    try:
        return speed.track_milliseconds(case, size, threads)
    finally:
        speed.teardown(case, size, threads)


def versus(size: str) -> None:
    """Compare with the same methods in plain array code, and with other packages, on arrays."""
    print(f"\nSeconds for 24 frames of {size}, all cores")
    frames = clip(SIZES[size], 24)
    ours = {}
    for case, (method, _, _) in CASES.items():
        run = partial(_consume, case, frames)
        with reference_kernels():
            plain = seconds(run)
        ours[method] = seconds(run)
        print(f"{case:28}{ours[method]:8.2f}{plain:8.2f} plain{plain / ours[method]:8.1f} times the time")
    for name, peer in peers.PEERS.items():
        try:
            elapsed = seconds(partial(peer.magnify, frames, BAND, 30.0, 10.0))
        except Exception as error:  # the failure is the result of the peer
            print(f"{name:28} does not run here: {type(error).__name__}: {error}")
        else:
            print(f"{name:28}{elapsed:8.2f}{elapsed / ours['linear']:14.1f} times vmm.linear")


def files(shape: tuple[int, int], frames: int) -> None:
    """Frames per second and peak memory of the command line, from file to file with H.264."""
    print(f"\nFile to file, {shape[1]}x{shape[0]}, {frames} frames")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.mp4", Path(folder) / "out.mp4"
        vmm.io.write(source, clip(shape, frames), 30)
        for case, (method, _, options) in CASES.items():
            passband = [] if "--frequency" in options else ["--band", "2", "3"]
            command = [method, str(source), str(target), *passband, "--alpha", "10", *options]
            start = time.perf_counter()
            process = subprocess.run(
                [sys.executable, "-c", _RUN, *command, "--quiet", "--overwrite"], capture_output=True, text=True
            )
            elapsed = time.perf_counter() - start
            memory = process.stdout.split()[-1] if process.returncode == 0 else f"failed: {process.stderr}"
            print(f"{case:28}{frames / elapsed:8.1f} frames/s{memory:>8} MB", flush=True)


def calibration() -> float:
    """Milliseconds of a complex Fourier transform of 1280x720 on one core."""
    plane = np.random.default_rng(0).normal(size=(720, 1280)).astype(np.complex64)
    return 1000 * median(lambda: scipy.fft.fft2(plane, workers=1), 15)


def _consume(case: str, frames: np.ndarray) -> None:
    """Magnify frames as one chunk."""
    for _ in magnified(case, iter([frames])):
        pass


def median(function: Callable[[], object], times: int) -> float:
    """Median time of a call in seconds."""
    return statistics.median(seconds(function) for _ in range(times))


def seconds(function: Callable[[], object]) -> float:
    """Time of a call in seconds."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
