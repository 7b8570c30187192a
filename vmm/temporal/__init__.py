"""Temporal filters: a design function takes a band or a frequency and ``fs`` and returns a ``Filter``, or a
``Rule`` where it is not linear.

| design | what it is | delay | paper |
| --- | --- | --- | --- |
| ``ideal`` | Fourier band-pass over a whole clip | none, needs the whole clip | Wu 2012 |
| ``fir`` | linear-phase band-pass, Hamming window | half its length | Wadhwa 2013 |
| ``butterworth`` | causal band-pass of any order | none | Wu 2012 |
| ``iir`` | difference of two one-pole low-passes | none | Wu 2012 |
| ``acceleration`` | second derivative of a Gaussian, unit gain at its frequency | half its length | Zhang 2017 |
| ``jerk`` | third derivative of a Gaussian, unit gain at its frequency | half its length | Takeda 2018 |
| ``bilateral`` | rule: acceleration by frames whose motion is of the size of interest | half its length | Takeda 2022 |
| ``jerk_aware`` | rule: acceleration gated by jerk | half its length | Takeda 2018 |
| ``anisotropic`` | rule: the same, gated by fractional anisotropy | half its length | Takeda 2019 |
| ``chain``, ``parallel`` | filters in turn, and side by side | that of all, of the latest | |
| ``unwrap``, ``difference`` | running sum, and its inverse | none | |
"""

from vmm.temporal.bilateral import bilateral
from vmm.temporal.derivative import acceleration, jerk
from vmm.temporal.fir import fir
from vmm.temporal.gates import anisotropic, jerk_aware
from vmm.temporal.ideal import ideal
from vmm.temporal.recursive import butterworth, iir
from vmm.temporal.tools import chain, difference, parallel, unwrap

__all__ = [
    "acceleration",
    "anisotropic",
    "bilateral",
    "butterworth",
    "chain",
    "difference",
    "fir",
    "ideal",
    "iir",
    "jerk",
    "jerk_aware",
    "parallel",
    "unwrap",
]
