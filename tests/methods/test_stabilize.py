"""Magnification after stabilization of a camera or an object, on scenes with exactly known motion."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.ndimage
import skimage.data
from skimage.metrics import structural_similarity

import vmm
import vmm.stabilize as stabilize
from vmm.data import synthetic

N, FS = 90, 30


def similarity(a, b):
    pairs = zip(a[::6], b[::6], strict=True)
    options = {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    return np.mean([structural_similarity(x, y, **options) for x, y in pairs])


def about(middle, angle=0.0, move=(0.0, 0.0), scale=1.0):
    """Return the transform that rotates and scales about ``middle`` and then translates."""
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    out = np.eye(3)
    out[:2, :2], out[:2, 2] = turn, middle - turn @ middle + move
    return out


SIZE, MIDDLE = (100, 120), np.array([49.5, 59.5])


def photograph(transforms, noise=0.0):
    """Return a clip of a photograph of gravel that moves by transforms (T, 3, 3)."""
    picture = scipy.ndimage.gaussian_filter(skimage.data.gravel()[40:200, 160:340].astype(float), 1.0)
    images = []
    for inverse in np.linalg.inv(transforms):
        offset = inverse[:2, 2] + 30
        images.append(
            scipy.ndimage.affine_transform(picture, inverse[:2, :2], offset, output_shape=SIZE, mode="mirror")
        )
    frames = np.stack(images) + np.random.default_rng(0).normal(0, max(noise, 1e-9), (len(images), *SIZE))
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)


VIBRATION = synthetic.sway(N, FS, 3, 0.1, angle=30)


def shaken(factor):
    """Return the transforms of a camera that drifts and rotates slowly and vibrates by ``factor`` times VIBRATION."""
    t = np.arange(N) / FS
    wander = np.stack([5 * np.sin(2 * np.pi * 0.23 * t), 8 * np.sin(2 * np.pi * 0.31 * t)], axis=1)
    turns = np.deg2rad(0.8) * np.sin(2 * np.pi * 0.27 * t)
    moves = wander + factor * VIBRATION
    return np.stack([about(MIDDLE, a, d) for a, d in zip(turns, moves, strict=True)])


def places(transforms, place=MIDDLE):
    return transforms[:, :2, :2] @ place + transforms[:, :2, 2]


@pytest.fixture(scope="module")
def camera():
    """A clip from a shaken camera, the true clip with 20 times the vibration, and the magnified clip."""
    frames = photograph(shaken(1), noise=0.5)
    return frames, photograph(shaken(20)), stabilize.magnify(frames, (2, 4), fs=FS, alpha=19)


@pytest.mark.slow
def test_only_the_vibration_of_a_shaken_camera_is_magnified(camera):
    measured = places(stabilize.track(camera[2])) - places(shaken(0))
    away_from_ends = slice(20, -20)
    measured, true = (x[away_from_ends] for x in (measured - measured.mean(axis=0), VIBRATION))
    gain = (measured * true).sum() / (true**2).sum()
    assert gain == pytest.approx(20, rel=0.1)
    rest = measured - gain * true
    assert np.abs(rest - rest.mean(axis=0)).max() < 0.05


@pytest.mark.slow
def test_a_stabilized_result_is_more_similar_than_that_of_phase(camera):
    frames, truth, out = camera
    alone = vmm.phase.magnify(frames, (2, 4), fs=FS, alpha=19)
    assert similarity(out, truth) > 0.975
    assert similarity(out, truth) > max(similarity(frames, truth), similarity(alone, truth)) + 0.1


DISC = (37, 43, 66, 66)  # the region of the disc in the first frame


@pytest.fixture(scope="module")
def disc():
    """A disc with a radius of 30 px that drifts by 45 px and sways by 0.1 px, the true clip at 2 px, and the motion."""
    scene, sway = synthetic.disc((140, 180), radius=30), synthetic.sway(N, FS, 2, 0.1)
    drift = np.outer(0.3 * (np.arange(N) - N / 2), [0, 1])
    return synthetic.render(scene, drift + sway, noise=1.0), synthetic.render(scene, drift + 20 * sway), drift + sway


@pytest.mark.slow
def test_a_disc_that_drifts(disc):
    frames, truth, _ = disc
    out = stabilize.magnify(frames, (1.5, 2.5), fs=FS, alpha=19, roi=DISC)
    assert similarity(out, truth) > max(0.98, similarity(frames, truth) + 0.005)
    still = np.s_[:, :20, :]  # far from the disc
    assert np.array_equal(out[still], frames[still])


@pytest.mark.slow
def test_a_disc_with_its_mask(disc):
    frames, truth, moves = disc
    rows, cols = np.ogrid[:140, :180]
    mask = np.hypot(rows - 69.5, cols - 89.5 - moves[0, 1]) < 30
    out = stabilize.magnify(frames, (1.5, 2.5), fs=FS, alpha=19, roi=DISC, mask=mask.astype(float))
    assert similarity(out, truth) > max(0.98, similarity(frames, truth) + 0.005)


@pytest.mark.parametrize("model", ["translation", "similarity", "affine"])
def test_a_moving_region_is_tracked_before_a_still_background(model, disc):
    frames, _, moves = disc
    middle = np.array([69.5, 75.5])
    measured = places(stabilize.track(frames[::3], DISC, model=model), middle) - middle
    np.testing.assert_allclose(measured, (moves - moves[0])[::3], atol=0.02)


def test_rotation_and_scale_are_tracked():
    true = np.stack([about(MIDDLE, 0.03 * t, (0.8 * t, -0.5 * t), 1 + 0.01 * t) for t in range(12)])
    measured = stabilize.track(photograph(true), (30, 40, 40, 40))
    for corner in ([30, 40], [69, 79]):
        np.testing.assert_allclose(places(measured, np.array(corner)), places(true, np.array(corner)), atol=0.05)


def test_steps_are_tracked():
    true = np.stack([about(MIDDLE, move=d) for d in [(0, 0), (0, 0), (11, -9), (11, -9), (-6.5, 5)]])
    measured = stabilize.track(photograph(true, noise=1.0), (25, 30, 50, 60), model="translation")
    np.testing.assert_allclose(measured, true, atol=0.05)


def test_a_change_of_illumination_is_no_motion():
    frames = photograph(shaken(1)[:20])
    t = np.arange(20)[:, None, None]
    dimmed = (frames * (1 - 0.02 * t) + t).astype(np.float32)
    np.testing.assert_allclose(places(stabilize.track(dimmed)), places(stabilize.track(frames)), atol=0.02)


def test_steady_inverts_the_tracked_motion():
    true = shaken(0)[:40]
    frames = photograph(true)
    still = stabilize.steady(frames, stabilize.track(frames))
    assert still.dtype == frames.dtype and still.shape == frames.shape
    inner = np.s_[:, 20:-20, 20:-20]
    assert np.abs(still[inner].astype(float) - still[0][inner[1:]]).mean() < 1
    with pytest.raises(ValueError, match=r"transforms of shape \(39, 3, 3\) must hold a matrix for each frame"):
        stabilize.steady(frames, true[1:])


@pytest.fixture(scope="module")
def small():
    moves = synthetic.sway(40, FS, 5, 0.2) + synthetic.sway(40, FS, 0.5, 6, angle=60)
    return synthetic.render(synthetic.texture((40, 48)), moves, noise=0.5)


def run(frames, **options):
    options = {"fs": FS, "alpha": 5, "model": "translation", **options}
    return stabilize.magnify(frames, options.pop("band", (3, 7)), **options)


@pytest.mark.parametrize(
    "kind",
    [
        "uint8",
        "uint16",
        "float16",
        pytest.param("float32", marks=pytest.mark.slow),
        pytest.param("float64", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("planes", ["gray", "color"])
def test_shape_and_dtype_are_preserved(kind, planes, small):
    frames = (small if planes == "gray" else np.stack([small, small // 2, 255 - small], axis=-1)).astype(kind)
    original = frames.copy()
    out = run(frames)
    assert out.shape == frames.shape and out.dtype == frames.dtype
    assert not np.array_equal(out, frames)
    assert np.array_equal(original, frames)


@pytest.mark.parametrize("roi", [None, (8, 10, 24, 24)])
def test_alpha_zero_is_the_identity(roi, small):
    for frames in (small, small / 255, np.stack([small] * 3, axis=-1)):
        assert np.array_equal(run(frames, alpha=0, roi=roi), frames)


@pytest.mark.parametrize("model", ["translation", "similarity", "affine"])
def test_a_still_clip_stays_still(model, small):
    still = np.repeat(small[:1], 20, axis=0)
    assert np.array_equal(stabilize.track(still, model=model), np.tile(np.eye(3), (20, 1, 1)))
    assert np.array_equal(run(still, alpha=50, model=model), still)


@pytest.mark.parametrize("cuts", [pytest.param([1], marks=pytest.mark.slow), [7, 8, 30]])
def test_chunks_equal_the_clip(cuts, small):
    chunks = list(run(small[a:b] for a, b in pairwise([0, *cuts, 40])))
    assert [len(chunk) for chunk in chunks] == np.diff([0, *cuts, 40]).tolist()
    assert np.array_equal(np.concatenate(chunks), run(small))


@pytest.mark.slow
def test_other_methods_and_their_options(small):
    by_riesz = run(small, method=vmm.riesz.magnify, sigma=1)
    assert not np.array_equal(by_riesz, run(small))
    ready = run(small, band=None, temporal=vmm.temporal.fir((3, 7), FS))
    assert np.array_equal(ready, run(small))
    assert run(small, smoothness=1.0).shape == small.shape
    options = []

    def method(frames, band, *, fs, alpha):
        options.extend([band, fs, alpha])
        return frames

    assert np.array_equal(run(small, band=5, method=method), small)
    assert options == [5, FS, 5]


@pytest.mark.slow
def test_a_region_that_partly_leaves_the_frame(disc):
    frames = disc[0][::2, :, :130]
    out = stabilize.magnify(frames, (1.5, 2.5), fs=FS / 2, alpha=10, roi=DISC)
    assert out.shape == frames.shape and not np.array_equal(out, frames)


def test_a_region_that_is_lost(disc, small):
    frames = disc[0][::2, :, :85]
    with pytest.raises(ValueError, match=r"lost in frame \d+: it has left the frame; cut the clip before that frame"):
        stabilize.track(frames, (50, 60, 40, 24), model="translation")
    cut = np.concatenate([small[:5], synthetic.render(synthetic.texture((40, 48), seed=9), np.zeros((5, 2)))])
    with pytest.raises(ValueError, match=r"lost in frame 5: .*correlation"):
        stabilize.track(cut, model="translation")
    grown = photograph(np.stack([about(MIDDLE, scale=1 + 0.15 * t) for t in range(9)]))
    with pytest.raises(ValueError, match=r"lost in frame 7: its scale would be .* outside \[0.5, 2\]"):
        stabilize.track(grown, (35, 45, 30, 30))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "projective"}, "model='projective' must be one of translation, similarity, affine"),
        ({"roi": (30, 0, 20, 20)}, r"roi=\(30, 0, 20, 20\).*must lie inside the frame, \(40, 48\)"),
        ({"roi": (0, 0, 4, 20)}, "hold at least 8x8 pixels"),
        ({"feather": -1}, "feather=-1 must be a number of pixels, at least 0"),
        ({"smoothness": 4}, r"smoothness=4 must lie in \(0, 3\], below the band"),
        ({"band": (3, 20)}, r"band=\(3, 20\) must be an increasing pair within"),
        ({"band": None}, "band=None needs temporal"),
        ({"band": None, "temporal": vmm.temporal.difference()}, "give smoothness"),
        ({"mask": np.ones((3, 3))}, r"mask of shape \(3, 3\)"),
        ({"alpha": np.ones((40, 48))}, "use mask to choose where"),
    ],
)
def test_options_out_of_range(options, message, small):
    with pytest.raises(ValueError, match=message):
        run(small, **options)


def test_frames_that_cannot_be_tracked(small):
    with pytest.raises(ValueError, match="no texture in some direction"):
        run(np.zeros((5, 32, 32), np.uint8))
    with pytest.raises(ValueError, match="a clip of 1 frame has no motion"):
        run(small[:1])
    with pytest.raises(ValueError, match="a clip of 0 frames has no motion"):
        list(run(iter([])))
    with pytest.raises(TypeError, match="roi='face' must be a box"):
        run(small, roi="face")
    with pytest.raises(TypeError, match="frames must be"):
        run(7)
