"""The command batch: one command for many files."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import vmm
from vmm.cli import main
from vmm.cli.processes import Command
from vmm.data import synthetic

LINEAR = ["--", "linear", "--band", "2", "3"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frames = synthetic.render(synthetic.texture((32, 48)), synthetic.sway(40, 30, 2.5, 0.2))
    vmm.io.write("a.mkv", frames, 30)
    vmm.io.write("b.mkv", frames[::-1].copy(), 30)
    (tmp_path / "damaged.mkv").write_bytes(b"no video" * 1000)
    return tmp_path


def run(*words):
    try:
        return main(["batch", *map(str, words)])
    except SystemExit as stop:
        return stop.code


def table(folder, name="out"):
    with (folder / name / "vmm_batch.csv").open(newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def results(folder):
    return {name: row["result"] for name, row in table(folder).items()}


def test_every_file_has_a_row_and_only_damaged_ones_fail(folder, capsys):
    assert run("*.mkv", "--out", "out", "--quiet", *LINEAR) == 1
    assert results(folder) == {"a.mkv": "done", "b.mkv": "done", "damaged.mkv": "failed"}
    assert "no video that ffmpeg can decode" in table(folder)["damaged.mkv"]["message"]
    captured = capsys.readouterr()
    assert captured.out == "2 done, 0 skipped, 1 failed; the table is out/vmm_batch.html\n"
    assert captured.err.count("\n") == 1 and captured.err.startswith("vmm: error: damaged.mkv: ")
    assert main(["linear", "a.mkv", "alone.mp4", *LINEAR[2:], "--quiet"]) == 0
    assert (folder / "out/a_linear.mp4").read_bytes() == (folder / "alone.mp4").read_bytes()
    page = (folder / "out/vmm_batch.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == 2 and "3 files, 1 of which failed." in page
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "a_linear.mp4", "b_linear.mp4", "vmm_batch.csv", "vmm_batch.html", "vmm_batch.jsonl"
    ]  # fmt: skip


@pytest.mark.slow
def test_what_is_done_is_skipped_by_content_and_not_by_name(folder):
    words = ("a.mkv", "b.mkv", "--out", "out", "--quiet")
    assert run(*words, *LINEAR) == 0
    first = (folder / "out/a_linear.mp4").stat().st_mtime_ns
    assert run(*words, *LINEAR) == 0
    assert results(folder) == {"a.mkv": "skipped", "b.mkv": "skipped"}
    assert (folder / "out/a_linear.mp4").stat().st_mtime_ns == first
    (folder / "b.mkv").write_bytes((folder / "a.mkv").read_bytes())
    assert run(*words, *LINEAR) == 0
    assert results(folder) == {"a.mkv": "skipped", "b.mkv": "done"}
    (folder / "out/a_linear.mp4").write_bytes(b"edited")
    assert run(*words, *LINEAR) == 0
    assert results(folder) == {"a.mkv": "done", "b.mkv": "skipped"}
    assert run(*words, *LINEAR, "--alpha", "7") == 0
    assert results(folder) == {"a.mkv": "done", "b.mkv": "done"}
    record = folder / "out/vmm_batch.jsonl"
    record.write_text(
        record.read_text()[:-30] + "\n[1]\nnull\n"
    )  # A line that was cut, and others that are no records.
    assert run(*words, *LINEAR, "--alpha", "7") == 0
    assert results(folder) == {"a.mkv": "skipped", "b.mkv": "done"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["measure", "--roi", "4", "4", "24", "24"], "a_measure.csv"),
        (["info"], "a_info.txt"),
        (["spectrum", "--roi", "4", "4", "24", "24"], "a_spectrum.csv"),
    ],
)
def test_commands_that_measure(command, name, folder):
    assert run("a.mkv", "--out", "out", "--quiet", "--", *command) == 0
    text = (folder / "out" / name).read_text()
    assert ("40" in text) if command == ["info"] else (len(text.splitlines()) > 20)
    assert table(folder)["a.mkv"]["message"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a.mkv"], "the command is missing: end with -- and a command"),
        (["a.mkv", "--", "slice"], "'slice' must be one of the commands acceleration"),
        (["none*.mkv", *LINEAR], "none*.mkv: no such file, and no file matches it"),
        (["a.mkv", "--jobs", "0", *LINEAR], "--jobs 0 must be at least 1"),
        (["a.mkv", "--pattern", "{name}", *LINEAR], "{name} must be one of {stem}, {parent} and {command}"),
        (["a.mkv", "--pattern", "../{stem}", *LINEAR], "must give names without folders"),
        (["*.mkv", "--pattern", "same", *LINEAR], "a.mkv and b.mkv would both be written to out/same.mp4"),
        (["a.mkv", "--resources", "GPU=1", *LINEAR], "--resources GPU=1 needs --scheduler"),
        (["a.mkv", "--", "linear", "--bnad", "2", "3"], "--bnad"),
    ],
)
def test_mistakes_are_found_before_any_file_is_read(words, sentence, folder, capsys):
    assert run(*words[:1], "--out", "out", *words[1:]) == 2
    message = capsys.readouterr().err
    assert sentence in message and message.count("\n") == 1
    assert not (folder / "out").exists()


@pytest.mark.slow
def test_names_like_options_and_formats(folder):
    (folder / "a.mkv").rename(folder / "-a {x} <b>.mkv")
    assert run("--out=-out", "--format", "mkv", "--pattern", "{parent}_{stem}", "--quiet", "./-a*.mkv", *LINEAR) == 0
    assert (folder / "-out" / f"{folder.name}_-a {{x}} <b>.mkv").exists()
    assert "&lt;b&gt;" in (folder / "-out/vmm_batch.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on(number, folder):
    frames = np.tile(vmm.io.read("a.mkv")[0], (8, 2, 2))
    for name in "cdef":
        vmm.io.write(f"{name}.mkv", frames, 30)
    words = [sys.executable, "-m", "vmm", "batch", "a.mkv", "c.mkv", "d.mkv", "e.mkv", "f.mkv"]
    words += ["--out", "out", "--jobs", "2", "--quiet", "--", "phase", "--band", "2", "3"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    while not (folder / "out/vmm_batch.jsonl").exists():
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(1)
    process.send_signal(number)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 128 + number and message.count("\n") == 1
    assert not any(path.name.startswith(".vmm") for path in (folder / "out").iterdir())
    assert run(*words[4:]) == 0
    assert results(folder)["a.mkv"] == "skipped"
    assert set(results(folder).values()) == {"skipped", "done"}


@pytest.mark.slow
def test_a_command_that_is_killed_or_stopped(folder):
    command = Command(["linear", "a.mkv", "out.mkv", "--band", "2", "3"])
    command.stop()
    assert command.run().status == -signal.SIGTERM
    outcome = Command(["info", "damaged.mkv"]).run()
    assert outcome.status == 2 and outcome.error().startswith("damaged.mkv: ")


@pytest.mark.slow
def test_a_killed_command_is_a_failed_file(folder, monkeypatch):
    monkeypatch.setattr("vmm.cli.processes.sys.executable", str(folder / "python"))
    (folder / "python").write_text("#!/bin/sh\nkill -9 $$\n")
    (folder / "python").chmod(0o755)
    assert run("a.mkv", "--out", "out", "--quiet", *LINEAR) == 1
    assert table(folder)["a.mkv"]["message"] == (
        "the command ended with status -9: it was killed, as happens where memory is short"
    )
    assert not (folder / "out/vmm_batch.jsonl").exists()
