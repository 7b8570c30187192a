"""One core for PyTorch: networks here are too small for more."""

try:
    import torch
except ImportError:
    pass
else:
    torch.set_num_threads(1)
