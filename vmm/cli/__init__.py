"""The command line: one verb for every method, verbs that measure, and verbs for files.

| module | contents |
| --- | --- |
| ``magnify`` | one verb for every method |
| ``options`` | options of these verbs, derived from the signatures and docstrings of the methods |
| ``preview``, ``sweep`` | a short part of a magnified clip, and a picture of several settings |
| ``auto``, ``demo``, ``suggest``, ``convert``, ``warmup``, ``presets``, ``doctor`` | the verbs of the same names |
| ``completion``, ``usage`` | completion in a shell, and the examples in help texts |
| ``measure``, ``spectrum``, ``compare``, ``modes``, ``sound``, ``pulse`` | the verbs of the same names |
| ``info``, ``slice`` | the verbs of the same names |
| ``live`` | a camera, magnified while it runs |
| ``batch``, ``batch_records``, ``batch_scheduler`` | one command for many files, its tables, and its other machines |
| ``processes`` | commands in processes of their own |
| ``report`` | the page of ``measure --report`` |
| ``messages`` | messages in one line, and text that does not change the terminal |
| ``inputs``, ``tables``, ``outputs`` | input, tables and output of the verbs that measure |
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from vmm.cli import (
    auto,
    batch,
    compare,
    completion,
    convert,
    demo,
    doctor,
    info,
    live,
    magnify,
    measure,
    modes,
    presets,
    pulse,
    slice,
    sound,
    spectrum,
    suggest,
    warmup,
)
from vmm.cli.messages import one_line_messages, print_message, printable, printable_streams
from vmm.cli.usage import add_examples
from vmm.io.exits import wait_for_end

_VERBS = (
    demo,
    info,
    auto,
    suggest,
    magnify,
    live,
    slice,
    measure,
    spectrum,
    compare,
    modes,
    sound,
    pulse,
    batch,
    presets,
    convert,
    warmup,
    doctor,
    completion,
)
"""Modules of the commands, in the order of the help."""

_FORESEEN = (ValueError, TypeError, OSError, ImportError, MemoryError)
"""Errors whose message is a sentence for the user."""

_ISSUES = "https://github.com/vmm-toolkit/vmm/issues"

_MAX_TEXT = 200
"""Characters of the message of an unforeseen error that are printed."""

_MAX_WORD = 300
"""Characters of a word, such as a path, that are printed. The name of a file has at most 255."""

_EPILOG = (
    "Start with vmm demo. For a clip of your own, vmm auto CLIP finds its motions and magnifies them, and vmm suggest "
    "CLIP prints commands. vmm COMMAND --help describes the options of a command."
)


def main(arguments: list[str] | None = None, others: Sequence[Any] = ()) -> int:
    """Run a command; return its exit status. `others` are modules of further commands, from packages above this one.

    It is 0 on success, 2 if the input is invalid, 130 if the user interrupts it, 141 if nobody reads the output, and 1
    after an error that nobody has foreseen, for which one sentence asks for a report. With VMM_DEBUG=1, every error
    shows its traceback.
    """
    try:
        with printable_streams(), one_line_messages():
            return _status(arguments, others)
    except BrokenPipeError:  # The program that reads the output has ended, such as head.
        return 141


def _status(arguments: list[str] | None, others: Sequence[Any]) -> int:
    try:
        return _run(arguments, others)
    except KeyboardInterrupt:
        print("vmm: interrupted; no incomplete file remains", file=sys.stderr)
        return 130
    except BrokenPipeError:
        raise
    except Exception as error:
        wait_for_end()
        if os.environ.get("VMM_DEBUG"):
            traceback.print_exc()
        print_message("error", message_of(error))
        return 2 if is_foreseen(error) else 1


def _run(arguments: list[str] | None, others: Sequence[Any]) -> int:
    """Run a command; return the exit status that its function gives, or 0."""
    try:
        options = _parser(others).parse_args(arguments)
        return int(options.run(options) or 0)
    finally:
        if sys.stdout is not None:  # An error of writing is raised here, and not at the end of the interpreter.
            sys.stdout.flush()


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the list of all options."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"vmm: error: {_shortened(printable(message))}; see {self.prog} --help\n")


def message_of(error: Exception) -> str:
    """The sentence of an error for the user; for an error that nobody has foreseen, it asks for a report."""
    if not is_foreseen(error):
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:_MAX_TEXT]}"
        return (
            f"this failed by a fault of vmm or of a package that it uses ({reason}); please report what you did at "
            f"{_ISSUES}; VMM_DEBUG=1 shows where it happened"
        )
    if isinstance(error, OSError) and error.strerror:
        return _shortened(f"{os.fsdecode(error.filename)}: {error.strerror}" if error.filename else error.strerror)
    return _shortened(str(error) or type(error).__name__)


def is_foreseen(error: Exception) -> bool:
    """Whether the message of an error is a sentence for the user."""
    return isinstance(error, _FORESEEN)


def _shortened(message: str) -> str:
    """A message, without the middle of words that are longer than any name of a file."""
    half = _MAX_WORD // 2
    return re.sub(rf"(\S{{{half}}})\S{{{half},}}?(\S{{{half}}})(?!\S)", r"\1...\2", message)


def _parser(others: Sequence[Any] = ()) -> argparse.ArgumentParser:
    """The parser of all commands."""
    root = _Parser(
        prog="vmm", description="Magnify and measure motion in video that is too small to see.", epilog=_EPILOG
    )
    root.add_argument("--version", action="version", version=doctor.versions())
    verbs = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (*_VERBS, *others):
        module.add(verbs)
    add_examples(verbs.choices)
    return root
