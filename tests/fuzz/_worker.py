"""Trials in processes of their own, with limits on time and memory.

A worker reads lines "seed limit" from standard input and answers each with one line of JSON. It is started again after
a trial that ends it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ._verdicts import Verdict, attempt

PATIENCE = 8
"""Factor of the limits at the second try of a trial that exceeded them, in which compilation may take place."""

SILENCE = 30.0
"""Seconds without a byte after which ffmpeg is stopped, so that a trial ends before its limit on wall time."""

GRACE = 5.0
"""Seconds that a trial may take beyond its CPU time for the end of the process."""


@dataclass(frozen=True)
class Limits:
    """Limits of one trial: CPU time and wall time in s, memory beyond that of the idle process in MB."""

    cpu: float = 10.0
    wall: float = 90.0
    memory: float = 1024.0


class Worker:
    """A process that runs trials of one kind, one after another.

    Parameters
    ----------
    kind
        Kind of the trials.
    limits
        Limits of each trial.
    """

    def __init__(self, kind: str, limits: Limits) -> None:
        self._kind, self._limits = kind, limits
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="vmm-fuzz-"))
        self._count = 0

    def run(self, seed: int) -> Verdict:
        """Run a trial. If it exceeds a limit, it is repeated, first with wider limits and then with these."""
        verdict = self._once(seed, self._limits)
        if verdict.outcome != "hang or memory" or not verdict.detail.startswith("limit"):
            return verdict
        wide = replace(self._limits, cpu=self._limits.cpu * PATIENCE, wall=self._limits.wall * 2)
        longer = self._once(seed, wide)
        return longer if longer.outcome == "hang or memory" else self._once(seed, self._limits)

    def close(self) -> None:
        """End the process and delete its folder."""
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _once(self, seed: int, limits: Limits) -> Verdict:
        self._count += 1
        folder = self._folder / str(self._count)
        process = self._started()
        assert process.stdin is not None
        process.stdin.write(f"{seed} {folder} {limits.cpu} {limits.memory}\n".encode())
        process.stdin.flush()
        answer = self._answer(process, limits.wall)
        shutil.rmtree(folder, ignore_errors=True)
        if answer:
            return Verdict(**json.loads(answer))
        return self._ended(process, limits)

    def _ended(self, process: subprocess.Popen[bytes], limits: Limits) -> Verdict:
        """The verdict on a trial that gave no answer."""
        if process.poll() is None and not _is_ending(process):
            self._stop()
            return Verdict("hang or memory", f"limit of {limits.wall:g} s of wall time", seconds=limits.wall)
        code = process.wait()
        self._stop()
        if code == -signal.SIGXCPU:
            return Verdict("hang or memory", f"limit of {limits.cpu:g} s of CPU time", seconds=limits.cpu)
        name = signal.Signals(-code).name if code < 0 else f"status {code}"
        return Verdict("crash", name)

    def _started(self) -> subprocess.Popen[bytes]:
        """The process, which is started if it does not run."""
        if self._process is None or self._process.poll() is not None:
            # The folder above this package finds it, and its parents find the library.
            root = Path(__file__).parents[len(__package__.split("."))]
            paths = os.pathsep.join(map(str, [root, *root.parents[:1], os.environ.get("PYTHONPATH", "")]))
            threads = dict.fromkeys(("NUMBA_NUM_THREADS", "VMM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}._worker", self._kind],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **threads, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": paths},
                start_new_session=True,
            )
        return self._process

    def _answer(self, process: subprocess.Popen[bytes], wall: float) -> bytes:
        """The next line of the process; nothing if it ends, or if the time is over."""
        with selectors.DefaultSelector() as selector:
            assert process.stdout is not None
            selector.register(process.stdout, selectors.EVENT_READ)
            return process.stdout.readline() if selector.select(wall + GRACE) else b""

    def _stop(self) -> None:
        """End the process and its children."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
        self._process = None


def _is_ending(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process that closed its output ends within a short time."""
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        return False
    return True


def serve(kind: str) -> None:
    """Answer the lines of standard input; what trials print goes to a file that nobody reads."""
    answers = os.fdopen(os.dup(1), "w")
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    if not os.environ.get("VMM_FUZZ_VERBOSE"):
        os.dup2(sink, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import vmm.cli  # its import does not count for the first trial
    import vmm.io.process

    vmm.io.process.SILENCE = SILENCE

    for line in sys.stdin:
        seed, folder, cpu, memory = line.split()
        verdict = _limited(kind, int(seed), Path(folder), float(cpu), float(memory))
        answers.write(json.dumps(asdict(verdict)) + "\n")
        answers.flush()


def _limited(kind: str, seed: int, folder: Path, cpu: float, memory: float) -> Verdict:
    """The verdict on a trial that runs under limits on CPU time and address space."""
    start = time.process_time()
    _set_limit(resource.RLIMIT_CPU, int(start + cpu) + 1)
    _set_limit(resource.RLIMIT_AS, int(_status("VmSize") + memory * 2**20))
    Path("/proc/self/clear_refs").write_text("5")  # resets the largest resident memory
    verdict = attempt(kind, seed, folder)
    children = _children()
    if children and verdict.outcome in ("right", "sentence"):
        verdict = replace(verdict, outcome="leftovers", detail=f"child processes {children}")
    _set_limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    memory = max(_status("VmHWM"), of_children) / 2**20
    return replace(verdict, seconds=time.process_time() - start, memory=memory)


def _set_limit(which: int, value: int) -> None:
    resource.setrlimit(which, (value, resource.getrlimit(which)[1]))


def _status(key: str) -> float:
    """A size of this process in bytes, as the kernel states it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return 0.0


def _children() -> list[int]:
    """Child processes that still run, after the deletion of objects that nobody refers to."""
    gc.collect()
    gc.freeze()  # What is left lives on: the next collection need not visit it again.
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


if __name__ == "__main__":
    serve(sys.argv[1])
