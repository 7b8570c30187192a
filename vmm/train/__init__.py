"""Training of the learned magnifiers: the only place that knows PyTorch (``pip install "vmm[train]"``).

| part | what it holds |
| --- | --- |
| ``networks`` | the networks, one a file |

Nothing is imported here, so that the package is there without PyTorch.
"""
