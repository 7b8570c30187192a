"""The tables of the accuracy of measurement: scenes move exactly, and scores know a true error from a false one."""

import pickle
from functools import partial

import numpy as np
import pytest

from benchmarks.measuring import camera, clips, run, scenes, scores, tables
from benchmarks.measuring.tables import Effort, Row, Table

TINY = Effort(seeds=1, places=1, runs=10, frames=32, is_quick=True)


def test_whole_pixels_move_the_canvas():
    scene = scenes.texture()
    assert scene(np.array([2.0, -3.0])) == pytest.approx(np.roll(scene(np.zeros(2)), (2, -3), axis=(0, 1)))


def test_a_fine_canvas_is_averaged_over_the_pixels():
    """A wave of 3 samples is above the Nyquist frequency of pixels of 2 samples, and is folded."""
    wave = np.broadcast_to(np.cos(2 * np.pi * np.arange(48) / 3), (48, 48))
    frame = scenes.translated(wave, 2)(np.zeros(2))
    folded = np.sinc(2 / 3) * np.cos(2 * np.pi * np.arange(24) / 3)
    assert frame == pytest.approx(np.broadcast_to(folded, (24, 24)))


@pytest.mark.parametrize("faults", [{"dead": 0.01}, {"salt": 0.01}, {"pattern": 2.0}, {"rows": 1.0}, {"bits": 16}])
def test_camera(faults):
    light = np.full((4, 40, 40), 100.0)
    one = camera.Camera(**faults)
    frames = one.record(light, 0)
    assert frames.dtype == (np.uint16 if "bits" in faults else np.uint8)
    assert np.median(frames) == pytest.approx(100 * one.levels, rel=0.02)
    assert (frames == 255).any() == ("salt" in faults or "dead" in faults)


def sample(gain: float, noise: float, stated: float, is_marked: bool = False) -> scores.Sample:
    rng = np.random.default_rng(0)
    truth = camera.sway(400, 0)[:, None].repeat(3, axis=1)
    values = gain * (truth - truth.mean(axis=0)) + rng.normal(0, noise, truth.shape)
    reading = scores.Reading(values, np.full((3, 2), stated), np.full(3, is_marked))
    return scores.Sample(reading, truth, np.full((3, 2), 0.01))


def test_scores_of_a_true_error():
    one = scores.score([sample(1.0, 0.01, 0.01)])
    assert (one.ratio, one.spread) == pytest.approx((1.0, 1.0), abs=0.05)
    assert one.is_on_target() and one.shares == "100 / 0" and abs(one.gain) < 3 * one.gain_stderr


def test_scores_of_false_errors():
    assert not scores.score([sample(1.0, 0.01, 0.005)]).is_on_target()
    assert not scores.score([sample(0.9, 0.01, 0.02)]).is_on_target()
    assert scores.score([sample(0.9, 0.01, 0.02, is_marked=True)]).is_on_target()
    assert not scores.score([sample(0.9, 0.01, 0.005, is_marked=True)]).is_on_target()


def test_scores_of_scenes_that_move_as_a_whole(monkeypatch):
    monkeypatch.setattr(scores, "has_pyidi", lambda: False)
    case = clips.Whole(scenes.texture, regions=(21,))
    ((side, bound, ratio, gain, *rest),) = clips.lines(case, TINY)
    assert side == "21" and 1 < float(bound) < 5 and 0.7 < float(ratio) < 1.5 and abs(float(gain)) < 5
    assert len(rest) + 4 == len(run.table("textures").columns()) - 1


def broken():
    raise ValueError("no such\nscene")


def test_a_row_that_fails_does_not_end_the_table(monkeypatch):
    rows = [Row("first", broken), Row("second", partial(list, [[1.0, "yes"]])), Row("long", broken, is_quick=False)]
    one = Table("Title", "Text.", lambda: {"name": 0, "value": 2, tables.ON_TARGET: 0}, lambda _: rows)
    monkeypatch.setattr(run, "table", lambda _: one)
    text = list(run.report(["any"], TINY, jobs=1, quiet=True))
    assert "| first | failed: ValueError: no such scene |  |" in text
    assert "| second | 1.00 | yes |" in text
    assert "| Title | 2 | 1 | 0 | 1 |" in text


@pytest.mark.parametrize("name", run.TABLES)
def test_every_table_has_quick_rows_that_a_process_can_take(name):
    one = run.table(name)
    rows = list(one.rows(TINY))
    assert any(row.is_quick for row in rows)
    assert one.text.endswith(".") and len(one.columns()) > 1
    pickle.dumps(rows)


def test_unknown_tables_are_refused(capsys):
    with pytest.raises(SystemExit):
        run.main(["--tables", "nothing"])
    assert "must be one of textures" in capsys.readouterr().err


def test_the_page_is_written_as_a_whole(monkeypatch, tmp_path, capsys):
    one = Table("Title", "Text.", lambda: {"name": 0, "value": 2}, lambda _: [Row("row", partial(list, [[1.0]]))])
    monkeypatch.setattr(run, "table", lambda _: one)
    monkeypatch.setattr(run, "TABLES", {"one": ""})
    monkeypatch.setattr(run, "REPORT", tmp_path / "MEASURE.md")
    run.main(["--quick", "--jobs", "1", "--write"])
    assert run.REPORT.read_text() == capsys.readouterr().out.removesuffix("\n")
    with pytest.raises(SystemExit):
        run.main(["--write", "--tables", "one"])


def test_without_pyidi_its_columns_are_absent(monkeypatch):
    monkeypatch.setattr(scores, "has_pyidi", lambda: False)
    assert not any("LK" in name for name in run.table("textures").columns())
