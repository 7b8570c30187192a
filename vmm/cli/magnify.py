"""A command for every method, its options read from the method's signature and docstring."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import vmm
from vmm.cli.carried import Carried, ferried, filling

TEMPORAL = ("fir", "butterworth", "iir", "ideal")
"""Designs of temporal filters that can be named."""

_ON_LUMA = frozenset({"phase", "riesz", "acceleration", "jerk", "anisotropy", "bilateral"})
"""Methods that leave chroma unchanged, for which the luma of the input is decoded alone."""

_SAID = (
    "frames",
    "band",
    "frequency",
    "fs",
    "alpha",
    "mask",
    "temporal",
    "flow",
)  # options described once, or not here


def add(verbs: Any) -> None:
    """Add the verbs to the parser's."""
    for name in (*vmm.METHODS, *vmm.LEARNED):
        _add_method(verbs, name)


def takes(function: Callable[..., Any], option: str) -> bool:
    """Whether a method has such a parameter."""
    return option in inspect.signature(function).parameters


def _add_method(verbs: Any, name: str) -> None:
    """A verb whose options come from the method's signature and docstring."""
    function: Callable[..., Any] = import_module(f"vmm.{name}").magnify
    said, signature = _described(function), inspect.signature(function).parameters
    verb = verbs.add_parser(name, help=said[""], description=said[""], argument_default=argparse.SUPPRESS)
    verb.add_argument("input", help="a video, a folder of images, a TIFF stack, .cih/.mraw or .cine")
    verb.add_argument("output", help=".mp4, .mkv (lossless), .gif, .tif, or a folder of PNG images")
    if "band" in signature:
        band = verb.add_argument("--band", nargs=2, type=float, action="append", metavar=("LOW", "HIGH"))
        band.help = "lowest and highest frequency magnified, in Hz of the camera's time; again for one band more"
    elif "frequency" in signature:
        verb.add_argument("--frequency", type=float, metavar="HZ", help=said["frequency"])
    verb.add_argument("--fs", type=float, metavar="HZ", help="rate at which the camera took the frames [the file's]")
    alpha = signature["alpha"].default
    verb.add_argument("--alpha", type=float, action="append", help=f"{said['alpha']} [{alpha:g}]; again for each band")
    for option, parameter in signature.items():
        if option not in _SAID:
            shown = f" [{parameter.default}]" if parameter.default is not None else ""
            verb.add_argument(f"--{option}", type=_type(parameter), help=said[option] + shown)
    if "flow" in signature:
        verb.add_argument("--flow", choices=("tvl1", "ilk", "farneback"), help="how motion between frames is found")
    if "temporal" in signature:
        usual = signature["temporal"].default.__name__
        verb.add_argument("--temporal", choices=TEMPORAL, help=f"temporal filter [{usual}]")
    named = [preset for preset, methods in vmm.presets.items() if name in methods]
    if named:
        verb.add_argument(
            "--preset", choices=named, help="settings of a clip of the papers, where nothing else is given"
        )
    where = verb.add_mutually_exclusive_group()
    where.add_argument("--mask", metavar="IMAGE", help="magnify where this image of the frame's size is bright")
    where.add_argument(
        "--roi", nargs=4, type=int, metavar=("TOP", "LEFT", "HEIGHT", "WIDTH"), help="magnify in this box"
    )
    steady = verb.add_argument("--stabilize", action="store_true", default=False)
    steady.help = "follow the box of --roi, or the camera, and magnify what moves beside that"
    verb.add_argument("--start", type=float, default=0.0, metavar="S", help="first second of the input to take [0]")
    verb.add_argument("--end", type=float, default=None, metavar="S", help="second of the input to stop at [its end]")
    verb.add_argument("--scale", type=float, default=1.0, help="size of the output over that of the input [1]")
    verb.add_argument("--rate", type=float, default=None, help="frames a second at which the output plays [the file's]")
    verb.add_argument("--compare", action="store_true", default=False, help="write input and output side by side")
    verb.add_argument("--overwrite", action="store_true", default=False, help="replace the output where it exists")
    verb.add_argument("--quiet", action="store_true", default=False, help="no progress bar")
    verb.add_argument("--profile", action="store_true", default=False, help="say where the time went")
    verb.add_argument("--gpu", action="store_true", default=False, help="magnify on the GPU; say where time went")
    verb.set_defaults(run=partial(_magnify, name=name, wanted=[*signature]))


