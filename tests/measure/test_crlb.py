"""Cramer-Rao bounds, and the scenes of known displacement on which they are used."""

from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic


def test_bound_of_a_plane_wave():
    """Each pixel of a plane wave with amplitude A and wave number k contributes A^2 k^2 / 2 to the information."""
    image = 128 + 20 * np.cos(2 * np.pi * np.arange(60) / 10) * np.ones((60, 1))
    bound = vmm.measure.displacement_crlb(image + image.T, (10, 10, 40, 40), noise=2.0, rounded=False)[0]
    np.testing.assert_allclose(bound, 2 / np.sqrt(1600 * (20 * 2 * np.pi / 10) ** 2 / 2), rtol=1e-2)
    down, right = vmm.measure.displacement_crlb(image, (10, 10, 40, 40), noise=2.0, rounded=False)[0]
    assert np.isinf(down) and right == pytest.approx(bound[1])
    assert np.isinf(vmm.measure.displacement_crlb(0 * image, noise=2.0)).all()


def test_bound_of_a_mask_and_of_rounding():
    image = synthetic.texture((64, 64))((0, 0))
    mask = np.zeros((64, 64), bool)
    mask[20:41, 20:41] = True
    rois: list[Any] = [(20, 20, 21, 21), mask]
    both = vmm.measure.displacement_crlb(image, rois, noise=0.0)
    np.testing.assert_allclose(both[0], both[1])
    np.testing.assert_allclose(
        vmm.measure.displacement_crlb(image, mask, noise=np.sqrt(1 / 12), rounded=False)[0], both[0]
    )


def test_bound_of_a_sine():
    amplitude, frequency = vmm.measure.sine_crlb(0.0025, 960, 0.02, fs=240)
    assert amplitude == pytest.approx(0.0025 * np.sqrt(2 / 960))
    assert frequency == pytest.approx(np.sqrt(6) * 0.0025 * 240 / (np.pi * 0.02 * 960**1.5))
    with pytest.raises(ValueError, match=r"amplitude=0.*must be positive"):
        vmm.measure.sine_crlb(0.1, 10, 0.0)


def test_invalid_arguments():
    with pytest.raises(ValueError, match=r"\(H, W\)"):
        vmm.measure.displacement_crlb(np.zeros((3, 20, 20)), noise=1.0)
    with pytest.raises(ValueError, match="noise=-1"):
        vmm.measure.displacement_crlb(np.zeros((20, 20)), noise=-1)


def test_mode_shapes_of_a_cantilever_are_orthogonal():
    x = np.linspace(0, 1, 4001)
    shapes = synthetic.cantilever(x, 5)
    np.testing.assert_allclose(shapes[:, 0], 0, atol=1e-9)
    np.testing.assert_allclose(shapes[:, -1], 1)
    products = np.trapezoid(shapes[:, None] * shapes, x, axis=-1)
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-5)  # modes are orthogonal
    with pytest.raises(ValueError, match="modes=6"):
        synthetic.cantilever(x, 6)


def test_a_beam_moves_by_the_sum_of_its_modes():
    scene, places = synthetic.beam(), synthetic.beam_positions(320)
    still = scene([0.0, 0.0, 0.0])
    assert still.shape == (96, 320)
    shifted = scene([0.4, 0.0, 0.1])
    np.testing.assert_array_equal(still[:8], shifted[:8])
    np.testing.assert_array_equal(still[:, :2], shifted[:, :2])
    down = np.array([0.4, 0, 0.1]) @ synthetic.cantilever(places)
    clip = np.stack([still, shifted] * 8).astype(np.float32)
    boxes = [(40, col, 17, 17) for col in (60, 160, 270)]
    measured = vmm.measure.displacement(clip, boxes).values
    np.testing.assert_allclose(
        (measured[1] - measured[0])[:, 0], [down[b[1] : b[1] + 17].mean() for b in boxes], atol=8e-3
    )
    np.testing.assert_allclose((measured[1] - measured[0])[:, 1], 0, atol=4e-3)
