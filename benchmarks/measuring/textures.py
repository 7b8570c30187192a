"""Kinds of texture that move as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.measuring import clips, scores
from benchmarks.measuring.clips import Whole
from benchmarks.measuring.scenes import KINDS
from benchmarks.measuring.tables import ON_TARGET, Effort, Row, Table

ALL_SIDES = (9, 15, 21, 31, 61, 101)
SIDES = (21, 61, 101)
SHARP = ("leaves, no lens", "checkerboard", "page of text")
"""Scenes with sharp edges, which alias."""

QUICK = ("noise, blur 1.2 px", "noise, blur 6 px", "checkerboard", "camera, 2x2 averaged")


def columns() -> dict[str, int]:
    """The columns of scenes that move as a whole."""
    return {"scene": 0, "region, px": 0, "bound, px/1000": 2} | scores.columns() | {ON_TARGET: 0}


def rows(effort: Effort) -> Iterator[Row]:
    """A row for each kind of texture."""
    for name, scene in KINDS.items():
        case = Whole(
            scene,
            regions=ALL_SIDES if name in ("noise, blur 1.2 px", "noise, blur 6 px", "leaves, lens 0.5 px") else SIDES,
            gain=3.0 if name in SHARP or "averaged" in name else 1.0,
            ratio=1.08 if name == "noise, blur 1.2 px" else float("inf"),
        )
        yield Row(name, partial(clips.lines, case, effort), name in QUICK)


TABLE = Table(
    "Kinds of texture",
    "Scenes of 160x160 px move by 0.2 px at 7.3 Hz at 25 degrees below the horizontal: 240 frames of 8 bits at 240 "
    "Hz with white noise of 1 gray level. Noise textures are white noise with a Gaussian blur and a standard "
    "deviation of 35 gray levels; leaves are discs that occlude one another; speckle is the intensity of a random "
    "wave; the checkerboard has squares of 13.3 px. Scenes are periodic and translated exactly in the Fourier "
    "domain. Leaves, speckle, the checkerboard and the page are drawn with 4x4 samples per pixel and photographs of "
    "scikit-image, where stated, with 2x2, and averaged over the square of a pixel, so that they have the aliasing "
    "of a sharp camera; a lens is a Gaussian blur before that. *Bound* is the median Cramer-Rao bound of the "
    "region's own pixels. *Error/bound* is the root mean square error over it: below 1 is possible, because filters "
    "also see pixels around the region. *Gain* is the deviation of the gain from 1. *Scatter/stated* is the root "
    "mean square error over the stated standard error in regions that are not marked as less reliable, or in "
    "brackets in those that are, if all are. *Known/marked* are the percentage of components that are known, and of "
    "marked regions. On target: scatter over stated error from 0.8 to 1.25 and a gain within 1 % (of sharp scenes, "
    "which alias: leaves without a lens, checkerboard, page and photographs averaged 2x2: 3 %), or the region is "
    "marked or unknown; clean noise at 21 px at most 1.08 times the bound.",
    columns,
    rows,
)
