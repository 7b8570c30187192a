"""The Hann window, and the removal of a linear trend."""

from __future__ import annotations

import numpy as np

MIN_PERIODS = 3
"""Periods that a clip must hold of a vibration. A slower one cannot be distinguished from drift."""

MAIN_LOBE = 3
"""Bins on either side of a peak that the main lobe of a Hann window, and the first side lobe, may reach."""


def hann(n: int, positions: np.ndarray | None = None) -> np.ndarray:
    """Hann window (n,), sampled at the centers of n equal intervals or at `positions`, so that no sample is 0."""
    places = np.arange(n) if positions is None else positions
    return 0.5 - 0.5 * np.cos(2 * np.pi * (places + 0.5) / n)


def detrend(signals: np.ndarray, positions: np.ndarray | None = None) -> np.ndarray:
    """Signals (T, ...) without their mean and linear trend, in float64."""
    n = len(signals)
    places = np.arange(n) if positions is None else positions
    trend = np.linalg.qr(np.stack([np.ones(n), places - (n - 1) / 2], axis=1))[0]
    return without(signals.reshape(n, -1).astype(np.float64), trend).reshape(signals.shape)


def without(signals: np.ndarray, functions: np.ndarray) -> np.ndarray:
    """Signals (T, N) without the part that orthonormal functions (T, K) explain."""
    rest: np.ndarray = signals - functions @ (functions.T @ signals)
    return rest
