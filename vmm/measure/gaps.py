"""Frames that are missing, by the jump that they leave in the phase of a steady vibration."""

from __future__ import annotations

import math

import numpy as np

from vmm.measure.lines import LOWEST, steady, window
from vmm.measure.peaks import refined

_FEW = 48  # frames, below which nothing is told
_SIDE = 1.5  # periods before and after a place that are compared
_LEAST = 12  # frames of them
_CLEAR = 6.0  # times the usual scatter of the phase at which it jumps
_WHOLE = 0.35  # of a frame that a jump may be off a whole number of frames
_STRONG = 100.0  # power of a line over that of the median
_FINE = 0.01  # cycles per frame; of slower vibrations one frame turns too little
_TILES = 8


def missing(motion: np.ndarray, repeated: tuple[int, ...] = ()) -> tuple[tuple[int, int], ...]:
    """Where how many frames are missing: (frame, number), by the motion (T, N) of tiles.

    At each place the phase of the strongest line in the frames before is compared with that in the frames behind. It
    jumps where it changes by much more than it usually does, and by about what the line turns in a whole number of
    frames; more than a period cannot be told from less. Frames that are repeated are left out.
    """
    kept = np.setdiff1d(np.arange(len(motion)), repeated)
    line = _strongest(steady(motion[kept].astype(np.float64))) if len(kept) >= _FEW else None
    if line is None:
        return ()
    signal, frequency = line
    side = _side(frequency)
    if len(kept) < 4 * side:
        return ()
    sums = _sums(signal, frequency, kept)
    turn = 2 * np.pi * frequency
    jumps = _jumps(sums, side)
    found: list[tuple[int, int]] = []
    usual = 1.4826 * float(np.median(np.abs(jumps)))
    while True:
        i = int(np.argmax(np.abs(jumps)))
        frames = (jumps[i] % (2 * np.pi)) / turn
        if abs(jumps[i]) < max(_CLEAR * usual, turn / 2):
            return tuple(sorted(found))
        number = round(frames)
        if abs(frames - number) < _WHOLE and 1 <= number < 1 / frequency - 0.5:
            found.append((int(kept[_placed(sums, i + side, side, number * turn)]), number))
        jumps[max(0, i - 2 * side) : i + 2 * side + 1] = 0


def _strongest(flat: np.ndarray) -> tuple[np.ndarray, float] | None:
    """The signals (T, K) that show the strongest line, and its frequency in cycles per frame."""
    power = np.abs(np.fft.rfft(flat * window(len(flat))[:, None], axis=0)) ** 2
    ratio = power / np.maximum(np.median(power, axis=0), 1e-12 * power.max() + 1e-300)
    first = max(LOWEST, math.ceil(_FINE * len(flat)))
    total = ratio.sum(axis=1)
    i = first + int(np.argmax(total[first:-1]))
    strong = np.argsort(ratio[i])[-_TILES:]
    if ratio[i, strong[-1]] < _STRONG:
        return None
    chosen = flat[:, strong] / np.sqrt(np.maximum(np.median(power[:, strong], axis=0), 1e-300))
    return chosen, refined(chosen, i / len(flat))


def _side(frequency: float) -> int:
    """Frames that are compared on either side: a whole number of half periods, as nearly as can be."""
    halves = max(2 * _SIDE, math.ceil(2 * _LEAST * frequency))
    return round(halves / (2 * frequency))


def _sums(signal: np.ndarray, frequency: float, times: np.ndarray) -> np.ndarray:
    """Running sums (T + 1, K) of signals turned back by a frequency."""
    turned = signal * np.exp(-2j * np.pi * frequency * times)[:, None]
    return np.concatenate([np.zeros((1, signal.shape[1])), np.cumsum(turned, axis=0)])


def _jumps(sums: np.ndarray, side: int) -> np.ndarray:
    """Change of phase at each place from `side` on, less the usual one."""
    before, behind = sums[side:-side] - sums[: -2 * side], sums[2 * side :] - sums[side:-side]
    phase = np.angle((behind * before.conj()).sum(axis=1))
    usual = np.angle(np.median(np.cos(phase)) + 1j * np.median(np.sin(phase)))
    jumps: np.ndarray = np.angle(np.exp(1j * (phase - usual)))
    return jumps


def _placed(sums: np.ndarray, near: int, side: int, jump: float) -> int:
    """The place near one at which a jump of this phase explains most."""
    first, last = near - side, near + side
    places = np.arange(first + 2, last - 1)
    both = (sums[places] - sums[first]) + np.exp(-1j * jump) * (sums[last] - sums[places])
    return int(places[np.argmax(np.square(np.abs(both)).sum(axis=1))])
