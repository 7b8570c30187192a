"""All that takes part: every method of the library, its networks, published weights at hand, and doing nothing.

``entrants()`` is driven by ``vmm.METHODS`` and ``vmm.learned.NAMES``: what is added there takes part everywhere.
``left_out()`` says what does not take part, and why.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

import vmm
from benchmarks.study.parts import Setting
from benchmarks.study.published import FILES, published
from vmm.learned import NAMES, load
from vmm.motion import flow
from vmm.parts import WholeClipFilter
from vmm.temporal import acceleration

SINCE_FIRST = WholeClipFilter(lambda n: (np.eye(n) - np.eye(n)[0], np.eye(n)))
"""Passes all motion since the first frame: what a method makes of two frames."""

NO_MOTION = ("color",)  # methods that magnify no motion
FORMS: dict[str, tuple[str, dict[str, Any]]] = {  # of methods, as they were published: name: method, settings
    "phase, published": ("phase", {"limit": float("inf")}),
    "riesz, published": ("riesz", {"limit": float("inf")}),
    "acceleration, published": ("acceleration", {"kernel": "dog", "sigma": 0.0, "limit": float("inf")}),
    "jerk, published": ("jerk", {"kernel": "takeda", "sigma": 0.0, "limit": float("inf")}),
    "bilateral, published": ("bilateral", {"pairs": False, "sigma": 0.0, "limit": float("inf")}),
}


class Magnify(Protocol):
    """A clip in, a clip out."""

    def __call__(self, frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        """Magnify the band (0.8, 1.2) times the frequency, or ``band=``; methods of one frequency take that."""
        ...


Pair = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
"""Frame b with its motion against frame a (1 + alpha) times as large, from a, b and alpha."""


@dataclass(frozen=True)
class Entrant:
    """One that takes part.

    Attributes
    ----------
    name
        As tables show it.
    kind
        "nothing", "classical", "learned" or "peer".
    magnify
        Magnifies a clip (T, H, W[, 3]) along time.
    pair
        Magnifies the second of two frames; None where there is no such form.
    options
        Names of the options that ``magnify`` takes, such as "temporal" or "mask".
    """

    name: str
    kind: str
    magnify: Magnify
    pair: Pair | None = None
    options: frozenset[str] = frozenset()


def entrants(setting: Setting | None = None) -> dict[str, Entrant]:
    """All that take part, by name; published weights where the setting asks for them and they are at hand."""
    found = [Entrant("nothing", "nothing", lambda frames, frequency, fs, alpha, **_: frames, lambda a, b, alpha: b)]
    found += [classical(name, name) for name in vmm.METHODS if name not in NO_MOTION]
    found += [learned(name, path) for name, path in networks(setting).items()]
    return {one.name: one for one in found}


def networks(setting: Setting | None = None) -> dict[str, str]:
    """Networks that take part: what they are loaded by, by name."""
    others = published()[0] if setting is None or setting.published else {}
    return {name: name for name in NAMES} | others | dict(setting.networks if setting else ())


def forms() -> dict[str, Entrant]:
    """Forms of methods other than the library's default: as they were published, and with another filter."""
    found = {name: classical(name, method, **settings) for name, (method, settings) in FORMS.items()}
    plain = classical("lagrangian", "lagrangian").magnify

    def accelerated(frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        return plain(frames, frequency, fs, alpha, temporal=acceleration(frequency, fs), **options)

    name = "lagrangian, acceleration"
    return {name: Entrant(name, "classical", accelerated)} | found


def static_forms() -> dict[str, Entrant]:
    """Networks with the weights of their authors, as those run them: every frame against the first."""
    return {f"{name}, static": learned(f"{name}, static", path, True) for name, path in published()[0].items()}


def left_out(setting: Setting | None = None) -> dict[str, str]:
    """What does not take part, with the reason."""
    found = {name: "magnifies changes of colour, and no motion" for name in NO_MOTION if name in vmm.METHODS}
    shipped = {load(name).kind for name in NAMES}
    found |= {name: "ships without weights" for name in vmm.LEARNED if name not in shipped}
    if setting is not None and not setting.published:
        return found | {name: f"not at the setting {setting.name!r}" for name in FILES}
    return found | published()[1]


def classical(name: str, method: str, **settings: Any) -> Entrant:
    """A method by its name in the library, with settings other than its own."""
    run = partial(getattr(vmm, method).magnify, **settings)
    takes = frozenset(inspect.signature(run).parameters)

    def magnify(frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        band = options.pop("band", (0.8 * frequency, 1.2 * frequency))
        unknown = sorted(options.keys() - takes)
        if unknown:
            raise TypeError(f"{name} has no option {', '.join(unknown)}: it takes {', '.join(sorted(takes))}")
        if "frequency" in takes:
            return run(frames, frequency, fs=fs, alpha=alpha, **options)
        ready = not callable(options.get("temporal", callable))
        return run(frames, None if ready else band, fs=fs, alpha=alpha, **options)

    def pair(a: np.ndarray, b: np.ndarray, alpha: float) -> np.ndarray:
        if "temporal" not in takes:  # it sees accelerations: b moves about the middle, by half of its motion
            made = magnify(_by_turns(a, b), 0.25, 1.0, 2 * alpha)
            return made[6]  # a frame b in the middle
        clip = np.stack([a, b]).astype(np.float32)
        given = {"flow": _fields(a, b)} if "flow" in takes else {}  # two frames are too few for a trajectory
        return run(clip, None, fs=1.0, alpha=alpha, temporal=SINCE_FIRST, **given)[1]

    return Entrant(name, "classical", magnify, pair, takes)


def _by_turns(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A clip a, a, b, b, a, a ...: a sine of a quarter of the frame rate between them, exactly."""
    return np.stack([a, a, b, b] * 3).astype(np.float32)


def _fields(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where the pixels of a have gone in a and in b, (2, 2, H, W)."""
    grey = [frame.mean(axis=-1) if frame.ndim == 3 else frame for frame in (a, b)]
    found = flow(*(one.astype(np.float32) for one in grey))
    return np.stack([np.zeros_like(found), found])


def learned(name: str, weights: str, static: bool = False) -> Entrant:
    """A network by its name or path: along time in its temporal mode, or static, as two frames, against the first."""
    method = getattr(vmm, load(weights).kind).magnify
    takes = frozenset(inspect.signature(method).parameters)

    def magnify(frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        if "band" in takes:
            options = {"band": (0.8 * frequency, 1.2 * frequency)} | options
        if static:
            options["band"] = None
        return method(frames, fs=fs, alpha=alpha, weights=weights, **options)

    def pair(a: np.ndarray, b: np.ndarray, alpha: float) -> np.ndarray:
        return method(np.stack([a, b]).astype(np.float32), alpha=alpha, weights=weights)[1]

    return Entrant(name, "learned", magnify, pair, takes)
