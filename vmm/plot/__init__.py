"""Pictures that show motion; the only place that knows matplotlib.

| function | what it shows |
| --- | --- |
| ``slices`` | one line of a clip over time (x-t slice), before and after, side by side |
| ``contact_sheet`` | some frames of a clip on one sheet |
| ``gallery`` | several clips on one sheet: a frame and the slices of each |
| ``side_by_side`` | two clips beside one another, as frames |
"""

from vmm.plot.compare import side_by_side
from vmm.plot.slices import contact_sheet, gallery, slices

__all__ = ["contact_sheet", "gallery", "side_by_side", "slices"]
