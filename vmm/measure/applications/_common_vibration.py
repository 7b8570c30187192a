"""The vibration that the subbands of a clip have in common: its waveform, and a test of it against chance."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.linalg
import scipy.ndimage

_DRAWS = 64
"""Clips of noise that are simulated: enough for the mean and the spread of their contrast."""

_MAX_BINS = 4096
"""Largest number of frequencies of a simulated clip. Fewer than the clip has make the test stricter."""

_MIN_SIGNALS = 4
"""Smallest number of subbands, so that some show noise when others show a vibration or the light."""

_MIN_EIGENVALUE = 1e-3
"""Smallest eigenvalue of the correlation of noise, relative to the largest one, for a combination of subbands to count:
the model of the noise is less accurate than that."""

_MIN_SHIFT = 1e-6
"""Smallest standard deviation in radians of a signal that counts: rounding in single precision reaches the tenth."""

_MAX_SNR = 1e6
"""Largest signal-to-noise ratio that is stated, 60 dB: beyond it, the errors of the linear model exceed the noise."""

_LIGHT_GAIN = 1.2
"""Signal-to-noise ratio of the light, relative to that of motion, from which it is the explanation: each contains about
half of the other, because light that becomes uneven shifts the apparent position of a pattern."""

_LIGHT_SHARE = 0.5
"""Smallest signal-to-noise ratio of the light for that, relative to that of the best combination of subbands: parts of
a picture that vibrate alone are neither light nor a motion of the whole."""

_NEIGHBORS = 9
"""Frequencies over which the noise is averaged for its smallest level: it hardly changes over so few."""

_MIN_LEVEL = 0.5
"""Smallest noise at a frequency relative to that around it. Without it, the search may end at a combination that holds
all power at one frequency, where no noise seems to be left."""

_ITERATIONS = 3
"""Iterations between the strongest combination and the noise in the others."""


@dataclass(frozen=True)
class Vibration:
    """The common vibration of subband signals.

    Attributes
    ----------
    weights
        (B,) weights of the signals in the waveform.
    snr
        Ratio of the power of the vibration to that of the noise in the band.
    p_value
        Probability that noise alone yields a vibration at least as clear.
    is_light
        Whether light that becomes uneven explains the vibration better than a motion of the picture.
    """

    weights: np.ndarray
    snr: float
    p_value: float
    is_light: bool = False


@dataclass(frozen=True)
class _Component:
    """The strongest combination of white signals.

    Attributes
    ----------
    vector
        (K,) weights of the signals.
    contrast
        Mean over the frequencies of the ratio of the power to that of the noise: what the test compares.
    ratio
        Power over all frequencies, relative to that of the noise.
    freedom
        Dimension of the space in which the combination was searched.
    """

    vector: np.ndarray
    contrast: float
    ratio: float
    freedom: int


def common_vibration(
    signals: np.ndarray,
    covariance: np.ndarray,
    sensitivity: np.ndarray,
    light: np.ndarray,
    fs: float,
    band: tuple[float, float],
) -> Vibration:
    """The vibration that the signals (T, B) have in common in a band.

    The signals are whitened by the `covariance` (B, B) of the noise. Two hypotheses are tested: all subbands show one
    motion of the whole picture, which follows from their `sensitivity` (B, 2), or each has its own weight. In both, the
    noise at each frequency is measured in the combinations of signals that do not hold the vibration, so that noise of
    any spectrum is not taken for a sound. Simulated noise with as many signals and frequencies says how clear a
    vibration must be. Changes of the `light` (B, n) are a third hypothesis, which may explain the vibration instead.
    """
    spectra = scipy.fft.dct(signals - signals.mean(axis=0), axis=0, norm="ortho")  # even extension, as in `bandpass`
    frequencies = np.arange(len(signals)) * fs / (2 * len(signals))
    inside, above = spectra[(frequencies >= band[0]) & (frequencies <= band[1])], spectra[frequencies > band[1]]
    noise = np.mean(above**2, axis=0)
    is_used = (noise > 1e-12 * noise.max()) & (signals.std(axis=0) > _MIN_SHIFT)
    if is_used.sum() < _MIN_SIGNALS:
        return Vibration(np.zeros(len(is_used)), 0.0, 1.0)
    matrix = whitening(covariance[np.ix_(is_used, is_used)])
    correction, share = _correction(above[:, is_used] @ matrix)
    matrix = matrix @ correction
    white = inside[:, is_used] @ matrix
    components = _components(white, matrix.T @ sensitivity[is_used])
    snrs = [_waveform_snr(component, len(inside)) for component in components]
    best = int(np.argmax(snrs))
    by_light = _waveform_snr(_strongest(white, _basis(matrix.T @ light[is_used])), len(inside))
    weights = np.zeros(len(is_used))
    weights[is_used] = matrix @ components[best].vector
    p_value = _p_value([c.contrast for c in components], (len(inside), len(above)), matrix.shape[1], share)
    is_light = by_light > max(_LIGHT_GAIN * snrs[0], _LIGHT_SHARE * snrs[best])
    return Vibration(weights, snrs[best], p_value, is_light)


def _components(white: np.ndarray, slopes: np.ndarray) -> list[_Component]:
    """The components of white signals (n, K) by a motion of the whole picture (K, 2), and by free weights."""
    return [_strongest(white, _basis(slopes)), _strongest(white, np.eye(white.shape[1]))]


def _basis(vectors: np.ndarray) -> np.ndarray:
    """Orthonormal basis (K, d) of the span of vectors (K, d)."""
    basis: np.ndarray = np.linalg.svd(vectors, full_matrices=False)[0]
    return basis


def _correction(white: np.ndarray, share: float | None = None) -> tuple[np.ndarray, float]:
    """Matrix (K, K) that whitens noise (n, K) of which the model is not exact, and the share of the sample covariance.

    The correction is the shrinkage of [1]_: nothing if the sample covariance deviates from 1 as expected by chance. The
    default share, None, is the one that the noise asks for, rounded up to a tenth.

    References
    ----------
    .. [1] Ledoit, Wolf: A well-conditioned estimator for large-dimensional covariance matrices. Journal of Multivariate
       Analysis 88(2), 2004.
    """
    count, size = white.shape
    sample = white.T @ white / count
    sample *= size / max(float(np.trace(sample)), 1e-300)
    if share is None:
        chance = size * (size + 1) / count
        excess = 1 - chance / max(float(np.sum((sample - np.eye(size)) ** 2)), 1e-300)
        share = float(np.ceil(max(excess, 0.0) * 10)) / 10
    eigenvalues, vectors = np.linalg.eigh(sample)
    matrix: np.ndarray = vectors / np.sqrt(1 - share + share * np.maximum(eigenvalues, 0) + 1e-6)
    return matrix, share


def whitening(covariance: np.ndarray) -> np.ndarray:
    """Matrix (B, K) that makes signals with this covariance white; combinations with almost no noise are left out."""
    scale = np.sqrt(np.diag(covariance)).clip(1e-100)
    eigenvalues, vectors = scipy.linalg.eigh(covariance / np.outer(scale, scale))
    is_used = eigenvalues > _MIN_EIGENVALUE * eigenvalues[-1]
    matrix: np.ndarray = vectors[:, is_used] / np.sqrt(eigenvalues[is_used]) / scale[:, None]
    return matrix


def _strongest(white: np.ndarray, basis: np.ndarray) -> _Component:
    """The strongest combination of white signals (n, K) in the span of a basis (K, d)."""
    total = np.sum(white**2, axis=1)
    parts = white @ basis
    freedom = max(white.shape[1] - 1, 1)
    level = np.full(len(white), total.mean() / white.shape[1])
    for _ in range(_ITERATIONS):
        weighted = parts / np.sqrt(level)[:, None]
        vector = np.linalg.eigh(weighted.T @ weighted)[1][:, -1]
        power = np.square(parts @ vector)
        level = np.maximum((total - power) / freedom, 1e-300)
        level = np.maximum(level, _MIN_LEVEL * scipy.ndimage.uniform_filter1d(level, _NEIGHBORS, mode="nearest"))
    return _Component(basis @ vector, float(np.mean(power / level)), float(power.sum() / level.sum()), basis.shape[1])


def _waveform_snr(component: _Component, count: int) -> float:
    """Signal-to-noise ratio of the waveform of a component that was searched among `count` frequencies.

    The search finds noise as well, and its result deviates from the true weights. Both effects follow from the theory
    of spiked covariances [1]_.

    References
    ----------
    .. [1] Paul: Asymptotics of sample eigenstructure for a large dimensional spiked covariance model. Statistica
       Sinica 17(4), 2007.
    """
    aspect = component.freedom / count
    excess = component.ratio - 1 - aspect
    if excess**2 <= 4 * aspect or excess <= 0:
        return 0.0
    spike = (excess + np.sqrt(excess**2 - 4 * aspect)) / 2
    overlap = (1 - aspect / spike**2) / (1 + aspect / spike)
    return min(float(spike * overlap), _MAX_SNR)


def _p_value(contrasts: list[float], counts: tuple[int, int], size: int, share: float) -> float:
    """Probability that noise has a contrast as large as the largest of these, by a Gumbel distribution.

    `counts` are the numbers of frequencies in the band and above it, `size` is the number of signals, and `share` is
    that of the correction of the noise.
    """
    scale = max(1.0, sum(counts) / _MAX_BINS)
    draws = _noise_contrasts(int(counts[0] / scale), int(counts[1] / scale), size, share)
    mean, spread = draws.mean(axis=0), draws.std(axis=0)
    chance = ((draws - mean) / spread).max(axis=1)  # the two hypotheses on one scale
    width = chance.std() * np.sqrt(6) / np.pi
    center = chance.mean() - np.euler_gamma * width
    return float(-np.expm1(-np.exp(-(np.max((np.log(contrasts) - mean) / spread) - center) / width)))


@functools.lru_cache(maxsize=64)
def _noise_contrasts(n_inside: int, n_above: int, size: int, share: float) -> np.ndarray:
    """Logarithms of the contrasts (draws, 2) of both hypotheses in simulated white noise.

    The noise is corrected with the same share as that of the clip, so that the correction has the same error. The
    result does not depend on the directions of motion, because white noise has none.
    """
    rng, draws = np.random.default_rng(0), []
    for _ in range(_DRAWS):
        noise = rng.normal(size=(n_inside + n_above, size))
        correction, _ = _correction(noise[n_inside:], share)
        draws.append([c.contrast for c in _components(noise[:n_inside] @ correction, correction[:2].T)])
    return np.log(draws)
