"""How motion is read from coefficients and written into them.

| motion | coefficients | what is read | paper |
| --- | --- | --- | --- |
| ``intensity`` | any | change of value | Wu 2012 |
| ``local_phase`` | complex | change of phase | Wadhwa 2013 |
| ``quaternion`` | Riesz triples | change of quaternionic phase | Wadhwa 2014 |
| ``local_displacement`` | complex, of one direction | displacement in pixels | Fleet 1990 |
| ``limited`` | those of its motion | the same, written less where it is too large | Wadhwa 2013 |
| ``weighted`` | those of its motion | the same, written less where the amplitude is small | |
| ``each`` | those of several parts | what each part's own motion reads | |
| ``flow`` | brightness of two frames | dense displacement | Lucas 1981 |
| ``smooth`` | those of its motion | the same, blurred in space by amplitude | Wadhwa 2013 |
"""

from vmm.motion.each import each
from vmm.motion.flow import flow
from vmm.motion.intensity import intensity
from vmm.motion.limited import limited
from vmm.motion.local_displacement import local_displacement
from vmm.motion.local_phase import local_phase
from vmm.motion.quaternion import quaternion
from vmm.motion.smooth import smooth
from vmm.motion.weighted import weighted

__all__ = [
    "each",
    "flow",
    "intensity",
    "limited",
    "local_displacement",
    "local_phase",
    "quaternion",
    "smooth",
    "weighted",
]
