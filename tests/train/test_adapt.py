"""Test-time adaptation of a network to a clip."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vmm.data import synthetic  # noqa: E402
from vmm.engine.static import magnify_static  # noqa: E402
from vmm.train.adapt import adapt, initial_generator, random_pairs, reached  # noqa: E402
from vmm.train.flow import flow  # noqa: E402
from vmm.train.losses import LOSSES  # noqa: E402
from vmm.train.networks import FlowMag, Lightweight  # noqa: E402

SCENE = synthetic.leaves((48, 48), min_radius=4.0)
SWAY = synthetic.sway(8, 8, 1, 0.5)
CLIP = synthetic.render(SCENE, SWAY)
INNER = (..., slice(10, -10), slice(10, -10))


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def seen(frame):
    return torch.from_numpy(frame.astype(np.float32)).expand(1, 3, -1, -1) / 127.5 - 1


def magnified(net, t, factor):
    with torch.no_grad():
        return net(seen(CLIP[0]), seen(CLIP[t]), torch.full((1, 1, 1, 1), float(factor)))


def test_adapting_to_a_clip():
    """The network starts as linear magnification and improves by training on this clip only."""
    before = initial_generator(8).eval()
    after = adapt(before, CLIP, 40, factors=(1.0, 4.0), fresh=True, batch=2, patch=48, device="cpu")

    loss, none = LOSSES["flowmag"](), initial_generator(8).eval()
    torch.nn.init.zeros_(none.out.weight)  # adds nothing
    sample = random_pairs(CLIP, np.random.default_rng(99), factors=(2.0, 4.0), batch=8, patch=48)  # not trained on
    with torch.no_grad():
        lost = [loss(net, sample, 1.0).item() for net in (after, before, none)]
    assert lost[0] < 0.97 * lost[1] < 0.97 * lost[2]

    t = int(np.abs(SWAY[:, 1]).argmax())
    true = seen(SCENE(3 * SWAY[t]))
    moved = [flow(seen(CLIP[0]), frame)[INNER][:, 1].mean().item() for frame in (magnified(after, t, 3), true)]
    assert moved[0] == pytest.approx(moved[1], rel=0.35)
    apart = [(magnified(net, t, 3) - true)[INNER].abs().mean().item() for net in (after, before, none)]
    assert apart[0] < apart[1]
    assert apart[0] < 0.8 * apart[2]
    assert torch.equal(magnified(after, 2, 1), seen(CLIP[2]))  # the factor 1 returns frame b for any weights


def test_the_original_network_is_unchanged():
    net = initial_generator(2)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    made = adapt(net, CLIP, 2, fresh=True, batch=1, patch=16, device="cpu")
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert any(not torch.equal(value, before[name]) for name, value in made.state_dict().items())


def test_the_same_seed_gives_the_same_network():
    nets = [adapt(initial_generator(2), CLIP, 2, batch=1, patch=16, seed=s, device="cpu") for s in (3, 3, 4)]
    weights = [torch.cat([p.flatten() for p in net.parameters()]) for net in nets]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_published_form_can_be_adapted():
    net = FlowMag(4, norm=False)
    made = adapt(net, CLIP, 1, batch=1, patch=32, device="cpu")
    assert any(not torch.equal(x, y) for x, y in zip(made.parameters(), net.parameters(), strict=True))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_pairs_of_any_type(dtype):
    """The crops do not depend on color or bit depth."""
    scale = 257 if dtype is np.uint16 else 1
    given = np.repeat(CLIP[..., None], 3, -1).astype(dtype) * dtype(scale)
    samples = [
        random_pairs(frames, np.random.default_rng(5), patch=32, white=255.0 * s)
        for frames, s in ((CLIP, 1), (given, scale))
    ]
    torch.testing.assert_close(samples[1].b, samples[0].b, rtol=0, atol=1e-5)
    assert samples[0].a.shape == (4, 3, 32, 32)
    assert samples[0].a.abs().max() <= 1


def test_crops_fit_the_network():
    """A network that halves its frames gets even sides, and its output is compared on them, too."""
    frames = CLIP[:, :37, :41]
    assert random_pairs(frames, np.random.default_rng(0), multiple=2).a.shape[2:] == (36, 40)
    net = Lightweight(2, act="leaky", skip=True, shared=True)
    assert adapt(net, frames, 1, batch=1, device="cpu").pair
    assert reached(net, frames, 2.0)[1] < 255


def test_a_perfect_magnifier_reaches_what_was_requested():
    """Also for motion that optical flow does not follow, since both are measured in the same way."""

    def perfect(a, b, factor):
        pair = torch.cat([a, b]).permute(0, 2, 3, 1).numpy()
        out = magnify_static(127.5 * (pair + 1), alpha=float(factor) - 1)[1:]
        return torch.from_numpy(out / 127.5 - 1).permute(0, 3, 1, 2)

    assert reached(perfect, CLIP, 16.0)[0] == pytest.approx(1.0, abs=1e-3)
    assert reached(lambda a, b, factor: b, CLIP, 4.0)[0] == pytest.approx(0.25, abs=0.05)


def test_pairs_hold_the_first_frame_and_another():
    frames = np.zeros((5, 20, 20), np.uint8)
    frames[0] = 255
    sample = random_pairs(frames, np.random.default_rng(0), batch=16, patch=64)
    assert sample.a.shape == (16, 3, 20, 20)
    assert (sample.a.mean((2, 3)) > sample.b.mean((2, 3))).all()


def test_factors_are_numbers_or_maps_of_boxes():
    sample = random_pairs(CLIP, np.random.default_rng(0), factors=(2.0, 16.0), batch=64, patch=32)
    largest = sample.factor.amax((1, 2, 3))
    assert ((largest >= 2) | (largest == 1)).all()
    assert (largest <= 16).all()
    even = sample.factor.amin((1, 2, 3)) == largest
    assert 0.2 < even.float().mean() < 0.8
    assert (sample.factor[~even].amin((1, 2, 3)) == 1).all()


def test_the_progress_bar_is_optional(capsys):
    adapt(initial_generator(2), CLIP, 1, batch=1, patch=16, device="cpu")
    assert capsys.readouterr().err == ""
    adapt(initial_generator(2), CLIP, 1, batch=1, patch=16, progress=True, device="cpu")
    assert "1/1 [" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shape", "steps", "factors", "message"),
    [
        ((1, 32, 32), 1, (1, 2), r"frames of shape \(1, 32, 32\) must be .* with at least 2 frames of 16 x 16"),
        ((4, 32, 8), 1, (1, 2), "at least 2 frames of 16 x 16"),
        ((32, 32), 1, (1, 2), r"must be \(T, H, W\) or \(T, H, W, 3\)"),
        ((4, 32, 32), 0, (1, 2), "steps=0 must be at least 1"),
        ((4, 32, 32), 1, (0, 2), r"factors=\(0, 2\) must be positive total factors"),
        ((4, 32, 32), 1, (4, 2), r"factors=\(4, 2\) must be positive total factors"),
    ],
)
def test_invalid_arguments(shape, steps, factors, message):
    with pytest.raises(ValueError, match=message):
        adapt(initial_generator(2), np.zeros(shape, np.uint8), steps, factors=factors)
