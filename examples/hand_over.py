"""Modal analysis of displacements (T, channels) by other packages; ``beam_modes.py`` calls these functions."""

import numpy as np
import scipy.signal


def to_pyoma(signals, fs, near):
    """Frequencies (K,) and shapes (K, channels) of the modes near given frequencies, by subspace identification."""
    import logging

    from pyoma2.algorithms import SSI
    from pyoma2.setup import SingleSetup

    logging.disable(logging.INFO)  # pyOMA-2 logs every step
    setup = SingleSetup(signals, fs=fs)
    setup.add_algorithms(SSI(name="ssi", method="cov", br=40, ordmax=20))
    setup.run_by_name("ssi")
    setup.mpe("ssi", sel_freq=list(near), order_in=12)
    result = setup["ssi"].result
    return result.Fn, result.Phi.T


def to_sdypy(signals, fs, near, *, lags=512):
    """Frequencies and shapes by sdypy-EMA, which takes frequency responses: here half spectra of correlations.

    The correlation of each acceleration with that of the last channel decays as the response to an impulse at the last
    channel does. The first lags are left out, because the noise of neighboring channels is correlated there.
    """
    from sdypy import EMA

    accelerations = np.gradient(np.gradient(signals, axis=0), axis=0)  # all modes have similar accelerations
    reference, first = accelerations[:, -1], len(accelerations) + 5
    responses = [scipy.signal.correlate(x, reference, method="fft")[first : first + lags] for x in accelerations.T]
    frequencies = np.fft.rfftfreq(lags, 1 / fs)
    model = EMA.Model(np.fft.rfft(responses), frequencies, lower=1, upper=0.46 * fs, pol_order_high=24)
    model.get_poles(show_progress=False)
    model.select_closest_poles(list(near), f_window=8)
    model.get_constants()
    return model.nat_freq, model.A.T
