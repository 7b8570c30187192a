"""A trial, and the class of its outcome."""

from __future__ import annotations

import contextlib
import importlib
import io
import linecache
import os
import re
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

KINDS = ("arrays", "options", "files", "weights", "requests")
"""Kinds of trials; the trials of a kind are made by the module of its name, with an underscore before it."""

CLASSES = ("right", "sentence", "raw", "exception", "nonsense", "hang or memory", "crash", "leftovers")
"""Classes of outcomes:

``right``
    The call succeeds, and its result passes the judgment of the trial.
``sentence``
    It is refused with a ValueError, a TypeError or an OSError in one clear sentence, which the package wrote.
``raw``
    It is refused with a sentence of Python, NumPy or another library, or with one that names no argument.
``exception``
    Another exception, or a traceback of a command.
``nonsense``
    It succeeds, but the result is not right.
``hang or memory``
    It takes more time or memory than the limit.
``crash``
    The process dies.
``leftovers``
    A file, a folder or a child process is left that the call should not leave.
"""

FAULTS = CLASSES[2:]
"""Classes that must not occur."""

MAX_SENTENCE = 600
"""Largest number of characters of a clear sentence."""


@dataclass(frozen=True)
class Finished:
    """Status of a command that ended, its text on both outputs, and that on the standard error."""

    status: int
    text: str
    errors: str = ""


def is_finite(result: Any) -> str | None:
    """The judgment that an array, or each chunk of an iterator, holds finite numbers."""
    for chunk in result if isinstance(result, list | tuple) else [result]:
        is_number = isinstance(chunk, np.ndarray | np.floating | float)
        if is_number and np.asarray(chunk).dtype.kind in "fc" and not np.isfinite(chunk).all():
            return "the result is not finite"
    return None


@dataclass(frozen=True)
class Trial:
    """One call or command.

    Attributes
    ----------
    description
        The call in one line, for people.
    action
        A function without arguments; or arguments of the command ``vmm``, which runs in the folder of the trial.
    judge
        ``judge(result)`` returns None if the result of a successful call is right, and else says what is wrong with
        it. The result of a command is ``Finished``.
    names
        Words, such as names of arguments, one of which a refusal must contain; no words if any sentence will do.
    outputs
        Names of new files below the folder that a successful call may leave.
    raises
        Exception that the trial plants itself, in an iterator for example, and that must reach the caller.
    """

    description: str
    action: Callable[[], Any] | list[str]
    judge: Callable[[Any], str | None] = is_finite
    names: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    raises: type[Exception] | None = None


@dataclass(frozen=True)
class Verdict:
    """Class of an outcome, with a detail, the CPU time in s and the largest resident memory in MB."""

    outcome: str
    detail: str = ""
    seconds: float = 0.0
    memory: float = 0.0
    description: str = ""


def make(kind: str, seed: int, folder: Path) -> Trial:
    """The trial of a kind and a seed; `folder` is empty, and the trial may write its input into it."""
    generator = importlib.import_module(f"{__package__}._{kind}")
    trial: Trial = generator.trial(np.random.default_rng([KINDS.index(kind), seed]), folder)
    return trial


def attempt(kind: str, seed: int, folder: Path) -> Verdict:
    """Make a trial in a new folder, run it and judge it."""
    work, temporary = folder / "work", folder / "tmp"
    for each in (work, temporary):
        each.mkdir(parents=True)
    trial = make(kind, seed, work)
    before = _listed(folder)
    with _inside(work, temporary):
        outcome, detail = _judged(trial)
    new = sorted(_listed(folder) - before)
    expected = trial.outputs if outcome in ("right", "nonsense") else ()
    leftovers = [
        name for name in new if not any(name == f"work/{o}" or name.startswith(f"work/{o}/") for o in expected)
    ]
    if leftovers and outcome not in ("exception", "nonsense"):
        outcome, detail = "leftovers", f"{', '.join(leftovers[:5])} after: {outcome} {detail}"
    return Verdict(outcome, detail, description=trial.description)


