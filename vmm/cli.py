"""The command line: a verb for every method, and ``demo``, ``info``, ``compare`` and ``warmup``."""

from __future__ import annotations

import argparse
import inspect
import re
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import vmm

_TEMPORAL = ("fir", "butterworth", "iir", "ideal")
_LATER = ("frames", "band", "fs", "alpha", "mask", "temporal")  # options of every method, described once


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 where it did its work, 2 where the input was bad, 130 where it was interrupted."""
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that drafts are removed
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("vmm: interrupted; nothing was written", file=sys.stderr)
        return 130
    except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
        print(f"vmm: error: {_sentence(error)}", file=sys.stderr)
        return 2
    return 0


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vmm", description="Make motions too small to see visible in a video.")
    parser.add_argument("--version", action="version", version=f"vmm {vmm.__version__}")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in vmm.METHODS:
        _add_method(verbs, name)
    _add_demo(verbs)
    _add_info(verbs)
    _add_compare(verbs)
    _add_warmup(verbs)
    return parser


def _add_method(verbs: Any, name: str) -> None:
    """A verb whose options come from the method's signature and docstring."""
    function: Callable[..., Any] = import_module(f"vmm.{name}").magnify
    said, signature = _described(function), inspect.signature(function).parameters
    verb = verbs.add_parser(name, help=said[""], description=said[""])
    verb.add_argument("input", help="a video, a folder of images, a TIFF stack, .cih/.mraw or .cine")
    verb.add_argument("output", help=".mp4, .mkv (lossless), .gif, .tif, or a folder of PNG images")
    band = verb.add_argument("--band", nargs=2, type=float, required=True, metavar=("LOW", "HIGH"))
    band.help = "lowest and highest frequency magnified, in Hz of the camera's time"
    verb.add_argument("--fs", type=float, metavar="HZ", help="rate at which the camera took the frames [the file's]")
    alpha = signature["alpha"].default
    verb.add_argument("--alpha", type=float, default=alpha, help=f"{said['alpha']} [{alpha:g}]")
    for option, parameter in signature.items():
        if option not in _LATER:
            kind = float if parameter.default is None else type(parameter.default)
            shown = f" [{parameter.default}]" if parameter.default is not None else ""
            verb.add_argument(f"--{option}", type=kind, default=parameter.default, help=said[option] + shown)
    usual = signature["temporal"].default.__name__
    verb.add_argument("--temporal", choices=_TEMPORAL, default=usual, help=f"temporal filter [{usual}]")
    where = verb.add_mutually_exclusive_group()
    where.add_argument("--mask", metavar="IMAGE", help="magnify where this image of the frame's size is bright")
    where.add_argument(
        "--roi", nargs=4, type=int, metavar=("TOP", "LEFT", "HEIGHT", "WIDTH"), help="magnify in this box"
    )
    verb.add_argument("--start", type=float, default=0.0, metavar="S", help="first second of the input to take [0]")
    verb.add_argument("--end", type=float, metavar="S", help="second of the input to stop at [its end]")
    verb.add_argument("--scale", type=float, default=1.0, help="size of the output over that of the input [1]")
    verb.add_argument("--rate", type=float, help="frames a second at which the output plays [the file's]")
    verb.add_argument("--compare", action="store_true", help="write input and output side by side")
    verb.add_argument("--overwrite", action="store_true", help="replace the output where it exists")
    verb.add_argument("--quiet", action="store_true", help="no progress bar")
    verb.add_argument("--profile", action="store_true", help="say where the time went")
    own = [option for option in signature if option not in _LATER]
    verb.set_defaults(run=partial(_magnify, name=name, own=own))


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


