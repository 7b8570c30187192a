"""Cramer-Rao bound for a sine."""

from __future__ import annotations

import math

from vmm.backend.arguments import checks_arguments

_LEAST_RATIO = 1e-12
"""Smallest ratio of noise and amplitude that is taken into account: that of the rounding of numbers, and a margin."""


@checks_arguments
def sine_crlb(stderr: float, n_frames: int, amplitude: float, fs: float = 1.0) -> tuple[float, float]:
    """Cramer-Rao bounds for the amplitude and the frequency of a steady vibration.

    No unbiased estimator has a smaller standard error.

    Parameters
    ----------
    stderr
        Standard error of the displacement in one frame.
    n_frames
        Number of frames.
    amplitude
        Peak amplitude of the vibration, in the unit of `stderr`.
    fs
        Rate of the camera in Hz. The default, 1, gives the frequency in cycles per frame.

    Returns
    -------
    tuple of float
        Standard error of the amplitude, in the unit of `stderr`, and standard error of the frequency, in Hz.

    Raises
    ------
    ValueError
        If an argument is not positive.

    References
    ----------
    .. [1] Rife, Boorstyn: Single-tone parameter estimation from discrete-time observations. IEEE Transactions on
       Information Theory 20(5), 1974.

    Examples
    --------
    >>> import vmm
    >>> amplitude, frequency = vmm.measure.sine_crlb(0.0025, 960, amplitude=0.02, fs=240)
    >>> f"{amplitude:.1e} px, {frequency:.1e} Hz"
    '1.1e-04 px, 7.9e-04 Hz'
    """
    if min(stderr, n_frames, amplitude, fs) <= 0:
        raise ValueError(f"stderr={stderr}, n_frames={n_frames}, amplitude={amplitude} and fs={fs} must be positive")
    return stderr * math.sqrt(2 / n_frames), math.sqrt(6) * stderr * fs / (math.pi * amplitude * n_frames**1.5)


def frequency_crlb(stderr: float, n_frames: int, amplitude: float) -> float:
    """Bound for the frequency in cycles per frame, from values of any scale, and from noise or an amplitude of 0."""
    ratio = stderr / max(amplitude, 1e-300)
    return sine_crlb(min(max(ratio, _LEAST_RATIO), 1 / _LEAST_RATIO), n_frames, 1.0)[1]
