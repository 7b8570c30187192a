"""How motion is read from coefficients and written into them.

| motion | coefficients | what is read | paper |
| --- | --- | --- | --- |
| ``intensity`` | any | change of value | Wu 2012 |
| ``local_phase`` | complex | change of phase | Wadhwa 2013 |
| ``quaternion`` | Riesz triples | change of quaternionic phase | Wadhwa 2014 |
| ``smooth`` | those of its motion | the same, blurred in space by amplitude | Wadhwa 2013 |
"""

from vmm.motion.intensity import intensity
from vmm.motion.local_phase import local_phase
from vmm.motion.quaternion import quaternion
from vmm.motion.smooth import smooth

__all__ = ["intensity", "local_phase", "quaternion", "smooth"]
