"""eulerian-magnification: linear, with a Fourier band-pass.

Release 0.22 reads the bins of a real transform as those of a complex one: motion of a frequency is magnified where the
band lies at twice of it, and the band that is asked for magnifies nothing of its own.
"""

from __future__ import annotations

import contextlib
import io
import warnings

import numpy as np


def magnify(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify; the package works on values from 0 to 1, and keeps to no range."""
    from eulerian_magnification import eulerian_magnification

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        made = eulerian_magnification(frames / 255.0, fs, *band, alpha)
    return np.clip(np.rint(255 * np.asarray(made)), 0, 255).astype(np.uint8)
