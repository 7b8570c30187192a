"""The study runs, resumes after an interruption, reports failures, and shows every method."""

import csv
import html
import json
import os
import re
from types import SimpleNamespace

import numpy as np
import pytest

import vmm
from benchmarks.study import conclusions, entrants, experiments, run
from benchmarks.study.figures import line_plot, montage
from benchmarks.study.jobs import list_jobs, run_jobs
from benchmarks.study.pairs import subsampled
from benchmarks.study.settings import TINY
from benchmarks.study.store import Store
from benchmarks.study.types import Curves, Job, Pictures, Table

HERE = tuple(name for name in experiments.NAMES if name != "cost")  # "cost" starts processes of its own


@pytest.fixture
def few(monkeypatch):
    """Restrict the study to one method, a method that is added to the library, and one network."""
    monkeypatch.setattr(vmm, "copycat", SimpleNamespace(magnify=vmm.linear.magnify), raising=False)
    monkeypatch.setattr(vmm, "METHODS", ("linear", "copycat"))
    monkeypatch.setattr(entrants, "NAMES", ("realtime",))


def experiment(jobs, blocks=lambda results, setting: []):
    return SimpleNamespace(TITLE="Made up", TEXT="For the test.", jobs=lambda setting, out: iter(jobs), blocks=blocks)


@pytest.fixture
def made_up(monkeypatch, few):
    """Return a function that replaces all experiments by one."""

    def put(one):
        monkeypatch.setattr(run, "experiments", lambda only=(): {"made_up": one})

    return put


@pytest.mark.slow
def test_the_page(few, tmp_path):
    page = run.study(tmp_path, TINY, HERE, quiet=True).read_text()
    assert not re.search(r"""(?:src|href)=["'](?!data:)|url\(|<script|https?://""", page)
    assert "cannot be displayed" not in page and " failed: " not in page
    tables = [table for table in re.findall(r"<table>(.*?)</table>", page, re.DOTALL) if ">linear<" in table]
    assert len(tables) >= len(HERE) and all(">copycat<" in table and ">realtime<" in table for table in tables)
    assert page.count("data:image/png") >= 10
    assert "Best for small motion magnified to 2 px: " in page
    rows = {tuple(re.findall(r"<t[dh]>(.*?)</t[dh]>", row)) for row in re.findall(r"<tr>(.*?)</tr>", page)}
    for path in tmp_path.glob("*.csv"):
        with path.open(newline="") as file:
            lines = list(csv.reader(file))
        if lines[0][0] != "line":
            assert {tuple(map(html.escape, line)) for line in lines} <= rows, path.name
    before = (tmp_path / "results.jsonl").read_text()
    again = run.study(tmp_path, TINY, HERE, quiet=True).read_text()
    assert (tmp_path / "results.jsonl").read_text() == before and again == page


def test_an_interrupted_study_resumes(made_up, tmp_path):
    done = []

    def job(name):
        def work():
            done.append(name)
            if name == "second":
                raise KeyboardInterrupt
            return {"value": 1.5}

        return Job((name,), work)

    made_up(experiment([job("first"), job("second"), job("third")]))
    with pytest.raises(KeyboardInterrupt):
        run.study(tmp_path, TINY, quiet=True)
    with (tmp_path / "results.jsonl").open("a") as file:
        file.write('{"setting": "ti')  # the process ended while it wrote this line
    made_up(experiment([job("first"), Job(("second",), lambda: {"value": 2.5}), job("third")]))
    run.study(tmp_path, TINY, quiet=True)
    assert done == ["first", "second", "third"]
    assert Store(tmp_path, TINY).results("made_up")[("second",)] == {"value": 2.5}


def test_a_failed_job_is_reported_and_tried_again(made_up, tmp_path):
    made_up(experiment([Job(("phase", "moon"), lambda: {"value": 1 / 0})]))
    page = run.study(tmp_path, TINY, quiet=True).read_text()
    assert "phase, moon failed: ZeroDivisionError" in page
    made_up(experiment([Job(("phase", "moon"), lambda: {"value": 1.0})]))
    assert " failed: " not in run.study(tmp_path, TINY, quiet=True).read_text()


def test_an_experiment_that_cannot_be_listed_or_shown(made_up, tmp_path):
    def jobs(setting, out):
        raise OSError("no sensor")

    broken = experiment([], blocks=lambda results, setting: 1 / 0)
    broken.jobs = jobs
    made_up(broken)
    page = run.study(tmp_path, TINY, quiet=True).read_text()
    assert "made_up failed: OSError: no sensor" in page and "cannot be displayed: ZeroDivisionError" in page


