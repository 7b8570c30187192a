"""Other packages that magnify, each by a function of colour frames (T, H, W, 3) at 30 frames/s, band 2 to 3 Hz."""

from __future__ import annotations

import contextlib
import io
import warnings

import numpy as np


def pyidi(frames: np.ndarray) -> np.ndarray:
    """Linear Eulerian magnification of pyidi (grey frames)."""
    from pyidi import VideoReader
    from pyidi.postprocessing import EulerianMagnifier

    grey = frames[..., 1].copy()
    video = VideoReader(grey, root=".", fps=30)
    magnifier = EulerianMagnifier(video, freq_band=(2, 3), amplification=10, filter_type="butter", show_progress=False)
    return np.asarray(magnifier.get_magnified_video())


def eulerian_magnification(frames: np.ndarray) -> np.ndarray:
    """Linear Eulerian magnification of eulerian-magnification."""
    from eulerian_magnification import eulerian_magnification as magnify

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return np.asarray(magnify(frames, 30, 2, 3, 10))


PEERS = {"pyidi": pyidi, "eulerian-magnification": eulerian_magnification}
