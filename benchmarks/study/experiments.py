"""The experiments in the order of the report; each is a module of this folder."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import cast

from benchmarks.study.types import Experiment

NAMES = (
    "subpixel",
    "noise",
    "circles",
    "cost",
    "accuracy",
    "selectivity",
    "large_motion",
    "gain",
    "artifacts",
    "peers",
    "contact_sheet",
)


def experiments(only: tuple[str, ...] = ()) -> dict[str, Experiment]:
    """The requested experiments, or all of them, by name; an unknown name raises a ``ValueError``."""
    unknown = sorted(set(only) - set(NAMES))
    if unknown:
        raise ValueError(f"experiment {', '.join(unknown)} must be one of {', '.join(NAMES)}")
    names = [name for name in NAMES if not only or name in only]
    existing = [name for name in names if find_spec(f"benchmarks.study.{name}")]
    return {name: cast(Experiment, import_module(f"benchmarks.study.{name}")) for name in existing}
