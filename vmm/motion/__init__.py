"""How motion is read from coefficients and put into them.

| motion | coefficients | quantity | paper |
| --- | --- | --- | --- |
| ``intensity`` | real | change of value | Wu 2012 |
| ``local_phase`` | complex | phase shift in radians | Wadhwa 2013 |
| ``quaternion`` | Riesz triples | quaternionic phase shift in radians | Wadhwa 2014 |
| ``local_displacement`` | complex, of one direction | displacement in pixels | Fleet 1990 |
| ``limited`` | those of its motion | the same, faded out where it is too large | Wadhwa 2013 |
| ``weighted`` | those of its motion | the same, reduced where the amplitude is small | |
| ``smooth`` | those of its motion | the same, blurred in space with the amplitude as weight | Wadhwa 2013 |
| ``per_part`` | those of stacked parts | a motion for each part | |
| ``flow`` | luma of two frames | dense optical flow in pixels | Lucas 1981 |
"""

from vmm.motion.flow import flow
from vmm.motion.intensity import intensity
from vmm.motion.limited import limited
from vmm.motion.local_displacement import local_displacement
from vmm.motion.local_phase import local_phase
from vmm.motion.per_part import per_part
from vmm.motion.quaternion import quaternion
from vmm.motion.smooth import smooth
from vmm.motion.weighted import weighted

__all__ = [
    "flow",
    "intensity",
    "limited",
    "local_displacement",
    "local_phase",
    "per_part",
    "quaternion",
    "smooth",
    "weighted",
]
