"""The experiments of the study on cases with known results, at their smallest size."""

from typing import Any

import numpy as np
import pytest

import vmm
from benchmarks import peers as packages
from benchmarks.study import accuracy, contact_sheet, cost, large_motion, peers, probe, selectivity
from benchmarks.study.entrants import entrants
from benchmarks.study.settings import TINY
from benchmarks.study.types import Curves, Pictures, Table
from vmm.data.rods import plate, rod
from vmm.data.stripes import stripe_rois, stripes
from vmm.measure import phasors

MODULES = (accuracy, contact_sheet, cost, large_motion, peers, selectivity)


@pytest.fixture(scope="module")
def some():
    found = entrants(TINY)
    return {name: found[name] for name in ("nothing", "phase")}


@pytest.fixture(autouse=True)
def few(monkeypatch, some):
    for module in MODULES:
        monkeypatch.setattr(module, "entrants", lambda setting: some)


def done(module, out, *wanted):
    """Run the jobs whose key ends with one of ``wanted``, or all, and return their results by key."""
    return {job.key: job.run() for job in module.jobs(TINY, out) if not wanted or job.key[1:] in wanted}


def test_phasors_of_two_frequencies_are_separate():
    t = np.arange(50) / 30
    wave = 0.3 * np.sin(2 * np.pi * 2.5 * t) + 2 * np.cos(2 * np.pi * 3.4 * t + 0.5) + 7 - t
    found = phasors(wave, (2.5, 3.4), fs=30)
    np.testing.assert_allclose(found, [-0.3j, 2 * np.exp(0.5j)], atol=1e-9)
    with pytest.raises(ValueError, match="must lie inside"):
        phasors(wave, (20.0,), fs=30)
    with pytest.raises(ValueError, match="too few"):
        phasors(wave[:5], (2.5, 3.4), fs=30)


def test_each_stripe_moves_alone():
    shape = (48, 96)
    made = stripes(shape, 3, kind="texture")
    moves = np.zeros((2, 3, 2))
    moves[1, 1] = 0.2, -0.1
    clip = np.stack([made(m) for m in moves]).astype(np.float32)
    seen = vmm.measure.displacement(clip, stripe_rois(shape, 3)).values
    np.testing.assert_allclose(seen[1] - seen[0], moves[1], atol=0.01)
    with pytest.raises(ValueError, match="count=20"):
        stripes(shape, 20)
    with pytest.raises(ValueError, match="kind='wood'"):
        stripes(shape, 2, kind="wood")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("name", [accuracy.SYNTHETIC, accuracy.HAMMER])
def test_an_exact_sensor_agrees_with_the_truth(name):
    scene = accuracy.scenes(TINY)[name]()
    displacement = (rod((60, 64), frames=60) if name == accuracy.SYNTHETIC else plate(64, frames=240)).displacement
    found = accuracy.compare_to_sensor(displacement, scene)
    assert found.normalized_mae < 0.02 and found.correlation > 0.99 and abs(found.gain / scene.unit - 1) < 0.03


@pytest.mark.slow
def test_accuracy(tmp_path):
    results = done(accuracy, tmp_path)
    assert {key[1] for key in results} == {accuracy.SYNTHETIC, accuracy.HAMMER}
    for name in (accuracy.SYNTHETIC, accuracy.HAMMER):
        nothing, phase = results["nothing", name], results["phase", name]
        assert abs(nothing["achieved"] * (1 + nothing["alpha"]) - 1) < 0.1
        assert abs(phase["achieved"] - 1) < 0.2 and phase["correlation"] > 0.97 and phase["scaled"] < 0.06
    assert phase["paper"] < 0.15
    _shown(accuracy, results)


@pytest.mark.slow
def test_selectivity(tmp_path):
    some_keys = [(selectivity.PARTS,), (selectivity.ONE,), ("filter", "fir"), ("filter", "iir"), ("filter", "jerk")]
    results = done(selectivity, tmp_path, *some_keys)
    for scene in (selectivity.PARTS, selectivity.ONE):
        nothing, phase = results["nothing", scene], results["phase", scene]
        assert nothing["gain"] < 1e-6 and nothing["worst"] == selectivity.FLOOR
        assert 0.8 < phase["gain"] < 1.1 and abs(phase["lag"]) < 5 and phase["worst"] < -25
    fir, iir, jerk = (results["phase", "filter", name] for name in ("fir", "iir", "jerk"))
    assert abs(fir["lag"]) < 2 and fir["before"] > iir["before"]
    assert abs(abs(jerk["lag"]) - 90) < 3
    assert any(isinstance(block, Curves) for block in _shown(selectivity, results))


