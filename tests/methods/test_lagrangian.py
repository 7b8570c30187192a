"""Magnification along trajectories: optical flow, trajectories, filtering and warping."""

import sys
from functools import partial
from typing import Any

import numpy as np
import pytest
from cases import TOLERANCE, VIDEOS, moved
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

import vmm
import vmm.lagrangian
from vmm.backend.autoregression import Autoregression, of_signals
from vmm.backend.dispatch import reference_kernels
from vmm.backend.levels import spline_coefs
from vmm.data import synthetic
from vmm.engine.visibility import VisibilityWeights
from vmm.motion import flow, trajectories
from vmm.motion.warp import bicubic, bilinear, forward_warp, pixel_positions
from vmm.temporal import acceleration, butterworth, difference, fir, ideal

pytestmark = pytest.mark.slow  # the laws of all methods, which cover this one too, are in the fast tests
magnify = vmm.lagrangian.magnify
FS = 30
INNER = [(24, 24, 48, 48)]


def swaying(frames=48, amplitude=0.05, frequency=2.5, drift=0.0, seed=0, noise=0.0, dtype=np.float32):
    """Return a clip of a texture of 96 x 96 pixels and its displacement to the right, in pixels."""
    moves = synthetic.sway(frames, FS, frequency, amplitude)
    moves[:, 1] += drift * np.arange(frames)
    clip = synthetic.render(synthetic.texture((96, 96), seed=seed), moves, noise=noise, dtype=dtype)
    return clip, moves[:, 1]


def seen(frames):
    return moved(frames, INNER)[:, 0, 1]


def gain(out, frames, away):
    vibration = synthetic.sway(len(frames), FS, 2.5, 0.05)[away, 1]
    added = (seen(out) - seen(frames))[away]
    return np.dot(added - added.mean(), vibration) / np.dot(vibration, vibration)


@pytest.mark.parametrize("d", [(0.0, 0.05), (-0.3, 0.2), (1.4, -2.2), (5.0, 3.0)])
def test_flow_of_a_shifted_texture(d):
    scene = synthetic.pink((96, 96))
    found = flow(scene((0, 0)), scene(d))[:, 16:-16, 16:-16]
    np.testing.assert_allclose(found.mean(axis=(1, 2)), d, atol=5e-3)
    assert found.std(axis=(1, 2)).max() < 0.05


@pytest.mark.parametrize("scale", [1 / 255, 257.0])
def test_flow_does_not_depend_on_the_scale_of_gray_levels(scale):
    scene = synthetic.texture((64, 64))
    a, b = scene((0, 0)), scene((0.3, 0.1))
    np.testing.assert_allclose(flow(a * scale, b * scale), flow(a, b), atol=2e-3)


def test_noise_does_not_bias_flow():
    frames = synthetic.render(synthetic.texture((128, 128)), np.array([(0, 0), (0, 0.2)]), noise=4.0)
    assert flow(frames[0], frames[1])[1, 16:-16, 16:-16].mean() == pytest.approx(0.2, rel=0.05)


def test_flow_between_equal_or_uniform_frames_is_zero():
    assert not flow(np.zeros((32, 40)), np.zeros((32, 40))).any()


def test_flow_of_invalid_frames():
    with pytest.raises(ValueError, match="must be of one size"):
        flow(np.zeros((32, 40)), np.zeros((32, 41)))
    with pytest.raises(ValueError, match="sigma=0 must be a positive number"):
        flow(np.zeros((32, 40)), np.zeros((32, 40)), sigma=0)


@pytest.mark.parametrize(
    ("name", "temporal", "rel"),
    [
        ("fir", partial(fir, taps=31), 0.05),
        ("acceleration", None, 0.05),
        ("butterworth", butterworth, 0.10),
        ("ideal", ideal, 0.05),
    ],
)
def test_motion_is_magnified_by_one_plus_alpha(name, temporal, rel):
    frames, _ = swaying()
    ready = acceleration(2.5, FS)
    options = {"band": None, "temporal": ready} if temporal is None else {"band": (1.5, 4.0), "temporal": temporal}
    out = magnify(frames, fs=FS, alpha=5, **options)
    assert gain(out, frames, slice(16, 32) if name != "butterworth" else slice(24, 48)) == pytest.approx(5, rel=rel)


def test_vibration_is_magnified_and_drift_is_unchanged():
    frames, _ = swaying(drift=0.5)
    out = magnify(frames, None, alpha=5, temporal=acceleration(2.5, FS))
    assert gain(out, frames, slice(12, 36)) == pytest.approx(5, rel=0.1)
    added = seen(out) - seen(frames)
    assert abs(added[24:36].mean() - added[12:24].mean()) < 0.02  # of a drift of 6 pixels, averaged over whole periods


