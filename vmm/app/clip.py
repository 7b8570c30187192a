"""The clip that is open: its description, and the frames of it that are held in memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import vmm
from vmm.cli.info import rows as info_rows
from vmm.cli.notices import motion_notice
from vmm.cli.resizing import resized
from vmm.io.rates import default_playback_rate

PREVIEW_WIDTH = 320
"""Width in pixels of the frames for previews: a second of them is magnified in less than a second."""

MAX_MEMORY = 2 * 2**30
"""Bytes of decoded frames that are held. It is enough for the luma of 1000 frames of 1920x1080; the regions of longer
parts are read from the file each time."""

MAX_SMALL = 2**29
"""Bytes of the frames for previews that are held: 3000 color frames of 320x180."""

MARGIN = 64
"""Pixels around a region that are measured with it. The filters of the estimator and its search for large motion reach
less far, so that the result is that of the whole frame."""

_QUICK_MARGIN = 16
"""The same in reduced pixels, for a quick estimate of motion below a few pixels."""

_SAMPLES = 3
"""Pixels along each side of a block whose mean is a reduced pixel. More of them would take longer than the estimate."""


class OpenClip:
    """A clip, and a part of it that is in use.

    Parameters
    ----------
    path
        Path of the clip.
    fs
        Camera rate in Hz, or None for that of the file.
    """

    def __init__(self, path: Path, fs: float | None = None) -> None:
        self.path: Path = path
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            whole = vmm.io.stream(path, fs=fs)
        assert whole.info is not None  # It is None for clips that are not files.
        self.info: vmm.io.Info = whole.info
        self.stated_fs: float | None = fs
        self.fs: float = whole.fs
        self.color: bool = len(whole.shape) == 4
        self.dtype: np.dtype = whole.dtype
        self.count: int = whole.shape[0]
        self.height: int = whole.shape[1]
        self.width: int = whole.shape[2]
        self.times: np.ndarray | None = whole.times
        self.rate: Fraction | float = default_playback_rate(whole.fps, whole.fs)
        notice = motion_notice(path, info=self.info)
        self.warnings: list[str] = [*([notice] if notice else []), *(str(item.message) for item in caught)]
        self.first: int = 0
        self.stop: int = self.count
        self.luma: np.ndarray | None = None
        self.small: np.ndarray | None = None
        self.small_gray: tuple[np.ndarray, np.ndarray] | None = None  # `small`, and its luma
        self.suggestions: list[vmm.measure.Suggestion] = []  # those of the last search
        self._template: Any = None
        self.first_frame: np.ndarray = self.in_8_bits(next(whole)[:1])[0]

    @property
    def step(self) -> int:
        """Ratio of the width of the clip and that of the frames for previews."""
        return max(1, round(self.width / PREVIEW_WIDTH))

    @property
    def fits(self) -> bool:
        """Whether the luma of the part fits into memory."""
        return (self.stop - self.first) * self.height * self.width * self.dtype.itemsize <= MAX_MEMORY

    @cached_property
    def white(self) -> float:
        """Value that is shown white."""
        return float(vmm.io.stream(self.path, fs=self.stated_fs).white)

    def choose_part(self, first: int, stop: int) -> bool:
        """Use the frames from `first` to `stop`; return whether that is a change, after which frames must be read."""
        if not 0 <= first < stop <= self.count:
            raise ValueError(f"frames {first} to {stop} must be inside the clip, which has {self.count} frames")
        if (first, stop) == (self.first, self.stop):
            return False
        self.first, self.stop = first, stop
        self.luma = self.small = self.small_gray = self._template = None
        return True

    def part(self) -> dict[str, float]:
        """The part as the arguments ``start`` and ``end`` in seconds, without those that are the ends of the clip."""
        ends = {"start": self.first, "end": self.stop}
        return {name: self.seconds(n) for name, n in ends.items() if n not in (0, self.count)}

    def seconds(self, frame: int) -> float:
        """Time of a frame in seconds of the camera's time."""
        return round(frame / self.fs if self.times is None else float(self.times[frame]), 6)

    def stream(self, *, gray: bool) -> vmm.io.Clip:
        """The part in use, as chunks that are read from the file."""
        part: dict[str, Any] = self.part()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", vmm.io.UnevenTimesWarning)
            return vmm.io.stream(self.path, fs=self.stated_fs, gray=gray, **part)

    def in_8_bits(self, frames: np.ndarray) -> np.ndarray:
        """Frames in 8 bits, from black to the white of the clip."""
        if frames.dtype == np.uint8:
            return frames
        scaled = np.rint(frames * (255 / self.white))
        return np.clip(scaled, 0, 255).astype(np.uint8)

    def read_small(self, advance: Callable[[int], Any]) -> Iterator[np.ndarray]:
        """Yield the frames of the part in 8 bits, and keep the first ones, up to a limit, at the size of previews."""
        clip = self.stream(gray=False)
        part, pieces, size = (self.first, self.stop), [], 0
        for chunk in clip:
            frames = self.in_8_bits(chunk)
            if size < MAX_SMALL:
                pieces.append(self._reduced(clip, frames))
                size += pieces[-1].nbytes
            advance(len(chunk))
            yield frames
        if part == (self.first, self.stop):
            self.small = np.concatenate(pieces)

    def _reduced(self, clip: vmm.io.Clip, frames: np.ndarray) -> np.ndarray:
        """Frames at the size of previews: means of blocks of pixels."""
        chunk: np.ndarray = next(resized(clip.with_chunks(lambda: iter([frames]), frames.shape), 1 / self.step))
        return chunk

    def read_luma(self, advance: Callable[[int], Any]) -> None:
        """Read the luma of the part into memory, if it fits."""
        if not self.fits:
            return
        clip, part, count = self.stream(gray=True), (self.first, self.stop), 0
        luma = np.empty(clip.shape, clip.dtype)
        for chunk in clip:
            luma[count : count + len(chunk)] = chunk
            count += len(chunk)
            advance(len(chunk))
        if part == (self.first, self.stop):
            self.luma = luma[:count]

    def held_luma(self) -> vmm.io.Clip:
        """The luma of the part: the frames in memory, or those of the file."""
        luma, clip = self.luma, self.stream(gray=True)
        return clip if luma is None else clip.with_chunks(lambda: iter([luma]), luma.shape)

    def around(self, boxes: list[tuple[int, int, int, int]], step: int = 1) -> tuple[vmm.io.Clip, tuple[int, int], int]:
        """The luma of the part around some boxes, reduced by a step, where it begins, and the step that was used."""
        if self._template is None:
            self._template = self.stream(gray=True)
        clip, luma = self._template, self.luma
        if luma is None:
            return self.stream(gray=True), (0, 0), 1
        margin = MARGIN if step == 1 else _QUICK_MARGIN * step
        row, col = (max(0, min(box[i] for box in boxes) - margin) for i in (0, 1))
        bottom, right = (max(box[i] + box[i + 2] for box in boxes) + margin for i in (0, 1))
        crop = luma[:, row:bottom, col:right]
        crop = np.ascontiguousarray(crop) if step == 1 else _block_means(crop, step)
        return clip.with_chunks(lambda: iter([crop]), crop.shape), (row, col), step

    def described(self) -> dict[str, Any]:
        """Properties of the clip for the page."""
        return {
            "name": self.path.name,
            "rows": [list(row) for row in info_rows(self.path, self.info)],
            "warnings": self.warnings,
            "width": self.width,
            "height": self.height,
            "count": self.count,
            "color": self.color,
            "fs": self.fs,
            "stated_fs": self.stated_fs,
            "rate": float(self.rate),
            "first": self.first,
            "stop": self.stop,
            "fits": self.fits,
        }


