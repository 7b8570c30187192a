"""Published weights in our networks of the same form."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

torch = pytest.importorskip("torch")

from vmm.data import synthetic  # noqa: E402
from vmm.train.networks import FlowMag, Lightweight, MagNet, flowmag, lightweight, magnet  # noqa: E402
from vmm.train.networks.magnet import Layout  # noqa: E402

WEIGHTS = Path(__file__).parents[3] / "shared" / "weights"


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def pair(height=32, width=48):
    return torch.rand(2, 1, 3, height, width) * 2 - 1


def factor(value):
    return torch.full((1, 1, 1, 1), float(value))


def published(name):
    if not (WEIGHTS / name).exists():
        pytest.skip(f"without shared/weights/{name}")
    if name.endswith(".pth"):
        return torch.load(WEIGHTS / name, weights_only=True, map_location="cpu")
    return dict(np.load(WEIGHTS / name))


PUBLISHED: dict[str, Any] = {
    "zheng": (partial(MagNet, "zheng"), magnet.load_published, "magnet_zheng_layout.npz", 4),
    "zheng as published": (partial(MagNet, "zheng"), magnet.load_published, "magnet_zheng_layout.pth", 4),
    "cgst": (partial(MagNet, "cgst"), magnet.load_published, "magnet_cgst.npz", 4),
    "light": (Lightweight, lightweight.load_published, "lightweight_light_published.npz", 8),
}


def moved_frames(*moves):
    """Return color frames (1, 3, 96, 96) in [-1, 1] of a scene, displaced to the right by ``moves`` pixels."""
    light = synthetic.render(synthetic.leaves((96, 96), min_radius=5), np.array([(0, m) for m in moves]), dtype=float)
    tint = np.array([1.0, 0.8, 0.6])[:, None, None]
    return torch.from_numpy(light[:, None, None] * tint / 127.5 - 1).float()


def shift(x, still):
    """Return the small displacement of a picture to the right, in pixels, by least squares."""
    x, still = (scipy.ndimage.gaussian_filter(p[0].mean(0).double().numpy(), 3.0)[16:-16, 16:-16] for p in (x, still))
    slope = np.gradient((x + still) / 2, axis=1)
    return -(slope * (x - still)).sum() / (slope**2).sum()


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_weights_magnify(name):
    """A motion of 0.2 px is magnified ten times in its direction; the lightweight network shows about twice as much."""
    make, load, file, most = PUBLISHED[name]
    net = load(make(), published(file)).eval()
    a, b = moved_frames(0.0, 0.2)
    with torch.no_grad():
        out, still = net(a, b, factor(10)), net(a, a, factor(10))
    assert shift(b, a) == pytest.approx(0.2, rel=0.1)
    assert (still - a).abs().mean() < 0.12  # with BGR in the place of RGB the difference would be larger
    assert 1.0 < shift(out, still) < most
    with torch.no_grad():
        back = net(b, a, factor(10))
    assert shift(back, still) < -0.8


def test_both_files_of_zheng_are_the_same():
    one, other = (PUBLISHED[n][1](MagNet("zheng"), published(PUBLISHED[n][2])) for n in ("zheng", "zheng as published"))
    assert all(torch.equal(one.state_dict()[k], v) for k, v in other.state_dict().items())


def test_weights_for_values_from_zero_to_one_are_converted():
    """The converted weights give the same result for values in [-1, 1]."""
    plain = MagNet(Layout(g=3, bias=True, shape_entry=True, texture_exit=False, from_b=False)).double()
    turned = magnet.load_published(MagNet("cgst").double(), plain.state_dict())
    a, b = pair().double()
    with torch.no_grad():
        expected = 2 * plain((a + 1) / 2, (b + 1) / 2, factor(5).double()) - 1
        torch.testing.assert_close(turned(a, b, factor(5).double()), expected)


def test_weights_for_bgr_are_converted():
    """The converted weights give the same result for RGB."""
    theirs = Lightweight(4)
    names = {"encoder.": "enc.", "manipulator.": "dec.man.", "decoder.": "dec."}
    state = {}
    for name, value in theirs.state_dict().items():
        head = next(h for h in names if name.startswith(h))
        state[names[head] + name.removeprefix(head)] = value.numpy()
    ours = lightweight.load_published(Lightweight(4), state)
    a, b = pair()
    with torch.no_grad():
        torch.testing.assert_close(ours(a, b, factor(5)), theirs(a.flip(1), b.flip(1), factor(5)).flip(1))


def test_published_parameter_names_of_flowmag_are_recognized():
    """The names are those of the published modules."""
    theirs, state = FlowMag(4), {}
    for name, value in theirs.state_dict().items():
        part, *rest = name.split(".")
        if part == "out":
            state[f"generator.up_layers.4.conv.{rest[0]}"] = value
        elif part == "up":
            state[f"generator.up_layers.{rest[0]}.conv.double_conv.{'.'.join(rest[1:])}"] = value
        else:
            inside = "" if rest[0] == "0" else "maxpool_conv.1."
            state[f"generator.down_layers.{rest[0]}.{inside}double_conv.{'.'.join(rest[1:])}"] = value
    ours = flowmag.load_published(FlowMag(4), state)
    assert all(torch.equal(ours.state_dict()[k], v) for k, v in theirs.state_dict().items())


def test_weights_of_another_network_are_refused():
    with pytest.raises(RuntimeError, match="size mismatch"):
        magnet.load_published(MagNet("zheng"), {**MagNet("zheng").state_dict(), "encoder.c1.weight": np.zeros((1, 1))})
