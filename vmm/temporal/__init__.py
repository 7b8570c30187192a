"""Temporal filters: a design function takes a band or a frequency and ``fs`` and returns a ``Filter``.

| design | what it is | delay | paper |
| --- | --- | --- | --- |
| ``ideal`` | Fourier band-pass over a whole clip | none, needs the whole clip | Wu 2012 |
| ``fir`` | linear-phase band-pass, Hamming window | half its length | Wadhwa 2013 |
| ``butterworth`` | causal band-pass of any order | none | Wu 2012 |
| ``iir`` | difference of two one-pole low-passes | none | Wu 2012 |
| ``acceleration`` | second derivative of a Gaussian, unit gain at its frequency | half its length | Zhang 2017 |
| ``jerk`` | third derivative of a Gaussian, unit gain at its frequency | half its length | Takeda 2018 |
| ``chain``, ``unwrap``, ``difference`` | filters in turn, running sum, and its inverse | | |
"""

from vmm.temporal.derivative import acceleration, jerk
from vmm.temporal.fir import fir
from vmm.temporal.ideal import ideal
from vmm.temporal.recursive import butterworth, iir
from vmm.temporal.tools import chain, difference, unwrap

__all__ = ["acceleration", "butterworth", "chain", "difference", "fir", "ideal", "iir", "jerk", "unwrap"]
