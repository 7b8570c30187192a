"""pyidi: ``EulerianMagnifier``, linear, with a Butterworth band-pass filter, for one color channel."""

from __future__ import annotations

import tempfile

import numpy as np


def magnify(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify the green channel; the output has three equal channels."""
    from pyidi import VideoReader
    from pyidi.postprocessing import EulerianMagnifier

    with tempfile.TemporaryDirectory() as folder:
        video = VideoReader(frames[..., 1].copy(), root=folder, fps=fs)
        out = EulerianMagnifier(
            video, freq_band=band, amplification=alpha, filter_type="butter", show_progress=False
        ).get_magnified_video()
    return np.repeat(np.asarray(out)[..., None], 3, axis=-1)
