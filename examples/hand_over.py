"""Displacement (T, channels) handed to packages for modal analysis; ``beam_modes.py`` calls these."""

import numpy as np
import scipy.signal


def to_pyoma(signals, fs, near):
    """Frequencies (K,) and shapes (K, channels) near some frequencies, by pyOMA-2's subspace identification."""
    import logging

    from pyoma2.algorithms import SSI
    from pyoma2.setup import SingleSetup

    logging.disable(logging.INFO)  # it tells of every step
    setup = SingleSetup(signals, fs=fs)
    setup.add_algorithms(SSI(name="ssi", method="cov", br=40, ordmax=20))
    setup.run_by_name("ssi")
    setup.mpe("ssi", sel_freq=list(near), order_in=12)
    result = setup["ssi"].result
    return result.Fn, result.Phi.T


def to_sdypy(signals, fs, near, *, lags=512):
    """The same by sdypy-EMA, which takes frequency responses: those of motion driven by noise are half spectra.

    The correlations of accelerations with that of the last channel ring down as after a blow there, behind the first
    few lags, where noise is alike.
    """
    from sdypy import EMA

    accelerations = np.gradient(np.gradient(signals, axis=0), axis=0)  # in which all modes are about as strong
    reference, first = accelerations[:, -1], len(accelerations) + 5
    rings = [scipy.signal.correlate(x, reference, method="fft")[first : first + lags] for x in accelerations.T]
    model = EMA.Model(np.fft.rfft(rings), np.fft.rfftfreq(lags, 1 / fs), lower=1, upper=0.46 * fs, pol_order_high=24)
    model.get_poles(show_progress=False)
    model.select_closest_poles(list(near), f_window=8)
    model.get_constants()
    return model.nat_freq, model.A.T
