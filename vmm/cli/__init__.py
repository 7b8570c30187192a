"""The command line: one verb for every method, verbs that measure, and verbs for files.

| module | contents |
| --- | --- |
| ``magnify`` | one verb for every method |
| ``options`` | options of these verbs, derived from the signatures and docstrings of the methods |
| ``demo``, ``suggest``, ``convert``, ``warmup`` | the verbs of the same names |
| ``measure``, ``spectrum``, ``compare``, ``modes``, ``sound``, ``pulse`` | the verbs of the same names |
| ``info``, ``slice`` | the verbs of the same names |
| ``report`` | the page of ``measure --report`` |
| ``messages`` | warnings in the form of messages |
| ``inputs``, ``tables``, ``outputs`` | input, tables and output of the verbs that measure |
"""

from __future__ import annotations

import argparse
import signal
import sys
from typing import NoReturn

import vmm
from vmm.cli import (
    auto,
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
from vmm.cli.messages import one_line_warnings

_VERBS = (demo, info, auto, suggest, magnify, slice, measure, spectrum, compare, modes, sound, pulse, convert, warmup)
"""Modules of the commands, in the order of the help."""

_EPILOG = (
    "Start with vmm demo. For a clip of your own, vmm suggest CLIP finds vibrations and prints the commands that "
    "magnify them. vmm COMMAND --help describes the options of a command."
)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return 0 on success, 2 if the input is invalid, and 130 if the user interrupts it."""
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # The exception lets temporary files be deleted.
    options = parser().parse_args(arguments)
    try:
        with one_line_warnings():
            options.run(options)
    except KeyboardInterrupt:
        print("vmm: interrupted; nothing was written", file=sys.stderr)
        return 130
    except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
        print(f"vmm: error: {_message(error)}", file=sys.stderr)
        return 2
    return 0


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the list of all options."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"vmm: error: {message}; see {self.prog} --help\n")


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    root = _Parser(
        prog="vmm", description="Magnify and measure motion in video that is too small to see.", epilog=_EPILOG
    )
    root.add_argument("--version", action="version", version=f"vmm {vmm.__version__}")
    verbs = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in _VERBS:
        module.add(verbs)
    return root
