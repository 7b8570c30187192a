"""The command ``batch`` on the workers of dask.distributed, which may be on other machines."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from time import perf_counter
from typing import Any

from vmm.cli.batch_records import Job
from vmm.cli.processes import Command, Outcome

_RETRIES = 2
"""How often a job is begun again if the worker that runs it is lost."""


def run(address: str, jobs: Sequence[Job], folder: Path, resources: str | None) -> Iterator[tuple[Job, Outcome, float]]:
    """Run jobs on the workers of a scheduler, and yield each with its outcome and its wall time in seconds.

    Parameters
    ----------
    address
        Address of the scheduler.
    folder
        Folder of the outputs, which all workers must see.
    resources
        Resource that each job needs, as NAME=AMOUNT.
    """
    try:
        from dask.distributed import Client, as_completed
    except ImportError as error:
        raise ImportError(
            'a scheduler needs dask.distributed: install it with pip install "vmm-toolkit[dask]"'
        ) from error
    try:
        client = Client(address, timeout="10s")
    except OSError as error:
        raise ValueError(f"--scheduler {address}: no scheduler answers there") from error
    with client:
        check_folder(client, folder)
        needed = None if resources is None else _parsed(resources)
        futures = {
            client.submit(_work, job.words, str(Path.cwd()), pure=False, retries=_RETRIES, resources=needed): job
            for job in jobs
        }
        try:
            for future in as_completed(list(futures)):
                yield futures[future], *_result(future, address)
        finally:
            client.cancel([future for future in futures if not future.done()])


def _result(future: Any, address: str) -> tuple[Outcome, float]:
    """The outcome of a job and its wall time in seconds; raise if the scheduler is lost."""
    try:
        result: tuple[Outcome, float] = future.result()
    except CancelledError:
        raise ConnectionError(
            f"--scheduler {address}: the connection to the scheduler was lost; start it again and repeat the command, "
            "which skips the files that are done"
        ) from None
    except Exception as error:
        return Outcome(1, "", f"vmm: error: the worker was lost: {error}"), 0.0
    return result


def _work(words: Sequence[str], folder: str) -> tuple[Outcome, float]:
    """Run one command on a worker, with the threads of the worker; relative paths refer to the folder."""
    from dask.distributed import get_worker

    worker: Any = get_worker()
    start = perf_counter()
    return Command(words, threads=max(1, worker.state.nthreads), folder=folder).run(), perf_counter() - start


def check_folder(client: Any, folder: Path) -> None:
    """Raise unless all workers see the folder under its path."""
    if not client.scheduler_info()["workers"]:
        raise ValueError("the scheduler has no worker: start one with dask worker ADDRESS")
    probe = folder.absolute() / f".vmm-batch-{secrets.token_hex(8)}"
    probe.touch()
    try:
        blind = [
            worker for worker, sees in client.run(lambda path: Path(path).exists(), str(probe)).items() if not sees
        ]
    finally:
        probe.unlink()
    if blind:
        raise ValueError(
            f"the worker {blind[0]} does not see the folder {folder.absolute()}: mount it there under that path"
        )


def _parsed(resources: str) -> dict[str, float]:
    name, separator, amount = resources.partition("=")
    try:
        if name and separator and float(amount) > 0:
            return {name: float(amount)}
    except ValueError:
        pass
    raise ValueError(f"--resources {resources} must be NAME=AMOUNT with a positive amount, for example GPU=1")