def _type(parameter: inspect.Parameter) -> Callable[[str], Any]:
    """What an option is read as."""
    default = parameter.default
    if isinstance(default, bool):
        return _truth
    if default is None:
        return str if "str" in parameter.annotation else float
    return type(default)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} must be true or false")
    return text.lower() == "true"


def _described(function: Callable[..., Any]) -> dict[str, str]:
    """What a numpydoc docstring says of each parameter, in one sentence; '' is the summary."""
    text = inspect.getdoc(function) or ""
    said = {"": text.partition("\n\n")[0].replace("\n", " ")}
    section = re.search(r"^Parameters\n-+\n(.*?)\n\n\w+\n-+\n", text, re.DOTALL | re.MULTILINE)
    for entry in re.finditer(r"^(\w[\w, ]*)\n((?:    .*\n?)+)", section.group(1) if section else "", re.MULTILINE):
        sentence = re.split(r"(?<=[.;])\s", " ".join(entry.group(2).split()))[0].rstrip(".;")
        for name in entry.group(1).split(", "):
            said[name] = sentence.replace("%", "%%").replace("`", "")
    return said


def _settings(options: argparse.Namespace, name: str, wanted: list[str]) -> dict[str, Any]:
    """What the method is given: by the command line, else by the preset, else as it does by default."""
    given = {key: value for key, value in vars(options).items() if key in wanted and key not in ("frames", "mask")}
    if "temporal" in given:
        given["temporal"] = getattr(vmm.temporal, given["temporal"])
    if len(given.get("alpha", [])) == 1:
        given["alpha"] = given["alpha"][0]
    if len(given.get("band", [])) == 1:
        given["band"] = tuple(given["band"][0])
    settings = {**vmm.presets[options.preset][name], **given} if hasattr(options, "preset") else given
    needed = next((option for option in ("band", "frequency") if option in wanted), None)
    if needed is not None and needed not in settings and name not in vmm.LEARNED:
        raise ValueError(f"--{needed} in Hz is missing: `vmm suggest {options.input}` finds what moves in a clip")
    return settings


def _magnify(options: argparse.Namespace, *, name: str, wanted: list[str]) -> None:
    from vmm.io.write import H264, check_target

    ferry = ferried() if options.gpu else None
    out = Path(options.output)
    check_target(out, overwrite=options.overwrite)
    source = Path(options.input)
    if out.exists() and source.exists() and out.samefile(source):
        raise ValueError(f"{out} is the input itself: choose another name for the output")
    settings = _settings(options, name, wanted)
    fs = settings.pop("fs", None)
    grey = name in _ON_LUMA and settings.get("color", 0) == 0
    luma = grey and out.suffix.lower() in H264 and options.scale == 1 and not (options.compare or options.stabilize)
    clip = _opened(options, fs, luma=luma)
    if ferry is not None:
        clip = _opened(options, fs, luma=luma, chunk=filling(clip))
    result = _result(options, name, clip, settings, ferry)
    if options.compare:
        result = vmm.plot.side_by_side(_opened(options, fs), result)
    played = float(clip.rate or clip.fs)
    rate = options.rate if options.rate is not None else clip.rate or clip.fs
    sound = source if rate == clip.rate else None
    span = options.start * clip.fs / played, clip.shape[0] / played  # in the file's time
    spent: dict[str, float] = {}
    shown = _progress(result, clip.shape[0], out.name, options.quiet, spent)
    start = perf_counter()
    vmm.io.write(out, shown, rate, sound=sound, span=span, colour=clip.colour, overwrite=options.overwrite)
    if options.profile or options.gpu:
        _say_where_the_time_went(perf_counter() - start, clip, spent, ferry)


