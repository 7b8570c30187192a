"""What experiments are made of: how much is done, the pieces of work, and the blocks that the page shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

Values = dict[str, float | str]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """How much is done.

    Attributes
    ----------
    name
        "full", "quick" or "tiny".
    scenes
        Most scenes (photographs, backgrounds, seeds) a mean is taken over.
    points
        Most points of a curve.
    shape
        Height and width of made clips, in pixels.
    frames
        Frames of made clips.
    published
        Whether networks with their authors' weights take part, where those are at hand.
    networks
        Name and path of other networks that take part.
    """

    name: str
    scenes: int
    points: int
    shape: tuple[int, int]
    frames: int
    published: bool = False
    networks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Job:
    """A piece of work whose result is kept, so that a study that was cut off goes on.

    Attributes
    ----------
    key
        What it is, from coarse to fine, unique within its experiment: entrant, scene, point.
    run
        Does it: numbers and words by name. Pictures are written by it into the folder of the study, and named here.
    alone
        Whether it measures time, so that nothing may run beside it.
    """

    key: Key
    run: Callable[[], Values]
    alone: bool = False


Results = Mapping[Key, Values]
"""What the jobs of an experiment gave; a job that failed gave ``{"error": "..."}``."""


@dataclass(frozen=True)
class Table:
    """Numbers with a name for each row and column; also written as CSV."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[float | str]]]
    note: str = ""


@dataclass(frozen=True)
class Curves:
    """Lines over one axis, (x, y) by name; also written as CSV."""

    name: str
    title: str
    x: str
    y: str
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    log: str = ""  # which axes are logarithmic: "", "x", "y" or "xy"
    note: str = ""
    guides: Mapping[str, tuple[Sequence[float], Sequence[float]]] = field(default_factory=dict)  # bounds, drawn dashed


@dataclass(frozen=True)
class Pictures:
    """Files of pictures, relative to the folder of the study, each with a word below it."""

    title: str
    files: Sequence[tuple[str, str]]
    note: str = ""


Block = Table | Curves | Pictures


class Experiment(Protocol):
    """A module of this folder."""

    TITLE: str
    TEXT: str  # the protocol and its paper, in a few sentences

    def jobs(self, setting: Setting, out: Path) -> Iterator[Job]:
        """The work, in order."""
        ...

    def blocks(self, results: Results, setting: Setting) -> list[Block]:
        """What the page shows of it."""
        ...
