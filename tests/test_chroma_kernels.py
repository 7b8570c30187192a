"""Compiled kernels of chroma give the results of the reference kernels, on the CPU and on the device."""

import numpy as np
import pytest
from devices import device_of

from vmm.backend.chroma import add_luma_and_chroma, halved_planes, mixed_planes
from vmm.backend.dispatch import reference_kernels
from vmm.spatial._chroma import CHROMA_TO_RGB
from vmm.spatial._planes import YIQ

SIZES = [(40, 56), (41, 57), (10, 13)]
TYPES = ["uint8", "uint16", "float32"]


KINDS = ["CPU", "stand-in", pytest.param("cupy", marks=pytest.mark.gpu)]


@pytest.fixture(params=KINDS)
def computed(request):
    """A function that calls a kernel with arrays on the CPU or the device and returns the result on the CPU."""
    if request.param == "CPU":
        yield lambda kernel, *arguments: kernel(*arguments)
        return
    with device_of(request.param) as device:

        def on_device(kernel, *arguments):
            there = [device.put(x) if isinstance(x, np.ndarray) and x.ndim > 2 else x for x in arguments]
            return device.back(kernel(*there))

        yield on_device


@pytest.fixture
def frames(request, rng):
    size, kind = request.param
    return (255 * rng.random((2, *size, 3))).astype(kind)


EVERY = pytest.mark.parametrize("frames", [(size, kind) for size in SIZES for kind in TYPES], indirect=True)


@EVERY
@pytest.mark.parametrize("split", [halved_planes, mixed_planes])
def test_compiled_split_equals_reference(split, frames, computed):
    with reference_kernels():
        expected = split(frames, YIQ, np.float32)
    np.testing.assert_allclose(computed(split, frames, YIQ, np.float32), expected, rtol=0, atol=1e-3)


@EVERY
@pytest.mark.parametrize("is_half", [True, False])
def test_compiled_addition_equals_reference(is_half, frames, computed, rng):
    n, *size = frames.shape[:3]
    luma = rng.normal(0, 20, (n, *size)).astype(np.float32)
    chroma = rng.normal(0, 20, (n, 2, *((m + 1) // 2 if is_half else m for m in size))).astype(np.float32)
    with reference_kernels():
        expected = add_luma_and_chroma(frames, luma, chroma, CHROMA_TO_RGB)
    out = computed(add_luma_and_chroma, frames, luma, chroma, CHROMA_TO_RGB)
    assert out.dtype == frames.dtype
    rounding = 1 if frames.dtype.kind == "u" else 1e-3  # a value near one half is rounded either way
    np.testing.assert_allclose(out.astype(float), expected, rtol=0, atol=rounding)


def test_chroma_of_gray_is_zero(rng):
    gray = np.repeat(rng.integers(0, 256, (1, 9, 11, 1)), 3, axis=3).astype(np.float64)
    assert np.abs(halved_planes(gray, YIQ[1:], np.float64)).max() < 1e-12


def test_chroma_leaves_luma_unchanged(rng):
    np.testing.assert_allclose(YIQ[0] @ CHROMA_TO_RGB, 0, atol=1e-12)
