"""The comparative study: all methods under the test protocols of the papers, in one report.

``python -m benchmarks study --out study/ [--quick] [--only NAME ...]`` runs the jobs without a stored result and writes
the report.

| module | contents |
| --- | --- |
| ``run`` | the command: runs the jobs and stores each result immediately |
| ``experiments`` | list of the experiments |
| ``subpixel``, ``noise`` | two frames with decreasing motion or increasing noise; ``pairs`` holds their common parts |
| ``circles`` | three circles magnified to 10 px, at the nominal alpha and at a tuned one |
| ``cost`` | parameters, operations, time and memory; ``operations`` and ``probe`` measure them |
| ``accuracy`` | displacement in the magnified clip compared with a sensor |
| ``selectivity`` | gain inside and outside of the band, and temporal filters |
| ``large_motion`` | small motion combined with drift, shake or a step; flicker and noise in static scenes |
| ``gain`` | measured over nominal gain by alpha and wavelength, with the bounds of the papers |
| ``artifacts`` | ringing, ghosts, blur, and changes of static parts |
| ``peers`` | other packages |
| ``contact_sheet`` | all methods on real clips |
| ``conclusions`` | the best methods for each task, computed from the tables |
| ``page``, ``figures`` | the report, its plots and images |
| ``entrants``, ``published`` | all methods and networks that are compared |
| ``metrics`` | estimators of motion in synthetic clips |
| ``types``, ``settings`` | data types; extent of the study |
| ``jobs``, ``store``, ``tables`` | execution of jobs; storage of results; cells of tables |
"""
