"""Frames that repeat earlier ones in a regular pattern, as conversion to a higher rate makes them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vmm.backend.arrays import Array, to_host
from vmm.measure.signals._sampling import fourier_sums
from vmm.measure.signals._sine_model import explained_energy, refine_frequency
from vmm.measure.signals._windows import detrend, hann

_ROW_STEP, _COL_STEP = 8, 4
"""Distances in pixels of the samples of a field in which frames are compared: they are many enough for the mean. In
small frames every pixel is a sample."""

_SMALL = 64
"""Height or width in pixels of small frames."""

_MAX_STEP = 0.2
"""Largest change of a repeated frame, relative to the large changes of the clip. Video coders change it a little."""

_LARGE_STEP = 0.9
"""Quantile of the changes that counts as a large one: it is that of new frames even if 3 of 4 frames are repeats."""

_SMALL_STEP, _MAX_RATIO = 0.1, 0.25
"""Quantile of the changes of new frames that counts as small, and the largest ratio of the usual change of a repeat
to it. If motion only reverses, the changes of frames rise steadily from the noise."""

_MAX_LIKENESS = 0.6
"""Share of the frames at one place of new frames that may look like repeats: coders keep them where motion reverses."""

_MIN_EVENNESS = 0.6
"""Smallest ratio of the mean change at a place of new frames to the usual one."""

_MAX_PERIOD = 31
"""Longest pattern in frames: conversion from 24 to 25 frames/s repeats one frame in 25, and from 30 to 31 one in 31."""

_MIN_PERIODS = 8
"""Patterns that a clip must hold for its repeats to be regular."""

_MAX_EXCEPTIONS = 0.1
"""Share of the frames at one place of the pattern that may disagree with it."""

_REVERSAL = -0.8
"""Mean correlation of the changes before and after repeats below which motion only reverses there, which makes two
frames equal. Noise alone has -0.5."""

_PREFERENCE = 0.9
"""Smallest ratio of the energies that a sine leaves with the times of the file and with even times, for which the even
times of a conversion are preferred. For noise alone the ratio is about 1."""

_N_SIGNALS = 8
"""Number of signals, those with the strongest peaks, that decide between the two."""


@dataclass(frozen=True, eq=False)
class Cadence:
    """A regular pattern of repeated frames or fields.

    Attributes
    ----------
    is_new
        (T,) bool: whether a frame shows one picture that no earlier frame shows.
    places
        (N,) times of the new frames, in intervals of the frames, for pictures that were taken at an even rate.
    rate
        Rate of the pictures, as a fraction of the rate of the frames.
    has_fields
        Whether fields are repeated, and not whole frames (telecine).
    """

    is_new: np.ndarray
    places: np.ndarray
    rate: float
    has_fields: bool

    @property
    def message(self) -> str:
        """A sentence about the pattern."""
        count = int((~self.is_new).sum())
        if self.has_fields:
            pattern = (
                f"fields repeat in a regular pattern (telecine), so that {count} of {len(self.is_new)} frames mix two"
            )
        else:
            pattern = f"{count} of {len(self.is_new)} frames repeat the frame before them in a regular pattern"
        return f"{pattern}: measurements leave these frames out"


class FrameSteps:
    """Changes from each frame to the next, collected while a clip is read."""

    def __init__(self) -> None:
        self._last: np.ndarray | None = None
        self._changes: np.ndarray | None = None
        self._steps: list[np.ndarray] = []
        self._correlations: list[np.ndarray] = []

    def observe(self, chunk: Array) -> None:
        """Add a chunk (n, H, W[, 3])."""
        if not len(chunk):
            return
        samples = chunk[..., 0] if chunk.ndim == 4 else chunk
        height, width = samples.shape[1:]
        row_step, col_step = _ROW_STEP if height >= _SMALL else 2, _COL_STEP if width >= _SMALL else 1
        fields = [to_host(samples[:, row::row_step, ::col_step]).astype(np.float32) for row in (0, 1 % height)]
        pair = np.stack([field[:, : fields[1].shape[1]] for field in fields], axis=1)
        before = pair[:1] if self._last is None else self._last
        changes = np.diff(pair, axis=0, prepend=before)
        self._steps.append(np.abs(changes).mean(axis=(2, 3)))
        earlier = np.zeros((2, *changes.shape[1:]), np.float32) if self._changes is None else self._changes
        history = np.concatenate([earlier, changes]).reshape(len(changes) + 2, -1)
        sizes = np.linalg.norm(history, axis=1)
        products = np.einsum("ni,ni->n", history[2:], history[:-2])
        self._correlations.append(products / np.maximum(sizes[2:] * sizes[:-2], 1e-12))
        self._last, self._changes = pair[-1:], history[-2:].reshape(2, *changes.shape[1:])

    def watch(self, chunks: Iterator[Array]) -> Iterator[Array]:
        """The chunks, unchanged."""
        for chunk in chunks:
            self.observe(chunk)
            yield chunk

    def cadence(self) -> Cadence | None:
        """The pattern of repeats, or None if there is no regular one."""
        if not self._steps:
            return None
        cadence = find_cadence(np.concatenate(self._steps))
        if cadence is None or cadence.has_fields:
            return cadence
        after = np.flatnonzero(~cadence.is_new[:-1]) + 1
        return None if np.concatenate(self._correlations)[after].mean() < _REVERSAL else cadence


def find_cadence(steps: np.ndarray) -> Cadence | None:
    """The pattern in the changes (T, 2) of both fields from frame to frame, or None if there is no regular one."""
    if len(steps) < 2 * _MIN_PERIODS:
        return None
    large = np.quantile(steps[1:], _LARGE_STEP, axis=0)
    if not (large > 0).all():
        return None
    is_same = steps <= _MAX_STEP * large
    is_same[0] = False
    pattern = _regular(is_same.all(axis=1))
    if pattern is not None and _is_distinct(steps.max(axis=1), pattern):
        is_new = ~pattern
        rate = float(is_new.mean())
        return Cadence(is_new, np.arange(int(is_new.sum())) / rate, rate, False)
    pattern = _regular(is_same.any(axis=1))
    if pattern is not None and _is_distinct(steps.min(axis=1), pattern):
        return _telecine(pattern)
    return None


def _regular(is_repeat: np.ndarray) -> np.ndarray | None:
    """The shortest periodic pattern (T,) of repeats, or None.

    Frames at the places of repeats are repeats with few exceptions; others may look like repeats where motion reverses.
    """
    count = len(is_repeat)
    for period in range(2, min(_MAX_PERIOD, count // _MIN_PERIODS) + 1):
        shares = np.array([is_repeat[(place or period) :: period].mean() for place in range(period)])
        is_place = shares >= 1 - _MAX_EXCEPTIONS
        if is_place.any() and not is_place.all() and shares[~is_place].max() <= _MAX_LIKENESS:
            pattern: np.ndarray = np.resize(is_place, count)
            pattern[0] = False
            return pattern
    return None


def _is_distinct(steps: np.ndarray, pattern: np.ndarray) -> bool:
    """Whether the changes (T,) of repeats differ clearly from those of new frames.

    They are smaller than even the small changes of new frames; or the mean change is about the same at all places of
    new frames, and much smaller at all places of repeats. If motion only reverses, the changes rise steadily.
    """
    new = ~pattern
    new[0] = False
    if float(np.median(steps[pattern])) <= _MAX_RATIO * float(np.quantile(steps[new], _SMALL_STEP)):
        return True
    period = next(n for n in range(2, len(pattern)) if (pattern[1:-n] == pattern[1 + n :]).all())
    means = np.array([steps[(place or period) :: period].mean() for place in range(period)])
    at_repeats = np.resize(pattern[period : 2 * period], period)
    usual = float(np.median(means[~at_repeats]))
    return means[at_repeats].max() <= _MAX_STEP * usual and means[~at_repeats].min() >= _MIN_EVENNESS * usual


def _telecine(pattern: np.ndarray) -> Cadence | None:
    """The pattern in which four pictures become five frames, one or two of which mix the fields of two pictures."""
    first = np.flatnonzero(pattern[:-2] & (pattern[1:-1] | pattern[2:]))
    if len(first) < 2 or (np.diff(first) % 5).any():
        return None
    is_mixed = np.zeros(len(pattern), bool)
    is_mixed[first] = True
    is_mixed[first + 1] = pattern[first + 2]
    # The frames of a pattern show the pictures 0, 1, 1 with 2, 2 with 3, and 3, where the third is the first mixed one.
    cycle, place = np.divmod(np.arange(len(pattern)) - first[0] + 2, 5)
    picture = 4 * cycle + np.array([0, 1, 1, 2, 3])[place]
    new = picture[~is_mixed]
    return Cadence(~is_mixed, (new - new[0]) * 1.25, 0.8, True)


def new_frames(flat: np.ndarray, cadence: Cadence, times: np.ndarray) -> tuple[np.ndarray, np.ndarray | None, float]:
    """Signals (N, ...) of the new frames, their times (N,) and mean rate, from those of all frames, (T, ...) and (T,).

    The times are None if they are even.

    The pictures were taken at an even rate if the clip was converted, or at the times of the new frames if a camera
    repeated its last picture in place of a missing one. The times that make the strongest vibration steadier are used.
    """
    values = flat[cadence.is_new]
    interval = (times[-1] - times[0]) / (len(times) - 1)
    even, stated = cadence.places * interval, times[cadence.is_new] - times[cadence.is_new][0]
    signals = values.reshape(len(values), -1).astype(np.float64)
    signals = signals[:, np.isfinite(signals).all(axis=0)]
    differ = not np.allclose(even, stated, atol=1e-3 * interval) and signals.size > 0
    if differ and _unexplained(signals, stated) < _PREFERENCE * _unexplained(signals, even):
        even = stated
    is_uneven = np.ptp(np.diff(even)) > 1e-3 * interval
    return values, even if is_uneven else None, (len(even) - 1) / float(even[-1])


def _unexplained(signals: np.ndarray, times: np.ndarray) -> float:
    """Share of the energy of the strongest signals (N, K) that a sine of their strongest frequency leaves."""
    count = len(times)
    positions = times * ((count - 1) / times[-1])
    flat = detrend(signals, positions)
    power = np.square(np.abs(fourier_sums(flat * hann(count, positions)[:, None], positions)))
    strongest = np.argsort(power.max(axis=0))[-_N_SIGNALS:]
    frequency = refine_frequency(
        flat[:, strongest], int(power[:, strongest].sum(axis=1).argmax()) / count, None, positions
    )
    energy = float(np.square(flat[:, strongest]).sum())
    return 1 - explained_energy(flat[:, strongest], frequency, positions) / max(energy, 1e-300)


def warn_of_cadence(cadence: Cadence) -> None:
    """Warn that frames are left out."""
    warnings.warn(cadence.message, UserWarning, stacklevel=4)
