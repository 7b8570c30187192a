"""Accuracy of magnified motion on scenes with exactly known motion; the total factor is 1 + alpha."""

from functools import partial

import numpy as np
import pytest
from cases import moved
from skimage.metrics import structural_similarity

import vmm
from vmm.data import synthetic
from vmm.motion import intensity, local_phase, quaternion, smooth
from vmm.parts import CausalFilter
from vmm.spatial import Laplacian, RieszPyramid, SteerablePyramid, padded
from vmm.temporal import fir, ideal

EVERYTHING = CausalFilter(lambda x, memory: (x, memory))  # passes all motion


def error(spatial, motion, scene, alpha=10, d=(0.0, 0.1), margin=16):
    """Return the error of the magnified frame relative to the error of the input, for two frames."""
    d = np.array(d)
    frames = np.stack([scene((0, 0)), scene(d)])
    out = vmm.magnify(frames, spatial=spatial, motion=motion, temporal=EVERYTHING, alpha=alpha)
    truth = scene((1 + alpha) * d)
    inner = np.s_[margin or None : -margin or None, margin or None : -margin or None]
    return np.linalg.norm((out[1] - truth)[inner]) / np.linalg.norm((frames[1] - truth)[inner])


@pytest.mark.parametrize(
    ("spatial", "motion", "most"),
    [
        (padded(SteerablePyramid, octave=1.0), local_phase, 0.16),
        (padded(SteerablePyramid, octave=0.5), local_phase, 0.09),
        (padded(SteerablePyramid, octave=0.25), local_phase, 0.10),
        (RieszPyramid, smooth(quaternion, 2.0), 0.50),
        (Laplacian, intensity, 0.58),
    ],
    ids=["octave", "half octave", "quarter octave", "riesz", "linear"],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_two_frames_of_pink_texture(spatial, motion, most, seed):
    assert error(spatial, motion, synthetic.pink((256, 256), cutoff=0.75, seed=seed)) <= most


@pytest.mark.slow
@pytest.mark.parametrize("octave", [1.0, 0.5, 0.25])
@pytest.mark.parametrize("seed", [0, 1])
def test_cropped_spectra_are_nearly_as_accurate_as_whole_spectra(octave, seed):
    scene = synthetic.pink((256, 256), cutoff=0.75, seed=seed)
    whole, small = (
        error(partial(SteerablePyramid, octave=octave, crop=crop), local_phase, scene) for crop in (0, 0.03)
    )
    assert small <= 1.02 * whole


@pytest.mark.parametrize("octave", [1.0, 0.5, 0.25])
@pytest.mark.parametrize("frequency", [0.125, 0.25, 0.375, 0.5])
def test_gratings_up_to_half_nyquist(octave, frequency):
    def grating(d):
        return 128 + 50 * np.cos(np.pi * frequency * (np.arange(256) - d[1])) * np.ones((256, 1))

    assert error(partial(SteerablePyramid, octave=octave), local_phase, grating, margin=0) <= 1e-3


SIZE = (128, 160)
LEFT, RIGHT = (24, 40, 80, 80), (24, 200, 80, 80)


@pytest.fixture(scope="module")
def two_frequencies():
    """A clip of 10 s at 30 frames/s whose left half sways at 2 Hz and right half at 5 Hz, by 0.1 px."""
    left, right = synthetic.sway(300, 30, 2, 0.1), synthetic.sway(300, 30, 5, 0.1)
    halves = [
        synthetic.render(synthetic.texture(SIZE, seed=seed), moves, dtype=np.float32)
        for seed, moves in ((1, left), (2, right))
    ]
    return np.concatenate(halves, axis=2), left[:, 1], right[:, 1]


def amplitude(signal, frequency):
    return abs(2 / 300 * np.exp(-2j * np.pi * frequency * np.arange(300) / 30) @ signal)


@pytest.mark.slow
def test_one_of_two_frequencies_is_magnified(two_frequencies):
    frames, left, right = two_frequencies
    out = vmm.phase.magnify(frames, (1.5, 2.5), fs=30, alpha=20)
    seen = moved(out, [LEFT, RIGHT])[:, :, 1].T
    assert np.dot(seen[0], left) / np.dot(left, left) == pytest.approx(21, rel=0.05)
    assert amplitude(seen[1], 5) == pytest.approx(0.1, abs=0.02)
    assert amplitude(seen[1], 2) < 0.02
    away_from_ends = slice(50, 250)  # at least half the length of the filter away from the ends
    change = (seen[1] - right)[away_from_ends]
    assert np.abs(change - change.mean()).max() < 0.02


@pytest.mark.slow
def test_alpha_of_minus_one_removes_the_band(two_frequencies):
    frames, left, _ = two_frequencies
    out = vmm.phase.magnify(frames, (1.5, 2.5), fs=30, alpha=-1)
    seen = moved(out, [LEFT, RIGHT])[:, :, 1].T
    assert 20 * np.log10(seen[0].std() / left.std()) <= -20
    assert amplitude(seen[1], 5) == pytest.approx(0.1, abs=0.02)


SCENES = {  # scene; similarity of the input; least similarity of the phase and the Riesz method
    "texture": (lambda: synthetic.texture((256, 320), blur=1.0), 0.58, 0.985, 0.84),
    "leaves": (lambda: synthetic.leaves((256, 320)), 0.87, 0.985, 0.955),
    "disc": (lambda: synthetic.disc((256, 320)), 0.95, 0.985, 0.978),
}


def similarity(a, b):
    pairs = zip(a[::3], b[::3], strict=True)
    return np.mean(
        [
            structural_similarity(x, y, data_range=255, gaussian_weights=True, use_sample_covariance=False)
            for x, y in pairs
        ]
    )


@pytest.fixture(scope="module", params=SCENES)
def scene(request):
    """A noisy clip of 4 s at 30 frames/s that sways by 0.1 px at 2 Hz, and the true clip at 2 px."""
    make, *limits = SCENES[request.param]
    made, moves = make(), synthetic.sway(120, 30, 2, 0.1)
    return synthetic.render(made, moves, noise=1.0), synthetic.render(made, 20 * moves), limits, request.param


def gain(out, truth, name):
    roi = [(96, 128, 64, 64)] if name == "disc" else None
    seen, true = (moved(x, roi)[:, 0, 1] for x in (out, truth))
    return np.dot(seen - seen.mean(), true) / np.dot(true, true)


@pytest.mark.slow
def test_scenes_by_phase_with_an_ideal_filter(scene):
    frames, truth, (nothing, phase, _), name = scene
    assert similarity(frames, truth) == pytest.approx(nothing, abs=0.01)
    periodic = partial(ideal, published=True)  # the clip holds whole periods; its gain is one half
    out = vmm.phase.magnify(frames, (1.5, 2.5), fs=30, alpha=38, orientations=16, sigma=1.5, temporal=periodic)
    assert similarity(out, truth) >= phase
    assert gain(out, truth, name) == pytest.approx(1, abs=0.05)


@pytest.mark.slow
def test_scenes_by_phase_with_default_settings(scene):
    frames, truth, _, _ = scene
    assert similarity(vmm.phase.magnify(frames, (1.5, 2.5), fs=30, alpha=19), truth) >= 0.97


@pytest.mark.slow
def test_scenes_by_riesz(scene):
    frames, truth, (_, _, riesz), _ = scene
    out = vmm.riesz.magnify(frames, (1.5, 2.5), fs=30, alpha=19, sigma=1, temporal=fir)
    assert similarity(out, truth) >= riesz


def test_coarse_detail_moves_near_the_border():
    """A mirror image beyond the border moves against the picture; with it alone, the gain is below 0.76."""
    scene, moves = synthetic.texture((96, 96), blur=8.0), synthetic.sway(60, 30, 3.0, 0.1, 25.0)
    frames, truth = (synthetic.render(scene, gain * moves, dtype=np.float32) for gain in (1, 11))
    out = vmm.phase.magnify(frames, (2, 4), fs=30, alpha=10)
    inner = slice(16, -16), slice(16, -16), slice(16, -16)
    change, nominal = (out - frames)[inner], (truth - frames)[inner]
    assert np.vdot(change, nominal) > 0.8 * np.vdot(nominal, nominal)


def test_motion_magnified_to_several_pixels():
    """The limit on the motion of each subband leaves most of 7.5 px: at 3, the error is 0.30 of the motion."""
    scene, moves = synthetic.texture((96, 96), blur=1.5), synthetic.sway(60, 30, 3.0, 0.1, 25.0)
    frames, truth = (synthetic.render(scene, gain * moves, dtype=np.float32) for gain in (1, 75))
    out = vmm.phase.magnify(frames, (2, 4), fs=30, alpha=74)
    inner = slice(20, -20), slice(20, -20), slice(20, -20)
    assert np.std((out - truth)[inner]) < 0.27 * np.std((frames - truth)[inner])
