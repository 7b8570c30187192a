"""Small intact files of every format that is read, as bytes, which are made once for each process."""

from __future__ import annotations

import io
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import tifffile
from PIL import Image

COUNT, HEIGHT, WIDTH = 24, 32, 40

Files = dict[str, bytes]
"""Bytes of one or more files by their paths; the first is the input of the commands."""

_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "8", "-pix_fmt", "yuv420p")

_VIDEOS: dict[str, tuple[str, ...]] = {
    "mjpeg.avi": ("-c:v", "mjpeg"),
    "raw.avi": ("-c:v", "rawvideo", "-pix_fmt", "bgr24"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-bf", "2"),
    "ffv1.mkv": ("-c:v", "ffv1", "-level", "3", "-g", "1"),
    "h264.mkv": _H264,
    "deep.mkv": ("-c:v", "ffv1", "-pix_fmt", "gray16le"),
    "a.mp4": (*_H264, "-movflags", "+faststart"),
    "sound.mp4": (*_H264, "-c:a", "aac", "-shortest"),
    "png.mov": ("-c:v", "png"),
    "prores.mov": ("-c:v", "prores"),
    "a.ts": _H264,
    "a.webm": ("-c:v", "libvpx", "-deadline", "realtime"),
    "a.gif": (),
    "a.wmv": ("-c:v", "wmv2"),
    "a.flv": ("-c:v", "flv"),
    "a.nut": ("-c:v", "ffv1"),
    "a.mpg": ("-c:v", "mpeg2video"),
    "a.y4m": ("-pix_fmt", "yuv420p"),
    "a.apng": (),
}
"""Options of ffmpeg that write each of the videos."""


@cache
def frames() -> np.ndarray:
    """A pattern (T, H, W) of uint8 that moves."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    shift = 0.4 * np.sin(2 * np.pi * 3 * np.arange(COUNT) / 30)
    pattern = np.sin((rows + cols * 0.7) / 3 + shift[:, None, None]) + np.sin((rows - cols) / 4)
    return (127 + 50 * pattern).astype(np.uint8)


def video(name: str) -> Files:
    """A video that ffmpeg writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        source = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-framerate", "30", "-i", "-"]
        sound = ["-f", "lavfi", "-i", "sine=d=0.8"] if name.startswith("sound") else []
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, *sound, *_VIDEOS[name], str(path)]
        subprocess.run(command, input=frames().tobytes(), capture_output=True, check=True)
        return {name: path.read_bytes()}


def tiff(name: str) -> Files:
    """A TIFF stack."""
    values: np.ndarray = frames()[:18]
    options = {
        "plain.tif": {},
        "deflate.tif": {"compression": "deflate", "predictor": True, "rowsperstrip": 9},
        "lzma.tif": {"compression": "lzma"},
        "tiles.tif": {"tile": (16, 16)},
        "imagej.tif": {"imagej": True, "metadata": {"axes": "TYX"}},
        "big.ome.tif": {"bigtiff": True, "ome": True, "metadata": {"axes": "TYX"}},
        "color.tif": {"photometric": "rgb"},
        "planes.tif": {"photometric": "rgb", "planarconfig": "separate"},
        "deep.tif": {},
        "float.tif": {"metadata": None},
        "one.tif": {},
    }[name]
    if name == "color.tif":
        values = np.repeat(values[..., None], 3, axis=-1)
    if name == "planes.tif":
        values = np.repeat(values[:, None], 3, axis=1)
    if name == "deep.tif":
        values = values.astype(">u2") * 200
    if name == "float.tif":
        values = values.astype(np.float32) / 255
    if name == "one.tif":
        values = values[0]
    file = io.BytesIO()
    tifffile.imwrite(file, values, **{"photometric": "minisblack", **options})  # type: ignore[arg-type, dict-item]
    return {name: file.getvalue()}


def _packed(values: np.ndarray, depth: int) -> bytes:
    """Values of 10 or 12 bits without gaps."""
    bits = (values.astype(np.uint16).reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8)).tobytes()


def photron(name: str) -> Files:
    """A recording of a Photron camera: a text header or XML, and pixels of 8, 12 or 16 bits."""
    stem, suffix = name.split(".")
    bits = {"a": 8, "b": 12, "c": 16}[stem]
    values = frames()
    data = _packed(values, 12) if bits == 12 else values.astype("u1" if bits == 8 else "<u2").tobytes()
    if suffix == "cihx":
        text = (
            f"<cih><recordInfo><recordRate>30</recordRate></recordInfo><frameInfo><totalFrame>{COUNT}</totalFrame>"
            f"</frameInfo><imageDataInfo><resolution><width>{WIDTH}</width><height>{HEIGHT}</height></resolution>"
            "<effectiveBit><depth>12</depth><side>Lower</side></effectiveBit><colorInfo><type>Mono</type>"
            f"<bit>{bits}</bit></colorInfo></imageDataInfo></cih>"
        )
    else:
        text = (
            f"#Camera Information Header\nTotal Frame : {COUNT}\nImage Width : {WIDTH}\nImage Height : {HEIGHT}\n"
            f"Color Bit : {bits}\nRecord Rate(fps) : 30\nEffectiveBit Depth : 12\nEffectiveBit Side : Lower\n"
        )
    return {name: text.encode(), f"{stem}.mraw": data}


