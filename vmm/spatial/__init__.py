"""Representations of frames: bands that carry motion, and a residual that does not move.

| part | bands | paper |
| --- | --- | --- |
| ``Pixels`` | the frames themselves | |
| ``Gaussian`` | one blurred and decimated image | Burt and Adelson 1983 |
| ``GaussianPyramid`` | images blurred and decimated ever more | Burt and Adelson 1983 |
| ``Laplacian`` | one octave each, binomial filter of 5 taps | Burt and Adelson 1983 |
| ``SteerablePyramid`` | complex, one orientation and part of an octave each | Simoncelli 1992, Wadhwa 2013 |
| ``DualTree`` | complex, six directions and an octave each | Kingsbury 2001 |
| ``RieszPyramid`` | one octave each with its two Riesz parts | Wadhwa 2014 |
| ``luma``, ``planes`` | those of the part inside, on brightness or on brightness and both colour differences | |
| ``beside`` | those of several parts | |
| ``padded`` | those of the part inside, on frames continued by reflection | |

A part is made from the shape of a frame, the floating type and the array module; ``luma(padded(SteerablePyramid))``
makes such a maker from another.
"""

from vmm.spatial.beside import beside
from vmm.spatial.dualtree import DualTree
from vmm.spatial.gaussian import Gaussian, GaussianPyramid
from vmm.spatial.laplacian import Laplacian
from vmm.spatial.padded import padded
from vmm.spatial.pixels import Pixels
from vmm.spatial.planes import luma, planes
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
    "beside",
    "luma",
    "padded",
    "planes",
]
