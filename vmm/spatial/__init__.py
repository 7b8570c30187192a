"""Spatial transforms of frames into subbands, which carry motion, and a residual, which does not.

| part | subbands | paper |
| --- | --- | --- |
| ``Pixels`` | the frames themselves | |
| ``Gaussian`` | one blurred and decimated image | Burt and Adelson 1983 |
| ``GaussianPyramid`` | images blurred and decimated 0, 1, 2 ... times | Burt and Adelson 1983 |
| ``Laplacian`` | one octave each, binomial filter of 5 taps | Burt and Adelson 1983 |
| ``SteerablePyramid`` | complex, one orientation and a part of an octave each | Simoncelli 1992, Wadhwa 2013 |
| ``DualTree`` | complex, one of six directions and an octave each | Kingsbury 2001 |
| ``RieszPyramid`` | Riesz triples of one octave each | Wadhwa 2014 |
| ``luma``, ``planes`` | those of another part, on the luma of color frames or on all three channels | |
| ``color_laplacian`` | those of ``Laplacian`` for luma, and chroma that moves with it | |
| ``with_chroma`` | those of another part, and levels of luma and chroma of which the chroma alone is changed | |
| ``stacked`` | those of several parts | |
| ``padded`` | those of another part, on frames extended by reflection | |

A part is made from the shape of a frame, the floating type and the array module; a function that does so is a plan.
``luma(padded(SteerablePyramid))`` makes a plan from another plan.
"""

from vmm.spatial._chroma import color_laplacian, with_chroma
from vmm.spatial._padded import padded
from vmm.spatial._planes import luma, planes
from vmm.spatial._stacked import stacked
from vmm.spatial.dualtree import DualTree
from vmm.spatial.gaussian import Gaussian, GaussianPyramid
from vmm.spatial.laplacian import Laplacian
from vmm.spatial.pixels import Pixels
from vmm.spatial.riesz import RieszPyramid
from vmm.spatial.steerable import SteerablePyramid

__all__ = [
    "DualTree",
    "Gaussian",
    "GaussianPyramid",
    "Laplacian",
    "Pixels",
    "RieszPyramid",
    "SteerablePyramid",
    "color_laplacian",
    "luma",
    "padded",
    "planes",
    "stacked",
    "with_chroma",
]


def __dir__() -> list[str]:
    return __all__
