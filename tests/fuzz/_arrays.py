"""Trials of Python functions: random shapes, types, layouts and chunks, and bad types and values of arguments."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

import vmm
from vmm.data import synthetic

from . import _values
from ._verdicts import Trial, is_finite

N_LAYOUTS = 12
"""Number of ways in which ``_laid_out`` arranges a clip."""

SCALES = (1e-12, 1e-6, 1e6, 1e12)
"""Factors of floating-point clips, of which results must not depend."""


class Planted(Exception):
    """The error of an iterator of chunks, which must reach the caller."""


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
        found: Any = vmm
        for part in self.name.split("."):
            found = getattr(found, part)
        return found


def trial(rng: np.random.Generator, folder: Path) -> Trial:
    """A call of a random function: valid in another form, with one fault, or with several."""
    target = TARGETS[rng.integers(len(TARGETS))]
    clip = _clip(rng)
    arguments = target.arguments(clip, rng)
    choice = rng.random()
    if choice < 0.25 and "frames" in arguments:
        return _in_another_form(target, arguments, rng)
    if choice < 0.35 and target.magnifies:
        return _scaled(target, arguments, rng)
    return _faulty(target, arguments, rng, 1 if choice < 0.7 else int(rng.integers(2, 5)))


def _clip(rng: np.random.Generator) -> np.ndarray:
    """A small clip with motion, of a random size and type."""
    n = int(rng.integers(2, 41))
    shape = tuple(int(side) for side in rng.integers(20, 49, 2))
    moves = synthetic.sway(n, 30, 3.0, 0.3, angle=float(rng.uniform(0, 90)))
    clip = synthetic.render(_texture(shape), moves, dtype=np.float64)
    if rng.random() < 0.4:
        clip = np.stack([clip, 0.8 * clip, 255 - clip], axis=-1)
    kind = str(rng.choice(["uint8", "uint16", "float16", "float32", "float64"], p=[0.4, 0.15, 0.05, 0.25, 0.15]))
    clip = clip * 256 if kind == "uint16" else clip
    return clip.astype(kind)


@cache
def _texture(shape: tuple[int, int]) -> Any:
    return synthetic.texture(shape)


# Valid calls in other forms.


def _in_another_form(target: Target, arguments: dict[str, Any], rng: np.random.Generator) -> Trial:
    """A call whose result must be that of a plain array."""
    clip = arguments["frames"]
    form, frames = _laid_out(clip, int(rng.integers(N_LAYOUTS)), rng)
    changed = {**arguments, "frames": frames}

    def judge(result: Any) -> str | None:
        return _differs(_joined(result), _joined(_call(target, arguments)), 0.0) or _sense(result)

    raises = Planted if form == "iterator that raises" else None
    if raises:
        judge = _never_raised  # type: ignore[assignment]
    text = f"{target.name}({_described({**arguments, 'frames': clip})}) with frames as {form}"
    return Trial(text, partial(_call, target, changed), judge, _names(target, ()), raises=raises)


def _never_raised(result: Any) -> str | None:
    return "the error of the iterator did not reach the caller"


def _laid_out(clip: np.ndarray, form: int, rng: np.random.Generator) -> tuple[str, Any]:
    """The same frames in another form, with its name."""
    cuts = np.sort(rng.integers(0, len(clip) + 1, 3))
    chunks = np.split(clip, cuts)
    read_only = clip.copy()
    read_only.flags.writeable = False
    raw = np.zeros(clip.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(clip.dtype).reshape(clip.shape)
    unaligned[...] = clip
    forms: list[tuple[str, Any]] = [
        ("Fortran order", np.asfortranarray(clip)),
        ("negative strides", clip[::-1].copy()[::-1]),
        ("read-only", read_only),
        ("unaligned", unaligned),
        ("big-endian", clip.astype(clip.dtype.newbyteorder(">"))),
        ("transposed", np.ascontiguousarray(clip.swapaxes(1, 2)).swapaxes(1, 2)),
        ("subclass", clip.view(Subclass)),
        ("list of frames", list(clip)),
        ("list of chunks", [chunk for chunk in chunks if len(chunk)]),
        ("iterator of chunks", iter(chunks)),
        ("masked array without masked values", np.ma.masked_array(clip, mask=False)),
        ("iterator that raises", _raising(clip)),
    ]
    return forms[form]


class Subclass(np.ndarray):
    """A subclass of arrays without any behavior of its own."""


def _raising(clip: np.ndarray) -> Iterator[np.ndarray]:
    yield clip[: (len(clip) + 1) // 2]
    raise Planted("planted")


def _scaled(target: Target, arguments: dict[str, Any], rng: np.random.Generator) -> Trial:
    """A floating-point clip times a factor, whose result must be the result times the factor."""
    dtype = np.float32 if rng.random() < 0.6 else np.float64
    clip = arguments["frames"].astype(dtype) / (257 if arguments["frames"].dtype == np.uint16 else 1)
    clip = clip.astype(dtype)
    factor = SCALES[rng.integers(len(SCALES))]
    plain = {**arguments, "frames": clip}
    changed = {**plain, "frames": (clip * dtype(factor)).astype(dtype)}
    if "white" in changed:
        changed["white"] = plain["white"] * factor
    changed.update({name: value * factor for name, value in changed.items() if name == "limit_gray"})

    def judge(result: Any) -> str | None:
        expected = np.asarray(_call(target, plain), np.float64)
        return _sense(result) or _differs(np.asarray(result, np.float64) / factor, expected, 0.5)

    text = f"{target.name}({_described(plain)}) with frames times {factor:g}"
    return Trial(text, partial(_call, target, changed), judge, _names(target, ()))


def _joined(result: Any) -> Any:
    """Frames in any form as one array; other results themselves."""
    if isinstance(result, np.ma.MaskedArray):
        return result
    if isinstance(result, Iterator):
        result = list(result)
    if isinstance(result, list) and result and isinstance(result[0], np.ndarray):
        return (
            np.stack(result)
            if result[0].ndim == 2 or (len({r.shape for r in result}) == 1 and _is_frame(result[0]))
            else np.concatenate(result)
        )
    return result


def _is_frame(x: np.ndarray) -> bool:
    return x.ndim == 2 or (x.ndim == 3 and x.shape[2] == 3)


def _differs(result: Any, expected: Any, tolerance: float) -> str | None:
    """The difference of two results, in words; None if there is none."""
    if isinstance(result, np.ndarray) and isinstance(expected, np.ndarray):
        if result.shape != expected.shape:
            return f"shape {result.shape} in place of {expected.shape}"
        largest = np.abs(result.astype(np.float64) - expected.astype(np.float64)).max(initial=0.0)
        return None if largest <= tolerance else f"differs by {largest:g} from the result of a plain array"
    if dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            a, b = getattr(result, field.name), getattr(expected, field.name)
            if isinstance(a, np.ndarray) and not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"):
                return f"field {field.name} differs from that of a plain array"
    return None


# Faults.


def _faulty(target: Target, arguments: dict[str, Any], rng: np.random.Generator, count: int) -> Trial:
    """A call with some bad arguments, or with unusual ones that are valid."""
    parameters = [
        name
        for name, parameter in inspect.signature(target.function).parameters.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]
    chosen = [str(name) for name in rng.permutation(parameters)[:count]]
    changed = {**arguments, **{name: _values.unusual(name, arguments, rng) for name in chosen}}
    text = f"{target.name}({_described(changed)})"
    names = _names(target, tuple(chosen) if count == 1 else ())
    before = {name: value.copy() for name, value in changed.items() if isinstance(value, np.ndarray)}

    def judge(result: Any) -> str | None:
        for name, value in before.items():
            if not np.array_equal(value, changed[name], equal_nan=value.dtype.kind in "fc"):
                return f"{name} was changed"
        return _sense(result)

    return Trial(text, partial(_call, target, changed), judge, names)


RELATED = {
    "frames": ("clip", "frame", "image"),
    "fs": ("band", "frequency", "frequencies", "clip", "frames", "highpass", "cutoff", "sensor_fs"),
    "band": ("fs", "clip", "frames"),
    "values": ("signals", "frames", "signal"),
    "before": ("signals", "frames"),
    "after": ("signals", "frames", "before"),
    "a": ("mode", "modes", "shapes"),
    "b": ("mode", "modes", "shapes"),
    "octave": ("transform",),
    "orientations": ("transform",),
    "transition": ("transform",),
}
"""Further words by which a message may name an argument."""


def _names(target: Target, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Words of which a message must contain one: the names of the chosen arguments, or of all."""
    parameters = tuple(inspect.signature(target.function).parameters)
    chosen = chosen or parameters
    more = [word for name in chosen for word in RELATED.get(name, ())]
    return (*chosen, *more)


