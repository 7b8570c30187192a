"""Blind modal identification: mode shapes from the displacement of many regions alone."""

from __future__ import annotations

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.engine.times import mean_rate
from vmm.measure.modal._deflection import Modes
from vmm.measure.signals._resampling import evenly_sampled
from vmm.measure.signals._result import frequency_unit
from vmm.measure.signals._sampling import as_positions
from vmm.measure.signals._signal import RegionSignal, Signals
from vmm.measure.signals._sine_model import refine_frequency
from vmm.measure.signals._windows import detrend, hann


@checks_arguments
def blind_modes(signal: RegionSignal, n_modes: int = 3) -> Modes:
    """Mode shapes from the displacement of regions, without given frequencies.

    The displacements, each divided by its standard error, are projected on their first principal components. These are
    separated by diagonalizing the covariance of their differences from frame to frame [2]_: vibrations of different
    frequencies change at different speeds.

    Parameters
    ----------
    signal
        Displacement of regions. It needs more known components than `n_modes`.
    n_modes
        Number of modes, at least 1. The default is 3.

    Returns
    -------
    Modes
        Real shapes (n_modes, R, 2) in order of frequency. Their size is the peak amplitude of a steady vibration. Each
        frequency is that of the strongest peak of the modal coordinate.

    Raises
    ------
    TypeError
        If `signal` is not the displacement of regions, or `n_modes` is not a whole number.
    ValueError
        If `n_modes` is not below the number of known components, or the clip is too short.

    References
    ----------
    .. [1] Yang et al.: Blind identification of full-field vibration modes from video measurements with phase-based
       video motion magnification. Mechanical Systems and Signal Processing 85, 2017.
    .. [2] Tong et al.: Indeterminacy and identifiability of blind identification. IEEE Transactions on Circuits and
       Systems 38(5), 1991 (AMUSE).

    Examples
    --------
    >>> import numpy as np, vmm
    >>> from vmm.data import synthetic
    >>> t = np.arange(120) / 60
    >>> coordinates = np.stack([0.3 * np.sin(2 * np.pi * 4 * t), 0.1 * np.sin(2 * np.pi * 11 * t)], axis=1)
    >>> clip = synthetic.render(synthetic.beam(modes=2), coordinates, noise=1.0)
    >>> signal = vmm.measure.displacement(clip, vmm.measure.grid(21, 24, margin=37), fs=60)
    >>> vmm.measure.blind_modes(signal, 2).frequencies.round(1)
    array([ 4., 11.])
    """
    is_known = signal.is_known.reshape(-1)
    is_complete = signal.is_visible[:, signal.is_known.any(axis=1)].all(axis=1)  # frames that show every region
    count = int(is_complete.sum())
    if not 1 <= n_modes < min(int(is_known.sum()), count // 4):
        raise ValueError(
            f"n_modes={n_modes!r} must be at least 1, below the {int(is_known.sum())} known components and below a "
            f"quarter of the {count} frames"
        )
    stderr = np.maximum(signal.stderr.reshape(-1)[is_known], 1e-12)
    values = signal.values[is_complete].reshape(count, -1)[:, is_known]
    fs = signal.fs
    if signal.frame_times is not None:
        times = signal.frame_times[is_complete]
        even = evenly_sampled(Signals(values, mean_rate(times), positions=as_positions(times)))
        values, count, fs = even.values, len(even.values), even.fs
    components = np.linalg.svd((values - values.mean(axis=0)) / stderr, full_matrices=False)[0][:, :n_modes]
    differences = np.diff(components, axis=0)
    coordinates = components @ np.linalg.eigh(differences.T @ differences)[1]  # unit energy, the slowest first
    to_peak = np.sqrt(2 / count)
    shapes = np.full((n_modes, len(is_known)), np.nan)
    shapes[:, is_known] = coordinates.T @ values * to_peak
    shapes = shapes.reshape(n_modes, *signal.is_known.shape).astype(complex)
    shape_stderr = np.stack([np.where(signal.is_known, signal.stderr * to_peak, np.nan)] * n_modes)
    frequencies = np.array([_frequency(coordinate) for coordinate in coordinates.T]) * fs
    order = np.argsort(frequencies)
    units = signal.unit, frequency_unit(signal.time_unit)
    return Modes(frequencies[order], shapes[order], shape_stderr, signal.is_known, signal.fs, *units, signal.names)


def _frequency(signal: np.ndarray) -> float:
    """Frequency of the strongest peak of a signal (T,), in cycles per frame."""
    flat = detrend(signal[:, None])
    power = np.abs(np.fft.rfft(flat[:, 0] * hann(len(flat)), 4 * len(flat)))
    return refine_frequency(flat, float(np.argmax(power)) / (4 * len(flat)))
