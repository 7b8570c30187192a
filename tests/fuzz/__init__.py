"""Random attacks on the package: ``python -m tests.fuzz arrays|files|weights|options --n N --seed S``.

| module | contents |
| --- | --- |
| ``_verdicts`` | a trial, and the class of its outcome |
| ``_worker`` | trials in processes of their own, with limits on time and memory |
| ``_arrays`` | trials of Python functions with arrays and numbers |
| ``_options`` | trials of the command line with random options |
| ``_files`` | trials of the command line with damaged and hostile files |
| ``_weights`` | trials with damaged and hostile networks |

Each of the last four has a function ``trial(rng, folder)``, which makes a trial from a random generator.
"""
