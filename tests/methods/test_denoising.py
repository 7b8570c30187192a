"""Denoising of displacement: noise is not magnified, motion is, in look-ahead, whole-clip and causal filters."""

import numpy as np
import pytest

import vmm
from vmm.data import synthetic

FS, BAND, ALPHA = 30, (1, 3), 19
SIZE = (64, 80)
FILTERS = ["fir", "ideal", "causal"]


def noisy(scene, moves, noise):
    """Frames (T, H, W) of floating-point numbers with white noise."""
    frames = synthetic.render(scene, moves, dtype=np.float32)
    return (frames + np.random.default_rng(0).normal(0, noise, frames.shape)).astype(np.float32)


def change(frames, **options):
    """Root mean square of the change by magnification in the middle of the clip, in gray levels."""
    out = vmm.gradient.magnify(frames, BAND, fs=FS, alpha=ALPHA, **options)
    return np.sqrt(np.mean((out - frames)[20:-10] ** 2))


@pytest.mark.parametrize("temporal", FILTERS)
def test_noise_of_a_still_scene_is_not_magnified(temporal):
    frames = noisy(synthetic.texture(SIZE), np.zeros((70, 2)), 3.0)
    assert change(frames, temporal=temporal) < 0.2 < 2 < change(frames, temporal=temporal, denoise=False)


@pytest.mark.parametrize("temporal", FILTERS)
@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_motion_is_magnified_as_without_denoising(temporal, noise):
    moves = synthetic.sway(70, FS, 2.0, 0.1)
    scene = synthetic.texture(SIZE)
    frames = noisy(scene, moves, noise)
    truth = synthetic.render(scene, (1 + ALPHA) * moves, dtype=np.float32)
    steady = noisy(scene, moves, 0.0)
    errors = {}
    for denoise in (True, False):
        out = vmm.gradient.magnify(frames, BAND, fs=FS, alpha=ALPHA, temporal=temporal, denoise=denoise)
        errors[denoise] = np.std((out - frames + steady - truth)[30:-10, 8:-8, 8:-8])
    limit = 1.03 if noise == 0 else 1.0
    assert errors[True] < limit * errors[False]


@pytest.mark.parametrize("rate", [0.02, 0.05])
@pytest.mark.parametrize("temporal", FILTERS)
def test_flicker_is_not_magnified(temporal, rate):
    flicker = 1 + rate * np.sin(2 * np.pi * 2 * np.arange(70) / FS)
    frames = noisy(synthetic.texture(SIZE), np.zeros((70, 2)), 0.3) * flicker[:, None, None].astype(np.float32)
    assert change(frames, temporal=temporal) < 0.2


def test_the_way_a_stream_is_cut_does_not_matter():
    frames = noisy(synthetic.texture(SIZE), synthetic.sway(50, FS, 2.0, 0.1), 2.0)
    whole = vmm.gradient.magnify(frames, BAND, fs=FS, temporal="causal")
    pieces = [frames[:1], frames[1:9], frames[9:30], frames[30:]]
    parts = np.concatenate(list(vmm.gradient.magnify(iter(pieces), BAND, fs=FS, temporal="causal")))
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-3)


def test_an_object_that_passes_by_leaves_no_halo():
    """A disc drifts by half a pixel per frame: magnified, it is nearer to the truth than the input is."""
    drift = np.outer(np.arange(80) - 40, [0, 0.5])
    vibration = synthetic.sway(80, FS, 2.0, 0.1)
    scene = synthetic.disc((80, 112))
    frames, truth = (synthetic.render(scene, drift + k * vibration, dtype=np.float32) for k in (1, 1 + ALPHA))
    out = vmm.gradient.magnify(frames, BAND, fs=FS, alpha=ALPHA)
    error = [np.abs(x - truth)[20:-20].mean() for x in (out, frames)]
    assert error[0] < 0.6 * error[1]


def test_a_still_neighbor_stays_still():
    moves = synthetic.sway(70, FS, 2.0, 0.1)
    left = noisy(synthetic.texture(SIZE), moves, 0.0)
    right = noisy(synthetic.texture(SIZE, seed=5), np.zeros((70, 2)), 0.0)
    frames = np.concatenate([left, right], axis=2)
    change = np.abs(vmm.gradient.magnify(frames, BAND, fs=FS, alpha=ALPHA) - frames).mean(axis=(0, 1))
    assert change[80 + 12 :].mean() < 0.03 * change[:68].mean()
