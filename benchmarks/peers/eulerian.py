"""eulerian-magnification: linear, with a Fourier band-pass filter.

Release 0.22 uses the bins of a real Fourier transform as if they were those of a complex one. The actual passband is
therefore at half the requested frequencies, and motion in the requested band is not magnified.
"""

from __future__ import annotations

import contextlib
import io
import warnings

import numpy as np


def magnify(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify; the package takes values in [0, 1] and does not clip its output."""
    from eulerian_magnification import eulerian_magnification

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        out = eulerian_magnification(frames / 255.0, fs, *band, alpha)
    return np.clip(np.rint(255 * np.asarray(out)), 0, 255).astype(np.uint8)
