"""Test of a line in the spectrum of signals against chance.

The spectrum is compared with a smooth background that is fitted to it. The line is the window of bins, of all positions
and widths in a band, with and without its harmonics, that exceeds the background most clearly. The same search in
spectra that are drawn from the background shows how often noise alone does as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vmm.measure.signals._windows import detrend, hann

_DRAWS = 399
"""Spectra that are drawn. The smallest false-alarm probability that can be stated is 1 / 400."""

_DOUBTFUL = 0.05
"""False-alarm probability up to which it is also computed with the backgrounds that the line itself lets expect: if the
line is noise, the bins without it look flatter than their background is. The larger probability counts."""

_SLOPES = np.linspace(0, 2.5, 6)
"""Exponents b of the backgrounds a ((f^2 + k^2)^(-b/2) + c). White noise has b = 0 and a random walk has b = 2."""

_KNEES = np.array([0.0, 2.0, 5.0])
"""Frequencies k below which the backgrounds are flat, relative to the lowest bin: drift that returns is bounded."""

_FLATS = np.concatenate([[0.0], np.logspace(-4.5, 0, 7)])
"""Levels c of white noise of the backgrounds, relative to the first term at the lowest bin."""

_WIDTHS = (1, 2, 3, 5, 9, 17)
"""Widths in bins of the windows. The wide ones hold lines whose frequency drifts."""

_HARMONICS = 5
"""Harmonics of a line, with the fundamental, that the background leaves out."""

_MAX_SHARE = 0.5
"""Largest share of the bins that a window may cover: of those of the band, and of those of the background."""

_TILTS = (0, 1, 2)
"""Exponents of the frequency by which power is multiplied before its highest bin starts a search. A strong line at a
low frequency looks like a steep background to a fit that holds it."""

_PASSES = 2
"""Fits of the background in each search."""

_MARGIN = 1
"""Bins on either side of a line that the background leaves out: the main lobe of a Hann window."""

_TOP = 6.0
"""Highest frequency of the background, relative to the upper limit of the band."""

_BELOW_NYQUIST = 0.95
"""Highest frequency of the background, relative to half the rate. Filters of cameras and codecs act above it."""

_NEIGHBOR, _NEXT = 4 / 9, 1 / 36
"""Correlation of the power in bins at distances of 1 and 2 of a Hann-windowed periodogram."""

_MAX_SPREAD = 0.5
"""Largest width of a window beyond a main lobe, relative to its lowest frequency. A wider one would hold harmonics."""

_SPACING = 2.0
"""Distance of harmonics, relative to their width, from which the background leaves them out. Closer ones would leave it
too few bins."""

_BIN_COST = 3.0
"""Log-likelihood that a bin of a harmonic with its own level costs, so that few bins of noise take one."""

_OUTSTANDING = 6.0
"""Power of a bin, relative to the background, from which the bin belongs to a line: one bin of noise in 400 has as
much. Side bands of a rate that swings are at some distance from the line, and harmonics may be above the band."""

_PEELS = 6
"""Fits of the background of a signal, after each of which outstanding bins are left out."""

_MIN_REMAINING = 0.1
"""Smallest share of the bins that the background is fitted to."""

_MAX_COMPONENTS = 12
"""Largest number of independent components of the noise that are drawn. Fewer make the test more cautious."""

_LOBE = np.array([-0.25, 0.5, -0.25]) * np.sqrt(8 / 3)
"""Hann window of unit power in the frequency domain."""

_CORRELATED = 35 / 18
"""Bins of a Hann-windowed periodogram that hold as much information as one independent bin."""

_ROUNDING = 1e-12
"""Largest change that rounding errors cause, in any of the usual units. Signals that change less are constant."""


@dataclass(frozen=True)
class Line:
    """The line of a band that is least likely to be chance.

    Attributes
    ----------
    p_value
        Probability that noise with the same background shows so clear a line anywhere in the band.
    low, high
        Limits of the line in cycles per sample: half a bin beyond its first and last bin.
    """

    p_value: float
    low: float
    high: float


@dataclass(frozen=True)
class _Bins:
    """Bins of a spectrum: `low` to `high` in the band, and `start` to `stop` for the fit of the background."""

    start: int
    low: int
    high: int
    stop: int

    @property
    def frequencies(self) -> np.ndarray:
        return np.arange(self.start, self.stop, dtype=float)


def strongest_line(
    flat: np.ndarray, band: tuple[float, float], gain: Callable[[np.ndarray], np.ndarray] | None = None
) -> Line:
    """The line in a band that is clearest in the spectra of signals (T, N), and its false-alarm probability.

    `band` is in cycles per sample. `gain` gives the gain, at such frequencies, of a filter that the signals have
    passed: their noise has a smooth spectrum before the filter.
    """
    count = len(flat)
    bins = _bins(count, band)
    if not (np.ptp(flat, axis=0) > _ROUNDING).any():
        return Line(1.0, *band)
    spectra = _spectra(flat, bins)
    if gain is not None:
        spectra = spectra / gain(bins.frequencies / count)[:, None]
    power = np.square(np.abs(spectra))
    level = np.exp(np.log(np.maximum(power, 1e-30 * power.max() + 1e-300)).mean(axis=0))
    mean = (power / level).mean(axis=1)[None]
    score, window, background = _search(mean, bins)
    used = ~_line_bins(bins, window)
    components = _components(spectra[used[0]] / np.sqrt(level * background[0, used[0], None]))
    p_value = _chance(mean, used, score[0], bins, components)
    if p_value <= _DOUBTFUL:
        p_value = max(p_value, _chance(mean, np.ones_like(used), score[0], bins, components))
    return Line(p_value, (window[0, 0] - 0.5) / count, (window[0, 1] - 0.5) / count)


def _chance(mean: np.ndarray, used: np.ndarray, score: float, bins: _Bins, components: np.ndarray) -> float:
    """Probability of such a score in backgrounds that are likely by the used bins of a spectrum (1, F)."""
    rng = np.random.default_rng(0)
    drawn = _likely_backgrounds(mean, used, bins, components, rng) * _draw(components, len(mean[0]), rng)
    return (1 + int((_search(drawn, bins)[0] >= score).sum())) / (1 + _DRAWS)


def signal_to_noise(wave: np.ndarray, band: tuple[float, float], lines: list[tuple[float, float]]) -> float:
    """Power of lines, with these limits, of a signal (T, 1) over that of its background in the band, as a ratio."""
    bins = _bins(len(wave), band)
    power = np.square(np.abs(_spectra(wave, bins))).T
    inside = np.zeros(power.shape, bool)
    for low, high in lines:
        inside |= abs(bins.frequencies / len(wave) - (low + high) / 2) <= (high - low) / 2 + _MARGIN / len(wave)
    background = power
    for _ in range(_PEELS):
        if inside.mean() > 1 - _MIN_REMAINING:
            break
        background = _fit_background(power, ~inside, bins)
        inside |= power > _OUTSTANDING * background
    in_band = (bins.frequencies >= bins.low) & (bins.frequencies <= bins.high)
    excess = float((power - background)[inside & in_band].sum())
    return excess / max(float(background[:, in_band].sum()), 1e-300)


def _spectra(flat: np.ndarray, bins: _Bins) -> np.ndarray:
    """Spectra (F, N) of signals (T, N) without trend, in a Hann window."""
    spectra: np.ndarray = np.fft.rfft(detrend(flat) * hann(len(flat))[:, None], axis=0)
    return spectra[bins.start : bins.stop]


def _bins(count: int, band: tuple[float, float]) -> _Bins:
    """The bins of a band of signals of `count` samples, and of its background."""
    low, high = max(2, int(np.ceil(band[0] * count - 0.5))), min(int(band[1] * count + 0.5), count // 2)
    top = min(int(_TOP * band[1] * count), int(_BELOW_NYQUIST * count / 2))
    return _Bins(2, low, high, max(top, high) + 1)


def _components(whitened: np.ndarray) -> np.ndarray:
    """Shares (K,) in the power of whitened spectra (F, N) of their independent components."""
    shares = np.linalg.svd(whitened, compute_uv=False)[:_MAX_COMPONENTS] ** 2
    components: np.ndarray = shares / shares.sum()
    return components


def _draw(components: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Mean periodograms (D, F) of white noise with these independent components."""
    power = np.zeros((_DRAWS, size))
    for share in components:
        parts = rng.normal(0, np.sqrt(0.5), (2, _DRAWS, size + 2))
        noise = parts[0] + 1j * parts[1]
        lobes = _LOBE[0] * (noise[:, :-2] + noise[:, 2:]) + _LOBE[1] * noise[:, 1:-1]
        power += share * np.square(np.abs(lobes))
    return power


