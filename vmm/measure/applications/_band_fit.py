"""Least-squares fits of signals that are limited to a band and sampled in a part of the time only."""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.sparse.linalg

from vmm.measure.signals._windows import hann

_MAX_ITERATIONS = 100
"""Largest number of iterations of the conjugate gradients: the noise is reached well before."""

_MIN_DAMPING = 1e-10
"""Smallest damping of the slow part: below it, rounding errors exceed the part that remains."""

_TAIL_PERIODS = 2.0
"""Periods of the lowest frequency by which signals are continued, so that their end does not wrap to their start."""


def fit_in_band(
    samples: np.ndarray, weights: np.ndarray, band: tuple[float, float], rate: float, damping: float
) -> np.ndarray:
    """The signal (S,) in a band that fits the samples (S,) best, by weighted and damped least squares.

    `damping` is relative to the mean weight. It suppresses frequencies that gaps in the samples hide.
    """
    frequencies = scipy.fft.rfftfreq(len(samples), 1 / rate)
    in_band = (frequencies >= band[0]) & (frequencies <= band[1])

    def project(x: np.ndarray) -> np.ndarray:
        return scipy.fft.irfft(scipy.fft.rfft(x) * in_band, len(samples))

    def normal(x: np.ndarray) -> np.ndarray:
        return project(weights * project(x)) + damping * weights.mean() * x

    operator = scipy.sparse.linalg.LinearOperator((len(samples),) * 2, matvec=normal, dtype=np.float64)
    right = project(weights * samples)
    signal, _ = scipy.sparse.linalg.cg(operator, right, rtol=1e-7, maxiter=_MAX_ITERATIONS)
    return np.asarray(signal)


def without_slow_part(signals: np.ndarray, low: float, fs: float) -> np.ndarray:
    """Signals (T, N) without their mean and their part below `low` Hz.

    A filter that cuts the clip off at its ends would spread slow motion, which may exceed the sound a hundredfold, over
    all frequencies. A fit of a band-limited signal does not: the fit is damped by the power of the rest relative to
    that of the slow part, as in a Wiener filter, and continues beyond the ends.
    """
    count = len(signals)
    size = scipy.fft.next_fast_len(count + int(np.ceil(_TAIL_PERIODS * fs / low)), real=True)
    centered = signals - signals.mean(axis=0)
    window = hann(count)[:, None]
    power = np.square(np.abs(scipy.fft.rfft(centered * window, axis=0)))
    is_slow = scipy.fft.rfftfreq(count, 1 / fs) < low
    rest = np.median(power[~is_slow], axis=0)
    dampings = np.clip(rest / np.maximum(power[is_slow].mean(axis=0), 1e-300), _MIN_DAMPING, 1)
    weights = np.arange(size) < count
    padded = np.zeros((signals.shape[1], size))
    padded[:, :count] = centered.T
    fits = [fit_in_band(x, weights, (0, low), fs, damping) for x, damping in zip(padded, dampings, strict=True)]
    return centered - np.stack(fits, axis=1)[:count]
