"""Still regions and lengths on the command line."""

import numpy as np
import pytest
from test_cli_measure import run

import vmm
from vmm.cli.report_clips import _steady
from vmm.data import synthetic

FS, COUNT = 80, 160
BEAM = (24, 96, 16, 24)  # near the free end of the beam


@pytest.fixture(scope="module")
def beam(tmp_path_factory):
    """A beam that vibrates at 5 Hz."""
    ends = 0.2 * np.sin(2 * np.pi * 5 * np.arange(COUNT) / FS)[:, None]
    path = tmp_path_factory.mktemp("beam") / "beam.mkv"
    vmm.io.write(path, synthetic.render(synthetic.beam((64, 128), modes=1, height=32), ends, noise=1.0), FS)
    return path


@pytest.mark.slow
def test_a_known_length_gives_one_unit_in_all_formats(beam, tmp_path, capsys):
    outs = [word for name in ("m.npz", "m.csv", "m.uff") for word in ("--out", tmp_path / name)]
    length = ["--length-px", 210, "--length", "50mm"]
    assert run("measure", beam, "--fs", FS, "--roi", *BEAM, *length, *outs) == 0
    assert " mm " in capsys.readouterr().out
    signal = vmm.measure.load(tmp_path / "m.npz")
    assert signal.unit == "mm" and signal.pixel_size == pytest.approx(50 / 210)
    assert (tmp_path / "m.csv").read_text().startswith("time (s),region 0 down (mm),")
    pyuff = pytest.importorskip("pyuff")
    units, nodes, history = pyuff.UFF(str(tmp_path / "m.uff")).read_sets()[:3]
    assert units["length"] == 1000 and history["ordinate_axis_units_lab"].strip() == "mm"
    np.testing.assert_allclose([nodes["x"][0], nodes["y"][0]], np.array([107.5, -31.5]) * 50 / 210, rtol=1e-4)
    assert run("spectrum", beam, "--fs", FS, "--roi", *BEAM, "--length-px", 2, "--length", "3um") == 0
    assert " um " in capsys.readouterr().out
    outs = ["--frequency", 5, "--out", tmp_path / "s.npz"]
    assert run("modes", beam, "--fs", FS, "--roi", *BEAM, "--length-px", 2, "--length", "1 in", *outs) == 0
    assert vmm.measure.load(tmp_path / "s.npz").unit == "in"


@pytest.mark.slow
def test_still_regions(beam, tmp_path, capsys):
    still = ["--still", 2, 8, 12, 40, "--still", 50, 60, 12, 60]
    assert run("measure", beam, "--fs", FS, "--roi", *BEAM, *still, "--out", tmp_path / "m.npz") == 0
    assert vmm.measure.load(tmp_path / "m.npz").still == ((2, 8, 12, 40), (50, 60, 12, 60))
    assert run("modes", beam, "--fs", FS, *still, "--frequency", 5, "--step", 4, "--out", tmp_path / "s.npz") == 0
    near_end = np.abs(vmm.measure.load(tmp_path / "s.npz").shapes[0, 6:11, 24:29, 0])
    assert np.nanmedian(near_end) == pytest.approx(0.163, abs=0.005)
    capsys.readouterr()
    assert run("suggest", beam, "--fs", FS, *still[:5]) == 0
    assert capsys.readouterr().out.startswith(("5 Hz", "5.0", "4.99"))


@pytest.mark.slow
def test_still_regions_are_found(tmp_path, capsys):
    moves = 0.5 * np.sin(2 * np.pi * 1.5 * np.arange(COUNT) / FS)
    ends = 0.2 * np.sin(2 * np.pi * 5 * np.arange(COUNT) / FS)
    scene = synthetic.beam((112, 128), modes=1, height=32)
    frames = [np.roll(scene([end]), round(2 * move), axis=1) for end, move in zip(ends, moves, strict=True)]
    noise = np.random.default_rng(0).normal(0, 1, np.shape(frames))
    vmm.io.write(tmp_path / "in.mkv", np.clip(np.rint(frames + noise), 0, 255).astype(np.uint8), FS)
    assert run("spectrum", tmp_path / "in.mkv", "--still", "auto") == 0
    first, second, *rows = capsys.readouterr().out.splitlines()
    assert first.startswith("Regions at rest: --still ") and second.startswith(
        ("Measured where 5", "Measured where 4.9")
    )
    assert len(rows) == 2


@pytest.mark.slow
def test_the_magnified_clip_of_a_report_has_no_motion_of_the_camera(tmp_path):
    moves = 0.5 * np.sin(2 * np.pi * 1.5 * np.arange(24) / FS)[:, None] * [1, -1]
    vmm.io.write(tmp_path / "in.mkv", synthetic.render(synthetic.texture((64, 80)), moves), FS)
    clip = vmm.io.stream(tmp_path / "in.mkv")
    steady = np.concatenate(list(_steady(clip, [(16, 16, 24, 24)]).reopen()))
    assert steady.dtype == np.uint8 and steady.shape == clip.shape
    inside = (slice(None), slice(8, -8), slice(8, -8))
    assert np.ptp(steady[inside].astype(int), axis=0).mean() < 0.1 * np.ptp(next(clip)[inside], axis=0).mean()


BAD = {
    **{
        f"unit of {verb}": ([verb, "in.mkv", "--unit", "mm"], "--unit mm needs the size of a pixel in that unit: give")
        for verb in ("measure", "spectrum", "modes")
    },
    "length": (["modes", "in.mkv", "--length", "2in"], "--length-px and --length belong together"),
    "two sizes": (
        ["spectrum", "in.mkv", "--length-px", "9", "--length", "2in", "--unit", "in"],
        "--length-px and --length take the place of --pixel-size and --unit",
    ),
    "no unit": (["measure", "in.mkv", "--length-px", "9", "--length", "50"], "length='50' must be a positive number"),
    "still": (["modes", "in.mkv", "--still", "0", "0", "99", "9"], "still[0]=(0, 0, 99, 9)"),
    "still word": (["spectrum", "in.mkv", "--still", "here"], "--still here must be TOP LEFT HEIGHT WIDTH in pixels"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, beam, tmp_path, monkeypatch, capsys):
    arguments, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.mkv").symlink_to(beam)
    assert run(*arguments, "--quiet") == 2
    output = capsys.readouterr().err.strip()
    assert message in output and output.startswith("vmm: error: ") and "\n" not in output
