"""Clips written: beside their name first, and renamed when they are whole."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vmm.backend.arrays import is_array, to_host
from vmm.engine.frames import check_frames, checked
from vmm.io.ahead import ahead
from vmm.io.colour import Colour
from vmm.io.info import info
from vmm.io.video import running

H264 = (".mp4", ".mov", ".m4v")
_FFV1 = (".mkv", ".avi", ".nut")
_TIFF = (".tif", ".tiff")
_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-movflags", "+faststart")


def write(
    path: str | Path,
    frames: Any,
    rate: float | Fraction,
    *,
    sound: str | Path | None = None,
    span: tuple[float, float] | None = None,
    colour: Colour | None = None,
    overwrite: bool = False,
) -> None:
    """Write an array or an iterator of chunks; the name's ending chooses the format.

    ``.mp4``, ``.mov``, ``.m4v``: H.264, 4:2:0, plays anywhere, loses a little. ``.mkv``, ``.avi``, ``.nut``: FFV1,
    lossless, for measurement. ``.gif``. ``.tif``: a stack. A name without ending: a folder of PNG images. The file
    appears under its name only when it is whole; where anything fails, nothing is left behind.

    Parameters
    ----------
    path
        Where to write.
    frames
        Array (T, H, W) or (T, H, W, 3) of uint8, uint16 or floating type (grey levels 0 to 255), or an iterator of
        such chunks. H.264 and GIF hold 8 bits: of uint16 the high ones are kept. H.264 needs even sizes: an odd one
        gets its last row or column twice.
    rate
        Frames a second at which the file plays; a fraction is kept exactly.
    sound
        A file whose sound track is taken over, into H.264 files and ``.mkv``.
    span
        Part of the sound that is taken: its start and its length in seconds; all of it by default.
    colour
        The colour planes that wait for these frames of luma: ``.colour`` of a clip read with ``luma=True``. For H.264.
    overwrite
        Replace what is there.

    Raises
    ------
    FileExistsError
        Where the path exists and is not to be replaced.
    FileNotFoundError
        Where its folder does not exist.
    PermissionError
        Where its folder cannot be written.
    ValueError
        Where the format is unknown or the frames cannot be written.
    OSError
        Where writing fails, such as on a full disk.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> vmm.io.write("clip.xyz", np.zeros((2, 8, 8), np.uint8), 30)
    Traceback (most recent call last):
    ValueError: clip.xyz: unknown format '.xyz'; known are .mp4, .mov, .m4v, .mkv, .avi, .nut, .gif, .tif, .tiff, ...
    """
    path = Path(path)
    writer = check_target(path, overwrite=overwrite)
    exact = Fraction(rate).limit_denominator(100_000) if 0 < rate < math.inf else Fraction(0)
    if not exact > 0:
        raise ValueError(f"rate={rate!r} must be a positive number of frames a second")
    if path.suffix.lower() == ".gif" and exact > 100:
        raise ValueError(f"rate={rate!r}: a GIF plays 100 frames a second at most; choose another format or rate")
    chunks = (chunk for chunk in ([frames] if is_array(frames) else frames) if len(chunk))
    first = next(chunks, None)
    if first is None:
        raise ValueError(f"{path}: no frames to write")
    check_frames(first)
    if colour is not None and (path.suffix.lower() not in H264 or first.shape[1:] != colour.found.shape[1:3]):
        raise ValueError(f"{path}: colour planes go into {', '.join(H264)}, with luma of the size that was read")
    with drafted(path) as draft:
        writer(draft, _Clip(_host(chain([first], chunks)), first.shape[1:], first.dtype, exact, sound, span, colour))


class _Clip(NamedTuple):
    """What is to be written."""

    chunks: Iterable[np.ndarray]
    shape: tuple[int, ...]  # (H, W) or (H, W, 3)
    dtype: np.dtype
    rate: Fraction
    sound: str | Path | None
    span: tuple[float, float] | None
    colour: Colour | None


def check_target(path: Path, *, overwrite: bool) -> Callable[..., None]:
    """The writer of a path's format; raises unless a file can be put there."""
    writer = _writer(path)
    check_place(path, overwrite=overwrite)
    if path.exists() and path.is_dir() != (writer is _folder):
        raise FileExistsError(f"{path} is {'a folder' if path.is_dir() else 'a file'}: choose another name")
    if path.is_dir() and not all(re.fullmatch(r"\d{6}\.png", entry.name) for entry in path.iterdir()):
        raise FileExistsError(f"{path} holds more than numbered images, and all would be deleted: choose another name")
    return writer


def check_place(path: Path, *, overwrite: bool) -> None:
    """Raise where something stands at the path that is not to be replaced, or its folder cannot be written."""
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists; choose another name or allow it to be replaced (--overwrite)")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder to write {path.name} in")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder}: this folder cannot be written")


