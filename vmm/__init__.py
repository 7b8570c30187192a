"""Motions too small to see, made visible and measured.

| part | what it does |
| --- | --- |
| ``linear``, ``color``, ``phase``, ``riesz`` | the magnifiers: ``vmm.phase.magnify(frames, band, fs=...)`` |
| ``magnify`` | the general form: the caller names the parts |
| ``set_threads`` | how many cores are used |
| ``spatial``, ``motion``, ``temporal`` | the parts |
| ``io`` | video files in and out |
| ``measure`` | displacement of regions |
| ``data`` | clips with exactly known motion |
| ``plot`` | pictures that show motion |
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vmm import color, data, io, linear, measure, motion, phase, plot, riesz, spatial, temporal
    from vmm.backend.threads import set_threads
    from vmm.engine.loop import magnify

__version__ = "0.1.0"

METHODS = ("phase", "riesz", "linear", "color")
"""Names of the methods: each is a module with a function ``magnify``."""

ON_BRIGHTNESS = ("phase", "riesz")
"""Those of them that leave the colours as they are."""

_FUNCTIONS = {"magnify": "vmm.engine.loop", "set_threads": "vmm.backend.threads"}
_PARTS = ("data", "io", "measure", "motion", "plot", "spatial", "temporal")

__all__ = [
    "METHODS",
    "color",
    "data",
    "io",
    "linear",
    "magnify",
    "measure",
    "motion",
    "phase",
    "plot",
    "riesz",
    "set_threads",
    "spatial",
    "temporal",
]


def __getattr__(name: str) -> Any:  # parts are imported when they are first used
    if name in METHODS or name in _PARTS:
        return import_module(f"vmm.{name}")
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"module 'vmm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
