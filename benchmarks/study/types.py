"""Data types of the experiments: settings, jobs, and the blocks of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

Values = dict[str, float | str]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """Extent of the study.

    Attributes
    ----------
    name
        "full", "quick" or "tiny".
    scenes
        Largest number of scenes (photographs, backgrounds, seeds) per mean.
    points
        Largest number of points per curve.
    shape
        Height and width of synthetic clips in pixels.
    frames
        Number of frames of synthetic clips.
    published
        If True, networks with the weights of their authors are included if the files exist.
    networks
        Names and paths of additional networks.
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
    """A part of an experiment. Its result is stored, so that an interrupted study can be continued.

    Attributes
    ----------
    key
        Identifier from coarse to fine, unique within the experiment: entrant, scene, point.
    run
        Function that performs the job and returns numbers and strings by name. Images are written into the folder of
        the study.
    alone
        True if the job measures time, so that no other job may run at the same time.
    """

    key: Key
    run: Callable[[], Values]
    alone: bool = False


Results = Mapping[Key, Values]
"""Results of the jobs of an experiment, by key; a failed job has the result ``{"error": "..."}``."""


@dataclass(frozen=True)
class Table:
    """A table with named rows and columns; it is also written as a CSV file."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[float | str]]]
    note: str = ""


@dataclass(frozen=True)
class Curves:
    """A line plot, (x, y) by name; it is also written as a CSV file."""

    name: str
    title: str
    x: str
    y: str
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    log: str = ""  # logarithmic axes: "", "x", "y" or "xy"
    note: str = ""
    guides: Mapping[str, tuple[Sequence[float], Sequence[float]]] = field(
        default_factory=dict
    )  # theoretical bounds, dashed


@dataclass(frozen=True)
class Pictures:
    """Image files with captions; paths are relative to the folder of the study."""

    title: str
    files: Sequence[tuple[str, str]]
    note: str = ""


Block = Table | Curves | Pictures


class Experiment(Protocol):
    """Interface of the modules that define an experiment."""

    TITLE: str
    TEXT: str  # description of the protocol and its reference

    def jobs(self, setting: Setting, out: Path) -> Iterator[Job]:
        """Jobs of the experiment, in order."""
        ...

    def blocks(self, results: Results, setting: Setting) -> list[Block]:
        """Blocks of the report."""
        ...
