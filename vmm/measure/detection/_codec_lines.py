"""Lines that a lossy codec may cause, in clips whose file states how its frames are coded.

A codec rounds the blocks of a frame, copies blocks that change little, and treats key frames and the frames between
others differently. Motion through such blocks has harmonics, and images about the multiples of the rates of the codec.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from vmm.measure.detection._amplitude import vibration
from vmm.measure.detection._coherence import coherence
from vmm.measure.detection._lines import Line
from vmm.measure.detection._tiles import Tiles
from vmm.measure.signals._codec_rhythm import MAX_CODEC_LEVELS, MAX_CODEC_MOTION, follows_codec

_MAX_ORDER, _MAX_INCOHERENT_ORDER = 8, 16
"""Highest order of a coherent harmonic that a codec causes, and of one that differs from tile to tile: rounding of
blocks has the higher orders."""

_MAX_PATTERN_ORDER = 3
"""Highest order of the harmonics whose images about the rates of the pattern of predicted frames are examined."""

_MAX_KEY_ORDER = 1
"""Highest order of the harmonics whose images about the multiples of the key-frame rate are examined. The multiples are
so dense that a higher order would often be met by chance."""

_MIN_SPACING = 8.0
"""Smallest key-frame rate, in bins, about whose multiples images are examined: every second line would meet one of
multiples at distances of 2 bins."""

_COHERENT = 0.5
"""Coherence of neighboring tiles below which a line is not the motion of one thing."""

_MAX_SHARE = 0.5
"""Amplitude of a coherent line, relative to the motion that may cause it, from which it is a vibration of its own."""

_TOLERANCE, _MAX_TOLERANCE = 0.3, 0.75
"""Smallest and largest difference in bins of a line from a combination of frequencies: codecs work unevenly, which
makes their lines wide."""

_MIN_IMAGES = 2
"""Number of other images of one frequency about the key frames, from which a weak line may be an image as well."""


class CodingLike(Protocol):
    """Description of the coding of a clip, such as ``vmm.io.coding.Coding``."""

    @property
    def is_predictive(self) -> bool:
        """Whether some frames are predicted from others."""

    @property
    def periods(self) -> tuple[int, ...]:
        """Distances in frames of the frames that are not predicted from later ones."""


class CodecRates(NamedTuple):
    """The rates of a codec in Hz.

    Attributes
    ----------
    fs
        Rate of the frames.
    keys
        Rates of the key frames whose multiples may be lines.
    images
        Rate of the key frames about whose multiples motion may have images; none if these are too dense.
    patterns
        Rates of the patterns of predicted frames.
    is_predictive
        Whether the codec predicts frames; otherwise it only rounds their blocks.
    """

    fs: float
    keys: tuple[float, ...]
    images: tuple[float, ...]
    patterns: tuple[float, ...]
    is_predictive: bool


def codec_rates(coding: CodingLike, keys: tuple[float, ...], fs: float, bin_width: float) -> CodecRates:
    """The rates of a codec with key frames of these rates, for lines that differ by `bin_width` Hz."""
    images = tuple(rate for rate in keys[:1] if rate >= _MIN_SPACING * bin_width)
    patterns = {fs / period for period in coding.periods} | ({fs / 2} if coding.is_predictive else set())
    return CodecRates(fs, keys, images, tuple(sorted(patterns)), coding.is_predictive)


def codec_lines(
    lines: Sequence[Line], tiles: Tiles, level: np.ndarray, rates: CodecRates, bin_width: float
) -> np.ndarray:
    """Which of the lines (K,) the codec may cause."""
    result = _multiples(lines, rates, bin_width)
    order = np.argsort([-line.suggestion.snr for line in lines])
    roots: list[Line] = []
    for i in order:
        if not result[i]:
            result[i] = any(_is_caused(lines[i], root, tiles, level, rates, bin_width) for root in roots)
        if not result[i] and lines[i].vibration is not None:
            roots.append(lines[i])
    for i in order:
        if not result[i] and lines[i].vibration is not None and lines[i].suggestion.amplitude < MAX_CODEC_MOTION:
            images = [k for k in order if k != i and _is_image(lines[k], lines[i], rates, bin_width)]
            result[[i, *images]] |= len(images) >= _MIN_IMAGES
    return result


def _multiples(lines: Sequence[Line], rates: CodecRates, bin_width: float) -> np.ndarray:
    """Which lines (K,) lie at multiples of the rates of the codec, and are weak or not the only ones."""
    parts = [line.suggestion for line in lines]
    sizes = [part.amplitude / (MAX_CODEC_MOTION if part.kind == "motion" else MAX_CODEC_LEVELS) for part in parts]
    frequencies, stderrs = [part.frequency for part in parts], [part.frequency_stderr for part in parts]
    result = np.zeros(len(lines), bool)
    for rate in (*rates.keys, *rates.patterns):
        result |= follows_codec(frequencies, stderrs, sizes, rate, bin_width, 1.0)
    return result


def _is_caused(line: Line, root: Line, tiles: Tiles, level: np.ndarray, rates: CodecRates, bin_width: float) -> bool:
    """Whether the codec may make a line from the motion of a stronger one."""
    part, frequency = line.suggestion, root.suggestion.frequency
    if not (line.where & root.where).any():
        return False
    likeness = None if line.vibration is None else coherence(tiles, level, line.where, part.frequency / rates.fs)
    is_coherent = likeness is None or likeness > _COHERENT
    max_order = _MAX_ORDER if is_coherent else _MAX_INCOHERENT_ORDER
    combinations = [order * frequency for order in range(2, max_order + 1)]
    combinations += _images(frequency, rates.images, _MAX_KEY_ORDER, rates.fs)
    combinations += _images(frequency, rates.patterns, _MAX_PATTERN_ORDER, rates.fs)
    if not _agrees(part.frequency, part.frequency_stderr, combinations, rates.fs, bin_width):
        return False
    if line.vibration is None:
        return part.amplitude < MAX_CODEC_LEVELS
    if not is_coherent:
        return part.amplitude < root.suggestion.amplitude
    there = vibration(tiles, level, line.ratio, line.where, frequency / rates.fs).amplitude
    return rates.is_predictive and part.amplitude < _MAX_SHARE * there


def _is_image(line: Line, other: Line, rates: CodecRates, bin_width: float) -> bool:
    """Whether a line is an image of another one about a multiple of the rate of the key frames, in the same place."""
    if line.vibration is None or not (line.where & other.where).any():
        return False
    part, images = line.suggestion, _images(other.suggestion.frequency, rates.images, _MAX_KEY_ORDER, rates.fs)
    return _agrees(part.frequency, part.frequency_stderr, images, rates.fs, bin_width)


def _images(frequency: float, rates: Sequence[float], max_order: int, fs: float) -> list[float]:
    """Sums and differences of the multiples of the rates below fs, and the harmonics of a frequency."""
    multiples = [k * rate for rate in rates for k in range(1, round(fs / rate))]
    return [
        multiple + sign * order * frequency
        for multiple in multiples
        for order in range(1, max_order + 1)
        for sign in (-1, 1)
    ]


def _agrees(frequency: float, stderr: float, others: Sequence[float], fs: float, bin_width: float) -> bool:
    """Whether a frequency is one of the others, which may be aliased, within its error."""
    aliased = np.abs((np.array(others) + fs / 2) % fs - fs / 2)
    tolerance = np.clip(2 * stderr, _TOLERANCE * bin_width, _MAX_TOLERANCE * bin_width)
    return bool((np.abs(aliased - frequency) < tolerance).any())