def phantom(name: str) -> Files:
    """A recording of a Phantom camera."""
    depth = int(name[1:-5])
    values = frames()
    images = [
        _packed(image, depth) if depth in (10, 12) else image.astype(f"<u{depth // 8}").tobytes() for image in values
    ]
    setup, table = 84, 84 + 900
    head = struct.pack("<2sHHHiIiIIIIQ", b"CI", 44, 0, 1, 0, COUNT, 0, COUNT, 44, setup, table, 0)
    packing, bits = {10: 0x100, 12: 0x400}.get(depth, 0), 8 if depth == 8 else 16
    picture = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, bits, packing, len(images[0]), 0, 0, 0, 0)
    block = bytes(140) + struct.pack("<HH", 0x5453, 900) + bytes(612) + struct.pack("<IIII", 0, 0, 0, 30)
    block += bytes(124) + struct.pack("<I", 12)
    first, size = table + 8 * COUNT, 8 + len(images[0])
    offsets = struct.pack(f"<{COUNT}Q", *(first + i * size for i in range(COUNT)))
    body = b"".join(struct.pack("<II", 8, 0) + image for image in images)
    return {name: head + picture + block + offsets + body}


def _deep_png(frame: np.ndarray) -> bytes:
    """A PNG image with colors of 16 bits."""

    def block(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in np.repeat(frame[..., None].astype(">u2") * 256, 3, axis=-1))
    blocks = block(b"IHDR", head) + block(b"IDAT", zlib.compress(rows)) + block(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + blocks


def images(name: str) -> Files:
    """A folder of images."""
    if name == "deep-color":
        return {f"{name}/{i:03d}.png": _deep_png(frame) for i, frame in enumerate(frames()[:6])}
    suffix = {"pngs": "png", "jpgs": "jpg", "tifs": "tif", "palette": "png", "deep": "png"}[name]
    result = {}
    for i, frame in enumerate(frames()[:6]):
        file = io.BytesIO()
        image = Image.fromarray(frame.astype(np.uint16) * 256 if name == "deep" else frame)
        image = image.convert("P") if name == "palette" else image
        image.save(file, "tiff" if suffix == "tif" else "jpeg" if suffix == "jpg" else suffix)
        result[f"{name}/{i:03d}.{suffix}"] = file.getvalue()
    return result


_PLAYLISTS = {
    "live.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\na.ts\n",
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile a.ts\nfile a.ts\n",
    "self.ffconcat": "ffconcat version 1.0\nfile self.ffconcat\n",
    "dynamic.mp4": "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='dynamic' minimumUpdatePeriod="
    "'PT1S' profiles='urn:mpeg:dash:profile:isoff-live:2011'><Period><AdaptationSet contentType='video'>"
    "<Representation id='0' mimeType='video/mp4' bandwidth='1'><BaseURL>a.ts</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>",
    "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "a.txt": "a plain text\n" * 40,
    "a.svg": "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><image href='a.ts'/></svg>",
    "a.asx": "<asx version='3.0'><entry><ref href='a.ts'/></entry></asx>",
    "x%03d.png": "",
}


def playlist(name: str) -> Files:
    """A file that names another one, which is there, or text."""
    return {name: _PLAYLISTS[name].encode(), **sample("a.ts"), "x000.png": sample("pngs")["pngs/000.png"]}


MAKERS: dict[Callable[[str], Files], tuple[str, ...]] = {
    tiff: (
        *("plain.tif", "deflate.tif", "lzma.tif", "tiles.tif", "imagej.tif", "big.ome.tif", "color.tif", "planes.tif"),
        *("deep.tif", "float.tif", "one.tif"),
    ),
    phantom: ("p8.cine", "p16.cine", "p10.cine", "p12.cine"),
    photron: ("a.cih", "b.cih", "c.cih", "a.cihx", "b.cihx", "c.cihx"),
    images: ("pngs", "jpgs", "tifs", "palette", "deep", "deep-color"),
    playlist: tuple(_PLAYLISTS),
    video: tuple(_VIDEOS),
}
"""Functions that make samples, and the names of these."""


@cache
def sample(name: str) -> Files:
    """The intact files of a name."""
    return next(make for make, names in MAKERS.items() if name in names)(name)
