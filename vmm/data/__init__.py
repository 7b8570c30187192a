"""Clips whose motion is known exactly.

| module | contents |
| --- | --- |
| ``synthetic`` | scenes that can be rendered at any displacement, displacements over time, and clips of them |
| ``magnified`` | pairs of a clip and the result of a perfect magnifier, for the comparison of methods |
| ``shifts`` | photographs shifted by a fraction of a pixel, and the similarity of magnified frames to the truth |
| ``layers`` | photographs in two layers, of which the front one moves and occludes the other |
| ``stripes`` | a scene of vertical stripes, each of which has its own displacement |
| ``rods`` | a driven rod with a distance sensor, and a plate hit by a hammer with an accelerometer |
| ``voices`` | displacements with the spectrum of speech, and clips of a camera with a rolling shutter |
| ``demo`` | the scene of ``vmm demo``: a rocket and its towers that sway by a tenth of a pixel |
"""

from vmm.data import demo, layers, magnified, rods, shifts, stripes, synthetic, voices

__all__ = ["demo", "layers", "magnified", "rods", "shifts", "stripes", "synthetic", "voices"]


def __dir__() -> list[str]:
    return __all__
