"""Dropped frames, by the jump that they cause in the phase of a steady vibration."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vmm.measure.signals._sine_model import refine_frequency
from vmm.measure.signals._windows import MIN_PERIODS, detrend, hann


@dataclass(frozen=True)
class DropOptions:
    """Thresholds for the detection of dropped frames.

    Attributes
    ----------
    min_frames
        Shortest clip in frames: the phase of a shorter one scatters too much.
    periods, min_side
        Length of the intervals before and after a place, in periods and at least in frames.
    jump_factor
        Smallest jump of the phase, as a multiple of its usual scatter.
    max_fraction
        Largest distance, in frames, of a jump from a whole number of frames.
    min_ratio
        Smallest ratio of the power of the vibration to the median power.
    min_frequency
        Lowest frequency of the vibration in cycles per frame: at slower ones, one frame changes the phase too little.
    n_tiles
        Number of tiles, those in which the peak is strongest, whose phases are averaged.
    """

    min_frames: int = 48
    periods: float = 1.5
    min_side: int = 12
    jump_factor: float = 6.0
    max_fraction: float = 0.35
    min_ratio: float = 100.0
    min_frequency: float = 0.01
    n_tiles: int = 8


_OPTIONS = DropOptions()


def dropped_frames(motion: np.ndarray, duplicates: tuple[int, ...] = ()) -> tuple[tuple[int, int], ...]:
    """Places (frame, number) where frames are missing, from the motion (T, N) of tiles.

    The phase of the strongest peak in an interval before each place is compared with that after it. Frames are missing
    where it jumps by much more than its usual scatter, and by about the phase of a whole number of frames. Gaps of more
    than a period are ambiguous. Duplicate frames are left out.
    """
    indices = np.setdiff1d(np.arange(len(motion)), duplicates)
    if len(indices) < _OPTIONS.min_frames:
        return ()
    peak = _strongest_peak(detrend(motion[indices].astype(np.float64)))
    if peak is None:
        return ()
    signal, frequency = peak
    side = _interval(frequency)
    if len(indices) < 4 * side:
        return ()
    sums = _demodulated_sums(signal, frequency, indices)
    phase_per_frame = 2 * np.pi * frequency
    jumps = _phase_jumps(sums, side)
    drops: list[tuple[int, int]] = []
    scatter = 1.4826 * float(np.median(np.abs(jumps)))
    while True:
        i = int(np.argmax(np.abs(jumps)))
        if abs(jumps[i]) < max(_OPTIONS.jump_factor * scatter, phase_per_frame / 2):
            return tuple(sorted(drops))
        frames = (jumps[i] % (2 * np.pi)) / phase_per_frame
        number = round(frames)
        if abs(frames - number) < _OPTIONS.max_fraction and 1 <= number < 1 / frequency - 0.5:
            drops.append((int(indices[_locate(sums, i + side, side, number * phase_per_frame)]), number))
        jumps[max(0, i - 2 * side) : i + 2 * side + 1] = 0


def _strongest_peak(flat: np.ndarray) -> tuple[np.ndarray, float] | None:
    """The signals (T, K) that show the strongest peak best, and its frequency in cycles per frame."""
    power = np.abs(np.fft.rfft(flat * hann(len(flat))[:, None], axis=0)) ** 2
    ratio = power / np.maximum(np.median(power, axis=0), 1e-12 * power.max() + 1e-300)
    first = max(MIN_PERIODS, math.ceil(_OPTIONS.min_frequency * len(flat)))
    i = first + int(np.argmax(ratio.sum(axis=1)[first:-1]))
    strongest = np.argsort(ratio[i])[-_OPTIONS.n_tiles :]
    if ratio[i, strongest[-1]] < _OPTIONS.min_ratio:
        return None
    signals = flat[:, strongest] / np.sqrt(np.maximum(np.median(power[:, strongest], axis=0), 1e-300))
    return signals, refine_frequency(signals, i / len(flat))


def _interval(frequency: float) -> int:
    """Frames of the interval on either side of a place: a whole number of half periods, to the nearest frame."""
    half_periods = max(2 * _OPTIONS.periods, math.ceil(2 * _OPTIONS.min_side * frequency))
    return round(half_periods / (2 * frequency))


def _demodulated_sums(signal: np.ndarray, frequency: float, times: np.ndarray) -> np.ndarray:
    """Cumulative sums (T + 1, K) of signals that are demodulated by a frequency."""
    demodulated = signal * np.exp(-2j * np.pi * frequency * times)[:, None]
    return np.concatenate([np.zeros((1, signal.shape[1])), np.cumsum(demodulated, axis=0)])


def _phase_jumps(sums: np.ndarray, side: int) -> np.ndarray:
    """Change of phase at each place from `side` on, without its median."""
    before, after = sums[side:-side] - sums[: -2 * side], sums[2 * side :] - sums[side:-side]
    phase = np.angle((after * before.conj()).sum(axis=1))
    median = np.angle(np.median(np.cos(phase)) + 1j * np.median(np.sin(phase)))
    jumps: np.ndarray = np.angle(np.exp(1j * (phase - median)))
    return jumps


def _locate(sums: np.ndarray, near: int, side: int, jump: float) -> int:
    """The place near `near` at which a jump of this phase explains most energy."""
    first, last = near - side, near + side
    places = np.arange(first + 2, last - 1)
    both = (sums[places] - sums[first]) + np.exp(-1j * jump) * (sums[last] - sums[places])
    return int(places[np.argmax(np.square(np.abs(both)).sum(axis=1))])
