"""Causal recursive filters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import biquads
from vmm.parts import CausalFilter
from vmm.temporal.bands import band_in_cycles

_RELATIVE_WIDTH = 1.5
"""Distance between the cutoffs of ``causal``, relative to the width of the band. A wider distance shortens the delay
and raises the gain at the edges of the band, but lets more noise and motion outside of the band through."""


@checks_arguments
def butterworth(
    band: tuple[float, float], fs: float | None = None, *, order: int = 1, published: bool = False
) -> CausalFilter:
    """Causal Butterworth band-pass filter, which starts in its steady state for the first frame.

    Parameters
    ----------
    band
        Passband (low, high) in Hz, within (0, fs/2); in cycles per frame if `fs` is None. The gain is -3 dB at both
        edges.
    fs
        Camera rate in Hz. If it is None, the default, frequencies are in cycles per frame.
    order
        Order of the low-pass prototype, at least 1. The filter state has 2 * order values for each coefficient. The
        default is 1, whose gain falls slowly outside of the band; ``causal`` is steeper.
    published
        If True, follow the code released with [1]_: the difference of two first-order low-pass filters whose cutoffs
        are half of the stated frequencies, because frequencies relative to `fs` are passed to a function that expects
        them relative to fs/2. False by default.

    Returns
    -------
    CausalFilter
        A filter in second-order sections.

    Raises
    ------
    ValueError
        If `band` is not an increasing pair within (0, fs/2), or if `order` is below 1.

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
        # `butter` expects fractions of fs/2, but receives fractions of fs, as in the released code.
        (b1, a1), (b2, a2) = (scipy.signal.butter(1, edge) for edge in (high, low))
        numerator = np.convolve(b1, a2) - np.convolve(b2, a1)
        return _sections(np.concatenate([numerator, np.convolve(a1, a2)])[None])
    return _sections(scipy.signal.butter(order, [low, high], "bandpass", output="sos", fs=1.0))


@checks_arguments
def causal(band: tuple[float, float], fs: float | None = None) -> CausalFilter:
    """Causal band-pass filter for live video: steep, and without lag in the middle of the band.

    This is a Butterworth filter of order 3. The distance between its cutoffs is 1.5 times the width of the band, and
    its phase is 0 at the arithmetic mean of the edges of the band, where the gain is 1. Motion at the edges is not
    added to the motion of the frames in phase: at the lower edge it leads by 90 to 130 degrees, at the upper edge it
    lags by 60 to 80 degrees. The frequency of interest should be in the middle of the band.

    Parameters
    ----------
    band
        Passband (low, high) in Hz, within (0, fs/2); in cycles per frame if `fs` is None. The modulus of the gain is
        0.89 or more at both edges if high <= 2 low, and at the lower edge 0.75 if high = 3 low. At 2.3 times the upper
        edge and at the lower edge divided by 2.3 it is at most 0.07 if high <= 3 low.
    fs
        Camera rate in Hz. If it is None, the default, frequencies are in cycles per frame.

    Returns
    -------
    CausalFilter
        A filter in three second-order sections. Its group delay, by which a change of amplitude lags, is about 0.42 fs
        / (high - low) frames: 6 frames for a band from 2 to 4 Hz at 30 frames per second.

    Raises
    ------
    ValueError
        If `band` is not an increasing pair within (0, fs/2).

    Notes
    -----
    The cutoffs always stay within (0, fs/2): for bands wider than fs/4 the distance between them is the mean of the
    width of the band and fs/2.

    Examples
    --------
    >>> import vmm
    >>> vmm.temporal.causal((2, 4), 30).sos.shape
    (3, 6)
    """
    import scipy.signal

    cutoffs = _centered_cutoffs(*band_in_cycles(band, fs))
    return _sections(scipy.signal.butter(3, cutoffs, "bandpass", output="sos", fs=1.0))


def _centered_cutoffs(low: float, high: float) -> tuple[float, float]:
    """Cutoffs of a Butterworth band-pass whose phase is 0 at the arithmetic mean of a band, in cycles per frame.

    The phase is 0 at the frequency f with ``tan(pi f)^2 = tan(pi a) tan(pi b)`` for the cutoffs a and b.
    """
    width = min(_RELATIVE_WIDTH * (high - low), (high - low + 0.5) / 2)
    total = math.acos(math.cos(math.pi * width) * math.cos(math.pi * (low + high))) / math.pi
    return (total - width) / 2, (total + width) / 2


@checks_arguments
def iir(
    band: tuple[float, float] | None = None,
    fs: float | None = None,
    *,
    r: tuple[float, float] | None = None,
    published: bool = False,
) -> CausalFilter:
    """Difference of two first-order recursive low-pass filters, each with ``y += r (x - y)``.

    Parameters
    ----------
    band
        Cutoffs (low, high) in Hz, within (0, fs/2); in cycles per frame if `fs` is None. The coefficient of a cutoff f
        is ``r = 1 - exp(-2 pi f / fs)``.
    fs
        Camera rate in Hz. If it is None, the default, frequencies are in cycles per frame.
    r
        Coefficients (r1, r2) of the two filters, with 1 >= r1 > r2 > 0, instead of `band`; (0.4, 0.05) in [1]_.
    published
        If True, the gain is that of the plain difference. By default it is scaled to 1 at the geometric mean of the
        cutoffs. With `r` it is never scaled.

    Returns
    -------
    CausalFilter
        A filter with one second-order section.

    Raises
    ------
    ValueError
        If both or neither of `band` and `r` are passed, or if either is out of range.

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
        raise ValueError("iir takes exactly one of band=(low, high) in Hz and r=(r1, r2)")
    if r is not None:
        r1, r2 = r
        if not 0 < r2 < r1 <= 1:
            raise ValueError(f"r=({r1:g}, {r2:g}) must be a decreasing pair within (0, 1]: the faster filter first")
        return _sections(_poles(r1, r2))
    low, high = band_in_cycles(band, fs)  # type: ignore[arg-type]
    sections = _poles(*(1 - np.exp(-2 * np.pi * f) for f in (high, low)))
    if not published:
        z = np.exp(2j * np.pi * np.sqrt(low * high) * -np.arange(3))
        sections[0, :3] /= abs((sections[0, :3] @ z) / (sections[0, 3:] @ z))
    return _sections(sections)


def _poles(r1: float, r2: float) -> np.ndarray:
    """The second-order section of the difference between the low-pass filters r1 and r2."""
    return np.array([[r1 - r2, r2 - r1, 0.0, 1.0, r1 + r2 - 2.0, (1 - r1) * (1 - r2)]])


def _sections(sos: np.ndarray) -> CausalFilter:
    """The filter with these second-order sections; it starts as if the clip had been still before the first frame."""
    import scipy.signal

    start = scipy.signal.sosfilt_zi(sos)

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        if memory is None:
            steady = namespace(x).asarray(start, dtype=x.dtype)
            memory = steady.reshape(start.shape + (1,) * (x.ndim - 1)) * x[0]
        state = memory.copy()
        return biquads(x, sos, state), state

    return CausalFilter(apply, _of_differences(sos))


def _of_differences(sos: np.ndarray) -> np.ndarray | None:
    """Sections of ``H(z) / (1 - 1/z)``, in which a zero of H at z = 1 cancels the pole; None if H has no such zero."""
    for i, (b0, b1, b2) in enumerate(sos[:, :3]):
        if abs(b0 + b1 + b2) <= 1e-9 * max(abs(b0), abs(b1), abs(b2)):
            divided = sos.copy()
            divided[i, :3] = b0, b0 + b1, 0.0
            return divided
    return None
