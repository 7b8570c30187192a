"""Signals for the ear."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

_PLAYED = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000)  # Hz that players play
_LOUD = 0.9  # of full scale
_FINE = 10_000  # largest term of the ratio of rates


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
    rate, wave = playable(np.asarray(values, dtype=np.float64), fs)
    scaled = _LOUD * wave / max(float(np.abs(wave).max()), 1e-300)
    scipy.io.wavfile.write(path, rate, np.rint(32767 * scaled).astype(np.int16))


def playable(values: np.ndarray, fs: float) -> tuple[int, np.ndarray]:
    """A signal (T,) less its mean at the lowest rate from its own on that players play, and that rate in Hz."""
    import scipy.signal

    if not np.isfinite(values).all():
        raise ValueError("the signal holds NaN: its displacement is not known, choose another")
    rate = next((played for played in _PLAYED if played >= fs), _PLAYED[-1])
    ratio = (Fraction(rate) / Fraction(fs)).limit_denominator(_FINE)
    wave = values - values.mean()
    if ratio == 1:
        return rate, wave
    return rate, scipy.signal.resample_poly(wave, ratio.numerator, ratio.denominator, padtype="line")
