"""What a file holds."""

from __future__ import annotations

from pathlib import Path

from vmm.io import highspeed, images, video
from vmm.io.video import Info


def info(path: str | Path) -> Info:
    """Size, rate, length and codec of a video, a folder of images, a TIFF stack, ``.cih`` or ``.cine``.

    Parameters
    ----------
    path
        The file or folder.

    Returns
    -------
    Info

    Raises
    ------
    FileNotFoundError
        Where nothing is there.
    ValueError
        Where it holds no video.

    Examples
    --------
    >>> import vmm
    >>> vmm.io.info("nothing.mp4")
    Traceback (most recent call last):
    FileNotFoundError: nothing.mp4: no such file or folder
    """
    path = Path(path)
    source = source_of(path)
    if source is video:
        return video.probe(path)
    frames, rate, name = source.opened(path)
    return Info(frames.shape, str(frames.dtype), rate, name, str(frames.dtype))


def source_of(path: Path):  # type: ignore[no-untyped-def]
    """The module that reads the path."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if path.suffix.lower() in (".cih", ".cihx", ".mraw", ".cine"):
        return highspeed
    if path.is_dir() or path.suffix.lower() in (".tif", ".tiff"):
        return images
    return video
