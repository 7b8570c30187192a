"""A player of frames for notebooks."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import Any

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import to_host
from vmm.backend.checks import check_fs
from vmm.engine.frames import FramesLike, as_array
from vmm.io._write import write
from vmm.io.drafts import draft
from vmm.io.rates import default_playback_rate

_MAX_BYTES = 32 * 2**20
"""Largest video that is put into a page: browsers become slow with larger ones, and the notebook keeps every byte."""


class Video:
    """A video that a notebook plays if it is the last value of a cell.

    Parameters
    ----------
    data
        Contents of the file, an MP4.
    shape
        Number of frames, rows and columns.
    fps
        Playback rate in frames per second.

    Attributes
    ----------
    data
        Contents of the file, an MP4.
    """

    def __init__(self, data: bytes, shape: tuple[int, int, int], fps: float) -> None:
        self.data = data
        self._shape, self._fps = shape, fps

    @checks_arguments
    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the video to a file.

        Parameters
        ----------
        path
            Path of the file, with the suffix ``.mp4``.
        overwrite
            Whether an existing file may be replaced. The default is False.

        Raises
        ------
        ValueError
            If the path has another suffix.
        FileExistsError
            If the file exists and `overwrite` is False.
        """
        if Path(path).suffix.lower() != ".mp4":
            raise ValueError(f"path={str(path)!r} must end in .mp4; vmm.io.write writes frames in other formats")
        with draft(Path(path), overwrite=overwrite) as temporary:
            temporary.write_bytes(self.data)

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.data).decode()
        return (
            '<video autoplay loop muted playsinline controls style="max-width:100%" '
            f'src="data:video/mp4;base64,{source}"></video>'
        )

    def __repr__(self) -> str:
        count, height, width = self._shape
        return f"Video({count} frames of {width}x{height} at {self._fps:g} frames/s, {len(self.data) / 1000:.0f} kB)"


@checks_arguments
def video(frames: FramesLike, fs: float | None = None, *, playback_rate: float | None = None) -> Video:
    """Make a player of frames, which a notebook shows if it is the last value of a cell.

    The video is part of the page, so that it also plays in pages that are exported from the notebook.

    Parameters
    ----------
    frames
        Array (T, H, W[, 3]), or an iterator of such chunks.
    fs
        Rate of the camera in Hz. By default that of a clip of ``vmm.io.stream``, or 30.
    playback_rate
        Playback rate in frames per second. By default `fs`, or 30 if it exceeds 250.

    Returns
    -------
    Video
        The player; ``save`` writes the video to a file.

    Raises
    ------
    ValueError
        If the video exceeds 32 MB, or if the frames cannot be written as a video.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(30, 30, 2.0, 0.5))
    >>> vmm.plot.video(clip, 30)  # doctest: +ELLIPSIS
    Video(30 frames of 64x48 at 30 frames/s, ... kB)
    """
    rate = float(getattr(frames, "fs", 30.0) or 30.0) if fs is None else check_fs(fs)
    fps = float(default_playback_rate(None, rate)) if playback_rate is None else check_fs(playback_rate)
    white: Any = getattr(frames, "white", None)
    array = to_host(as_array(frames))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        write(path, array, fps, white=white)
        data = path.read_bytes()
    if len(data) > _MAX_BYTES:
        raise ValueError(
            f"the video has {len(data) / 2**20:.0f} MB, but at most {_MAX_BYTES // 2**20} MB fit into a page: show "
            'fewer or smaller frames, such as frames[:90, ::2, ::2], or write a file with vmm.io.write("out.mp4", ...)'
        )
    count, height, width = array.shape[:3]
    return Video(data, (count, height, width), fps)