def test_blocks_of_each_kind(made_up, tmp_path):
    montage([("one", np.zeros((8, 12))), ("two", np.full((8, 12, 3), 300.0))], tmp_path / "pair.png")
    blocks = [
        Table("numbers", "Numbers", ("a", "b"), [("x", (1 / 3, "far")), ("y", (float("nan"), 1e6))], "A note."),
        Curves("lines", "Lines", "x", "y", {"one": ([1.0, 2.0], [3.0, 1 / 3])}, "xy", guides={"g": ([1, 2], [1, 2])}),
        Pictures("Pictures", [("pair.png", "two of them")]),
    ]
    made_up(experiment([], blocks=lambda results, setting: blocks))
    page = run.study(tmp_path, TINY, quiet=True).read_text()
    assert "<td>0.3333</td><td>far</td>" in page and "<td>-</td><td>1e+06</td>" in page
    assert "A note." in page and "two of them" in page and page.count("data:image/png") == 2
    assert (tmp_path / "made_up-lines.csv").read_text().splitlines() == ["line,x,y", "one,1,3", "one,2,0.3333"]


@pytest.mark.slow
def test_parallel_processes_give_the_same_results(tmp_path):
    name = "subpixel"
    work = [(name, job) for job in list_jobs(name, experiments.experiments((name,))[name], TINY, tmp_path)][:4]
    work.append(("made_up", Job(("here",), lambda: {"process": float(os.getpid())}, alone=True)))
    here, there = (
        {one.job.key: one.values for one in run_jobs(work, TINY, tmp_path, processes)} for processes in (1, 2)
    )
    assert there.keys() == here.keys() and len(there) == 5 and there["here",] == {"process": os.getpid()}
    assert all(there[key] == pytest.approx(values, rel=1e-5) for key, values in here.items())
    assert float(there["nothing", "0.04", "10", "0"]["similarity"]) > 0


def test_results_of_another_setting_are_ignored(tmp_path):
    (tmp_path / "results.jsonl").write_text(
        json.dumps({"setting": "full", "experiment": "e", "key": ["k"], "values": {}, "seconds": 0}) + "\n"
    )
    store = Store(tmp_path, TINY)
    assert not store.has("e", ("k",)) and not store.results("e")


@pytest.mark.slow
def test_two_frames_by_methods_that_need_a_clip():
    """A clip that alternates between two frames shows the motion between them."""
    from vmm.data.shifts import measured_shift, shift

    scene = shift("coins", 0.2, 0.8, side=96)
    for name in ("phase", "lagrangian", "acceleration", "bilateral"):
        pair = entrants.classical(name, name).pair
        assert pair is not None
        frame = pair(scene.a, scene.b, 3.0)
        assert measured_shift(scene, frame) == pytest.approx(0.8, abs=0.25), name


def test_options_of_entrants():
    one = entrants.classical("phase", "phase")
    frames = np.random.default_rng(0).integers(0, 255, (24, 32, 40), dtype=np.uint8)
    wide = one.magnify(frames, 2.5, 30.0, 5.0, band=(1, 4))
    assert wide.shape == frames.shape and not np.array_equal(wide, one.magnify(frames, 2.5, 30.0, 5.0))
    with pytest.raises(TypeError, match="phase has no option window"):
        one.magnify(frames, 2.5, 30.0, 5.0, window=1)
    assert "temporal" in one.options


def test_what_is_left_out():
    excluded = entrants.excluded(TINY)
    assert "not motion" in excluded["color"] and "no weights" in excluded["flowmag"]
    assert not excluded.keys() & entrants.entrants(TINY).keys()


def test_order_and_sentence():
    question = conclusions.Question("a job", "e", "t", "c", "low")
    rows = [("nothing", (5.0,)), ("one", (2.0,)), ("two", (2.01,)), ("three", (9.0,)), ("four", (float("nan"),))]
    ranks, nothing = conclusions.ranking(question, {"e": [Table("t", "T", ("c",), rows)]})
    said = conclusions.sentence(question, ranks, nothing)
    assert said == "Best for a job: one (2) and two (2.01), then three (9). Worse than no magnification (5): three."
    near = conclusions.Question("a job", "e", "t", "c", "zero")
    assert conclusions.ranking(near, {"e": [Table("t", "T", ("c",), [("a", [-0.5]), ("b", [0.2])])]})[0][0][0][0] == "b"
    assert conclusions.blocks({}) == []


def test_networks_and_names():
    assert run.networks(["a b=c.onnx"]) == {"a b": "c.onnx"}
    with pytest.raises(ValueError, match=r"NAME=PATH\.onnx"):
        run.networks(["c.onnx"])
    with pytest.raises(ValueError, match="experiment nothing must be one of subpixel"):
        experiments.experiments(("nothing",))


def test_thinned_and_drawn():
    assert subsampled([1, 2, 3, 4, 5], 3) == [1, 3, 5] and subsampled([1, 2], 9) == [1, 2]
    figure = line_plot(Curves("c", "C", "px", "gain", {"nothing": ([1], [2]), "a": ([1], [1])}))
    assert figure.axes[0].get_xlabel() == "px"
