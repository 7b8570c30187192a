"""Cases of the sections: a clip, the quantities that are measured on it, and their targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.study.entrants import Entrant


@dataclass(frozen=True)
class Row:
    """A measured quantity.

    Attributes
    ----------
    name
        Name in the first column.
    target
        Value that the library aims at, in words; empty if there is none.
    digits
        Decimals of the value in the table.
    """

    name: str
    target: str = ""
    digits: int = 2


@dataclass(frozen=True)
class Case:
    """One clip, and the quantities that are measured on the magnified clip.

    Attributes
    ----------
    rows
        The quantities, in order.
    make
        Function that makes the clip with its ground truth. It is called once for all methods.
    measure
        Function of a method and the result of ``make`` that returns one value per row; NaN if the method does not have
        the option that the row is about.
    """

    rows: tuple[Row, ...]
    make: Callable[[], Any]
    measure: Callable[[Entrant, Any], Sequence[float]]


class Section(Protocol):
    """Interface of the modules of the sections."""

    TITLE: str
    TEXT: str  # description of the protocol

    def cases(self, quick: bool) -> Iterator[Case]:
        """Cases of the section, in order; fewer of them if `quick`."""
        ...
