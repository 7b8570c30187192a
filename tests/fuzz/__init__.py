"""Random attacks on the package: ``python -m tests.fuzz arrays|files|weights|options --n N --seed S``.

| module | contents |
| --- | --- |
| ``_verdicts`` | a trial, and the class of its outcome |
| ``_worker`` | trials in processes of their own, with limits on time and memory |
| ``_arrays`` | trials of Python functions with arrays and numbers |
| ``_targets`` | the functions that these call, with valid arguments |
| ``_options`` | trials of the command line with random options |
| ``_files`` | trials of the command line with damaged and hostile files |
| ``_samples`` | the intact files that these damage |
| ``_coverage`` | an attack on the readers in Python that looks for inputs which reach new code |
| ``_weights`` | trials with damaged and hostile networks, published weights and results |
| ``_graphs`` | hostile networks |

The modules of the four kinds have a function ``trial(rng, folder)`` each, which makes a trial from a random generator.
"""
