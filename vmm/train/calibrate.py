"""Calibration of a network: the input factor that gives the requested output motion."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from vmm.backend.threads import cores
from vmm.data.shifts import HELD_OUT, measured_shift, shift
from vmm.train.evaluate import two_frames

_FACTORS = (2.0, 5.0, 10.0, 20.0, 50.0)  # Total factors of the table; networks are trained for factors up to 100.
_OUTPUT_MOTIONS = (2.0, 4.0, 6.0)  # Output displacements in pixels, within the range of training.
_SCALES = (0.85, 1.0, 1.2, 1.4)  # Trial input factors, as multiples of the total factor.


def calibration(net: Any, names: Sequence[str] = HELD_OUT[4:], *, device: str = "cpu") -> list[tuple[float, float]]:
    """Measure the calibration table of a network, as ``export`` takes it.

    On photographs that are shifted as a whole, the input factor is chosen such that the median of the measured gain
    over output displacements of 2 to 6 pixels is 1.

    Parameters
    ----------
    net
        A trained network on `device`.
    names
        Photographs of ``vmm.data.shifts``.
    device
        PyTorch device on which the network runs.

    Returns
    -------
    list of tuple
        Pairs of a total factor and the input factor of the network for it, in increasing order from (0, 0). Beyond the
        last pair the proportion of the last pair is used.

    Examples
    --------
    >>> from vmm.train.calibrate import calibration
    >>> from vmm.train.networks import RealTime
    >>> table = calibration(RealTime(4, 1), names=["coins"])
    >>> table[:2], len(table)
    ([(0.0, 0.0), (1.0, 1.0)], 7)
    """
    magnified = two_frames(net.eval(), device)
    grid = list(itertools.product(_FACTORS, _SCALES, names, _OUTPUT_MOTIONS))
    scenes = {
        (factor, name, out): shift(name, out / factor, out, side=128)
        for factor, name, out in itertools.product(_FACTORS, names, _OUTPUT_MOTIONS)
    }

    def gain(case: tuple[float, float, str, float]) -> float:
        factor, scale, name, out = case
        scene = scenes[factor, name, out]
        return measured_shift(scene, magnified(scene.a, scene.b, scale * factor)) / out

    with ThreadPoolExecutor(cores()) as pool:
        measured = np.reshape(list(pool.map(gain, grid)), (len(_FACTORS), len(_SCALES), -1))
    gains = np.maximum.accumulate(np.median(measured, axis=2), axis=1)
    factors = [f * float(np.interp(1.0, row, _SCALES)) for f, row in zip(_FACTORS, gains, strict=True)]
    return [(0.0, 0.0), (1.0, 1.0), *zip(_FACTORS, factors, strict=True)]
