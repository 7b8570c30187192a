"""Modes found blindly: from the displacement of many regions alone."""

from __future__ import annotations

import numpy as np

from vmm.measure.displacement import Displacement
from vmm.measure.modes import Modes


def blind_modes(moved: Displacement, count: int = 3) -> Modes:
    """Modes of vibration from the displacement of regions, without knowing any frequency.

    The principal components of all displacements, each divided by its standard error, hold the motion; what mixes them
    is undone by their differences from frame to frame, for vibrations of different frequency differ in how fast they
    change.

    Parameters
    ----------
    moved
        Displacement of regions, more than there are modes.
    count
        How many modes.

    Returns
    -------
    Modes
        Real shapes (count, R, 2), from the lowest frequency on, as large as the peaks of a steady vibration are; the
        frequency is that of the strongest line in each mode's signal.

    Raises
    ------
    ValueError
        Where count is not below the number of known displacements, or the clip is too short.

    References
    ----------
    .. [1] Yang et al.: Blind identification of full-field vibration modes from video measurements with phase-based
       video motion magnification. MSSP 2017.
    .. [2] Tong et al.: Indeterminacy and identifiability of blind identification. IEEE TCAS 1991 (AMUSE).

    Examples
    --------
    >>> import numpy as np, vmm
    >>> from vmm.data import synthetic
    >>> t = np.arange(120) / 60
    >>> ends = np.stack([0.3 * np.sin(2 * np.pi * 4 * t), 0.1 * np.sin(2 * np.pi * 11 * t)], axis=1)
    >>> clip = synthetic.render(synthetic.beam(modes=2), ends, noise=1.0)
    >>> moved = vmm.measure.displacement(clip, vmm.measure.grid(21, 24, margin=37), fs=60)
    >>> vmm.measure.blind_modes(moved, 2).frequencies.round(1)
    array([ 4., 11.])
    """
    known = moved.known.reshape(-1)
    there = moved.seen[:, moved.known.any(axis=1)].all(axis=1)
    frames = int(there.sum())
    if not 1 <= count < min(int(known.sum()), frames // 4):
        raise ValueError(
            f"count={count!r} must be at least 1 and below the {int(known.sum())} displacements that are known and a "
            f"quarter of the {frames} frames"
        )
    errors = np.maximum(moved.error.reshape(-1)[known], 1e-12)
    signals = moved.values[there].reshape(frames, -1)[:, known]
    left, _, _ = np.linalg.svd((signals - signals.mean(axis=0)) / errors, full_matrices=False)
    white = left[:, :count]
    changes = np.diff(white, axis=0)
    _, turn = np.linalg.eigh(changes.T @ changes)
    sources = white @ turn  # of unit energy, the slowest first
    peak = np.sqrt(2 / frames)
    shapes = np.full((count, len(known)), np.nan)
    shapes[:, known] = sources.T @ signals * peak
    error = np.where(moved.known, moved.error * peak, np.nan)
    full = shapes.reshape(count, *moved.known.shape)
    frequencies = np.array([_frequency(source) for source in sources.T]) * moved.fs
    order = np.argsort(frequencies)
    return Modes(
        frequencies[order], full[order].astype(complex), np.stack([error] * count), moved.known, moved.fs, moved.unit
    )


def _frequency(signal: np.ndarray) -> float:
    """Frequency of the strongest line, in cycles per frame, refined below the bin."""
    n = len(signal)
    t = np.arange(n) - (n - 1) / 2
    shaped = (signal - signal.mean()) * np.hanning(n)
    best, step = float(np.argmax(np.abs(np.fft.rfft(shaped, 4 * n))) / (4 * n)), 0.25 / n
    for _ in range(12):
        tried = best + step * np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
        best = float(tried[np.argmax(np.abs(np.exp(-2j * np.pi * np.outer(tried, t)) @ shaped))])
        step /= 2
    return best
