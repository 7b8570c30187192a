"""Magnification of motion along one direction."""

import numpy as np
import pytest
from cases import moved

import vmm
from vmm.data import synthetic
from vmm.temporal import causal, fir

FS, ALPHA = 30, 10
TIMES = np.arange(96) / FS
ALONG, ACROSS = 0.1 * np.sin(2 * np.pi * 3 * TIMES), 0.1 * np.cos(2 * np.pi * 3 * TIMES)


def unit(angle):
    """Unit vector (down, right) of an angle in degrees from right to down."""
    return np.array([np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])


def gains(angle, **options):
    """Added motion along and across a direction, relative to alpha times the input motion."""
    directions = np.array([unit(angle), unit(angle + 90)])
    motion = np.outer(ALONG, directions[0]) + np.outer(ACROSS, directions[1])
    frames = synthetic.render(synthetic.texture((96, 96)), motion, dtype=np.float32)
    out = vmm.gradient.magnify(frames, (2, 4), fs=FS, alpha=ALPHA, **options)
    added = ((moved(out)[:, 0] - moved(frames)[:, 0]) @ directions.T)[30:66]
    design = np.stack([ALONG, ACROSS, np.ones_like(ALONG)], axis=1)[30:66]
    return (np.linalg.lstsq(design, added, rcond=None)[0][:2] / ALPHA).T


@pytest.mark.parametrize("temporal", [fir, causal])
@pytest.mark.parametrize(
    "angle", [pytest.param(0, marks=pytest.mark.slow), 30, pytest.param(45, marks=pytest.mark.slow), 90]
)
def test_motion_across_is_not_magnified(angle, temporal):
    (along, _), across = gains(angle, direction=angle, temporal=temporal)
    assert along == pytest.approx(1, abs=0.06)
    assert np.abs(across).max() < 0.02


def test_motion_across_has_a_factor_of_its_own():
    (along, _), (_, across) = gains(30, direction=unit(30), across=-0.1)
    assert along == pytest.approx(1, abs=0.06) and across == pytest.approx(-0.1, abs=0.01)


def test_the_same_factor_in_both_directions_is_no_direction(short_clip):
    expected = vmm.gradient.magnify(short_clip, (2, 4), fs=FS)
    np.testing.assert_array_equal(vmm.gradient.magnify(short_clip, (2, 4), fs=FS, direction=30, across=1.0), expected)


def test_vectors_and_angles(short_clip):
    by_angle, by_vector = (
        vmm.gradient.magnify(short_clip.astype(np.float32), (2, 4), fs=FS, direction=direction)
        for direction in (30, 2 * unit(30))
    )
    np.testing.assert_allclose(by_angle, by_vector, rtol=0, atol=1e-3)


@pytest.mark.parametrize("direction", [float("nan"), float("inf"), (0, 0), (1, 2, 3), [[1.0]]])
def test_directions_out_of_range(direction, short_clip):
    with pytest.raises(ValueError, match="must be an angle in degrees"):
        vmm.gradient.magnify(short_clip, (2, 4), fs=FS, direction=direction)


def test_factor_across_out_of_range(short_clip):
    with pytest.raises(ValueError, match="across=nan must be finite"):
        vmm.gradient.magnify(short_clip, (2, 4), fs=FS, direction=0, across=float("nan"))
