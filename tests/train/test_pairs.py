"""Training pairs of synthetic scenes."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import vmm  # noqa: E402
from vmm.data import shifts  # noqa: E402
from vmm.train import pairs as made  # noqa: E402
from vmm.train import textures  # noqa: E402
from vmm.train.dataset import PairDataset  # noqa: E402
from vmm.train.pairs import Scenes, pairs  # noqa: E402

SMALL = Scenes(patch=48, max_output=6.0)


@pytest.fixture(scope="module")
def bank():
    return textures.texture_bank(6, 6, side=160)


def only(monkeypatch, kind):
    monkeypatch.setattr(made, "KINDS", {kind: 1.0})


def test_the_same_seed_gives_the_same_pairs(bank):
    one, other = next(pairs(bank, 4, SMALL, seed=3)), next(pairs(bank, 4, SMALL, seed=3))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not torch.equal(one.a, next(pairs(bank, 4, SMALL, seed=4)).a)
    again = textures.texture_bank(6, 6, side=160)
    assert torch.equal(bank.textures, again.textures) and torch.equal(bank.mattes, again.mattes)


def test_photographs_of_the_test_set_are_held_out():
    trained = {name.partition(".")[0] for name in textures.TRAINING}
    assert not trained & {*shifts.HELD_OUT, "coffee", "chelsea"}


def test_rendered_motion_is_exact():
    """Motion from a hundredth of a pixel on is accurate, and motion by whole pixels is exact."""
    rows, cols = (2 * np.pi * np.arange(200) / period for period in (14.0, 22.0))  # the samples are half a pixel apart
    wave = 128 + 60 * np.sin(rows)[:, None] + 60 * np.cos(cols)
    cut = torch.tensor(np.broadcast_to(wave, (1, 4, 200, 200)), dtype=torch.float32)

    def moved(down, right):
        return made._shifted(cut, np.array([[down, right]]), 64)[0, 0].double().numpy()

    for size in (0.01, 0.3):
        seen = vmm.measure.displacement(np.stack([moved(0, 0), moved(size, -size)])).values[:, 0]
        np.testing.assert_allclose(seen[1] - seen[0], [size, -size], rtol=0.05)
    np.testing.assert_allclose(moved(3, -2)[3:, :-2], moved(0, 0)[:-3, 2:], atol=1e-3)


def test_motion_and_values_stay_within_the_limits(bank):
    scenes = Scenes(patch=32, max_motion=2.0, max_output=5.0, max_factor=20.0)
    batches = pairs(bank, 64, scenes)
    for _ in range(3):
        batch = next(batches)
        assert batch.reach.max() <= 5.0 + 1e-4
        assert batch.factor.min() >= 0 and batch.factor.max() <= 20
        assert batch.a.dtype == batch.b.dtype == batch.target.dtype == torch.uint8


def test_static_scenes_differ_only_by_dither(bank, monkeypatch):
    only(monkeypatch, "static")
    batch = next(pairs(bank, 8, SMALL))
    assert (batch.reach == 0).all()
    assert (batch.a.int() - batch.b.int()).abs().max() <= 1
    assert (batch.a != batch.b).any()
    assert (batch.target.int() - batch.a.int()).abs().max() <= 1


def test_objects_move_before_a_still_background(bank, monkeypatch):
    only(monkeypatch, "objects")
    batch = next(pairs(bank, 32, Scenes(patch=48, max_output=6.0, min_output=6.0, objects=2)))
    change = (batch.target.int() - batch.a.int()).abs().amax(1)
    assert (change <= 1).float().mean() > 0.5  # background
    assert (change > 8).float().mean() > 0.01  # objects


def test_dither_preserves_motion_of_a_hundredth_of_a_pixel(bank, monkeypatch):
    """The mean of b - a follows a change that rounding would remove."""
    only(monkeypatch, "background")
    scenes = Scenes(patch=48, max_output=2.0, min_output=2.0, max_factor=100.0)
    batch = next(pairs(bank, 256, scenes, seed=1))
    small = batch.factor > 30
    change, wanted = (x[small].double() for x in (batch.b - 0.0 - batch.a, batch.target - 0.0 - batch.a))
    slope = (change * wanted / batch.factor[small].double()[:, None, None, None]).sum()
    norm = (wanted / batch.factor[small].double()[:, None, None, None]).square().sum()
    assert (slope / norm).item() == pytest.approx(1.0, abs=0.35)


@pytest.mark.parametrize("wrong", [{"patch": 8}, {"max_output": 0.0}, {"objects": -1}, {"max_motion": -1.0}])
def test_invalid_scenes(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Scenes(**wrong)


def test_textures_that_are_too_small(bank):
    with pytest.raises(ValueError, match="call texture_bank with side="):
        next(pairs(bank, 1, Scenes(patch=96, max_output=30.0)))


def test_dataset(bank, tmp_path):
    dataset = PairDataset(tmp_path / "pairs", size=20, patch=32)
    dataset.fill(pairs(bank, 8, Scenes(patch=32, max_output=4.0)))
    assert dataset.full and len(PairDataset(tmp_path / "pairs")) == 20
    batch = next(dataset.batches(4, limits=lambda: (2.0, 15.0)))
    assert (batch.reach <= 2).all() and (batch.factor <= 15).all()
    frames = np.stack([x.numpy() for x in batch[:3]], 1)
    sums = {tuple(sorted(one[0].reshape(3, -1).sum(1, dtype=int))) for one in dataset.frames}
    assert {tuple(sorted(one[0].reshape(3, -1).sum(1, dtype=int))) for one in frames} <= sums  # turned, not changed
