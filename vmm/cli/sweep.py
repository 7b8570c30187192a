"""The option ``--sweep``: one picture of the results of several values of an option."""

from __future__ import annotations

import argparse
import inspect
import math
import warnings
from pathlib import Path
from typing import Any

import vmm
from vmm.cli.messages import printable
from vmm.cli.outputs import PICTURES, check_not_input
from vmm.cli.preview import PREVIEW_SCALE, preview_part
from vmm.engine.windows import ShortClipWarning

_MAX_VALUES = 12
"""Largest number of values: pictures of more would be too small."""


_NAMES = {"row": "row", "col": "column"}


def sheet(options: argparse.Namespace, name: str, settings: dict[str, Any]) -> None:
    """Write the picture: for the clip and each value of the option, a frame and an x-t slice.

    Parameters
    ----------
    options
        The options of the command.
    name
        Name of the method.
    settings
        Keyword arguments of the method, of which one is replaced by each value.
    """
    import numpy as np

    from vmm.cli.magnify import magnification_text, magnified, open_scaled
    from vmm.io.destination import check_destination
    from vmm.io.drafts import draft
    from vmm.io.rates import default_playback_rate
    from vmm.plot._clearest import clearest_line

    out = Path(options.output)
    if out.suffix.lower() not in PICTURES:
        raise ValueError(f"{out}: --sweep writes a picture ({', '.join(PICTURES)}), for example sheet.png")
    if options.gpu:
        raise ValueError("--sweep runs on the host only: leave --gpu out")
    check_destination(out, overwrite=options.overwrite)
    check_not_input(out, options.input)
    option, values = _values(options.sweep, name)
    fs = settings.pop("fs", None)
    if "white" in inspect.signature(getattr(vmm, name).magnify).parameters:
        settings.setdefault("white", open_scaled(options, fs).white)
    small = argparse.Namespace(**{**vars(options), "scale": options.scale * PREVIEW_SCALE})
    clips = [open_scaled(each, fs) for each in (options, small)]
    part = preview_part(clips[1], {**settings, option: values[0]}, default_playback_rate(clips[0].fps, clips[0].fs))
    if not part.is_whole:
        warnings.simplefilter("ignore", ShortClipWarning)  # The part is short, and not the clip.
    clip, quarter = (part.with_margin(each) for each in clips)

    def results(each: argparse.Namespace, source: vmm.io.Clip, value: float) -> Any:
        source = source.with_chunks(source.reopen, source.shape)  # A clip is read once from its first frame.
        return part.without_margin(magnified(each, name, source, {**settings, option: value}, None))

    before = np.concatenate(list(part.without_margin(quarter.reopen())))
    line, frame = clearest_line(before, np.concatenate(list(results(small, quarter, values[-1]))))
    limits = {"row": clip.shape[1] - 1, "col": clip.shape[2] - 1}
    line = {key: min(round((index + 0.5) / PREVIEW_SCALE), limits[key]) for key, index in line.items()}
    views: dict[str, Any] = {"original": part.without_margin(clip.reopen())}
    views |= {f"{option} {value:g}": results(options, clip, value) for value in values}
    figure = vmm.plot.grid(views, **line, frame=frame, columns=math.ceil(math.sqrt(len(views))), size=4.0)
    text = magnification_text(name, {**settings, option: values[0]}).replace(f", {option} {values[0]:g}", "")
    key, index = next(iter(line.items()))
    where = (
        f"frame at {(part.start + frame) / clip.fs:.3g} s, and {_NAMES[key]} {index} (red) over {part.text(clip.fs)}"
    )
    source = printable(Path(options.input).name)  # A dollar sign in a name begins no formula.
    figure.suptitle(f"{source}, {text}\n{where}", fontsize="medium", parse_math=False)
    with draft(out, overwrite=options.overwrite) as temporary:
        figure.savefig(temporary, dpi=100)


def _values(text: str, name: str) -> tuple[str, list[float]]:
    """The name of the option and its values, from a text such as ``alpha=5,10,20``."""
    option, separator, numbers = text.partition("=")
    option = option.strip().lstrip("-").replace("-", "_")
    kinds = _numeric(name)
    if option not in kinds or not separator:
        raise ValueError(
            f"--sweep {text} must be OPTION=VALUE,VALUE with one of the options {', '.join(kinds).replace('_', '-')}"
        )
    try:
        values = [kinds[option](number) for number in numbers.split(",")]
    except ValueError as error:
        raise ValueError(f"--sweep {text}: the values must be numbers with commas between them") from error
    if len(values) > _MAX_VALUES:
        raise ValueError(f"--sweep {text} has {len(values)} values: give at most {_MAX_VALUES}")
    return option, values


def _numeric(name: str) -> dict[str, type]:
    """The types of the options of a method that are single numbers."""
    kinds: dict[str, type] = {}
    for key, parameter in inspect.signature(getattr(vmm, name).magnify).parameters.items():
        default = parameter.default
        is_number = isinstance(default, int | float) and not isinstance(default, bool)
        if is_number or key == "frequency" or (default is None and "float | None" in str(parameter.annotation)):
            kinds[key] = int if isinstance(default, int) else float
    return {key: kind for key, kind in kinds.items() if key not in ("fs", "white")}
