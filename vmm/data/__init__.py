"""Clips with exactly known motion.

| module | what it holds |
| --- | --- |
| ``synthetic`` | scenes that can be rendered at any displacement, and clips of them |
| ``beams`` | of these scenes, a beam and its modes |
| ``circles`` | of these scenes, three circles before backgrounds of many kinds |
| ``displacements`` | of these, how a scene moves over time |
| ``magnified`` | clips with their truth: circles and other scenes, and what a perfect magnifier makes of them |
| ``shifts`` | photographs shifted by a part of a pixel, and how like the truth magnified frames are |
| ``stripes`` | of these scenes, stripes side by side that move each by its own displacement |
| ``rods`` | clips of a driven rod and of a plate that is hit, with what a sensor beside them reads |
| ``voices`` | of these, speech; and clips of a rolling shutter |
| ``presets`` | settings of the clips of the papers |
| ``demo`` | the scene of ``vmm demo``: a rocket and its towers that sway by a tenth of a pixel |
"""

from vmm.data import demo, synthetic

__all__ = ["demo", "synthetic"]
