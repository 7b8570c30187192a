"""The loop that joins the parts of ``vmm.parts`` into a magnifier; it knows no method.

| module | contents |
| --- | --- |
| ``loop`` | the loop itself, which is the general ``vmm.magnify`` |
| ``bands`` | the algorithm: motion read from subbands, filtered and put back |
| ``fast_paths`` | faster routes for parts of the library, with the same results |
| ``differences`` | motion between successive frames |
| ``alpha`` | the gain of each subband, and the mask |
| ``frames`` | checks of frames, and the number of frames that are processed at a time |
| ``windows`` | a clip cut into windows for filters that look ahead |
| ``motion_store`` | filtered motion that is kept for calls with another alpha |
| ``combinations`` | combinations of parts that several methods share |
| ``trajectories`` | displacements filtered along trajectories, for ``vmm.lagrangian`` |
| ``visibility`` | filter weights for points that are visible for a part of the window |
| ``blocks`` | the frames of a dask array, one block after another |
| ``lazy`` | dask arrays that are magnified in tasks |
| ``regions`` | regions of the frame, as boxes or masks |
| ``two_pass`` | clips that are read twice |
"""
