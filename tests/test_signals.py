"""Signals, closed pipes, and names of files that would change the terminal."""

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vmm
from vmm.cli import main, report
from vmm.cli.messages import printable, printable_streams
from vmm.data import synthetic
from vmm.io import exits

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
CAUSES = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "ended, because the terminal was closed",
    signal.SIGXCPU: "ended at the limit of CPU time",
}

IN_VMM = """
import signal, sys, time, types
{before}
def main(others=()):
    {body}
    print("ready", flush=True)
    time.sleep(60)
sys.modules["vmm.cli"], sys.modules["vmm.app"] = types.SimpleNamespace(main=main), types.SimpleNamespace(command=None)
import vmm.__main__
vmm.__main__.main()
"""
WORK = "; ".join(
    [
        "from contextlib import ExitStack",
        "from pathlib import Path",
        "from vmm.io.drafts import draft",
        "from vmm.io.program import started",
        "stack = ExitStack()",
        "path = stack.enter_context(draft(Path('out.mkv'), overwrite=False))",
        "path.write_text('half')",
        "print(stack.enter_context(started(['sleep', '60'])).pid)",
    ]
)


def usual_signals():
    """Let no signal be ignored, as a shell ignores some for the programs that it starts in the background."""
    for number in CAUSES:
        signal.signal(number, signal.SIG_DFL)


