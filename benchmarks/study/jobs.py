"""Execution of jobs, in this process or in several processes with one core each."""

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
from benchmarks.study.types import Experiment, Job, Setting, Values


class Result(NamedTuple):
    """The experiment, the job, its values, and its processor time in seconds."""

    experiment: str
    job: Job
    values: Values
    seconds: float


def list_jobs(name: str, experiment: Experiment, setting: Setting, out: Path) -> list[Job]:
    """Jobs of an experiment; if listing them fails, a single job that raises the error."""
    try:
        return list(experiment.jobs(setting, out))
    except Exception as error:
        raised = error

        def fail() -> Values:
            raise raised

        return [Job((name,), fail)]


def run_jobs(work: Sequence[tuple[str, Job]], setting: Setting, out: Path, processes: int = 1) -> Iterator[Result]:
    """Run jobs and yield their results: first the parallel jobs, then those that must run alone, in this process."""
    shared = [one for one in work if processes > 1 and not one[1].alone]
    if shared:
        yield from _in_processes(shared, setting, out, processes)
    for name, job in work:
        if processes == 1 or job.alone:
            yield Result(name, job, *_timed(job))


def _in_processes(work: Sequence[tuple[str, Job]], setting: Setting, out: Path, processes: int) -> Iterator[Result]:
    """Run jobs in processes. Each process lists the jobs itself, because jobs cannot be pickled."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the new processes inherit it, and NumPy reads it
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), partial(vmm.set_threads, 1))
    try:
        runs = {pool.submit(_run, name, job.key, setting, out): (name, job) for name, job in work}
        for run in as_completed(runs):
            error = run.exception()  # set if the process was killed
            yield Result(*runs[run], *((_failure(error), 0.0) if error else run.result()))
    finally:
        pool.shutdown(cancel_futures=True)


def _run(name: str, key: tuple[str, ...], setting: Setting, out: Path) -> tuple[Values, float]:
    return _timed(_jobs(name, setting, out)[key])


@cache
def _jobs(name: str, setting: Setting, out: Path) -> dict[tuple[str, ...], Job]:
    return {job.key: job for job in list_jobs(name, experiments((name,))[name], setting, out)}


def _timed(job: Job) -> tuple[Values, float]:
    """Values of a job and its processor time in seconds; an exception becomes the result of the job."""
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
