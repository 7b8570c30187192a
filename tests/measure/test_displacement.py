"""Displacement of regions."""

import numpy as np
import pytest

import vmm
from vmm.data import synthetic


@pytest.mark.parametrize("angle", [0, 30, 90])
@pytest.mark.parametrize("amplitude", [0.02, 0.2, 2.0])
def test_known_motion_is_found(angle, amplitude):
    moves = synthetic.sway(40, 30, 1.5, amplitude, angle)
    frames = synthetic.render(synthetic.texture((96, 96)), moves, dtype=np.float64)
    np.testing.assert_allclose(vmm.measure.displacement(frames)[:, 0], moves, atol=0.01 * amplitude + 5e-4)


def test_regions_are_followed_apart():
    scene, other = synthetic.texture((64, 64), seed=1), synthetic.texture((64, 64), seed=2)
    moves = synthetic.sway(20, 30, 2, 0.3)
    frames = np.concatenate(
        [synthetic.render(scene, moves, dtype=np.float64), synthetic.render(other, 0 * moves, dtype=np.float64)], axis=2
    )
    seen = vmm.measure.displacement(np.stack([frames] * 3, axis=-1), [(16, 16, 32, 32), (16, 80, 32, 32)])
    np.testing.assert_allclose(seen[:, 0], moves, atol=3e-3)
    np.testing.assert_allclose(seen[:, 1], 0, atol=1e-3)


def test_regions_that_cannot_be_measured():
    frames = np.zeros((3, 32, 32), np.uint8)
    with pytest.raises(ValueError, match="no texture"):
        vmm.measure.displacement(frames)
    with pytest.raises(ValueError, match=r"roi=\(20, 0, 20, 20\).*must lie inside the frame"):
        vmm.measure.displacement(frames, [(20, 0, 20, 20)])