def test_motion_outside_the_band_is_unchanged():
    frames, _ = swaying(frequency=8.0)
    out = magnify(frames, (1.5, 4.0), fs=FS, alpha=10, temporal=partial(fir, taps=31))
    change = (seen(out) - seen(frames))[15:-15]
    assert np.abs(change - change.mean()).max() < 0.02


def test_alpha_of_minus_one_removes_the_motion():
    frames, moves = swaying(amplitude=0.3)
    out = magnify(frames, None, alpha=-1, temporal=acceleration(2.5, FS))
    assert seen(out)[12:36].std() < 0.05 * moves[12:36].std()


def similarity(a, b):
    options = {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    return np.mean([structural_similarity(x, y, **options) for x, y in zip(a[::6], b[::6], strict=True)])


def test_a_disc_that_drifts_before_a_still_background():
    scene, n = synthetic.disc((112, 144), radius=30), 42
    drift = np.outer(0.5 * (np.arange(n) - n / 2), (0, 1))
    vibration = synthetic.sway(n, FS, 2, 0.1)
    frames = synthetic.render(scene, drift + vibration, noise=1.0)
    truth = synthetic.render(scene, drift + 20 * vibration)
    out = magnify(frames, None, alpha=19, temporal=acceleration(2, FS))
    nothing, ours = similarity(frames, truth), similarity(out, truth)
    assert nothing < 0.96
    assert ours > 0.98


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("colors", [(), (3,)])
def test_shape_and_dtype_are_preserved(dtype, colors):
    frames = np.random.default_rng(0).integers(0, 200, (7, 12, 18, *colors)).astype(dtype)
    for temporal in (acceleration(8, FS), butterworth((3, 8), FS)):
        out = magnify(frames, None, alpha=3, temporal=temporal)
        assert out.shape == frames.shape and out.dtype == frames.dtype
        np.testing.assert_array_equal(magnify(frames, None, alpha=0, temporal=temporal), frames)


@pytest.mark.parametrize("temporal", [acceleration(5, FS), butterworth((3, 8), FS), ideal((3, 8), FS)])
def test_a_still_clip_stays_still(temporal):
    frame = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    frames = np.stack([frame] * 12)
    np.testing.assert_array_equal(magnify(frames, None, alpha=20, temporal=temporal), frames)
    small = frames / np.float32(255)
    np.testing.assert_array_equal(magnify(small, None, alpha=20, temporal=temporal), small)


@pytest.mark.parametrize("temporal", [acceleration(6, FS), butterworth((2, 8), FS), ideal((2, 8), FS)])
@pytest.mark.parametrize("sizes", [(1, 2, 20), (23,), (9, 0, 14)])
def test_chunks_equal_the_clip(temporal, sizes):
    frames = swaying(23, amplitude=0.3, dtype=np.uint8)[0][:, :32, :40]
    chunks = np.split(frames, np.cumsum(sizes)[:-1])
    parts = list(magnify(iter(chunks), None, alpha=5, temporal=temporal))
    np.testing.assert_array_equal(np.concatenate(parts), magnify(frames, None, alpha=5, temporal=temporal))


def test_nothing_changes_outside_the_mask():
    frames, _ = swaying(20, amplitude=0.3, dtype=np.uint8)
    run = partial(magnify, frames, None, temporal=acceleration(5, FS))
    box = run(alpha=10, mask=(20, 24, 40, 44))
    inside = np.zeros(frames.shape[1:], bool)
    inside[20:60, 24:68] = True
    np.testing.assert_array_equal(box[:, ~inside], frames[:, ~inside])
    np.testing.assert_array_equal(box[:, 30:50, 34:58], run(alpha=10)[:, 30:50, 34:58])
    np.testing.assert_array_equal(run(alpha=10 * inside.astype(float), mask=inside.astype(float)), box)


@pytest.mark.parametrize("temporal", [acceleration(2, FS), partial(fir, (1.5, 4.0), FS, taps=31)()])
@pytest.mark.parametrize("around", [(14, 14), (14, 0), (3, 9), (0, 14), (1, 1)])
def test_steady_motion_is_not_weighted(temporal, around):
    b, f = (min(n, temporal.delay) for n in around)
    row = VisibilityWeights(temporal, temporal.delay, Autoregression((0.5, -0.8), 1)).row(b, f)
    times = np.arange(-b, f + 1)
    assert abs(row.sum()) < 1e-12 and abs(row @ times) < 1e-11
    if b == f == temporal.delay:
        np.testing.assert_allclose(row, temporal.apply(np.eye(2 * b + 1), None)[0][-1], atol=1e-12)


def test_weights_of_a_whole_clip_filter():
    wave = np.sin(2 * np.pi * 3 * np.arange(60) / FS + 0.3)
    temporal = ideal((2, 4), FS)
    row = VisibilityWeights(temporal, 59, of_signals(wave, temporal.band)).row(29, 30)
    assert row @ wave == pytest.approx(wave[29], abs=0.05)


def tracked(frames, moves, size):
    return np.broadcast_to(np.stack([0 * moves, moves], axis=1)[:, :, None, None], (frames, 2, *size))


def test_flow_may_be_an_array_of_displacements():
    frames, moves = swaying(drift=0.2)
    given = tracked(48, moves, (96, 96))
    out = magnify(frames, None, alpha=5, flow=given, temporal=acceleration(2.5, FS))
    assert gain(out, frames, slice(12, 36)) == pytest.approx(5, rel=0.03)
    parts = magnify(iter([frames[:20], frames[20:]]), None, alpha=5, flow=given, temporal=acceleration(2.5, FS))
    np.testing.assert_array_equal(np.concatenate(list(parts)), out)


def test_flow_may_be_a_function():
    frames, moves = swaying()
    order = {frame.tobytes(): t for t, frame in enumerate(frames)}

    def known(a, b):
        step = moves[order[b.tobytes()]] - moves[order[a.tobytes()]]
        return np.broadcast_to(np.array([0, step]).reshape(2, 1, 1), (2, *a.shape))

    out = magnify(frames, None, alpha=5, flow=known, sigma=0, temporal=acceleration(2.5, FS))
    assert gain(out, frames, slice(12, 36)) == pytest.approx(5, rel=0.03)


@pytest.mark.parametrize("name", ["ilk", "tvl1"])
def test_flow_of_scikit_image(name):
    frames, _ = swaying(12, amplitude=1.0, frequency=5)
    frames = frames[:, :40, :40]
    options: dict[str, Any] = {"alpha": 1, "temporal": acceleration(5, FS)}
    out, ours = (magnify(frames, None, flow=which, **options) for which in (name, None))
    assert np.abs(out - ours).mean() < 0.5 * np.abs(frames - ours).mean()


def test_flow_of_opencv_without_opencv(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ImportError, match="pip install opencv-python-headless"):
        magnify(swaying(4)[0], (1, 3), fs=FS, flow="farneback")


CLIP = np.random.default_rng(0).integers(0, 256, (8, 16, 16)).astype(np.uint8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"flow": "raft"}, "flow='raft' must be None, 'tvl1'"),
        ({"flow": np.zeros((8, 2, 16, 15))}, r"must hold displacements \(2, 16, 16\)"),
        ({"flow": np.zeros((7, 2, 16, 16))}, "for all frames, also t = 7"),
        ({"flow": np.zeros((9, 2, 16, 16))}, "for 9 frames, but there are 8"),
        ({"flow": lambda a, b: a}, r"flow gave an array \(16, 16\)"),
        ({"flow": lambda a, b: np.full((2, 16, 16), np.nan), "temporal": butterworth}, "must be finite"),
        ({"sigma": 0}, "sigma=0 must be a positive number"),
        ({"alpha": [1, 2]}, "it must be a number or a map"),
        ({"alpha": np.ones((3, 3))}, "must have the shape of a frame"),
        ({"alpha": np.nan}, "alpha=nan must be finite"),
        ({"mask": (0, 0, 99, 99)}, "must lie inside the frame"),
        ({"temporal": acceleration(2, FS)}, "must be None, because temporal is a filter"),
        ({"temporal": lambda band, fs: difference()}, "must be a look-ahead or whole-clip filter, or recursive"),
    ],
)
def test_invalid_options(options, message):
    with pytest.raises(ValueError, match=message):
        magnify(CLIP, (5, 10), fs=FS, **options)