def _magnify(options: argparse.Namespace, *, name: str, own: list[str]) -> None:
    from vmm.io.write import H264, check_target

    out = Path(options.output)
    check_target(out, overwrite=options.overwrite)
    source = Path(options.input)
    if out.exists() and source.exists() and out.samefile(source):
        raise ValueError(f"{out} is the input itself: choose another name for the output")
    luma = name in vmm.ON_BRIGHTNESS and out.suffix.lower() in H264 and options.scale == 1 and not options.compare
    clip = _opened(options, luma=luma)
    wanted = {option: getattr(options, option) for option in own}
    temporal = getattr(vmm.temporal, options.temporal)
    result = getattr(vmm, name).magnify(
        clip,
        tuple(options.band),
        fs=clip.fs,
        alpha=options.alpha,
        mask=_mask(options),
        temporal=temporal,
        **wanted,
    )
    if options.compare:
        result = vmm.plot.side_by_side(_opened(options), result)
    played = float(clip.rate or clip.fs)
    rate = options.rate if options.rate is not None else clip.rate or clip.fs
    sound = source if rate == clip.rate else None
    span = options.start * clip.fs / played, clip.shape[0] / played  # in the file's time
    spent: dict[str, float] = {}
    shown = _progress(result, clip.shape[0], out.name, options.quiet, spent)
    start = perf_counter()
    vmm.io.write(out, shown, rate, sound=sound, span=span, colour=clip.colour, overwrite=options.overwrite)
    if options.profile:
        _say_where_the_time_went(perf_counter() - start, clip, spent)


def _say_where_the_time_went(total: float, clip: vmm.io.Clip, spent: dict[str, float]) -> None:
    parts = {
        "waiting for the decoder": clip.waited,
        "magnifying": spent["magnify"] - clip.waited,
        "waiting for the encoder": spent["encode"],
        "starting and ending": total - spent["magnify"] - spent["encode"],
    }
    print(f"{total:8.2f} s in all, {clip.shape[0] / total:.1f} frames/s")
    for part, seconds in parts.items():
        print(f"{seconds:8.2f} s {part} ({100 * seconds / total:.0f} %)")


def _opened(options: argparse.Namespace, *, luma: bool = False) -> vmm.io.Clip:
    """The input as a stream, scaled where that is asked for."""
    clip = vmm.io.stream(options.input, fs=options.fs, start=options.start, end=options.end, luma=luma)
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


def _mask(options: argparse.Namespace) -> Any:
    """The mask or box asked for, or None."""
    if options.mask is None:
        if options.roi is None:
            return None
        top, left, height, width = options.roi
        edges = [round(edge * options.scale) for edge in (top, left, top + height, left + width)]
        return edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1]
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


def _add_warmup(verbs: Any) -> None:
    verb = verbs.add_parser("warmup", help="compile every method for this machine, so that no first call waits for it")
    verb.set_defaults(run=_warmup)


def _warmup(options: argparse.Namespace) -> None:
    import numpy as np

    start = perf_counter()
    for frames in (np.zeros((24, 40, 48), np.uint8), np.zeros((24, 40, 48, 3), np.uint8)):
        for name in vmm.METHODS:
            for temporal in _TEMPORAL:
                design = getattr(vmm.temporal, temporal)
                getattr(vmm, name).magnify(frames, (4, 9), fs=30, temporal=design)
    print(f"Compiled in {perf_counter() - start:.1f} s for this machine")


def _add_demo(verbs: Any) -> None:
    verb = verbs.add_parser("demo", help="render a clip with known motion, magnify it, and leave videos and a picture")
    verb.add_argument("folder", nargs="?", default="vmm-demo", help="where to put them [vmm-demo]")
    verb.add_argument("--alpha", type=float, default=20.0, help="what is added to the motion [20]")
    verb.add_argument("--frames", type=int, default=90, help="length of the clip [90]")
    verb.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> None:
    import numpy as np

    from vmm.data import demo, synthetic

    folder = Path(options.folder)
    if options.frames < 30 or not np.isfinite(options.alpha):
        raise ValueError(f"--frames {options.frames} must be at least 30, and --alpha {options.alpha:g} finite")
    folder.mkdir(parents=True, exist_ok=True)
    scene, motion, fs = demo.scene(), demo.displacement(options.frames), demo.FS
    print(f"Rendering a rocket that sways by 0.1 px at 2 Hz, between towers that sway by 0.1 px at 5 Hz: {folder}/")
    clip = synthetic.render(scene, motion, noise=1.0)
    print(f"Magnifying {demo.BAND[0]:g} to {demo.BAND[1]:g} Hz by the phase method, alpha {options.alpha:g}")
    out = vmm.phase.magnify(clip, demo.BAND, fs=fs, alpha=options.alpha)
    vmm.io.write(folder / "input.mkv", clip, fs, overwrite=True)
    vmm.io.write(folder / "output.mp4", out, fs, overwrite=True)
    vmm.io.write(folder / "side-by-side.mp4", vmm.plot.side_by_side(clip, out), fs, overwrite=True)
    top, _, height, _ = demo.ROCKET
    vmm.plot.slices(clip[:, :, 60:380], out[:, :, 60:380], row=top + height // 2, fs=fs).savefig(
        folder / "slice.png", dpi=100
    )
    truth = synthetic.render(scene, motion, dtype=np.float32)
    true, seen = (vmm.measure.displacement(c, [demo.ROCKET])[:, 0, 1] for c in (truth, out))
    achieved = float(np.dot(seen - seen.mean(), true - true.mean()) / np.square(true - true.mean()).sum())
    print(
        f"True magnification {1 + options.alpha:.2f}, achieved {achieved:.2f}: "
        f"see {folder}/side-by-side.mp4 and {folder}/slice.png"
    )


