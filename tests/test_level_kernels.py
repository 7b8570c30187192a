"""Compiled kernels of the displacement of levels give the results of the reference kernels."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from vmm.backend.dispatch import reference_kernels
from vmm.backend.levels import (
    displaced_level,
    displaced_level_change,
    gradient_displacement,
    gradient_evidence,
    spline_coefs,
)
from vmm.backend.threads import set_threads
from vmm.motion import level_displacement

SIZES = [(40, 56), (41, 57), (16, 7), (3, 4)]


@pytest.fixture
def images(request, rng):
    """Two frames of smooth noise with a standard deviation of about 10 gray levels."""
    return gaussian_filter(rng.normal(0, 40, (2, *request.param)), (0, 1, 1)).astype(np.float32)


@pytest.mark.parametrize("images", [*SIZES, (1, 9), (2, 2), (1, 1)], indirect=True)
@pytest.mark.parametrize("sigma", [2.0, 3.0, 7.0])
@pytest.mark.parametrize("kernel", [gradient_displacement, gradient_evidence])
def test_compiled_least_squares_equals_reference(kernel, sigma, images):
    earlier = 0.7 * images + 0.3 * images[::-1]
    with reference_kernels():
        expected = kernel(images, earlier, sigma)
    result = kernel(images, earlier, sigma)
    np.testing.assert_allclose(result[:, :2], expected[:, :2], rtol=0, atol=1e-5)
    power = np.square(images).max()  # the evidence is in squared gray levels
    np.testing.assert_allclose(result[:, 2:], expected[:, 2:], rtol=0, atol=1e-6 * power)


@pytest.mark.parametrize("images", [*SIZES, (1, 9), (2, 2), (1, 1)], indirect=True)
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kernel", [gradient_displacement, gradient_evidence])
def test_compiled_least_squares_of_planes_equals_reference(kernel, n, images, rng):
    planes = np.stack([images, 0.5 * images[::-1] + 20, 0.2 * images - 5], axis=1)[:, :n]
    noise = rng.normal(0, [[[[0.3]], [[0.5]], [[4]]]], (2, 3, *images.shape[1:]))  # for different weights
    earlier = (0.7 * planes + 0.3 * planes[::-1] + noise[:, :n]).astype(np.float32)
    with reference_kernels():
        expected = kernel(planes, earlier, 3.0)
    result = kernel(planes, earlier, 3.0)
    np.testing.assert_allclose(result[:, :2], expected[:, :2], rtol=0, atol=1e-5)
    power = np.square(planes).max()
    np.testing.assert_allclose(result[:, 2:], expected[:, 2:], rtol=0, atol=1e-6 * power)


@pytest.mark.parametrize("images", [(130, 36), (131, 35)], indirect=True)
@pytest.mark.parametrize("n", [2, 3])
def test_shares_of_rows_equal_the_whole(images, n):
    earlier = 0.7 * images + 0.3 * images[::-1]
    try:
        set_threads(1)
        expected = gradient_evidence(images, earlier, 3.0)
        set_threads(n)
        np.testing.assert_allclose(gradient_evidence(images, earlier, 3.0), expected, rtol=1e-4, atol=1e-5)
    finally:
        set_threads(None)


@pytest.mark.parametrize("images", [*SIZES, (1, 9), (2, 2), (1, 1), (131, 36)], indirect=True)
@pytest.mark.parametrize("n", [1, 3])
def test_compiled_coefficients_of_splines_equal_reference(images, n):
    with reference_kernels():
        expected = spline_coefs(images)
    try:
        set_threads(n)
        np.testing.assert_allclose(spline_coefs(images), expected, rtol=0, atol=2e-5 * abs(images).max())
    finally:
        set_threads(None)


@pytest.mark.parametrize("images", SIZES, indirect=True)
@pytest.mark.parametrize("is_map", [False, True])
def test_compiled_interpolation_equals_reference(images, is_map, rng):
    size = images.shape[1:]
    displacement = rng.normal(0, 0.4, (2, 2, *((n + 1) // 2 for n in size))).astype(np.float32)
    alpha = rng.uniform(0, 8, size).astype(np.float32) if is_map else 5.0
    with reference_kernels():
        expected = displaced_level(images, displacement, alpha, 5.0)
    np.testing.assert_allclose(displaced_level(images, displacement, alpha, 5.0), expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("images", [*SIZES, (30, 150)], indirect=True)
@pytest.mark.parametrize("limit", [5.0, 20.0, float("inf")])
@pytest.mark.parametrize(("amplitude", "width"), [(0.5, 8), (10, 8), (3, 1)])
def test_compiled_interpolation_of_planes_equals_reference(images, limit, amplitude, width, rng):
    """Long segments of similar displacement and short ones, inside and beyond the border."""
    half = [(n + 1) // 2 for n in images.shape[1:]]
    displacement = gaussian_filter(rng.normal(0, 1, (2, 2, *half)), (0, 0, width, width))
    displacement = (amplitude / displacement.std() * displacement).astype(np.float32)
    planes = np.stack([images, images[::-1], 0.5 * images], axis=1)
    with reference_kernels():
        expected = displaced_level(planes, displacement, 1.0, limit)
    result = displaced_level(planes, displacement, 1.0, limit)
    np.testing.assert_allclose(result, expected, rtol=0, atol=3e-3)  # the compiled prefilter of the splines is cut off
    change = displaced_level_change(planes, displacement, 1.0, limit)
    np.testing.assert_allclose(change, result - planes, rtol=0, atol=1e-4)
    np.testing.assert_allclose(result[:, 2], displaced_level(planes[:, 2], displacement, 1.0, limit), rtol=0, atol=1e-5)


@pytest.mark.parametrize("images", [(64, 64)], indirect=True)
def test_reading_what_was_put(images):
    """A displacement that is put is read again to the accuracy of least squares, which is 15 % in fine noise."""
    motion = level_displacement()
    put = np.full((2, 2, 32, 32), 0.2, np.float32)
    change = motion.read(motion.put(images, put, 1.0), images)
    assert np.abs(change - put)[..., 6:-6, 6:-6].mean() < 0.15 * 0.2


@pytest.mark.parametrize("images", [(48, 48)], indirect=True)
def test_a_change_of_contrast_is_not_motion(images):
    motion = level_displacement()
    assert np.abs(motion.read(1.05 * images, images)).max() < 1e-3


def test_motion_of_nothing_is_zero():
    flat = np.zeros((2, 24, 24), np.float32)
    assert not level_displacement().read(flat, flat).any()


@pytest.mark.parametrize("limit", [0, -1.0, float("nan")])
def test_limit_must_be_positive(limit):
    with pytest.raises(ValueError, match=r"limit=\S+ must be at least"):
        level_displacement(limit)
