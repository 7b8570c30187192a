"""pyidi: ``EulerianMagnifier`` of one plane, linear, with a Butterworth band-pass."""

from __future__ import annotations

import tempfile

import numpy as np


def magnify(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify the green plane; the result is grey, three times."""
    from pyidi import VideoReader
    from pyidi.postprocessing import EulerianMagnifier

    with tempfile.TemporaryDirectory() as folder:
        video = VideoReader(frames[..., 1].copy(), root=folder, fps=fs)
        made = EulerianMagnifier(
            video, freq_band=band, amplification=alpha, filter_type="butter", show_progress=False
        ).get_magnified_video()
    return np.repeat(np.asarray(made)[..., None], 3, axis=-1)
