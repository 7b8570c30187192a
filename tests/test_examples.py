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


def test_examples_are_short():
    for script in EXAMPLES.glob("*.py"):
        assert len(script.read_text().splitlines()) <= 40
