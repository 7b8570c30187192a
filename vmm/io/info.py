"""What a file holds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vmm.io import highspeed, images, video


@dataclass(frozen=True)
class Info:
    """What a file holds, without its frames.

    Attributes
    ----------
    shape
        (T, H, W) of grey or (T, H, W, 3) of colour frames.
    dtype
        ``"uint8"`` or ``"uint16"``.
    rate
        Frames a second that the file states, exactly; None where it states none.
    codec
        Name of the codec or the file format.
    pixels
        Name of the pixel format in the file.
    sound
        Whether the file has a sound track.
    """

    shape: tuple[int, ...]
    dtype: str
    rate: Fraction | None
    codec: str
    pixels: str
    sound: bool = False


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
        found = video.probe(path)
        return Info(found.shape, found.dtype, found.rate, found.codec, found.pixels, found.sound)
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
