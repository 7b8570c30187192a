"""Messages of the program: warnings in one line, and text without characters that change the terminal."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

_CONTROL = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters, characters that change the direction of text, and bytes of file names that are not UTF-8."""

_IN_LINE = re.compile(f"[{_CONTROL}]")
_IN_TEXT = re.compile(rf"(?![\n\t])[{_CONTROL}]")


def printable(text: object) -> str:
    r"""A text in one line, with escapes in place of characters that would change the terminal.

    Examples
    --------
    >>> from vmm.cli.messages import printable
    >>> print(printable("two\nlines, \x1b[31mred"))
    two\nlines, \x1b[31mred
    """
    return _IN_LINE.sub(_escape, str(text))


def print_message(kind: str, text: object) -> None:
    """Print a message of the program in one line to standard error."""
    _print_line(f"vmm: {kind}: {printable(text)}")


def _print_line(line: str) -> None:
    """Print a line to standard error, above the progress bar if there is one."""
    bar = getattr(sys.modules.get("tqdm"), "tqdm", None)
    if bar is None:
        print(line, file=sys.stderr)
    else:
        bar.write(line, file=sys.stderr)


@contextmanager
def printable_streams() -> Iterator[None]:
    """Escape characters that would change the terminal, wherever they are printed."""
    streams = (stream and _Printable(stream) for stream in (sys.stdout, sys.stderr))  # A closed stream is None.
    with redirect_stdout(next(streams)), redirect_stderr(next(streams)):
        yield


@contextmanager
def one_line_messages() -> Iterator[None]:
    """Print each warning of the library once and in one line, and what it logs, to standard error.

    What other packages log is not printed: the errors that follow from it are.
    """
    messages: set[str] = set()
    handlers = {"vmm": _LineHandler(), "": logging.NullHandler()}  # The empty name is that of all other packages.

    def print_warning(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in messages:
            messages.add(str(message))
            print_message("warning", message)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = print_warning
        for name, handler in handlers.items():
            logging.getLogger(name).addHandler(handler)
        try:
            yield
        finally:
            for name, handler in handlers.items():
                logging.getLogger(name).removeHandler(handler)


class _LineHandler(logging.Handler):
    """Prints what the library logs, which begins with the name of the program."""

    def emit(self, record: logging.LogRecord) -> None:
        _print_line(printable(record.getMessage()))


class _Printable:
    """A stream that escapes the characters of file names that would change the terminal."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        # Progress bars return to the beginning of the line before and after their text.
        start, end = len(text) - len(text.lstrip("\r")), len(text.rstrip("\r"))
        self._stream.write(text[:start] + _IN_TEXT.sub(_escape, text[start:end]) + text[max(start, end) :])
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode()
