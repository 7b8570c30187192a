"""Trials of the command line: random options of all verbs, with a small intact clip as input."""

from __future__ import annotations

import argparse
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import vmm
import vmm.cli
from vmm.data import synthetic

from ._verdicts import Finished, Trial

NUMBERS = (
    "0", "1", "-1", "2", "3.5", "0.5", "7", "30", "100", "1e-9", "1e-3", "1e6", "1e400", "-1e400", "nan", "inf", "-inf",
    "99999999999999999999", "1e-320", "abc", "", "1,5", "0x10", "٣", "None", "true",
)  # fmt: skip
"""Texts for options that take numbers."""

WORDS = ("half", "none", "phase", "xyz", "", "é\n", "-", "a" * 5000, "../x", "in.mkv", "missing.png", "true", "0")
"""Texts for options that take words."""

VERBS = (*vmm.METHODS, "realtime", "lightweight", "magnet", "flowmag")
"""Verbs that write a clip."""

READERS = (
    "suggest", "measure", "spectrum", "compare", "modes", "sound", "pulse", "slice", "info", "convert", "auto", "live",
)  # fmt: skip
"""Verbs that measure, or that only read."""

OUTPUTS = ("out.mkv", "out.mp4", "out.tif", "out.gif", "out", "out.xyz", "in.mkv", "missing/out.mkv", "out.npz")
"""Names of output files, the first of which are valid."""


def trial(rng: np.random.Generator, folder: Path) -> Trial:
    """A command with some random options."""
    (folder / "in.mkv").write_bytes(_clip(folder))
    verb = str(rng.choice(VERBS if rng.random() < 0.6 else READERS))
    arguments = [verb, *_positional(verb, rng)]
    actions = [action for action in _actions()[verb] if action.option_strings and action.dest != "help"]
    if rng.random() < 0.85:
        arguments += _required(verb, actions)
    for index in rng.permutation(len(actions))[: rng.integers(0, 5)]:
        arguments += _option(actions[index], rng)
    if "--quiet" in {option for action in actions for option in action.option_strings}:
        arguments.append("--quiet")
    return Trial(f"vmm {shlex.join(arguments)}"[:400], arguments, _judged, outputs=_outputs(arguments))


def _judged(result: Finished) -> str | None:
    """A command that succeeds prints no NaN that it does not explain, and no warning of Python."""
    return "a warning of Python" if "Warning:" in result.text else None


@cache
def _clip_bytes() -> dict[str, bytes]:
    return {}


def _clip(folder: Path) -> bytes:
    """The bytes of a small video, which is encoded once for each process."""
    stored = _clip_bytes()
    if "clip" not in stored:
        frames = synthetic.render(synthetic.texture((48, 40)), synthetic.sway(40, 30, 3.0, 0.3))
        vmm.io.write(folder / "first.mkv", np.repeat(frames[..., None], 3, axis=-1), 30)
        stored["clip"] = (folder / "first.mkv").read_bytes()
        (folder / "first.mkv").unlink()
    return stored["clip"]


@cache
def _actions() -> dict[str, list[Any]]:
    """Options of each verb."""
    parser = vmm.cli._parser()
    verbs = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return {name: verb._actions for name, verb in verbs.choices.items()}


def _positional(verb: str, rng: np.random.Generator) -> list[str]:
    """The files of a command."""
    output = OUTPUTS[0] if rng.random() < 0.7 else str(rng.choice(OUTPUTS))
    match verb:
        case "compare":
            return ["in.mkv", "in.mkv"]
        case "slice":
            return ["in.mkv", "in.mkv", str(rng.choice(["out.png", "out.svg", *OUTPUTS]))]
        case "convert":
            return ["in.mkv", "out.onnx"]
        case _ if verb in (*VERBS, "live"):
            return ["in.mkv", output]
    return ["in.mkv"]


def _required(verb: str, actions: list[Any]) -> list[str]:
    """The options without which a command is refused."""
    options = {option for action in actions for option in action.option_strings}
    if verb == "convert":
        return ["--as", "magnet"]
    if verb == "auto":
        return ["--out", "out"]
    if verb == "live":
        return ["--band", "2", "4", "--duration", "0.3"]
    if verb not in VERBS or verb in vmm.LEARNED:
        return []
    return ["--band", "2", "4"] if verb in _WITH_BAND and "--band" in options else ["--frequency", "3"]


_ENDS = ("csv", "npz", "html", "png", "svg", "wav", "uff", "xyz")

_WITH_BAND = ("linear", "phase", "riesz", "gradient", "lagrangian", "color")


def _option(action: Any, rng: np.random.Generator) -> list[str]:
    """An option with random values, valid or not."""
    name = str(rng.choice(action.option_strings))
    if action.nargs == 0:
        return [name]
    count = action.nargs if isinstance(action.nargs, int) else int(rng.integers(1, 4)) if action.nargs else 1
    if rng.random() < 0.05:
        count += int(rng.integers(-1, 2))
    return [name, *(_value(action, rng) for _ in range(count))]


def _value(action: Any, rng: np.random.Generator) -> str:
    if action.choices and rng.random() < 0.9:
        return str(rng.choice([str(choice) for choice in action.choices]))
    if action.dest in ("out", "report", "peaks", "save"):
        return str(
            rng.choice(["o.csv", "o.npz", "o.html", "o.png", "o.svg", "o.wav", "o.uff", "o.xyz", "missing/o.csv"])
        )
    if action.dest == "weights":
        return str(rng.choice(["in.mkv", "missing.onnx", "", "."]))
    if action.type in (float, int) or rng.random() < 0.5:
        return str(rng.choice(NUMBERS))
    return str(rng.choice(WORDS))


def _outputs(arguments: list[str]) -> tuple[str, ...]:
    """Names that a command may leave: all that it was given."""
    return tuple(word for word in arguments if word and not word.startswith("-") and word not in ("in.mkv", "."))
