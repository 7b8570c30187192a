"""Networks of the learned magnifiers."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from vmm.data.shifts import translated

torch = pytest.importorskip("torch")

from vmm.train.networks import (  # noqa: E402
    FlowMag,
    Lightweight,
    MagNet,
    RealTime,
    count,
    flowmag,
    operations,
    reflected,
)
from vmm.train.networks.blocks import high_pass_taps  # noqa: E402
from vmm.train.networks.magnet import LAYOUTS  # noqa: E402

NETWORKS: dict[str, Any] = {
    **{f"magnet {name}": partial(MagNet, name) for name in LAYOUTS},
    "magnet that adds": partial(MagNet, padding="zeros", skip=True),
    "lightweight": Lightweight,
    "lightweight of 16": partial(Lightweight, 16, act="relu"),
    "lightweight that adds": partial(Lightweight, padding="reflect", skip=True),
    "real time": partial(RealTime, blocks=4),
    "real time that adds": partial(RealTime, 16, 4, bias=False, padding="zeros", skip=True),
    "fine real time": partial(RealTime, 16, 4, bias=False, padding="zeros", skip=True, shuffle=True, fine=True),
    "flowmag": partial(FlowMag, 8, norm=False),
    "flowmag with norm": partial(FlowMag, 8),
    "flowmag that adds": partial(FlowMag, 8, norm=False, skip=True),
}
SPLIT = [name for name in NETWORKS if name.startswith(("magnet", "real time"))]
ADDS = [name for name in NETWORKS if name.endswith("adds")]
# Frames of these networks must have sides that are multiples of a number.
WHOLE = [name for name in NETWORKS if not name.startswith("flowmag")]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(params=NETWORKS)
def net(request):
    return NETWORKS[request.param]().eval()


def pair(height=32, width=48, batch=1):
    return torch.rand(2, batch, 3, height, width) * 2 - 1


def factor(value):
    return torch.full((1, 1, 1, 1), float(value))


# Parameters and operations.


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (partial(MagNet, "oh"), 918_928),
        (partial(MagNet, "kkjh"), 928_144),
        (partial(MagNet, "postech"), 966_979),
        (partial(MagNet, "zheng"), 877_968),
        (partial(MagNet, "cgst"), 879_843),
        (partial(Lightweight, "light"), 128_574),
        (partial(Lightweight, "base"), 1_145_646),
        (RealTime, 755_523),
        (FlowMag, 17_287_683),
    ],
)
def test_number_of_parameters(make, parameters):
    assert count(make()) == parameters


@pytest.mark.parametrize(("size", "published"), [("light", 42.4), ("base", 375.5)])
def test_operations_of_the_lightweight_network_as_published(size, published):
    """Table 1 of the paper states billions at 720 x 720 pixels; it rounds 42.46 to 42.4."""
    assert operations(Lightweight(size), 720, 720).flops / 1e9 == pytest.approx(published, abs=0.11)


def test_operations_of_the_real_time_network_as_published():
    """The paper counts 41.3 billion products and biases at 384 x 384 pixels, and about 4.2 times fewer."""
    assert sum(operations(MagNet("postech"), 384, 384, cached=True)) / 1e9 == pytest.approx(41.3, abs=0.05)
    assert sum(operations(RealTime(), 384, 384, cached=True)) / 1e9 == pytest.approx(9.46, abs=0.005)


@pytest.mark.parametrize(("layout", "billions"), [("oh", 139.78), ("postech", 161.28), ("zheng", 135.66)])
def test_operations_of_magnet(layout, billions):
    assert operations(MagNet(layout), 720, 720).products / 1e9 == pytest.approx(billions, abs=0.005)


def test_operations_of_flowmag():
    assert operations(FlowMag(), 64, 64).products / 64**2 == 630_336


def test_operations_of_one_layer():
    """Each weight takes one product at each position."""
    net = RealTime(2, 0, bias=False)
    quarter = 7 * 7 * (3 * 2 * 2 + 2 * 2) + 3 * 3 * 2 * 2
    half, full = 3 * 3 * 2 * 2, 3 * 3 * 2 * 2 + 3 * 3 * 2 * 1 + 7 * 7 * 1 * 3
    products, biases = operations(net, 16, 24)
    assert products == 24 * quarter + 96 * half + 384 * full
    assert biases == 96 * 2 + 384 * (2 + 1 + 3)


def test_counting_does_not_change_the_network(net):
    operations(net, 32, 32)
    assert {p.device.type for p in net.parameters()} == {"cpu"}


# Outputs.


def test_output_is_a_frame_of_the_same_size(net):
    with torch.no_grad():
        y = net(*pair(batch=2), factor(10))
    assert y.shape == (2, 3, 32, 48)
    assert torch.isfinite(y).all()


def test_the_parts_compose_to_the_whole_network(net):
    a, b = pair()
    with torch.no_grad():
        if net.pair:
            texture, shape_a, shape_b = net.encode(a, b)
        else:
            (_, shape_a), (texture, shape_b) = net.encode(a), net.encode(b)
        y = net.decode(texture, net.manipulate(shape_a, shape_b, factor(5)))
        assert torch.equal(y, net(a, b, factor(5)))


def test_the_output_is_deterministic(net):
    a, b = pair()
    with torch.no_grad():
        assert torch.equal(net(a, b, factor(5)), net(a, b, factor(5)))


def test_frames_of_a_batch_are_independent(net):
    a, b = pair(batch=2)
    alpha = torch.tensor([3.0, 20.0]).view(2, 1, 1, 1)
    with torch.no_grad():
        both, second = net(a, b, alpha), net(a[1:], b[1:], alpha[1:])
    torch.testing.assert_close(both[1:], second, rtol=1e-4, atol=1e-5)


def test_a_constant_map_equals_a_number(net):
    a, b = pair()
    with torch.no_grad():
        torch.testing.assert_close(
            net(a, b, torch.full((1, 1, 32, 48), 7.0)), net(a, b, factor(7)), rtol=1e-4, atol=1e-5
        )


def test_a_map_acts_locally(net):
    """The output is unchanged at a distance of 400 pixels."""
    if isinstance(net, FlowMag):
        pytest.skip("the receptive field of a U-Net of five levels is too large")
    a, b = pair(16, 600)
    alpha = torch.full((1, 1, 16, 600), 3.0)
    alpha[..., 500:] = 30.0
    with torch.no_grad():
        varied, even = net(a, b, alpha), net(a, b, factor(3))
    torch.testing.assert_close(varied[..., :100], even[..., :100], rtol=1e-4, atol=1e-5)
    assert (varied - even)[..., 520:].abs().max() > 1e-4


def test_every_parameter_has_a_gradient(net):
    a, b = pair()
    loss = net.train()(a, b, factor(5)).square().mean()
    if isinstance(net, Lightweight):
        loss = loss + net.appearance(net.encode(a, b)[0]).square().mean()
    loss.backward()
    still = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    if isinstance(net, FlowMag) and net.norm:  # normalization removes the bias before it
        still = [name for name in still if not name.endswith(("0.bias", "3.bias"))]
    assert still == []


# Sizes.


@pytest.mark.parametrize("name", WHOLE)
def test_sizes_that_are_no_multiples(name):
    net = NETWORKS[name]()
    with pytest.raises(ValueError, match=f"33 x 48 pixels: both sides must be multiples of {net.multiple}"):
        net(*pair(33, 48), factor(2))


@pytest.mark.parametrize("size", [(33, 47), (16, 31)])
def test_flowmag_accepts_any_size(size):
    with torch.no_grad():
        assert FlowMag(4, norm=False)(*pair(*size), factor(2)).shape[-2:] == size


def test_flowmag_needs_at_least_16_pixels():
    with pytest.raises(ValueError, match="12 x 40 pixels: both sides must be at least 16"):
        FlowMag(4, norm=False)(*pair(12, 40), factor(2))


@pytest.mark.parametrize("frames", [torch.zeros(3, 32, 32), torch.zeros(1, 1, 32, 32)])
def test_invalid_frames(frames):
    with pytest.raises(ValueError, match=r"must be \(B, 3, H, W\)"):
        MagNet().encode(frames)


def test_reflected_accepts_any_size(net):
    a, b = pair(33, 47)
    with torch.no_grad():
        assert reflected(net, a, b, factor(2), margin=5).shape == (1, 3, 33, 47)
        assert reflected(net, a, b, torch.ones(1, 1, 33, 47)).shape == (1, 3, 33, 47)


def test_reflected_leaves_valid_sizes_unchanged(net):
    a, b = pair()
    if net.multiple == 1:
        pytest.skip("the network accepts any size")
    with torch.no_grad():
        assert torch.equal(reflected(net, a, b, factor(2)), net(a, b, factor(2)))


@pytest.mark.parametrize("margin", [-1, 32])
def test_invalid_margins(margin):
    with pytest.raises(ValueError, match=f"margin={margin} must be at least 0"):
        reflected(Lightweight(), *pair(), factor(2), margin=margin)  # type: ignore[misc]


# Properties of the architecture for any weights.


@pytest.mark.parametrize("make", [MagNet, partial(MagNet, "kkjh"), partial(RealTime, blocks=2, bias=False)])
def test_a_factor_of_one_gives_the_shape_of_frame_b(make):
    """The manipulator scales by alpha - 1 without a bias, so that the shape is that of frame b for any weights."""
    net = make()
    a, b = pair()
    with torch.no_grad():
        texture, shape = net.encode(b)
        assert torch.equal(net.manipulate(net.encode(a)[1], shape, factor(1)), shape)
        assert torch.equal(net(a, b, factor(1)), net.decode(texture, shape))
        assert not torch.allclose(net(a, b, factor(100)), net(a, b, factor(1)), rtol=0, atol=1e-7)


@pytest.mark.parametrize(("make", "border"), [(partial(RealTime, blocks=1, bias=False), 1), (MagNet, 3)])
def test_a_map_of_one_keeps_the_shape(make, border):
    net = make()
    a, b = pair(32, 64)
    alpha = torch.where(torch.arange(64) < 32, 1.0, 50.0).expand(1, 1, 32, 64)
    with torch.no_grad():
        shape = net.encode(b)[1]
        seen = net.manipulate(net.encode(a)[1], shape, alpha)
    middle = shape.shape[-1] // 2
    assert torch.equal(seen[..., : middle - border], shape[..., : middle - border])
    assert not torch.equal(seen[..., middle:], shape[..., middle:])


@pytest.mark.parametrize("name", ["magnet oh", "magnet kkjh", "magnet zheng", "real time that adds"])
def test_equal_frames_are_not_magnified(name):
    net = NETWORKS[name]()
    a, _ = pair()
    with torch.no_grad():
        shape = net.encode(a)[1]
        assert torch.equal(net.manipulate(shape, shape, factor(50)), shape)


@pytest.mark.parametrize("name", ADDS)
def test_a_residual_network_starts_at_frame_b(name):
    """The output equals frame b exactly if the last layer is zero."""
    net = NETWORKS[name]()
    last = [m for m in net.modules() if getattr(m, "out_channels", 0) == 3]
    for module in last:
        torch.nn.init.zeros_(module.weight)
        if module.bias is not None:
            torch.nn.init.zeros_(module.bias)
    a, b = pair()
    with torch.no_grad():
        assert torch.equal(net(a, b, factor(20)), b)


@pytest.fixture
def fine():
    """Return functions for the change that a network with a zero decoder adds, and for the fine part of a frame."""
    net = NETWORKS["fine real time"]().eval()
    torch.nn.init.zeros_(net.c2.weight)
    torch.nn.init.zeros_(net.c2.bias)

    def tensor(x):
        return torch.from_numpy(x).permute(2, 0, 1)[None].float()

    def part(x):
        return torch.nn.functional.conv2d(tensor(x), high_pass_taps(4), stride=4, padding=1)

    def added(a, b, by):
        with torch.no_grad():
            return torch.nn.functional.pixel_unshuffle(net(tensor(a), tensor(b), factor(by)) - tensor(b), 4)

    return added, part


def rms(x):
    return float(x.square().mean().sqrt())


@pytest.fixture
def texture():
    return gaussian_filter(np.random.default_rng(0).normal(size=(96, 96, 3)).mean(2), 0.7)[..., None] * np.ones(3)


def test_fine_detail_moves_by_small_displacements(fine, texture):
    added, part = fine
    b, there = (translated(texture, np.array([0.0, far])) for far in (0.01, 0.1))
    assert rms(added(texture, b, 10) - part(there - b)) < 0.5 * rms(part(there - b))


def test_fine_detail_is_attenuated_at_large_displacements(fine, texture):
    added, part = fine
    b = translated(texture, np.array([0.0, 0.2]))
    assert rms(added(texture, b, 30) + part(b)) < 0.1 * rms(part(b))


def test_noise_does_not_change_fine_detail(fine, texture):
    added, part = fine
    noise = 0.1 * rms(part(texture)) * np.random.default_rng(1).normal(size=texture.shape)
    assert rms(added(texture, texture + noise, 10)) < 0.2 * 9 * rms(part(noise))


@pytest.mark.parametrize("fine", [False, True])
def test_the_real_time_encoder_is_linear(fine):
    net = RealTime(blocks=1, bias=False, skip=fine, shuffle=fine, fine=fine).double()
    a, b = pair().double()
    with torch.no_grad():
        mixed = net.encode(0.3 * a - 2 * b)[1]
        torch.testing.assert_close(mixed, 0.3 * net.encode(a)[1] - 2 * net.encode(b)[1])


@pytest.mark.parametrize("name", SPLIT)
def test_filtered_shapes_are_magnified_by_the_same_manipulator(name):
    """The change for filtered shapes y does not depend on the shapes x."""
    net = NETWORKS[name]()
    x, y = torch.randn(2, 1, net.encode(pair()[0])[1].shape[1], 8, 12)
    with torch.no_grad():
        seen = net.manipulate(x - y, x, factor(10)) - x
        moved = net.manipulate(-y, torch.zeros_like(x), factor(10))
    torch.testing.assert_close(seen, moved, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("skip", [False, True])
def test_folding_flowmag_does_not_change_the_output(skip):
    net = FlowMag(8, skip=skip)
    a, b = pair(batch=2)
    with torch.no_grad():
        for _ in range(3):
            net(a, b, factor(4))
        plain = flowmag.folded(net).eval()
        assert net.training
        torch.testing.assert_close(plain(a, b, factor(4)), net.eval()(a, b, factor(4)), rtol=1e-4, atol=1e-5)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in plain.modules())


def test_residual_flowmag_keeps_frame_b_where_a_map_is_one():
    net = FlowMag(4, norm=False, skip=True)
    a, b = pair()
    alpha = torch.where(torch.arange(48) < 24, 1.0, 8.0).expand(1, 1, 32, 48)
    with torch.no_grad():
        made = net(a, b, alpha)
    assert torch.equal(made[..., :24], b[..., :24])
    assert not torch.equal(made[..., 24:], b[..., 24:])


def test_residual_flowmag_starts_as_linear_magnification():
    net = FlowMag(4, norm=False, skip=True)
    a, b = pair()
    b = a + 0.05 * b
    with torch.no_grad():
        net.ease()
        net.out.bias.zero_()
        torch.testing.assert_close(net(a, b, factor(6)), a + 6 * (b - a), rtol=0, atol=0.01)


def test_residual_flowmag_does_not_change_equal_frames():
    """The output is also unchanged far from a difference."""
    net = FlowMag(4, norm=False, skip=True)
    a, _ = pair(32, 96)
    b = a.clone()
    b[..., 60:] += 0.1
    with torch.no_grad():
        assert torch.equal(net(a, a, factor(8)), a)
        made = net(a, b, factor(8))
    assert torch.equal(made[..., :40], a[..., :40])
    assert not torch.equal(made[..., 60:], b[..., 60:])


# Invalid arguments.


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MagNet("tf"), "layout='tf' must be one of 'oh'"),
        (lambda: MagNet(padding="same"), "padding='same' must be 'reflect' or 'zeros'"),
        (lambda: Lightweight("heavy"), "size='heavy' must be 'light', 'base' or a number"),
        (lambda: Lightweight(0), "size=0 must be"),
        (lambda: Lightweight(act="gelu"), "act='gelu' must be one of 'relu', 'elu'"),
    ],
)
def test_unknown_options(make, message):
    with pytest.raises(ValueError, match=message):
        make()
