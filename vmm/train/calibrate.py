"""What factor a network must be given for the motion that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.data.shifts import HELD_OUT, measured_shift, shift
from vmm.train.evaluate import two_frames

_FACTORS = (2.0, 5.0, 10.0, 20.0, 50.0)
_OUT = (2.0, 4.0, 6.0)  # pixels
_MORE = (0.85, 1.0, 1.2, 1.4)


def calibration(net: Any, names: Sequence[str] = HELD_OUT[4:]) -> list[tuple[float, float]]:
    """Pairs of a total factor and the one that a network must be given for it, as ``export`` takes them.

    On photographs moved as a whole, the median over output motions of 2 to 6 pixels is made right.

    Parameters
    ----------
    net
        A trained network.
    names
        Photographs of ``vmm.data.shifts``.

    Returns
    -------
    list of tuple
        From 0 on; beyond the last pair the proportion stays.
    """
    magnified, table = two_frames(net.eval()), [(0.0, 0.0), (1.0, 1.0)]
    for factor in _FACTORS:
        scenes = [(shift(name, out / factor, out, side=128), out) for name in names for out in _OUT]
        gains = [
            np.median([measured_shift(s, magnified(s.a, s.b, more * factor)) / out for s, out in scenes])
            for more in _MORE
        ]
        table.append((factor, factor * float(np.interp(1.0, np.maximum.accumulate(gains), _MORE))))
    return table
