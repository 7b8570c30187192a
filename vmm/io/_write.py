"""Writing of clips to video files, TIFF stacks, Zarr stores and folders of images."""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vmm.backend.arrays import is_array, to_host
from vmm.engine.frames import FramesLike, as_frames, check_frames, checked, is_pair
from vmm.io import zarr_store
from vmm.io._info import as_path, info
from vmm.io._read import Clip
from vmm.io.chroma import ChromaQueue
from vmm.io.destination import check_destination, temporary_path
from vmm.io.prefetch import prefetch
from vmm.io.values import full_range, maximum_of, white_of
from vmm.io.video import ffmpeg_process, raw_pixel_format

H264 = (".mp4", ".mov", ".m4v")
_FFV1 = (".mkv", ".avi", ".nut")
_TIFF = (".tif", ".tiff")
_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-movflags", "+faststart")


def write(
    path: str | Path,
    frames: FramesLike,
    fps: float | Fraction,
    *,
    sound: str | Path | None = None,
    span: tuple[float, float] | None = None,
    color: ChromaQueue | None = None,
    white: float | None = None,
    overwrite: bool = False,
) -> None:
    """Write an array or an iterator of chunks to a file, in the format that the extension of `path` names.

    ``.mp4``, ``.mov`` and ``.m4v`` are H.264 with 4:2:0 chroma, which every player supports and which is lossy.
    ``.mkv``, ``.avi`` and ``.nut`` are FFV1, which is lossless and suits measurements. ``.gif`` is an animated image,
    ``.tif`` a TIFF stack, ``.zarr`` a Zarr store (a folder of compressed chunks), and a path without extension a folder
    of PNG images. The file appears under its name only when it is complete; after an error, no file remains.

    TIFF stacks and Zarr stores keep all values and their type, PNG images and FFV1 all integers. H.264 and GIF have 8
    bits: 0 is shown black and `white` white, and values outside are clipped. Floating-point frames become 8-bit frames
    in the same way in all formats but TIFF and Zarr.

    Parameters
    ----------
    path
        Path of the file or folder to write.
    frames
        Array (T, H, W) or (T, H, W, 3) of uint8, uint16 or floating type, an iterator of such chunks, or a list of
        frames (H, W) or (H, W, 3). H.264 needs even sizes: the last row or column of an odd size is repeated.
    fps
        Playback rate in frames per second; a fraction is written exactly.
    sound
        Path of a file whose sound track is copied to H.264 files and ``.mkv``; by default the output is silent.
    span
        Start and length in seconds of the part of the sound track to copy; by default all of it.
    color
        Queue of the chroma planes that belong to `frames`: the ``color`` of a clip opened with ``luma=True``. For H.264
        only.
    white
        Value that is shown white in a video, such as 1023 for 10 bits or 1 for floating-point frames of 0 to 1: all
        videos, FFV1 included, then use the full range of their type. By default, values of H.264 and GIF have 8, 10,
        12, 14 or 16 significant bits, the fewest that hold the largest value; white of floating-point frames is 1 if
        no value is above 2, and else 255. A `Clip` knows its white; any other iterator shows the largest value by its
        first chunk that is not black.
    overwrite
        Whether to overwrite an existing file.

    Raises
    ------
    FileExistsError
        If the path exists and `overwrite` is False.
    FileNotFoundError
        If the folder of the path does not exist.
    PermissionError
        If the folder of the path cannot be written.
    TypeError
        If `path` is not a path, or `frames` neither an array nor an iterator of arrays.
    ValueError
        If the format is unknown, or the frames or the playback rate do not fit the format; or if `white` is needed:
        floating-point frames with values above 510, or an iterator whose later chunks are much brighter.
    ImportError
        If a Zarr store is to be written without the package ``zarr``.
    OSError
        If writing fails, for example on a full disk.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np, vmm
    >>> frames = np.zeros((6, 32, 48), np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     vmm.io.write(f"{folder}/clip.mkv", frames, 30)
    ...     np.array_equal(vmm.io.read(f"{folder}/clip.mkv")[0], frames)
    True
    """
    path = as_path(path)
    writer = check_format(path, overwrite=overwrite)
    exact_fps = _exact_fps(path, fps)
    if white is not None and not 0 < white < math.inf:
        raise ValueError(f"white={white!r} must be a positive number, the value that is shown white")
    clip_chunks = _as_chunks(frames)
    chunks = (chunk for chunk in clip_chunks if len(chunk))
    first = next(chunks, None)
    if first is None:
        raise ValueError(f"{path}: no frames to write")
    check_frames(first)
    if color is not None and (path.suffix.lower() not in H264 or first.shape[1:] != color.info.shape[1:3]):
        raise ValueError(
            f"{path}: chroma planes can be written to {', '.join(H264)} only, with luma of the size that was read"
        )
    if white is None and _is_scaled(path, first.dtype):
        white = _white_of_clip(frames, clip_chunks)
    host_chunks: Iterable[np.ndarray] = _on_host(chain([first], chunks))
    if _is_scaled(path, first.dtype, white):
        host_chunks = full_range(host_chunks, white)
    with temporary_path(path) as temporary:
        clip = _Output(host_chunks, first.shape[1:], first.dtype, exact_fps, sound, span, color)
        writer(temporary, clip)


