"""What a codec does to small motion."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np

from vmm.io.info import info
from vmm.io.video import ffmpeg

BETWEEN = (
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
"""Codecs that predict frames from others, and where nothing seems to change repeat what was there."""

_BITS = (0.011, 0.016, 0.035, 0.41)  # a pixel: H.264 at CRF 28, 23, 18 and 10, of a beam with noise of 1 grey level
_KEPT = ((0.20, 0.04), (0.20, 0.02), (0.27, 0.08), (0.42, 0.25))  # of vibrations of 20 and 5 mpx
_LOOKED_AT = 48  # frames


def loss(path: str | Path) -> str:
    """What is to be expected of small motion in a file; empty where its codec keeps it.

    A codec that predicts frames from others removes what moves by less than it thinks can be seen. How much was
    measured on a vibrating beam encoded as H.264, and is told by the bits that the file spends on a pixel.

    Parameters
    ----------
    path
        The file or folder.

    Returns
    -------
    str
        A sentence.

    Raises
    ------
    FileNotFoundError, ValueError
        As in ``info``.

    Examples
    --------
    >>> from vmm.io.codecs import loss
    >>> loss("nothing.mp4")
    Traceback (most recent call last):
    FileNotFoundError: nothing.mp4: no such file or folder
    """
    path = Path(path)
    found = info(path)
    if found.codec not in BETWEEN or not _predicted(path):
        return ""
    bits = 8 * path.stat().st_size / max(1, int(np.prod(found.shape[:3])))
    medium, small = _kept(bits)
    return (
        f"{path}: {found.codec} predicts frames from others and removes small motion. At its {bits:.2g} bits a pixel "
        f"about {100 * medium:.0f} % of a vibration of 0.02 px and {100 * small:.0f} % of one of 0.005 px would be "
        "left, going by a beam that was measured, and false lines may appear; larger and slower motion suffers less. "
        "To measure, record raw, FFV1 or MJPEG"
    )


def _kept(bits: float) -> tuple[float, float]:
    """Shares of 0.02 px and 0.005 px that are left."""
    place = np.log(np.clip(bits, _BITS[0], None))
    medium, small = (np.interp(place, np.log([*_BITS, 8.0]), [*(pair[i] for pair in _KEPT), 1.0]) for i in range(2))
    return float(medium), float(small)


def _predicted(path: Path) -> bool:
    """Whether any of the first frames is predicted from others."""
    command = [ffmpeg(), "-hide_banner", "-nostdin", "-i", f"file:{path}", "-map", "0:v:0"]
    command += ["-frames:v", str(_LOOKED_AT), "-vf", "showinfo", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stderr
    return re.search(r"\btype:[PB]\b", said) is not None
