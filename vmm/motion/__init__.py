"""Motions: functions that read motion from coefficients and put motion into them, and functions that modify these.

| motion | coefficients | quantity | paper |
| --- | --- | --- | --- |
| ``intensity`` | real | change of value | Wu 2012 |
| ``local_phase`` | complex | phase shift in radians | Wadhwa 2013 |
| ``quaternion`` | Riesz triples | quaternionic phase shift in radians | Wadhwa 2014 |
| ``local_displacement`` | complex, of one direction | displacement in pixels | Fleet 1990 |
| ``level_displacement`` | real, of a Laplacian pyramid | displacement in px of the level | Lucas 1981 |
| ``limited`` | those of its motion | the same, with a soft limit | Wadhwa 2013 |
| ``weighted`` | those of its motion | the same, reduced where the amplitude is small | |
| ``smooth`` | those of its motion | the same, blurred in space with the amplitude as weight | Wadhwa 2013 |
| ``per_part`` | those of stacked parts | a motion for each part | |
| ``flow`` | luma of two frames | dense optical flow in pixels | Lucas 1981 |
"""

from vmm.motion._flow import flow
from vmm.motion._intensity import intensity
from vmm.motion._level_displacement import level_displacement
from vmm.motion._limited import limited
from vmm.motion._local_displacement import local_displacement
from vmm.motion._local_phase import local_phase
from vmm.motion._per_part import per_part
from vmm.motion._quaternion import quaternion
from vmm.motion._smooth import smooth
from vmm.motion._weighted import weighted

__all__ = [
    "flow",
    "intensity",
    "level_displacement",
    "limited",
    "local_displacement",
    "local_phase",
    "per_part",
    "quaternion",
    "smooth",
    "weighted",
]


def __dir__() -> list[str]:
    return __all__
