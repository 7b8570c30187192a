"""Work in the background, one job after another: command lines as processes of their own, and functions."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from time import monotonic
from typing import Any

from vmm.cli import message_of
from vmm.cli.processes import Command

_GRACE = 10.0
"""Seconds to wait for the worker when the app ends."""

_MAX_ENDED = 50
"""Ended jobs that are listed."""

_numbers = count(1)


class Canceled(Exception):
    """Raised inside a job that was canceled."""


class Job:
    """A piece of work with a state: waiting, running, done, failed or canceled.

    Parameters
    ----------
    title
        Name for people.
    kind
        Name for the page, which says what to do with the result.
    """

    def __init__(self, title: str, kind: str) -> None:
        self.id: int = next(_numbers)
        self.title: str = title
        self.kind: str = kind
        self.state: str = "waiting"
        self.message: str = ""
        self.done: int = 0
        self.total: int = 0
        self.result: Any = None
        self._is_canceled = threading.Event()
        self._start = 0.0
        self._seconds = 0.0
        self._first_progress: tuple[float, int] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "canceled")

    def run(self) -> None:
        """Do the work; its errors become the message of the job."""
        self._start = monotonic()
        if not self._is_canceled.is_set():
            self.state = "running"
        try:
            self.check()
            self.result = self._work()
            self.state = "canceled" if self._is_canceled.is_set() else "done"
        except Canceled:
            self.state = "canceled"
        except Exception as error:
            self.message = message_of(error)
            self.state = "canceled" if self._is_canceled.is_set() else "failed"
        self._seconds = monotonic() - self._start

    def _work(self) -> Any:
        raise NotImplementedError

    def cancel(self) -> None:
        """Ask the job to end; one that waits ends at once."""
        self._is_canceled.set()
        if self.state == "waiting":
            self.state = "canceled"

    def check(self) -> None:
        """Raise Canceled if the job was canceled."""
        if self._is_canceled.is_set():
            raise Canceled

    def advance(self, frames: int) -> None:
        """Count frames that were processed; raise Canceled if the job was canceled."""
        self.done += frames
        self.check()

    def show(self, done: int, total: int) -> None:
        """Set the frames that are done, and those in all."""
        self.done, self.total = done, total

    def described(self) -> dict[str, Any]:
        """The state of the job for the page."""
        seconds = monotonic() - self._start if self.state == "running" else self._seconds
        entries = {name: getattr(self, name) for name in ("id", "title", "kind", "state", "message", "done", "total")}
        return {
            **entries,
            "seconds": round(seconds, 1),
            "remaining": self._remaining(),
            "result": self.result,
        }

    def _remaining(self) -> int | None:
        """Seconds that remain if the frames after the first ones take as long as those so far, or None."""
        if self.state != "running" or not 0 < self.done < self.total:
            self._first_progress = None
            return None
        if self._first_progress is None or self._first_progress[1] > self.done:
            self._first_progress = monotonic(), self.done
        moment, frames = self._first_progress
        if self.done == frames:
            return None
        return round((monotonic() - moment) / (self.done - frames) * (self.total - self.done))


class FunctionJob(Job):
    """A job that calls a function of the job itself, which reports progress by ``advance``."""

    def __init__(self, title: str, kind: str, function: Callable[[Job], Any]) -> None:
        super().__init__(title, kind)
        self._function = function

    def _work(self) -> Any:
        return self._function(self)


class CommandJob(Job):
    """A job that runs command lines of ``vmm`` in processes of their own, and then a function.

    Parameters
    ----------
    title, kind
        As for ``Job``.
    commands
        Words of each command after ``vmm``; the commands run one after another.
    finish
        Function of the job that makes the result, when the commands have ended well.
    statuses
        Exit statuses after which there is a result.
    """

    def __init__(
        self,
        title: str,
        kind: str,
        commands: Sequence[Sequence[str]],
        finish: Callable[[Job], Any],
        statuses: Sequence[int] = (0,),
    ) -> None:
        super().__init__(title, kind)
        self._finish, self._statuses = finish, statuses
        self._commands = [Command(words, progress=self.show) for words in commands]

    def _work(self) -> Any:
        for command in self._commands:
            outcome = command.run()
            self.check()
            if outcome.status not in self._statuses:
                raise ValueError(outcome.error())
        return self._finish(self)

    def cancel(self) -> None:
        """Ask the commands to end, which deletes their incomplete files; kill the one that does not."""
        super().cancel()
        for command in self._commands:
            command.stop()


class Queue:
    """Jobs that a worker thread runs one after another."""

    def __init__(self) -> None:
        self.jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._worker = threading.Thread(target=self._run, name="vmm-app-jobs", daemon=True)
        self._worker.start()

    def submit(self, job: Job) -> Job:
        """Add a job; forget old ones that have ended."""
        with self._changed:
            self.jobs.append(job)
            ended = [old for old in self.jobs if old.has_ended]
            for old in ended[:-_MAX_ENDED]:
                self.jobs.remove(old)
            self._changed.notify()
        return job

    def find(self, number: int) -> Job | None:
        """The job with a number."""
        return next((job for job in list(self.jobs) if job.id == number), None)

    def cancel_all(self) -> None:
        """Cancel all jobs that have not ended."""
        for job in list(self.jobs):
            if not job.has_ended:
                job.cancel()

    def close(self) -> None:
        """Cancel all jobs and end the worker."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self.cancel_all()
        self._worker.join(_GRACE)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._is_closed and (job := self._next()) is None:
                    self._changed.wait()
                if self._is_closed:
                    return
            assert job is not None
            job.run()

    def _next(self) -> Job | None:
        return next((job for job in self.jobs if job.state == "waiting"), None)
