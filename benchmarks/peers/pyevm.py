"""pyeulervid, which is imported as pyevm: linear and phase, by PyTorch."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import numpy as np


def linear(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify by its Laplacian pyramid with a Butterworth band-pass."""
    return _magnify("MotionMagnifier", frames, fs, alpha=alpha, freq_low=band[0], freq_high=band[1])


def phase(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify by its steerable pyramid of six scales with a Fourier band-pass."""
    return _magnify("PhaseMagnifier", frames, fs, factor=alpha, freq_low=band[0], freq_high=band[1])


def _magnify(name: str, frames: np.ndarray, fs: float, **settings: Any) -> np.ndarray:
    import torch
    from loguru import logger

    logger.disable("pyevm")
    given = torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2))).float() / 255
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        import pyevm

        made = getattr(pyevm, name)(device=torch.device("cpu"), **settings).process(given, fs)
    return np.rint(255 * made.permute(0, 2, 3, 1).numpy()).clip(0, 255).astype(np.uint8)
