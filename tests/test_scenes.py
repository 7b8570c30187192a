"""Synthetic clips with exactly known motion: circles before backgrounds, paths, steps and changes of illumination."""

import numpy as np
import pytest

from vmm.data import magnified, synthetic

SHAPE = (60, 90)


@pytest.fixture(scope="module")
def backgrounds():
    return {name: synthetic.background(name, SHAPE) for name in synthetic.BACKGROUNDS}


def test_there_are_25_different_backgrounds(backgrounds):
    assert len(backgrounds) == 25
    for picture in backgrounds.values():
        assert picture.shape == SHAPE and picture.dtype.kind == "f"
        assert np.isfinite(picture).all() and picture.min() >= 0 and picture.max() <= 255
        assert picture.std() > 5


def test_backgrounds_differ(backgrounds):
    pictures = list(backgrounds.values())
    for i, one in enumerate(pictures):
        for other in pictures[:i]:
            assert np.abs(one - other).mean() > 5
            one_, other_ = one - one.mean(), other - other.mean()
            assert abs((one_ * other_).sum()) < 0.98 * np.linalg.norm(one_) * np.linalg.norm(other_)


@pytest.mark.parametrize("name", ["moon", "cell", "leaves 1", "slope 0", "slope 1"])
@pytest.mark.parametrize("shape", [(97, 64), (33, 120)])
def test_backgrounds_of_any_shape(name, shape):
    picture = synthetic.background(name, shape)
    assert picture.shape == shape
    np.testing.assert_array_equal(picture, synthetic.background(name, shape))


def test_an_unknown_background():
    with pytest.raises(ValueError, match=r"background 'sea' must be one of .*astronaut"):
        synthetic.background("sea", SHAPE)


WIDE = (96, 300)  # one circle in each third of the width


def discs(frame, behind):
    """Return the center (2,) and the area of each circle, in pixels."""
    for third in np.split(frame - behind, 3, axis=1):
        rows, cols = np.indices(third.shape)
        total, peak = third.sum(), third.flat[np.abs(third).argmax()]
        yield np.array([(third * rows).sum(), (third * cols).sum()]) / total, total / peak


@pytest.mark.parametrize("gray", [60.0, 200.0])
@pytest.mark.parametrize("moves", [[(0.1, 0), (0, 0.1), (-0.07, 0.07)], [(0.3, -2.7), (1.5, 0.25), (0, 0)]])
def test_circles_move_exactly(gray, moves):
    behind = np.full(WIDE, gray)
    scene = synthetic.circles(behind, seed=3)
    at_rest = list(discs(scene(np.zeros((3, 2))), behind))
    displaced = list(discs(scene(moves), behind))
    for (place, area), (new_place, new_area), d in zip(at_rest, displaced, moves, strict=True):
        np.testing.assert_allclose(new_place - place, d, atol=1e-3)
        assert new_area == pytest.approx(area, rel=1e-5)


def test_the_background_is_static():
    behind = synthetic.background("gravel", WIDE)
    scene = synthetic.circles(behind, seed=1)
    before, after = scene(np.zeros((3, 2))), scene(np.full((3, 2), 1.5))
    changed = np.abs(after - before) > 1e-6
    assert 0.005 < changed.mean() < 0.2
    far = (np.abs(before - behind) < 1e-9) & (np.abs(after - behind) < 1e-9)
    assert far.mean() > 0.6 and not changed[far].any()
    assert before.min() >= 0 and before.max() <= 255


def test_circles_have_the_requested_size():
    behind = np.full((120, 480), 100.0)
    for seed in range(8):
        areas = [area for _, area in discs(synthetic.circles(behind, seed=seed)(np.zeros((3, 2))), behind)]
        radii = np.sqrt(np.array(areas) / np.pi)
        assert (radii >= 20).all() and (radii <= 40.1).all() and np.ptp(radii) > 0.1
    scene = synthetic.circles(behind, radii=(12, 25, 33))(np.zeros((3, 2)))
    measured = [np.sqrt(area / np.pi) for _, area in discs(scene, behind)]
    assert measured == pytest.approx([12, 25, 33], rel=2e-3)


def test_circles_differ_by_seed_and_contrast_with_the_background():
    behind = synthetic.background("camera", WIDE)
    one, other = (synthetic.circles(behind, seed=seed)(np.zeros((3, 2))) for seed in (0, 1))
    assert np.abs(one - other).max() > 20
    assert (np.abs(one - behind).max(axis=0).reshape(3, 100).max(axis=1) > 40).all()


