"""The example scripts run and print true results."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from cases import VIDEOS

import vmm

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name, folder, *arguments):
    command = [sys.executable, EXAMPLES / name, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=os.environ).stdout


@pytest.fixture
def within(tmp_path, monkeypatch, capsys):
    """Run a script in this process, in an empty folder, and return its output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLES)

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.mark.slow
def test_hello(tmp_path):
    run("hello.py", tmp_path)
    assert vmm.io.info(tmp_path / "hello.mp4").shape == (90, 128, 324, 3)
    assert (tmp_path / "hello.png").exists()


@pytest.mark.slow
def test_live(tmp_path):
    printed = run("live.py", tmp_path)
    assert printed.startswith("amplitude before 0.10 px, after ")
    assert float(printed.split()[-2]) > 0.5


@pytest.mark.slow
def test_large_motion(tmp_path):
    run("large_motion.py", tmp_path)
    assert (tmp_path / "large_motion.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.skipif(not (VIDEOS / "crane_crop.mp4").exists(), reason="the real clips are not available")
def test_real_clips(tmp_path):
    """The script skips the clips that are missing, here all but one."""
    (tmp_path / "clips").mkdir()
    frames, fs = vmm.io.read(VIDEOS / "guitar.mp4", end=1.5)
    vmm.io.write(tmp_path / "clips" / "guitar.mp4", frames, fs)
    run("real_clips.py", tmp_path, tmp_path / "clips", tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"E string.mp4", "A string.mp4", "sheet.png"}


@pytest.mark.slow
def test_tuning_fork(tmp_path, within):
    fork, harmonic = (line.split() for line in within("tuning_fork.py").splitlines())
    assert abs(float(fork[0]) - 64) < float(fork[2]) < 0.1 and float(fork[4]) == pytest.approx(0.1, rel=0.01)
    assert abs(float(harmonic[0]) - 128) < float(harmonic[2]) < 0.2
    assert (tmp_path / "tuning_fork.png").exists()


@pytest.mark.slow
@pytest.mark.skipif(not VIDEOS.exists(), reason="the real clips are not available")
def test_tuning_fork_from_a_file(tmp_path, within):
    frames, _ = vmm.io.read(VIDEOS / "tuning_64hz_500fps.mp4", fs=500, end=0.5)
    vmm.io.write(tmp_path / "fork.mkv", frames[:, 40:160, 250:360], 50)
    first = within("tuning_fork.py", "fork.mkv", 500, 40, 38, 32, 32).splitlines()[0].split()
    assert abs(float(first[0]) - 64) < float(first[2]) < 0.1


@pytest.mark.slow
def test_crisps(tmp_path, within):
    import scipy.io.wavfile

    printed = within("crisps.py")
    (ratio,) = re.findall(r"ratio ([\d.]+) dB", printed)
    assert float(printed.split()[-1]) > 0.99 and float(ratio) > 20
    rate, wave = scipy.io.wavfile.read(tmp_path / "crisps.wav")
    assert rate >= 8000 and len(wave) / rate == pytest.approx(0.5, abs=0.01)


@pytest.mark.slow
def test_pulse(tmp_path, within):
    printed = within("pulse.py").split()
    assert abs(float(printed[0]) - 66) < 5 * float(printed[2]) < 3
    assert (tmp_path / "pulse.png").exists()


@pytest.mark.slow
def test_machine_fault(tmp_path, within):
    lines = [line.split("  ") for line in within("machine_fault.py").splitlines()]
    assert [line[0] for line in lines] == ["25.00 Hz", "50.00 Hz", "102.50 Hz"]
    assert [line[3] for line in lines] == ["larger, x 1.60", "as before", "new"]
    assert "102.50 Hz" in (tmp_path / "machine_fault.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_hammer(within):
    lag, gain, correlation, error = (part.split()[1] for part in within("hammer.py").split(", "))
    assert float(lag) == pytest.approx(0.35, abs=0.002) and float(gain) == pytest.approx(1, abs=0.01)
    assert float(correlation) > 0.998 and float(error) < 0.01


@pytest.mark.slow
def test_rod(within):
    printed = within("rod.py").split()
    assert float(printed[1]) == pytest.approx(1.8, abs=0.01) and float(printed[7]) == pytest.approx(15.4, abs=0.1)
    assert float(printed[-1]) < 0.1


@pytest.mark.slow
@pytest.mark.skipif(not VIDEOS.exists(), reason="the real clips are not available")
@pytest.mark.filterwarnings("ignore:region 0. edges of one direction")
def test_rod_from_a_file(within):
    """The error is below the 0.121 px of the paper."""
    clip, readings = VIDEOS / "rod_displacement.avi", VIDEOS / "rod_displacement.csv"
    assert float(within("rod.py", clip, readings, 224, 216, 16, 32).split()[-1]) < 0.08


@pytest.mark.slow
def test_beam_modes(tmp_path, within):
    """The comparison runs with and without the other packages."""
    printed = within("beam_modes.py", 3)
    ours, *others = re.findall(r"^(\S+) .*(?:MAC \[(.*)\]|is skipped.*pip install)", printed, re.MULTILINE)
    assert ours[0] == "vmm" and min(map(float, ours[1].split())) > 0.98
    assert [name for name, _ in others] == ["pyOMA-2", "sdypy-EMA"]
    assert (tmp_path / "beam_modes.png").exists() and (tmp_path / "beam_modes.uff").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["demo", "own_method", "own_filter"])
def test_gain(name, within):
    gain = float(re.findall(r"(?:moves|is) ([\d.]+) times", within(f"{name}.py"))[0])
    assert gain == pytest.approx({"demo": 21, "own_method": 11, "own_filter": 12}[name], rel=0.1)


@pytest.mark.slow
def test_choose_band(within):
    lines = within("choose_band.py").splitlines()[:2]
    assert [line.split()[0] for line in lines] == ["3.00", "8.00"]
    assert [float(line.split()[2]) for line in lines] == pytest.approx([0.15, 0.1], abs=0.02)
    assert int(lines[0].split()[-1]) < 70 and int(lines[1].split()[-1]) > 120


@pytest.mark.slow
def test_several_bands(within):
    before, after = (re.findall(r"([\d.]+) px", line) for line in within("several_bands.py").splitlines())
    assert before == ["0.10", "0.30"]
    assert float(after[0]) == pytest.approx(1.1, abs=0.06) and float(after[1]) < 0.05


@pytest.mark.slow
def test_one_direction(within):
    down, right = map(float, re.findall(r"x ([\d.]+)", within("one_direction.py")))
    assert down == pytest.approx(11, rel=0.05) and right == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_guitar_string(tmp_path, within):
    frequency, stderr = map(float, re.findall(r"([\d.]+) \+- ([\d.]+) Hz", within("guitar_string.py"))[0])
    assert frequency == pytest.approx(82.4, abs=0.05) and stderr < 0.05
    info = vmm.io.info(tmp_path / "guitar_string.mp4")
    assert info.fps == 30 and info.capture_rate == 600


@pytest.mark.slow
def test_beam_theory(within):
    assert all(float(line.split()[-1]) > 0.995 for line in within("beam_theory.py").splitlines())


@pytest.mark.slow
def test_breathing(within):
    rate, stderr = map(float, re.findall(r"([\d.]+) \+- ([\d.]+) breaths", within("breathing.py"))[0])
    assert rate == pytest.approx(16, abs=0.1) and stderr < 0.1


@pytest.mark.slow
def test_rolling_shutter(tmp_path, within):
    assert within("rolling_shutter.py").endswith("the loudest tone has 440 Hz\n")
    assert (tmp_path / "rolling_shutter.wav").exists()


@pytest.mark.slow
def test_learned(within):
    values = dict(re.findall(r"(\w+): structural similarity to the truth ([\d.]+)", within("learned.py")))
    assert float(values["truth"]) == 1
    assert min(float(values[name]) for name in ("lightweight", "realtime", "gradient")) > float(values["input"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["long_clip", "dask_frames"])
def test_streams_equal_arrays(name, within):
    if name == "dask_frames":
        pytest.importorskip("dask.array")
    assert int(re.findall(r"is (\d+) gray levels", within(f"{name}.py"))[0]) <= 1


@pytest.mark.slow
def test_batch(within):
    rows = [line for line in within("batch.py").splitlines() if line.startswith("{")]
    assert len(rows) == 2 and all("'result': 'done'" in row for row in rows)
    frequencies = [float(re.findall(r"([\d.]+) \+-", row)[0]) for row in rows]
    assert frequencies == pytest.approx([4, 6], abs=0.01)


def test_every_example_is_listed():
    listed = re.findall(r"^\| `(\w+\.py)` \|", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted([*listed, "hand_over.py"]) == sorted(path.name for path in EXAMPLES.glob("*.py"))


def test_examples_have_a_title():
    for script in EXAMPLES.glob("*.py"):
        title, line = script.read_text(encoding="utf-8").splitlines()[:2]
        if script.name not in ("hand_over.py", "real_clips.py"):  # The gallery leaves them out.
            assert line == "=" * (len(title) - 3)


def test_examples_are_short():
    for script in EXAMPLES.glob("*.py"):
        assert len(script.read_text().splitlines()) <= 40
