"""What the program says of itself: citations, presets, versions and the state of the installation."""

import inspect
import re

import pytest

import vmm
from vmm.cli import doctor, main

NOT_PUBLISHED = {"linear": 1}
"""Number of references of a method that name no paper."""


@pytest.mark.parametrize("name", [*vmm.METHODS, *vmm.LEARNED, "stabilize", "measure.displacement", "spatial.DualTree"])
def test_every_reference_has_an_entry(name):
    function = getattr(vmm, name).magnify if "." not in name else vmm.measure.displacement
    function = vmm.spatial.DualTree if name.startswith("spatial") else function
    section = (inspect.getdoc(function) or "").partition("References\n")[2].partition("\nExamples\n")[0]
    references = len(re.findall(r"^\.\. \[\d\]", section, re.MULTILINE))
    entries = re.findall(r"^@(\w+)\{(\w+),$", vmm.cite(name), re.MULTILINE)
    assert len(entries) == references - NOT_PUBLISHED.get(name, 0) >= 1
    assert len(set(entries)) == len(entries)
    assert vmm.cite(name).count("{") == vmm.cite(name).count("}")
    assert vmm.cite(f"vmm.{name}") == vmm.cite(name)


def test_fields_of_an_entry():
    entry = vmm.cite("measure.mac")
    assert entry.startswith("@article{allemang2003the,\n  author = {Allemang},")
    assert "  journal = {Sound and Vibration},\n  volume = {37},\n  number = {8},\n  year = {2003}\n}" in entry
    assert r"Computers \& Graphics" in vmm.cite("riesz")


@pytest.mark.parametrize("name", ["", "x", "measure", "phase.nothing", "measure._crlb", "METHODS"])
def test_names_without_papers_are_refused(name):
    with pytest.raises(ValueError, match=re.escape(f"name={name!r} must be a method such as 'phase'")):
        vmm.cite(name)


def test_presets_are_listed(capsys):
    assert main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(re.match(r"face2 +linear +band 0.5 10, fs 30, alpha 20, wavelength 80", line) for line in lines)
    assert sum(len(methods) for methods in vmm.presets.values()) == len(lines) - 3
    assert sorted(line.split()[0] for line in lines[1:-2] if line[0] != " ") == sorted(vmm.presets)


def test_versions(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert re.match(rf"vmm {re.escape(vmm.__version__)} \(Python 3\.\d+", capsys.readouterr().out)


def test_the_doctor(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_SIZE", (40, 48))
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^numba +\d", text, re.MULTILINE) and re.search(
        r"^Speed: \d+ frames/s of 48 x 40", text, re.MULTILINE
    )
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    monkeypatch.setattr(doctor, "_version", lambda package: "")
    monkeypatch.setattr(doctor, "_speed", lambda: 1.0)
    assert main(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "ffmpeg          does not work: /nowhere/ffmpeg" in text
    assert 'not installed: pip install "vmm-toolkit[zarr]"' in text
