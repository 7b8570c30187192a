"""The example scripts run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from parts import VIDEOS

import vmm

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name, folder, *arguments):
    command = [sys.executable, EXAMPLES / name, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=os.environ).stdout


def test_hello(tmp_path):
    run("hello.py", tmp_path)
    assert vmm.io.info(tmp_path / "hello.mp4").shape == (90, 128, 324, 3)
    assert (tmp_path / "hello.png").exists()


def test_live(tmp_path):
    said = run("live.py", tmp_path)
    assert said.startswith("in 0.10 px, out ")
    assert float(said.split()[-2]) > 0.5


def test_large_motion(tmp_path):
    run("large_motion.py", tmp_path)
    assert (tmp_path / "large_motion.png").stat().st_size > 10_000


@pytest.mark.skipif(not (VIDEOS / "crane_crop.mp4").exists(), reason="the real clips are not at hand")
def test_real_clips(tmp_path):
    """One clip alone: those that are missing are left out."""
    (tmp_path / "clips").mkdir()
    frames, fs = vmm.io.read(VIDEOS / "guitar.mp4", end=1.5)
    vmm.io.write(tmp_path / "clips" / "guitar.mp4", frames, fs)
    run("real_clips.py", tmp_path, tmp_path / "clips", tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"E string.mp4", "A string.mp4", "sheet.png"}


def test_examples_are_short():
    for script in EXAMPLES.glob("*.py"):
        assert len(script.read_text().splitlines()) <= 40
