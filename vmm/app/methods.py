"""The methods and settings that the page offers, and their command lines and Python lines."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import vmm
from vmm.app.clip import OpenClip

METHODS = ("gradient", "phase", "riesz", "linear", "color", "acceleration", "jerk", "lightweight", "realtime")
"""The methods that the page offers, the recommended one first. Others are on the command line."""

NUMBERS = ("sigma", "limit", "direction")
"""Parameters of methods that are numbers and that the page offers where a method has them."""

_MAX_SHAPES = 8
"""Deflection shapes of a report."""

FORMATS = {"mp4": "H.264, for players", "mkv": "FFV1, lossless", "gif": "animation"}
"""Extensions of rendered clips, and their descriptions."""


def offered() -> list[dict[str, Any]]:
    """Each method with its defaults and the settings that it has."""
    return [_description(name) for name in METHODS]


def _description(name: str) -> dict[str, Any]:
    function = getattr(vmm, name).magnify
    parameters = inspect.signature(function).parameters
    numbers = {key: parameters[key].default for key in NUMBERS if key in parameters}
    summary = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")
    frequency = "frequency" in parameters
    return {
        "name": name,
        "summary": summary,
        "frequency": frequency,
        "alpha": parameters["alpha"].default,
        "numbers": numbers,
    }


def arguments(settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The method and its keyword arguments; raise if a setting has a wrong type or is missing."""
    name = settings.get("method")
    if name not in METHODS:
        raise ValueError(f"method={name!r} must be one of {', '.join(METHODS)}")
    description = _description(name)
    band: Any = settings.get("band")
    is_pair = isinstance(band, list) and len(band) == 2
    if not is_pair or not all(_is_number(edge) for edge in band):
        raise ValueError("band must be two numbers in Hz: choose a peak, or drag over the spectrum")
    low, high = map(float, band)
    chosen: dict[str, Any] = (
        {"frequency": round((low * high) ** 0.5, 6)} if description["frequency"] else {"band": (low, high)}
    )
    for key in ("alpha", *description["numbers"]):
        value = settings.get(key)
        if value is not None:
            if not _is_number(value):
                raise ValueError(f"{key}={value!r} must be a number")
            chosen[key] = float(value)
    return name, chosen


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def render_words(clip: OpenClip, settings: Mapping[str, Any], target: str, roi: Any = None) -> list[str]:
    """Words of the command, after ``vmm``, that magnifies the part of the clip in use."""
    name, chosen = arguments(settings)
    return [name, _file(clip), target, *_part_words(clip), *_setting_words(chosen, roi)]


def batch_words(
    clip: OpenClip, settings: Mapping[str, Any], files: list[str], folder: str, roi: Any = None
) -> list[str]:
    """Words of the command, after ``vmm``, that magnifies other files with the same settings and camera rate."""
    name, chosen = arguments(settings)
    rate = ["--fs", f"{clip.stated_fs:.8g}"] if clip.stated_fs else []
    return ["batch", *files, "--out", folder, "--", name, *rate, *_setting_words(chosen, roi)]


def _setting_words(chosen: Mapping[str, Any], roi: Any) -> list[str]:
    words = []
    for key, value in chosen.items():
        # A negative number in the form of an exponent would be read as an option.
        words += [f"--{key}", *(f"{number:.6g}" for number in (value if isinstance(value, tuple) else (value,)))]
    return [*words, *(_place_words(roi) if roi else [])]


def _place_words(region: Mapping[str, Any], option: str = "") -> list[str]:
    """The option of a region, which is named after its form unless another name is given."""
    if region.get("polygon") is None:
        return [option or "--roi", *map(str, region["box"])]
    return [option or "--polygon", *(str(n) for corner in region["polygon"] for n in corner)]


def measure_words(clip: OpenClip, regions: list[dict[str, Any]], unit: Mapping[str, Any]) -> list[str]:
    """Words of the command, after ``vmm``, that measures the regions of the page."""
    words = ["measure", _file(clip), *_part_words(clip)]
    moving = [region for region in regions if not region["still"]]
    for region in moving:
        words += _place_words(region)
    if len({region["name"] for region in moving}) == len(moving):
        for region in moving:
            words += [f"--name={region['name']}"]
    for region in regions:
        words += _place_words(region, "--still") if region["still"] else []
    if unit.get("pixel_size") is not None:
        words += ["--pixel-size", f"{unit['pixel_size']:.8g}", "--unit", unit["unit"]]
    quantity = unit.get("quantity", "displacement")
    return [*words, *(["--quantity", quantity] if quantity != "displacement" else [])]


def report_commands(
    clip: OpenClip, settings: Mapping[str, Any], words: list[str], target: Path, roi: Any = None
) -> list[list[str]]:
    """The commands that magnify the clip, if a band is set, and that write a report; `words` measure the regions."""
    frequencies = settings.get("frequencies") or []
    if not isinstance(frequencies, list) or len(frequencies) > _MAX_SHAPES or not all(map(_is_number, frequencies)):
        raise ValueError(f"frequencies={frequencies!r} must be a list of at most {_MAX_SHAPES} numbers in Hz")
    words = [*words, "--report", str(target)]
    words += [word for frequency in frequencies for word in ("--frequency", f"{frequency:.8g}")]
    if settings.get("band") is None:
        return [words]
    name, chosen = arguments(settings)
    low, high = settings["band"]
    magnified = target.with_name(f"{name}, {low:g} to {high:g} Hz, alpha {chosen.get('alpha', 10):g}.mkv")
    return [render_words(clip, settings, str(magnified), roi), [*words, "--magnified", str(magnified)]]


def line(words: list[str]) -> str:
    """The command line for a shell."""
    return shlex.join(["vmm", *words])


def python_line(clip: OpenClip, settings: Mapping[str, Any], roi: Any = None) -> str:
    """The same magnification in Python."""
    name, chosen = arguments(settings)
    options = {**({"fs": clip.stated_fs} if clip.stated_fs else {}), **clip.part()}
    opened = "".join(f", {key}={value:.8g}" for key, value in options.items())
    settings_text = "".join(f", {key}={_text(value)}" for key, value in chosen.items())
    mask = f", mask={_mask_text(roi)}" if roi else ""
    return (
        f"import vmm\n\nclip = vmm.io.stream({_file(clip)!r}{opened})\n"
        f"out = vmm.{name}.magnify(clip, fs=clip.fs{settings_text}{mask})\n"
        f'vmm.io.write("out.mp4", out, {float(clip.rate):.8g}, fs=clip.fs)\n'
    )


def _mask_text(region: Mapping[str, Any]) -> str:
    """A region as an argument in Python."""
    if region.get("polygon") is None:
        return str(tuple(region["box"]))
    return f"vmm.measure.polygon({region['polygon']}, clip.shape[1:3])"


def _text(value: Any) -> str:
    return f"({value[0]:.6g}, {value[1]:.6g})" if isinstance(value, tuple) else f"{value:.6g}"


def _file(clip: OpenClip) -> str:
    """Path of the clip as a command takes it: a name that begins with a dash would be read as an option."""
    path = str(clip.path)
    return f"./{path}" if path.startswith("-") else path


def _part_words(clip: OpenClip) -> list[str]:
    options = {**({"fs": clip.stated_fs} if clip.stated_fs else {}), **clip.part()}
    return [word for name, value in options.items() for word in (f"--{name}", f"{value:.8g}")]
