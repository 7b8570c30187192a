"""The vibration that the subbands of a clip have in common: its waveform, and a test of it against chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.linalg

_DRAWS = 199
"""Clips of noise that are simulated: as many as a false-alarm rate of 0.005 needs."""

_MAX_BINS = 4096
"""Largest number of frequencies of a simulated clip. Fewer than the clip has make the test stricter."""

_MIN_EIGENVALUE = 1e-3
"""Smallest eigenvalue of the correlation of noise, relative to the largest one, for a combination of subbands to count:
the model of the noise is less accurate than that."""

_MIN_SHIFT = 1e-6
"""Smallest standard deviation in radians of a signal that counts: rounding in single precision reaches the tenth."""

_MAX_SNR = 1e6
"""Largest signal-to-noise ratio that is stated, 60 dB: beyond it, the errors of the linear model exceed the noise."""

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
    """

    weights: np.ndarray
    snr: float
    p_value: float


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
    signals: np.ndarray, covariance: np.ndarray, sensitivity: np.ndarray, fs: float, band: tuple[float, float]
) -> Vibration:
    """The vibration that the signals (T, B) have in common in a band.

    Two hypotheses are tested: all subbands show one motion of the whole picture, or each has its own weight. In both,
    the noise at each frequency is measured in the combinations of signals that do not hold the vibration, so that noise
    of any spectrum is not taken for a sound. Simulated noise with the same covariance and as many frequencies says how
    clear a vibration must be.
    """
    spectra = scipy.fft.dct(signals - signals.mean(axis=0), axis=0, norm="ortho")  # even extension, as in `bandpass`
    frequencies = np.arange(len(signals)) * fs / (2 * len(signals))
    inside, above = spectra[(frequencies >= band[0]) & (frequencies <= band[1])], spectra[frequencies > band[1]]
    noise = np.mean(above**2, axis=0)
    is_used = (noise > 1e-12 * noise.max()) & (signals.std(axis=0) > _MIN_SHIFT)
    if is_used.sum() < 2:
        return Vibration(np.zeros(len(is_used)), 0.0, 1.0)
    covariance, slopes = covariance[np.ix_(is_used, is_used)], sensitivity[is_used]
    matrix, components = _components(inside[:, is_used], above[:, is_used], covariance, slopes)
    best = max(components, key=lambda component: _waveform_snr(component, len(inside)))
    weights = np.zeros(len(is_used))
    weights[is_used] = matrix @ best.vector
    p_value = _p_value([c.contrast for c in components], matrix, covariance, slopes, len(inside), len(above))
    return Vibration(weights, _waveform_snr(best, len(inside)), p_value)


def _components(
    inside: np.ndarray, above: np.ndarray, covariance: np.ndarray, sensitivity: np.ndarray
) -> tuple[np.ndarray, list[_Component]]:
    """Whitening matrix (B, K), and the components of a motion of the whole picture and of free weights."""
    matrix = whitening(_scaled(covariance, np.mean(above**2, axis=0), len(above)))
    matrix = matrix @ _correction(above @ matrix)
    white = inside @ matrix
    slopes = np.linalg.svd(matrix.T @ sensitivity, full_matrices=False)[0]
    return matrix, [_strongest(white, slopes), _strongest(white, np.eye(white.shape[1]))]


def _scaled(covariance: np.ndarray, noise: np.ndarray, count: int) -> np.ndarray:
    """The covariance with the noise power (B,) that is measured from `count` values.

    White noise raises the power of all subbands alike. They get powers of their own as far as the measured ones differ
    by more than chance.
    """
    excess = np.log(noise / np.diag(covariance))
    common, chance = excess.mean(), 2 / count  # variance of the logarithm of a mean of `count` squares
    share = max(0.0, 1 - chance / max(float(excess.var()), 1e-300))
    scale = np.exp((common + share * (excess - common)) / 2)
    scaled: np.ndarray = covariance * np.outer(scale, scale)
    return scaled


def _correction(white: np.ndarray) -> np.ndarray:
    """Matrix (K, K) that whitens noise (n, K) of which the model is not exact, as far as the noise shows that.

    The correction is the shrinkage of [1]_: nothing if the sample covariance deviates from 1 as expected by chance.

    References
    ----------
    .. [1] Ledoit, Wolf: A well-conditioned estimator for large-dimensional covariance matrices. Journal of Multivariate
       Analysis 88(2), 2004.
    """
    count, size = white.shape
    sample = white.T @ white / count
    sample *= size / max(float(np.trace(sample)), 1e-300)
    chance = size * (size + 1) / count
    share = max(0.0, 1 - chance / max(float(np.sum((sample - np.eye(size)) ** 2)), 1e-300))
    eigenvalues, vectors = np.linalg.eigh(sample)
    matrix: np.ndarray = vectors / np.sqrt(1 - share + share * np.maximum(eigenvalues, 0) + 1e-6)
    return matrix


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


def _p_value(
    contrasts: list[float],
    matrix: np.ndarray,
    covariance: np.ndarray,
    sensitivity: np.ndarray,
    n_inside: int,
    n_above: int,
) -> float:
    """Probability that noise has a contrast as large as the largest of these, by simulation.

    `matrix` whitens the noise of the clip. Simulated noise deviates from the model `covariance` as that of the clip
    does, so that corrections of the model are as uncertain.
    """
    rng, root = np.random.default_rng(0), np.linalg.pinv(matrix)
    n_inside, n_above = min(n_inside, _MAX_BINS), min(n_above, _MAX_BINS)
    draws = np.empty((_DRAWS, len(contrasts)))
    for draw in draws:
        noise = rng.normal(size=(n_inside + n_above, len(root))) @ root
        draw[:] = [c.contrast for c in _components(noise[:n_inside], noise[n_inside:], covariance, sensitivity)[1]]
    mean, spread = draws.mean(axis=0), draws.std(axis=0)
    chance = ((draws - mean) / spread).max(axis=1)  # the two hypotheses on one scale
    return float(1 + np.sum(chance >= np.max((contrasts - mean) / spread))) / (_DRAWS + 1)
