"""The entrants: all methods of the library, its networks, networks with published weights, and no magnification.

``entrants()`` is derived from ``vmm.METHODS`` and ``vmm.learned.NAMES``: a method or network that is added there takes
part in all experiments. ``excluded()`` lists what is not included, with the reasons.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

import vmm
from benchmarks.study.published import FILES, published
from benchmarks.study.types import Setting
from vmm.learned import NAMES, load
from vmm.motion import flow
from vmm.parts import WholeClipFilter
from vmm.temporal import acceleration

SINCE_FIRST = WholeClipFilter(lambda n: (np.eye(n) - np.eye(n)[0], np.eye(n)))
"""Passes all motion since the first frame: what a method makes of two frames."""

STATIC = ("gradient",)  # Methods with a mode for motion relative to the first frame.
NO_MOTION = ("color",)  # Methods that do not magnify motion.
FORMS: dict[str, tuple[str, dict[str, Any]]] = {  # Published forms of methods: method and settings by name.
    "phase, published": ("phase", {"limit": float("inf")}),
    "riesz, published": ("riesz", {"limit": float("inf")}),
    "acceleration, published": (
        "acceleration",
        {"motion": "phase", "kernel": "dog", "sigma": 0.0, "limit": float("inf")},
    ),
    "jerk, published": ("jerk", {"motion": "phase", "kernel": "takeda", "sigma": 0.0, "limit": float("inf")}),
    "bilateral, published": ("bilateral", {"motion": "phase", "pairs": False, "sigma": 0.0, "limit": float("inf")}),
}


class Magnify(Protocol):
    """Interface of the functions that magnify a clip."""

    def __call__(self, frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        """Magnify motion at 0.8 to 1.2 times the frequency, or within ``band=``; some methods use the frequency."""
        ...


Pair = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
"""Function of frames a and b and alpha: frame b with its motion relative to a magnified by (1 + alpha)."""


@dataclass(frozen=True)
class Entrant:
    """A method with settings, as it takes part in the study.

    Attributes
    ----------
    name
        Name in the tables.
    kind
        "nothing", "classical", "learned" or "peer".
    magnify
        Function that magnifies a clip (T, H, W[, 3]).
    pair
        Function that magnifies the second of two frames, or None if there is none.
    options
        Names of the options of ``magnify``, such as "temporal" or "mask".
    """

    name: str
    kind: str
    magnify: Magnify
    pair: Pair | None = None
    options: frozenset[str] = frozenset()


def entrants(setting: Setting | None = None) -> dict[str, Entrant]:
    """All entrants by name; networks with published weights if the setting includes them and the files exist."""
    result = [Entrant("nothing", "nothing", lambda frames, frequency, fs, alpha, **_: frames, lambda a, b, alpha: b)]
    result += [classical(name, name) for name in vmm.METHODS if name not in NO_MOTION]
    result += [learned(name, path) for name, path in networks(setting).items()]
    return {one.name: one for one in result}


def networks(setting: Setting | None = None) -> dict[str, str]:
    """Networks by name: the name or path for ``vmm.learned.load``."""
    others = published()[0] if setting is None or setting.published else {}
    return {name: name for name in NAMES} | others | dict(setting.networks if setting else ())


def forms() -> dict[str, Entrant]:
    """Methods with other settings than the defaults of the library: published forms, and another temporal filter."""
    published_forms = {name: classical(name, method, **settings) for name, (method, settings) in FORMS.items()}
    magnify = classical("lagrangian", "lagrangian").magnify

    def accelerated(frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        return magnify(frames, frequency, fs, alpha, temporal=acceleration(frequency, fs), **options)

    name = "lagrangian, acceleration"
    return {name: Entrant(name, "classical", accelerated)} | published_forms


def static_forms() -> dict[str, Entrant]:
    """Networks with published weights in the static mode of their authors, with the first frame as the reference."""
    return {f"{name}, static": learned(f"{name}, static", path, True) for name, path in published()[0].items()}


def excluded(setting: Setting | None = None) -> dict[str, str]:
    """Methods and networks that are not included, with the reasons."""
    reasons = {name: "it magnifies changes of color, not motion" for name in NO_MOTION if name in vmm.METHODS}
    installed = {load(name).kind for name in NAMES}
    reasons |= {name: "no weights are installed with the library" for name in vmm.LEARNED if name not in installed}
    if setting is not None and not setting.published:
        return reasons | {name: f"not part of the setting {setting.name!r}" for name in FILES}
    return reasons | published()[1]


def classical(name: str, method: str, **settings: Any) -> Entrant:
    """Entrant of a method of the library, with the given settings instead of its defaults."""
    run = partial(getattr(vmm, method).magnify, **settings)
    accepted = frozenset(inspect.signature(run).parameters)

    def magnify(frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        band = options.pop("band", (0.8 * frequency, 1.2 * frequency))
        unknown = sorted(options.keys() - accepted)
        if unknown:
            raise TypeError(f"{name} has no option {', '.join(unknown)}: it has {', '.join(sorted(accepted))}")
        if "frequency" in accepted:
            return run(frames, frequency, fs=fs, alpha=alpha, **options)
        temporal = options.get("temporal", "")
        is_filter = not (
            callable(temporal) or isinstance(temporal, str)
        )  # not a function that designs one, or its name
        return run(frames, None if is_filter else band, fs=fs, alpha=alpha, **options)

    def pair(a: np.ndarray, b: np.ndarray, alpha: float) -> np.ndarray:
        if method in STATIC:
            return run(np.stack([a, b]).astype(np.float32), None, alpha=alpha)[1]
        if "temporal" not in accepted:  # the filter needs a clip, in which b deviates from the mean by half its motion
            return magnify(_alternating(a, b), 0.25, 1.0, 2 * alpha)[6]  # a frame b in the middle of the clip
        clip = np.stack([a, b]).astype(np.float32)
        flows = {"flow": _flow_fields(a, b)} if "flow" in accepted else {}  # two frames are too few for trajectories
        return run(clip, None, fs=1.0, alpha=alpha, temporal=SINCE_FIRST, **flows)[1]

    return Entrant(name, "classical", magnify, pair, accepted)


def _alternating(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The clip a, a, b, b, a, a, ...: a sampled sine at a quarter of the frame rate."""
    return np.stack([a, a, b, b] * 3).astype(np.float32)


def _flow_fields(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Displacement of the pixels of frame a in frames a and b, (2, 2, H, W)."""
    gray = [frame.mean(axis=-1) if frame.ndim == 3 else frame for frame in (a, b)]
    displacement = flow(*(one.astype(np.float32) for one in gray))
    return np.stack([np.zeros_like(displacement), displacement])


def learned(name: str, weights: str, static: bool = False) -> Entrant:
    """Entrant of a network by name or path, in the temporal mode, or in the static mode; pairs use the static mode."""
    method = getattr(vmm, load(weights).kind).magnify
    accepted = frozenset(inspect.signature(method).parameters)

    def magnify(frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        if "band" in accepted:
            options = {"band": (0.8 * frequency, 1.2 * frequency)} | options
        if static:
            options |= {"band": None, "mode": "static"}
        return method(frames, fs=fs, alpha=alpha, weights=weights, **options)

    def pair(a: np.ndarray, b: np.ndarray, alpha: float) -> np.ndarray:
        return method(np.stack([a, b]).astype(np.float32), alpha=alpha, weights=weights)[1]

    return Entrant(name, "learned", magnify, pair, accepted)
