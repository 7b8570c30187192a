"""Progress of functions that take long: a bar, or calls of a function of the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Progress: TypeAlias = bool | Callable[[int, int | None], object]
"""True for a progress bar, False for none, or a function of the numbers of frames that are done and in all."""

_Pass: TypeAlias = Callable[[int | None, str], AbstractContextManager[Callable[[int], object]]]
"""A function of the number of items in all, or None, and their unit, which begins a pass and gives the function that is
called with the number of items that were done since the last call."""

_current: ContextVar[_Pass | None] = ContextVar("progress", default=None)


def check_progress(name: str, progress: Any) -> None:
    """Raise if an argument is neither a flag nor a function."""
    if not (isinstance(progress, bool) or callable(progress)):
        raise TypeError(f"{name}={progress!r} must be True, False or a function {name}(done, total)")


@contextmanager
def showing(progress: Progress, label: str = "") -> Iterator[None]:
    """Show the progress of all that is called inside; False leaves it as it is.

    Parameters
    ----------
    progress
        Whether to show a bar, or the function to call.
    label
        Text before the bar.
    """
    if progress is False:
        yield
        return
    token = _current.set(partial(_bar, label) if progress is True else partial(_calls, progress))
    try:
        yield
    finally:
        _current.reset(token)


def is_shown() -> bool:
    """Whether the progress of what is called now is shown."""
    return _current.get() is not None


def reported(
    items: Iterable[T],
    total: int | None,
    *,
    unit: str = "frame",
    count: Callable[[T], int] = len,  # type: ignore
) -> Iterator[T]:
    """The items of one pass, whose progress is shown as they are used, if it is shown where this is called.

    Parameters
    ----------
    items
        The items, such as chunks of frames.
    total
        Number of frames in all, or None.
    unit
        Name of what is counted.
    count
        Number of frames in an item.
    """
    begin = _current.get()
    return iter(items) if begin is None else _counted(items, begin(total, unit), count)


def _counted(
    items: Iterable[T], run: AbstractContextManager[Callable[[int], object]], count: Callable[[T], int]
) -> Iterator[T]:
    with run as advance:
        for item in items:
            yield item
            advance(count(item))


@contextmanager
def _bar(label: str, total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
    """A bar of tqdm; the bar of a pass inside of another one vanishes at its end."""
    from tqdm import tqdm

    with tqdm(total=total, unit=unit, desc=label or None, leave=None) as bar:
        yield bar.update


@contextmanager
def _calls(
    function: Callable[[int, int | None], object], total: int | None, _: str
) -> Iterator[Callable[[int], object]]:
    """Calls of a function with the number of items that are done, and in all."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        function(done, total)

    yield advance
