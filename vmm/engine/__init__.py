"""What joins the parts into a method; it knows no method by name.

| module | what it holds |
| --- | --- |
| ``protocols`` | what a spatial part, a motion and a temporal filter must offer |
| ``frames`` | checks of frames, and how many of them are worked on at a time |
| ``windows`` | a clip cut into pieces that a filter with look-ahead can use |
| ``alpha`` | how much each band is magnified, and where |
| ``bands`` | motion read from bands, filtered and written, looking back or ahead |
| ``loop`` | the loop itself, and the general ``vmm.magnify`` |
"""
