"""A camera that runs in the app: its picture, the magnified picture, the motion of a region, and recordings."""

from __future__ import annotations

import io
import json
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from queue import Full, Queue
from typing import Any

import numpy as np

import vmm
from vmm.app import measurement
from vmm.app.checks import checked_box, checked_number, checked_object, checked_text
from vmm.app.clip import MARGIN
from vmm.app.files import inside
from vmm.cli import message_of
from vmm.cli.live import HEIGHT, METHODS, Live, in_step
from vmm.io.live import LiveClip, open_live
from vmm.io.sources import is_live

_HELD_SECONDS = 10.0
"""Seconds of the picture in which a region is measured."""

_QUALITY = 80
"""Quality of the JPEG pictures for the browser, at which a pair of 640x360 takes about 60 kB."""

_WAIT = 1.0
"""Longest time in seconds to wait for the next picture."""

_GRACE = 30.0
"""Seconds to wait for the end of the thread and of the recordings; compiling a method can take ten."""

_QUEUE = 60
"""Frames that wait to be encoded; later ones are left out of the recording, and the ones before them repeated."""

_MAX_HEIGHT = 2160


class LiveView:
    """The live source of a session.

    Parameters
    ----------
    path_of
        Function that gives a path for a new file of a name.
    share
        Function of a path and a name that gives an address for the browser.
    """

    def __init__(self, path_of: Callable[[str], Path], share: Callable[[Path, str], str]) -> None:
        self._path_of, self._share = path_of, share
        self._changed = threading.Condition()
        self._clip: LiveClip | None = None
        self._thread: threading.Thread | None = None
        self._settings: dict[str, Any] = {}
        self._version = 0
        self._picture: tuple[int, bytes] = (0, b"")
        self._luma: deque[tuple[int, np.ndarray]] = deque()
        self._recordings: list[_Recording] = []
        self.source: str = ""
        self.error: str = ""
        self.text: str = ""
        self.files: list[dict[str, str]] = []
        self.paths: list[Path] = []

    @property
    def is_running(self) -> bool:
        """Whether the source gives frames."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, source: str | Path, settings: Any, *, network: bool = False, height: int = HEIGHT) -> None:
        """Open a source and show it; raise if it cannot be opened."""
        checked = checked_settings(settings)
        if not 16 <= height <= _MAX_HEIGHT:
            raise ValueError(f"height={height} must be from 16 to {_MAX_HEIGHT} pixels")
        self.stop()
        clip = open_live(source, height=height, network=network)
        self._clip, self._settings, self.source, self.error = clip, checked, str(source), ""
        self._luma = deque(maxlen=round(_HELD_SECONDS * clip.fs))
        self._thread = threading.Thread(target=self._run, args=(clip,), name="vmm-app-live", daemon=True)
        self._thread.start()

    def change(self, settings: Any) -> None:
        """Magnify with other settings from now on."""
        self._settings = checked_settings(settings)
        self._version += 1

    def stop(self) -> None:
        """End the source and the recording."""
        if self._clip is not None:
            self._clip.close()
        if self._thread is not None:
            self._thread.join(_GRACE)

    def record(self, is_on: bool) -> None:
        """Begin or end a recording of the original, lossless, and of the magnified picture."""
        clip = self._clip
        if is_on and (clip is None or not self.is_running):
            raise ValueError("no camera runs: start one first")
        if is_on and clip is not None and not self._recordings:
            number = len(self.files) // 2 + 1
            names = f"live_{number}.mkv", f"live_{number}_magnified.mp4"
            self._recordings = [_Recording(self._path_of(name), clip) for name in names]
        elif not is_on:
            self._end_recording()

    def _end_recording(self) -> None:
        recordings, self._recordings = self._recordings, []
        for recording in recordings:
            recording.finish()
            if recording.error:
                self.error = recording.error
                continue
            path = recording.path
            self.paths.append(path)
            self.files.append({"name": path.name, "file": self._share(path, path.name), "text": recording.text()})

    def _run(self, clip: LiveClip) -> None:
        try:
            with clip:
                while not clip.is_closed and not self.error:
                    self._magnify(clip)
        except Exception as error:
            self.error = message_of(error)
        finally:
            self._end_recording()
            with self._changed:
                self._changed.notify_all()

    def _magnify(self, clip: LiveClip) -> None:
        """Show the frames until the source ends or the settings change."""
        settings, version = dict(self._settings), self._version
        band, method = settings.pop("band"), settings.pop("method")
        live = Live(clip, method, band or (clip.fs / 8, clip.fs / 4), settings if band else {"alpha": 0.0})
        self._luma.clear()
        for number, original, picture in live.pairs():
            self._show(number, original, picture)
            for recording, frame in zip(self._recordings, (original, picture), strict=False):
                recording.add(number, frame)
            self.text = live.text()
            if version != self._version:
                return
        if live.error is not None:
            self.error = str(live.error)
        clip.close()

    def _show(self, number: int, original: np.ndarray, picture: np.ndarray) -> None:
        from PIL import Image

        self._luma.append((number, np.asarray(Image.fromarray(original).convert("L"))))
        file = io.BytesIO()
        Image.fromarray(np.concatenate([original, picture], axis=1)).save(file, "JPEG", quality=_QUALITY)
        with self._changed:
            self._picture = self._picture[0] + 1, file.getvalue()
            self._changed.notify_all()

    def packet(self, after: int) -> tuple[int, bytes]:
        """The next picture after one of that number, with the state: two lengths of 4 bytes, JSON, JPEG."""
        with self._changed:
            if self._picture[0] <= after:
                self._changed.wait(_WAIT)
            number, picture = self._picture
        picture = picture if number > after else b""
        state = json.dumps(self.described()).encode()
        return number, struct.pack(">II", len(state), len(picture)) + state + picture

    def measure(self, region: Any) -> dict[str, Any]:
        """Waveform, spectrum and peaks of a region in the last seconds."""
        frames = list(self._luma)
        if self._clip is None or len(frames) < 3:
            return {"message": "there are too few frames yet"}
        held = _HeldFrames(frames, self._clip.fs)
        box = checked_box(checked_object("region", region).get("box"), self._clip.shape[1:3])
        answer = measurement.measured(held, {"box": box}, [], {}, quick=True)
        message = "" if answer["is_known"] else answer["reason"] or " ".join(answer["messages"])
        return {**answer, "message": message, "begin": held.begin}

    def described(self) -> dict[str, Any]:
        """The state for the page."""
        clip = self._clip
        return {
            "running": self.is_running,
            "source": self.source,
            "error": self.error,
            "text": self.text,
            "fs": clip.fs if clip else 0.0,
            "size": list(clip.shape[1:3]) if clip else [0, 0],
            "recording": bool(self._recordings),
            "files": self.files,
            "methods": list(METHODS),
        }


class _HeldFrames:
    """The last frames of a live source, in the form in which ``measurement`` takes a clip."""

    def __init__(self, frames: list[tuple[int, np.ndarray]], fs: float) -> None:
        self._frames, self._fs = frames, fs
        self.begin: float = frames[0][0] / fs

    def around(self, boxes: list[measurement.Box], step: int = 1) -> tuple[vmm.io.Clip, tuple[int, int], int]:
        """The frames around a box in full size, the row and column at which they begin, and the step 1."""
        row, col = (max(0, boxes[0][i] - MARGIN) for i in (0, 1))
        bottom, right = (boxes[0][i] + boxes[0][i + 2] + MARGIN for i in (0, 1))
        crop = np.stack([luma[row:bottom, col:right] for _, luma in self._frames])
        numbers = np.array([number for number, _ in self._frames])
        is_even = bool((np.diff(numbers) == 1).all())
        times = None if is_even else (numbers - numbers[0]) / self._fs
        return vmm.io.Clip(lambda: iter([crop]), crop.shape, crop.dtype, self._fs, None, times=times), (row, col), 1


class _Recording:
    """A thread that writes frames to a file. Frames that are missing repeat the ones before."""

    def __init__(self, path: Path, clip: LiveClip) -> None:
        self.path, self.error = path, ""
        self._clip, self._count = clip, 0
        self._queue: Queue[tuple[int, np.ndarray] | None] = Queue(_QUEUE)
        self._thread = threading.Thread(target=self._write, name="vmm-app-recording", daemon=True)
        self._thread.start()

    def add(self, number: int, frame: np.ndarray) -> None:
        """Add a frame, unless many wait."""
        with suppress(Full):
            self._queue.put_nowait((number, frame))

    def finish(self) -> None:
        """Complete the file."""
        self._queue.put(None)
        self._thread.join()

    def text(self) -> str:
        """The length of the recording."""
        return f"{self._count / self._clip.fs:.1f} s"

    def _frames(self) -> Iterator[np.ndarray]:
        for chunk in in_step((number, frame[None]) for number, frame in iter(self._queue.get, None)):
            self._count += 1
            yield chunk

    def _write(self) -> None:
        try:
            fps: Any = self._clip.fps
            vmm.io.write(self.path, self._frames(), fps, fs=self._clip.fs, white=255.0)
        except (OSError, ValueError) as error:
            self.error = f"the recording {self.path.name} failed: {error}"
            deque(iter(self._queue.get, None), maxlen=0)


def checked_settings(settings: Any) -> dict[str, Any]:
    """Method, band and alpha of the page; without a band nothing is magnified."""
    settings = checked_object("settings", settings)
    if settings.get("method") not in METHODS:
        raise ValueError(f"method={settings.get('method')!r} must be one of {', '.join(METHODS)}")
    band = settings.get("band")
    if band is not None:
        if not isinstance(band, list) or len(band) != 2:
            raise ValueError("band must be two numbers in Hz")
        low, high = (checked_number("band", edge) for edge in band)
        if not 0 < low < high:
            raise ValueError(f"band=({low:g}, {high:g}) must be two rising frequencies above 0 Hz")
        band = low, high
    return {"method": settings["method"], "band": band, "alpha": checked_number("alpha", settings.get("alpha", 10))}


def start(view: LiveView, request: Mapping[str, Any], root: Path) -> None:
    """Start a camera, or a clip below the root, as a request of the page states it."""
    source = checked_text("source", request.get("source", "")).strip()
    if not source:
        raise ValueError("the source is missing: camera:0 is the first camera")
    height = int(checked_number("height", request.get("height", HEIGHT)))
    opened = source if is_live(source) else inside(root, source)
    view.start(opened, request.get("settings"), network=request.get("network") is True, height=height)
