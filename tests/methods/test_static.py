"""Magnification relative to the first frame: laws, accuracy on two frames, layers and changes of light."""

import numpy as np
import pytest
from cases import moved
from devices import device_of

import vmm
from vmm.backend.dispatch import reference_kernels
from vmm.backend.reference import blur
from vmm.data import layers, shifts, synthetic
from vmm.motion._coarse_to_fine import frame_levels, pair_displacement
from vmm.motion.warp import forward_warp

magnify = vmm.gradient.magnify


@pytest.fixture(scope="module")
def pair():
    """Two frames (2, 64, 64, 3) of a photograph, displaced by 0.2 pixels."""
    scene = shifts.shift("coffee", 0.2, 2.0, side=64)
    return np.stack([scene.a, scene.b])


@pytest.fixture(scope="module")
def clip():
    """A texture (6, 48, 61) that moves up to 0.5 pixels from the first frame."""
    scene = synthetic.texture((48, 61), blur=2.0)
    return synthetic.render(scene, np.linspace(0, 0.5, 6)[:, None] * [0.6, 0.8], dtype=np.float32)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float16", "float32", "float64"])
@pytest.mark.parametrize("is_color", [False, True])
def test_two_frames_of_any_kind(pair, kind, is_color):
    frames = (pair if is_color else pair[..., 1]).astype(kind)[:, :33, :47]
    out = magnify(frames, None, alpha=5)
    assert out.shape == frames.shape and out.dtype == frames.dtype
    assert np.array_equal(out[0], frames[0]) and not np.array_equal(out[1], frames[1])


@pytest.mark.parametrize("kind", ["uint8", "float64"])
def test_alpha_zero_is_the_identity(pair, kind):
    frames = pair.astype(kind)
    assert np.array_equal(magnify(frames, None, alpha=0), frames)


def test_a_still_clip_stays_still(pair):
    still = np.repeat(pair[:1], 3, axis=0)
    assert np.array_equal(magnify(still, None, alpha=50), still)


def test_nothing_changes_outside_the_mask(pair):
    mask = np.zeros(pair.shape[1:3])
    mask[10:40, 20:50] = 1
    out = magnify(pair, None, mask=mask, alpha=10)
    assert np.array_equal(out[:, mask == 0], pair[:, mask == 0])
    assert (out != pair)[1][mask == 1].any(axis=-1).mean() > 0.5


def test_chunks_equal_the_clip(clip):
    whole = magnify(clip, None, alpha=5)
    chunks = list(magnify((clip[a:b] for a, b in [(0, 1), (1, 4), (4, 6)]), None, alpha=5))
    assert np.array_equal(np.concatenate(chunks), whole)


def test_a_frame_does_not_depend_on_other_frames_but_the_first(clip):
    assert np.array_equal(magnify(clip, None, alpha=5)[5], magnify(clip[[0, 5]], None, alpha=5)[1])


@pytest.mark.parametrize("alpha", [-1.0, 3.0, 9.0])
def test_output_motion_is_one_plus_alpha_times_the_input_motion(clip, alpha):
    inner = [(12, 12, 24, 36)]
    before, after = (moved(x, inner)[5, 0] for x in (clip, magnify(clip, None, alpha=alpha)))
    np.testing.assert_allclose(after, (1 + alpha) * before, atol=0.02 * (1 + abs(alpha)) * 0.5)


def test_a_map_of_one_number_equals_the_number(clip):
    amap = np.full(clip.shape[1:], 4.0)
    np.testing.assert_allclose(magnify(clip, None, alpha=amap), magnify(clip, None, alpha=4), rtol=0, atol=1e-3)


def test_motion_beyond_the_limit_fades_out(clip):
    free, limited = (magnify(clip, None, alpha=100, limit=limit)[5] for limit in (np.inf, 2.0))
    assert np.abs(limited - clip[5]).mean() < 0.2 * np.abs(free - clip[5]).mean()


@pytest.mark.parametrize("scale", [1 / 255, 16.0])
def test_the_scale_of_gray_levels_does_not_matter(clip, scale):
    out = magnify((clip * scale).astype(np.float32), None, alpha=5) / scale
    np.testing.assert_allclose(out, magnify(clip, None, alpha=5), rtol=0, atol=0.2)


