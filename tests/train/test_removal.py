"""Pruning: learning which blocks a network does not need."""

from functools import partial
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from vmm.train.loop import Sample  # noqa: E402
from vmm.train.losses import LOSSES  # noqa: E402
from vmm.train.networks import FlowMag, Lightweight, MagNet, RealTime, count  # noqa: E402
from vmm.train.removal import Removable, penalty, removable, removing, shares, without_removed  # noqa: E402

NETWORKS: dict[str, Any] = {
    "magnet": (partial(MagNet, padding="zeros"), 20),  # 17 residual blocks, 3 activations
    "lightweight": (partial(Lightweight, 4), 38),  # 32 residual blocks, 5 activations of stacks and that of the decoder
    "real time": (partial(RealTime, 8, 3), 4),
    "flowmag": (partial(FlowMag, 2, norm=False), 18),
}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=NETWORKS)
def name(request):
    return request.param


def pair():
    return torch.rand(2, 1, 3, 32, 32) * 2 - 1


def share_all(net, value):
    for module in net.modules():
        if isinstance(module, Removable):
            module.share.data.fill_(value)
    return net


def test_a_network_without_removed_blocks_is_unchanged(name):
    net = NETWORKS[name][0]().eval()
    wrapped, factor = removable(net), torch.full((1, 1, 1, 1), 5.0)
    with torch.no_grad():
        a, b = pair()
        assert torch.equal(wrapped(a, b, factor), net(a, b, factor))
    assert not any(isinstance(m, Removable) for m in net.modules())
    assert type(wrapped) is type(net)


def test_number_of_removable_blocks(name):
    make, blocks = NETWORKS[name]
    assert len(shares(removable(make()))) == blocks
    assert count(removable(make())) == count(make()) + blocks


def test_removing_all_blocks(name):
    wrapped = share_all(removable(NETWORKS[name][0]()), 1.0).eval()
    a, b = pair()
    factor = torch.full((1, 1, 1, 1), 5.0)
    with torch.no_grad():
        torch.testing.assert_close(without_removed(wrapped)(a, b, factor), wrapped(a, b, factor), rtol=1e-4, atol=1e-5)


def test_remaining_blocks_keep_the_effect_that_was_learned():
    wrapped, factor = removable(RealTime(8, 3)).eval(), torch.full((1, 1, 1, 1), 5.0)
    for block, share in zip(wrapped.res, (0.3, 1.0, 0.85), strict=True):
        block.share.data.fill_(share)
    a, b = pair()
    with torch.no_grad():
        smaller = without_removed(wrapped)
        torch.testing.assert_close(smaller(a, b, factor), wrapped(a, b, factor), rtol=1e-4, atol=1e-5)
    assert isinstance(smaller.res[1], torch.nn.Identity) and count(smaller) < count(wrapped) - 3


def test_dropping_no_block_restores_the_network(name):
    net = NETWORKS[name][0]().eval()
    back = without_removed(removable(net))
    a, b = pair()
    with torch.no_grad():
        assert torch.equal(back(a, b, torch.ones(1, 1, 1, 1)), net(a, b, torch.ones(1, 1, 1, 1)))
    assert set(back.state_dict()) == set(net.state_dict())


def test_the_encoder_of_magnet_without_its_blocks_is_linear():
    """Ha et al. show that a linear encoder is sufficient."""
    net = share_all(removable(MagNet(padding="zeros")), 1.0).double().eval()
    encoder, (a, b) = without_removed(net).encoder, pair().double()
    with torch.no_grad():
        for of_sum, of_a, of_b in zip(encoder(a - 2 * b), encoder(a), encoder(b), strict=True):
            torch.testing.assert_close(of_sum, of_a - 2 * of_b)
        shape = MagNet(padding="zeros").double().encoder
        assert not torch.allclose(shape(a - 2 * b)[1], shape(a)[1] - 2 * shape(b)[1], rtol=0.01, atol=0)


def test_a_share_of_one_half_averages():
    block = share_all(Removable(torch.nn.ReLU()), 0.5)
    x = torch.randn(1, 2, 4, 4)
    assert torch.allclose(block(x), 0.5 * torch.relu(x) + 0.5 * x)


def test_shares_stay_between_0_and_1():
    for value, bound in ((-0.3, 0.0), (1.7, 1.0)):
        block = share_all(Removable(torch.nn.ReLU()), value)
        x = torch.randn(1, 2, 4, 4)
        kept = torch.relu(x) if bound == 0 else x
        assert torch.equal(block.eval()(x), kept)
        assert torch.equal(block.train()(x), kept)
        assert block.share.item() == bound


def test_the_penalty_is_the_remaining_share():
    net = removable(RealTime(8, 3))
    assert penalty(net).item() == 1
    net.res[1].share.data.fill_(0.5)
    assert penalty(net, power=2.0).item() == pytest.approx(1 - 0.25 / 4)
    assert list(shares(net)) == ["res.1", "res.0", "res.2", "act"]
    assert shares(net)["res.1"] == 0.5


def test_only_the_block_without_effect_is_removed():
    """Training two blocks with the penalty removes the one that does not affect the output."""
    net = removable(RealTime(8, 2, bias=False))
    net.res[0].block.c2.weight.data.zero_()  # this block adds 0 to its input
    frames = pair()
    with torch.no_grad():
        target = net(*frames, torch.full((1, 1, 1, 1), 3.0))
    sample = Sample(*frames, target, torch.full((1, 1, 1, 1), 3.0), *frames)  # type: ignore[call-arg]
    loss = removing(lambda n, s, p: (n(s.a, s.b, s.factor) - s.target).square().mean() / s.target.var(), 0.05)
    parts = [m.share for m in net.modules() if isinstance(m, Removable)]
    optimizer = torch.optim.Adam(parts, 0.1)
    for _ in range(25):
        optimizer.zero_grad()
        loss(net, sample, 0.5).backward()
        optimizer.step()
    found = shares(net)
    assert found["res.0"] > 0.95
    assert found["act"] < 0.6
    assert isinstance(without_removed(net).res[0], torch.nn.Identity)


def test_pruning_in_the_common_training_loop():
    """Each loss trains all weights of the wrapped network and all shares."""
    net, (a, b) = removable(RealTime(8, 2, act="leaky")), pair()
    loss = removing(LOSSES["painted"]())
    loss(net, Sample(a, b, b, torch.full((1, 1, 1, 1), 2.0), a, b), 0.5).backward()
    still = [n for n, p in net.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert still == []


def test_invalid_arguments():
    with pytest.raises(ValueError, match=r"power=0.5 must be at least 1"):
        removing(LOSSES["painted"](), power=0.5)
    with pytest.raises(ValueError, match="net has no removable blocks: pass"):
        penalty(RealTime(8, 1))