def python(*arguments, **options):
    """Start Python with this source tree."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    pipes: dict[str, Any] = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "errors": "surrogateescape",
        "preexec_fn": usual_signals,
    }
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=environment, **pipes, **options)


def end_of(process, number, times):
    """The exit status and the messages of a process that gets a signal several times."""
    for _ in range(times):
        with suppress(ProcessLookupError):
            process.send_signal(number)
        time.sleep(0.02)
    _, messages = process.communicate(timeout=600)
    return process.returncode, messages


@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 4), (signal.SIGTERM, 4), (signal.SIGHUP, 1)])
def test_signals_before_the_command_begins(number, times, tmp_path):
    process = python("-c", IN_VMM.format(before="", body="pass"), cwd=tmp_path)
    assert process.stdout.readline() == "ready\n"
    expected = f"vmm: {CAUSES[number]}; no incomplete file remains\n"
    assert end_of(process, number, times) == (128 + number, expected)


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGXCPU, marks=pytest.mark.slow)])
def test_signals_remove_drafts_and_stop_other_programs(number, tmp_path):
    process = python("-c", IN_VMM.format(before="", body=WORK), cwd=tmp_path)
    child = int(process.stdout.readline())
    assert process.stdout.readline() == "ready\n"
    expected = f"vmm: {CAUSES[number]}; no incomplete file remains\n"
    assert end_of(process, number, 3) == (128 + number, expected)
    assert list(tmp_path.iterdir()) == []
    for _ in range(500):  # The init process of a container may collect it late, or never.
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True, check=False)
        if state.stdout.strip()[:1] in ("", "Z"):
            break
        time.sleep(0.02)
    else:
        pytest.fail("the other program still runs")


ENDING = "; ".join(
    [
        "from vmm.io.exits import at_signal",
        "numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU]",
        "at_signal(lambda: print(all(callable(signal.getsignal(number)) for number in numbers), flush=True))",
        "at_signal(lambda: [signal.raise_signal(number) for number in numbers])",
    ]
)


def test_further_signals_do_nothing_and_no_handler_is_replaced(tmp_path):
    """Python prints "Signal 2 ignored due to race condition" about a signal that comes while it is replaced."""
    process = python("-c", IN_VMM.format(before="", body=ENDING), cwd=tmp_path)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    output, messages = process.communicate(timeout=60)
    assert (process.returncode, output) == (143, "True\n")
    assert messages == "vmm: terminated; no incomplete file remains\n"


def test_signals_that_are_ignored_stay_ignored(tmp_path):
    """The program nohup ignores SIGHUP, for example."""
    code = IN_VMM.format(before="signal.signal(signal.SIGHUP, signal.SIG_IGN)", body="pass")
    process = python("-c", code, cwd=tmp_path)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    assert end_of(process, signal.SIGTERM, 1)[0] == 143


class ClosedPipe:
    """A stream whose reader has ended."""

    def write(self, text):
        return len(text)

    def flush(self):
        raise BrokenPipeError


@pytest.mark.parametrize("arguments", [["info", "in.mkv"], ["--help"], ["info", "nothing.mkv"]])
def test_a_closed_pipe_is_no_error(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    vmm.io.write("in.mkv", np.zeros((4, 16, 16), np.uint8), 30)
    monkeypatch.setattr(sys, "stdout", ClosedPipe())
    assert main(arguments) == 141
    assert "Broken" not in capsys.readouterr().err


def test_names_that_would_change_the_terminal(tmp_path, capsys):
    name = os.fsdecode(b"\x1b[31mred\nvmm: all is well\xff.mkv")
    assert main(["info", str(tmp_path / name)]) == 2
    printed = capsys.readouterr().err
    assert r"\x1b[31mred\nvmm: all is well\udcff.mkv" in printed and len(printed.splitlines()) == 1
    assert printable("a\u202eb\x9b\r é\N{GRINNING FACE}") == r"a\u202eb\x9b\r é" + "\N{GRINNING FACE}"
    with pytest.raises(SystemExit, match="2"):
        main(["info", "a.mkv", "--fs", "\x1b[2J"])
    assert "\x1b" not in capsys.readouterr().err


def test_progress_bars_are_printed_as_they_are(capsys):
    with printable_streams():
        for text in ("\rclip.mkv: 10%", "\r", "", "\r  \r", "\ra\x1b.mkv\rb: 10%", "\n"):
            sys.stderr.write(text)
    assert capsys.readouterr().err == "\rclip.mkv: 10%\r\r  \r\ra\\x1b.mkv\\rb: 10%\n"


@pytest.mark.parametrize("name", [b"beam\xff.mkv", b"two\nlines.mkv", rb"$\frac$.mkv"])
def test_sheets_about_files_of_any_name(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    loop = synthetic.render(synthetic.texture((32, 32)), synthetic.sway(15, 30, 2, 0.3))
    vmm.io.write(os.fsdecode(name), np.concatenate([loop] * 3), 30)
    arguments = ["--band", "2", "3", "--sweep", "alpha=5,10", "--quiet"]
    status = main(["linear", os.fsdecode(name), "sheet.png", *arguments])
    assert status == 0, capsys.readouterr().err
    assert (tmp_path / "sheet.png").stat().st_size > 1000


def test_pages_about_files_whose_names_are_not_utf_8(tmp_path, monkeypatch):
    name = os.fsdecode(b"beam\xff.mkv")
    monkeypatch.setattr(report, "_page", lambda *_: f"<h1>{name}</h1>")
    report.report(argparse.Namespace(report=tmp_path / "page.html", overwrite=False), None, None, [])  # type: ignore[arg-type]
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "<h1>beam\N{REPLACEMENT CHARACTER}.mkv</h1>"


@pytest.fixture
def video(tmp_path):
    loop = synthetic.render(synthetic.texture((128, 128)), synthetic.sway(15, 30, 2, 0.1))
    vmm.io.write(tmp_path / "in.mkv", (loop for _ in range(40)), 30)
    return tmp_path / "in.mkv"


def handles_signals(process):
    """Whether a process has begun to handle SIGXCPU, the last of the signals, as Linux shows."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    mask = int(re.findall(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)[0], 16)
    return bool(mask >> signal.SIGXCPU - 1 & 1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux shows which signals a process handles")
@pytest.mark.parametrize("number", CAUSES)
def test_signals_at_any_moment(number, video, tmp_path):
    """Until the program handles them, the interpreter, which starts or imports the package, ends in its own way.

    Its messages and its status depend on what it does at that moment. After the last step of the program, when the
    output is complete, the interpreter ends in its own way again.
    """
    output = tmp_path / "out.mp4"
    for delay in np.linspace(0.05, 3, 12):
        process = python("-m", "vmm", "riesz", video, output, "--band", 2, 3, "--quiet")
        time.sleep(delay)
        handled = handles_signals(process)
        status, messages = end_of(process, number, 4)
        if handled and (status, messages) != (128 + number, f"vmm: {CAUSES[number]}; no incomplete file remains\n"):
            assert (output.exists(), status, messages) in ((True, 0, ""), (True, -number, ""))
        output.unlink(missing_ok=True)
        assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


@pytest.mark.slow
def test_a_page_about_a_file_whose_name_is_not_utf_8(video, tmp_path):
    path = tmp_path / os.fsdecode(b"beam\xff.mkv")
    video.rename(path)
    process = python("-m", "vmm", "measure", path, "--report", tmp_path / "page.html", "--quiet")
    _, messages = process.communicate()
    assert process.returncode == 0 and "Traceback" not in messages
    assert "beam\N{REPLACEMENT CHARACTER}.mkv" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_other_threads_wait_while_the_process_ends():
    """They begin nothing, and report no error that the cleanup has caused."""
    began, ends, order = threading.Event(), threading.Event(), list[str]()

    def cleanup():
        began.set()
        ends.wait(10)
        time.sleep(0.05)

    def work(step):
        began.wait(10)
        ends.set()
        step()
        order.append("thread")

    def section():
        with exits.undivided():
            pass

    for step in (section, exits.wait_for_end):
        began.clear()
        ends.clear()
        order.clear()
        thread = threading.Thread(target=work, args=(step,))
        thread.start()
        with exits.cleaned_up(cleanup):
            exits.finish(lambda: order.append("end"))
        thread.join(10)
        assert order == ["end", "thread"]
