"""Time per frame and memory of one entrant in its own process: ``python -m benchmarks.study.probe '{...}'``."""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FS, FREQUENCY, ALPHA = 30.0, 5.0, 10.0
SMALL = (64, 96)  # Size of the frames of the first call, in which kernels are compiled and networks loaded.


def measure(**options: Any) -> dict[str, float]:
    """Measure the time and memory of an entrant.

    Parameters
    ----------
    options
        ``name`` of the entrant; ``weights`` of a network that is not an installed one, else ""; ``height``, ``width``
        and ``frames`` of the clip; ``threads``; and ``seconds``, the smallest total time of up to three calls.

    Returns
    -------
    dict
        ``ms``, the median time per frame in milliseconds; ``memory``, the peak memory of the process in MB; ``beyond``,
        the same minus the memory before the calls.

    Raises
    ------
    RuntimeError
        If the process fails; the message is the last line of its error output.
    """
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.study.probe", json.dumps(options)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": str(options["threads"])},
    )
    if process.returncode:
        raise RuntimeError((process.stderr.strip().splitlines() or ["the process failed without a message"])[-1])
    result: dict[str, float] = json.loads(process.stdout.splitlines()[-1])
    return result


def _main(options: dict[str, Any]) -> dict[str, float]:
    """Measure in this process."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options["threads"]])
    import vmm
    from benchmarks.cases import clip
    from benchmarks.study.entrants import entrants, learned
    from benchmarks.study.peers import peer
    from benchmarks.study.settings import QUICK

    vmm.set_threads(options["threads"])
    if options.get("weights"):
        one = learned(options["name"], options["weights"])
    else:
        one = entrants(QUICK).get(options["name"]) or peer(options["name"])
    frames = clip((options["height"], options["width"]), options["frames"])
    one.magnify(frames[:, : SMALL[0], : SMALL[1]], FREQUENCY, FS, ALPHA)
    before = _memory(reset=True)
    times: list[float] = []
    while len(times) < 3 and sum(times) <= options["seconds"]:
        start = time.perf_counter()
        one.magnify(frames, FREQUENCY, FS, ALPHA)
        times.append(time.perf_counter() - start)
    peak = _memory()
    return {"ms": 1000 * statistics.median(times) / len(frames), "memory": peak, "beyond": peak - before}


def _memory(reset: bool = False) -> float:
    """Peak memory of this process since the last reset, in MB; NaN if the system has no /proc."""
    if not Path("/proc/self/status").exists():
        return float("nan")
    if reset:
        with contextlib.suppress(OSError):  # if the reset is refused, the peak is since the start of the process
            Path("/proc/self/clear_refs").write_text("5")
    match = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    return int(match.group(1)) / 1024 if match else float("nan")


if __name__ == "__main__":
    print(json.dumps(_main(json.loads(sys.argv[1]))))
