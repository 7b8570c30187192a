"""Every method on real clips, side by side: one frame, and one line of pixels over time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import vmm
from benchmarks.study.entrants import entrants
from benchmarks.study.types import Block, Job, Pictures, Results, Setting, Table, Values
from vmm.data import demo
from vmm.data.synthetic import render

TITLE = "Contact sheet"
TEXT = (
    "Clips of the papers, if their files exist, cropped, downsampled and shortened to a few seconds, and the demo of "
    "the library. Each image shows a frame, and the pixels on the red line over time. All methods have the same band "
    "and alpha, from the papers; methods with a single frequency use the center of the band. Nothing is measured "
    "here."
)
VIDEOS = Path(__file__).parents[3] / "shared" / "videos"
MAX_FRAMES, SIDE = 45, 192  # Number of frames, and number of columns.


class Clip(NamedTuple):
    """A file: first frame, temporal and spatial downsampling factors, band and rate in Hz, alpha, crop and line."""

    file: str
    first: int
    every: int
    by: int
    band: tuple[float, float]
    fs: float
    alpha: float
    middle: tuple[float, float]  # center of the crop, as a fraction of the frame
    line: tuple[str, float]  # axis and position of the line, as a fraction of the crop


CLIPS = {
    "baby": Clip("baby.mp4", 0, 3, 2, (0.4, 1.2), 30.0, 15.0, (0.5, 0.5), ("col", 0.5)),
    "crane": Clip("crane_crop.mp4", 0, 3, 1, (0.15, 0.4), 24.0, 40.0, (0.3, 0.7), ("row", 0.35)),
    "guitar": Clip("guitar.mp4", 0, 1, 1, (72.0, 92.0), 600.0, 25.0, (0.5, 0.45), ("col", 0.3)),
    "gun shot": Clip("gun_shot.mp4", 10, 1, 2, (16.0, 24.0), 480.0, 8.0, (0.6, 0.5), ("col", 0.5)),
    "cat toy": Clip("cat_toy.mp4", 100, 4, 3, (2.4, 3.6), 240.0, 5.0, (0.6, 0.5), ("row", 0.55)),
    "balloon": Clip("balloon.avi", 50, 1, 3, (2.0, 4.0), 30.0, 8.0, (0.5, 0.5), ("col", 0.3)),
    "face": Clip("face.mp4", 0, 2, 3, (0.8, 1.2), 30.0, 10.0, (0.5, 0.5), ("col", 0.5)),
}
DEMO = "demo"


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """An image of the demo and of each available clip; of one clip in the quick setting, of none in the tiny one."""
    available = [name for name, one in CLIPS.items() if (VIDEOS / one.file).exists()]
    names = [] if setting.name == "tiny" else available if setting.name == "full" else available[:1]
    for name in (DEMO, *names):
        yield Job((name,), partial(_write_sheet, name, setting, out))


def _write_sheet(name: str, setting: Setting, out: Path) -> Values:
    """Write the image; return its file name and the failures."""
    frames, band, fs, alpha, line = read_clip(name, setting.name == "tiny")
    clips, failed = {"before": frames}, []
    for one in entrants(setting).values():
        if one.kind == "nothing":
            continue
        try:
            clips[one.name] = np.asarray(one.magnify(frames, sum(band) / 2, fs, alpha, band=band))
        except Exception as error:  # a failure is the result of the method
            failed.append(f"{one.name}: {type(error).__name__}: {error}")
    path = out / f"contact-sheet-{name.replace(' ', '-')}.png"
    vmm.plot.grid(clips, columns=6, **line).savefig(path, dpi=80)
    return {
        "file": path.name,
        "caption": f"{name}: {band[0]:g} to {band[1]:g} Hz, alpha {alpha:g}",
        "failed": "; ".join(failed),
    }


@cache
def read_clip(name: str, small: bool = False) -> tuple[np.ndarray, tuple[float, float], float, float, dict[str, int]]:
    """Frames, band, rate, alpha and line of a clip; a ``KeyError`` if there is none of this name."""
    if name == DEMO:
        whole = render(demo.scene(), demo.displacement(12 if small else MAX_FRAMES))
        frames = crop(whole, (0.45, 0.5), 64 if small else SIDE)
        return frames, demo.BAND, demo.FS, 30.0, {"row": frames.shape[1] // 4}
    one = CLIPS[name]
    read, _ = vmm.io.read(VIDEOS / one.file)
    frames = crop(downsampled(read[one.first :: one.every][:MAX_FRAMES], one.by), one.middle, SIDE)
    axis, position = one.line
    length = frames.shape[1 if axis == "row" else 2]
    return frames, one.band, one.fs / one.every, one.alpha, {axis: int(position * length)}


def downsampled(frames: np.ndarray, by: int) -> np.ndarray:
    """Frames (T, H, W, 3) downsampled by an integer factor, by averaging over squares of pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from benchmarks.study.contact_sheet import downsampled
    >>> downsampled(np.zeros((2, 97, 200, 3), np.uint8), 2).shape
    (2, 48, 100, 3)
    """
    height, width = (n // by for n in frames.shape[1:3])
    whole = frames[:, : by * height, : by * width].reshape(len(frames), height, by, width, by, -1)
    return np.rint(whole.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)


def crop(frames: np.ndarray, middle: tuple[float, float], side: int) -> np.ndarray:
    """Crop of frames around a center, given as a fraction of the frame: `side` columns and two thirds as many rows.

    Examples
    --------
    >>> import numpy as np
    >>> from benchmarks.study.contact_sheet import crop
    >>> crop(np.zeros((2, 97, 200, 3), np.uint8), (0.9, 0.5), 60).shape
    (2, 40, 60, 3)
    """
    sizes = [min(limit, n) for limit, n in zip((2 * side // 3, side), frames.shape[1:3], strict=True)]
    starts = [
        int(np.clip(center * n - size / 2, 0, n - size))
        for center, n, size in zip(middle, frames.shape[1:3], sizes, strict=True)
    ]
    rows, cols = (slice(start, start + size) for start, size in zip(starts, sizes, strict=True))
    return np.ascontiguousarray(frames[:, rows, cols])


def blocks(results: Results, setting: Setting) -> list[Block]:
    """The images, and a table of failures and missing files."""
    files = [(str(v["file"]), str(v["caption"])) for v in results.values() if "file" in v]
    failed = [
        (key[0], [str(v.get("failed") or v.get("error"))])
        for key, v in results.items()
        if v.get("failed") or "error" in v
    ]
    missing = [
        (name, [f"{one.file} not found in {VIDEOS}"]) for name, one in CLIPS.items() if not (VIDEOS / one.file).exists()
    ]
    result: list[Block] = [Pictures("Side by side", files)]
    if failed or missing:
        result.append(Table("missing", "Failures and missing files", ("reason",), [*failed, *missing]))
    return result
