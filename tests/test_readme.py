"""The statements and examples of the README are true."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_every_method_has_a_row():
    rows = re.findall(r"^\| `vmm\.(\w+)` \| (.+?) \| .+ \| (\d+) \|$", README, re.MULTILINE)
    assert sorted(name for name, _, _ in rows) == sorted(vmm.METHODS)


def test_every_learned_method_has_a_row():
    rows = re.findall(r"^\| `vmm\.(\w+)` \| .+? \| .+? \| .+ \|$", README, re.MULTILINE)
    assert sorted(name for name in rows if name not in vmm.METHODS) == sorted(vmm.LEARNED)


def test_the_two_commands_of_the_installation():
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("vmm demo") and commands[1].endswith("pytest")


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_examples_run(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vmm-demo").mkdir()
    clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 2, 0.1))
    vmm.io.write("vmm-demo/input.mkv", np.repeat(clip[..., None], 3, axis=-1), 30)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    if "magnify" in names:
        assert names["magnify"](clip, 2, fs=30).shape == clip.shape
    elif "signal" in names:
        assert names["signal"].values.shape == (60, 1, 2)
        assert capsys.readouterr().out.startswith("2.000 +- ")
        assert Path("displacement.png").exists() and Path("displacement.csv").exists()
    else:
        assert vmm.io.info("big.mp4").shape == vmm.io.info("big-stream.mp4").shape == (60, 48, 64, 3)
