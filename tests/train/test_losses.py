"""Losses of the networks."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest

torch = pytest.importorskip("torch")

from vmm.train.flow import warp  # noqa: E402
from vmm.train.loop import Sample  # noqa: E402
from vmm.train.losses import LOSSES, painted  # noqa: E402
from vmm.train.networks import FlowMag, Lightweight, MagNet, RealTime  # noqa: E402

SIDE = 48


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def scene(move, n=2):
    """Return two crossed waves (n, 3, H, W) in [-1, 1], displaced to the right by ``move`` pixels."""
    rows, cols = torch.meshgrid(torch.arange(float(SIDE)), torch.arange(float(SIDE)), indexing="ij")
    across, down = torch.cos(0.4 * (cols - move) + 0.1 * rows), torch.cos(0.35 * rows + 0.2 * (cols - move))
    return (0.4 * across + 0.4 * down).expand(n, 3, SIDE, SIDE).contiguous()


def sample(factor=4.0, move=0.5):
    a, b = scene(0.0), scene(move)
    return Sample(a, b, scene(factor * move), torch.full((2, 1, 1, 1), factor), a, b)


class Painter(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A network that returns a fixed frame."""

    pair = True

    def __init__(self, frame):
        super().__init__()
        self.frame = frame

    def forward(self, a, b, factor):
        return self.frame


# All networks.


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("painted", partial(RealTime, 8, 1)),
        ("painted", partial(FlowMag, 2, norm=False)),
        ("magnet", partial(MagNet, padding="zeros", skip=True)),
        ("lightweight", partial(Lightweight, 4, skip=True)),
        ("flowmag", partial(FlowMag, 2, norm=False)),
        ("flowmag", partial(Lightweight, 4)),
    ],
)
def test_training_reduces_the_loss(name, make):
    net = make()
    loss = LOSSES[name]()(net, sample(), 0.5)
    loss.backward()
    assert loss.shape == ()
    assert loss > 0
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in net.parameters())


def test_the_plain_loss_compares_the_frame():
    net, given = RealTime(8, 1).eval(), sample()
    from vmm.train.loop import magnified

    assert torch.equal(LOSSES["painted"]()(net, given, 0.3), painted(magnified(net, given), given, 0.3))


# MagNet.


def test_magnet_penalizes_color_in_shape_and_motion_in_texture():
    """The penalty grows with the change of color and with the motion, and vanishes at a share of 0."""
    net, still = MagNet(padding="zeros"), sample(move=0.0)
    extra = lambda given: LOSSES["magnet"](1.0)(net, given, 0.5) - LOSSES["magnet"](0.0)(net, given, 0.5)  # noqa: E731
    colored = [replace(still, b=still.b + c, target=still.target + c) for c in (0.05, 0.2)]
    with torch.no_grad():
        assert extra(still).item() == pytest.approx(0, abs=1e-6)
        assert 0 < extra(colored[0]) < extra(colored[1])
        assert 0 < extra(sample(move=0.2)) < extra(sample(move=1.0))


def test_magnet_ignores_the_fine_frame_of_the_texture():
    """The fine frame that accompanies the texture changes with motion and is not penalized."""
    net, given = MagNet(padding="zeros", skip=True), sample()
    with torch.no_grad():
        extra = LOSSES["magnet"](1.0)(net, given, 0.5) - LOSSES["magnet"](0.0)(net, given, 0.5)
        textures = [net.encoder(x)[0] for x in (given.a, given.b, given.target)]
        wanted = sum((x - y).abs().mean() for x, y in pairwise(textures))
    assert textures[0].shape[1] == 32
    assert extra.item() == pytest.approx(wanted.item(), abs=1e-4)


# The lightweight network.


def test_lightweight_compares_the_appearance(monkeypatch):
    """The decoded appearance is compared with both frames at half their size."""
    net, given = Lightweight(4), sample()
    picture = torch.nn.functional.avg_pool2d((given.a + given.b) / 2, 2)
    with torch.no_grad():
        lost = []
        for shown in (picture, picture + 0.3):
            monkeypatch.setattr(net, "appearance", partial(lambda shown, texture: shown, shown))
            lost.append(LOSSES["lightweight"](share=1.0)(net, given, 0.5))
        apart = (given.a - given.b).abs().mean()  # half of the difference remains on either side
    assert lost[0] < lost[1]
    assert (lost[1] - lost[0]).item() == pytest.approx(2 * 0.3 - apart.item(), abs=0.1)


def test_the_proxy_loss_is_zero_only_without_noise():
    net, given = Lightweight(4), sample()
    with torch.no_grad():
        noisy = replace(given, a=given.a + 0.1 * torch.randn_like(given.a))
        plain, led = (LOSSES["lightweight"](proxy, share=1.0) for proxy in (None, net))
        assert led(net, given, 0.5).item() == pytest.approx(plain(net, given, 0.5).item(), abs=1e-5)
        assert led(net, noisy, 0.5) > plain(net, noisy, 0.5) + 1e-3


def test_the_proxy_is_not_trained():
    net, proxy = Lightweight(4), Lightweight(4)
    before = [p.clone() for p in proxy.parameters()]
    loss = LOSSES["lightweight"](proxy)
    torch.nn.init.zeros_(proxy.decoder.out.weight)  # the loss has a proxy of its own
    loss(net, sample(), 0.5).backward()
    assert all(p.grad is None for p in proxy.parameters())
    assert torch.equal(before[0], next(proxy.parameters()))


# FlowMag.


def test_flowmag_is_smallest_at_the_requested_motion():
    """The loss does not use the true frame."""
    loss, given = LOSSES["flowmag"](), replace(sample(), target=torch.zeros(2, 3, SIDE, SIDE))
    lost = [loss(Painter(scene(move)), given, 1.0).item() for move in (0.5, 1.25, 2.0, 2.75)]
    assert lost[2] == min(lost)
    assert lost[2] < 0.1 * lost[0]
    assert loss(Painter(-scene(2.0)), given, 1.0) > lost[0]


def test_flowmag_compares_the_colors_with_frame_b():
    given = sample()
    true = scene(2.0)
    tinted = true + torch.tensor([0.2, -0.1, 0.0]).view(3, 1, 1)
    motion, color = LOSSES["flowmag"](1.0, 0.0), LOSSES["flowmag"](0.0, 10.0)
    assert motion(Painter(tinted), given, 1.0) < 0.1
    assert color(Painter(tinted), given, 1.0) > 4 * color(Painter(true), given, 1.0)


def test_flowmag_accepts_a_map_of_factors():
    """The loss is smallest for frame b where the factor is 1 and for magnified motion elsewhere."""
    given = sample()
    right = (torch.arange(SIDE) >= SIDE // 2).float().expand(2, 1, SIDE, SIDE)
    given.factor = 1 + 3 * right
    moves = torch.zeros(2, 2, SIDE, SIDE)
    moves[:, 1:] = -0.5 * given.factor
    half = warp(scene(0.0), moves)
    loss = LOSSES["flowmag"]()
    targeted, everywhere, none = (loss(Painter(x), given, 1.0).item() for x in (half, scene(2.0), scene(0.5)))
    assert targeted < 0.7 * min(everywhere, none)


def test_flowmag_ignores_pixels_that_leave_the_frame():
    given = sample(factor=200.0)
    assert LOSSES["flowmag"]()(Painter(given.b), given, 1.0).item() == 0
