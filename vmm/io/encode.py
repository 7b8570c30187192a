"""Encoding of video files with ffmpeg."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Iterable
from contextlib import closing, suppress
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vmm.io._info import info
from vmm.io.chroma import ChromaQueue
from vmm.io.decoding import DamageWarning
from vmm.io.formats import input_options
from vmm.io.headers import set_avi_rate, set_gif_comment
from vmm.io.metadata import rate_comment
from vmm.io.prefetch import prefetch
from vmm.io.process import ffmpeg_output, ffmpeg_run, last_line
from vmm.io.rates import SLOW_RATE
from vmm.io.video import Info, raw_pixel_format

H264 = (".mp4", ".mov", ".m4v")
FFV1 = (".mkv", ".avi", ".nut")

HDR = {"arib-std-b67": "HLG", "smpte2084": "PQ"}
"""Transfer functions of high dynamic range, by the name that ffmpeg gives to them."""

_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18")
_X265 = ("-c:v", "libx265", "-preset", "veryfast", "-crf", "18", "-tag:v", "hvc1", "-x265-params", "log-level=error")

_MAX_AVI_RATE = 1000
"""Highest rate that ffmpeg writes to an AVI file, in frames per second."""

_MAX_ROUNDED_RATE = 1000
"""Bound of the rates that ffmpeg rounds to those of television and screens, in frames per second. The filter that
prevents it loses the last frame at higher rates, in some versions of ffmpeg."""


class Output(NamedTuple):
    """Frames and properties of the clip to write."""

    chunks: Iterable[np.ndarray]
    shape: tuple[int, ...]  # (H, W) or (H, W, 3)
    dtype: np.dtype
    fps: Fraction
    fs: Fraction | None
    like: Info | None
    sound: str | Path | None
    span: tuple[float, float] | None
    color: ChromaQueue | None

    @property
    def comment(self) -> str:
        """The comment of the file, which states the rates."""
        return rate_comment(self.fps, None if self.fs == self.fps else self.fs)

    @property
    def tags(self) -> dict[str, str]:
        """The color tags of the clip that the frames come from."""
        source = self.color.info if self.color is not None else self.like
        return {} if source is None else dict(source.color_tags)

    @property
    def is_deep_video(self) -> bool:
        """Whether the frames come from a video with more than 8 bits per sample in luma and chroma planes."""
        is_planar = self.like is not None and self.like.pixel_format.startswith(("yuv", "p0", "p2", "p4"))
        return is_planar and self.dtype == np.uint16


def encoded_size(suffix: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of the frames in a file; codecs with 4:2:0 chroma need even ones."""
    height, width = (n + n % 2 if suffix in H264 else n for n in shape[:2])
    return height, width


def write_video(path: Path, clip: Output) -> None:
    """Encode H.264, H.265, FFV1 or GIF with ffmpeg, while a worker thread computes the next chunk."""
    suffix = path.suffix.lower()
    is_patched = suffix == ".avi" and clip.fps > _MAX_AVI_RATE
    keeps_depth = suffix in FFV1 or (suffix in H264 and clip.is_deep_video)
    size = encoded_size(suffix, clip.shape)
    fps = SLOW_RATE if is_patched else clip.fps
    command = [*_input_options(clip, size, fps, wide=clip.dtype == np.uint16 and keeps_depth)]
    filters = _filters(suffix, clip, fps)
    command += [*_sound_options(path, clip), *(["-vf", ",".join(filters)] if filters else [])]
    command += [*_codec_options(suffix, clip), "-metadata", f"comment={clip.comment}", f"file:{path}"]
    with ffmpeg_run(path, command, stdin=subprocess.PIPE) as run:
        # If ffmpeg ends early, the pipe breaks; its own message, which is raised below, says why.
        with suppress(BrokenPipeError), closing(prefetch(clip.chunks)) as chunks:
            for chunk in chunks:
                if clip.color is not None:
                    chunk = clip.color.merge(chunk)
                else:
                    chunk = _fit(chunk, size, eight_bits=not keeps_depth)
                run.process.stdin.write(chunk.data)
            run.process.stdin.close()
        if run.process.wait() != 0:
            raise OSError(f"{path}: writing the video failed: {last_line(run.messages()) or 'ffmpeg gives no reason'}")
    if is_patched:
        set_avi_rate(path, clip.fps)
    if suffix == ".gif":
        set_gif_comment(path, clip.comment)


def _input_options(clip: Output, size: tuple[int, int], fps: Fraction, *, wide: bool) -> list[str]:
    """Options of ffmpeg that describe the raw frames it receives."""
    pixels, tags = raw_pixel_format(color=len(clip.shape) == 3, wide=wide), []
    if clip.color is not None:  # Input and output get the same tags, so that ffmpeg converts nothing.
        pixels, tags = clip.color.info.pixel_format, [option for tag in clip.tags.items() for option in _option(tag)]
    options = ["-y", "-f", "rawvideo", "-pix_fmt", pixels, *tags]
    return [*options, "-s", f"{size[1]}x{size[0]}", "-framerate", f"{fps.numerator}/{fps.denominator}", "-i", "-"]


