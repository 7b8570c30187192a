"""Magnification by the generator of FlowMag."""

import builtins
import contextlib

import numpy as np
import pytest

import vmm
from vmm import flowmag
from vmm.data import synthetic


def clip(n=4, shape=(32, 40)):
    return synthetic.render(synthetic.leaves(shape), synthetic.sway(n, n, 1, 0.3))


class Linear:
    """A network that adds (factor - 1) (b - a) to frame b, so that the factors of two runs multiply."""

    name, kind, pair, step = "linear", "flowmag", True, 1

    def __init__(self):
        self.factors = []

    def size(self, frame):
        from vmm.learned.network import Size

        return Size(frame, (0, 0), frame)

    def factor(self, alpha):
        return 1 + alpha

    def encode(self, a, b):
        return [b, a, b]

    def manipulate(self, shape_a, shape_b, factor):
        told = np.broadcast_to(np.asarray(factor, np.float32), shape_a.shape[-2:])[None, None]
        self.factors.append(told)
        return np.concatenate([(shape_a + 1) / 2, (shape_b + 1) / 2, told], axis=1)

    def decode(self, texture, shape):
        a, b, factor = shape[:, :3], shape[:, 3:6], shape[:, 6:7]
        return 2 * (a + factor * (b - a)) - 1


@pytest.fixture
def linear(monkeypatch):
    net = Linear()
    monkeypatch.setattr(flowmag, "load", lambda weights, kind=None: net)
    return net


def faint(n=4, shape=(20, 24)):
    """Return floating-point frames around mid-gray that no factor clips."""
    return 128 + np.random.default_rng(0).normal(0, 0.1, (n, *shape)).astype(np.float32)


# The factor that the generator receives.


def test_the_total_factor_is_one_more_than_alpha(linear):
    frames = faint()
    out = flowmag.magnify(frames, alpha=9, weights="linear")
    np.testing.assert_allclose(out, frames[0] + 10 * (frames - frames[0]), atol=1e-3)
    assert all((told == 10).all() for told in linear.factors)


def test_the_mask_goes_into_the_generator(linear):
    """The factor is 1 outside the mask and halfway to the full factor where the mask is 0.5."""
    frames, mask = faint(), np.zeros((20, 24))
    mask[:10, :12], mask[:10, 12:] = 1, 0.5
    out = flowmag.magnify(frames, alpha=8, mask=mask, weights="linear")
    for told in linear.factors:
        np.testing.assert_allclose(told[0, 0], 1 + 8 * mask)
    np.testing.assert_array_equal(out[:, 10:], frames[:, 10:])
    inside = np.s_[:, :10, :12]
    np.testing.assert_allclose(out[inside], (frames[0] + 9 * (frames - frames[0]))[inside], atol=1e-3)


def test_a_map_of_alpha(linear):
    alpha = np.linspace(0, 10, 24)[None].repeat(20, 0)
    flowmag.magnify(faint(), alpha=alpha, weights="linear")
    np.testing.assert_allclose(linear.factors[0][0, 0], 1 + alpha, rtol=1e-6)


@pytest.mark.parametrize(("alpha", "each"), [(15.0, 16.0), (15.1, 16.1**0.5), (255.0, 16.0)])
def test_factors_above_16_run_twice_with_the_square_root(linear, alpha, each):
    frames = faint()
    out = flowmag.magnify(frames, alpha=alpha, weights="linear")
    assert all(told == pytest.approx(each) for told in linear.factors)
    np.testing.assert_allclose(out, frames[0] + (1 + alpha) * (frames - frames[0]), atol=2e-2)


def test_alpha_of_zero_is_the_identity(linear):
    frames = clip()
    np.testing.assert_array_equal(flowmag.magnify(frames, alpha=0, weights="linear"), frames)


def test_chunks_equal_the_clip(linear):
    frames = np.repeat(clip(6)[..., None], 3, -1)
    out = flowmag.magnify(iter([frames[:1], frames[1:4], frames[4:]]), alpha=3, weights="linear")
    np.testing.assert_array_equal(np.concatenate(list(out)), flowmag.magnify(frames, alpha=3, weights="linear"))


# Invalid arguments.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 300}, r"alpha=300 must lie in \[0, 255\]: .* from 1 to 16, and runs twice for factors up to 256"),
        ({"alpha": -1}, r"alpha=-1 must lie in \[0, 255\]"),
        ({"alpha": np.full((32, 40), 400.0)}, r"alpha=400 must lie in \[0, 255\]"),
        ({"adapt": -3}, "adapt=-3 must be a number of training steps"),
        ({"adapt": True}, "adapt=True must be one whole number"),
        ({"save": "net.onnx"}, "save='net.onnx' writes an adapted network and needs adapt"),
        ({"save": "nowhere/net.onnx", "adapt": 1}, "save='nowhere/net.onnx': the folder .* does not exist"),
        ({"weights": "nowhere.onnx"}, "weights='nowhere.onnx' must be one of"),
        ({"mask": np.zeros((3, 3))}, r"mask of shape \(3, 3\) must have the shape"),
    ],
)
def test_invalid_arguments(options, message, request):
    if "mask" in options:
        request.getfixturevalue("linear")
        options = {"weights": "linear", **options}
    with pytest.raises((ValueError, TypeError), match=message):
        flowmag.magnify(clip(), **options)


