"""Video motion magnification and vibration measurement.

| name | contents |
| --- | --- |
| ``gradient`` | the recommended method, for small motion in a frequency band or since the first frame |
| ``phase``, ``riesz``, ``linear``, ``color`` | other methods for motion and color changes in a frequency band |
| ``acceleration``, ``jerk``, ``anisotropy``, ``bilateral`` | methods for small motion in the presence of large motion |
| ``lagrangian`` | a method that follows every point by optical flow |
| ``magnet``, ``lightweight``, ``realtime``, ``flowmag`` | methods that magnify by a neural network |
| ``stabilize`` | any method in a region that is tracked, or for a moving camera |
| ``magnify`` | the general form, to which the caller passes the parts |
| ``spatial``, ``motion``, ``temporal`` | the parts of the methods |
| ``parts`` | the kinds of parts, to write a part of one's own |
| ``presets`` | settings for the clips of the papers |
| ``io`` | reading and writing of video files |
| ``measure`` | displacement, spectra, mode shapes, sound and pulse |
| ``plot`` | figures |
| ``data`` | synthetic clips with exactly known motion |
| ``learned`` | the networks of the learned methods |
| ``app`` | the app in a browser or a notebook |
| ``cite`` | BibTeX entries of the papers behind a method |
| ``set_threads`` | the number of worker threads |

Each method is a module with one function: ``vmm.gradient.magnify(frames, band, fs=...)``.
"""

from pathlib import Path

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

LEARNED = ("flowmag", "lightweight", "magnet", "realtime")
"""Names of the methods that magnify by a neural network."""

_OTHER_FILES = ("parts",)

METHODS = tuple(
    name
    for name in __all__
    if name not in (*LEARNED, *_OTHER_FILES) and Path(__file__).with_name(f"{name}.py").exists()
)
"""Names of the classical methods: the public modules of this folder that are files."""
