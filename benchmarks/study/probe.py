"""One entrant in a process of its own: time a frame and memory. ``python -m benchmarks.study.probe '{...}'``."""

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
SMALL = (64, 96)  # of the frames that are magnified first, so that kernels are compiled and networks open


def measured(**what: Any) -> dict[str, float]:
    """Time and memory of an entrant.

    Parameters
    ----------
    what
        ``name`` of the entrant, ``weights`` of a network that has none, ``height``, ``width``, ``frames``,
        ``threads``, and ``seconds`` that are spent at least, with three repeats at most.

    Returns
    -------
    dict
        ``ms`` a frame, the median; ``memory`` of the process at most and ``beyond`` what it held before, in MB.

    Raises
    ------
    RuntimeError
        Where the process fails, with the last line that it said.
    """
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.study.probe", json.dumps(what)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": str(what["threads"])},
    )
    if said.returncode:
        raise RuntimeError((said.stderr.strip().splitlines() or ["said nothing"])[-1])
    found: dict[str, float] = json.loads(said.stdout.splitlines()[-1])
    return found


def _main(what: dict[str, Any]) -> dict[str, float]:
    """In the process."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: what["threads"]])
    import vmm
    from benchmarks.cases import clip
    from benchmarks.study.entrants import entrants, learned
    from benchmarks.study.peers import peer
    from benchmarks.study.settings import QUICK

    vmm.set_threads(what["threads"])
    if what.get("weights"):
        one = learned(what["name"], what["weights"])
    else:
        one = entrants(QUICK).get(what["name"]) or peer(what["name"])
    frames = clip((what["height"], what["width"]), what["frames"])
    one.magnify(frames[:, : SMALL[0], : SMALL[1]], FREQUENCY, FS, ALPHA)
    before, spent = _memory(reset=True), []
    while len(spent) < 3 and sum(spent) <= what["seconds"]:
        start = time.perf_counter()
        one.magnify(frames, FREQUENCY, FS, ALPHA)
        spent.append(time.perf_counter() - start)
    most = _memory()
    return {"ms": 1000 * statistics.median(spent) / len(frames), "memory": most, "beyond": most - before}


def _memory(reset: bool = False) -> float:
    """Memory of this process at most since the last reset, in MB; NaN where the system does not say."""
    if not Path("/proc/self/status").exists():
        return float("nan")
    if reset:
        with contextlib.suppress(OSError):  # where it is refused, it is the most since the process began
            Path("/proc/self/clear_refs").write_text("5")
    found = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    return int(found.group(1)) / 1024 if found else float("nan")


if __name__ == "__main__":
    print(json.dumps(_main(json.loads(sys.argv[1]))))
