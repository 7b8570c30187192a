"""Writing of clips to video files, TIFF stacks, Zarr stores and folders of images."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import is_array, to_host
from vmm.engine.frames import FramesLike, as_frames, check_frames, checked, is_pair
from vmm.io import zarr_store
from vmm.io._info import as_path, info
from vmm.io._read import Clip
from vmm.io.chroma import ChromaQueue
from vmm.io.destination import check_destination
from vmm.io.drafts import draft
from vmm.io.encode import FFV1, H264, HDR, Output, encoded_size, write_video
from vmm.io.rates import camera_rate, check_rate, exact_rate
from vmm.io.values import full_range, maximum_of, white_of
from vmm.io.video import Info

_TIFF = (".tif", ".tiff")


@checks_arguments
def write(
    path: str | Path,
    frames: FramesLike,
    fps: float | Fraction,
    *,
    fs: float | Fraction | None = None,
    like: Info | None = None,
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
    of PNG images. The file is read back and appears under its name only if it has the number of frames, the size
    and the rate that were given; after an error, no file remains.

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
        Playback rate in frames per second. It is written exactly if its numerator and denominator are at most a
        million, and otherwise to 1e-7 or better. ``.mkv`` cannot hold some rates above 1000, and a GIF none above 100.
    fs
        Camera rate in Hz, which is written into the metadata of a video, where ``read`` and ``stream`` find it. By
        default the ``fs`` of a `Clip`, and none for other frames.
    like
        Description of the file that the frames come from. Its pixel aspect is kept, and so are its primaries and its
        transfer (such as HLG) in ``.mp4``, ``.mov``, ``.m4v`` and ``.mkv``; frames of a video with more than 8 bits
        become H.265 with 10 bits in the first three. By default the ``info`` of a `Clip`, and none for other frames.
    sound
        Path of a file whose sound track is copied to ``.mp4``, ``.mov``, ``.m4v`` and ``.mkv``; by default the output
        is silent.
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
        If the path exists and `overwrite` is False, or another run is writing it.
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
        If writing fails, for example on a full disk, or the file that was written does not hold the frames.

    Warns
    -----
    UserWarning
        If the format cannot hold the transfer or the pixel aspect of `like`.

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
    exact = exact_rate(path, fps)
    if white is not None and not 0 < white < math.inf:
        raise ValueError(f"white={white!r} must be a positive number, the value that is shown white")
    if isinstance(frames, Clip):
        fs, like = frames.fs if fs is None else fs, like or frames.info
    clip_chunks = _as_chunks(frames)
    chunks = _with_frames(clip_chunks)
    first = next(chunks, None)
    if first is None:
        raise ValueError(f"{path}: no frames to write")
    if color is not None and (path.suffix.lower() not in H264 or first.shape[1:] != color.info.shape[1:3]):
        raise ValueError(
            f"{path}: chroma planes can be written to {', '.join(H264)} only, with luma of the size that was read"
        )
    if message := _losses(path, like):
        warnings.warn(message, UserWarning, stacklevel=3)
    if white is None and _is_scaled(path, first.dtype):
        white = _white_of_clip(frames, clip_chunks)
    lengths: list[int] = []
    host_chunks: Iterable[np.ndarray] = _on_host(chain([first], chunks), lengths)
    if _is_scaled(path, first.dtype, white):
        host_chunks = full_range(host_chunks, white)
    rate = None if fs is None else camera_rate(fs)
    dtype = first.dtype.newbyteorder("=")
    clip = Output(host_chunks, first.shape[1:], dtype, exact, rate, like, sound, span, color)
    with draft(path, overwrite=overwrite) as temporary:
        writer(temporary, clip)
        _check_file(temporary, path, clip, sum(lengths))


def _with_frames(chunks: Iterable[Any]) -> Iterator[Any]:
    """The chunks that hold frames, after a check of each."""
    for chunk in chunks:
        check_frames(chunk)
        if len(chunk):
            yield chunk


def _losses(path: Path, like: Info | None) -> str:
    """One sentence about the properties of the input that the format cannot hold; empty if it holds all of them."""
    if like is None:
        return ""
    suffix, losses = path.suffix.lower(), []
    transfer = dict(like.color_tags).get("color_trc")
    if transfer in HDR and suffix not in (*H264, ".mkv"):
        losses.append(f"the {HDR[transfer]} transfer")
    if like.pixel_aspect != 1 and suffix in (*_TIFF, zarr_store.SUFFIX, ""):
        losses.append(f"the pixel aspect {like.pixel_aspect.numerator}:{like.pixel_aspect.denominator}")
    if suffix == ".gif" and like.bit_depth > 8:
        losses.append(f"{like.bit_depth} bits per sample")
    if not losses:
        return ""
    name = f"the format {suffix}" if suffix else "a folder of images"
    lost = " and ".join(losses)
    return f"{path.name}: {name} cannot hold {lost}, so players show another picture; choose .mp4, .mov or .mkv"


def _check_file(file: Path, path: Path, clip: Output, count: int) -> None:
    """Raise unless the file holds `count` frames of the right size at the right rate."""
    result = info(file)
    size = encoded_size(path.suffix.lower(), clip.shape)
    if (result.shape[0], *result.shape[1:3]) != (count, *size):
        raise OSError(
            f"{path}: the file held {result.shape[0]} frames of {result.shape[2]} x {result.shape[1]} pixels in place "
            f"of {count} of {size[1]} x {size[0]} and was deleted; choose another format"
        )
    if is_video(path) or path.suffix.lower() == zarr_store.SUFFIX:
        check_rate(path, result.fps, clip.fps)


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
    if suffix in (*H264, *FFV1, ".gif"):
        return write_video
    if suffix in _TIFF:
        return _write_stack
    if suffix == zarr_store.SUFFIX:
        return _write_store
    if suffix == "":
        return _write_folder
    formats = ", ".join((*H264, *FFV1, ".gif", *_TIFF, zarr_store.SUFFIX))
    raise ValueError(
        f"{path}: unknown format {suffix!r}; known are {formats}, and a folder of PNG images without extension"
    )


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
    return path.suffix.lower() in (*H264, *FFV1, ".gif")


def _is_scaled(path: Path, dtype: np.dtype, white: float | None = None) -> bool:
    """Whether the values are scaled to the full range of the format."""
    suffix = path.suffix.lower()
    if dtype.kind == "f":
        return suffix not in (*_TIFF, zarr_store.SUFFIX)
    return is_video(path) and (white is not None or suffix not in FFV1)


def _on_host(chunks: Iterable[Any], lengths: list[int]) -> Iterator[np.ndarray]:
    """Yield NumPy chunks in native byte order, and append their lengths; raise if their sizes or types differ."""
    for chunk in checked(chunks):
        values = to_host(chunk)
        lengths.append(len(values))
        yield values.astype(values.dtype.newbyteorder("="), copy=False)


def _write_stack(path: Path, clip: Output) -> None:
    """Write a TIFF stack with one page per frame."""
    import tifffile

    with tifffile.TiffWriter(path, bigtiff=True) as stack:
        for chunk in clip.chunks:
            with _disk_errors(path):
                for image in chunk:
                    stack.write(image, contiguous=False, photometric="rgb" if image.ndim == 3 else "minisblack")


def _write_store(path: Path, clip: Output) -> None:
    """Write a Zarr store with the playback rate and the camera rate in its attributes."""
    rates = {"fps": str(clip.fps), **({} if clip.fs is None else {"fs": str(clip.fs)})}
    zarr_store.write_store(path, clip.chunks, clip.shape, rates)


def _write_folder(path: Path, clip: Output) -> None:
    """Write numbered PNG images."""
    from PIL import Image

    if clip.dtype.name == "uint16" and len(clip.shape) == 3:
        raise ValueError("PNG images cannot hold 16-bit color frames; choose .tif or .mkv")
    path.mkdir()
    n = 0
    for chunk in clip.chunks:
        with _disk_errors(path):
            for image in chunk:
                Image.fromarray(image).save(path / f"{n:06d}.png")
                n += 1


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Name the folder in errors of the disk, which NumPy and others raise without any name."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or f"the disk may be full: {error}"
        raise OSError(f"{path.parent}: writing the file failed: {reason}") from error
