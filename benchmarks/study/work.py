"""Jobs done one by one in this process, or side by side in several of one core each."""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import vmm
from benchmarks.study.experiments import experiments
from benchmarks.study.parts import Experiment, Job, Setting, Values


class Done(NamedTuple):
    """The experiment, the job, what it gave, and the seconds of the processor that it took."""

    experiment: str
    job: Job
    values: Values
    seconds: float


def listed(name: str, experiment: Experiment, setting: Setting, out: Path) -> list[Job]:
    """The jobs of an experiment; where they cannot be listed, one that says why."""
    try:
        return list(experiment.jobs(setting, out))
    except Exception as error:
        raised = error

        def fail() -> Values:
            raise raised

        return [Job((name,), fail)]


def done(work: Sequence[tuple[str, Job]], setting: Setting, out: Path, processes: int = 1) -> Iterator[Done]:
    """What jobs give, as they end: those that bear company in so many processes, then the others in this one."""
    shared = [one for one in work if processes > 1 and not one[1].alone]
    if shared:
        yield from _side_by_side(shared, setting, out, processes)
    for name, job in work:
        if processes == 1 or job.alone:
            yield Done(name, job, *_timed(job))


def _side_by_side(work: Sequence[tuple[str, Job]], setting: Setting, out: Path, processes: int) -> Iterator[Done]:
    """The same by processes, each of which lists the jobs anew: a job itself does not travel."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # of the processes that follow, whose NumPy reads it
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), partial(vmm.set_threads, 1))
    try:
        runs = {pool.submit(_run, name, job.key, setting, out): (name, job) for name, job in work}
        for run in as_completed(runs):
            lost = run.exception()  # of a process that was killed
            yield Done(*runs[run], *((_failure(lost), 0.0) if lost else run.result()))
    finally:
        pool.shutdown(cancel_futures=True)


def _run(name: str, key: tuple[str, ...], setting: Setting, out: Path) -> tuple[Values, float]:
    return _timed(_jobs(name, setting, out)[key])


@cache
def _jobs(name: str, setting: Setting, out: Path) -> dict[tuple[str, ...], Job]:
    return {job.key: job for job in listed(name, experiments((name,))[name], setting, out)}


def _timed(job: Job) -> tuple[Values, float]:
    """What a job gives, and its seconds; whatever goes wrong in it is its result."""
    start = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = job.run()
    except Exception as error:
        values = _failure(error)
    return values, time.process_time() - start


def _failure(error: BaseException) -> Values:
    return {"error": f"{type(error).__name__}: {error}"}
