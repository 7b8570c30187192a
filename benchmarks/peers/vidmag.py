"""vidmag: linear and phase, on the processor."""

from __future__ import annotations

from typing import Any

import numpy as np


def linear(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify by its Laplacian pyramid with a Fourier band-pass."""
    return _magnify(frames, "vibration", fs, fl=band[0], fh=band[1], alpha=alpha)


def phase(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify by its steerable pyramid of three scales."""
    return _magnify(frames, "motion_phase", fs, fl=band[0], fh=band[1], alpha=alpha)


def _magnify(frames: np.ndarray, preset: str, fs: float, **settings: Any) -> np.ndarray:
    """Frames in blue, green, red in and out, as the package has them."""
    import vidmag

    made = vidmag.magnify(frames[..., ::-1].copy(), preset=preset, backend="cpu", fps=fs, **settings)
    return np.asarray(made)[..., ::-1]
