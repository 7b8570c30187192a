"""Lines that a video codec causes: it treats key frames differently from the frames that it predicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MAX_CODEC_MOTION = 0.1
"""Largest amplitude in pixels of the apparent motion that codecs cause at usual qualities."""

MAX_CODEC_LEVELS = 1.0
"""Largest amplitude in gray levels of the changes of luma and color that codecs cause at usual qualities."""

_MIN_GROUPS = 6
"""Groups of frames that a clip must hold for its multiples of the key-frame rate to be far enough from one another."""

_DOMINANT = 4.0
"""Ratio of the power of a line to that of all other multiples of the key-frame rate from which it is a vibration. The
power that a codec causes is spread over several multiples."""


def key_rates(key_rate: float, fs: float) -> tuple[float, ...]:
    """Rates in Hz whose multiples key frames may cause: that of the key frames, and half of it.

    Codecs alternate the rounding of predicted frames. If the number of frames from one key frame to the next is odd,
    the alternation changes its sense with each key frame.
    """
    if not key_rate > 0:
        return ()
    return (key_rate, key_rate / 2) if round(fs / key_rate) % 2 else (key_rate,)


def follows_codec(
    frequencies: Sequence[float],
    stderrs: Sequence[float],
    amplitudes: Sequence[float],
    key_rate: float,
    bin_width: float,
    limit: float | None,
) -> np.ndarray:
    """Whether lines (K,) may be caused by the codec: they lie at multiples of the key-frame rate.

    A line that dominates all others at such multiples, and is larger than a codec makes it, is a vibration.

    Parameters
    ----------
    frequencies, stderrs, amplitudes
        Lines (K,) in Hz, their standard errors in Hz, and their amplitudes.
    key_rate
        Key frames per second, or 0 if they are not known or not regular.
    bin_width
        Distance of two frequencies in Hz that the clip resolves.
    limit
        Largest amplitude that codecs cause, in the unit of the amplitudes; None if it is not known.
    """
    freqs, power = np.asarray(frequencies, float), np.square(np.asarray(amplitudes, float))
    if key_rate < _MIN_GROUPS * bin_width or not len(freqs):
        return np.zeros(len(freqs), bool)
    orders = np.maximum(np.rint(freqs / key_rate), 1)
    is_multiple = np.abs(freqs - orders * key_rate) < np.maximum(3 * np.asarray(stderrs, float), 0.5 * bin_width)
    others = power[is_multiple].sum() - power
    is_large = np.ones(len(freqs), bool) if limit is None else power > limit**2
    result: np.ndarray = is_multiple & ~(is_large & (power > _DOMINANT * others))
    return result
