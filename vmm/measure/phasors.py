"""Amplitude and phase of signals at frequencies that are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.measure.fit import Lines
from vmm.measure.signals import signals


def phasors(values: Any, frequencies: Sequence[float], *, fs: float | None = None) -> np.ndarray:
    """Complex amplitudes of sines of known frequencies, by least squares beside a mean and a trend.

    All are fitted at once, so that lines do not leak into one another however short the signal is.

    Parameters
    ----------
    values
        Signals (T, ...), or a result such as that of ``displacement``.
    frequencies
        Frequencies (F,) in Hz, each other than the rest.
    fs
        Rate in Hz; by default that of the result, else 1.

    Returns
    -------
    ndarray
        (F, ...) complex, in the unit of the signals: ``abs`` is the peak value, ``angle`` the phase of the cosine at
        the first sample.

    Raises
    ------
    ValueError
        Where a frequency does not lie inside (0, fs/2), or signals are too short for so many.
    TypeError
        Where signals are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.measure.phasors import phasors
    >>> t = np.arange(60) / 30
    >>> wave = 0.2 * np.cos(2 * np.pi * 2.5 * t + 1) + 0.05 * np.cos(2 * np.pi * 3.1 * t) + t
    >>> abs(phasors(wave, [2.5, 3.1], fs=30)).round(3)
    array([0.2 , 0.05])
    """
    data = signals(values, fs)
    lines = np.asarray(frequencies, dtype=float)
    if not ((lines > 0) & (lines < data.fs / 2)).all():
        raise ValueError(f"frequencies={list(frequencies)} must lie inside (0, fs/2) = (0, {data.fs / 2:g}) Hz")
    count = len(data.values)
    if count < 2 * len(lines) + 2:
        raise ValueError(f"{count} samples are too few for {len(lines)} lines: {2 * len(lines) + 2} or more")
    return Lines(lines / data.fs, None).of(data.values)
