"""Options of the verbs that magnify, derived from the signatures and docstrings of the methods."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import vmm
from vmm.cli.inputs import BOX, BOX_HELP, INPUT_HELP, add_clip_options, add_polygon

TEMPORAL = ("fir", "causal", "butterworth", "iir", "ideal")
"""Names of the temporal filters that can be chosen."""

STATIC = ("gradient",)
"""Methods that magnify motion relative to the first frame if ``band`` is None."""

FLOWS = ("tvl1", "ilk", "farneback")
"""Names of the optical flow algorithms that can be chosen."""

_SPECIAL_VALUE = re.compile(r"^By default|^If False|^With 0|\bturns .*\boff\b")
"""Sentences in the description of a parameter that its option repeats."""

_EXPLICIT = ("frames", "band", "frequency", "fs", "alpha", "mask", "temporal", "flow", "progress")
"""Parameters whose options are not derived from the docstring."""


def has_parameter(function: Callable[..., Any], name: str) -> bool:
    """Whether a function has a parameter of that name."""
    return name in inspect.signature(function).parameters


def summary(function: Callable[..., Any]) -> str:
    """The summary of a function's docstring."""
    text = (inspect.getdoc(function) or "").partition("\n\n")[0]
    return _plain(text)


def add_method_options(verb: Any, name: str, function: Callable[..., Any]) -> None:
    """Add all options of a method to its verb, in groups."""
    verb.add_argument("input", help=INPUT_HELP)
    verb.add_argument("output", help="Output: .mp4, .mkv (lossless), .gif, .tif, or a folder of PNG images.")
    _add_common_options(verb.add_argument_group("what: magnification"), name, function)
    _add_own_options(verb.add_argument_group("what: options of this method"), function)
    _add_region_options(verb.add_argument_group("where: region"))
    add_clip_options(verb.add_argument_group("time: camera rate and part of the clip"))
    _add_output_options(verb.add_argument_group("output"))


def _add_common_options(verb: Any, name: str, function: Callable[..., Any]) -> None:
    """Add the frequencies, alpha, the temporal filter and the presets."""
    parameters = inspect.signature(function).parameters
    _add_frequency_options(verb, name, parameters)
    quantity = "color change" if name == "color" else "motion"
    alpha = verb.add_argument("--alpha", type=float, action="append", metavar="FACTOR")
    alpha.help = (
        f"Magnification: the output {quantity} is (1 + alpha) times that of the input, and -1 removes the {quantity}. "
        f"Default: {parameters['alpha'].default:g}."
    )
    if "band" in parameters:
        alpha.help += " With several bands, repeat the option for each band."
    if "temporal" in parameters:
        default = getattr(parameters["temporal"].default, "__name__", parameters["temporal"].default)
        temporal = verb.add_argument("--temporal", choices=TEMPORAL)
        temporal.help = (
            "Temporal filter: fir is a look-ahead filter with linear phase; causal, butterworth and iir are for live "
            f"video, and causal is the steepest of them; ideal needs the whole clip. Default: {default}."
        )
    if "flow" in parameters:
        flow = verb.add_argument("--flow", choices=FLOWS)
        flow.help = "Optical flow algorithm of scikit-image or OpenCV. Default: that of vmm."
    presets = [preset for preset, methods in vmm.presets.items() if name in methods]
    if presets:
        preset = verb.add_argument("--preset", choices=presets, metavar="CLIP")
        preset.help = (
            "Published settings of a well-known clip. Other options take precedence over them. "
            f"Clips: {', '.join(presets)}."
        )


def _add_frequency_options(verb: Any, name: str, parameters: Any) -> None:
    """Add --band or --frequency, and let the other option fail with a hint."""
    if "band" in parameters:
        band = verb.add_argument("--band", nargs=2, type=float, action="append", metavar=("LOW", "HIGH"))
        band.help = (
            "Lowest and highest magnified frequency in Hz, below half of the camera rate. Repeat it for several bands."
        )
        _refuse(verb, "--frequency", f"{name} takes --band LOW HIGH in Hz instead of --frequency")
        if name in STATIC:
            static = verb.add_argument("--static", action="store_true")
            static.help = "Magnify the motion of each frame relative to the first frame, instead of motion in a band."
    elif "frequency" in parameters:
        frequency = verb.add_argument("--frequency", type=float, metavar="HZ")
        frequency.help = "Magnified frequency in Hz; the passband extends from about half to twice the frequency."
        _refuse(verb, "--band", f"{name} takes --frequency, one number in Hz, instead of --band")
    else:
        for option in ("--band", "--frequency"):
            _refuse(verb, option, f"{name} takes no {option}, because it magnifies motion of all frequencies")


def _refuse(verb: Any, option: str, message: str) -> None:
    """Add a hidden option that ends the program with a message."""

    class Refusal(argparse.Action):
        def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
            parser.error(message)

    verb.add_argument(option, nargs="*", action=Refusal, help=argparse.SUPPRESS)