def test_invalid_frames():
    with pytest.raises(ValueError, match="a clip of 1 frame has no motion"):
        magnify(CLIP[:1], (5, 10), fs=FS)
    with pytest.raises(ValueError, match="too small to estimate motion"):
        magnify(CLIP[:, :3], (5, 10), fs=FS)
    with pytest.raises(ValueError, match="hold NaN"):
        magnify(np.full((4, 8, 8), np.nan), (5, 10), fs=FS)
    with pytest.raises(TypeError, match="must be a NumPy or CuPy array"):
        magnify(3, (5, 10), fs=FS)  # type: ignore[type-var]


def compare(kernel, *arguments):
    fast, plain = kernel(*arguments), kernel.plain(*arguments)
    assert fast.dtype == plain.dtype and fast.shape == plain.shape
    np.testing.assert_allclose(fast, plain, rtol=0, atol=TOLERANCE["float32"] * max(1.0, float(np.abs(plain).max())))


@pytest.mark.parametrize("size", [(33, 47), (5, 6), (4, 4)])
def test_compiled_equals_reference(size, rng):
    fields, points = rng.normal(size=(3, *size)), rng.uniform(-6, 60, (2, 21, 13))
    fields, points = fields.astype(np.float32), points.astype(np.float32)
    compare(bilinear, fields, points)
    compare(bicubic, fields, points)
    trust, speed = rng.uniform(0.1, 1, size).astype(np.float32), 0.1 * fields[:2]
    compare(trajectories.average_similar, fields[:2], trust, speed, np.array([1, 0.8, 0.4, 0.1]), 0.5)