def _writer(path: Path) -> Callable[..., None]:
    suffix = path.suffix.lower()
    if suffix in (*H264, *_FFV1, ".gif"):
        return _encode
    if suffix in _TIFF:
        return _tiff
    if suffix == "":
        return _folder
    known = ", ".join((*H264, *_FFV1, ".gif", *_TIFF))
    raise ValueError(f"{path}: unknown format {suffix!r}; known are {known}, and a folder of PNG images without ending")


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """A name in the same folder that becomes the path when all went well, and is gone otherwise."""
    draft = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield draft
        if draft.is_dir() and path.is_dir():
            shutil.rmtree(path)
        os.replace(draft, path)
    finally:
        if draft.is_dir():
            shutil.rmtree(draft)
        else:
            draft.unlink(missing_ok=True)


def _host(chunks: Iterable[Any]) -> Iterator[np.ndarray]:
    """Chunks in NumPy as integers, all of one size and type."""
    for chunk in checked(chunks):
        values = to_host(chunk)
        if values.dtype.kind == "f":
            values = np.clip(np.rint(values), 0, 255).astype(np.uint8)
        yield values.astype(values.dtype.newbyteorder("="), copy=False)


def _encode(path: Path, clip: _Clip) -> None:
    """H.264, FFV1 or GIF by ffmpeg, while the frames after are computed."""
    wide = clip.dtype.name == "uint16"
    lossless = path.suffix.lower() in _FFV1
    colour = len(clip.shape) == 3
    even = path.suffix.lower() in H264
    height, width = (n + n % 2 if even else n for n in clip.shape[:2])
    source = ("rgb48le" if colour else "gray16le") if wide and lossless else ("rgb24" if colour else "gray")
    if clip.colour is not None:
        source = clip.colour.found.pixels
    tags = clip.colour.options() if clip.colour is not None else []  # said of both, so that nothing is converted
    command = ["-y", "-f", "rawvideo", "-pix_fmt", source, *tags]
    command += ["-s", f"{width}x{height}", "-framerate", f"{clip.rate.numerator}/{clip.rate.denominator}", "-i", "-"]
    if clip.sound is not None and (even or path.suffix.lower() == ".mkv") and info(clip.sound).sound:
        part = ["-ss", f"{clip.span[0]:.6f}", "-t", f"{clip.span[1]:.6f}"] if clip.span else []
        command += [*part, "-i", f"file:{clip.sound}", "-map", "0:v", "-map", "1:a:0", "-c:a", "aac"]
    if clip.colour is not None:
        command += [*_X264, "-pix_fmt", source, *tags]
    else:
        command += _codec(path.suffix.lower(), colour, wide)
    with running([*command, f"file:{path}"], stdin=subprocess.PIPE) as (process, complaint):
        with suppress(BrokenPipeError), closing(ahead(clip.chunks)) as chunks:  # a program that ended says why
            for chunk in chunks:
                if clip.colour is not None:
                    chunk = clip.colour.joined(chunk)
                else:
                    chunk = _fitted(chunk, (height, width), eight=not lossless)
                process.stdin.write(chunk.data)
            process.stdin.close()
        if process.wait() != 0:
            raise OSError(f"{path.parent}: writing the video failed: {complaint() or 'ffmpeg gives no reason'}")


def _fitted(chunk: np.ndarray, size: tuple[int, int], *, eight: bool) -> np.ndarray:
    """The chunk in 8 bits where that is asked for, its last row and column repeated up to the size."""
    if eight and chunk.dtype == np.uint16:
        chunk = (chunk >> 8).astype(np.uint8)
    extra = [(0, 0), (0, size[0] - chunk.shape[1]), (0, size[1] - chunk.shape[2]), (0, 0)]
    if any(after for _, after in extra):
        chunk = np.pad(chunk, extra[: chunk.ndim], mode="edge")
    return np.ascontiguousarray(chunk)


def _codec(suffix: str, colour: bool, wide: bool) -> list[str]:
    """Options of ffmpeg for the format."""
    if suffix in H264:
        matrix = ["-vf", "scale=out_color_matrix=bt709:out_range=tv"]
        tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
        return [*matrix, *tags, *_X264, "-pix_fmt", "yuv420p"]
    if suffix == ".gif":
        return ["-vf", "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1"]
    pixels = ("gbrp16le" if wide else "bgr0") if colour else ("gray16le" if wide else "gray")
    return ["-c:v", "ffv1", "-level", "3", "-g", "1", "-pix_fmt", pixels]


def _tiff(path: Path, clip: _Clip) -> None:
    """A stack of pages."""
    import tifffile

    with tifffile.TiffWriter(path, bigtiff=True) as stack:
        for chunk in clip.chunks:
            for image in chunk:
                stack.write(image, contiguous=False, photometric="rgb" if image.ndim == 3 else "minisblack")


def _folder(path: Path, clip: _Clip) -> None:
    """Numbered PNG images; 16-bit colour does not fit into them."""
    import imageio.v3 as iio

    if clip.dtype.name == "uint16" and len(clip.shape) == 3:
        raise ValueError("PNG images of 16-bit colour cannot be written; take .tif or .mkv")
    path.mkdir()
    n = 0
    for chunk in clip.chunks:
        for image in chunk:
            iio.imwrite(path / f"{n:06d}.png", image)
            n += 1