def _call(target: Target, arguments: dict[str, Any]) -> Any:
    """Call a function, and collect the chunks of an iterator."""
    positional = [p.name for p in inspect.signature(target.function).parameters.values() if p.kind != p.KEYWORD_ONLY]
    arguments = dict(arguments)
    first = [arguments.pop(name) for name in positional if name in arguments and name != "options"]
    result = target.function(*first, **arguments)
    return list(result) if isinstance(result, Iterator) else result


def _sense(result: Any) -> str | None:
    """What is wrong with a result that came from finite numbers, or None."""
    if isinstance(result, np.ma.MaskedArray):
        return "the result is a masked array"
    if isinstance(result, tuple) and result and isinstance(result[0], np.ndarray):
        result = result[0]
    if not dataclasses.is_dataclass(result):
        return is_finite(result)
    fs = getattr(result, "fs", 1.0)
    if not (np.isfinite(fs) and fs > 0):
        return f"the result states fs={fs}"
    values, known = getattr(result, "values", None), getattr(result, "is_known", None)
    same_shape = isinstance(values, np.ndarray) and isinstance(known, np.ndarray) and values.shape == known.shape
    if same_shape and not np.isfinite(values[known]).all():
        return "known values are not finite"
    return None


def _described(arguments: dict[str, Any]) -> str:
    """The arguments of a call in short."""
    return ", ".join(f"{name}={_short(value)}" for name, value in arguments.items())


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array{value.shape} {value.dtype}"
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."


# The functions.


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
    Target("measure.breathing", _of_signal()),
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
    Target("measure.grid", lambda frames, rng: {"size": 12}),
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


@cache
def _signal() -> Any:
    frames = synthetic.render(synthetic.texture((40, 64)), synthetic.sway(90, 30, 3.0, 0.3))
    return vmm.measure.displacement(frames, [(4, 4, 30, 24), (4, 34, 30, 24)], fs=30)
