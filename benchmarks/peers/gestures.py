"""musicalgestures: linear, from file to file; its output file is encoded with H.264."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from pathlib import Path

import numpy as np

import vmm


def magnify(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify a clip, which is written to a lossless file first."""
    for program in ("ffmpeg", "ffprobe"):
        if shutil.which(program) is None:
            raise FileNotFoundError(f"musicalgestures needs the program {program}, which is not installed")
    import musicalgestures

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = Path(folder) / "clip.avi"
        vmm.io.write(path, frames, fs)
        video = musicalgestures.MgVideo(str(path))
        result = video.eulerian(mode="motion", freq_low=band[0], freq_high=band[1], amplification=alpha)
        out, _ = vmm.io.read(result.filename)
    return np.asarray(out)