def test_paths_of_the_circles():
    wave = 0.1 * np.sin(np.arange(31) / 3)
    moves = synthetic.three_directions(wave)
    assert moves.shape == (31, 3, 2)
    np.testing.assert_allclose(moves[:, 0], np.stack([0 * wave, wave], axis=1))
    np.testing.assert_allclose(moves[:, 1], np.stack([wave, 0 * wave], axis=1))
    np.testing.assert_allclose(moves[:, 2, 0], moves[:, 2, 1])
    np.testing.assert_allclose(np.linalg.norm(moves, axis=2), np.abs(wave)[:, None] * np.ones(3))


def test_circles_drift_about_the_middle_of_the_clip():
    wave = 0.1 * np.sin(np.arange(31) / 3)
    drift = synthetic.three_directions(wave, drift=0.5) - synthetic.three_directions(wave)
    np.testing.assert_allclose(drift[15], 0, atol=1e-12)
    np.testing.assert_allclose(np.diff(drift[:, 0, 1]), 0.5)
    np.testing.assert_allclose(np.linalg.norm(np.diff(drift, axis=0), axis=2), 0.5)


def test_a_clip_of_circles():
    scene = synthetic.circles(np.full(WIDE, 100.0))
    moves = synthetic.three_directions(np.linspace(0, 1, 4))
    clip = synthetic.render(scene, moves, dtype=np.float64)
    assert clip.shape == (4, *WIDE)
    np.testing.assert_array_equal(clip[2], scene(moves[2]))


@pytest.mark.parametrize(("angle", "direction"), [(0, (0, 1)), (90, (1, 0)), (180, (0, -1))])
def test_a_step(angle, direction):
    moves = synthetic.step(9, at=4, size=3.0, angle=angle)
    np.testing.assert_array_equal(moves[:4], 0)
    np.testing.assert_allclose(moves[4:], 3 * np.array([direction] * 5), atol=1e-12)


def test_illumination_multiplies_the_frames():
    scene = synthetic.texture((24, 32))
    moves = synthetic.sway(5, 30, 2, 0.1)
    light = 1 + 0.1 * np.arange(5)
    plain, lit = (synthetic.render(scene, moves, light=by, dtype=np.float64) for by in (None, light))
    np.testing.assert_allclose(lit, plain * light[:, None, None])
    noisy = synthetic.render(scene, moves, light=light, noise=1.0, dtype=np.float64) - lit
    assert noisy.std(axis=(1, 2)) == pytest.approx(np.ones(5), rel=0.1)  # noise does not scale with light
    dark = synthetic.render(scene, moves, light=0.5)
    np.testing.assert_array_equal(dark, np.rint(plain / 2).astype(np.uint8))
    bright = synthetic.render(scene, moves, light=9.0)
    assert bright.dtype == np.uint8 and bright.max() == 255


def test_a_narrow_texture_has_one_wavelength_and_moves_exactly():
    scene = synthetic.narrow((96, 128), 8.0, seed=2)
    power = np.abs(np.fft.fft2((scene((0, 0)) - 128) * np.hanning(96)[:, None] * np.hanning(128))) ** 2
    radius = np.hypot(np.fft.fftfreq(96)[:, None], np.fft.fftfreq(128))
    inside = (radius > 1 / 8 / 1.6) & (radius < 1.6 / 8)
    assert power[inside].sum() > 0.95 * power.sum()
    np.testing.assert_allclose(scene((3, 2))[3:, 2:], scene((0, 0))[:-3, :-2], atol=1e-9)
    with pytest.raises(ValueError, match=r"wavelength=2\.0 must lie between 2 pixels and 96"):
        synthetic.narrow((96, 128), 2.0)


def test_clips_come_with_the_true_magnified_clip():
    made = magnified.moving_circles("moon", 9.0, shape=WIDE, frames=24, amplitude=0.5)
    still = magnified.moving_circles("moon", 9.0, shape=WIDE, frames=24, amplitude=0.0)
    assert made.frames.shape == made.truth.shape == (24, *WIDE) and made.frames.dtype == np.uint8
    np.testing.assert_array_equal(still.frames, still.truth)
    larger = magnified.moving_circles("moon", 0.0, shape=WIDE, frames=24, amplitude=5.0)
    np.testing.assert_array_equal(made.truth, larger.frames)
    noisy = magnified.swaying(synthetic.texture((48, 64)), 0.2, 4.0, frames=12, noise=3.0)
    assert noisy.truth[0].astype(float).std() > 0 and np.abs(noisy.frames[0] - noisy.background).std() > 1
