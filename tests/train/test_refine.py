"""Training of the network that refines displacements: scenes, symmetries, loss and command."""

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from vmm.motion._evidence import PLANES  # noqa: E402
from vmm.train import refine, samples  # noqa: E402
from vmm.train.loop import Settings  # noqa: E402
from vmm.train.networks.refiner import Refiner  # noqa: E402
from vmm.train.scenes import FINE, MotionPair, motion_pair  # noqa: E402

SYMMETRIES = list(itertools.product((0, 1), repeat=3))


class Chosen:
    """A random generator that chooses a given symmetry and leaves the colors in their order."""

    def __init__(self, symmetry):
        self.symmetry = symmetry

    def integers(self, *_, **__):
        return self.symmetry

    def permutation(self, n):
        return np.arange(n)


@pytest.fixture(scope="module")
def textures():
    coarse = np.random.default_rng(1).integers(0, 255, (3, 3, FINE // 8 + 1, FINE // 8 + 1), np.uint8)
    return coarse.repeat(8, axis=2).repeat(8, axis=3)[..., :FINE, :FINE]


@pytest.fixture(scope="module")
def pair(textures):
    return motion_pair(np.random.default_rng(11), textures, textures[:, :1])


def turned_frames(x, symmetry):
    """Frames (H, W[, 3]) in the symmetry."""
    transpose, down, right = symmetry
    x = np.swapaxes(x, 0, 1) if transpose else x
    return np.ascontiguousarray(x[:: -1 if down else 1, :: -1 if right else 1])


def turned_pair(pair, symmetry):
    transpose, down, right = symmetry
    field = np.stack([turned_frames(x, symmetry) for x in pair.displacement])
    field = field[::-1] if transpose else field
    signs = np.array([-1 if down else 1, -1 if right else 1])[:, None, None]
    return MotionPair(turned_frames(pair.a, symmetry), turned_frames(pair.b, symmetry), field * signs)


def test_a_pair_repeats_and_its_frames_differ_by_the_displacement(pair, textures):
    again = motion_pair(np.random.default_rng(11), textures, textures[:, :1])
    for one, other in zip(pair, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert pair.a.dtype == np.uint8 and 0 < abs(pair.displacement).max() < 8


@pytest.mark.parametrize("symmetry", SYMMETRIES[1:])
def test_samples_turn_with_the_frames(pair, symmetry):
    """The evidence of turned frames is the turned evidence, except that levels are sampled at other pixels."""
    chosen: Any = Chosen(symmetry)
    sample = torch.from_numpy(samples.sample(pair)).permute(2, 0, 1)[None]
    expected = samples.augment(sample, chosen)[0].numpy()
    direct = np.moveaxis(samples.sample(turned_pair(pair, symmetry)), -1, 0).astype(float)
    for plane, (x, y) in enumerate(zip(direct, expected, strict=True)):
        assert np.corrcoef(x.ravel(), y.ravel())[0, 1] > 0.8, plane


def test_a_new_network_leaves_displacements_as_they_are(pair):
    crops = torch.from_numpy(samples.sample(pair)).permute(2, 0, 1)[None, :, :64, :64].float()
    terms = refine._terms(refine.initial(), crops)
    assert float(terms.refined) == pytest.approx(float(terms.classical))


def test_a_uniform_displacement_cannot_change():
    planes = torch.rand(1, PLANES, 32, 32)
    planes[:, :2], planes[:, 4:6] = 0.5, 0.0
    with torch.no_grad():
        change = Refiner()(planes) - planes[:, :2]
    assert change.abs().max() < 1e-3


def test_training_reduces_the_error(pair):
    crops = torch.from_numpy(samples.sample(pair)).permute(2, 0, 1)[None, :, 56:104, 56:104].float()
    training = refine._Refinement(refine.initial(), refine.loss, Settings(minutes=1e6, rate=2.0))
    losses = [float(training._step(crops)) for _ in range(10)]  # A thousandth of the rate: the warm-up.
    assert losses[-1] < 0.98 * losses[0]


@pytest.mark.slow
def test_the_command_writes_a_network(tmp_path, monkeypatch):
    monkeypatch.setattr(refine, "HELD_OUT", 2)
    from vmm.learned.refine import Refiner as Installed
    from vmm.train.__main__ import main

    options = ["--minutes", "0.05", "--pairs", "3", "--textures", "2", "--batch", "1", "--crop", "32"]
    main(["refiner", *options, "--out", str(tmp_path)])
    assert Installed(tmp_path / "refiner.onnx").path.stat().st_size < 600_000
