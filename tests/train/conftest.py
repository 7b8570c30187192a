"""PyTorch uses one thread in the tests, since their networks are too small for more."""

try:
    import torch
except ImportError:
    pass
else:
    torch.set_num_threads(1)
