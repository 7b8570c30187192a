"""Changes between two recordings of one machine: lines that are new, gone, larger or smaller."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import scipy.stats

from vmm.backend.arguments import checks_arguments
from vmm.measure.signals._noise_floor import local_noise
from vmm.measure.signals._peaks import Peak, peaks
from vmm.measure.signals._result import Result
from vmm.measure.signals._signal import Signals, SignalsLike, as_signals
from vmm.measure.signals._sine_model import explained, fit_sines
from vmm.measure.signals._windows import detrend

Verdict = Literal["new", "gone", "larger", "smaller", "as before", "unknown"]

_SAME_BINS = 0.5
"""Distance in bins of the shorter recording below which two lines are the same: noise shifts weak lines by less."""

_MIN_SEPARATION = 1.5
"""Distance in bins below which two lines cannot be separated."""

_SAME_STDERRS = 4.0
"""Distance in combined standard errors below which two lines are the same."""


@dataclass(frozen=True, eq=False, repr=False)
class Change(Result):
    """A line in the spectra of two recordings.

    Attributes
    ----------
    verdict
        ``"new"`` or ``"gone"`` if only one recording has the line, ``"larger"`` or ``"smaller"`` if its amplitude
        differs significantly, ``"as before"`` if it does not, or ``"unknown"`` if the other recording cannot show the
        line there.
    index
        Index of the signal in which the line is compared, for example (region, direction).
    frequency_before, frequency_before_stderr, frequency_after, frequency_after_stderr
        Frequency of the line in each recording and its standard error, in `frequency_unit`; NaN where it has no line.
    before, before_stderr, after, after_stderr
        Peak amplitude in each recording and its standard error, in `unit`. A recording without the line has the
        amplitude of its noise at that frequency, or NaN if it is unknown.
    unit
        Unit of the amplitudes.
    frequency_unit
        ``"Hz"``, or ``"cycles/frame"`` if the rate is not known.
    """

    verdict: Verdict
    index: tuple[int, ...]
    frequency_before: float = field(repr=False)
    frequency_before_stderr: float = field(repr=False)
    frequency_after: float = field(repr=False)
    frequency_after_stderr: float = field(repr=False)
    before: float
    before_stderr: float = field(repr=False)
    after: float
    after_stderr: float = field(repr=False)
    unit: str
    frequency_unit: str = field(repr=False)

    @property
    def frequency(self) -> float:
        """Frequency after, or before if the line is gone."""
        return self.frequency_after if np.isfinite(self.frequency_after) else self.frequency_before

    @property
    def ratio(self) -> float:
        """Amplitude after over that before; NaN if the line is new, gone or unknown."""
        has_ratio = self.verdict in ("larger", "smaller", "as before")
        return self.after / self.before if has_ratio else math.nan

    @property
    def ratio_stderr(self) -> float:
        """Standard error of `ratio`."""
        return self.ratio * math.hypot(self.before_stderr / self.before, self.after_stderr / self.after)


@checks_arguments
def changes(
    before: SignalsLike,
    after: SignalsLike,
    *,
    fs: float | None = None,
    max_peaks: int = 12,
    false_alarm: float = 0.01,
    max_shift: float = 0.03,
) -> list[Change]:
    """Compare the lines of two recordings: which are new, gone, larger or smaller.

    The peaks of both recordings are found and paired by frequency. Each line is compared in the signal in which it
    exceeds the noise most, among those that both recordings know. The difference of the two amplitudes is significant
    if it exceeds a multiple of its standard error that noise alone exceeds with probability `false_alarm`, in any of
    the lines.

    Parameters
    ----------
    before, after
        Signals (T, ...) of the two recordings, or results such as those of ``displacement``, with the same regions in
        the same order. Their lengths and rates may differ.
    fs
        Rate of both in Hz. The default is the rate of each result.
    max_peaks
        Largest number of peaks of each recording, at least 1. The default is 12.
    false_alarm
        Probability, in (0, 1), that noise alone yields any significant change. The default is 0.01.
    max_shift
        Largest relative difference between the frequencies of a line in both recordings, in [0, 1), for a machine whose
        speed varies. The default is 0.03.

    Returns
    -------
    list of Change
        One for each line, in the order of frequency.

    Raises
    ------
    ValueError
        If the recordings have different numbers of signals or different units, or an option is out of range.
    TypeError
        If the signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> t, noise = np.arange(960) / 240, np.random.default_rng(0).normal(0, 0.01, (2, 960))
    >>> before = 0.1 * np.sin(2 * np.pi * 25 * t) + noise[0]
    >>> after = 0.16 * np.sin(2 * np.pi * 25 * t) + 0.02 * np.sin(2 * np.pi * 71 * t) + noise[1]
    >>> for change in vmm.measure.changes(before, after, fs=240):
    ...     print(f"{change.frequency:.1f} Hz: {change.verdict}, {change.after:.2f}")
    25.0 Hz: larger, 0.16
    71.0 Hz: new, 0.02
    """
    pair = as_signals(before, fs), as_signals(after, fs)
    _check_pair(*pair)
    if not 0 <= max_shift < 1:
        raise ValueError(f"max_shift={max_shift} must lie in [0, 1): the largest relative difference of frequencies")
    lines = [peaks(values, fs=fs, max_peaks=max_peaks, false_alarm=false_alarm) for values in (before, after)]
    resolution = max(data.fs / len(data.values) for data in pair)
    matched = _matched(lines[0], lines[1], resolution, max_shift)
    limit = float(scipy.stats.norm.isf(false_alarm / (2 * max(len(matched), 1))))
    results = [_change(pair, lines, both, limit) for both in matched]
    return sorted(results, key=lambda change: change.frequency)


def _check_pair(before: Signals, after: Signals) -> None:
    """Raise if the signals of the recordings do not correspond to one another."""
    if before.values.shape[1:] != after.values.shape[1:]:
        raise ValueError(
            f"before has signals of shape {before.values.shape[1:]}, and after {after.values.shape[1:]}: "
            "measure the same regions in both recordings"
        )
    if before.unit != after.unit or before.frequency_unit != after.frequency_unit:
        units = [f"{data.unit or 'no unit'} and {data.frequency_unit}" for data in (before, after)]
        raise ValueError(f"before is in {units[0]}, and after in {units[1]}: measure both in the same units")


def _matched(
    before: Sequence[Peak], after: Sequence[Peak], resolution: float, max_shift: float
) -> list[tuple[Peak | None, Peak | None]]:
    """Pairs of peaks of both recordings that are the same line, the nearest first, and peaks without a partner."""
    candidates = []
    for i, a in enumerate(before):
        for j, b in enumerate(after):
            distance = abs(a.frequency - b.frequency)
            same = max(
                _SAME_BINS * resolution,
                _SAME_STDERRS * math.hypot(a.frequency_stderr, b.frequency_stderr),
                max_shift * a.frequency,
            )
            if distance <= same:
                candidates.append((distance, i, j))
    pairs: list[tuple[Peak | None, Peak | None]] = []
    free_before, free_after = set(range(len(before))), set(range(len(after)))
    for _, i, j in sorted(candidates):
        if i in free_before and j in free_after:
            pairs.append((before[i], after[j]))
            free_before.remove(i)
            free_after.remove(j)
    return [*pairs, *((before[i], None) for i in free_before), *((None, after[j]) for j in free_after)]


def _change(
    pair: tuple[Signals, Signals], lines: Sequence[list[Peak]], both: tuple[Peak | None, Peak | None], limit: float
) -> Change:
    """The change of one line, whose amplitudes differ significantly by more than `limit` standard errors.

    `lines` holds all lines of each recording, and `both` this one in each of them.
    """
    line: Any = both[1] or both[0]
    amplitudes = [_amplitudes(pair[k], lines[k], both[k], line.frequency) for k in (0, 1)]
    ratios = [np.nan_to_num(amplitude / np.where(stderr > 0, stderr, np.nan)) for amplitude, stderr in amplitudes]
    clearest = np.maximum(*ratios)
    is_comparable = (clearest >= limit) & np.isfinite(amplitudes[0][0]) & np.isfinite(amplitudes[1][0])
    scores = np.where(is_comparable, clearest, -1) if is_comparable.any() else clearest
    index = np.unravel_index(int(scores.argmax()), scores.shape)
    (before, before_stderr), (after, after_stderr) = ((float(x[index]), float(s[index])) for x, s in amplitudes)
    frequencies = [(peak.frequency, peak.frequency_stderr) if peak else (math.nan, math.nan) for peak in both]
    return Change(
        _verdict(both, after - before, limit * math.hypot(before_stderr, after_stderr)),
        tuple(int(i) for i in index),
        *frequencies[0],
        *frequencies[1],
        before,
        before_stderr,
        after,
        after_stderr,
        line.unit,
        line.frequency_unit,
    )


def _verdict(both: tuple[Peak | None, Peak | None], difference: float, limit: float) -> Verdict:
    """The verdict on a line whose amplitude differs by `difference`, of which noise explains `limit`."""
    if not np.isfinite(difference):
        return "unknown"
    if abs(difference) <= limit:
        return "as before"
    if None not in both:
        return "larger" if difference > 0 else "smaller"
    return "new" if difference > 0 else "gone"


def _amplitudes(
    data: Signals, lines: Sequence[Peak], peak: Peak | None, frequency: float
) -> tuple[np.ndarray, np.ndarray]:
    """Amplitudes (...) of a peak and their standard errors; without a peak, those of the signals at the frequency.

    They are unknown (NaN) beyond the highest frequency of the recording, and next to one of its lines.
    """
    if peak is not None:
        return np.asarray(peak.amplitude), np.asarray(peak.amplitude_stderr)
    others, count = [line.frequency / data.fs for line in lines], len(data.values)
    cycles = frequency / data.fs
    if not frequency < data.nyquist or any(abs(cycles - other) * count < _MIN_SEPARATION for other in others):
        nothing = np.full(data.values.shape[1:], np.nan)
        return nothing, nothing
    flat = detrend(data.flat[:, data.usable], data.positions)
    cosine, sine = fit_sines(flat, [cycles, *others], data.positions)[1][:2]
    residual = flat - explained(flat, [cycles, *others], data.positions)
    noise, _ = local_noise(residual, round(cycles * count), data.positions)
    return data.of_components(np.hypot(cosine, sine)), data.of_components(noise * math.sqrt(2 / count))
