"""Motion measured.

| function | what it measures |
| --- | --- |
| ``displacement`` | displacement of regions against the first frame |
| ``suggest``, ``Suggestion`` | the strongest lines of motion and colour in a clip, and the band for each |
"""

from vmm.measure.displacement import displacement
from vmm.measure.suggest import Suggestion, suggest

__all__ = ["Suggestion", "displacement", "suggest"]
