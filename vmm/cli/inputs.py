"""The input of the commands that measure: the clip, the part of it, the regions, and the warnings about it."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import vmm
from vmm.cli.messages import print_message
from vmm.cli.notices import is_first_time, motion_notice

INPUT_HELP = "Video, folder of images, TIFF stack, .cih/.mraw or .cine file, or Zarr store."
FS_HELP = "Camera rate in Hz. Default: the capture rate that the file states, or else its playback rate."
BOX = ("TOP", "LEFT", "HEIGHT", "WIDTH")
BOX_HELP = "Region: its first row and column, its height and its width, in pixels."


def add_clip_options(verb: Any) -> None:
    """Add the options that choose the camera rate and the part of the clip."""
    verb.add_argument("--fs", type=float, metavar="HZ", help=FS_HELP)
    start = verb.add_argument("--start", type=float, default=0.0, metavar="SECONDS")
    start.help = "Start of the part to use, in seconds of the camera's time. Default: 0."
    end = verb.add_argument("--end", type=float, default=None, metavar="SECONDS")
    end.help = "End of the part to use, in seconds of the camera's time. Default: the end of the clip."
    keep_going = verb.add_argument("--keep-going", action="store_true", default=False)
    keep_going.help = "Warn of damaged or missing frames instead of stopping."
    add_playlists(verb)


def add_playlists(verb: Any) -> None:
    """Add the option that allows playlists."""
    playlists = verb.add_argument("--playlists", action="store_true", default=False)
    playlists.help = "Read playlists and manifests, which name other local files; allow it for files that you trust."


def add_input(verb: Any) -> None:
    """Add the input file and the options that choose a part of it."""
    verb.add_argument("input", help=INPUT_HELP)
    add_clip_options(verb.add_argument_group("time: camera rate and part of the clip"))
    verb.add_argument("--quiet", action="store_true", help="Show no progress bar.")


def add_regions(verb: Any, default: str) -> None:
    """Add the options that choose the regions and the unit of length."""
    group = verb.add_argument_group("where: regions and unit of length")
    place = group.add_mutually_exclusive_group()
    box = place.add_argument("--roi", nargs=4, type=int, action="append", metavar=BOX)
    box.help = f"{BOX_HELP} Repeat the option for more regions. Default: {default}."
    name = group.add_argument("--name", action="append", default=[], metavar="NAME")
    name.help = (
        "Name of a region. Give one for each --roi and --polygon, in the same order. Default: the number of the region."
    )
    add_polygon(group, "Repeat the option for more regions.", is_repeated=True)
    place.add_argument(
        "--grid", type=int, metavar="SIZE", help="Divide the frame into square regions with sides of SIZE pixels."
    )
    step = group.add_argument("--grid-step", type=int, metavar="PIXELS")
    step.help = "Distance in pixels between neighboring regions of the grid. Default: SIZE."
    add_still(group)
    length = group.add_argument("--pixel-size", type=float, metavar="LENGTH")
    length.help = "Size of a pixel in the scene, in the unit of --unit. Default: 1, in pixels."
    group.add_argument("--unit", metavar="UNIT", help="Unit of --pixel-size, for example mm. Default: px.")
    object_length = group.add_argument("--length-px", type=float, metavar="PIXELS")
    object_length.help = (
        "Length in pixels of an object whose true length is --length, in place of --pixel-size and --unit."
    )
    group.add_argument("--length", help="True length of that object with its unit, for example 50mm or 2in.")


def add_polygon(group: Any, text: str, *, is_repeated: bool = False) -> None:
    """Add the option for the corners of a polygon."""
    action = _PolygonsAction if is_repeated else _PolygonAction
    option = group.add_argument("--polygon", nargs="+", type=int, action=action)
    option.metavar, option.default = "ROW COLUMN", argparse.SUPPRESS
    option.help = f"Region inside a polygon: row and column of at least three corners, in pixels. {text}"


def _checked_corners(parser: argparse.ArgumentParser, values: list[int]) -> tuple[int, ...]:
    """The corners of --polygon; end the program with a message if they are not pairs of at least three."""
    if len(values) < 6 or len(values) % 2:
        parser.error(f"--polygon {' '.join(map(str, values))} must be row and column of at least three corners")
    return tuple(values)


class _PolygonsAction(argparse.Action):
    """Collects the corners of --polygon among the regions of --roi, in the order of the command line."""

    def __call__(self, parser: argparse.ArgumentParser, options: Any, values: Any, *_: Any) -> None:
        options.roi = [*(options.roi or ()), _checked_corners(parser, values)]


class _PolygonAction(argparse.Action):
    """Takes the corners of one --polygon."""

    def __call__(self, parser: argparse.ArgumentParser, options: Any, values: Any, *_: Any) -> None:
        setattr(options, self.dest, _checked_corners(parser, values))


def as_roi(numbers: Sequence[int], size: tuple[int, ...]) -> Any:
    """The box of four numbers, or the mask of the corners of a polygon in a frame of `size` (height, width)."""
    if len(numbers) == 4:
        return tuple(numbers)
    try:
        return vmm.measure.polygon(list(zip(numbers[::2], numbers[1::2], strict=True)), (size[0], size[1]))
    except ValueError as error:
        raise ValueError(f"--polygon {' '.join(map(str, numbers))}: {error}") from error


def as_rois(options: argparse.Namespace, regions: Sequence[Sequence[int]]) -> list[Any]:
    """Boxes, and masks of polygons, for the frames of the input."""
    is_plain = all(len(numbers) == 4 for numbers in regions)
    size = () if is_plain else open_part(options, gray=True).shape[1:3]
    return [as_roi(numbers, size) for numbers in regions]


def add_still(group: Any) -> None:
    """Add the option that chooses still regions."""
    still = group.add_argument("--still", nargs="+", action=_StillAction, metavar=("TOP LEFT HEIGHT WIDTH", "auto"))
    still.help = (
        "Region at rest in the scene, whose motion, that of the camera, is subtracted. Repeat the option for "
        "more regions, far from one another: rotation of the camera is then subtracted too. With auto, regions are "
        "searched. More than four numbers are the corners of a polygon. Default: none."
    )


class _StillAction(argparse.Action):
    """Collects the boxes of --still, or the word auto."""

    def __call__(self, parser: argparse.ArgumentParser, options: Any, values: Any, *_: Any) -> None:
        regions = getattr(options, self.dest)
        if values == ["auto"] and regions is None:
            setattr(options, self.dest, "auto")
        elif _is_region(values) and regions != "auto":
            setattr(options, self.dest, [*(regions or ()), tuple(map(int, values))])
        else:
            parser.error(
                f"--still {' '.join(values)} must be TOP LEFT HEIGHT WIDTH in pixels, row and column of at least three "
                "corners of a polygon, or auto alone"
            )


def _is_region(words: Sequence[str]) -> bool:
    """Whether words are the four numbers of a box, or the corners of a polygon."""
    return (len(words) == 4 or (len(words) >= 6 and len(words) % 2 == 0)) and all(map(str.isdecimal, words))


def open_part(options: argparse.Namespace, *, gray: bool = False) -> vmm.io.Clip:
    """Open the part of the clip that the options choose."""
    return vmm.io.stream(options.input, fs=options.fs, gray=gray, **part_of_input(options))


def part_of_input(options: argparse.Namespace) -> dict[str, Any]:
    """The options that choose the part of the clip, as keyword arguments."""
    return {name: getattr(options, name) for name in ("start", "end", "keep_going", "playlists")}


def open_clip(options: argparse.Namespace, *, gray: bool = True) -> vmm.io.Clip:
    """Open the clip; a progress bar shows the number of frames read."""
    clip = open_part(options, gray=gray)
    if options.quiet:
        return clip

    def chunks_with_bar() -> Iterator[Any]:
        from tqdm import tqdm

        name = Path(options.input).name
        with tqdm(total=clip.shape[0], unit="frame", desc=name, leave=False, disable=None) as bar:
            for chunk in clip.reopen():
                yield chunk
                bar.update(len(chunk))

    return clip.with_chunks(chunks_with_bar, clip.shape)


def first_frame(options: argparse.Namespace) -> Any:
    """Luma (H, W) of the first frame of the clip."""
    return next(open_part(options, gray=True))[0]


def length_unit(options: argparse.Namespace) -> dict[str, Any]:
    """Size and unit of a pixel, as keyword arguments."""
    size, unit = options.pixel_size, options.unit or "px"
    if (options.length_px is None) != (options.length is None):
        raise ValueError("--length-px and --length belong together, for example --length-px 210 --length 50mm")
    if options.length is not None:
        if size is not None or options.unit is not None:
            raise ValueError("--length-px and --length take the place of --pixel-size and --unit: give one of the two")
        size, unit = vmm.measure.pixel_size(options.length_px, options.length)
    elif size is not None and size != 1 and unit == "px":
        raise ValueError(f"--pixel-size {size:g} needs the unit of that length, for example --unit mm")
    elif size is None and unit != "px":
        raise ValueError(
            f"--unit {unit} needs the size of a pixel in that unit: give --pixel-size, or a known length in the "
            "picture, for example --length-px 210 --length 50mm"
        )
    return {"pixel_size": size, "unit": unit}


def still_regions(options: argparse.Namespace) -> Any:
    """The regions of --still, or None. Those that auto finds are printed, and take its place in the options."""
    if options.still == "auto":
        options.still = vmm.measure.still_regions(open_part(options, gray=True))
        words = ", ".join(f"--still {' '.join(map(str, box))}" for box in options.still)
        print(f"Regions at rest: {words}")
    return options.still and as_rois(options, options.still)


def requested_regions(options: argparse.Namespace) -> Any:
    """The regions of --roi and --polygon, or of --grid, or None."""
    if options.grid_step is not None and options.grid is None:
        raise ValueError(f"--grid-step {options.grid_step} needs --grid, the size of the regions in pixels")
    if options.grid is not None and options.roi:
        raise ValueError("--grid takes the place of --roi and --polygon: give one of them")
    if options.grid is not None:
        return vmm.measure.grid(options.grid, options.grid_step)
    boxes = as_rois(options, options.roi or ())
    if options.name and (len(options.name) != len(boxes) or len(set(options.name)) < len(boxes)):
        names = ", ".join(options.name)
        raise ValueError(f"--name {names} must give each of the {len(boxes)} regions of --roi its own name")
    return dict(zip(options.name, boxes, strict=True)) if options.name else boxes or None


def check_box(box: tuple[int, ...], size: tuple[int, ...]) -> None:
    """Raise unless the box of --roi is inside a frame of `size` (height, width)."""
    row, col, height, width = box
    fits = min(row, col) >= 0 and min(height, width) > 0 and row + height <= size[0] and col + width <= size[1]
    if not fits:
        raise ValueError(
            f"--roi {row} {col} {height} {width} (TOP LEFT HEIGHT WIDTH) must be inside the frame, "
            f"which is {size[0]} pixels high and {size[1]} wide"
        )


@contextmanager
def warnings_to_stderr(options: argparse.Namespace, *, about_motion: bool = True) -> Iterator[list[str]]:
    """Print each warning once, in one line, to standard error; the list of the messages so far is yielded.

    If the command measures motion, the first warning is about properties of the input that change the numbers. It is
    printed by the first command that reads the file, but always in the list.
    """
    messages: list[str] = []

    def print_warning(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in messages:
            messages.append(str(message))
            print_message("warning", message)

    if about_motion and (message := motion_notice(Path(options.input), playlists=options.playlists)):
        if is_first_time(Path(options.input), message):
            print_warning(message)
        else:
            messages.append(message)
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = print_warning
        yield messages