def test_the_light_network_is_the_default():
    """Without weights, the network of ``vmm.lightweight`` magnifies; outside the mask nothing changes."""
    frames, box = clip(4, (48, 64)), (16, 16, 16, 24)
    out = flowmag.magnify(frames, alpha=4)
    np.testing.assert_array_equal(out, vmm.lightweight.magnify(frames, mode="static", alpha=4))
    np.testing.assert_array_equal(out, flowmag.magnify(frames, alpha=4, weights=flowmag.GENERATOR))
    masked, outside = flowmag.magnify(frames, alpha=4, mask=box), np.ones((48, 64), bool)
    outside[16:32, 16:40] = False
    np.testing.assert_array_equal(masked[:, outside], frames[:, outside])
    assert (masked != frames).any()


def test_networks_of_other_kinds_are_refused():
    with pytest.raises(ValueError, match="is a network of kind 'realtime', but kind 'flowmag' is required"):
        flowmag.magnify(clip(), weights="realtime")


def test_frames_that_are_too_small(linear):
    with pytest.raises(ValueError, match="frames of 12 x 40 pixels must be at least 16 x 16"):
        flowmag.magnify(clip(shape=(12, 40)), weights="linear")


def test_adapting_without_pytorch(monkeypatch):
    kept = builtins.__import__

    def without(name, *args, **options):
        if name == "vmm.train":
            raise ModuleNotFoundError("No module named 'torch'")
        return kept(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="adapt=5 trains a network, which needs PyTorch: pip install torch onnx"):
        flowmag.magnify(clip(), adapt=5)


# With PyTorch.


@pytest.mark.slow
def test_an_adapted_network_is_saved_and_adapted_further(monkeypatch, tmp_path):
    """One test covers all steps, since writing the graphs takes seconds."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from vmm.learned import load
    from vmm.train import adapt, restore
    from vmm.train.export import export

    initial, frames, path = tmp_path / "initial.onnx", clip(), tmp_path / "adapted.onnx"
    export(adapt.initial_generator(4), initial, "flowmag")
    monkeypatch.setattr(adapt, "reached", lambda *args, **options: (0.2, 5.0))
    with pytest.warns(UserWarning, match=r"adapt=2 steps, the network reaches 20% .* is reduced to 20%: use more"):
        out = flowmag.magnify(frames, alpha=4, adapt=2, weights=initial, save=path)
    assert out.shape == frames.shape
    assert out.dtype == np.uint8
    whole = flowmag.magnify(frames, alpha=4, weights=path).astype(int)
    assert np.abs(whole - frames).max() > 5
    between = (whole > 0) & (whole < 255)  # values that are not clipped
    np.testing.assert_allclose(out[between], (frames + 0.2 * (whole - frames))[between], atol=1)

    made = flowmag.magnify(frames, alpha=4, mask=(8, 10, 16, 20), weights=path)
    outside = np.ones(frames.shape[1:], bool)
    outside[8:24, 10:30] = False
    np.testing.assert_array_equal(made[:, outside], frames[:, outside])
    assert (made[:, ~outside] != frames[:, ~outside]).any()

    net, graphs = restore.flowmag(path), load(path)  # the file restores the weights for further training
    a, b = np.random.default_rng(0).uniform(-1, 1, (2, 1, 3, 19, 33)).astype(np.float32)
    texture, *shapes = graphs.encode(a, b)
    theirs = graphs.decode(texture, graphs.manipulate(shapes[0], shapes[1], 3.0))
    with torch.no_grad():
        ours = net.eval()(torch.from_numpy(a), torch.from_numpy(b), torch.full((1, 1, 1, 1), 3.0)).numpy()
    np.testing.assert_allclose(theirs, ours, atol=1e-4)


@pytest.mark.parametrize(("reached", "strength"), [((0.9, 1.0), 1.0), ((0.3, 1.0), 1.0), ((0.9, 16.0), 1 / 16)])
def test_the_output_of_too_few_steps_gives_a_warning(reached, strength):
    context = (
        contextlib.nullcontext() if reached == (0.9, 1.0) else pytest.warns(UserWarning, match="after adapt=7 steps")
    )
    with context:
        assert flowmag._strength(reached, 7) == strength


def test_adapting_reads_the_whole_iterator_first(monkeypatch):
    """The frames for training are spread over the clip and include the first."""
    given = []

    def noted(frames, *args):
        given.append(frames)
        return Linear(), 1.0

    monkeypatch.setattr(flowmag, "_adapted", noted)
    monkeypatch.setattr(flowmag, "_MAX_TRAINING_FRAMES", 4)
    frames = clip(11)
    out = flowmag.magnify(iter([frames[:2], frames[2:7], frames[7:]]), alpha=3, adapt=1)
    assert np.concatenate(list(out)).shape == frames.shape
    np.testing.assert_array_equal(given[0], frames[::3])
    np.testing.assert_array_equal(flowmag.magnify(frames, alpha=3, adapt=1).shape, frames.shape)
    np.testing.assert_array_equal(given[1], frames[::3])
