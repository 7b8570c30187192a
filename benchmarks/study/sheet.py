"""Every method on real clips, side by side: one frame, and one line over time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import vmm
from benchmarks.study.entrants import entrants
from benchmarks.study.parts import Block, Job, Pictures, Results, Setting, Table, Values
from vmm.data import demo
from vmm.data.synthetic import render

TITLE = "Sheet"
TEXT = (
    "Clips of the papers, where they are at hand, cut and reduced, and for some seconds, and the library's own demo: "
    "a frame, and the line in red over time. All methods get the same band and alpha, from the settings of the papers; "
    "methods of one frequency get the middle of the band. Nothing here is measured."
)
VIDEOS = Path(__file__).parents[3] / "shared" / "videos"
MOST, SIDE = 45, 192  # frames, and columns


class Clip(NamedTuple):
    """A file: first frame, frames from one to the next, pixels to one; band and rate in Hz, alpha; middle, line."""

    file: str
    first: int
    every: int
    by: int
    band: tuple[float, float]
    fs: float
    alpha: float
    middle: tuple[float, float]  # of what is cut out, as shares of the frame
    line: tuple[str, float]  # of what is cut out


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
    """A picture of each clip that is at hand, one in the quick setting; in the tiny one of the demo alone."""
    here = [name for name, one in CLIPS.items() if (VIDEOS / one.file).exists()]
    chosen = [] if setting.name == "tiny" else here if setting.name == "full" else here[:1]
    for name in (DEMO, *chosen):
        yield Job((name,), partial(_drawn, name, setting, out))


def _drawn(name: str, setting: Setting, out: Path) -> Values:
    """The file of the picture, and what failed."""
    frames, band, fs, alpha, line = opened(name, setting.name == "tiny")
    clips, failed = {"before": frames}, []
    for one in entrants(setting).values():
        if one.kind == "nothing":
            continue
        try:
            clips[one.name] = np.asarray(one.magnify(frames, sum(band) / 2, fs, alpha, band=band))
        except Exception as error:  # what keeps a method from a clip is its result
            failed.append(f"{one.name}: {type(error).__name__}: {error}")
    path = out / f"sheet-{name.replace(' ', '-')}.png"
    vmm.plot.grid(clips, columns=6, **line).savefig(path, dpi=80)
    return {
        "file": path.name,
        "said": f"{name}: {band[0]:g} to {band[1]:g} Hz, alpha {alpha:g}",
        "failed": "; ".join(failed),
    }


@cache
def opened(name: str, small: bool = False) -> tuple[np.ndarray, tuple[float, float], float, float, dict[str, int]]:
    """Frames, band, rate, alpha and line of a clip; ``KeyError`` where there is none of that name."""
    if name == DEMO:
        whole = render(demo.scene(), demo.displacement(12 if small else MOST))
        frames = cut(whole, (0.45, 0.5), 64 if small else SIDE)
        return frames, demo.BAND, demo.FS, 30.0, {"row": frames.shape[1] // 4}
    one = CLIPS[name]
    read, _ = vmm.io.read(VIDEOS / one.file)
    frames = cut(reduced(read[one.first :: one.every][:MOST], one.by), one.middle, SIDE)
    axis, share = one.line
    along = frames.shape[1 if axis == "row" else 2]
    return frames, one.band, one.fs / one.every, one.alpha, {axis: int(share * along)}


def reduced(frames: np.ndarray, by: int) -> np.ndarray:
    """Frames (T, H, W, 3) that are so many times as small, by means over squares.

    Examples
    --------
    >>> import numpy as np
    >>> from benchmarks.study.sheet import reduced
    >>> reduced(np.zeros((2, 97, 200, 3), np.uint8), 2).shape
    (2, 48, 100, 3)
    """
    height, width = (n // by for n in frames.shape[1:3])
    whole = frames[:, : by * height, : by * width].reshape(len(frames), height, by, width, by, -1)
    return np.rint(whole.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)


def cut(frames: np.ndarray, middle: tuple[float, float], side: int) -> np.ndarray:
    """What lies about a place, given in shares of the frame: so many columns, and two thirds of that in rows.

    Examples
    --------
    >>> import numpy as np
    >>> from benchmarks.study.sheet import cut
    >>> cut(np.zeros((2, 97, 200, 3), np.uint8), (0.9, 0.5), 60).shape
    (2, 40, 60, 3)
    """
    sizes = [min(most, n) for most, n in zip((2 * side // 3, side), frames.shape[1:3], strict=True)]
    starts = [
        int(np.clip(share * n - size / 2, 0, n - size))
        for share, n, size in zip(middle, frames.shape[1:3], sizes, strict=True)
    ]
    rows, cols = (slice(start, start + size) for start, size in zip(starts, sizes, strict=True))
    return np.ascontiguousarray(frames[:, rows, cols])


def blocks(results: Results, setting: Setting) -> list[Block]:
    """The pictures, and what failed."""
    files = [(str(v["file"]), str(v["said"])) for v in results.values() if "file" in v]
    failed = [
        (key[0], [str(v.get("failed") or v.get("error"))])
        for key, v in results.items()
        if v.get("failed") or "error" in v
    ]
    gone = [(name, [f"{one.file} is not at hand"]) for name, one in CLIPS.items() if not (VIDEOS / one.file).exists()]
    found: list[Block] = [Pictures("Side by side", files)]
    if failed or gone:
        found.append(Table("sheet-missing", "What is missing", ("why",), [*failed, *gone]))
    return found
