"""CUDA kernels of the denoising of displacement give the results of the reference kernels."""

import numpy as np
import pytest
from devices import device_of

from vmm.backend.denoising import probed_residual, shrink_displacement, structure_terms, update_means, weighing
from vmm.backend.dispatch import compiled, reference_kernels
from vmm.backend.levels import spline_coefs
from vmm.backend.reference import resample
from vmm.motion._shrinkage import probe_rows

SIZES = [(40, 56), (41, 57), (16, 7), (3, 4), (1, 1)]
KINDS = ["stand-in", pytest.param("cupy", marks=pytest.mark.gpu)]
WEIGHTS = np.array([0, 1, 0.5, 0.3, 0.2])


@pytest.fixture(params=KINDS)
def device(request):
    with device_of(request.param) as one:
        yield one


@pytest.fixture(params=SIZES, ids=str)
def size(request):
    return request.param


@pytest.fixture
def maps(size, rng):
    """A function that makes maps of normally distributed samples on every second pixel."""
    half = [(n + 1) // 2 for n in size]
    return lambda *shape: rng.normal(0, 1, (*shape, *half)).astype(np.float32)


def check(function, device, *arrays):
    """Compare the results of a function of arrays on the device with those of the reference kernels.

    The function returns a list of its results.
    """
    with reference_kernels():
        expected = function(*(x.copy() for x in arrays))
    for a, b in zip(expected, function(*map(device.put, arrays)), strict=True):
        np.testing.assert_allclose(device.back(b), a, rtol=1e-5, atol=1e-5 * max(1.0, np.abs(a).max()))


def test_means_equal_reference(maps, device):
    def means(result, reading, signal, prior):
        update_means(result, reading, signal, prior, WEIGHTS)
        return [result]

    check(means, device, maps(9), maps(5, 6), maps(5, 2), maps(5, 2))


@pytest.mark.parametrize("planes", [2, 6])
def test_shrinkage_equals_reference(planes, maps, device):
    def shrunk(means, motion, signal, prior, estimate):
        shrink_displacement(means, motion, signal, prior, estimate, WEIGHTS[:, None] * (1, 0.5), (0.7, 1.5))
        return [means, signal, prior]

    check(shrunk, device, 0 * maps(9), maps(5, planes), maps(5, 2), maps(5, 2), abs(maps(5)))


def test_weighing_equals_reference(maps, device):
    slopes, variance = maps(5, 2), 0.01 + abs(maps(2))
    evidence = np.stack([*(np.einsum("tahw,tbhw->abhw", slopes, slopes)[[0, 0, 1], [0, 1, 1]]), variance[1]])
    evidence[:, :1, :1] = 0
    check(lambda *arrays: [structure_terms(*arrays)], device, evidence, variance[0])
    check(lambda *arrays: [weighing(*arrays)], device, evidence[:3], variance[0], variance[1])


def test_residual_equals_reference(size, maps, device, rng):
    images, rows = rng.normal(0, 10, (6, *size)).astype(np.float32), probe_rows(size[0])
    check(lambda x, y, d: [probed_residual(x, y, d, rows)], device, images[1:], images[:-1], maps(5, 6))


@pytest.mark.parametrize("ratio", [2, 3, 0.5])
def test_interpolation_equals_reference(size, ratio, maps, device):
    rows, cols = ((np.arange(n) + 0.5) / ratio - 0.5 for n in size)
    check(lambda x: [resample(x, rows, cols)], device, maps(5, 2))


def test_spline_coefs_equal_reference(maps, device):
    check(lambda x: [spline_coefs(x)], device, maps(3, 2))


@pytest.mark.parametrize(
    "kernel", [probed_residual, resample, shrink_displacement, spline_coefs, structure_terms, update_means, weighing]
)
def test_arrays_on_the_device_use_the_kernels(kernel, device):
    assert compiled(kernel.__name__, device.put(np.zeros((2, 3, 4), np.float32)))
