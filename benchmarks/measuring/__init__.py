"""Tables of the accuracy of measurement, for the library and for the Lucas-Kanade method of pyidi.

| module | contents |
| --- | --- |
| ``run`` | the command: ``python -m benchmarks measure [--tables NAME...] [--quick] [--write]`` |
| ``tables`` | a table, its rows, and how they are written |
| ``scenes`` | scenes that move exactly, also with the aliasing of a camera |
| ``camera`` | a camera with its noise and faults, and displacements |
| ``scores`` | estimators of displacement, and the comparison of their results with the truth |
| ``clips`` | clips of scenes that move as a whole, and their scores in regions of several sizes |
| ``textures``, ``factors`` | kinds of texture, and one factor at a time |
| ``edges``, ``fields`` | regions and pixels near edges and at the border of the frame |
| ``direction`` | edges and stripes of one direction |
| ``beams`` | modes of a cantilever, and camera shake |
| ``chance`` | false alarms in noise |
| ``pulses``, ``lines``, ``suggestions``, ``sounds`` | rates, peaks, suggestions and sound that are there |
| ``exports`` | comparison of two recordings, units and files |
"""
