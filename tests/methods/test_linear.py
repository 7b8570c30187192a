"""The linear method: properties that the laws of all methods do not cover."""

import numpy as np
import pytest

import vmm
from vmm.linear import by_wavelength
from vmm.spatial import Laplacian


def test_alpha_by_level_as_the_paper_sets_it_for_baby():
    levels = by_wavelength([10] * 7, 16, Laplacian((544, 960)).grids)
    assert len(levels) == 7  # and the low-pass residual
    assert levels == pytest.approx([0, 5.9, 10, 10, 10, 10, 10], abs=0.05)


def test_attenuation_never_changes_the_sign_of_a_level():
    assert min(by_wavelength([5] * 6, 48, Laplacian((360, 640)).grids)) == 0


def test_attenuation_by_level_keeps_its_sign():
    assert by_wavelength([-1] * 7, 16, Laplacian((544, 960)).grids)[-1] == -1


def test_chroma_scales_the_change_of_color(color_clip):
    frames = color_clip.astype(np.float64)
    yiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])

    def change(chroma):
        return (vmm.linear.magnify(frames, (2, 3), fs=30, alpha=5, chroma=chroma) - frames) @ yiq.T

    full, tenth, none = change(1.0), change(0.1), change(0.0)
    np.testing.assert_allclose(tenth[..., 0], full[..., 0], atol=1e-2)
    np.testing.assert_allclose(tenth[..., 1:], 0.1 * full[..., 1:], atol=5e-2)
    assert np.abs(none[..., 1:]).max() < 5e-2 < np.abs(full[..., 1:]).max()
