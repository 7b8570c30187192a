"""Effect of lossy codecs on small motion."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vmm.io._info import as_path, info
from vmm.io.formats import input_options
from vmm.io.process import ffmpeg_output
from vmm.io.video import STREAM, Info

PREDICTIVE = (
    "h264",
    "hevc",
    "av1",
    "vp8",
    "vp9",
    "mpeg1video",
    "mpeg2video",
    "mpeg4",
    "msmpeg4v3",
    "wmv1",
    "wmv2",
    "wmv3",
    "vc1",
)
"""Codecs that predict frames from other frames. They skip small changes, and with them small motion."""

# Measured on a vibrating beam with noise of 1 gray level, encoded as H.264 at CRF 28, 23, 18 and 10.
_BITS_PER_PIXEL = (0.011, 0.016, 0.035, 0.41)
_REMAINING_SHARE = ((0.20, 0.04), (0.20, 0.02), (0.27, 0.08), (0.42, 0.25))
"""Share of the amplitude that remains of vibrations of 0.02 px and of 0.005 px, for each entry of _BITS_PER_PIXEL."""

_LOSSLESS_BITS = 8.0
"""Bits per pixel at which all of the amplitude is assumed to remain: those of an uncompressed 8-bit gray frame."""

_FRAMES_PROBED = 48
"""Frames that are searched for predicted ones. A longer search takes more time and rarely finds more."""


def codec_warning(path: str | Path, *, playlists: bool = False) -> str:
    """Describe how far the codec of a file damages small motion.

    A codec that predicts frames from other frames removes motion too small to be visible. The share that remains was
    measured on a vibrating beam encoded as H.264, and is estimated from the bits per pixel of the file.

    Parameters
    ----------
    path
        Path of the file or folder.
    playlists
        As in ``stream``.

    Returns
    -------
    str
        The warning, or an empty string if the codec preserves small motion.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        If ``info`` raises them.

    Examples
    --------
    A lossless file needs no warning:

    >>> import tempfile
    >>> import numpy as np, vmm
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     vmm.io.write(f"{folder}/clip.mkv", np.zeros((6, 32, 48), np.uint8), 30)
    ...     vmm.io.codec_warning(f"{folder}/clip.mkv")
    ''
    """
    path = as_path(path)
    loss = codec_loss(path, info(path, playlists=playlists))
    return "" if loss is None else f"{path.name}: {loss}; vmm info {path.name} says more"


class CodecLoss(NamedTuple):
    """Estimate of the motion that remains in a file.

    Attributes
    ----------
    codec
        Name of the codec.
    bits
        Bits of the file per pixel.
    medium, small
        Share of the amplitude that remains of vibrations of 0.02 px and of 0.005 px.
    """

    codec: str
    bits: float
    medium: float
    small: float

    def __str__(self) -> str:
        return f"{self.codec} predicts frames, and about {100 * self.medium:.0f} % of a vibration of 0.02 px remain"


def codec_loss(path: Path, clip: Info) -> CodecLoss | None:
    """The motion that remains in a file of that description, or None if the codec preserves small motion."""
    if clip.codec not in PREDICTIVE or not _has_predicted_frames(path, clip):
        return None
    bits = 8 * path.stat().st_size / max(1, int(np.prod(clip.shape[:3])))
    return CodecLoss(clip.codec, bits, *_remaining_shares(bits))


def _remaining_shares(bits: float) -> tuple[float, float]:
    """Remaining shares of vibrations of 0.02 px and 0.005 px, interpolated over the logarithm of the bits per pixel."""
    position = np.log(np.clip(bits, _BITS_PER_PIXEL[0], None))
    nodes = np.log([*_BITS_PER_PIXEL, _LOSSLESS_BITS])
    medium, small = (np.interp(position, nodes, [*(pair[i] for pair in _REMAINING_SHARE), 1.0]) for i in range(2))
    return float(medium), float(small)


def _has_predicted_frames(path: Path, clip: Info) -> bool:
    """Whether any of the first frames is predicted from others (a P or B frame)."""
    command = [*input_options(path, playlists=clip.playlists), "-map", STREAM]
    command += ["-frames:v", str(_FRAMES_PROBED), "-vf", "showinfo", "-f", "null", "-"]
    return re.search(r"\btype:[PB]\b", ffmpeg_output(path, command).messages) is not None
