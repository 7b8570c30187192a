"""Run random trials, print each that fails as one line that repeats it, and a table of the classes of outcomes."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from ._verdicts import CLASSES, FAULTS, KINDS, Verdict
from ._worker import Limits, Worker


def main(arguments: list[str] | None = None) -> int:
    """Run trials; return 1 if any has a fault, else 0."""
    options = _parser().parse_args(arguments)
    seeds = [options.only] if options.only is not None else range(options.seed, options.seed + options.n)
    limits = Limits(options.cpu, options.wall, options.memory)
    verdicts = []
    for seed, verdict in _verdicts(options.kind, seeds, limits, options.jobs):
        verdicts.append(verdict)
        if verdict.outcome in FAULTS or options.only is not None or options.verbose:
            print(_line(options.kind, seed, verdict), flush=True)
    print(_table(options.kind, verdicts))
    return int(any(verdict.outcome in FAULTS for verdict in verdicts))


def _verdicts(kind: str, seeds: Iterable[int], limits: Limits, jobs: int) -> Iterable[tuple[int, Verdict]]:
    """Seeds and verdicts, in the order of the seeds."""
    workers: SimpleQueue[Worker] = SimpleQueue()
    started = [Worker(kind, limits) for _ in range(jobs)]
    for worker in started:
        workers.put(worker)

    def run(seed: int) -> tuple[int, Verdict]:
        worker = workers.get()
        try:
            return seed, worker.run(seed)
        finally:
            workers.put(worker)

    try:
        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(run, seeds)
    finally:
        for worker in started:
            worker.close()


def _line(kind: str, seed: int, verdict: Verdict) -> str:
    """The command that repeats a trial, and its outcome."""
    outcome = f"{verdict.outcome}: {verdict.description}: {verdict.detail}"
    return f"python -m tests.fuzz {kind} --only {seed}  # " + " ".join(outcome.split())


def _table(kind: str, verdicts: list[Verdict]) -> str:
    counts = Counter(verdict.outcome for verdict in verdicts)
    largest = max((verdict.memory for verdict in verdicts), default=0)
    longest = max((verdict.seconds for verdict in verdicts), default=0)
    heads = [kind, *CLASSES, "largest memory", "longest CPU time"]
    cells = [len(verdicts), *(counts[name] for name in CLASSES), f"{largest:.0f} MB", f"{longest:.1f} s"]
    rows = heads, ["---"] * len(heads), cells
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--n", type=int, default=100, help="number of trials [100]")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first trial; the next ones follow [0]")
    parser.add_argument("--only", type=int, help="run the trial of this seed alone")
    parser.add_argument("--jobs", type=int, default=1, help="number of worker processes [1]")
    parser.add_argument("--cpu", type=float, default=Limits.cpu, help="limit in s of CPU time of a trial [10]")
    parser.add_argument("--wall", type=float, default=Limits.wall, help="limit in s of wall time of a trial [90]")
    parser.add_argument("--memory", type=float, default=Limits.memory, help="limit in MB of further memory [1024]")
    parser.add_argument("--verbose", action="store_true", help="print all trials")
    return parser


if __name__ == "__main__":
    sys.exit(main())