def place_of(region: Mapping[str, Any], corner: tuple[int, int], step: int, size: Sequence[int]) -> Any:
    """A region in frames of a size (H, W) that begin at a corner and are reduced by a step: its box, or its mask."""
    if region.get("polygon") is not None:
        corners = [[(place[i] - corner[i]) / step for i in (0, 1)] for place in region["polygon"]]
        return vmm.measure.polygon(corners, (size[0], size[1]))
    box = region["box"]
    if step == 1:
        return (box[0] - corner[0], box[1] - corner[1], *box[2:])
    row, col = (min((box[i] - corner[i]) // step, size[i] - 1) for i in (0, 1))
    height, width = (max(1, min(round(box[i + 2] / step), size[i] - start)) for i, start in ((0, row), (1, col)))
    return row, col, height, width


def _block_means(frames: np.ndarray, step: int) -> np.ndarray:
    """Frames whose pixels are the means of samples of blocks of step x step pixels."""
    height, width = (n // step for n in frames.shape[1:])
    places = sorted({round((i + 0.5) * step / _SAMPLES - 0.5) for i in range(_SAMPLES)})
    kind = np.uint16 if frames.dtype == np.uint8 else np.float32
    rows = np.zeros((len(frames), height, width * step), kind)
    for place in places:
        rows += frames[:, place : height * step : step, : width * step]
    total = np.zeros((len(frames), height, width), kind)
    for place in places:
        total += rows[:, :, place::step]
    means = total / np.float32(len(places) ** 2)
    return (np.rint(means) if frames.dtype.kind == "u" else means).astype(frames.dtype)
