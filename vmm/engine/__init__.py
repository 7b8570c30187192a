"""What joins the parts into a method; it knows no method by name.

| module | what it holds |
| --- | --- |
| ``protocols`` | what a spatial part, a motion and a temporal filter must offer |
| ``frames`` | checks of frames, floating point in and the caller's type out, pieces of a clip |
| ``windows`` | a clip cut into pieces that a filter with look-ahead can use |
| ``alpha`` | how much each band is magnified, and where |
| ``bands`` | motion read from bands, filtered and written, looking back or ahead |
| ``loop`` | the loop itself, and the general ``vmm.magnify`` |
"""
