"""Pulse from the colour of skin, and breath from its motion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vmm.backend.arrays import is_array, to_host
from vmm.engine.frames import checked, cut
from vmm.measure.clips import twice
from vmm.measure.rates import Rate, rate_of, told
from vmm.measure.rois import Region, regions
from vmm.measure.signals import in_band, rate_of_camera, signals

PULSE = (0.7, 4.0)
"""Hz: 42 to 240 beats a minute."""

BREATH = (0.1, 0.6)
"""Hz: 6 to 36 breaths a minute."""

_WINDOW = 1.6  # seconds over which colours are projected


def pulse(
    frames: Any,
    *,
    fs: float | None = None,
    roi: Any = None,
    method: str = "pos",
    band: tuple[float, float] | None = None,
    least: float = 0.0,
) -> Rate:
    """Pulse from the mean colour of a region of skin.

    Parameters
    ----------
    frames
        Colour frames (T, H, W, 3), or an iterator of such chunks; or the mean colour (T, 3) itself.
    fs
        Rate of the camera in Hz; by default that of a stream, else 1.
    roi
        Box (top, left, height, width) or mask (H, W) of bool on skin, such as forehead and cheeks; the whole frame less
        a margin by default. Faces are not looked for.
    method
        ``"pos"``: the plane orthogonal to skin [1]; ``"chrom"``: chrominance [2]; ``"green"``: green alone.
    band
        (low, high) in Hz of the pulse; ``PULSE`` by default, from 3 periods in the clip on.
    least
        Signal over noise in dB below which the rate is refused.

    Returns
    -------
    Rate
        ``rate`` in beats a minute with its ``error``; where it is refused, ``known`` is False and ``reason`` says why.

    Raises
    ------
    ValueError
        Where frames have no colour or hold fewer than 3 periods of the band, or an option is out of range.
    TypeError
        Where frames are no array, or of a type that cannot be read.

    References
    ----------
    .. [1] Wang, den Brinker, Stuijk, de Haan: Algorithmic principles of remote PPG. IEEE TBME 64(7), 2017.
    .. [2] De Haan, Jeanne: Robust pulse rate from chrominance-based rPPG. IEEE TBME 60(10), 2013.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.sin(2 * np.pi * 1.13 * np.arange(300) / 30)
    >>> colour = np.array([150, 110, 90]) + np.outer(wave, [0.1, 0.4, 0.2])
    >>> found = vmm.measure.pulse(colour, fs=30)
    >>> found.known, round(found.rate, 1)
    (True, 67.8)
    """
    rate = rate_of_camera(frames, fs)
    if method not in _METHODS:
        raise ValueError(f"method={method!r} must be one of {', '.join(_METHODS)}")
    colour = to_host(frames) if is_array(frames) and frames.ndim == 2 else mean_colour(frames, roi)
    if colour.ndim != 2 or colour.shape[1] != 3:
        raise ValueError(f"the mean colour {colour.shape} must be (T, 3)")
    wave = _METHODS[method](colour.astype(np.float64), rate)
    return rate_of(wave, rate, told(PULSE, len(wave), rate) if band is None else band, least, what="pulse")


def breathing(
    values: Any, *, fs: float | None = None, band: tuple[float, float] | None = None, least: float = 0.0
) -> Rate:
    """Rate of breath from the displacement of chest, belly or back.

    Parameters
    ----------
    values
        Displacement (T, ...), or the result of ``displacement``: the main direction of all regions is taken, weighted
        by the inverse square of their errors where these are known.
    fs
        Rate in Hz; by default that of the result, else 1.
    band
        (low, high) in Hz of the breath; ``BREATH`` by default, from 3 periods in the clip on.
    least
        Signal over noise in dB below which the rate is refused.

    Returns
    -------
    Rate
        ``rate`` in breaths a minute with its ``error``.

    Raises
    ------
    ValueError
        Where signals hold fewer than 3 periods of the band, or an option is out of range.
    TypeError
        Where signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = 0.3 * np.sin(2 * np.pi * 0.25 * np.arange(900) / 30)
    >>> round(vmm.measure.breathing(wave, fs=30).rate, 2)
    15.0
    """
    data = signals(values, fs)
    band = told(BREATH, len(data.values), data.fs) if band is None else band
    usable, weights = data.usable, data.weights
    flat = (data.flat - data.flat.mean(axis=0))[:, usable & (weights > 0)]
    scale = np.sqrt(weights[usable & (weights > 0)])
    limited = in_band(flat, data.fs, band) * scale
    _, _, directions = np.linalg.svd(limited, full_matrices=False)
    along = directions[0]
    wave = (flat * scale) @ along / float(np.abs(scale * along).sum())
    return rate_of(wave, data.fs, band, least, unit=data.unit or "px", what="breath")


def mean_colour(frames: Any, roi: Any = None) -> np.ndarray:
    """Mean colour (T, 3) of a region of colour frames."""
    clip = twice(frames)
    if len(clip.shape) != 3:
        height, width = clip.shape[:2]
        raise ValueError(
            f"a pulse is read from colour: frames are grey, (T, {height}, {width}), and must be (T, H, W, 3)"
        )
    size = clip.shape[0], clip.shape[1]
    (region,) = regions(None if roi is None else [roi], size)
    return np.concatenate([_mean(piece, region) for chunk in checked(clip.then()) for piece in cut(chunk)])


def _mean(chunk: Any, region: Region) -> np.ndarray:
    """Mean colour (n, 3) of a region."""
    top, left, height, width = region.box
    inside = to_host(chunk[:, top : top + height, left : left + width])
    if region.mask is not None:
        inside = inside[:, region.mask][:, None]
    means: np.ndarray = inside.mean(axis=(1, 2), dtype=np.float64)
    return means


def _pos(normed: np.ndarray) -> np.ndarray:
    """Plane orthogonal to skin, of colours (n, 3) over their means: (6) in [1] of ``pulse``."""
    first, second = normed[:, 1] - normed[:, 2], normed[:, 1] + normed[:, 2] - 2 * normed[:, 0]
    return first + first.std() / max(float(second.std()), 1e-300) * second


def _chrom(normed: np.ndarray) -> np.ndarray:
    """Chrominance of colours (n, 3) over their means: (9) to (12) in [2] of ``pulse``."""
    first = 3 * normed[:, 0] - 2 * normed[:, 1]
    second = 1.5 * normed[:, 0] + normed[:, 1] - 1.5 * normed[:, 2]
    return first - first.std() / max(float(second.std()), 1e-300) * second


def _overlapped(project: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray, float], np.ndarray]:
    """The projection of each stretch of 1.6 s, less its mean, added up."""

    def waveform(colour: np.ndarray, fs: float) -> np.ndarray:
        length = min(max(int(np.ceil(_WINDOW * fs)), 3), len(colour))
        out, told = np.zeros(len(colour)), np.zeros(len(colour))
        for i in range(len(colour) - length + 1):
            part = colour[i : i + length]
            wave = project(part / np.maximum(part.mean(axis=0), 1e-9))
            out[i : i + length] += wave - wave.mean()
            told[i : i + length] += 1
        return out / np.maximum(told, 1)

    return waveform


def _green(colour: np.ndarray, fs: float) -> np.ndarray:
    """Green alone, over its mean; darker with more blood, therefore turned round."""
    return 1 - colour[:, 1] / max(float(colour[:, 1].mean()), 1e-9)


_METHODS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "pos": _overlapped(_pos),
    "chrom": _overlapped(_chrom),
    "green": _green,
}