@pytest.mark.parametrize(
    ("column", "minimum"), [((0.2, 5.0, 0.0), 0.95), ((1.0, 5.0, 0.0), 0.97), ((0.2, 2.0, 3.0), 0.93)]
)
def test_photographs_are_near_the_truth(column, minimum):
    run = lambda a, b, factor: magnify(np.stack([a, b]), None, alpha=factor - 1)[1]  # noqa: E731
    assert shifts.similarities(run, [column], ["coffee"], side=128)[0] > minimum


def test_layers_are_near_the_truth():
    run = lambda a, b, factor: magnify(np.stack([a, b]), None, alpha=factor - 1)[1]  # noqa: E731
    ((frame, near),) = layers.similarities(run, [(0.5, 5.0, 0.0)], [1, 2], side=128)
    assert frame > 0.93 and near > 0.88


def test_noise_of_compression_does_not_move_areas_without_texture():
    """The left half is a texture that moves; the right half is a ramp with noise in blocks, equal in all channels."""
    rng, scene = np.random.default_rng(0), synthetic.texture((96, 128))
    gray = synthetic.render(scene, np.array([[0, 0], [0, 0.4]]), dtype=np.float32)
    gray[:, :, 64:] = 100 + 0.2 * np.arange(64)
    blocks = rng.normal(0, 1.0, (2, 24, 32)).repeat(4, axis=1).repeat(4, axis=2)
    frames = np.rint(gray + blur(blocks, (1.0, 1.0)))[..., None].repeat(3, axis=-1).astype(np.uint8)
    first, second = (frame_levels(np.moveaxis(frame.astype(np.float32), -1, 0)) for frame in frames)
    displacement = pair_displacement(first, second, 0.4)
    ramp = displacement[:, 12:-12, 80:-12]
    assert np.abs(ramp).mean() < 0.15 and np.abs(np.diff(ramp, axis=2)).mean() < 0.01
    np.testing.assert_allclose(displacement[:, 12:-12, 12:48].mean(axis=(1, 2)), [0, 0.4], atol=0.04)


@pytest.mark.parametrize("change", [lambda x: 1.02 * x, lambda x: x + 3])
def test_a_change_of_light_is_not_magnified(change):
    a = shifts.shift("coffee", 0.0, 0.0, side=128).truth.astype(np.float32)
    b = change(a).astype(np.float32)
    assert np.abs(magnify(np.stack([a, b]), None, alpha=15)[1] - b).mean() < 0.4


def test_content_that_differs_from_the_rest_is_in_front():
    """The background moves by 3 px to the left and a strip is at rest: the strip is in front."""
    displacement = np.zeros((2, 24, 40), np.float32)
    displacement[1] = -3
    displacement[1, :, 16:24] = 0
    warped = forward_warp(displacement, rest=(0.0, -3.0))
    assert not warped[1, 2:-2, 16:24].any()
    assert (forward_warp(displacement)[1, 2:-2, 16:24] == 0).mean() < 1


def test_compiled_kernels_equal_the_reference(pair):
    frames = pair[:, :35, :46].astype(np.float32)
    with reference_kernels():
        expected = magnify(frames, None, alpha=5)
    np.testing.assert_allclose(magnify(frames, None, alpha=5), expected, rtol=0, atol=0.1)


def test_frames_on_a_device(pair):
    frames = pair[:, :35, :46].astype(np.float32)
    with device_of("stand-in, plain kernels") as device:
        out = device.back(magnify(device.put(frames), None, alpha=5))
    np.testing.assert_allclose(out, magnify(frames, None, alpha=5), rtol=0, atol=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "limit=0 must be at least 1e-06"),
        ({"alpha": [1, 2]}, "alpha holds 2 values"),
        ({"alpha": np.ones((3, 3))}, "must have the shape of a frame"),
        ({"mask": np.ones((3, 3))}, "mask of shape"),
    ],
)
def test_wrong_options(pair, options, message):
    with pytest.raises(ValueError, match=message):
        magnify(pair, None, **options)


def test_frames_that_are_too_small():
    with pytest.raises(ValueError, match="too small"):
        magnify(np.zeros((2, 3, 9)), None)


@pytest.mark.parametrize("value", [0, 100])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(2, 16, 16, 3), (3, 24, 25)])
def test_frames_without_texture_stay_as_they_are(shape, dtype, value):
    frames = np.full(shape, value, dtype)
    np.testing.assert_array_equal(vmm.gradient.magnify(frames, None), frames)
