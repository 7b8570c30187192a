"""Automatic magnification: it finds the motions of a clip, and chooses how to magnify them.

| name | contents |
| --- | --- |
| ``choose`` | the vibrations and color changes of a clip that are worth magnifying, each with settings and reasons |
| ``magnify`` | the clip with the strongest of them magnified |
| ``Decision``, ``Choice`` | the result of ``choose``, and one entry of it |
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