def _option(tag: tuple[str, str]) -> tuple[str, str]:
    return f"-{tag[0]}", tag[1]


def _sound_options(path: Path, clip: Output) -> list[str]:
    """Options of ffmpeg that copy the sound track, if there is one and the format can hold it."""
    playlists = clip.like is not None and clip.like.playlists
    if clip.sound is None or path.suffix.lower() not in (*H264, ".mkv"):
        return []
    if not info(clip.sound, playlists=playlists).has_sound:
        return []
    # Damaged parts of the sound become silent, however many they are.
    source = ["-max_error_rate", "1", *input_options(Path(clip.sound), playlists=playlists)]
    first = ["-map", "0:a:0", "-c:a", "aac", "-frames:a", "1", "-f", "null", "-"]
    if ffmpeg_output(path, [*source, *first]).returncode != 0:
        warnings.warn(f"{clip.sound}: its sound cannot be decoded and is left out", DamageWarning, stacklevel=2)
        return []
    part = ["-ss", f"{clip.span[0]:.6f}", "-t", f"{clip.span[1]:.6f}"] if clip.span else []
    return [*part, *source, "-map", "0:v", "-map", "1:a:0", "-c:a", "aac"]


def _filters(suffix: str, clip: Output, fps: Fraction) -> list[str]:
    """Filters of ffmpeg that state the exact rate, which it rounds otherwise, the color and the shape of the pixels."""
    filters = [f"fps={fps.numerator}/{fps.denominator}"] if fps <= _MAX_ROUNDED_RATE else []
    tags = _output_tags(suffix, clip)
    if suffix in H264 and clip.color is None:
        matrix = "bt2020" if tags["colorspace"].startswith("bt2020") else "bt709"
        filters.append(f"scale=out_color_matrix={matrix}:out_range=tv")
    if tags:
        names = {"color_range": "range"}
        filters.append("setparams=" + ":".join(f"{names.get(name, name)}={value}" for name, value in tags.items()))
    if clip.like is not None and clip.like.pixel_aspect != 1:
        filters.append(f"setsar={clip.like.pixel_aspect.numerator}/{clip.like.pixel_aspect.denominator}")
    if suffix == ".gif":
        filters.append("split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1")
    return filters


def _output_tags(suffix: str, clip: Output) -> dict[str, str]:
    """The color tags of the file, by the names of ffmpeg's options."""
    tags = clip.tags
    if clip.color is not None:
        return tags
    light = {name: value for name, value in tags.items() if name in ("color_primaries", "color_trc")}
    if suffix in H264:
        matrix = "bt2020nc" if tags.get("colorspace", "").startswith("bt2020") else "bt709"
        defaults = {"color_primaries": "bt709", "color_trc": "bt709"}
        return {"color_range": "tv", "colorspace": matrix, **defaults, **light}
    if suffix == ".mkv" and light:
        return {"color_range": "pc", **({"colorspace": "gbr"} if len(clip.shape) == 3 else {}), **light}
    return {}


def _codec_options(suffix: str, clip: Output) -> list[str]:
    """Options of ffmpeg that choose the codec and the pixel format of the file."""
    if clip.color is not None:
        return [*_X264, "-movflags", "+faststart", "-pix_fmt", clip.color.info.pixel_format]
    if suffix in H264:
        codec = [*_X265, "-pix_fmt", "yuv420p10le"] if clip.is_deep_video else [*_X264, "-pix_fmt", "yuv420p"]
        return [*codec, "-movflags", "+faststart"]
    if suffix == ".gif":
        return []
    wide = clip.dtype == np.uint16
    pixels = ("gbrp16le" if wide else "bgr0") if len(clip.shape) == 3 else ("gray16le" if wide else "gray")
    return ["-c:v", "ffv1", "-level", "3", "-g", "1", "-pix_fmt", pixels]


def _fit(chunk: np.ndarray, size: tuple[int, int], *, eight_bits: bool) -> np.ndarray:
    """The chunk, reduced to 8 bits if requested, with its last row and column repeated up to `size`."""
    if eight_bits and chunk.dtype == np.uint16:
        chunk = (chunk >> 8).astype(np.uint8)
    extra = [(0, 0), (0, size[0] - chunk.shape[1]), (0, size[1] - chunk.shape[2]), (0, 0)]
    if any(after for _, after in extra):
        chunk = np.pad(chunk, extra[: chunk.ndim], mode="edge")
    return np.ascontiguousarray(chunk)