class _Output(NamedTuple):
    """Frames and properties of the clip to write."""

    chunks: Iterable[np.ndarray]
    shape: tuple[int, ...]  # (H, W) or (H, W, 3)
    dtype: np.dtype
    fps: Fraction
    sound: str | Path | None
    span: tuple[float, float] | None
    color: ChromaQueue | None


def check_format(path: Path, *, overwrite: bool) -> Callable[..., None]:
    """The function that writes the format of a path; raise if the format is unknown or the path cannot be written."""
    writer = _writer_of(path)
    check_destination(path, overwrite=overwrite)
    if path.exists() and path.is_dir() != (writer in (_write_folder, _write_store)):
        raise FileExistsError(f"{path} is {'a folder' if path.is_dir() else 'a file'}: choose another name")
    if writer is _write_store:
        zarr_store.check_destination(path)
    elif path.is_dir() and not all(re.fullmatch(r"\d{6}\.png", entry.name) for entry in path.iterdir()):
        raise FileExistsError(f"{path} holds more than numbered images, and all would be deleted: choose another name")
    return writer


def _writer_of(path: Path) -> Callable[..., None]:
    suffix = path.suffix.lower()
    if suffix in (*H264, *_FFV1, ".gif"):
        return _write_video
    if suffix in _TIFF:
        return _write_stack
    if suffix == zarr_store.SUFFIX:
        return _write_store
    if suffix == "":
        return _write_folder
    formats = ", ".join((*H264, *_FFV1, ".gif", *_TIFF, zarr_store.SUFFIX))
    raise ValueError(
        f"{path}: unknown format {suffix!r}; known are {formats}, and a folder of PNG images without extension"
    )


def _exact_fps(path: Path, fps: float | Fraction) -> Fraction:
    """The playback rate as a fraction; raise if it is not positive or the format cannot state it."""
    if not isinstance(fps, int | float | Fraction | np.number):
        raise TypeError(f"fps must be a number, the playback rate in frames per second, not {type(fps).__name__}")
    exact = Fraction(fps).limit_denominator(100_000) if 0 < fps < math.inf else Fraction(0)
    if not exact > 0:
        raise ValueError(f"fps={fps!r} must be a positive number of frames per second")
    if path.suffix.lower() == ".gif" and exact > 100:
        raise ValueError(f"fps={fps!r}: a GIF plays at most 100 frames per second; choose another format or rate")
    return exact


def _as_chunks(frames: Any) -> Iterable[Any]:
    """The chunks of an array, an iterator, or a list of frames."""
    if is_pair(frames):
        raise TypeError("frames is a pair (frames, fs): give its frames and, as fps, the playback rate")
    clip = as_frames(frames)
    return [clip] if is_array(clip) else clip


def _white_of_clip(frames: Any, chunks: Iterable[Any]) -> float | None:
    """The value that is shown white, if the whole clip is at hand; None for an iterator of chunks."""
    if isinstance(frames, Clip):
        return frames.white
    if isinstance(chunks, list):
        return white_of(maximum_of(checked(chunks)), chunks[0].dtype)
    return None


def is_video(path: Path) -> bool:
    """Whether the format of a path is a video, whose players expect values that fill their range."""
    return path.suffix.lower() in (*H264, *_FFV1, ".gif")


def _is_scaled(path: Path, dtype: np.dtype, white: float | None = None) -> bool:
    """Whether the values are scaled to the full range of the format."""
    suffix = path.suffix.lower()
    if dtype.kind == "f":
        return suffix not in (*_TIFF, zarr_store.SUFFIX)
    return is_video(path) and (white is not None or suffix not in _FFV1)


def _on_host(chunks: Iterable[Any]) -> Iterator[np.ndarray]:
    """Yield NumPy chunks in native byte order; raise if their sizes or types differ."""
    for chunk in checked(chunks):
        values = to_host(chunk)
        yield values.astype(values.dtype.newbyteorder("="), copy=False)


