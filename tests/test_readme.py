"""The statements and examples of the README and of the first pages of the documentation are true."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
METHODS = (ROOT / "docs" / "guide" / "methods.md").read_text(encoding="utf-8")
PAGES = ("start/magnify", "start/measure", "guide/files", "guide/streaming", "guide/notebooks", "project/citing")


def blocks(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_every_method_has_a_row():
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \| (\d+) \|$", METHODS, re.MULTILINE)
    assert sorted(name for name, _, _ in rows) == sorted(vmm.METHODS)


def test_every_learned_method_has_a_row():
    rows = re.findall(r"^\| `(\w+)` \| .+? \| .+? \| .+ \|$", METHODS, re.MULTILINE)
    assert sorted({name for name in rows if name not in vmm.METHODS}) == sorted(vmm.LEARNED)


def test_the_readme_names_every_method():
    rows = re.findall(r"^\| (`.*) \| .* \|$", README, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} >= {*vmm.METHODS, "lightweight", "realtime"}


def test_the_readme_is_short_and_its_pictures_exist():
    assert len(README.splitlines()) <= 150
    paths = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert paths and all((ROOT / path).stat().st_size < 2e6 for path in paths)
    links = re.findall(r"\]\((?!https?:)([^)#]*)", README)
    assert all((ROOT / link).exists() for link in links)


def test_the_two_commands_of_the_installation():
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("vmm demo") and commands[1].endswith("pytest")


@pytest.fixture
def demo_folder(tmp_path, monkeypatch):
    """A folder that holds the input of the demo, with a small clip."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vmm-demo").mkdir()
    clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 2, 0.1))
    vmm.io.write("vmm-demo/input.mkv", np.repeat(clip[..., None], 3, axis=-1), 30)


@pytest.mark.parametrize("code", blocks(README))
def test_examples_run(code, demo_folder, capsys):
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    if "signal" in names:
        assert names["signal"].values.shape == (60, 1, 2)
        assert capsys.readouterr().out.startswith("2.00000 +- ")
        assert Path("displacement.png").exists() and Path("displacement.csv").exists()
    else:
        assert vmm.io.info("big.mp4").shape == vmm.io.info("big-stream.mp4").shape == (60, 48, 64, 3)


@pytest.mark.parametrize("page", PAGES)
def test_examples_of_the_documentation_run(page, demo_folder, capsys):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").replace("135, 285, 110, 70", "8, 8, 32, 32")
    for code in blocks(text):
        exec(compile(code, page, "exec"), {})
    if page == "start/measure":
        assert capsys.readouterr().out.startswith("2.00000 +- ")
