"""The comparative study: every method under the protocols of the papers, on one page.

| module | what it holds |
| --- | --- |
| ``parts`` | what experiments are made of: settings, jobs, tables, curves, pictures |
| ``settings`` | how much is done |
| ``entrants`` | all that takes part |
"""
