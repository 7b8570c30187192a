"""Displacement from the levels of the pyramid that agree, with the covariance of noise and of misfit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

from vmm.backend.arrays import to_host
from vmm.measure.estimation._levels import Levels, larger
from vmm.measure.estimation._observability import MIN_ENERGY_RATIO
from vmm.measure.estimation._residuals import Residuals, ResidualSums
from vmm.measure.estimation._slopes import Slopes, SlopeSums, compare_slopes
from vmm.measure.estimation._template import Template, pseudo_inverse

FINE_DETAIL = "its finest detail does not follow its motion: use method='phase', which leaves that out"
"""Reason for the linear method, which cannot leave levels out."""

NOT_ONE_MOTION = "its pixels do not follow one motion: detail is aliased, keeps its place, or moves in parts"
"""Reason if the slopes that the motion shows are not those of the picture."""

MISFIT = "its levels of detail or its parts disagree on the displacement by more than noise"
"""Reason if misfit dominates the standard error."""


@dataclass(frozen=True)
class MisfitOptions:
    """Constants of the covariance of misfit.

    Attributes
    ----------
    bias_of_ratio
        Relative bias of the displacement for each unit by which the ratio of slopes differs from 1. For detail just
        above the highest frequency of the sampling, which turns backwards, the bias is half of the difference, and for
        a pattern that keeps its place the whole of it.
    ratio_rounding, ratio_deviations
        Difference of the ratio of slopes from 1, and standard errors of it, that are not counted as bias.
    min_ratio, min_ratio_deviations
        Difference of the ratio of slopes from 1, and standard errors of it, from which a region is marked.
    step_factor
        Factor of the covariance of the step that the residuals of the linear method leave: it is larger than 1, since
        the step is known in some of the frames alone.
    max_misfit
        Largest ratio of the variances of misfit and noise for which a region is not marked.
    """

    bias_of_ratio: float = 0.75
    ratio_rounding: float = 0.01
    ratio_deviations: float = 3.0
    min_ratio: float = 0.03
    min_ratio_deviations: float = 5.0
    step_factor: float = 2.0
    max_misfit: float = 1.0


_OPTIONS = MisfitOptions()


@dataclass(frozen=True, eq=False)
class Solution:
    """Displacement of G regions.

    Attributes
    ----------
    moves
        (T, G, 2) displacement in pixels.
    normal
        (G, 2, 2) normal matrices of the levels that are used, without the part of the noise.
    covariance
        (G, 2, 2) covariance of the displacement.
    noise
        (G,) variance of white noise in the pixels that has the same effect as the noise of the frames.
    reasons
        (G,) why the covariance is less certain than usual; empty for sound regions.
    """

    moves: np.ndarray
    normal: np.ndarray
    covariance: np.ndarray
    noise: np.ndarray
    reasons: np.ndarray


@dataclass(frozen=True, eq=False)
class Observations:
    """The frames of a clip, as the second pass sums them up for G regions.

    Attributes
    ----------
    scores
        (L, T, G, 2) scores of the phases in each level, or None for the linear method.
    shifts, moves
        (T, G, 2) whole-pixel shifts of the crops, and the displacement beyond them.
    is_visible
        (T, G) bool: whether the frame shows the region.
    n_reference
        (G,) number of frames of which the reference is the mean.
    residuals, slopes
        Sums of the residuals, and of the products of the frames with the displacement.
    """

    scores: np.ndarray | None
    shifts: np.ndarray
    moves: np.ndarray
    is_visible: np.ndarray
    n_reference: np.ndarray
    residuals: ResidualSums
    slopes: SlopeSums


def solve(residuals: Residuals, observed: Observations) -> Solution:
    """The displacement of all regions. The linear method keeps all levels, since its products are sums over them."""
    template, scores = residuals.template, observed.scores
    colored, white = residuals.covariance(observed.residuals)
    normals = template.level_normals.swapaxes(0, 1)
    is_used = observed.is_visible
    if scores is not None:
        normals = noisy_normals(template, _level_noise(colored, white), observed.n_reference)
    else:
        is_used = is_used & (np.arange(len(is_used)) % residuals.slope_interval == 0)[:, None]
    slopes = compare_slopes(residuals, observed.slopes, observed.moves, is_used)
    values, parts = observed.moves + observed.shifts, []
    for g in range(len(normals)):
        if scores is None:
            levels = Levels(normals[g], colored[g], *observed.residuals.level_moments(g, normals[g]))
            reason, start = FINE_DETAIL if levels.first() else "", 0
        else:
            levels = Levels(normals[g], colored[g], *_moments(scores[:, observed.is_visible[:, g], g]))
            reason, start = "", levels.first()
            total = scores[start:, :, g].sum(axis=0, dtype=float)
            values[:, g] = total @ levels.inverse(start) + observed.shifts[:, g]
        covariance, doubt = _covariance(levels, start, observed.residuals, slopes, g, scores is not None)
        parts.append((levels.normal(start), covariance, reason or doubt))
    normal, covariances, reasons = zip(*parts, strict=True)
    noise = _noise_ratio(template, colored, white)
    return Solution(values, np.stack(normal), np.stack(covariances), noise, np.array(reasons, object))


def _covariance(
    levels: Levels, start: int, sums: ResidualSums, slopes: Slopes, g: int, uses_phase: bool
) -> tuple[np.ndarray, str]:
    """Covariance (2, 2) of the displacement of region g in the levels from one on, and why it is uncertain."""
    step = sums.step_covariance(g, levels.inverse(start))
    noise, misfit = levels.covariance(start), levels.disagreement(start)
    if not uses_phase:
        misfit = misfit + _OPTIONS.step_factor * step
    elif not start:  # Both show where phase is not linear in the motion.
        misfit = larger(misfit, step)
    misfit = misfit + slopes.scatter[start, g]
    stderr = slopes.ratio_stderr[start, g]
    deviation = abs(slopes.ratio[start, g] - 1)
    excess = max(deviation - _OPTIONS.ratio_deviations * stderr - _OPTIONS.ratio_rounding, 0)
    bias = min(_OPTIONS.bias_of_ratio * excess, 1) * slopes.rms[g]
    reason = ""
    if deviation > max(_OPTIONS.min_ratio, _OPTIONS.min_ratio_deviations * stderr):
        reason = NOT_ONE_MOTION
    elif levels.differ or np.trace(misfit) > _OPTIONS.max_misfit * np.trace(noise):
        reason = MISFIT
    # The bias of pixels that do not follow one motion may have any direction.
    directions = np.eye(2) if reason == NOT_ONE_MOTION else np.outer(slopes.direction[g], slopes.direction[g])
    return noise + misfit + bias**2 * directions, reason


def noisy_normals(template: Template, noise: np.ndarray, n_reference: np.ndarray) -> np.ndarray:
    """Normal matrices (G, L, 2, 2) for phases with noise, of variance `noise` (G, L) in the pixels.

    Noise turns the phase of a weak coefficient by any angle, so that its mean follows the motion less; it also adds to
    the gradients of the reference, a mean of `n_reference` (G,) frames.
    """
    result = []
    for level, index in enumerate(template.levels):
        total: Any = 0
        for i in index:
            variance = np.maximum(noise[:, level] * template.bank.noise_power[i], 1e-20)[:, None, None]
            snr = to_host(abs(template.references[i]) ** 2) / variance
            weighted = to_host(template.weighted_gradients[i]) * _mean_phase(snr)[:, None]
            energy = to_host(template.areas[i]).sum(axis=(1, 2)) * template.bank.gradient_noise_power[i]
            total = total + np.einsum("gayx,gbyx->gab", weighted, to_host(template.phase_gradients[i]))
            total = total - (energy * noise[:, level] / n_reference)[:, None, None] * np.eye(2)
        result.append(total)
    return np.stack(result, axis=1).astype(float)


def _mean_phase(snr: np.ndarray) -> np.ndarray:
    """Derivative of the mean phase of a coefficient by its true phase, for a signal-to-noise ratio of its power."""
    root = np.sqrt(snr)
    slope: np.ndarray = 1 - np.exp(-snr) + np.sqrt(np.pi) * root * scipy.special.erfc(root)
    return slope


def _level_noise(colored: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Variance (G, L) of the noise of pixels in each level, from covariances (G, 2 L, 2 L) of scores."""
    energies = [np.diagonal(x, axis1=1, axis2=2).reshape(len(x), -1, 2).sum(axis=2) for x in (colored, white)]
    level_noise: np.ndarray = energies[0] / np.maximum(energies[1], 1e-30)
    return level_noise


