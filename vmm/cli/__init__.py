"""The command line: one verb for every method, verbs that measure, and verbs for files.

| module | contents |
| --- | --- |
| ``magnify`` | one verb for every method |
| ``options`` | options of these verbs, derived from the signatures and docstrings of the methods |
| ``demo``, ``suggest``, ``convert``, ``warmup`` | the verbs of the same names |
| ``measure``, ``spectrum``, ``compare``, ``modes``, ``sound``, ``pulse`` | the verbs of the same names |
| ``info``, ``slice`` | the verbs of the same names |
| ``report`` | the page of ``measure --report`` |
| ``messages`` | messages in one line, and text that does not change the terminal |
| ``inputs``, ``tables``, ``outputs`` | input, tables and output of the verbs that measure |
"""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

import vmm
from vmm.cli import (
    compare,
    convert,
    demo,
    info,
    magnify,
    measure,
    modes,
    pulse,
    slice,
    sound,
    spectrum,
    suggest,
    warmup,
)
from vmm.cli.messages import one_line_warnings, print_message, printable, printable_streams

_VERBS = (demo, info, suggest, magnify, slice, measure, spectrum, compare, modes, sound, pulse, convert, warmup)
"""Modules of the commands, in the order of the help."""

_EPILOG = (
    "Start with vmm demo. For a clip of your own, vmm suggest CLIP finds vibrations and prints the commands that "
    "magnify them. vmm COMMAND --help describes the options of a command."
)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return 0 on success, 2 if the input is invalid, 130 if interrupted, and 141 if nobody reads."""
    try:
        with printable_streams(), one_line_warnings():
            return _status(arguments)
    except BrokenPipeError:  # The program that reads the output has ended, such as head.
        return 141


def _status(arguments: list[str] | None) -> int:
    try:
        _run(arguments)
    except KeyboardInterrupt:
        print("vmm: interrupted; no incomplete file remains", file=sys.stderr)
        return 130
    except BrokenPipeError:
        raise
    except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
        print_message("error", _message(error))
        return 2
    return 0


def _run(arguments: list[str] | None) -> None:
    try:
        options = _parser().parse_args(arguments)
        options.run(options)
    finally:
        if sys.stdout is not None:  # An error of writing is raised here, and not at the end of the interpreter.
            sys.stdout.flush()


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the list of all options."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"vmm: error: {printable(message)}; see {self.prog} --help\n")


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="vmm", description="Magnify and measure motion in video that is too small to see.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"vmm {vmm.__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in _VERBS:
        module.add(verbs)
    return parser
