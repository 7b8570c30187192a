"""Tables of the quality of the magnified picture: truth, gain, noise, drift, light, layers, color and direction.

| module | contents |
| --- | --- |
| ``run`` | the command: ``python -m benchmarks picture [SECTION...] [--methods NAME...] [--quick]`` |
| ``cases`` | a case: a clip, the quantities that are measured on it, and their targets |
| ``methods`` | the methods of the columns, by name and with options |
| ``scenes`` | scenes that move exactly, and the motion measured in frames of them |
| ``truth``, ``gain``, ``noise``, ``drift``, ``light``, ``layers``, ``color``, ``direction`` | the sections |
"""
