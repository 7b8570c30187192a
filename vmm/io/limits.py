"""Bounds of what is read from files of unknown origin, and errors that name the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

MAX_PIXELS = 2**29 // 3
"""Largest number of pixels of a frame, which is that of Pillow. A compressed file of a megabyte can state many more,
and would fill the memory when it is decoded."""

_MAX_REASON = 200
"""Characters of the message of another library that an error repeats."""

_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})(e[+-]?\d{1,2})?|[+-]?\d{1,18}/\d{1,18}", re.I | re.A)


def check_size(path: Path, height: int, width: int) -> None:
    """Raise if a frame of that size has no pixels, or more than can be read."""
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise ValueError(
            f"{path}: its header states frames of {width} x {height} pixels, but frames must have at least 1 and at "
            f"most {MAX_PIXELS // 10**6} million pixels; the file is damaged, or made to fill the memory"
        )


def number_in(text: str) -> Fraction | None:
    """The number that a file states as a text, or None. Numbers with long exponents would fill the memory."""
    text = text.strip()
    try:
        return Fraction(text) if _NUMBER.fullmatch(text) else None
    except ZeroDivisionError:
        return None


@contextmanager
def readable_errors(path: Path, kind: str = "file") -> Iterator[None]:
    """Turn all errors of the libraries that read files into one sentence that names the file."""
    try:
        yield
    except (ImportError, Warning):
        raise
    except MemoryError as error:
        raise MemoryError(f"{path}: the memory is too small to read it ({_reason(error)})") from error
    except OSError as error:
        if error.errno is None and not _names(error, path):
            raise _unreadable(path, kind, error) from error
        if error.errno is not None and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    except Exception as error:
        if isinstance(error, ValueError | TypeError) and _names(error, path):
            raise
        raise _unreadable(path, kind, error) from error


def _names(error: Any, path: Path) -> bool:
    """Whether the message of an error begins with the path of the file, of a companion, or of a file in the folder."""
    return str(error).startswith((str(path), f"{path.with_suffix('')}."))


def _unreadable(path: Path, kind: str, error: Exception) -> ValueError:
    return ValueError(f"{path}: no {kind} that can be read, or a damaged one ({_reason(error)})")


def _reason(error: Exception) -> str:
    """The message of an error in one short line, or its type if it has none."""
    return " ".join(str(error).split())[:_MAX_REASON] or type(error).__name__
