"""Live sources: cameras of this machine, cameras on the network, and files that are read at their own rate."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Literal, NamedTuple

from vmm.io._info import as_path, reader_of
from vmm.io.formats import input_options, reason_of_failure
from vmm.io.process import ffmpeg_output

_CAMERA = "camera:"
_ADDRESS = re.compile(r"rtsps?://", re.IGNORECASE)

_MAC_RATE = 30.0
"""Rate in Hz that is asked of a camera of a Mac, which refuses ffmpeg's own default of 29.97."""

_NETWORK_SECONDS = 10
"""Seconds after which a camera on the network that does not answer is given up."""

_PROTOCOLS = "tcp,udp,rtp,rtsp,tls,crypto"
"""Protocols that ffmpeg may use for an address; files are not among them."""

Kind = Literal["camera", "network", "file"]


class Source(NamedTuple):
    """A live source: its name in messages, its kind, and the options by which ffmpeg opens it."""

    name: str
    kind: Kind
    options: list[str]

    def failure(self, messages: str) -> str:
        """One sentence about a source that could not be opened, from the messages of ffmpeg."""
        if self.kind == "file":
            return f"{self.name}: no video that ffmpeg can decode ({reason_of_failure(messages)})"
        if self.kind == "network":
            return f"{self.name}: the camera could not be opened ({_reason(messages)}): check address and password"
        for pattern, text in _CAMERA_FAILURES:
            if re.search(pattern, messages, re.IGNORECASE):
                return f"{self.name}{text}"
        return f"{self.name}: the camera could not be opened ({_reason(messages)})"

    def loss(self, messages: str, frames: int) -> str:
        """One sentence about a source that ended by itself after some frames."""
        if self.kind == "file":
            return f"{self.name}: the file is damaged after {frames} frames ({_reason(messages)})"
        return f"{self.name}: the camera sends no more frames after {frames}: it was disconnected, or is used elsewhere"

    def silence(self, seconds: float) -> str:
        """One sentence about a source that gives no frame."""
        return f"{self.name}: no frame came for {seconds:g} s: check the camera and its cable, or let others release it"


_CAMERA_FAILURES = (
    (r"device or resource busy|device already in use|could not run graph", (
        ": the camera is in use by another program: close that one, or choose another camera"
    )),
    (r"permission denied|operation not permitted|not authorized", (
        ": this user may not use the camera: on Linux, join the group video and log in again; elsewhere, allow it in "
        "the privacy settings of the system"
    )),
    (r"no such file|no such device|could not find video device|invalid device index|not a video capture device", (
        ": there is no such camera: connect one, or choose another number"
    )),
    (r"unknown input format", ": this ffmpeg program cannot read cameras: unset IMAGEIO_FFMPEG_EXE"),
)  # fmt: skip
"""What ffmpeg writes about cameras that it cannot open, on any system, and the sentence for it."""


def is_live(path: object) -> bool:
    """Whether a path is a text that names a camera, and no file; a ``Path`` always names a file."""
    return isinstance(path, str) and (path.startswith(_CAMERA) or _ADDRESS.match(path) is not None)


def source_of(text: str | Path, *, fs: float | None, network: bool) -> Source:
    """The source that a text names: ``camera:0``, ``rtsp://...``, or the path of a video; raise if it is none."""
    if not is_live(text):
        path = as_path(text)
        if reader_of(path).__name__ != "vmm.io.video":
            raise ValueError(f"{path}: this format cannot be read at its own rate: give a video or a camera")
        return Source(str(path), "file", input_options(path))
    text = str(text)
    if _ADDRESS.match(text):
        name = re.sub(r"//[^/@]*@", "//", text)  # A password is shown to nobody.
        if not network:
            raise ValueError(f"{name} is an address on the network, which is opened only with network=True (--network)")
        limits = ["-protocol_whitelist", _PROTOCOLS, "-timeout", str(_NETWORK_SECONDS * 10**6)]
        return Source(name, "network", ["-rtsp_transport", "tcp", *limits, "-fflags", "nobuffer", "-i", text])
    return Source(text, "camera", _camera_options(text, fs))


def _camera_options(text: str, fs: float | None) -> list[str]:
    """Options of ffmpeg that open a camera of this machine."""
    device = text.removeprefix(_CAMERA)
    if not device:
        raise ValueError(f"{text}: the number of the camera is missing: camera:0 is the first one")
    rate = [] if fs is None else ["-framerate", f"{fs:g}"]
    if sys.platform == "darwin":
        return ["-f", "avfoundation", *(rate or ["-framerate", f"{_MAC_RATE:g}"]), "-i", f"{device}:none"]
    if sys.platform == "win32":
        return ["-f", "dshow", *rate, "-i", f"video={_windows_name(text, device)}"]
    return ["-f", "v4l2", *rate, "-i", f"/dev/video{device}" if device.isdecimal() else device]


def _windows_name(text: str, device: str) -> str:
    """The name of a camera on Windows, where ffmpeg knows cameras by their names only."""
    if not device.isdecimal():
        return device
    listed = ffmpeg_output(Path(text), ["-list_devices", "true", "-f", "dshow", "-i", "dummy"])
    names = camera_names(listed.messages)
    if int(device) >= len(names):
        raise ValueError(f"{text}: there is no such camera; connected are: {', '.join(names) or 'none'}")
    return names[int(device)]


def camera_names(messages: str) -> list[str]:
    """The names of the cameras in the list that ffmpeg prints on Windows."""
    return re.findall(r'"([^"]+)" \((?:video|none)[^)]*\)', messages)


def _reason(messages: str) -> str:
    """What ffmpeg says last, without the address, which may hold a password."""
    lines = [line for line in messages.splitlines() if line.strip() and not line.startswith((" ", "Input", "Output"))]
    last = re.sub(r"^(\[[^\]]*\] )+", "", lines[-1].strip()) if lines else "ffmpeg gives no reason"
    return re.sub(r"//[^/@\s]*@", "//", last)
