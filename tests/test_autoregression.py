"""Extension of signals by an autoregression: vibrations, drifts, and noise."""

import numpy as np
import pytest

from vmm.backend.autoregression import autoregression, block_means

BAND = (0.07, 0.13)


def series(rng, waves, noise):
    """Series (n, 50) in which each wave (n,) has a random amplitude, with white noise."""
    mixed = np.sum([np.outer(wave, rng.normal(size=50)) for wave in waves], axis=0)
    return mixed + noise * rng.normal(size=mixed.shape)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_vibration_beside_a_sway_and_a_drift_is_continued(rng, noise):
    t = np.arange(-15, 135)
    fast, slow = np.sin(0.6 * t + 0.3), 5 * np.sin(0.09 * t)
    model = autoregression(series(rng, [w[15:-15] for w in (fast, slow)], noise), BAND)
    for wave, tolerance in ((fast, 0.25), (3 + 0.2 * t, 1e-6)):
        np.testing.assert_allclose(model.extend(wave[15:-15], 15, 15), wave, atol=tolerance)


def test_noise_is_not_continued(rng):
    noise = rng.normal(size=(120, 50))
    extended = autoregression(noise, BAND).extend(noise[:, 0], 40, 40)
    assert np.abs(extended).max() <= 1.5 * np.abs(noise[:, 0]).max()


def test_the_extension_is_linear_and_keeps_the_samples(rng):
    model = autoregression(series(rng, [np.sin(0.6 * np.arange(60))], 0.1), BAND)
    a, b = rng.normal(size=(2, 60, 3))
    np.testing.assert_allclose(model.extend(a + 2 * b, 5, 7), model.extend(a, 5, 7) + 2 * model.extend(b, 5, 7))
    np.testing.assert_array_equal(model.extend(a, 5, 7)[5:-7], a)


def test_a_still_clip_is_continued_by_itself():
    model = autoregression(block_means([np.full((30, 16, 20), 7, np.uint8)]), BAND)
    np.testing.assert_allclose(model.extend(np.full((30, 2), 4.0), 6, 6), 4.0)


def test_block_means_do_not_depend_on_chunks(rng):
    frames = rng.integers(0, 255, (12, 21, 35, 3), dtype=np.uint8)
    np.testing.assert_array_equal(block_means([frames]), block_means([frames[:5], frames[5:]]))