def _noise_ratio(template: Template, colored: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Variance (G,) of the displacement for the noise of the frames, relative to that for white noise of variance 1."""
    inverse = pseudo_inverse(template.normal, MIN_ENERGY_RATIO)
    totals = [_sum_levels(x) for x in (colored, white)]
    variances = [np.trace(inverse @ total @ inverse, axis1=1, axis2=2) for total in totals]
    ratio: np.ndarray = variances[0] / np.maximum(variances[1], 1e-30)
    return ratio


def _sum_levels(covariance: np.ndarray) -> np.ndarray:
    """Sum (..., 2, 2) of a covariance (..., 2 L, 2 L) over all pairs of levels."""
    n_levels = covariance.shape[-1] // 2
    total: np.ndarray = covariance.reshape(*covariance.shape[:-2], n_levels, 2, n_levels, 2).sum(axis=(-4, -2))
    return total


def _moments(scores: np.ndarray) -> tuple[np.ndarray, float]:
    """Covariance (2 L, 2 L) of scores (L, n, 2) over time, and their number."""
    n_levels, n_frames = scores.shape[:2]
    if not n_frames:
        return np.zeros((2 * n_levels, 2 * n_levels)), 1.0
    flat = scores.swapaxes(0, 1).reshape(n_frames, -1).astype(float)
    centered = flat - flat.mean(axis=0)
    return centered.T @ centered / len(flat), float(len(flat))
