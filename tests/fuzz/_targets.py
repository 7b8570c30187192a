"""The public functions that the trials call, with valid arguments."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import vmm
from vmm.data import synthetic

from . import _values


@dataclasses.dataclass(frozen=True)
class Target:
    """A public function, with the arguments of a valid call.

    Attributes
    ----------
    name
        Name of the function below ``vmm``.
    arguments
        ``arguments(frames, rng)`` returns valid keyword arguments; frames come first.
    magnifies
        Whether it returns frames.
    """

    name: str
    arguments: Callable[[Any, np.random.Generator], dict[str, Any]]
    magnifies: bool = False

    @property
    def function(self) -> Callable[..., Any]:
        function: Any = vmm
        for part in self.name.split("."):
            function = getattr(function, part)
        return function


def _magnifier(name: str) -> Target:
    parameters = inspect.signature(getattr(vmm, name).magnify).parameters

    def arguments(frames: Any, rng: np.random.Generator) -> dict[str, Any]:
        result: dict[str, Any] = {"frames": frames, "fs": 30.0}
        if "band" in parameters:
            result["band"] = (2.0, 4.0)
        if "frequency" in parameters:
            result["frequency"] = 3.0
        if name in vmm.LEARNED:
            result["white"] = 255.0
        for option in parameters:
            if rng.random() < 0.15 and option in _values.VALID:
                result[option] = _values.VALID[option][rng.integers(len(_values.VALID[option]))]
        if result.get("transform") == "dualtree":
            result = {
                key: value for key, value in result.items() if key not in ("octave", "orientations", "transition")
            }
        return result

    return Target(f"{name}.magnify", arguments, True)


def _with(**fixed: Any) -> Callable[[Any, np.random.Generator], dict[str, Any]]:
    """Arguments of a function of frames."""
    return lambda frames, rng: {"frames": frames, **fixed}


def _wave(rng: np.random.Generator, n: int = 128) -> np.ndarray:
    t = np.arange(n) / 30.0
    return np.sin(2 * np.pi * 3 * t) + 0.1 * rng.normal(size=n)


def _of_signal(name: str = "values", **fixed: Any) -> Callable[[Any, np.random.Generator], dict[str, Any]]:
    """Arguments of a function of signals."""
    return lambda frames, rng: {name: _wave(rng), "fs": 30.0, **fixed}


def _of_two(frames: Any, rng: np.random.Generator) -> dict[str, Any]:
    return {"frames": frames, "truth": frames.copy()}


def _gray(frame: np.ndarray) -> np.ndarray:
    """A frame (H, W) in float32."""
    return frame.astype(np.float32).reshape(*frame.shape[:2], -1)[..., 0]


@cache
def _signal() -> Any:
    frames = synthetic.render(synthetic.texture((40, 64)), synthetic.sway(90, 30, 3.0, 0.3))
    return vmm.measure.displacement(frames, [(4, 4, 30, 24), (4, 34, 30, 24)], fs=30)


TARGETS: tuple[Target, ...] = (
    *(_magnifier(name) for name in vmm.METHODS),
    *(_magnifier(name) for name in ("realtime", "lightweight")),
    *(_magnifier(name) for name in ("phase", "riesz", "linear", "gradient", "lagrangian")),
    Target("stabilize.magnify", _with(band=(2.0, 4.0), fs=30.0), True),
    Target("stabilize.track", _with()),
    Target(
        "stabilize.steady",
        lambda frames, rng: {"frames": frames, "transforms": np.tile(np.eye(2, 3), (len(frames), 1, 1))},
        True,
    ),
    Target("measure.displacement", _with(fs=30.0)),
    Target("measure.field", _with(fs=30.0)),
    Target("measure.modes", _with(frequencies=[3.0], fs=30.0)),
    Target("measure.faults", _with(fs=30.0)),
    Target("measure.pulse", _with(fs=30.0)),
    Target("measure.sound", _with(fs=30.0)),
    Target("measure.suggest", _with(fs=30.0)),
    Target("measure.still_regions", _with(fs=30.0)),
    Target("measure.spectrum", _of_signal()),
    Target("measure.peaks", _of_signal()),
    Target("measure.phasors", _of_signal(frequencies=[3.0])),
    Target(
        "measure.orbit",
        lambda frames, rng: {"values": np.stack([_wave(rng), _wave(rng)], -1), "frequency": 3.0, "fs": 30.0},
    ),
    Target("measure.velocity", _of_signal()),
    Target("measure.acceleration", _of_signal()),
    Target("measure.integrate", _of_signal(highpass=0.5)),
    Target("measure.breathing", lambda frames, rng: {"values": _wave(rng), "fs": 3.0}),
    Target("measure.changes", lambda frames, rng: {"before": _wave(rng), "after": _wave(rng), "fs": 30.0}),
    Target(
        "measure.compare",
        lambda frames, rng: {"values": _wave(rng), "sensor": _wave(rng, 256), "fs": 30.0, "sensor_fs": 60.0},
    ),
    Target(
        "measure.displacement_crlb",
        lambda frames, rng: {
            "image": np.asarray(frames[0], np.float64).reshape(*frames.shape[1:3], -1)[..., 0],
            "noise": 1.0,
        },
    ),
    Target("measure.sine_crlb", lambda frames, rng: {"stderr": 0.01, "n_frames": 100, "amplitude": 0.1, "fs": 30.0}),
    Target("measure.min_frames", lambda frames, rng: {"band": (2.0, 4.0), "fs": 30.0}),
    Target("measure.mac", lambda frames, rng: {"a": rng.normal(size=(6, 2)), "b": rng.normal(size=(6, 3))}),
    Target("measure.blind_modes", lambda frames, rng: {"signal": _signal(), "n_modes": 2}),
    Target("measure.ghosting", lambda frames, rng: {**_of_two(frames, rng), "original": frames.copy()}),
    Target("measure.overshoot", _of_two),
    Target("measure.sharpness", _of_two),
    Target("measure.structural_similarity", _of_two),
    Target(
        "measure.static_error",
        lambda frames, rng: {"frames": frames, "image": frames[0], "is_static": np.ones(frames.shape[1:3], bool)},
    ),
    Target(
        "measure.save",
        lambda frames, rng: {
            "path": f"out{rng.choice(['.csv', '.npz', '.wav', '.uff', '.mat'])}",
            "result": _wave(rng),
            "fs": 30.0,
        },
    ),
    Target("motion.flow", lambda frames, rng: {"a": _gray(frames[0]), "b": _gray(frames[-1]), "sigma": 2.5}),
    Target("motion.level_displacement", lambda frames, rng: {"limit": 20.0, "direction": 30.0}),
    Target("motion.local_displacement", lambda frames, rng: {"sigma": 3.0}),
    Target("motion.smooth", lambda frames, rng: {"motion": vmm.motion.local_phase, "sigma": 3.0}),
    Target("motion.weighted", lambda frames, rng: {"motion": vmm.motion.local_phase, "strength": 1.0}),
    Target("motion.limited", lambda frames, rng: {"motion": vmm.motion.local_phase, "limit": 1.0}),
    Target("spatial.SteerablePyramid", lambda frames, rng: {"shape": frames.shape[1:3]}),
    Target("measure.grid", lambda frames, rng: {"size": 12}),
    Target("measure.polygon", lambda frames, rng: {"corners": [(2, 2), (2, 20), (20, 10)], "size": (24, 32)}),
    Target("measure.pixel_size", lambda frames, rng: {"length_px": 20.0, "length": "5 mm"}),
    Target(
        "io.write",
        lambda frames, rng: {
            "path": f"out{rng.choice(['.tif', '.npz', '.mkv', '.gif'])}",
            "frames": frames,
            "fps": 30.0,
        },
    ),
    Target("plot.side_by_side", lambda frames, rng: {"before": frames, "after": frames.copy()}),
    *(
        Target(f"temporal.{name}", lambda frames, rng: {"band": (2.0, 4.0), "fs": 30.0})
        for name in ("fir", "causal", "butterworth", "iir", "ideal")
    ),
    *(
        Target(f"temporal.{name}", lambda frames, rng: {"frequency": 3.0, "fs": 30.0})
        for name in ("acceleration", "jerk", "jerk_aware", "anisotropic", "bilateral")
    ),
    Target(
        "magnify",
        lambda frames, rng: {
            "frames": frames,
            "spatial": vmm.spatial.luma(vmm.spatial.Laplacian),
            "motion": vmm.motion.intensity,
            "temporal": vmm.temporal.butterworth((2, 4), 30),
        },
        True,
    ),
)
