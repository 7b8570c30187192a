"""vidmag: linear and phase, on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np


def linear(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify with its Laplacian pyramid and a Fourier band-pass filter."""
    return _magnify(frames, "vibration", fs, fl=band[0], fh=band[1], alpha=alpha)


def phase(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify with its steerable pyramid of three scales."""
    return _magnify(frames, "motion_phase", fs, fl=band[0], fh=band[1], alpha=alpha)


def _magnify(frames: np.ndarray, preset: str, fs: float, **settings: Any) -> np.ndarray:
    """Magnify with the channel order of the package: blue, green, red."""
    import vidmag

    out = vidmag.magnify(frames[..., ::-1].copy(), preset=preset, backend="cpu", fps=fs, **settings)
    return np.asarray(out)[..., ::-1]
