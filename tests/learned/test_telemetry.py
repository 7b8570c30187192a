"""Nothing that the library imports contacts anybody, or writes an identifier of the machine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vmm.learned.session import runtime

COMMAND = "import vmm; vmm.realtime.magnify(__import__('numpy').zeros((2, 40, 48, 3), 'u1'))"

CALLS = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(.*(?:AF_INET6?|sin6?_port)")
"""Calls of the system that contact another machine, or this one by its network."""


def traced(code, folder, **variables):
    """Lines of calls for the network that a Python program makes in a new home folder."""
    home = folder / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment.update(HOME=str(home), XDG_CACHE_HOME=str(home / "cache"), **variables)
    trace = ["strace", "-f", "-e", "trace=network", "-o", str(folder / "trace")]
    subprocess.run([*trace, sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    lines = (folder / "trace").read_text(errors="replace").splitlines()
    return [line for line in lines if CALLS.search(line)], sorted(path.name for path in home.rglob("*"))


def can_trace():
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not can_trace(), reason="strace, which shows the calls of a process, is missing or not permitted")
def test_a_network_runs_without_contacting_anybody(tmp_path):
    calls, files = traced(COMMAND, tmp_path)
    assert calls == []
    assert not [name for name in files if "onnxruntime" in name or "deviceid" in name or name == "Microsoft"]


@pytest.mark.parametrize("value", [None, "0"])
def test_telemetry_is_off_unless_the_user_asks_for_it(monkeypatch, value):
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    if value is not None:
        monkeypatch.setenv("ORT_DISABLE_TELEMETRY", value)
    runtime()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == (value or "1")


def test_onnxruntime_is_imported_in_one_place():
    """An import elsewhere could come first, with the telemetry on."""
    root = Path(__file__).parents[2]
    pattern = re.compile(r"^\s*(?:import onnxruntime|from onnxruntime)", re.MULTILINE)
    files = [file for folder in ("vmm", "benchmarks", "examples") for file in (root / folder).rglob("*.py")]
    importers = {file.name for file in files if pattern.search(file.read_text(encoding="utf-8"))}
    assert importers == {"session.py", "quantize.py"}  # The latter calls the function of the former first.
