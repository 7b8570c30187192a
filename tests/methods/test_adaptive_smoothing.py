"""Smoothing of phase shifts that follows the noise: noise is smoothed, and motion without noise stays as it is."""

import tracemalloc

import numpy as np
import pytest

import vmm
from vmm.backend import reference as kernels
from vmm.backend.dispatch import reference_kernels
from vmm.data import synthetic
from vmm.motion import _adaptive
from vmm.motion._adaptive import Noise, NoiseSums, smooth_noise
from vmm.parts import Grid

FS, BAND, ALPHA = 30, (1, 3), 19
SIZE = (64, 80)
INNER = (slice(20, -20), slice(12, -12), slice(12, -12))


def noisy(scene, moves, noise):
    """Frames (T, H, W) of floating-point numbers with white noise."""
    frames = synthetic.render(scene, moves, dtype=np.float32)
    return (frames + np.random.default_rng(0).normal(0, noise, frames.shape)).astype(np.float32)


def magnified(frames, **options):
    return vmm.phase.magnify(frames, BAND, fs=FS, alpha=ALPHA, **options)


@pytest.mark.parametrize("temporal", ["fir", "ideal", "causal"])
def test_noise_is_smoothed(temporal):
    scene, moves = synthetic.texture(SIZE), synthetic.sway(70, FS, 2.0, 0.1)
    frames = noisy(scene, moves, 3.0)
    truth = synthetic.render(scene, (1 + ALPHA) * moves, dtype=np.float32)
    inner = (slice(-20, None), *INNER[1:]) if temporal == "causal" else INNER  # the transient of the filter is longer
    by_default, unsmoothed, blurred = (
        np.std((magnified(frames, temporal=temporal, **options) - truth)[inner])
        for options in ({}, {"sigma": 0}, {"sigma": 3})
    )
    assert by_default < 0.8 * unsmoothed
    assert by_default < 0.95 * blurred


def test_noise_that_grows_with_the_contrast_is_smoothed():
    """Most of the frame is nearly flat and quiet, as in coded video, so that the median noise is too small."""
    size, contrast = (64, 96), np.where(np.arange(96) < 64, 0.05, 1)
    scene, moves = synthetic.texture(size), synthetic.sway(70, FS, 2.0, 0.1)
    frames, truth = (
        128 + contrast * (values - 128)
        for values in (noisy(scene, moves, 3.0), synthetic.render(scene, (1 + ALPHA) * moves, dtype=np.float32))
    )
    part = (INNER[0], INNER[1], slice(70, -8))
    by_default, unsmoothed = (
        np.std((magnified(frames.astype(np.float32), sigma=sigma) - truth)[part]) for sigma in (None, 0)
    )
    assert by_default < 0.95 * unsmoothed


def test_noise_of_one_place_is_smoothed_there():
    """A part of the frame is far noisier than the rest, as water or smoke is."""
    scene, moves = synthetic.texture(SIZE), synthetic.sway(70, FS, 2.0, 0.1)
    frames, truth = (synthetic.render(scene, moves * factor, dtype=np.float32) for factor in (1, 1 + ALPHA))
    noisy_part = (slice(None), slice(None), slice(50, None))
    noise = np.random.default_rng(0).normal(0, 3.0, frames.shape)
    frames[noisy_part] += noise[noisy_part]
    inner = (INNER[0], INNER[1], slice(56, -8))
    by_default, unsmoothed = (np.std((magnified(frames, sigma=sigma) - truth)[inner]) for sigma in (None, 0))
    assert by_default < 0.85 * unsmoothed


def test_weak_detail_in_noise_stays_in_place():
    """The phase of weak coefficients changes by far more than the logarithm of their amplitude."""
    frames = noisy(synthetic.texture(SIZE), np.zeros((70, 2)), 3.0)
    by_default, unsmoothed = (np.std((magnified(frames, sigma=sigma) - frames)[INNER]) for sigma in (None, 0))
    assert by_default < 0.56 * unsmoothed


@pytest.mark.parametrize("exponent", [0.0, 0.5])
def test_noise_is_read_by_the_power(exponent):
    rng = np.random.default_rng(0)
    power = rng.exponential(size=(60, 70)) ** 2
    expected = power**exponent
    found = _adaptive.noise_by_power(expected * rng.gamma(8, 1 / 8, power.shape), power, power)
    strong = power > np.median(power)
    assert np.median(found[strong] / expected[strong]) == pytest.approx(1, abs=0.1)
    assert np.percentile(abs(np.log(found / expected))[strong], 90) < 0.3


