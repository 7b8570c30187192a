"""Linear-phase filters with a finite impulse response."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import product
from vmm.parts import LookAheadFilter
from vmm.temporal.bands import band_in_cycles, check_taps

_SIDELOBES = 2e-3
"""Gain of the filter in its stopband, which is that of the sidelobes of the Hamming window. Motion in them needs more
than half of the memory in narrow bands."""


@checks_arguments
def fir(band: tuple[float, float], fs: float | None = None, *, taps: int | None = None) -> LookAheadFilter:
    """Linear-phase band-pass filter, designed with a Hamming window; it rejects 0 Hz completely.

    The gain is 1 at the center of the band.

    Parameters
    ----------
    band
        Passband (low, high) in Hz, within (0, fs/2); in cycles per frame if `fs` is None. The gain is one half at both
        edges.
    fs
        Camera rate in Hz. If it is None, the default, frequencies are in cycles per frame.
    taps
        Length of the filter in frames, odd and at least 3. A transition is 3.3 fs / taps wide. By default the filter is
        so long that a transition is not wider than the band and does not reach down to 0 Hz.

    Returns
    -------
    LookAheadFilter
        A filter with a group delay of (taps - 1) / 2 frames.

    Raises
    ------
    ValueError
        If `band` is not an increasing pair within (0, fs/2), or if `taps` is even or below 3.

    References
    ----------
    .. [1] Wadhwa, Rubinstein, Durand, Freeman: Phase-based video motion processing. SIGGRAPH 2013.

    Examples
    --------
    >>> import vmm
    >>> vmm.temporal.fir((1.5, 2.5), 30).delay
    50
    """
    low, high = band_in_cycles(band, fs)
    if taps is None:
        taps = 2 * math.ceil(3.3 / min(high - low, 2 * low) / 2) + 1
        check_taps("band", band, taps)
    if taps < 3 or taps % 2 == 0:
        raise ValueError(f"taps={taps} must be an odd number of frames, at least 3")
    window = np.hamming(taps)
    times = np.arange(taps) - (taps - 1) / 2
    weights = window * (high * np.sinc(2 * high * times) - low * np.sinc(2 * low * times))
    weights -= window * (weights.sum() / window.sum())
    result = filter_of_taps(weights / abs(gain(weights, (low + high) / 2)), (low, high))
    return replace(result, stopband=_SIDELOBES)


def filter_of_taps(weights: np.ndarray, band: tuple[float, float]) -> LookAheadFilter:
    """The filter with these weights of the latest frames, newest first; the motion is constant before the clip."""
    span = len(weights) - 1
    block = min(max(span, 16), 64)
    rows = np.zeros((block, block + span))
    for i in range(block):
        rows[i, i : i + span + 1] = weights[::-1]

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        xp = namespace(x)
        before = xp.repeat(x[:1], span, axis=0) if memory is None else memory
        samples = xp.concatenate([before, x])
        flat = samples.reshape(len(samples), -1)
        y = xp.empty((len(x), flat.shape[1]), x.dtype)
        for start in range(0, len(x), block):
            n = min(block, len(x) - start)
            y[start : start + n] = product(flat[start : start + n + span], rows[:n, : n + span])
        return y.reshape(x.shape), samples[len(samples) - span :].copy()

    return LookAheadFilter(apply, span // 2, band)


def gain(weights: np.ndarray, frequency: float) -> complex:
    """Complex gain of symmetrically placed weights at a frequency in cycles per frame."""
    times = np.arange(len(weights)) - (len(weights) - 1) / 2
    return complex(weights @ np.exp(-2j * np.pi * frequency * times))
