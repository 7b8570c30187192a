"""The amplitude of a vibration from the signals of tiles, corrected for the response of the estimator.

Linear least squares measures fine texture too large, and motion of a pixel or more too small and with harmonics that
the motion does not have. Both follow from the image itself: the response of a tile to each displacement is computed by
shifting one frame of the clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vmm.measure.detection._tile_spectra import tile_phasors
from vmm.measure.detection._tiles import Tiles
from vmm.measure.signals._windows import hann

_MARGIN = 16
"""Pixels around a tile that may move into it."""

_MAX_DISPLACEMENT = 4.0
"""Largest amplitude in pixels. Beyond it, fine texture is displaced by more than its correlation length."""

_STEP = 0.1
"""Distance in pixels of the displacements at which the response is computed."""

_AMPLITUDES = np.geomspace(2e-4, _MAX_DISPLACEMENT, 400)
"""Amplitudes in pixels that are compared with the measurement."""

_PHASES = 32
"""Phases of a period at which the displacement is evaluated."""

_MAX_TILES = 24
"""Largest number of tiles whose response is computed, the strongest ones."""

_MIN_POWER = 0.4
"""Smallest ratio of a tile to its noise, relative to the strongest tile."""

_MIN_GRADIENT = 0.25
"""Smallest gradient of a tile in its weaker direction, relative to the largest of all: noise rules below it."""

_MIN_SHARE = 0.9
"""Amplitude of a tile, relative to the larger ones, below which a part of it may not move."""

_LARGE = 0.5
"""Smallest response, relative to the largest one, to a motion beyond that of the largest one. Motion with a smaller
response would be too large to be measured."""

_STRONG_THIRD = 0.2
"""Third harmonic, relative to the line, from which the motion may exceed that range."""

_NEARBY = 1.5
"""Largest amplitude of a motion without a strong third harmonic, relative to the smallest one with its response."""

_N_HARMONICS = 8
"""Highest order of a harmonic that the response predicts."""

_INVENTED = 1.4
"""Ratio of a harmonic to its prediction up to which the motion need not have it. Most predictions agree within 20 %."""

_MAX_REST = 0.5
"""Difference of a harmonic from its prediction, relative to the prediction, up to which the motion need not have it.
The difference counts the phase: that of a harmonic of the motion itself is as likely to be any other."""


@dataclass(frozen=True, eq=False)
class Vibration:
    """A vibration in some tiles of a clip.

    Attributes
    ----------
    amplitude
        Peak displacement in pixels.
    where
        Map (y, x) of the tiles that show it.
    chosen
        (n, 2) row and column of the tiles that it was measured in.
    axes
        (n, 2) direction (down, right) of the motion of each of them.
    phases
        (n,) phase in radians of the motion of each tile along its axis, at the middle of the clip.
    coefs
        (n, N) harmonics in pixels that the estimator makes of it in each tile, from order 1 on, relative to a cosine.
    """

    amplitude: float
    where: np.ndarray
    chosen: np.ndarray
    axes: np.ndarray
    phases: np.ndarray
    coefs: np.ndarray

    @property
    def harmonics(self) -> np.ndarray:
        """Amplitude (N,) in pixels of the harmonics that the estimator makes, from order 1 on."""
        harmonics: np.ndarray = np.sqrt(np.square(self.coefs).mean(axis=0))
        return harmonics

    def explains(
        self, tiles: Tiles, level: np.ndarray, frequency: float, order: int, root: float, max_amplitude: float
    ) -> bool:
        """Whether the estimator alone may have caused the harmonic of this order.

        `frequency` is that at which it is observed, and `root` that of the motion, in cycles per frame. Phases count if
        the amplitude here is at most `max_amplitude`: an amplitude that is too large was not measured well.
        """
        if order > self.coefs.shape[1]:
            return False
        phasors, noise = displacement_phasors(tiles, level, self.chosen, frequency)
        along, size = np.einsum("ni,ni->n", self.axes, phasors), self.harmonics[order - 1]
        if _root_mean(along, noise) >= _INVENTED * size:
            return False
        rest = _root_mean(along - self._prediction(order, root, len(tiles.motion)), noise)
        return self.amplitude > max_amplitude or rest < _MAX_REST * float(size)

    def _prediction(self, order: int, root: float, count: int) -> np.ndarray:
        """Phasors (n,) in pixels of a harmonic that the estimator makes, which may be aliased, in `count` frames."""
        cycles = round(order * root)
        phasors = self.coefs[:, order - 1] * np.exp(1j * (order * self.phases - np.pi * cycles * (count - 1)))
        return phasors if order * root >= cycles else phasors.conj()


def vibration(tiles: Tiles, level: np.ndarray, ratio: np.ndarray, where: np.ndarray, frequency: float) -> Vibration:
    """The vibration at a frequency in cycles per frame in the tiles of the map `where` (y, x).

    `level` (2, y, x) is the noise power of the motion, and `ratio` (y, x) that of the line over the noise.
    """
    chosen = np.argwhere(where & (ratio >= _MIN_POWER * ratio[where].max()))
    weaker = tiles.gradients[tuple(chosen.T)].min(axis=1)
    has_texture = weaker >= _MIN_GRADIENT * tiles.gradients[where].max()
    chosen = chosen[has_texture] if has_texture.any() else chosen
    chosen = chosen[np.argsort(-ratio[tuple(chosen.T)])[:_MAX_TILES]]
    phasors, noise = displacement_phasors(tiles, level, chosen, frequency)
    axes = _major_axes(phasors)
    along = np.einsum("ni,ni->n", axes, phasors)
    large = np.quantile(np.abs(along), 0.8)
    is_inside = np.abs(along) + 2 * noise >= _MIN_SHARE * large
    chosen, axes, along, noise = (part[is_inside] for part in (chosen, axes, along, noise))
    angle = np.angle(along) + 2 * np.pi * frequency * (tiles.template_index - (len(tiles.motion) - 1) / 2)
    measured = [_root_mean(along, noise)]
    third, third_noise = displacement_phasors(tiles, level, chosen, _folded(3 * frequency))
    measured.append(_root_mean(np.einsum("ni,ni->n", axes, third), third_noise))
    coefs = _harmonic_responses(tiles, chosen, axes, np.cos(angle), _AMPLITUDES)
    responses = np.sqrt(np.square(coefs).mean(axis=1))
    best = _best_amplitude(responses, *measured)
    scale = float(np.clip(measured[0] / max(responses[best, 0], 1e-300), 0.97, 1.03))
    return Vibration(float(_AMPLITUDES[best]) * scale, where, chosen, axes, np.angle(along), coefs[best] * scale)


def _best_amplitude(responses: np.ndarray, first: float, third: float) -> int:
    """Index of the amplitude whose response (A, N) is a line and a third harmonic of these amplitudes in pixels.

    The response to a large motion may be no larger than that to a small one, but it has a strong third harmonic.
    """
    reaches = responses[:, 0] >= first
    smallest = int(np.argmax(reaches)) if reaches.any() else int(np.argmax(responses[:, 0]))
    cost = np.square(responses[:, 0] - first) + np.square(responses[:, 2] - third)
    if first < _LARGE * responses[:, 0].max() or third < _STRONG_THIRD * first:
        cost[_NEARBY * _AMPLITUDES[smallest] < _AMPLITUDES] = np.inf
    return int(np.argmin(cost))


def displacement_phasors(
    tiles: Tiles, level: np.ndarray, chosen: np.ndarray, frequency: float
) -> tuple[np.ndarray, np.ndarray]:
    """Complex displacement (n, 2) of tiles, down and right, and the standard deviation (n,) of its noise."""
    index = tuple(chosen.T)
    gradients = tiles.gradients[index]
    count = len(tiles.motion)
    phasors = tile_phasors(tiles.motion[:, :, index[0], index[1]], frequency).T / gradients
    variance = 4 / hann(count).sum() ** 2 * level[:, index[0], index[1]].T / gradients**2
    return np.einsum("nij,nj->ni", tiles.axes[index], phasors), np.sqrt(variance.mean(axis=1))


def _major_axes(phasors: np.ndarray) -> np.ndarray:
    """Directions (n, 2) of the major axes of ellipses with these phasors (n, 2)."""
    parts = np.stack([phasors.real, phasors.imag], axis=2)
    axes: np.ndarray = np.linalg.svd(parts)[0][:, :, 0]
    return axes


def _root_mean(phasors: np.ndarray, noise: np.ndarray) -> float:
    """Root of the mean power of phasors (n,) without that of their noise (n,)."""
    return float(np.sqrt(max(float(np.mean(np.square(np.abs(phasors)) - np.square(noise))), 0.0)))


def _folded(frequency: float) -> float:
    """The frequency in cycles per frame at which a frequency is observed."""
    return abs((frequency + 0.5) % 1 - 0.5)


def _harmonic_responses(
    tiles: Tiles, chosen: np.ndarray, axes: np.ndarray, offsets: np.ndarray, amplitudes: np.ndarray
) -> np.ndarray:
    """Harmonics (A, n, N) that the estimator returns in each tile for cosines of amplitudes (A,), from order 1 on.

    `offsets` (n,) is the displacement of each tile in the template, relative to the amplitude.
    """
    grid = np.arange(-2 * _MAX_DISPLACEMENT, 2 * _MAX_DISPLACEMENT + _STEP / 2, _STEP)
    waves = np.cos(2 * np.pi * np.arange(_PHASES) / _PHASES)
    coefs = np.zeros((len(amplitudes), len(chosen), _N_HARMONICS))
    padded = np.pad(tiles.template, _MARGIN, mode="reflect")
    for i, (tile, axis, offset) in enumerate(zip(chosen, axes, offsets, strict=True)):
        response = _response(tiles, padded, tile, axis, grid)
        values = np.interp(amplitudes[:, None] * (waves - offset), grid, response)
        coefs[:, i] = np.fft.rfft(values, axis=1)[:, 1 : _N_HARMONICS + 1].real * 2 / _PHASES
    return coefs


def _response(
    tiles: Tiles, padded: np.ndarray, tile: np.ndarray, axis: np.ndarray, displacements: np.ndarray
) -> np.ndarray:
    """Displacement (D,) along an axis that the estimator returns for each displacement (D,) of the padded template."""
    row, col = tile
    height, width = tiles.side
    rows, cols = (slice(i * n, (i + 1) * n) for i, n in zip(tile, tiles.side, strict=True))
    patch = padded[rows.start : rows.stop + 2 * _MARGIN, cols.start : cols.stop + 2 * _MARGIN]
    taper = np.outer(*(np.minimum(1, (np.minimum(np.arange(n), np.arange(n)[::-1]) + 0.5) / 8) for n in patch.shape))
    weights = np.zeros((3, *patch.shape))
    weights[:, _MARGIN : _MARGIN + height, _MARGIN : _MARGIN + width] = tiles.parts[:, rows, cols]
    spectrum = np.fft.rfft2((patch - patch.mean()) * taper)
    products = np.conj(np.fft.rfft2(weights)) * spectrum / patch.size
    products[..., 1 : (patch.shape[1] + 1) // 2] *= 2
    down, right = (
        np.exp(-2j * np.pi * np.outer(displacements * part, frequencies))
        for part, frequencies in zip(
            axis, (np.fft.fftfreq(patch.shape[0]), np.fft.rfftfreq(patch.shape[1])), strict=True
        )
    )
    sums = np.einsum("dy,pyd->dp", down, products @ right.T).real
    projections = sums[:, :2] - sums[:, 2:] * tiles.share[row, col]
    motion = projections @ (tiles.axes[row, col] / tiles.gradients[row, col])
    along: np.ndarray = motion / tiles.gradients[row, col] @ tiles.axes[row, col].T @ axis
    return along
