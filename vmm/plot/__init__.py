"""Figures and clips that show motion. This is the only package that uses matplotlib.

| function | result |
| --- | --- |
| ``slices`` | x-t slice of a clip (one row or column over time), before and after magnification |
| ``contact_sheet`` | evenly spaced frames of a clip in one figure |
| ``gallery`` | several clips in one figure: a frame and two x-t slices of each |
| ``grid`` | several results for one clip: a frame and an x-t slice of each |
| ``kernels`` | effective kernels of the encoder of a network, and its feature maps of a frame |
| ``curves`` | learning curves of a network |
| ``side_by_side`` | a clip that shows two clips next to one another |
| ``regions`` | outlines and numbers of regions on a frame |
| ``waveform`` | displacement and other signals over time, each with its uncertainty band |
| ``changes`` | spectra of two recordings, with the lines that changed |
| ``comparison`` | a measured signal and the signal of a sensor over time |
| ``spectrum`` | a spectrum with labeled peaks |
| ``orbit`` | the ellipse along which a point moves at one frequency |
| ``overlay``, ``arrows`` | deflection shapes on a frame, as colors or as arrows |
| ``animated`` | a clip of a frame that is deformed by a deflection shape |
| ``video``, ``Video`` | a player of frames for notebooks |
| ``page`` | an HTML page of text, figures and tables in one file |
"""

from vmm.plot._animated import animated
from vmm.plot._changes import changes
from vmm.plot._grid import grid
from vmm.plot._networks import curves, kernels
from vmm.plot._orbit import orbit
from vmm.plot._page import page
from vmm.plot._regions import regions
from vmm.plot._shapes import arrows, overlay
from vmm.plot._side_by_side import side_by_side
from vmm.plot._signals import comparison, waveform
from vmm.plot._slices import contact_sheet, gallery, slices
from vmm.plot._spectrum import spectrum
from vmm.plot._video import Video, video

__all__ = [
    "Video",
    "animated",
    "arrows",
    "changes",
    "comparison",
    "contact_sheet",
    "curves",
    "gallery",
    "grid",
    "kernels",
    "orbit",
    "overlay",
    "page",
    "regions",
    "side_by_side",
    "slices",
    "spectrum",
    "video",
    "waveform",
]


def __dir__() -> list[str]:
    return __all__
