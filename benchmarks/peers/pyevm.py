"""pyeulervid, whose module is pyevm: linear and phase, with PyTorch."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import numpy as np


def linear(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify with its Laplacian pyramid and a Butterworth band-pass filter."""
    return _magnify("MotionMagnifier", frames, fs, alpha=alpha, freq_low=band[0], freq_high=band[1])


def phase(frames: np.ndarray, band: tuple[float, float], fs: float, alpha: float) -> np.ndarray:
    """Magnify with its steerable pyramid of six scales and a Fourier band-pass filter."""
    return _magnify("PhaseMagnifier", frames, fs, factor=alpha, freq_low=band[0], freq_high=band[1])


def _magnify(name: str, frames: np.ndarray, fs: float, **settings: Any) -> np.ndarray:
    import torch
    from loguru import logger

    logger.disable("pyevm")
    tensor = torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2))).float() / 255
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        import pyevm

        out = getattr(pyevm, name)(device=torch.device("cpu"), **settings).process(tensor, fs)
    return np.rint(255 * out.permute(0, 2, 3, 1).numpy()).clip(0, 255).astype(np.uint8)
