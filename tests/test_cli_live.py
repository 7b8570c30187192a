"""The command ``live``, with a file that is read at its own rate in place of a camera."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import vmm
from vmm.cli import main
from vmm.cli.live import METHODS, Live
from vmm.io import sources
from vmm.io.live import open_live

BAND = ("--band", "2", "3")


@pytest.fixture(scope="module")
def path(tmp_path_factory, clip):
    path = tmp_path_factory.mktemp("live") / "clip.mkv"
    vmm.io.write(path, clip, 200)
    return path


def test_a_recording_keeps_the_time_although_frames_are_dropped(path, tmp_path, capsys, monkeypatch):
    pairs = Live.pairs

    def slow(live):
        for one in pairs(live):
            time.sleep(0.1)
            yield one

    monkeypatch.setattr(Live, "pairs", slow)
    out = tmp_path / "out.mkv"
    assert main(["live", str(path), str(out), *BAND, "--fs", "30", "--compare"]) == 0
    frames, fs = vmm.io.read(out)
    assert frames.shape == (60, 48, 2 * 64 + 4, 3) and fs == 30
    text = capsys.readouterr().out
    assert "frames were dropped" in text and "ms of CPU time a frame" in text
    assert (np.diff(frames.astype(int), axis=0) == 0).all(axis=(1, 2, 3)).any()  # repeated for those that were dropped


def test_without_a_file_the_rates_are_printed(path, capsys):
    assert main(["live", str(path), *BAND, "--fs", "30", "--duration", "0.1", "--roi", "8", "8", "16", "16"]) == 0
    assert "frames/s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["out.tif", *BAND], "a recording is .mp4"),
        (["out.mp4", "--band", "20", "30", "--fs", "30"], "band"),
        (["out.mp4", *BAND, "--roi", "0", "0", "500", "10"], "must be inside the frame"),
        (["out.mp4", *BAND, "--duration", "-1"], "end=-1 must be a positive"),
    ],
)
def test_wrong_options_leave_nothing_behind(path, tmp_path, capsys, words, sentence):
    assert main(["live", str(path), str(tmp_path / words[0]), *words[1:]]) == 2
    assert sentence in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_camera_that_is_lost_leaves_a_whole_recording(tmp_path, capsys, monkeypatch):
    lavfi = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=30:duration=0.5"]
    monkeypatch.setattr(sources, "_camera_options", lambda text, fs: lavfi)
    monkeypatch.setattr("vmm.io.live._MAX_DELAY", 10.0)  # The frames come faster than those of a camera.
    monkeypatch.setattr(Live, "warm_up", lambda live: None)
    monkeypatch.setattr("vmm.io.live.LiveClip.restart", lambda clip: None)
    out = tmp_path / "out.mp4"
    assert main(["live", "camera:0", str(out), *BAND, "--method", "linear"]) == 2
    assert "sends no more frames after 15" in capsys.readouterr().err
    assert vmm.io.info(out).shape == (15, 48, 64, 3)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_frame_for_each_frame(path, method):
    with open_live(path, fs=30) as clip:
        live = Live(clip, method, (2.0, 3.0), {"alpha": None})
        live.warm_up()
        pairs = list(live.pairs())
    assert len(pairs) + clip.dropped == 60 and not live._originals
    assert all(picture.shape == original.shape for _, original, picture in pairs)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_recording_with_a_whole_file(tmp_path, clip, number):
    source, out = tmp_path / "clip.mkv", tmp_path / "out.mp4"
    vmm.io.write(source, np.concatenate([clip] * 20), 30)  # 40 s
    command = [sys.executable, "-m", "vmm", "live", str(source), str(out), *BAND, "--method", "linear", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 120
    while not any(file.stat().st_size for file in tmp_path.glob(".vmm-draft-*/draft.mp4")):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0 and "dropped" in output and not errors
    assert 1 < vmm.io.info(out).shape[0] < 1200 and len(list(tmp_path.iterdir())) == 2