def _search(power: np.ndarray, bins: _Bins) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score (D,), first bin and end (D, 2) of the most likely line in each of spectra (D, F), and background (D, F).

    The score is the gain in log-likelihood by the line, with the background that fits best around it, over the best
    background alone. The search begins at several bins.
    """
    everywhere, rises = np.ones(power.shape, bool), _rises(power)
    alone = _log_likelihood(power, _fit_background(power, everywhere, bins)).sum(axis=1)
    best = np.full(len(power), -np.inf)
    window, background = np.zeros((len(power), 2), int), np.ones_like(power)
    for tilt in _TILTS:
        trial = _highest(power * bins.frequencies**tilt, bins)
        for _ in range(_PASSES):
            floor = _fit_background(power, ~_line_bins(bins, trial), bins)
            trial = _clearest(power / floor, rises, bins)
        is_line = np.take_along_axis(rises, trial[:, :1] - bins.start, axis=1)[:, 0]
        likelihood = np.where(is_line, _likelihood_with_line(power, floor, trial, bins), alone)
        is_better = likelihood > best
        best = np.where(is_better, likelihood, best)
        window[is_better], background[is_better] = trial[is_better], floor[is_better]
    return best - alone, window, background


def _rises(power: np.ndarray) -> np.ndarray:
    """Bool array (D, F): bins with at least as much power as the one below them.

    A line begins with one. The power of a slow change, such as a bend, a ramp or a period that is longer than those of
    the band, falls from bin to bin, though often more steeply than the background.
    """
    rises = np.ones(power.shape, bool)
    rises[:, 1:] = power[:, 1:] >= power[:, :-1]
    return rises


def _highest(power: np.ndarray, bins: _Bins) -> np.ndarray:
    """First bin and end (D, 2) of the bins of the band next to the one of most power, in each of spectra (D, F)."""
    highest = power[:, bins.low - bins.start : bins.high + 1 - bins.start].argmax(axis=1) + bins.low
    return np.stack([highest - 1, highest + 2], axis=1)


def _log_likelihood(power: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Log-likelihood (D, F) of exponentially distributed power (Whittle)."""
    likelihood: np.ndarray = -np.log(background) - power / background
    return likelihood