def _add_own_options(verb: Any, function: Callable[..., Any]) -> None:
    """Add one option for each remaining parameter of the method."""
    descriptions = _descriptions(function)
    for name, parameter in inspect.signature(function).parameters.items():
        if name in _EXPLICIT:
            continue
        choices = _choices(function, name, descriptions.get(name, ""))
        convert = _converter(parameter)
        if choices and parameter.default is not None and _is_optional(function, name):
            choices, convert = [*choices, "none"], str
        option = verb.add_argument(f"--{name.replace('_', '-')}", type=convert, choices=choices or None)
        option.help = _help(descriptions.get(name, ""), parameter.default).replace("%", "%%")
        if choices and "none" in choices:
            option.help = re.sub(r"\bNone\b", "none", option.help)
        if isinstance(parameter.default, bool):
            option.metavar, option.nargs, option.const = "{true,false}", "?", True


def _add_region_options(verb: Any) -> None:
    place = verb.add_mutually_exclusive_group()
    mask = place.add_argument("--mask", metavar="IMAGE")
    mask.help = "Image of the frame's size; white pixels are magnified, black pixels are not."
    roi = place.add_argument("--roi", nargs=4, type=int, metavar=BOX)
    roi.help = f"{BOX_HELP} Only this region is magnified. Default: the whole frame."
    add_polygon(place, "Only this region is magnified.")
    stabilize = verb.add_argument("--stabilize", action="store_true", default=False)
    stabilize.help = "Remove camera shake before magnification; with --roi, follow the object in the region instead."


def _add_output_options(verb: Any) -> None:
    scale = verb.add_argument("--scale", type=float, default=1.0, metavar="FACTOR")
    scale.help = "Size of the output relative to the input, from 0.001 to 4. Default: 1."
    rate = verb.add_argument("--playback-rate", type=float, default=None, metavar="FPS")
    rate.help = "Playback rate of the output in frames per second. Default: that of the input, or 30 if it exceeds 250."
    sweep = verb.add_argument("--sweep", metavar="OPTION=VALUE,VALUE")
    sweep.help = (
        "Write a picture, such as sheet.png, of a frame and an x-t slice for each value of a numeric option, from the "
        "part of the clip with the most change, for example --sweep alpha=5,10,20."
    )
    for name, text in (
        ("--preview", "Write the second with the most change, or two periods, at a quarter of the size or 200 px."),
        ("--compare", "Write input and output side by side with labels, or one above the other if frames are wide."),
        ("--overwrite", "Overwrite an existing output file."),
        ("--quiet", "Show no progress bar."),
        ("--profile", "Print how long decoding, magnification and encoding took."),
        ("--gpu", "Magnify on an NVIDIA GPU, and print how long each step took."),
    ):
        verb.add_argument(name, action="store_true", default=False, help=text)


def _converter(parameter: inspect.Parameter) -> Callable[[str], Any]:
    """The function that converts the text of an option to the type of the parameter."""
    default = parameter.default
    if isinstance(default, bool):
        return _boolean
    if default is None:
        return float if "float" in str(parameter.annotation) else str
    return type(default)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} must be true or false, or left out after all other arguments")
    return text.lower() == "true"


def _choices(function: Callable[..., Any], name: str, description: str) -> Sequence[str]:
    """The values of a string option: those of its Literal annotation, or those quoted in its description."""
    hint = _hints(function).get(name)
    options = [hint, *get_args(hint)]
    literal = next((option for option in options if get_origin(option) is Literal), None)
    if literal is not None:
        return [value for value in get_args(literal) if isinstance(value, str)]
    quoted = list(dict.fromkeys(re.findall(r'"([\w-]+)"', description)))
    return quoted if len(quoted) > 1 else []


def _is_optional(function: Callable[..., Any], name: str) -> bool:
    """Whether a parameter accepts None, which the command line writes as none."""
    return type(None) in get_args(_hints(function).get(name))


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function, or none if they cannot be evaluated."""
    try:
        return get_type_hints(function)
    except NameError:  # A type that is imported for type checkers only.
        return {}


def _help(description: str, default: Any) -> str:
    """The first sentence of a description, those about special values and the default, and the default value."""
    first, *others = re.split(r"(?<=\.)\s+(?=[A-Z0-9`\"])", description)
    sentences = [first, *filter(_SPECIAL_VALUE.search, others)]
    text = _plain(" ".join(sentences))
    if default is None:
        return text
    value = (
        str(default).lower() if isinstance(default, bool) else f"{default:g}" if isinstance(default, float) else default
    )
    return f"{text} Default: {value}."


def _descriptions(function: Callable[..., Any]) -> dict[str, str]:
    """The description of each parameter in a numpydoc docstring."""
    text = inspect.getdoc(function) or ""
    descriptions = {}
    section = re.search(r"^Parameters\n-+\n(.*?)\n\n\w+\n-+\n", text, re.DOTALL | re.MULTILINE)
    for entry in re.finditer(r"^(\w[\w, ]*)\n((?:    .*\n?)+)", section.group(1) if section else "", re.MULTILINE):
        for name in entry.group(1).split(", "):
            descriptions[name] = " ".join(entry.group(2).split())
    return descriptions


def _plain(text: str) -> str:
    """The text without markup (citations, roles, backticks), quotes of strings and the abbreviation px."""
    text = re.sub(r"\s*\[\w+\]_", "", text).replace('float("inf")', "inf")
    text = re.sub(r"\bpx\b", "pixels", text)
    return re.sub(r":\w+:`", "", " ".join(text.split())).replace("`", "").replace('"', "")
