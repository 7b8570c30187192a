"""Description of a file without decoding it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vmm.backend.checks import check_path
from vmm.io import images, phantom, photron, tiff, video, zarr_store
from vmm.io.limits import check_size, readable_errors
from vmm.io.video import Info


def info(path: str | Path, *, playlists: bool = False) -> Info:
    """Get the size, playback rate, length and codec of a file or folder, without decoding it.

    Parameters
    ----------
    path
        Path of a video, a folder of images, a TIFF stack, ``.cih``/``.mraw``, ``.cine`` or a Zarr store.
    playlists
        As in ``stream``.

    Returns
    -------
    Info
        Shape, dtype, playback rate and codec of the file.

    Raises
    ------
    FileNotFoundError
        If there is no file or folder at `path`.
    TypeError
        If `path` is not a path.
    ValueError
        If the file holds no video.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np, vmm
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     vmm.io.write(f"{folder}/clip.mkv", np.zeros((6, 32, 48), np.uint8), 30)
    ...     info = vmm.io.info(f"{folder}/clip.mkv")
    >>> info.shape, info.dtype, info.fps, info.codec
    ((6, 32, 48), 'uint8', Fraction(30, 1), 'ffv1')
    """
    return describe(as_path(path), playlists=playlists)[0]


def describe(path: Path, *, playlists: bool = False) -> tuple[Info, Any]:
    """The description of a file, and its frames, which are read when they are sliced; None for a video."""
    reader = reader_of(path)
    with readable_errors(path):
        if reader is video:
            return video.probe(path, playlists=playlists), None
        frames, fps, name = reader.open_frames(path)
    check_size(path, *frames.shape[1:3])
    bits = frames.bits or 8 * frames.dtype.itemsize
    dtype = str(frames.dtype)
    stated = {"numbers": frames.numbers, "bit_depth": bits, "capture_rate": frames.capture_rate}
    return Info(frames.shape, dtype, fps, name, dtype, **stated), frames


def as_path(path: str | Path) -> Path:
    """`path` as a ``Path``; raise if it is anything else, such as an array, or no file can have this name."""
    if not isinstance(path, str | Path):
        raise TypeError(f"path must be a string or a pathlib.Path, not {type(path).__name__}: the path comes first")
    check_path("path", path)
    return Path(path)


def reader_of(path: Path):  # type: ignore[no-untyped-def]
    """The module that reads the path."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if not (path.is_file() or path.is_dir()):
        raise ValueError(
            f"{path} is a pipe or a device, which can be read only once: write the video to a file, and read the file"
        )
    if zarr_store.is_store(path):
        return zarr_store
    if path.is_dir():
        return images
    return next((reader for reader in (phantom, photron, tiff) if path.suffix.lower() in reader.SUFFIXES), video)
