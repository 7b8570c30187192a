"""A beam held at one end, whose modes of vibration are known exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

_ROOTS = (1.875104068711961, 4.694091132974175, 7.854757438237613, 10.995540734875467, 14.13716839104647)
_CLAMP = 8  # pixels from the left border


def cantilever(places: Any, modes: int = 3) -> np.ndarray:
    """Mode shapes of a slender beam that is held at 0 and free at 1.

    Parameters
    ----------
    places
        Places (N,) along the beam, from 0 to 1; before 0 nothing moves, and beyond 1 as at the end.
    modes
        How many, at most 5.

    Returns
    -------
    ndarray
        Shapes (modes, N), 1 at the free end.

    Raises
    ------
    ValueError
        Where more modes are asked for.

    References
    ----------
    .. [1] Euler and Bernoulli's beam: ``cosh x cos x = -1`` gives the wave numbers.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.cantilever([0.0, 0.5, 1.0]).round(3)
    array([[ 0.   ,  0.34 ,  1.   ],
           [ 0.   , -0.714,  1.   ],
           [ 0.   ,  0.02 ,  1.   ]])
    """
    if not 1 <= modes <= len(_ROOTS):
        raise ValueError(f"modes={modes!r} must be from 1 to {len(_ROOTS)}")
    along = np.clip(np.asarray(places, dtype=float), 0, 1)
    root = np.array(_ROOTS[:modes])[:, None]
    share = (np.sinh(root) - np.sin(root)) / (np.cosh(root) + np.cos(root))

    def shape(x: np.ndarray) -> np.ndarray:
        curve: np.ndarray = np.cosh(x) - np.cos(x) - share * (np.sinh(x) - np.sin(x))
        return curve

    shapes: np.ndarray = shape(root * along) / shape(root) + 0.0
    return shapes


def beam(
    shape: tuple[int, int] = (96, 320),
    *,
    modes: int = 3,
    height: int = 48,
    softness: float = 1.5,
    contrast: float = 35.0,
    seed: int = 0,
) -> Callable[[Any], np.ndarray]:
    """A textured beam, held at the left and free at the right, that bends up and down before a still texture.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    modes
        How many modes it has.
    height
        Height of the beam in pixels.
    softness
        Standard deviation in pixels of the Gaussian whose integral is the beam's edge.
    contrast
        Standard deviation of the grey levels of either texture, about 128.
    seed
        Of the textures.

    Returns
    -------
    callable
        The scene; it takes the displacement (modes,) of the free end by each mode, down, in pixels. ``cantilever`` of
        ``beam_places`` tells how far each column then moves.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.beam()([0.2, 0.0, 0.0]).shape
    (96, 320)
    """
    from vmm.data.synthetic import texture

    behind = texture(shape, contrast=contrast, seed=seed)((0.0, 0.0))
    tall = shape[0] + 2 * _SPARE, shape[1]
    spectrum = np.fft.rfft(texture(tall, contrast=contrast, seed=seed + 1)((0.0, 0.0)), axis=0)
    waves = -2j * np.pi * np.fft.rfftfreq(tall[0])[:, None]
    shapes = cantilever(beam_places(shape[1]), modes)
    rows = np.arange(shape[0])[:, None] - (shape[0] - 1) / 2
    ends = scipy.special.ndtr((np.arange(shape[1]) - _CLAMP) / softness)
    ends *= scipy.special.ndtr((shape[1] - 1 - _CLAMP - np.arange(shape[1])) / softness)

    def scene(displacement: Any) -> np.ndarray:
        down = np.asarray(displacement, dtype=float) @ shapes
        front = np.fft.irfft(spectrum * np.exp(waves * down), tall[0], axis=0)[_SPARE:-_SPARE]
        matte = ends * scipy.special.ndtr((height / 2 - np.abs(rows - down)) / softness)
        return behind + matte * (front - behind)

    return scene


_SPARE = 16


def beam_places(columns: int = 320) -> np.ndarray:
    """Where on the beam each column of a frame is, 0 where it is held and 1 at its free end.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.beam_places(320)[[8, 311]]
    array([0., 1.])
    """
    return (np.arange(columns) - _CLAMP) / (columns - 1 - 2 * _CLAMP)
