"""Magnification in the presence of large motion, of an object that moves through the frame or of the camera.

| function | result |
| --- | --- |
| ``magnify`` | the clip with the small motion of a tracked region magnified (Elgharib et al. 2015) |
| ``track`` | transforms from the first frame to each frame |
| ``steady`` | the clip with the tracked region at rest |
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
