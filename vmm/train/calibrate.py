"""Calibration of a network: the input factor that gives the requested output motion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.data.shifts import HELD_OUT, measured_shift, shift
from vmm.train.evaluate import two_frames

_FACTORS = (2.0, 5.0, 10.0, 20.0, 50.0)  # Total factors of the table; networks are trained for factors up to 100.
_OUTPUT_MOTIONS = (2.0, 4.0, 6.0)  # Output displacements in pixels, within the range of training.
_SCALES = (0.85, 1.0, 1.2, 1.4)  # Trial input factors, as multiples of the total factor.


def calibration(net: Any, names: Sequence[str] = HELD_OUT[4:]) -> list[tuple[float, float]]:
    """Measure the calibration table of a network, as ``export`` takes it.

    On photographs that are shifted as a whole, the input factor is chosen such that the median of the measured gain
    over output displacements of 2 to 6 pixels is 1.

    Parameters
    ----------
    net
        A trained network on the CPU.
    names
        Photographs of ``vmm.data.shifts``.

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
    magnified, table = two_frames(net.eval()), [(0.0, 0.0), (1.0, 1.0)]
    for factor in _FACTORS:
        scenes = [(shift(name, out / factor, out, side=128), out) for name in names for out in _OUTPUT_MOTIONS]
        gains = [
            np.median([measured_shift(x, magnified(x.a, x.b, scale * factor)) / out for x, out in scenes])
            for scale in _SCALES
        ]
        table.append((factor, factor * float(np.interp(1.0, np.maximum.accumulate(gains), _SCALES))))
    return table