def _listed(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@contextlib.contextmanager
def _inside(work: Path, temporary: Path) -> Iterator[None]:
    """Run in the folder of the trial, with temporary files in another one."""
    start = os.getcwd()
    os.chdir(work)
    try:
        with (
            mock.patch.dict(os.environ, {"TMPDIR": str(temporary)}),
            mock.patch.object(tempfile, "tempdir", str(temporary)),
        ):
            yield
    finally:
        os.chdir(start)


def _judged(trial: Trial) -> tuple[str, str]:
    """Class and detail of the outcome of a trial."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = _command(trial.action) if isinstance(trial.action, list) else trial.action()
        except Exception as error:
            return _refusal(error, trial)
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], Finished):
        finished, reported = result
        if finished.status != 0:
            return _failed_command(finished, reported, trial)
        result = finished
        if re.search(r"Traceback|Exception ignored|Error:", finished.text):
            return "exception", finished.text.strip()[-500:]
    try:
        complaint = trial.judge(result)
    except Exception as error:
        complaint = f"the result cannot be judged: {type(error).__name__}: {error}"
    if complaint is not None:
        return "nonsense", complaint
    for warning in caught:
        if issubclass(warning.category, DeprecationWarning) or "ComplexWarning" in str(warning.category):
            return "raw", f"{warning.category.__name__}: {warning.message} ({warning.filename}:{warning.lineno})"
    return "right", ""


def _command(arguments: list[str]) -> tuple[Finished, BaseException | None]:
    """Run a command in this process; its status and text, and the exception that it reported."""
    import vmm.cli

    reported: list[BaseException] = []
    message = vmm.cli.message_of

    def recorded(error: Exception) -> str:
        reported.append(error)
        return message(error)

    text, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(errors):
        try:
            with mock.patch.object(vmm.cli, "message_of", recorded):
                status = vmm.cli.main(arguments)
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
    both = text.getvalue() + errors.getvalue()
    return Finished(status, both, errors.getvalue()), reported[0] if reported else None


def _failed_command(finished: Finished, error: BaseException | None, trial: Trial) -> tuple[str, str]:
    """Class and detail of a command whose status is not 0."""
    lines = [line for line in finished.errors.splitlines() if line.strip()]
    if finished.status != 2 or "Traceback" in finished.text:
        return "exception", f"status {finished.status}: {finished.text.strip()[-500:]}"
    if isinstance(error, Exception):
        outcome, detail = _refusal(error, trial)
        if outcome != "sentence":
            return outcome, detail
    errors = [line for line in lines if line.startswith("vmm: error: ")]
    rest = [line for line in lines if not line.startswith(("vmm: error: ", "vmm: warning: ", "vmm: note: "))]
    if len(errors) != 1 or rest or len(errors[0]) > MAX_SENTENCE:
        return "raw", f"not one short line: {finished.text.strip()[-500:]}"
    if not _names_one(errors[0], trial.names):
        return "raw", f"names none of {trial.names}: {errors[0]}"
    return "sentence", errors[0]


def _refusal(error: Exception, trial: Trial) -> tuple[str, str]:
    """Class and detail of an exception."""
    text = f"{type(error).__name__}: {error}"
    if trial.raises is not None and isinstance(error, trial.raises):
        return "right", ""
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f" ({where.filename}:{where.lineno})"
    if isinstance(error, MemoryError):
        return "hang or memory", text + place
    if not isinstance(error, ValueError | TypeError | OSError | ImportError) or isinstance(error, UnicodeError):
        return "exception", text + place
    named_file = isinstance(error, OSError) and error.filename is not None
    is_command = isinstance(trial.action, list)  # It prints the text in one line.
    is_long = not is_command and (len(str(error)) > MAX_SENTENCE or "\n" in str(error))
    if not (named_file or _is_deliberate(where)) or is_long:
        return "raw", text + place
    if not _names_one(str(error), trial.names):
        return "raw", f"names none of {trial.names}: {text}{place}"
    return "sentence", str(error)


def _is_deliberate(where: traceback.FrameSummary) -> bool:
    """Whether an exception comes from a ``raise`` of the package."""
    line = linecache.getline(where.filename, where.lineno or 0).strip()
    return f"{os.sep}vmm{os.sep}" in where.filename and line.startswith("raise")


def _names_one(text: str, names: tuple[str, ...]) -> bool:
    """Whether a text contains one of the names as a word, or no name is asked for."""
    return not names or any(re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", text) for name in names)
