"""Warnings of the library in the form of messages of the program."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def one_line_warnings() -> Iterator[None]:
    """Print each warning of the library once and in one line, to standard error."""
    messages: set[str] = set()

    def print_warning(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in messages:
            messages.add(str(message))
            print(f"vmm: warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = print_warning
        yield