def _result(options: argparse.Namespace, name: str, clip: vmm.io.Clip, settings: dict[str, Any], ferry: Any) -> Any:
    """The magnified chunks, on the host."""
    function = getattr(vmm, name).magnify
    if not options.stabilize:
        given = clip if ferry is None else Carried(clip, ferry)
        made = function(given, fs=clip.fs, mask=_mask(options), **settings)
        return made if ferry is None else ferry.back(made)
    if ferry is not None:
        raise ValueError("--stabilize follows things on the host: leave --gpu out")
    band = settings.pop("band" if "band" in settings else "frequency")
    box = _box(options) if hasattr(options, "roi") else None
    mask = None if box else _mask(options)
    settings = {"alpha": inspect.signature(function).parameters["alpha"].default, **settings}
    return vmm.stabilize.magnify(clip, band, fs=clip.fs, roi=box, mask=mask, method=function, **settings)


def _say_where_the_time_went(total: float, clip: vmm.io.Clip, spent: dict[str, float], ferry: Any) -> None:
    copied = {} if ferry is None else {f"waiting for copies {way}": time for way, time in ferry.seconds.items()}
    where = "magnifying" if ferry is None else "waiting for the device"
    parts = {
        "waiting for the decoder": clip.waited,
        where: spent["magnify"] - clip.waited - sum(copied.values()),
        **copied,
        "waiting for the encoder": spent["encode"],
        "starting and ending": total - spent["magnify"] - spent["encode"],
    }
    print(f"{total:8.2f} s in all, {clip.shape[0] / total:.1f} frames/s")
    for part, seconds in parts.items():
        print(f"{seconds:8.2f} s {part} ({100 * seconds / total:.0f} %)")


def _opened(
    options: argparse.Namespace, fs: float | None, *, luma: bool = False, chunk: int | None = None
) -> vmm.io.Clip:
    """The input as a stream, scaled where that is asked for."""
    clip = vmm.io.stream(options.input, fs=fs, chunk=chunk, start=options.start, end=options.end, luma=luma)
    if options.scale == 1:
        return clip
    if not 0 < options.scale <= 4:
        raise ValueError(f"--scale {options.scale:g} must lie in (0, 4]: the size of the output over that of the input")
    return _scaled(clip, options.scale)


def _scaled(clip: vmm.io.Clip, scale: float) -> vmm.io.Clip:
    import numpy as np
    import skimage.transform

    size = tuple(max(1, round(n * scale)) for n in clip.shape[1:3])

    def chunks() -> Iterator[Any]:
        for chunk in clip.again():
            shape = (len(chunk), *size, *chunk.shape[3:])
            small = skimage.transform.resize(chunk, shape, preserve_range=True, anti_aliasing=scale < 1)
            yield np.rint(small).astype(chunk.dtype)

    return vmm.io.Clip(chunks, (clip.shape[0], *size, *clip.shape[3:]), clip.dtype, clip.fs, clip.rate)


def _box(options: argparse.Namespace) -> tuple[int, int, int, int]:
    """The box asked for, in pixels of the output."""
    top, left, height, width = options.roi
    edges = [round(edge * options.scale) for edge in (top, left, top + height, left + width)]
    return edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1]


def _mask(options: argparse.Namespace) -> Any:
    """The mask or box asked for, or None."""
    if not hasattr(options, "mask"):
        return _box(options) if hasattr(options, "roi") else None
    import imageio.v3 as iio
    import numpy as np

    try:
        image = iio.imread(options.mask, plugin="pillow")
    except OSError as error:
        raise ValueError(f"--mask {options.mask}: no image that can be read") from error
    largest = np.iinfo(image.dtype).max if image.dtype.kind in "ui" else 1
    if image.ndim == 3:
        image = image[..., : 1 if image.shape[2] <= 2 else 3].mean(axis=-1)  # without alpha
    mask = np.clip(image.astype(float) / largest, 0, 1)
    if options.scale != 1:
        import skimage.transform

        mask = skimage.transform.resize(mask, tuple(max(1, round(n * options.scale)) for n in mask.shape))
    return mask


def _progress(chunks: Iterator[Any], total: int, name: str, quiet: bool, spent: dict[str, float]) -> Iterator[Any]:
    """The chunks, with a bar that shows frames done and the time left; counts the seconds on either side."""
    from tqdm import tqdm

    spent.update(magnify=0.0, encode=0.0)
    with tqdm(total=total, unit="frame", desc=name, disable=quiet) as bar:
        last = perf_counter()
        for chunk in chunks:
            done = perf_counter()
            spent["magnify"] += done - last
            yield chunk
            last = perf_counter()
            spent["encode"] += last - done
            bar.update(len(chunk))
