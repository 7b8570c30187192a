"""Causal recursive filters with a memory of a few values."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import biquads
from vmm.parts import CausalFilter
from vmm.temporal.bands import band_in_cycles


def butterworth(
    band: tuple[float, float], fs: float | None = None, *, order: int = 1, published: bool = False
) -> CausalFilter:
    """Causal Butterworth band-pass in second-order sections, in its steady state for the first frame.

    Parameters
    ----------
    band
        Low and high cut-off (-3 dB) in Hz, or in cycles per frame without `fs`.
    fs
        Rate of the camera in Hz; without it frequencies are in cycles per frame.
    order
        Order of the low-pass prototype; each needs two values of memory for every coefficient.
    published
        As in the released code of [1]_: the difference of two low-passes of first order whose cut-offs are taken
        for fractions of fs/2, so that the -3 dB points lie at half the stated frequencies.

    Returns
    -------
    CausalFilter

    Raises
    ------
    ValueError
        If the band is not rising or lies outside (0, fs/2), or order is below 1.

    References
    ----------
    .. [1] Wu, Rubinstein, Shih, Guttag, Durand, Freeman: Eulerian video magnification for revealing subtle changes
       in the world. SIGGRAPH 2012.

    Examples
    --------
    >>> import vmm
    >>> vmm.temporal.butterworth((0.4, 3.0), 30, order=2).sos.shape
    (2, 6)
    """
    import scipy.signal

    low, high = band_in_cycles(band, fs)
    if order < 1:
        raise ValueError(f"order={order} must be at least 1")
    if published:
        (b1, a1), (b2, a2) = (scipy.signal.butter(1, edge) for edge in (high, low))  # edges taken for fractions of fs/2
        numerator = np.convolve(b1, a2) - np.convolve(b2, a1)
        return _sections(np.concatenate([numerator, np.convolve(a1, a2)])[None])
    return _sections(scipy.signal.butter(order, [low, high], "bandpass", output="sos", fs=1.0))


def iir(
    band: tuple[float, float] | None = None,
    fs: float | None = None,
    *,
    r: tuple[float, float] | None = None,
    published: bool = False,
) -> CausalFilter:
    """Difference of two one-pole low-passes ``y += r (x - y)``.

    Parameters
    ----------
    band
        Low and high cut-off in Hz, or in cycles per frame without `fs`; each pole is ``r = 1 - exp(-2 pi f / fs)``.
    fs
        Rate of the camera in Hz; without it frequencies are in cycles per frame.
    r
        The two coefficients (r1, r2) themselves, 1 >= r1 > r2 > 0, in place of the band: ``r1=0.4, r2=0.05`` in [1]_.
    published
        Leave the gain as it is. By default it is 1 at the center of the band. With `r` it is always left.

    Returns
    -------
    CausalFilter

    Raises
    ------
    ValueError
        If both or neither of band and r are given, or either is out of range.

    References
    ----------
    .. [1] Wu, Rubinstein, Shih, Guttag, Durand, Freeman: Eulerian video magnification for revealing subtle changes
       in the world. SIGGRAPH 2012.

    Examples
    --------
    >>> import vmm
    >>> vmm.temporal.iir(r=(0.4, 0.05)).sos.shape
    (1, 6)
    """
    if (band is None) == (r is None):
        raise ValueError("iir takes either band=(low, high) in Hz or r=(r1, r2)")
    if r is not None:
        r1, r2 = r
        if not 0 < r2 < r1 <= 1:
            raise ValueError(f"r=({r1:g}, {r2:g}) must be falling and lie inside (0, 1]: the fast pole first")
        return _sections(_poles(r1, r2))
    low, high = band_in_cycles(band, fs)  # type: ignore[arg-type]
    sections = _poles(*(1 - np.exp(-2 * np.pi * f) for f in (high, low)))
    if not published:
        z = np.exp(2j * np.pi * np.sqrt(low * high) * -np.arange(3))
        sections[0, :3] /= abs((sections[0, :3] @ z) / (sections[0, 3:] @ z))
    return _sections(sections)


def _poles(r1: float, r2: float) -> np.ndarray:
    """One section with the difference of the low-passes r1 and r2."""
    return np.array([[r1 - r2, r2 - r1, 0.0, 1.0, r1 + r2 - 2.0, (1 - r1) * (1 - r2)]])


def _sections(sos: np.ndarray) -> CausalFilter:
    """Second-order sections that start as if the first frame had stood for ever."""
    import scipy.signal

    start = scipy.signal.sosfilt_zi(sos)

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        if memory is None:
            steady = namespace(x).asarray(start, dtype=x.dtype)
            memory = steady.reshape(start.shape + (1,) * (x.ndim - 1)) * x[0]
        registers = memory.copy()
        return biquads(x, sos, registers), registers

    return CausalFilter(apply, _of_differences(sos))


def _of_differences(sos: np.ndarray) -> np.ndarray | None:
    """Sections that make the same of a signal's differences: H(z) / (1 - 1/z), a zero of H at z = 1 divided out."""
    for i, (b0, b1, b2) in enumerate(sos[:, :3]):
        if abs(b0 + b1 + b2) <= 1e-9 * max(abs(b0), abs(b1), abs(b2)):
            divided = sos.copy()
            divided[i, :3] = b0, b0 + b1, 0.0
            return divided
    return None