def test_opposite_motions_without_noise_stay_apart():
    """A blur of the motion mixes halves that move in opposite directions; the smoothing of clean frames does not."""
    scene, moves = synthetic.texture(SIZE), synthetic.sway(70, FS, 2.0, 0.1, 0.0)
    frames = noisy(scene, moves, 0.0)
    frames[:, :, 40:] = noisy(scene, -moves, 0.0)[:, :, 40:]
    by_default, unsmoothed, blurred = (magnified(frames, sigma=sigma) for sigma in (None, 0, 3))
    change = np.std((unsmoothed - frames)[INNER])
    assert np.std((by_default - unsmoothed)[INNER]) < 0.03 * change
    assert np.std((blurred - unsmoothed)[INNER]) > 0.2 * change


def test_black_areas_and_still_clips_stay_as_they_are():
    frames = noisy(synthetic.texture(SIZE), np.zeros((40, 2)), 0.0)
    assert np.array_equal(magnified(frames), frames)
    moving = noisy(synthetic.texture(SIZE), synthetic.sway(40, FS, 2.0, 0.1), 2.0)
    moving[:, :32] = 0
    out = magnified(moving)
    assert np.isfinite(out).all()
    assert np.abs(out[:, :32]).max() <= 1.2 * np.abs(magnified(moving, sigma=0)[:, :32]).max()


@pytest.mark.parametrize(("noise", "tolerance"), [(0.0, 0.04), (3.0, 0.1)])
def test_a_vibration_is_magnified_up_to_the_ends(noise, tolerance):
    scene, moves = synthetic.texture(SIZE), synthetic.sway(80, FS, 2.0, 0.05)
    frames = noisy(scene, moves, noise)
    truth = synthetic.render(scene, 11 * moves, dtype=np.float32)
    out = vmm.phase.magnify(frames, BAND, fs=FS, alpha=10)
    change, wanted = out - frames, truth - noisy(scene, moves, 0.0)

    def gain(part):
        a, b = (x[part, 12:-12, 12:-12] for x in (change, wanted))
        return (a * b).sum() / (b * b).sum()

    middle = gain(slice(30, 50))
    assert middle > 0.8
    assert gain(slice(0, 10)) == pytest.approx(middle, rel=tolerance)
    assert gain(slice(-10, None)) == pytest.approx(middle, rel=tolerance)


def test_smoothing_by_noise_is_for_phase_only():
    with pytest.raises(ValueError, match="sigma=None follows the noise of local_phase only"):
        vmm.motion.smooth(vmm.motion.intensity, None)


def test_the_sums_of_amplitudes_are_those_of_the_reference(rng):
    coefs = (rng.normal(size=(5, 9, 7)) + 1j * rng.normal(size=(5, 9, 7))).astype(np.complex64)
    previous, columns = coefs[0].copy(), rng.normal(size=(3, 5)).astype(np.float32)

    def sums():
        power, stretch = np.zeros((9, 7), np.float32), np.zeros((3, 3, 7), np.float32)
        kernels.add_amplitude_sums(coefs, previous, columns, 3, power, stretch)
        return power, stretch

    compiled = sums()
    with reference_kernels():
        plain = sums()
    np.testing.assert_allclose(compiled[0], plain[0], rtol=1e-5)
    np.testing.assert_allclose(compiled[1], plain[1], atol=1e-5)


def test_the_change_of_the_amplitude_is_that_of_its_logarithm(rng):
    amplitude = np.exp(np.cumsum(rng.normal(scale=0.2, size=(6, 4, 5)), axis=0))
    coefs = (amplitude * np.exp(1j * rng.uniform(0, 6, amplitude.shape))).astype(np.complex64)
    stretch = np.zeros((5, 4, 5), np.float32)
    kernels.add_amplitude_sums(
        coefs[1:], coefs[0], np.eye(5, dtype=np.float32), 1, np.zeros((4, 5), np.float32), stretch
    )
    np.testing.assert_allclose(stretch, np.diff(np.log(amplitude), axis=0), atol=1e-3)


def test_smoothing_needs_little_memory():
    """The averages of the motion are computed a few rows at a time, and the noise is probed in a few rows."""
    motion = np.random.default_rng(0).normal(size=(20, 320, 400)).astype(np.float32)
    grid, level = Grid((320, 400), coefs="complex"), np.ones((320, 400), np.float32)
    smooth_noise(motion[:1].copy(), Noise(level, level), grid)  # it compiles
    tracemalloc.start()
    smooth_noise(motion, Noise(level, level), grid)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.7 * motion.nbytes  # two averages, and temporary values of a few rows
    sums = NoiseSums(np.zeros((1, 400, 600), np.complex64), 20)
    assert sums.stretch.nbytes < 0.03 * 20 * sums.power.nbytes


@pytest.mark.parametrize(
    ("height", "width", "step"), [(16, 20, 1), (100, 40, 1), (400, 600, 40), (120, 300, 9), (7, 9000, 1)]
)
def test_noise_is_probed_in_rows_all_over_the_subband(height, width, step):
    assert _adaptive.probing_step(height, width) == step
