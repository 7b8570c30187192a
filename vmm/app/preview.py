"""Previews for the page: magnified clips at reduced size, x-t slices and animated deflection shapes."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import vmm
from vmm.app import methods
from vmm.app.clip import OpenClip, place_of
from vmm.app.files import SharedFiles
from vmm.app.measurement import small_frames, small_luma
from vmm.app.proxy import write_proxy
from vmm.engine.motion_store import MotionStore
from vmm.engine.windows import ShortClipWarning

_MAX_FRAMES = 90
"""Frames of a preview, three seconds of video, unless two periods of the band are longer."""

_MOST_FRAMES = 300
"""Frames of the longest preview."""

_PERIODS = 2.0
"""Periods of the lowest magnified frequency that a preview holds."""

_MAX_FILES = 40
"""Files of previews that are kept for the browser, which shows the last ones."""

_SHAPE_RATE = 24
_SHAPE_PERIODS = 2


class Previews:
    """Makes previews, and remembers the last one for slices.

    Parameters
    ----------
    folder
        Folder for their files.
    files
        The files that the browser may load.
    """

    def __init__(self, folder: Path, files: SharedFiles) -> None:
        self._folder, self._files, self._numbers = folder, files, count()
        self._paths: deque[Path] = deque()
        self._last: tuple[np.ndarray, np.ndarray] | None = None
        self._store: tuple[Any, MotionStore] = None, MotionStore()

    def magnified(self, clip: OpenClip, settings: Mapping[str, Any], start: int, roi: Any) -> dict[str, Any]:
        """Original and magnified frames next to one another in one video, which keeps them in step."""
        name, chosen = methods.arguments(settings)
        small = small_frames(clip)
        if start - clip.first >= len(small):
            last = clip.first + len(small) - 1
            raise ValueError(f"frame {start}: previews reach up to frame {last} of this part; begin the part later")
        begin = perf_counter()
        low = chosen["band"][0] if "band" in chosen else chosen["frequency"] / 2
        needed = min(len(small), int(np.ceil(_PERIODS * clip.fs / max(low, 1e-6))))
        length = min(max(_MAX_FRAMES, needed), _MOST_FRAMES)
        first = min(max(0, start - clip.first), max(0, len(small) - length))
        frames = small[first : first + length]
        reduced = {key: value / clip.step if key in ("sigma", "limit") else value for key, value in chosen.items()}
        mask = None if roi is None else place_of(roi, (0, 0), clip.step, frames.shape[1:3])
        others = {**reduced, "mask": roi, "alpha": None, "limit": None}
        store = self._motion_of((name, small, first, length, others))
        with store.in_use(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ShortClipWarning)  # The preview is short, and not the clip.
            result = getattr(vmm, name).magnify(frames, fs=clip.fs, mask=mask, **reduced)
        self._last = frames, result
        both = np.concatenate([_even(frames), _even(result)], axis=2)
        video = self._write("preview", both, clip.rate)
        return {
            "video": video,
            "seconds": round(perf_counter() - begin, 3),
            "first": clip.first + first,
            "count": len(frames),
            "size": [int(n) for n in frames.shape[1:3]],
            "note": _length_note(needed, low),
        }

    def _motion_of(self, settings: tuple[Any, ...]) -> MotionStore:
        """The motion that the last preview has read, if its settings were the same but for alpha and the limit."""
        before = self._store[0]
        if before is None or before[1] is not settings[1] or (before[0], *before[2:]) != (settings[0], *settings[2:]):
            self._store = settings, MotionStore()
        return self._store[1]

    def slice(self, clip: OpenClip, line: Sequence[float]) -> dict[str, Any]:
        """The picture of the pixels along a line (row, column, row, column) of the last preview over time."""
        if self._last is None:
            raise ValueError("there is no preview yet: make one first")
        ends = [value / clip.step for value in line]
        figure = vmm.plot.slices(*(_along(frames, ends) for frames in self._last), col=0, fs=clip.fs)
        for axes in figure.axes:
            axes.set_title(axes.get_title().partition(",")[0])
            axes.set_ylabel("distance along the line (px of the preview)")
        path = self._path("slice.png")
        figure.savefig(path, dpi=100)
        return {"picture": self._files.share(path)}

    def shape(self, clip: OpenClip, modes: Any) -> dict[str, Any]:
        """A clip that animates a deflection shape, and a picture of it."""
        frame = small_frames(clip)[0]
        try:
            period = vmm.plot.animated(modes, frame)
        except ValueError as error:  # Nothing moves more than its error.
            return {"message": str(error)}
        video = self._write("shape", np.concatenate([_even(period)] * _SHAPE_PERIODS), _SHAPE_RATE)
        path = self._path("shape.png")
        vmm.plot.overlay(modes, small_luma(clip)[0]).savefig(path, dpi=100)
        return {
            "video": video,
            "picture": self._files.share(path),
            "frequency": float(modes.frequencies[0]),
        }

    def _write(self, name: str, frames: np.ndarray, rate: Any) -> str:
        path = self._path(f"{name}.mp4")
        write_proxy(path, [frames], (frames.shape[1], frames.shape[2]), rate, preset="ultrafast")
        return self._files.share(path)

    def _path(self, name: str) -> Path:
        """A path for a new file; the oldest file is deleted if there are many."""
        path = self._folder / f"{next(self._numbers)}-{name}"
        self._paths.append(path)
        if len(self._paths) > _MAX_FILES:
            self._paths.popleft().unlink(missing_ok=True)
        return path


def _length_note(needed: int, low: float) -> str:
    """Why a preview is shorter than two periods of the band, or an empty string."""
    if needed <= _MOST_FRAMES:
        return ""
    return (
        f"a preview has at most {_MOST_FRAMES} frames, so that it takes seconds, but two periods of {low:g} Hz have "
        f"{needed}: only a rendered clip shows them whole"
    )


def _along(frames: np.ndarray, ends: Sequence[float]) -> np.ndarray:
    """The pixels (T, n, 1[, 3]) along a line inside the frames, interpolated at distances of about a pixel."""
    (top, bottom), (start, stop) = ends[::2], ends[1::2]
    count = max(2, round(float(np.hypot(bottom - top, stop - start))) + 1)
    rows = np.clip(np.linspace(top, bottom, count), 0, frames.shape[1] - 1)
    columns = np.clip(np.linspace(start, stop, count), 0, frames.shape[2] - 1)
    row, col = (np.minimum(x.astype(int), n - 2) for x, n in ((rows, frames.shape[1]), (columns, frames.shape[2])))
    extra = (1,) * (frames.ndim - 3)
    down, across = ((x - i).reshape(-1, *extra) for x, i in ((rows, row), (columns, col)))
    above = frames[:, row, col] * (1 - across) + frames[:, row, col + 1] * across
    below = frames[:, row + 1, col] * (1 - across) + frames[:, row + 1, col + 1] * across
    pixels: np.ndarray = np.rint(above * (1 - down) + below * down).astype(frames.dtype)[:, :, None]
    return pixels


def _even(frames: np.ndarray) -> np.ndarray:
    """Frames with even sides, as videos for browsers have."""
    padding = [(0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2), (0, 0)][: frames.ndim]
    return np.pad(frames, padding, mode="edge") if any(n for _, n in padding) else frames