def _write_video(path: Path, clip: _Output) -> None:
    """Encode H.264, FFV1 or GIF with ffmpeg, while a worker thread computes the next chunk."""
    is_h264 = path.suffix.lower() in H264
    is_lossless = path.suffix.lower() in _FFV1
    size = tuple(n + n % 2 if is_h264 else n for n in clip.shape[:2])
    command = [*_input_options(clip, size, wide=clip.dtype.name == "uint16" and is_lossless)]
    command += [*_sound_options(path, clip), *_codec_options(path.suffix.lower(), clip)]
    with ffmpeg_process([*command, f"file:{path}"], stdin=subprocess.PIPE) as (process, last_error):
        # If ffmpeg ends early, the pipe breaks; its own message, which is raised below, says why.
        with suppress(BrokenPipeError), closing(prefetch(clip.chunks)) as chunks:
            for chunk in chunks:
                if clip.color is not None:
                    chunk = clip.color.merge(chunk)
                else:
                    chunk = _fit(chunk, size, eight_bits=not is_lossless)
                process.stdin.write(chunk.data)
            process.stdin.close()
        if process.wait() != 0:
            raise OSError(f"{path.parent}: writing the video failed: {last_error() or 'ffmpeg gives no reason'}")


def _input_options(clip: _Output, size: tuple[int, ...], *, wide: bool) -> list[str]:
    """Options of ffmpeg that describe the raw frames it receives."""
    pixels, tags = raw_pixel_format(color=len(clip.shape) == 3, wide=wide), []
    if clip.color is not None:  # Input and output get the same tags, so that ffmpeg converts nothing.
        pixels, tags = clip.color.info.pixel_format, clip.color.ffmpeg_options()
    rate = f"{clip.fps.numerator}/{clip.fps.denominator}"
    options = ["-y", "-f", "rawvideo", "-pix_fmt", pixels, *tags]
    return [*options, "-s", f"{size[1]}x{size[0]}", "-framerate", rate, "-i", "-"]


def _sound_options(path: Path, clip: _Output) -> list[str]:
    """Options of ffmpeg that copy the sound track, if there is one and the format can hold it."""
    if clip.sound is None or path.suffix.lower() not in (*H264, ".mkv") or not info(clip.sound).has_sound:
        return []
    part = ["-ss", f"{clip.span[0]:.6f}", "-t", f"{clip.span[1]:.6f}"] if clip.span else []
    return [*part, "-i", f"file:{clip.sound}", "-map", "0:v", "-map", "1:a:0", "-c:a", "aac"]


def _codec_options(suffix: str, clip: _Output) -> list[str]:
    """Options of ffmpeg that choose the codec and the pixel format of the file."""
    if clip.color is not None:
        return [*_X264, "-pix_fmt", clip.color.info.pixel_format, *clip.color.ffmpeg_options()]
    if suffix in H264:
        matrix = ["-vf", "scale=out_color_matrix=bt709:out_range=tv"]
        tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
        return [*matrix, *tags, *_X264, "-pix_fmt", "yuv420p"]
    if suffix == ".gif":
        return ["-vf", "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1"]
    wide = clip.dtype.name == "uint16"
    pixels = ("gbrp16le" if wide else "bgr0") if len(clip.shape) == 3 else ("gray16le" if wide else "gray")
    return ["-c:v", "ffv1", "-level", "3", "-g", "1", "-pix_fmt", pixels]


def _fit(chunk: np.ndarray, size: tuple[int, ...], *, eight_bits: bool) -> np.ndarray:
    """The chunk, reduced to 8 bits if requested, with its last row and column repeated up to `size`."""
    if eight_bits and chunk.dtype == np.uint16:
        chunk = (chunk >> 8).astype(np.uint8)
    extra = [(0, 0), (0, size[0] - chunk.shape[1]), (0, size[1] - chunk.shape[2]), (0, 0)]
    if any(after for _, after in extra):
        chunk = np.pad(chunk, extra[: chunk.ndim], mode="edge")
    return np.ascontiguousarray(chunk)


def _write_stack(path: Path, clip: _Output) -> None:
    """Write a TIFF stack with one page per frame."""
    import tifffile

    with tifffile.TiffWriter(path, bigtiff=True) as stack:
        for chunk in clip.chunks:
            for image in chunk:
                stack.write(image, contiguous=False, photometric="rgb" if image.ndim == 3 else "minisblack")


def _write_store(path: Path, clip: _Output) -> None:
    """Write a Zarr store with the playback rate in its attributes."""
    zarr_store.write_store(path, clip.chunks, clip.shape, {"fps": str(clip.fps)})


def _write_folder(path: Path, clip: _Output) -> None:
    """Write numbered PNG images."""
    import imageio.v3 as iio

    if clip.dtype.name == "uint16" and len(clip.shape) == 3:
        raise ValueError("PNG images cannot hold 16-bit color frames; choose .tif or .mkv")
    path.mkdir()
    n = 0
    for chunk in clip.chunks:
        for image in chunk:
            iio.imwrite(path / f"{n:06d}.png", image)
            n += 1