def _alike(*clips: vmm.io.Clip) -> list[Iterator[Any]]:
    """Chunks of the clips in one form: 8 bits, colour where one of them has it, cut to the smallest size."""
    import numpy as np

    height, width = (min(clip.shape[axis] for clip in clips) for axis in (1, 2))
    colour = any(len(clip.shape) == 4 for clip in clips)

    def alike(chunk: Any) -> Any:
        chunk = chunk[:, :height, :width]
        if chunk.dtype == np.uint16:
            chunk = (chunk >> 8).astype(np.uint8)
        return np.repeat(chunk[..., None], 3, axis=-1) if colour and chunk.ndim == 3 else chunk

    return [map(alike, clip) for clip in clips]


def _add_info(verbs: Any) -> None:
    verb = verbs.add_parser("info", help="what a file holds: size, rate, length, codec")
    verb.add_argument("input", help="a video, a folder of images, a TIFF stack, .cih/.mraw or .cine")
    verb.set_defaults(run=_info)


def _info(options: argparse.Namespace) -> None:
    found = vmm.io.info(options.input)
    frames, height, width = found.shape[:3]
    print(f"size    {width} x {height}, {'colour' if len(found.shape) == 4 else 'grey'}, {found.dtype}")
    print(f"frames  {frames}")
    if found.rate:
        rate = float(found.rate)
        exact = f" ({found.rate})" if found.rate.denominator > 1 else ""
        print(f"rate    {rate:.6g} frames/s{exact}, {frames / rate:.3f} s")
    else:
        print("rate    not stated; give --fs")
    print(f"codec   {found.codec} ({found.pixels}){', with sound' if found.sound else ''}")


def _add_compare(verbs: Any) -> None:
    verb = verbs.add_parser("compare", help="two clips side by side: x-t slices as a picture, or a video")
    verb.add_argument("before", help="the clip before")
    verb.add_argument("after", help="the clip after")
    verb.add_argument("output", help="a picture (.png, .pdf, .svg) of slices, or a video")
    line = verb.add_mutually_exclusive_group()
    line.add_argument("--row", type=int, help="row that the slices follow")
    line.add_argument("--col", type=int, help="column that the slices follow [the middle one]")
    verb.add_argument("--fs", type=float, metavar="HZ", help="rate at which the camera took the frames [the file's]")
    verb.add_argument("--overwrite", action="store_true", help="replace the output where it exists")
    verb.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> None:
    from vmm.io.write import check_place

    out = Path(options.output)
    if out.suffix.lower() not in (".png", ".pdf", ".svg"):
        before, after = (vmm.io.stream(path, fs=options.fs) for path in (options.before, options.after))
        pairs = vmm.plot.side_by_side(*_alike(before, after))
        return vmm.io.write(out, pairs, before.rate or before.fs, overwrite=options.overwrite)
    check_place(out, overwrite=options.overwrite)
    (first, fs), (second, _) = (vmm.io.read(path, fs=options.fs) for path in (options.before, options.after))
    vmm.plot.slices(first, second, row=options.row, col=options.col, fs=fs).savefig(out, dpi=100)
    return None
