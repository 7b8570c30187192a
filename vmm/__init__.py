"""Motions too small to see, made visible and measured.

| part | what it does |
| --- | --- |
| ``phase``, ``riesz``, ``linear``, ``color`` | the magnifiers: ``vmm.phase.magnify(frames, band, fs=...)`` |
| ``acceleration``, ``jerk``, ``anisotropy``, ``bilateral`` | those for small motion that rides on a large one |
| ``lagrangian`` | the one that follows every point |
| ``magnet``, ``lightweight``, ``realtime``, ``flowmag`` | the learned ones |
| ``stabilize`` | any of them on a region that is followed, or for a shaken camera |
| ``presets`` | settings of the clips of the papers |
| ``magnify`` | the general form: the caller names the parts |
| ``parts`` | the kinds of parts, for parts of your own |
| ``set_threads`` | how many cores are used |
| ``spatial``, ``motion``, ``temporal`` | the parts |
| ``io`` | video files in and out |
| ``measure`` | displacement of regions |
| ``data`` | clips with exactly known motion |
| ``plot`` | pictures that show motion |
| ``learned`` | the networks of the learned magnifiers |
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vmm import (
        acceleration,
        anisotropy,
        bilateral,
        color,
        data,
        flowmag,
        io,
        jerk,
        lagrangian,
        learned,
        lightweight,
        linear,
        magnet,
        measure,
        motion,
        parts,
        phase,
        plot,
        realtime,
        riesz,
        spatial,
        stabilize,
        temporal,
    )
    from vmm._presets import presets
    from vmm.backend.threads import set_threads
    from vmm.engine.loop import magnify

__version__ = "0.1.0"

METHODS = ("phase", "riesz", "linear", "color", "acceleration", "jerk", "anisotropy", "bilateral", "lagrangian")
"""Names of the methods: each is a module with a function ``magnify``."""

LEARNED = ("magnet", "lightweight", "realtime", "flowmag")
"""Names of the learned ones, which magnify by a network: motion against a reference frame, or in a band."""

ON_BRIGHTNESS = ("phase", "riesz", "acceleration", "jerk", "anisotropy", "bilateral")
"""Those of them that leave the colours as they are."""

_FUNCTIONS = {
    "magnify": "vmm.engine.loop",
    "presets": "vmm._presets",
    "set_threads": "vmm.backend.threads",
}
_PARTS = ("data", "io", "learned", "measure", "motion", "parts", "plot", "spatial", "stabilize", "temporal")

__all__ = [
    "LEARNED",
    "METHODS",
    "acceleration",
    "anisotropy",
    "bilateral",
    "color",
    "data",
    "flowmag",
    "io",
    "jerk",
    "lagrangian",
    "learned",
    "lightweight",
    "linear",
    "magnet",
    "magnify",
    "measure",
    "motion",
    "parts",
    "phase",
    "plot",
    "presets",
    "realtime",
    "riesz",
    "set_threads",
    "spatial",
    "stabilize",
    "temporal",
]


def __getattr__(name: str) -> Any:  # parts are imported when they are first used
    if name in METHODS or name in LEARNED or name in _PARTS:
        return import_module(f"vmm.{name}")
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"module 'vmm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
