"""Conclusions from the results: the best methods for each task, computed from the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.study.types import Block, Table

TEXT = (
    "For each task the methods are ranked by one figure of the tables below. Methods whose figures differ by at most "
    "two percent share a rank."
)
TIE = 0.02
"""Relative difference up to which two methods share a rank; repeated runs differ by about as much."""


@dataclass(frozen=True)
class Question:
    """A task, and the figure by which methods are ranked for it.

    Attributes
    ----------
    job
        Description of the task, which follows "best for".
    experiment, table, column
        Location of the figure.
    best
        Best value: "high", "low" or "zero" (smallest magnitude).
    """

    job: str
    experiment: str
    table: str
    column: str
    best: str


QUESTIONS = (
    Question("small motion magnified to 2 px", "subpixel", "mean", "to 2 px", "high"),
    Question("small motion magnified to 10 px", "subpixel", "mean", "to 10 px", "high"),
    Question("very small motion magnified to 10 px with noise", "noise", "similarity-0.05", "mean up to 10", "high"),
    Question("motion of 5 px magnified to 10 px with noise", "noise", "similarity-5", "mean up to 10", "high"),
    Question("an accurate gain at 2 px for all wavelengths", "gain", "to-2", "mean error", "low"),
    Question("an accurate gain at 8 px for all wavelengths", "gain", "to-8", "mean error", "low"),
    Question("small errors at 10 px in front of a background", "circles", "mse", "error, tuned", "low"),
    Question("edges without ringing at 2 px", "artifacts", "to-2", "overshoot", "low"),
    Question("no ghosts at 5 px", "artifacts", "to-5", "ghosts", "zero"),
    Question("static parts with noise", "artifacts", "to-5", "static", "low"),
    Question("objects that drift", "large_motion", "frames", "drift 0.5 px/frame", "low"),
    Question("a camera that shakes", "large_motion", "frames", "shake", "low"),
    Question("objects that jump", "large_motion", "frames", "step 3 px", "low"),
    Question("a lamp that flickers", "large_motion", "still", "flicker 2 %: false change", "low"),
    Question("agreement with a sensor", "accuracy", "synthetic-rod", "scaled error, displacement", "low"),
    Question("speed", "cost", "time", "384x384, 1 core", "low"),
    Question("low memory use", "cost", "memory", "384x384: process", "low"),
)


def blocks(report: Mapping[str, Sequence[Block]]) -> list[Block | str]:
    """A sentence for each task, a table of all tasks, and the number of first ranks of each method."""
    answers = [(question, ranking(question, report)) for question in QUESTIONS]
    answered = [(question, ranks, nothing) for question, (ranks, nothing) in answers if ranks]
    result: list[Block | str] = [sentence(*one) for one in answered]
    if not answered:
        return result
    rows = [(q.job, [*(_methods(ranks, i) for i in range(3)), _figure(nothing)]) for q, ranks, nothing in answered]
    headings = ("first", "second", "third", "no magnification")
    result.append(Table("tasks", "Best methods for each task", headings, rows))
    names = list(dict.fromkeys(name for _, ranks, _ in answered for rank in ranks for name, _ in rank))
    counts = [(name, [_times(name, answered, 1), _times(name, answered, 3)]) for name in names]
    counts.sort(key=lambda row: (-row[1][0], -row[1][1]))
    columns = ("first", "among the first three")
    return [*result, Table("ranks", f"Number of first ranks in {len(answered)} tasks", columns, counts)]


Ranks = list[list[tuple[str, float]]]


def ranking(question: Question, report: Mapping[str, Sequence[Block]]) -> tuple[Ranks, float]:
    """Methods by rank with their figures, and the figure of no magnification."""
    for block in report.get(question.experiment, ()):
        if isinstance(block, Table) and block.name == question.table and question.column in block.columns:
            i = list(block.columns).index(question.column)
            figures = {name: float(cells[i]) for name, cells in block.rows if not isinstance(cells[i], str)}
            return _ranked(question, figures), figures.get("nothing", float("nan"))
    return [], float("nan")


def _ranked(question: Question, figures: Mapping[str, float]) -> Ranks:
    key = {"high": lambda value: -value, "low": float, "zero": abs}[question.best]
    finite = [(name, value) for name, value in figures.items() if name != "nothing" and value == value]
    ranks: Ranks = []
    for name, value in sorted(finite, key=lambda one: key(one[1])):
        first = ranks[-1][0][1] if ranks else None
        if first is not None and abs(value - first) <= TIE * abs(first):
            ranks[-1].append((name, value))
        else:
            ranks.append([(name, value)])
    return ranks


def sentence(question: Question, ranks: Ranks, nothing: float) -> str:
    """A sentence with the best methods, the second best, and those that are worse than no magnification."""
    text = f"Best for {question.job}: {_methods(ranks, 0)}"
    if len(ranks) > 1:
        text += f", then {_methods(ranks, 1)}"
    if nothing != nothing or question.column in ("ghosts", "overshoot", "static"):
        return text + "."  # these figures are best without magnification
    worse = [n for rank in ranks for n, v in rank if (v < nothing if question.best == "high" else v > nothing)]
    if worse:
        text += f". Worse than no magnification ({_figure(nothing)}): {', '.join(worse)}"
    return text + "."


def _methods(ranks: Ranks, i: int) -> str:
    """Methods of one rank with their figures."""
    if i >= len(ranks):
        return "-"
    return " and ".join(f"{name} ({_figure(value)})" for name, value in ranks[i])


def _figure(value: float) -> str:
    return "-" if value != value else f"{value:.3g}"


def _times(name: str, answered: Sequence[tuple[Question, Ranks, float]], places: int) -> int:
    """Number of tasks in which a method is among the first ranks."""
    return sum(any(name == one for rank in ranks[:places] for one, _ in rank) for _, ranks, _ in answered)
