"""Signals as WAV files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vmm.measure.signals._resampling import evenly_sampled
from vmm.measure.signals._signal import as_signals

_PLAYER_RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000)
"""Sampling rates in Hz that common players support."""

_PEAK_LEVEL = 0.9
"""Largest sample relative to full scale. The rest is headroom for the overshoot of resampling in players."""

_MAX_DENOMINATOR = 10_000
"""Largest denominator of the ratio of sampling rates: it bounds the length of the resampling filter."""

MAX_SECONDS = 3600.0
"""Longest sound in seconds: a signal of a few samples a minute is not a sound."""


def write_wav(path: Path, result: Any) -> None:
    """Write one signal (T,) with its rate as 16-bit sound."""
    import scipy.io.wavfile

    values, fs = getattr(result, "values", None), getattr(result, "fs", None)
    if values is None or fs is None or hasattr(result, "frequencies"):
        raise ValueError(f"a WAV file holds one signal over time, not {type(result).__name__}: save it as .npz or .csv")
    if np.ndim(values) != 1:
        raise ValueError(
            f"a WAV file holds one signal (T,), not {np.shape(values)}: choose one, such as values[:, 0, 1], with fs="
        )
    even = evenly_sampled(as_signals(result))
    rate, wave = resample_for_player(even.values, even.fs)
    scaled = _PEAK_LEVEL * wave / max(float(np.abs(wave).max()), 1e-300)
    scipy.io.wavfile.write(path, rate, np.rint(32767 * scaled).astype(np.int16))


def resample_for_player(values: np.ndarray, fs: float) -> tuple[int, np.ndarray]:
    """The lowest player rate in Hz that is at least `fs`, and the signal (T,) without its mean at that rate."""
    import scipy.signal

    if not np.isfinite(values).all():
        raise ValueError("the signal holds NaN: its displacement is not known, choose another one")
    rate = next((player_rate for player_rate in _PLAYER_RATES if player_rate >= fs), _PLAYER_RATES[-1])
    ratio = (Fraction(rate) / Fraction(fs)).limit_denominator(_MAX_DENOMINATOR)
    wave = values - values.mean()
    if ratio == 1:
        return rate, wave
    if len(wave) * ratio > MAX_SECONDS * rate:
        raise ValueError(
            f"a .wav file of {len(wave)} samples at fs={fs:g} Hz would last longer than {MAX_SECONDS:g} s: save a .csv "
            "file, or play the signal faster by stating a higher fs"
        )
    return rate, scipy.signal.resample_poly(wave, ratio.numerator, ratio.denominator, padtype="line")