@pytest.mark.slow
def test_large_motion(tmp_path):
    results = done(large_motion, tmp_path, ("alone",), ("step 3 px",), ("noise 3",), ("flicker 2 %",))
    assert 0.8 < results["phase", "alone"]["gain"] < 1.1 < results["phase", "step 3 px"]["gain"]
    assert results["nothing", "flicker 2 %"]["change"] == 0 and results["nothing", "noise 3"]["over"] == 1
    assert results["phase", "noise 3"]["over"] > 1
    _shown(large_motion, results)


def test_each_path_has_the_motion_of_its_name():
    small, drift = large_motion.paths("drift 0.5 px/frame", 30)
    np.testing.assert_allclose(np.diff(drift[:, 1]), 0.5)
    assert abs(small).max() <= large_motion.AMPLITUDE
    assert np.ptp(large_motion.paths("step 3 px", 30)[1][:, 1]) == 3
    assert abs(large_motion.paths("shake", 30)[1]).max() == pytest.approx(3)


@pytest.mark.slow
def test_cost(tmp_path):
    results = done(cost, tmp_path)
    assert results["lightweight-light", "network"]["operations"] == pytest.approx(42.46, abs=0.01)  # as published
    time = results["phase", "64x96", "1"]
    assert time["ms"] > 0 and time["memory"] > time["beyond"] >= 0
    assert {"parameters", "time", "memory"} <= {block.name for block in _shown(cost, results)}
    with pytest.raises(RuntimeError, match="nobody"):
        probe.measure(name="nobody", height=64, width=96, frames=8, threads=1, seconds=0)


def fail(*_: Any) -> Any:
    raise ZeroDivisionError


@pytest.mark.slow
def test_peers(tmp_path, monkeypatch):
    good = packages.Peer("good", "numpy", lambda frames, band, fs, alpha: frames)
    bad = packages.Peer("bad", "numpy", fail)
    gone = packages.Peer("gone", "no_such_module", good.magnify, "and more")
    monkeypatch.setattr(peers, "PEERS", {"good": good, "bad": bad, "gone": gone})
    monkeypatch.setattr(packages, "PEERS", {"good": good, "bad": bad, "gone": gone})
    peers._unavailable.cache_clear()
    try:
        assert set(peers.peers()) == {"good"} and peers.peers()["good"].kind == "peer"
        assert peers.unavailable()["gone"] == "not installed: pip install gone (and more)"
        assert "ZeroDivisionError" in peers.unavailable()["bad"]
        frames = np.zeros((4, 16, 16), np.uint8)
        assert peers.peer("good").magnify(frames, 2.0, 30.0, 9.0).shape == frames.shape
        with pytest.raises(TypeError, match="good has no option mask"):
            peers.peer("good").magnify(frames, 2.0, 30.0, 9.0, mask=None)
        results = done(peers, tmp_path)
        assert results["good", "stripes"]["gain"] < 1e-6 and results["phase", "circles"]["gain"] > 0.7
        _shown(peers, results)
    finally:
        peers._unavailable.cache_clear()


@pytest.mark.slow
def test_contact_sheet(tmp_path):
    results = done(contact_sheet, tmp_path)
    (block, *_) = _shown(contact_sheet, results)
    assert isinstance(block, Pictures) and (tmp_path / block.files[0][0]).stat().st_size > 10_000


def test_grid_says_what_is_wrong():
    clip = np.zeros((4, 16, 24), np.uint8)
    for wrong in ({"row": 1, "col": 1}, {"row": 16}):
        with pytest.raises(ValueError, match="row="):
            vmm.plot.grid({"one": clip}, **wrong)
    with pytest.raises(ValueError, match="of one size"):
        vmm.plot.grid({"one": clip, "other": clip[:, 1:]})


def _shown(module, results):
    """Return the blocks of results after checking that each row of a table has one cell for each column."""
    found = module.blocks(results, TINY)
    for block in found:
        if isinstance(block, Table):
            assert all(len(cells) == len(block.columns) for _, cells in block.rows), block.name
            assert block.rows, block.name
    failed = {key: values["error"] for key, values in results.items() if isinstance(values.get("error"), str)}
    assert not failed
    return found
