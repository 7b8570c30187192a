"""Differentiable optical flow."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vmm.data import synthetic  # noqa: E402
from vmm.motion import flow as classical  # noqa: E402
from vmm.train.flow import flow, inside, positions, trust, warp  # noqa: E402
from vmm.train.pairs import Scenes, pairs  # noqa: E402
from vmm.train.textures import texture_bank  # noqa: E402

SCENES: dict[str, Any] = {"texture": synthetic.texture, "pink": synthetic.pink, "leaves": synthetic.leaves}
INNER = (..., slice(12, -12), slice(12, -12))


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def shown(scene, move):
    """Return a frame (1, 3, H, W) in [-1, 1] of the scene after a displacement."""
    return torch.from_numpy(np.repeat(scene(move)[None, None], 3, 1)).float() / 127.5 - 1


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("move", [(0.0, 0.1), (0.3, -0.2), (3.0, 0.0), (2.0, -3.0)])
def test_known_shifts(name, move):
    """The flow is within 3 percent of the shift, below and above one pixel."""
    scene = SCENES[name]((64, 96))
    found = flow(shown(scene, (0, 0)), shown(scene, move))[INNER].mean((0, 2, 3))
    wanted = torch.tensor(move)
    assert (found - wanted).norm() < 0.03 * wanted.norm()


def test_a_batch_equals_its_single_frames():
    scenes = [make((48, 64)) for make in SCENES.values()]
    a, b = (torch.cat([shown(scene, move) for scene in scenes]) for move in ((0, 0), (0.4, 0.7)))
    each = torch.cat([flow(x[None], y[None]) for x, y in zip(a, b, strict=True)])
    torch.testing.assert_close(flow(a, b), each, rtol=1e-3, atol=1e-3)


def test_warping_by_the_flow_aligns_synthetic_layers():
    """Warping frame b by the flow gives frame a if the whole scene moves."""
    scenes = Scenes(64, objects=0, max_motion=3.0, max_output=3.0, min_output=3.0, max_factor=1.5)
    batch = next(pairs(texture_bank(4, 4, side=160), 8, scenes))
    a, b = (x.float() / 127.5 - 1 for x in batch[:2])
    moved = (a - b).abs().mean((1, 2, 3)) > 0.01
    assert moved.any()
    back, apart = warp(b, flow(a, b)) - a, a - b
    assert back[moved][INNER].abs().mean() < 0.4 * apart[moved][INNER].abs().mean()


def test_equals_the_flow_in_numpy():
    scene = synthetic.leaves((64, 80))
    a, b = scene((0, 0)), scene((0.4, -1.3))
    theirs = classical(a, b)[INNER]
    ours = flow(shown(scene, (0, 0)), shown(scene, (0.4, -1.3)))[0].numpy()[INNER]
    assert np.sqrt(np.mean((ours - theirs) ** 2)) < 0.05


def test_equal_frames_have_no_flow():
    a = shown(synthetic.texture((32, 48)), (0, 0))
    assert flow(a, a).abs().max() < 1e-3
    flat = torch.zeros(1, 3, 32, 48)
    assert flow(flat, flat + 0.1).abs().max() < 1e-3


def test_gradients_with_respect_to_the_displacement():
    """The flow grows by as much as the displacement of the frame."""
    scene = synthetic.pink((48, 64))
    a, b = shown(scene, (0, 0)), shown(scene, (0, 1.0))
    further = torch.zeros((), requires_grad=True)
    b = warp(b, torch.stack([0 * further, -further]).view(1, 2, 1, 1).expand(1, 2, 48, 64))
    flow(a, b)[INNER][:, 1].mean().backward()
    assert further.grad.item() == pytest.approx(1, abs=0.1)


def test_gradients_equal_finite_differences():
    torch.manual_seed(1)
    a, b = (shown(synthetic.texture((40, 40)), move).double() for move in ((0, 0), (0.3, 0.2)))
    change = torch.randn_like(b)
    b.requires_grad_()
    flow(a, b)[INNER].square().mean().backward()
    along = (b.grad * change).sum().item()
    more, less = (flow(a, b.detach() + s * 1e-3 * change)[INNER].square().mean().item() for s in (1, -1))
    assert along == pytest.approx((more - less) / 2e-3, rel=0.25)


def test_gradient_descent_moves_a_frame():
    """Steps along the gradient bring a frame closer to one with the requested motion."""
    scene = synthetic.texture((48, 48), blur=2.0)
    a, true = shown(scene, (0, 0)), shown(scene, (0, 0.4))
    out = a.clone().requires_grad_()
    wanted = torch.tensor([0.0, 0.4]).view(1, 2, 1, 1)
    for _ in range(12):
        (grad,) = torch.autograd.grad((flow(a, out) - wanted).square().sum(), out)
        out = (out - 0.004 * grad).detach().requires_grad_()
    assert flow(a, out.detach())[INNER][:, 1].mean().item() == pytest.approx(0.4, abs=0.05)
    made, asked = ((x - a).detach().mean(1)[INNER].flatten() for x in (out, true))
    assert (made @ asked / made.norm() / asked.norm()).item() > 0.9


def test_warp_samples_at_the_end_of_the_flow():
    image = torch.randn(2, 4, 12, 16)
    assert torch.allclose(warp(image, torch.zeros(2, 2, 12, 16)), image, atol=1e-3)
    moved = warp(image, torch.tensor([1.0, -2.0]).view(1, 2, 1, 1).expand(2, 2, 12, 16))
    assert torch.allclose(moved[..., 1:-2, 3:-1], image[..., 2:-1, 1:-3], atol=1e-3)
    assert torch.allclose(moved[..., :, 0], moved[..., :, 1], atol=1e-3)  # the border pixels are repeated


def test_pixels_that_leave_the_frame():
    moves = torch.tensor([0.0, 2.5]).view(1, 2, 1, 1).expand(1, 2, 6, 8)
    assert inside(moves)[0, 0].sum(0).tolist() == [6.0] * 5 + [0.0] * 3
    assert positions(moves)[:, 2, 5].tolist() == [2.0, 5.0]


@pytest.mark.parametrize(
    ("a", "b", "sigma", "message"),
    [
        ((1, 3, 16, 16), (1, 3, 16, 17), 2.5, r"\(1, 3, 16, 16\) and \(1, 3, 16, 17\) must have the same shape"),
        ((3, 16, 16), (3, 16, 16), 2.5, r"must have the same shape \(B, 3, H, W\)"),
        ((1, 3, 8, 16), (1, 3, 8, 16), 2.5, "at least 12 x 12"),
        ((1, 3, 16, 16), (1, 3, 16, 16), 0.0, "sigma=0.0 must be a positive number of pixels"),
    ],
)
def test_invalid_arguments(a, b, sigma, message):
    with pytest.raises(ValueError, match=message):
        flow(torch.zeros(a), torch.zeros(b), sigma=sigma)


def test_displacements_of_areas_without_contrast_have_little_weight():
    """Half of the frame is flat, so that its displacement is that of the noise."""
    torch.manual_seed(0)
    frames = torch.rand(1, 3, 48, 64) - 0.5
    frames[..., 32:] = 0
    a, b = (frames + 0.02 * torch.randn_like(frames) for _ in range(2))
    weight = trust(a, b, torch.zeros(1, 2, 48, 64))
    assert weight[..., :22].min() > 0.9 and weight[..., 42:].max() < 0.5
    assert trust(a, a, torch.zeros(1, 2, 48, 64)).min() > 0.99
