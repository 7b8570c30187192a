"""Pictures that show motion; the only place that knows matplotlib.

| function | what it shows |
| --- | --- |
| ``slices`` | one line of a clip over time (x-t slice), before and after, side by side |
| ``contact_sheet`` | some frames of a clip on one sheet |
| ``gallery`` | several clips on one sheet: a frame and the slices of each |
| ``beside`` | several results for one clip: a frame and a slice of each |
| ``kernels`` | what the encoder of a network answers to, and its maps of a frame |
| ``curves`` | how a network learned |
| ``side_by_side`` | two clips beside one another, as frames |
| ``regions`` | where regions are |
| ``waveform`` | displacement and other signals over time, with the band of their uncertainty |
| ``comparison`` | a measured signal beside that of a sensor |
| ``spectrum`` | a spectrum with its lines labelled |
| ``orbit`` | the ellipse that a point runs through at one frequency |
| ``overlay``, ``arrows`` | deflection shapes on the picture, as colours or as arrows |
| ``animated`` | the picture bent by a deflection shape, as frames |
| ``page`` | all of these, and tables, on a page of HTML in one file |
"""

from vmm.plot.animated import animated
from vmm.plot.beside import beside
from vmm.plot.compare import side_by_side
from vmm.plot.networks import curves, kernels
from vmm.plot.orbits import orbit
from vmm.plot.page import page
from vmm.plot.regions import regions
from vmm.plot.shapes import arrows, overlay
from vmm.plot.signals import comparison, waveform
from vmm.plot.slices import contact_sheet, gallery, slices
from vmm.plot.spectrum import spectrum

__all__ = [
    "animated",
    "arrows",
    "beside",
    "comparison",
    "contact_sheet",
    "curves",
    "gallery",
    "kernels",
    "orbit",
    "overlay",
    "page",
    "regions",
    "side_by_side",
    "slices",
    "spectrum",
    "waveform",
]
