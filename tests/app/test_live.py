"""The live step of the app without a browser: a clip at its own rate in place of a camera."""

import json
import struct
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import vmm

pytest.importorskip("starlette", reason="the packages of the extra app are not installed")
pytest.importorskip("uvicorn", reason="the packages of the extra app are not installed")
pytest.importorskip("plotly", reason="the packages of the extra app are not installed")

from vmm.app.live import LiveView, _Recording, checked_settings
from vmm.app.session import Session

SETTINGS = {"method": "linear", "band": [2, 3], "alpha": 10}
BOX = [8, 16, 24, 24]


@pytest.fixture
def root(tmp_path, clip):
    vmm.io.write(tmp_path / "clip.mkv", np.concatenate([clip] * 16), 20)  # 48 s
    return tmp_path


@pytest.fixture
def session(root):
    session = Session(root)
    yield session
    session.close()
    assert not session.live.is_running and not session.folder.exists()


def pictures(live, count):
    """The states of the next pictures, and the last picture."""
    number = -1
    states: list[dict[str, Any]] = []
    while len(states) < count:
        assert live.is_running
        number, packet = live.packet(number)
        text, size = struct.unpack(">II", packet[:8])
        state = json.loads(packet[8 : 8 + text])
        assert len(packet) == 8 + text + size and not state["error"], state
        if size:  # Otherwise none has come for a while.
            states.append(state)
            picture = packet[8 + text :]
    return states, picture


@pytest.mark.slow
def test_pictures_motion_and_recordings(session):
    live = session.live
    session.start_live({"source": "clip.mkv", "settings": SETTINGS})
    states, picture = pictures(live, 5)
    assert picture[:2] == b"\xff\xd8" and states[-1]["running"] and states[-1]["size"] == [48, 64]
    assert "frames/s" in states[-1]["text"] and states[-1]["fs"] == 20
    live.record(True)
    pictures(live, 45)
    answer = live.measure({"box": BOX})
    assert answer["unit"] == "px" and answer["message"] == "" and 0.1 < np.abs(answer["values"][1]).max() < 0.5
    assert any(abs(peak["frequency"] - 5 / 3) < 0.3 for peak in answer["peaks"])  # 2.5 Hz at 30 frames/s
    live.change({**SETTINGS, "alpha": 20})
    pictures(live, 5)
    live.record(False)
    original, magnified = (vmm.io.info(path).shape for path in live.paths)
    assert original == magnified and original[1:] == (48, 64, 3) and original[0] >= 20
    assert [entry["name"] for entry in live.files] == ["live_1.mkv", "live_1_magnified.mp4"]
    session.open_recording(0)
    assert session.clip.path.name == "live_1.mkv" and not live.is_running
    with pytest.raises(ValueError, match="there is no recording 7"):
        session.open_recording(7)


def test_the_end_of_the_source_completes_the_recording(session, root, clip):
    vmm.io.write(root / "short.mkv", clip, 100)
    session.start_live({"source": "short.mkv", "settings": {**SETTINGS, "band": None}})
    session.live.record(True)
    end = time.monotonic() + 60
    while session.live.is_running:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert not session.live.error and len(session.live.files) == 2
    assert session.live.described()["recording"] is False


def test_a_recording_repeats_frames_that_are_missing(tmp_path):
    rates: Any = SimpleNamespace(fps=30, fs=30.0)
    recording = _Recording(tmp_path / "x.mkv", rates)
    for number in (3, 4, 7):
        recording.add(number, np.full((16, 16), number, np.uint8))
    recording.finish()
    assert vmm.io.read(tmp_path / "x.mkv")[0][:, 0, 0].tolist() == [3, 4, 4, 4, 7] and recording.text() == "0.2 s"


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"source": "../x.mkv", "settings": SETTINGS}, "opens files below"),
        ({"source": "", "settings": SETTINGS}, "the source is missing"),
        ({"source": "missing.mkv", "settings": SETTINGS}, "no such file"),
        ({"source": "rtsp://camera.example/1", "settings": SETTINGS}, "only with network=True"),
        ({"source": "clip.mkv", "settings": {**SETTINGS, "method": "phase; ls"}}, "method="),
        ({"source": "clip.mkv", "settings": {**SETTINGS, "band": [3, 2]}}, "rising frequencies"),
        ({"source": "clip.mkv", "settings": {**SETTINGS, "alpha": float("nan")}}, "alpha"),
        ({"source": "clip.mkv", "settings": SETTINGS, "height": 5}, "height=5 must be"),
    ],
)
def test_requests_that_are_refused(session, request_, sentence):
    with pytest.raises((ValueError, OSError), match=sentence):
        session.start_live(request_)
    assert not session.live.is_running


def test_errors_of_a_camera_that_runs_are_told(session):
    with pytest.raises(ValueError, match="no camera runs"):
        session.live.record(True)
    assert "too few frames" in session.live.measure({"box": BOX})["message"]
    session.start_live({"source": "clip.mkv", "settings": {**SETTINGS, "band": [9, 40]}})  # above half of the rate
    end = time.monotonic() + 60
    while not session.live.error:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert "band" in session.live.error
    session.start_live({"source": "clip.mkv", "settings": SETTINGS})
    pictures(session.live, 5)
    with pytest.raises(ValueError, match="must be inside the frame"):
        session.live.measure({"box": [0, 0, 500, 5]})


def test_settings():
    assert checked_settings(SETTINGS) == {"method": "linear", "band": (2.0, 3.0), "alpha": 10.0}
    assert checked_settings({"method": "riesz"})["band"] is None


def test_a_view_without_a_source():
    view = LiveView(Path, lambda path, name: name)
    view.stop()
    assert view.described()["running"] is False and view.packet(-1)[1]
