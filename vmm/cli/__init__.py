"""The command line: a verb for every method, verbs that measure, and some about files.

| module | verbs |
| --- | --- |
| ``magnify`` | one for every method |
| ``demo`` | ``demo`` |
| ``suggest`` | ``suggest`` |
| ``measure``, ``spectrum``, ``modes``, ``sound``, ``pulse`` | of the same name |
| ``report`` | the page of ``measure --report`` |
| ``sources``, ``regions``, ``liveliest``, ``outputs`` | what these read and write |
| ``files`` | ``info``, ``compare`` |
| ``convert`` | ``convert`` |
| ``warmup`` | ``warmup`` |
| ``carried`` | what ``--gpu`` reads |
"""

from __future__ import annotations

import argparse
import signal
import sys

import vmm
from vmm.cli import convert, demo, files, magnify, measure, modes, pulse, sound, spectrum, suggest, warmup


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 where it did its work, 2 where the input was bad, 130 where it was interrupted."""
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that drafts are removed
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("vmm: interrupted; nothing was written", file=sys.stderr)
        return 130
    except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
        print(f"vmm: error: {_sentence(error)}", file=sys.stderr)
        return 2
    return 0


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vmm", description="Make motions too small to see visible in a video.")
    parser.add_argument("--version", action="version", version=f"vmm {vmm.__version__}")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    for part in (magnify, demo, suggest, measure, spectrum, modes, sound, pulse, files, convert, warmup):
        part.add(verbs)
    return parser
