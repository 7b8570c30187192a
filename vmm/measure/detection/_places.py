"""Places whose lines lie too close to one another in frequency for one spectrum to resolve them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.ndimage

from vmm.measure.detection._tile_spectra import TileSpectra, connected_region, strongest_tile, tile_phasors
from vmm.measure.signals._windows import MAIN_LOBE, MIN_PERIODS, hann

MIN_DISTANCE = 0.7
"""Smallest distance in bins between the frequencies of two places. Vibrations that are not steady scatter less."""

_STEP = 0.25
"""Distance in bins of the frequencies at which the power of each tile is compared."""

_SAME_POWER = 0.75
"""Power of a tile at the frequency of a place, relative to the largest one nearby, from which it belongs to the place.
A steady sine falls to it 0.45 bins from its frequency."""

_MIN_RATIO = 20.0
"""Ratio to noise of a 3x3 square from which its frequency is compared: the frequency of a weaker one is uncertain."""

_MAX_PLACES = 4
"""Largest number of places near one bin."""


class Place(NamedTuple):
    """Tiles that vibrate at one frequency: the bin, the map (y, x) of the tiles, the ratio (y, x) of their power to the
    noise, and the largest ratio of a 3x3 square.
    """

    bin: int
    where: np.ndarray
    ratio: np.ndarray
    square_ratio: float


def places(spectra: TileSpectra, signals: np.ndarray, i: int) -> list[Place]:
    """The places of signals (T, K, y, x) with lines near bin i, the strongest first.

    Tiles belong to one place if their power is largest at about the same frequency.
    """
    top = Place(i, connected_region(spectra.tile_ratio[i], spectra.square_ratio[i]), spectra.tile_ratio[i], 0.0)
    top = top._replace(square_ratio=float(spectra.square_ratio[i].max()))
    offsets = np.arange(max(-MAIN_LOBE, MIN_PERIODS - i), MAIN_LOBE + _STEP / 2, _STEP)
    power = np.stack([_power(signals, spectra.level, i + offset) for offset in offsets])
    own = offsets[scipy.ndimage.uniform_filter(power, (0, 3, 3), mode="reflect").argmax(axis=0)]
    nearby = spectra.square_ratio[max(i - MAIN_LOBE, MIN_PERIODS) : i + MAIN_LOBE + 1].max(axis=0)
    is_clear = (nearby > _MIN_RATIO) & (own > offsets[0]) & (own < offsets[-1])
    row, col = strongest_tile(spectra.square_ratio[i])
    if not (is_clear & (np.abs(own - own[row, col]) >= MIN_DISTANCE)).any():
        return [top]
    remaining, result = np.ones_like(top.where), list[Place]()
    for _ in range(_MAX_PLACES):
        at = int(np.abs(offsets - own[row, col]).argmin())
        belongs = remaining & (power[at] >= _SAME_POWER * power.max(axis=0))
        belongs[row, col] = True
        k = round(i + offsets[at])
        ratios = [np.where(belongs, part[k], 0) for part in (spectra.tile_ratio, spectra.square_ratio)]
        where = connected_region(*ratios) & belongs
        if not result or ratios[0][where].max() > _MIN_RATIO:  # A square may be strong by the tiles of another place.
            result.append(Place(k, where, ratios[0], float(ratios[1].max())))
        remaining &= ~belongs & ~scipy.ndimage.binary_dilation(where)
        clear = np.where(remaining & is_clear, nearby, 0)
        row, col = strongest_tile(clear)
        if not clear[row, col]:
            break
    return result


def _power(signals: np.ndarray, level: np.ndarray, at: float) -> np.ndarray:
    """Power (y, x) of signals (T, K, y, x) over their noise at a bin, which may be a fraction."""
    count = len(signals)
    sums = tile_phasors(signals, at / count) * hann(count).sum() / 2
    power: np.ndarray = (np.square(np.abs(sums)) / level).mean(axis=0)
    return power
