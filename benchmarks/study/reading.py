"""A reading of the results, made of the numbers: which method for which job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.study.parts import Block, Table

TEXT = (
    "Read off the tables below by the study itself: for each job those that take part in the order of one figure. "
    "Those within two percent of one another share a place."
)
ALIKE = 0.02


@dataclass(frozen=True)
class Question:
    """A job, and the column that says who does it well.

    Attributes
    ----------
    job
        Follows "for".
    experiment, table, column
        Where the figure stands.
    best
        "high", "low" or "zero", the one nearest to it.
    """

    job: str
    experiment: str
    table: str
    column: str
    best: str


QUESTIONS = (
    Question("small motion made 2 px large", "subpixel", "mean", "to 2 px", "high"),
    Question("small motion made 10 px large", "subpixel", "mean", "to 10 px", "high"),
    Question("very small motion made 10 px large under noise", "noise", "similarity-0.05", "mean up to 10", "high"),
    Question("motion of 5 px made twice as large under noise", "noise", "similarity-5", "mean up to 10", "high"),
    Question("the right size at 2 px, whatever the detail", "gain", "to-2", "mean error", "low"),
    Question("the right size at 8 px, whatever the detail", "gain", "to-8", "mean error", "low"),
    Question("true size at 10 px, before other things", "circles", "mse", "error, tuned", "low"),
    Question("edges without ringing at 2 px", "artefacts", "to-2", "overshoot", "low"),
    Question("no ghosts at 5 px", "artefacts", "to-5", "ghosts", "zero"),
    Question("leaving alone what stands still, under noise", "artefacts", "to-5", "still", "low"),
    Question("things that drift", "large_motion", "frames", "drift 0.5 px a frame", "low"),
    Question("a camera that shakes", "large_motion", "frames", "shake", "low"),
    Question("things that jump", "large_motion", "frames", "step 3 px", "low"),
    Question("a lamp that flickers", "large_motion", "still", "flicker 2 %: false change", "low"),
    Question("a signal as a sensor gives it", "accuracy", "made-rod", "scaled error, better way", "low"),
    Question("speed", "cost", "time", "384x384, 1 core", "low"),
    Question("little memory", "cost", "memory", "384x384: process", "low"),
)


def blocks(shown: Mapping[str, Sequence[Block]]) -> list[Block | str]:
    """A sentence for each job, a table of all, and how often each method comes first."""
    found = [(question, order(question, shown)) for question in QUESTIONS]
    answered = [(question, ranks, nothing) for question, (ranks, nothing) in found if ranks]
    said: list[Block | str] = [sentence(*one) for one in answered]
    if not answered:
        return said
    rows = [(q.job, [*(_place(ranks, i) for i in range(3)), _figure(nothing)]) for q, ranks, nothing in answered]
    said.append(Table("jobs", "Which method for which job", ("first", "second", "third", "nothing done"), rows))
    names = list(dict.fromkeys(name for _, ranks, _ in answered for place in ranks for name, _ in place))
    counts = [(name, [_times(name, answered, 1), _times(name, answered, 3)]) for name in names]
    counts.sort(key=lambda row: (-row[1][0], -row[1][1]))
    columns = ("first", "among the first three")
    return [*said, Table("places", f"How often, of {len(answered)} jobs", columns, counts)]


Ranks = list[list[tuple[str, float]]]


def order(question: Question, shown: Mapping[str, Sequence[Block]]) -> tuple[Ranks, float]:
    """Places, each shared by those that are alike, and the figure of doing nothing."""
    for block in shown.get(question.experiment, ()):
        if isinstance(block, Table) and block.name == question.table and question.column in block.columns:
            at = list(block.columns).index(question.column)
            figures = {name: float(cells[at]) for name, cells in block.rows if not isinstance(cells[at], str)}
            return _ranked(question, figures), figures.get("nothing", float("nan"))
    return [], float("nan")


def _ranked(question: Question, figures: Mapping[str, float]) -> Ranks:
    key = {"high": lambda value: -value, "low": float, "zero": abs}[question.best]
    known = [(name, value) for name, value in figures.items() if name != "nothing" and value == value]
    places: Ranks = []
    for name, value in sorted(known, key=lambda one: key(one[1])):
        first = places[-1][0][1] if places else None
        if first is not None and abs(value - first) <= ALIKE * abs(first):
            places[-1].append((name, value))
        else:
            places.append([(name, value)])
    return places


def sentence(question: Question, ranks: Ranks, nothing: float) -> str:
    """Who does a job best, who comes next, and who does it worse than doing nothing."""
    said = f"For {question.job} take {_place(ranks, 0)}"
    if len(ranks) > 1:
        said += f"; next {'comes' if len(ranks[1]) == 1 else 'come'} {_place(ranks, 1)}"
    if nothing != nothing or question.column in ("ghosts", "overshoot", "still"):
        return said + "."  # which are best where nothing is done
    worse = [n for place in ranks for n, v in place if (v < nothing if question.best == "high" else v > nothing)]
    if worse:
        said += f"; worse than doing nothing ({_figure(nothing)}): {', '.join(worse)}"
    return said + "."


def _place(ranks: Ranks, i: int) -> str:
    """Those of one place with their figures."""
    if i >= len(ranks):
        return "-"
    return " and ".join(f"{name} ({_figure(value)})" for name, value in ranks[i])


def _figure(value: float) -> str:
    return "-" if value != value else f"{value:.3g}"


def _times(name: str, answered: Sequence[tuple[Question, Ranks, float]], places: int) -> int:
    """How often a method is among the first places."""
    return sum(any(name == one for place in ranks[:places] for one, _ in place) for _, ranks, _ in answered)
