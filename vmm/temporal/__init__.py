"""Temporal filters: a design function takes a band or a frequency, and ``fs``, and returns a filter.

The kinds of filter are described in ``vmm.parts``.

| design | filter | kind | paper |
| --- | --- | --- | --- |
| ``ideal`` | Fourier band-pass over a whole clip | whole-clip | Wu 2012 |
| ``fir`` | linear-phase band-pass, Hamming window | look-ahead | Wadhwa 2013 |
| ``causal`` | Butterworth band-pass of order 3, in phase in the middle of the band | causal | |
| ``butterworth`` | band-pass of any order | causal | Wu 2012 |
| ``iir`` | difference of two one-pole low-passes | causal | Wu 2012 |
| ``acceleration`` | second derivative of a Gaussian, unit gain at its frequency | look-ahead | Zhang 2017 |
| ``jerk`` | third derivative of a Gaussian, unit gain at its frequency | look-ahead | Takeda 2018 |
| ``bilateral`` | acceleration from frames with motion of the size of interest | non-linear | Takeda 2022 |
| ``jerk_aware`` | acceleration gated by jerk | non-linear | Takeda 2018 |
| ``anisotropic`` | the same, gated by fractional anisotropy | non-linear | Takeda 2019 |
| ``chain``, ``parallel`` | filters one after another, and the sum of filters | that of its filters | |
| ``unwrap``, ``difference`` | running sum, and its inverse | causal | |
"""

from vmm.temporal._bilateral import bilateral
from vmm.temporal._fir import fir
from vmm.temporal._ideal import ideal
from vmm.temporal.combine import chain, difference, parallel, unwrap
from vmm.temporal.derivative import acceleration, jerk
from vmm.temporal.gates import anisotropic, jerk_aware
from vmm.temporal.recursive import butterworth, causal, iir

__all__ = [
    "acceleration",
    "anisotropic",
    "bilateral",
    "butterworth",
    "causal",
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


def __dir__() -> list[str]:
    return __all__
