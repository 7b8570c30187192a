"""The benchmarks run; what they measure is no test."""

import numpy as np
import pytest

import vmm
from benchmarks import cases, peers, speed


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(cases.SIZES, "tiny", (40, 56))
    monkeypatch.setattr(speed, "TIMED", 24)


@pytest.mark.parametrize("case", cases.CASES)
def test_every_case_gives_frames(case):
    frames = cases.clip((40, 56), 24)
    assert frames.shape == (24, 40, 56, 3)
    out = np.concatenate(list(cases.magnified(case, cases.Again(frames, 48))))
    assert out.shape == (48, 40, 56, 3) and not np.array_equal(out[:24], frames)


def test_every_method_is_timed():
    assert {method for method, _, _ in cases.CASES.values()} == set(vmm.METHODS)


def test_milliseconds_a_frame(tiny):
    assert np.isfinite(speed.milliseconds("linear", "tiny", 1))


def test_tables(tiny, capsys, monkeypatch):
    monkeypatch.setattr(speed, "CASES", {"linear": cases.CASES["linear"]})
    nobody = peers.Peer("nobody", "nobody", lambda *_: 1 / 0)
    monkeypatch.setattr(peers, "PEERS", {"nobody": nobody})
    speed.versus("tiny")
    speed.files((40, 56), 24)
    said = capsys.readouterr().out
    assert "nobody" in said and "does not run here: ZeroDivisionError" in said
    assert "frames/s" in said and "MB" in said and "failed" not in said
