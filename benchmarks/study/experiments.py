"""The experiments in the order of the page: each is a module of this folder."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import cast

from benchmarks.study.parts import Experiment

NAMES = (
    "subpixel",
    "noise",
    "circles",
    "cost",
    "accuracy",
    "selectivity",
    "large_motion",
    "gain",
    "artefacts",
    "peers",
    "sheet",
)


def experiments(only: tuple[str, ...] = ()) -> dict[str, Experiment]:
    """Those asked for, or all, by name; a wrong name raises ``ValueError``."""
    unknown = sorted(set(only) - set(NAMES))
    if unknown:
        raise ValueError(f"experiment {', '.join(unknown)} must be one of {', '.join(NAMES)}")
    names = [name for name in NAMES if not only or name in only]
    here = [name for name in names if find_spec(f"benchmarks.study.{name}")]
    return {name: cast(Experiment, import_module(f"benchmarks.study.{name}")) for name in here}
