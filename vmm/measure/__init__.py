"""Motion measured.

| function | what it measures |
| --- | --- |
| ``displacement`` | displacement of regions against the first frame |
"""

from vmm.measure.displacement import displacement

__all__ = ["displacement"]
