"""Least-squares fits of signals with a known spectrum that are sampled in a part of the time only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.fft
import scipy.ndimage
import scipy.sparse.linalg

from vmm.measure.signals._windows import hann

_MAX_ITERATIONS = 150
"""Largest number of iterations of the conjugate gradients: the noise is reached well before."""

_TOLERANCE = 1e-9
"""Error at which the iteration ends, relative to the samples: slow motion may exceed the sound a thousandfold."""

_MIN_EXCESS = 4.0
"""Power of slow motion relative to the rest from which it is fitted. Single bins of noise rarely reach it, and the band
of the sound leaves weaker slow motion out."""

_TAIL_PERIODS = 2.0
"""Periods of the lowest frequency by which signals are continued, so that their end does not wrap to their start."""


def spectrum_fit(weights: np.ndarray, gain: np.ndarray, damping: float) -> Callable[[np.ndarray], np.ndarray]:
    """A function that returns the signal (S,) that fits samples (S,) best, by weighted and damped least squares.

    `gain` (S // 2 + 1,) is the expected magnitude of the signal at each frequency, and `damping` is the power of the
    noise of samples with the mean weight. It suppresses frequencies that gaps in the samples hide.

    The iteration takes a signal at the few times that its highest frequency needs. This is exact: the product of the
    signal and the weights is wanted in the band only, to which none of its frequencies is aliased.
    """
    size, n_bins = len(weights), int(np.max(np.flatnonzero(gain), initial=0)) + 1
    count = min(size, scipy.fft.next_fast_len(4 * n_bins, real=True))
    smooth_weights = scipy.fft.irfft(scipy.fft.rfft(weights)[: 2 * n_bins - 1], count) * (count / size)
    noise = damping * weights.mean()

    def project(x: np.ndarray, n: int) -> np.ndarray:
        return scipy.fft.irfft(scipy.fft.rfft(x)[:n_bins] * gain[:n_bins], n) * (n / len(x))

    def normal(x: np.ndarray) -> np.ndarray:
        return project(smooth_weights * project(x, count), count) + noise * x

    operator = scipy.sparse.linalg.LinearOperator((count, count), matvec=normal, dtype=np.float64)

    def fit(samples: np.ndarray) -> np.ndarray:
        right = project(weights * samples, count)
        coefs, _ = scipy.sparse.linalg.cg(operator, right, rtol=_TOLERANCE, maxiter=_MAX_ITERATIONS)
        return project(np.asarray(coefs), size)

    return fit


def without_slow_part(signals: np.ndarray, low: float, fs: float) -> np.ndarray:
    """Signals (T, N) without their mean and their motion below `low` Hz.

    A filter that cuts the clip off at its ends would spread slow motion, which may be a thousand times as large as the
    sound, over all frequencies. The expected value of the slow motion, by its measured spectrum and that of the rest,
    continues beyond the ends. One spectrum serves all signals, so that their noise remains equally correlated.
    """
    count = len(signals)
    size = scipy.fft.next_fast_len(count + int(np.ceil(_TAIL_PERIODS * fs / low)), real=True)
    centered = signals - signals.mean(axis=0)
    power = np.square(np.abs(scipy.fft.rfft(centered * hann(count)[:, None], axis=0)))
    frequencies, fine = scipy.fft.rfftfreq(count, 1 / fs), scipy.fft.rfftfreq(size, 1 / fs)
    rest = np.median(power[frequencies >= low], axis=0)
    excess = scipy.ndimage.maximum_filter1d(power, 3, axis=0) / np.maximum(rest, 1e-300) - _MIN_EXCESS
    expected = np.interp(fine, frequencies, excess.mean(axis=1)).clip(0) * (fine < low)
    if not expected.any():
        return centered
    is_inside = np.arange(size) < count
    damping = 1 / float(expected.max())
    fit = spectrum_fit(is_inside, np.sqrt(expected * damping), damping * size / count)
    slow = np.zeros(centered.shape)
    for i in range(centered.shape[1]):
        samples = np.zeros(size)
        samples[:count] = centered[:, i]
        slow[:, i] = fit(samples)[:count]
    return centered - slow