def test_splines_interpolate_their_samples(rng):
    image = rng.normal(size=(1, 9, 12)).astype(np.float32)
    np.testing.assert_allclose(bicubic(spline_coefs(image), np.indices((9, 12), np.float32)), image, atol=1e-5)


def wavy(rng, size, largest):
    moves = np.stack([gaussian_filter(rng.normal(size=size), 4) for _ in range(2)]).astype(np.float32)
    return moves * np.float32(largest / np.abs(moves).max())


@pytest.mark.parametrize("largest", [2, 12])
def test_compiled_forward_warp_equals_reference(largest, rng):
    compare(forward_warp, wavy(rng, (40, 50), largest))


def test_forward_warp_inverts_the_displacement(rng):
    moves = wavy(rng, (60, 70), 2)
    came = forward_warp(moves)
    left = bilinear(moves, pixel_positions(came) - came)
    np.testing.assert_allclose(came[:, 4:-4, 4:-4], left[:, 4:-4, 4:-4], atol=0.02)


def test_moving_pixels_cover_still_pixels():
    moves = np.zeros((2, 8, 30), np.float32)
    moves[1, :, 10:20] = 3
    came = forward_warp(moves)
    assert (came[1, :, 13:23] == 3).all()
    assert (came[1, :, :10] == 0).all() and (came[1, :, 23:] == 0).all()
    assert (np.diff(came[1, :, 9:14], axis=1) >= 0).all()  # the covered background is stretched


@pytest.mark.parametrize("t", [0, 4, 8])
def test_compiled_trajectories_equal_reference(t, rng):
    n, size = 9, (24, 30)
    forth, back = (0.7 * rng.normal(size=(n, 2, *size)).astype(np.float32) for _ in range(2))
    patterns = rng.normal(size=(n, *size)).astype(np.float32)
    ahead, behind = list(range(t, min(t + 5, n))), list(range(t, max(t - 5, -1), -1))
    noise = tuple(np.full(len(s) - 1, 2.0) for s in (ahead, behind))
    of_visibility = VisibilityWeights(acceleration(5, FS), 4, Autoregression((), 1))
    weights, levels = of_visibility.table(len(behind) - 1, len(ahead) - 1)
    slope = np.ones(size, np.float32)
    given = forth, back, patterns, ahead, behind, noise, slope, weights, levels
    compare(trajectories.follow_points, *given)


def test_result_without_compiled_kernels_is_the_same():
    frames = swaying(9, amplitude=0.3)[0][:, :32, :40]
    for temporal in (acceleration(6, FS), butterworth((2, 8), FS)):
        fast = magnify(frames, None, alpha=3, temporal=temporal)
        with reference_kernels():
            plain = magnify(frames, None, alpha=3, temporal=temporal)
        np.testing.assert_allclose(fast, plain, atol=0.02)


def test_skin_vibrates_after_recoil():
    path = VIDEOS / "gun_shot.mp4"
    if not path.exists():
        pytest.skip("needs the published clip gun_shot.mp4")
    frames = np.asarray(vmm.io.read(path)[0])[10:24, 100:200, 200:320]
    out = magnify(frames, None, alpha=8, temporal=acceleration(128, 480))
    assert 0.1 < np.abs(out.astype(float) - frames).mean() < 10
    assert (
        np.abs(np.diff(out.astype(float), axis=2)).mean() < 1.5 * np.abs(np.diff(frames.astype(float), axis=2)).mean()
    )
