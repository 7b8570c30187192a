"""The command ``compare``: two recordings of one machine."""

import numpy as np
import pytest
from test_cli_measure import run

import vmm
from vmm.data import synthetic

FS, COUNT = 80, 160


def record(path, *vibrations, seed, place=(0, 0), size=(72, 96)):
    """A recording of a texture with vibrations (Hz, px, degrees), seen from a place (down, right) in pixels."""
    moves = sum(synthetic.sway(COUNT, FS, *vibration) for vibration in vibrations)
    frames = synthetic.render(synthetic.texture(size), moves + np.array(place), noise=1.0, seed=seed)
    vmm.io.write(path, frames, 25)
    return path


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    before = record(folder / "before.mkv", (5, 0.1, 90), (12, 0.03, 90), seed=1)
    after = record(folder / "after.mkv", (5, 0.16, 90), (31, 0.02, 0), seed=2, place=(3, -5))
    return before, after


@pytest.mark.slow
def test_lines_that_changed(recordings, tmp_path, capsys):
    results = ["--report", tmp_path / "out.html", "--out", tmp_path / "out.npz"]
    assert run("compare", *recordings, "--fs", FS, *results) == 0
    shift, titles, *rows = capsys.readouterr().out.splitlines()
    assert "shifted by 3 px down and -5 px right" in shift and titles.split()[0] == "frequency"
    assert "larger, 1." in rows[0] and rows[1].endswith("gone") and rows[2].endswith("new")
    changes = vmm.measure.load(tmp_path / "out.npz")
    assert [change.verdict for change in changes] == ["larger", "gone", "new"]
    assert changes[0].before == pytest.approx(0.1, abs=0.002) and changes[0].after == pytest.approx(0.16, abs=0.002)
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.count("<img") == 3 and "before.mkv and after.mkv" in page and "larger, 1." in page
    assert run("compare", *recordings, "--fs", FS, *results) == 2  # the files exist already


def test_recordings_that_cannot_be_compared(recordings, tmp_path, capsys):
    other = record(tmp_path / "small.mkv", (5, 0.1, 0), seed=3, size=(48, 64))
    assert run("compare", recordings[0], other, "--fs", FS) == 2
    assert "frames of (72, 96) and (48, 64) pixels" in capsys.readouterr().err
    assert run("compare", *recordings, "--fs", FS, "--roi", 0, 0, 4, 4) == 2
    assert "no region is inside both pictures" in capsys.readouterr().err


@pytest.mark.slow
def test_regions_that_are_chosen_do_not_cross_the_edge_of_a_part(tmp_path, capsys):
    """The strongest tile of a part is near its edge, where a box around it would move in parts."""
    for name, size, seed in (("before", 0.2, 1), ("after", 0.35, 2)):
        scene = synthetic.texture((96, 144))
        part = synthetic.render(scene, synthetic.sway(COUNT, FS, 12, size, 90), noise=1.0, seed=seed)
        frames = synthetic.render(scene, np.zeros((COUNT, 2)), noise=1.0, seed=seed + 2)
        frames[:, 24:70, 40:100] = part[:, 24:70, 40:100]
        vmm.io.write(tmp_path / f"{name}.mkv", frames, FS)
    assert run("compare", tmp_path / "before.mkv", tmp_path / "after.mkv") == 0
    output = capsys.readouterr()
    assert "larger, 1.7" in output.out and not output.err
