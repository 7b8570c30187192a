"""Tests on a real GPU: memory is freed, the stream of the caller is used, and no frames are copied to the host."""

import gc

import numpy as np
import pytest
from cases import BY_FREQUENCY, METHODS
from devices import device_of

pytestmark = pytest.mark.gpu

COPIED = 2**16  # Bytes that a call may copy to the host: single numbers, but no frames.
FEW = {"anisotropy": {"window": 9}}


@pytest.fixture(scope="module")
def gpu():
    with device_of("cupy") as device:
        yield device


@pytest.fixture(scope="module")
def frames(gpu):
    rng = np.random.default_rng(0)
    scene = rng.integers(0, 255, (1, 96, 128, 3))
    return gpu.put((scene + rng.integers(0, 3, (24, 96, 128, 3))).clip(0, 255).astype(np.uint8))


def magnified(name, frames):
    band = 4 if name in BY_FREQUENCY else (3, 6)
    return METHODS[name](frames, band, fs=30, alpha=5, **FEW.get(name, {}))


@pytest.mark.parametrize("name", METHODS)
def test_memory_is_freed(name, gpu, frames):
    """After the third call no more memory of the device is in use than after the second."""
    pool = gpu.xp.get_default_memory_pool()
    used = []
    for _ in range(3):
        magnified(name, frames)
        gc.collect()
        used.append(pool.used_bytes())
    assert used[2] <= used[1]


@pytest.mark.parametrize("name", METHODS)
def test_stream_of_the_caller(name, gpu, frames):
    expected = gpu.back(magnified(name, frames))
    stream = gpu.xp.cuda.Stream(non_blocking=True)
    with stream:
        out = magnified(name, frames)
        stream.synchronize()
    np.testing.assert_array_equal(gpu.back(out), expected)


@pytest.mark.parametrize("name", METHODS)
def test_no_frames_are_copied_to_the_host(name, frames):
    """The profiler of PyTorch records all copies of the process, also those of CuPy."""
    torch = pytest.importorskip("torch", reason="PyTorch, whose profiler is used, is not installed")
    from torch.profiler import ProfilerActivity, profile

    magnified(name, frames)
    with profile(activities=[ProfilerActivity.CUDA]) as record:
        magnified(name, frames)
        torch.cuda.synchronize()
    copies = [event for event in record.profiler.kineto_results.events() if "DtoH" in event.name()]
    total = sum(event.nbytes() for event in copies)
    print(f"{name}: {len(copies)} copies, {total} bytes")
    assert total < COPIED < frames.nbytes
