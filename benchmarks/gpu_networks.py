"""Speed of each network on the GPU with PyTorch: a reference frame and a frame of 720p are encoded, and one is decoded.

ONNX Runtime needs a separate package for CUDA. If it is not installed, ``python -m benchmarks gpu`` cannot measure the
networks, and ``python -m benchmarks.gpu_networks`` measures how fast the same networks are with PyTorch.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

SIZE = (720, 1280)
"""Rows and columns of the frames."""

REPEATS = 20
"""Number of frames that are timed, after three that are not."""


def main() -> None:
    """Print the table, or the reason why nothing can be measured."""
    try:
        import torch
    except ImportError as error:
        print(f"No figure was measured: {error}")
        return
    if not torch.cuda.is_available():
        print("No figure was measured: PyTorch finds no CUDA device")
        return
    from vmm.learned import weights
    from vmm.train.architectures import ARCHITECTURES, architecture
    from vmm.train.restore import weights as restore

    folder = weights.__file__.removesuffix(".py")
    print(f"{'network':22}{'precision':>12}{'frames/s':>10}{'MB':>8}")
    for name in ARCHITECTURES:
        net = architecture(name).eval().requires_grad_(False)
        with suppress(OSError):  # No weights are installed for the base size; the speed does not depend on them.
            restore(net, f"{folder}/{name}.onnx")
        for half in (False, True):
            rate, memory = _rate(net.cuda().to(memory_format=torch.channels_last), half)
            print(f"{name:22}{'bfloat16' if half else 'float32':>12}{rate:10.1f}{memory:8.0f}", flush=True)


def _rate(net: Any, half: bool) -> tuple[float, float]:
    """Frames per second, and the peak of the GPU memory in megabytes."""
    import torch

    pair = [torch.rand(1, 3, *SIZE, device="cuda").to(memory_format=torch.channels_last) * 2 - 1 for _ in range(2)]
    factor = torch.full((1, 1, 1, 1), 11.0, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    with torch.no_grad(), torch.autocast("cuda", torch.bfloat16, enabled=half):
        for count in (3, REPEATS):
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(count):
                net(*pair, factor)
            torch.cuda.synchronize()
            seconds = time.perf_counter() - start
    return REPEATS / seconds, torch.cuda.max_memory_allocated() / 1e6


if __name__ == "__main__":
    main()
