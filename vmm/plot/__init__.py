"""Pictures that show motion; the only place that knows matplotlib.

| function | what it shows |
| --- | --- |
| ``slices`` | one line of a clip over time (x-t slice), before and after, side by side |
| ``contact_sheet`` | some frames of a clip on one sheet |
| ``side_by_side`` | two clips beside one another, as frames |
"""

from vmm.plot.compare import side_by_side
from vmm.plot.slices import contact_sheet, slices

__all__ = ["contact_sheet", "side_by_side", "slices"]
