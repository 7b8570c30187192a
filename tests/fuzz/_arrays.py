"""Trials of Python functions: random shapes, types, layouts and chunks, and bad types and values of arguments."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from vmm.data import synthetic

from . import _values
from ._targets import TARGETS, Target
from ._verdicts import Trial, is_finite

N_LAYOUTS = 12
"""Number of ways in which ``_laid_out`` arranges a clip."""

SCALES = (1e-12, 1e-6, 1e6, 1e12)
"""Factors of floating-point clips, of which results must not depend."""


class Planted(Exception):
    """The error of an iterator of chunks, which must reach the caller."""


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
    n = int(rng.integers(2, 25))
    shape = tuple(int(side) for side in rng.integers(16, 37, 2))
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
        if "path" in arguments:
            return None
        return _differs(_joined(result), _joined(_call(target, arguments)), 0.0) or _sense(result)

    raises = Planted if form == "iterator that raises" else None
    if raises:
        judge = _never_raised
    text = f"{target.name}({_described({**arguments, 'frames': clip})}) with frames as {form}"
    outputs = (arguments["path"],) if "path" in arguments else ()
    return Trial(text, partial(_call, target, changed), judge, _names(target, ()), outputs, raises)


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
        if result.dtype.kind == "f":  # Sums of other orders are rounded otherwise.
            tolerance = max(tolerance, 1e-5 * float(np.abs(expected).max(initial=0.0)))
        return None if largest <= tolerance else f"differs by {largest:g} from the result of a plain array"
    if dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            a, b = getattr(result, field.name), getattr(expected, field.name)
            is_close = not isinstance(a, np.ndarray) or (
                a.shape == b.shape and np.allclose(a, b, rtol=1e-4, atol=5e-5, equal_nan=True)
            )
            if not is_close:  # Sums over chunks are rounded otherwise.
                return f"field {field.name} differs from that of a plain array"
    return None


# Faults.


def _faulty(target: Target, arguments: dict[str, Any], rng: np.random.Generator, count: int) -> Trial:
    """A call with some bad arguments, or with unusual ones that are valid."""
    parameters = [
        name
        for name, parameter in inspect.signature(target.function).parameters.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) and name not in ("dtype", "xp")
    ]
    chosen = [str(name) for name in rng.permutation(parameters)[:count]]
    changed = {**arguments, **{name: _values.unusual(name, arguments, rng) for name in chosen}}
    text = f"{target.name}({_described(changed)})"
    names = _names(target, ())
    before = {name: value.copy() for name, value in changed.items() if isinstance(value, np.ndarray)}

    def judge(result: Any) -> str | None:
        for name, value in before.items():
            if not np.array_equal(value, changed[name], equal_nan=value.dtype.kind in "fc"):
                return f"{name} was changed"
        if target.name in UNBOUNDED:
            return "the result is not a number" if np.isnan(result).any() else None
        return _sense(result)

    path = changed.get("path")
    outputs = (path,) if isinstance(path, str) and path else ()
    return Trial(text, partial(_call, target, changed), judge, names, outputs)


UNBOUNDED = ("measure.displacement_crlb",)
"""Functions whose result may be infinite, as the bound in a direction without texture is."""

RELATED = {
    "shape": ("frames",),
    "frames": ("clip", "frame", "image"),
    "fs": ("band", "frequency", "frequencies", "clip", "frames", "highpass", "cutoff", "sensor_fs"),
    "band": ("fs", "clip", "frames"),
    "values": ("signals", "frames", "signal"),
    "before": ("signals", "frames"),
    "after": ("signals", "frames", "before"),
    "a": ("mode", "modes", "shapes"),
    "b": ("mode", "modes", "shapes"),
    "path": ("format", "formats", "name", "file", "folder"),
    "result": ("WAV", "signal", "table", "saved"),
    "color": ("chroma",),
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
    values, is_known = getattr(result, "values", None), getattr(result, "is_known", None)
    if not (isinstance(values, np.ndarray) and isinstance(is_known, np.ndarray)):
        return None
    if values.shape == is_known.shape and not np.isfinite(values[is_known]).all():
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