def _likelihood_with_line(power: np.ndarray, background: np.ndarray, window: np.ndarray, bins: _Bins) -> np.ndarray:
    """Log-likelihood (D,) of spectra (D, F) if the bins of the window have their own level.

    Bins next to it and of harmonics may have their own levels as well, at a cost.
    """
    by_bin = _log_likelihood(power, background)
    own_levels = -np.log(np.maximum(power, 1e-300)) - 1 - _BIN_COST
    by_bin = np.where(_line_bins(bins, window), np.maximum(by_bin, own_levels), by_bin)
    inside = (bins.frequencies >= window[:, :1]) & (bins.frequencies < window[:, 1:])
    by_bin = np.where(inside, _log_likelihood(power, background), by_bin)
    size = inside.sum(axis=1)
    level = np.maximum((power / background * inside).sum(axis=1) / size, 1)
    return by_bin.sum(axis=1) + size * (level - 1 - np.log(level))


def _gain(size: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Gain in log-likelihood by an own level of windows of this many bins, with this ratio to the background."""
    correlated = 1 + 2 * (_NEIGHBOR * (size - 1) + _NEXT * np.maximum(size - 2, 0)) / size
    gain: np.ndarray = size / correlated * (ratio - 1 - np.log(ratio))
    return gain


def _fit_background(power: np.ndarray, used: np.ndarray, bins: _Bins) -> np.ndarray:
    """Backgrounds (D, F) of maximum likelihood for power (D, F) in the bins that are used."""
    shapes, scales, cost = _likelihoods(power, used, bins)
    best = cost.argmin(axis=1)
    background: np.ndarray = scales[np.arange(len(power)), best, None] * shapes[best]
    return background


def _likely_backgrounds(
    power: np.ndarray, used: np.ndarray, bins: _Bins, components: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Backgrounds (D, F), drawn by their likelihood for power (1, F), since the best one is uncertain."""
    shapes, scales, cost = _likelihoods(power, used, bins)
    independent = used.sum() / _CORRELATED / np.square(components).sum()
    likelihood = np.exp(-independent * (cost[0] - cost[0].min()))
    drawn = rng.choice(len(shapes), _DRAWS, p=likelihood / likelihood.sum())
    backgrounds: np.ndarray = scales[0, drawn, None] * shapes[drawn]
    return backgrounds


def _likelihoods(power: np.ndarray, used: np.ndarray, bins: _Bins) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shapes (B, F) of backgrounds, their best scales (D, B), and minus their log-likelihoods for a bin (D, B)."""
    relative = bins.frequencies / bins.frequencies[0]
    bent = np.hypot(relative, _KNEES[:, None])[:, None, None]
    slopes = (bent / bent[..., :1]) ** -_SLOPES[:, None, None]
    shapes = (slopes + _FLATS[:, None]).reshape(-1, len(relative))
    counts, weights = used.sum(axis=1, keepdims=True), used.astype(float)
    scales = np.maximum((weights * power) @ (1 / shapes).T / counts, 1e-300)
    return shapes, scales, np.log(scales) + weights @ np.log(shapes).T / counts


def _clearest(ratio: np.ndarray, rises: np.ndarray, bins: _Bins) -> np.ndarray:
    """First bin and end (D, 2) of the clearest window in ratios (D, F) of power to background.

    Windows begin with bins to which the power rises (D, F).
    """
    sums = np.concatenate([np.zeros((len(ratio), 1)), np.cumsum(ratio, axis=1)], axis=1)
    best, window = np.full(len(ratio), -1.0), np.zeros((len(ratio), 2), int)
    low, high, rows = bins.low - bins.start, bins.high + 1 - bins.start, np.arange(len(ratio))
    for width in _WIDTHS:
        if width > max(_MAX_SHARE * (high - low), 1):
            break
        mean = np.maximum((sums[:, low + width : high + 1] - sums[:, low : high + 1 - width]) / width, 1)
        score = _gain(np.array(width), mean)
        score[~rises[:, low : high + 1 - width]] = 0
        score[:, width - 2 > _MAX_SPREAD * (np.arange(score.shape[1]) + bins.low)] = 0
        first = score.argmax(axis=1)
        is_better = score[rows, first] > best
        best = np.where(is_better, score[rows, first], best)
        window[is_better] = (first[is_better, None] + bins.low) + [0, width]
    return window


def _line_bins(bins: _Bins, windows: np.ndarray) -> np.ndarray:
    """Bool array (D, F): bins of lines with these first bins and ends (D, 2), and of well separated harmonics."""
    frequencies, first, last = bins.frequencies, windows[:, :1], windows[:, 1:] - 1
    inside = (frequencies >= first - _MARGIN) & (frequencies <= last + _MARGIN)
    are_separate = (first + last) / 2 >= _SPACING * (last - first + 3)
    for harmonic in range(2, _HARMONICS + 1):
        near = (frequencies >= harmonic * first - 1) & (frequencies <= harmonic * last + 1)
        inside |= near & are_separate
    few: np.ndarray = inside.mean(axis=1, keepdims=True) <= _MAX_SHARE
    return inside & few
