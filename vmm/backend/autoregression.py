"""Extension of signals beyond the ends of a clip by an autoregression that is fitted to the clip."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vmm.backend.arrays import Array, joined, namespace, to_host
from vmm.backend.reference import product

ORDER = 16
"""Largest order of the autoregression: a vibration needs 2, and each further motion of the scene about 2 more."""

SAMPLES_PER_PERIOD = 4
"""Smallest number of samples per period of the upper edge of the band between which the autoregression predicts. Closer
samples of a low band would need a much larger order."""

WHITE = 0.01
"""Variance of white noise that is added to the series, relative to theirs, so that the prediction does not grow."""

SIGNIFICANT = 2.0
"""Ratio of the variance of a common signal of the blocks to the median one above which it is not noise."""

MAX_SAMPLES = 512
"""Largest number of samples of which common signals are found together: the time increases with its cube."""

BLOCK = 4
"""Side in px of the blocks whose mean values are the series."""

MAX_BLOCKS = 4096
"""Largest number of blocks that are used."""

MAX_MEANS = 2**18
"""Largest number of mean values of blocks that are kept of a whole clip; of longer clips fewer blocks are used."""


@dataclass(frozen=True)
class Autoregression:
    """A prediction of each sample from earlier ones.

    Attributes
    ----------
    reflections
        Reflection coefficients (p,), which give the predictions of all orders up to p.
    step
        Distance in frames of the samples from which a sample is predicted.
    """

    reflections: tuple[float, ...]
    step: int

    def extend(self, x: Array, head: int, tail: int) -> Array:
        """Samples x (n, ...) with `head` samples before them and `tail` after them: a straight line and the prediction.

        The result is linear in x.
        """
        return self.extension(len(x), head, tail)(x)

    def extension(self, n: int, head: int, tail: int) -> Callable[[Array], Array]:
        """``extend`` as a function of n samples, for several signals."""
        following = self.following(n, max(head, tail))

        def extended(x: Array) -> Array:
            parts = [x]
            if head:
                parts.insert(0, product(x, following[:head][::-1, ::-1]))
            if tail:
                parts.append(product(x, following[:tail]))
            return joined(parts)

        return extended

    def following(self, n: int, count: int) -> np.ndarray:
        """Matrix (count, n) from n samples to the samples after them: a line and the prediction of the rest."""
        line, fit = _line(n, count)
        weights = self.prediction(n, count)
        used = weights.shape[1]
        result: np.ndarray = (line[n:] - weights @ line[n - used : n]) @ fit
        result[:, n - used :] += weights
        return result

    def prediction(self, n: int, count: int) -> np.ndarray:
        """Weights (count, k) of the last k <= n samples in the samples after them, without a straight line."""
        order = min(len(self.reflections), n // self.step)
        return _prediction(self.reflections[:order], self.step, count)


@lru_cache(maxsize=64)
def _prediction(reflections: tuple[float, ...], step: int, count: int) -> np.ndarray:
    """The weights (count, k) of a prediction of one order."""
    weights = np.zeros(0)
    for reflection in reflections:
        weights = _of_next_order(weights, reflection)
    used = len(weights) * step
    rest = np.concatenate([np.eye(used), np.zeros((count, used))])
    for i in range(used, used + count):
        for k, weight in enumerate(weights, 1):
            rest[i] += weight * rest[i - k * step]
    return rest[used:]


def _of_next_order(weights: np.ndarray, reflection: float) -> np.ndarray:
    """Weights of the prediction of the next order, by its reflection coefficient (Levinson recursion)."""
    result: np.ndarray = np.append(weights - reflection * weights[::-1], reflection)
    return result


def autoregression(series: np.ndarray, band: tuple[float, float]) -> Autoregression:
    """The autoregression of all series (n, j) together by Burg's method, for a band in cycles per frame.

    The series are reduced to the signals that many of them share, because motion is common to many places and noise is
    not.

    References
    ----------
    .. [1] Burg: Maximum entropy spectral analysis. Stanford University 1975.
    """
    n = len(series)
    step = max(1, int(1 / (SAMPLES_PER_PERIOD * band[1])))
    line, fit = _line(n, 0)
    rest = series - line @ (fit @ series)
    if not np.isfinite(np.square(rest).sum()):  # Frames that are not finite are refused where they are magnified.
        return Autoregression((), step)
    series = _shared(rest)
    ahead, behind, weights = series[step:], series[:-step], np.zeros(0)
    reflections: list[float] = []
    noise = WHITE * float((series**2).mean())
    for _ in range(min(ORDER, n // (3 * step))):
        error = np.concatenate([[1], -weights])
        of_noise = noise * ahead.size
        mixed = (ahead * behind).sum() + of_noise * np.dot(np.append(error, 0), np.append(0, error[::-1]))
        power = ((ahead**2).sum() + (behind**2).sum()) / 2 + of_noise * np.dot(error, error)
        reflection = mixed / power if power > 0 else 0.0
        weights = _of_next_order(weights, reflection)
        reflections.append(float(reflection))
        ahead, behind = (ahead - reflection * behind)[step:], (behind - reflection * ahead)[:-step]
    return Autoregression(tuple(reflections), step)


def of_signals(x: Array, band: tuple[float, float]) -> Autoregression:
    """The autoregression of signals x (n, ...), or of evenly spaced ones if there are many, for a band."""
    flat = x.reshape(len(x), -1)
    every = max(1, -(-flat.shape[1] // MAX_BLOCKS))
    return autoregression(to_host(flat[:, ::every]).astype(float), band)


def block_means(chunks: Iterable[Array], n_frames: int = 1, *, with_light: bool = False) -> np.ndarray:
    """Mean values (n, j) of blocks of the frames, of color frames that of green.

    The mean value of each frame is subtracted, so that changes of the light are no motion. With `with_light` it is not
    subtracted, and all colors are used.
    `n_frames` is the number of frames, which needs to be stated for a whole clip only, because it may be long.
    """
    count = max(1, min(MAX_BLOCKS, MAX_MEANS // max(1, n_frames)))

    def means_of(chunk: Array) -> Array:
        planes = [chunk] if chunk.ndim == 3 else [chunk[..., c] for c in (range(3) if with_light else (1,))]
        return namespace(chunk).concatenate([blocks(plane, count // len(planes) + 1) for plane in planes], axis=1)

    means = to_host(joined([means_of(chunk) for chunk in chunks])).astype(float)  # The device is waited for once.
    result: np.ndarray = means if with_light else means - means.mean(axis=1, keepdims=True)
    return result


def blocks(plane: Array, max_blocks: int = MAX_BLOCKS) -> Array:
    """Mean values (T, j) of up to about `max_blocks` blocks of the images (T, H, W)."""
    side = min(BLOCK, *plane.shape[1:])
    rows, cols = (n // side for n in plane.shape[1:])
    every = max(1, round(np.sqrt(rows * cols / max_blocks)))
    parts = plane[:, : rows * side, : cols * side].reshape(len(plane), rows, side, cols, side)[:, ::every, :, ::every]
    means: Array = parts.mean(axis=(2, 4), dtype=np.float32).reshape(len(plane), -1)
    return means


def _shared(series: np.ndarray) -> np.ndarray:
    """The series (n, j), reduced to their strongest common signals; those of a long clip piece by piece."""
    if len(series) > MAX_SAMPLES:
        return np.concatenate([_shared(piece) for piece in np.array_split(series, -(-len(series) // MAX_SAMPLES))])
    values, vectors = np.linalg.eigh(series @ series.T)
    strong = vectors[:, values > SIGNIFICANT * np.median(values)]
    shared: np.ndarray = strong @ (strong.T @ series)
    return shared


def _line(n: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (n + count, 2) and (2, n), whose product is the straight line through n samples, continued."""
    everywhere, inside = np.arange(n + count) / n, np.arange(n) / n
    return np.vander(everywhere, 2), np.linalg.pinv(np.vander(inside, 2))
