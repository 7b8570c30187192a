"""CUDA kernels of the displacement of levels give the results of the reference kernels."""

import numpy as np
import pytest
from devices import device_of
from scipy.ndimage import gaussian_filter

from vmm.backend.dispatch import compiled, reference_kernels
from vmm.backend.levels import displaced_level, gradient_displacement, gradient_evidence

SIZES = [(40, 56), (41, 57), (16, 7), (3, 4), (2, 2), (1, 9), (1, 1)]
KINDS = ["stand-in", pytest.param("cupy", marks=pytest.mark.gpu)]


@pytest.fixture(params=KINDS)
def device(request):
    with device_of(request.param) as one:
        yield one


@pytest.fixture(params=SIZES, ids=str)
def images(request, rng):
    """Three frames of smooth noise with a standard deviation of about 10 gray levels."""
    return gaussian_filter(rng.normal(0, 40, (3, *request.param)), (0, 1, 1)).astype(np.float32)


@pytest.fixture
def displacement(images, rng):
    half = ((n + 1) // 2 for n in images.shape[1:])
    return rng.normal(0, 0.4, (3, 2, *half)).astype(np.float32)


@pytest.mark.parametrize("sigma", [2.0, 3.0, 7.0])
@pytest.mark.parametrize("kernel", [gradient_displacement, gradient_evidence])
def test_least_squares_equals_reference(kernel, sigma, images, device):
    earlier = 0.7 * images + 0.3 * images[::-1]
    with reference_kernels():
        expected = kernel(images, earlier, sigma)
    result = device.back(kernel(device.put(images), device.put(earlier), sigma))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result[:, :2], expected[:, :2], rtol=0, atol=1e-5)
    power = np.square(images).max()  # the evidence is in squared gray levels
    np.testing.assert_allclose(result[:, 2:], expected[:, 2:], rtol=0, atol=1e-6 * power)


@pytest.mark.parametrize("kernel", [gradient_displacement, gradient_evidence])
def test_least_squares_of_planes_equals_reference(kernel, images, device):
    planes = np.stack([images, 0.5 * images[::-1], images - 3], axis=1)
    earlier = 0.7 * planes + 0.3 * planes[::-1]
    with reference_kernels():
        expected = kernel(planes, earlier, 3.0)
    result = device.back(kernel(device.put(planes), device.put(earlier), 3.0))
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5 * np.square(images).max())


def test_least_squares_against_one_earlier_image(images, device):
    with reference_kernels():
        expected = gradient_displacement(images, images[:1], 3.0)
    result = device.back(gradient_displacement(device.put(images), device.put(images[:1]), 3.0))
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-4)
    assert not result[0].any()


@pytest.mark.parametrize("limit", [5.0, 200.0, np.inf])
@pytest.mark.parametrize("alpha", [0.0, 5.0, -1.0, 100.0, "map"])
def test_interpolation_equals_reference(images, displacement, alpha, limit, device, rng):
    """With alpha = 100 the displacement exceeds the size of the image several times."""
    by = rng.uniform(0, 8, images.shape[1:]).astype(np.float32) if alpha == "map" else alpha
    with reference_kernels():
        expected = displaced_level(images, displacement, by, limit)
    there = device.put(images), device.put(displacement), device.put(by) if alpha == "map" else by
    result = device.back(displaced_level(*there, limit))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=0, atol=5e-3 if alpha == 100.0 else 1e-3)


def test_planes_share_a_displacement(images, displacement, device):
    planes = np.stack([images, 2 * images[::-1], images - 3], axis=1)
    with reference_kernels():
        expected = [displaced_level(planes[:, p].copy(), displacement, 3.0, 5.0) for p in range(3)]
    result = device.back(displaced_level(device.put(planes), device.put(displacement), 3.0, 5.0))
    np.testing.assert_allclose(result, np.stack(expected, axis=1), rtol=0, atol=2e-3)


def test_displacement_0_leaves_images_unchanged(images, displacement, device):
    there = device.put(images), device.put(0 * displacement)
    np.testing.assert_array_equal(device.back(displaced_level(*there, 10.0, 5.0)), images)


@pytest.mark.parametrize("name", ["gradient_displacement", "gradient_evidence", "displaced_level"])
def test_arrays_on_the_device_use_the_kernels(name, device):
    from vmm.backend import gpu

    assert compiled(name, device.put(np.zeros((2, 3, 4), np.float32))) is getattr(gpu, name)
    assert compiled(name, device.put(np.zeros((2, 3, 4)))) is None
