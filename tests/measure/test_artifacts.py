"""Artifacts of magnification, measured on clips with a known ideal result."""

import numpy as np
import pytest
import scipy.ndimage

import vmm
from vmm.data import synthetic
from vmm.data.magnified import moving_circles, swaying


@pytest.fixture(scope="module")
def magnified():
    return moving_circles("slope 0", 19.0, shape=(60, 120), frames=12, amplitude=0.2)


def test_the_ideal_result_has_no_artifacts(magnified):
    truth = magnified.truth
    assert vmm.measure.structural_similarity(truth, truth) == pytest.approx(1)
    assert vmm.measure.overshoot(truth, truth) == 0
    assert vmm.measure.sharpness(truth, truth) == pytest.approx(1)
    assert vmm.measure.ghosting(truth, truth, magnified.frames) == 0
    assert vmm.measure.ghosting(magnified.frames, truth, magnified.frames) == pytest.approx(1)


def test_blur_reduces_sharpness_and_does_not_overshoot(magnified):
    blurred = scipy.ndimage.gaussian_filter(magnified.truth.astype(float), (0, 2, 2))
    assert vmm.measure.sharpness(blurred, magnified.truth) < 0.7
    assert vmm.measure.overshoot(blurred, magnified.truth) < 1e-3


def test_ringing_overshoots_and_sharpens(magnified):
    truth = magnified.truth.astype(float)
    ringing = truth + (truth - scipy.ndimage.gaussian_filter(truth, (0, 2, 2)))
    assert vmm.measure.overshoot(ringing, truth) > 0.02
    assert vmm.measure.sharpness(ringing, truth) > 1.2


def test_the_phase_method_keeps_static_pixels():
    scene = synthetic.disc((64, 96), radius=12)
    clip = swaying(scene, 0.1, 9.0, frames=24)
    rows, cols = np.arange(64)[:, None] - 31.5, np.arange(96) - 47.5
    still = np.hypot(rows, cols) > 28
    out = vmm.phase.magnify(clip.frames, (2, 3), fs=30, alpha=9)
    assert vmm.measure.static_error(out, clip.background, still) < 1.0
    assert vmm.measure.structural_similarity(out, clip.truth) > vmm.measure.structural_similarity(
        clip.frames, clip.truth
    )


def test_a_flat_clip_has_no_edges():
    flat = np.full((2, 12, 12), 128.0)
    assert vmm.measure.overshoot(flat, flat) == 0 and vmm.measure.sharpness(flat, flat) == 1
    assert vmm.measure.ghosting(flat, flat, flat) == 0


def test_shapes_that_differ_are_refused():
    one, other = np.zeros((2, 12, 12)), np.zeros((3, 12, 12))
    for measure in (vmm.measure.structural_similarity, vmm.measure.overshoot, vmm.measure.sharpness):
        with pytest.raises(ValueError, match=r"clips of shape \(2, 12, 12\) and \(3, 12, 12\) must have one shape"):
            measure(one, other)
    with pytest.raises(ValueError, match="at least one pixel must be static"):
        vmm.measure.static_error(one, one[0], np.zeros((12, 12), bool))
