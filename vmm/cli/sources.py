"""What the commands that measure read: a clip, a part of it, regions; and what they warn of."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import vmm


def add_source(verb: Any) -> None:
    """Options that say which clip, and which part of it."""
    verb.add_argument("input", help="a video, a folder of images, a TIFF stack, .cih/.mraw or .cine")
    verb.add_argument("--fs", type=float, metavar="HZ", help="rate at which the camera took the frames [the file's]")
    verb.add_argument("--start", type=float, default=0.0, metavar="S", help="first second of the input to take [0]")
    verb.add_argument("--end", type=float, metavar="S", help="second of the input to stop at [its end]")
    verb.add_argument("--quiet", action="store_true", help="no progress bar")


def add_regions(verb: Any, usual: str) -> None:
    """Options that say where, and in which unit."""
    where = verb.add_mutually_exclusive_group()
    box = where.add_argument("--roi", nargs=4, type=int, action="append", metavar=("TOP", "LEFT", "HEIGHT", "WIDTH"))
    box.help = f"a region, in pixels; again for one region more [{usual}]"
    where.add_argument("--grid", type=int, metavar="SIZE", help="square regions of so many pixels over the whole frame")
    verb.add_argument("--grid-step", type=int, metavar="PIXELS", help="from one region of the grid to the next [SIZE]")
    verb.add_argument("--pixel-size", type=float, default=1.0, metavar="LENGTH", help="length of a pixel in the scene")
    verb.add_argument("--unit", default="px", help="unit of that length, such as mm [px]")


def opened(options: argparse.Namespace, *, grey: bool = True) -> vmm.io.Clip:
    """The clip, with a bar that shows how much of it was read."""
    clip = vmm.io.stream(options.input, fs=options.fs, start=options.start, end=options.end, grey=grey)
    if options.quiet:
        return clip

    def watched() -> Iterator[Any]:
        from tqdm import tqdm

        name = Path(options.input).name
        with tqdm(total=clip.shape[0], unit="frame", desc=name, leave=False, disable=None) as bar:
            for chunk in clip.reopen():
                yield chunk
                bar.update(len(chunk))

    return vmm.io.Clip(watched, clip.shape, clip.dtype, clip.fs, clip.rate)


def first_frame(options: argparse.Namespace) -> Any:
    """The brightness (H, W) of the frame that the clip begins with."""
    return next(vmm.io.stream(options.input, fs=options.fs, start=options.start, end=options.end, grey=True))[0]


def scale(options: argparse.Namespace) -> dict[str, Any]:
    """Size and unit of a pixel."""
    if options.pixel_size != 1 and options.unit == "px":
        raise ValueError(f"--pixel-size {options.pixel_size:g} needs the unit of that length: --unit mm, say")
    return {"pixel_size": options.pixel_size, "unit": options.unit}


def asked(options: argparse.Namespace) -> Any:
    """The regions that were asked for, or None."""
    if options.grid_step is not None and options.grid is None:
        raise ValueError(f"--grid-step {options.grid_step} needs --grid, the size of the regions")
    if options.grid is not None:
        return vmm.measure.grid(options.grid, options.grid_step)
    return [tuple(box) for box in options.roi] if options.roi else None


@contextmanager
def outspoken(options: argparse.Namespace) -> Iterator[list[str]]:
    """Say what is warned of on standard error, a line each and each once; that the codec harms small motion, first."""
    said: list[str] = []

    def say(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in said:
            said.append(str(message))
            print(f"vmm: warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = say
        vmm.measure.check_codec(options.input)
        yield said
