"""Live sources: a file at its own rate in place of a camera, and programs in place of ffmpeg that fail."""

import os
import stat
import sys
import time

import numpy as np
import pytest

import vmm
from vmm.io import sources
from vmm.io.live import open_live

RATE = 200
"""Frames per second of the file, so that 60 frames last 0.3 s."""

PROGRAM = """#!{python}
import sys, time
if "-version" in sys.argv:
    print("ffmpeg version 7\\nlibavutil      59.  8.100")
    raise SystemExit
sys.stderr.write({messages!r})
sys.stderr.flush()
for number in range({frames}):
    sys.stdout.buffer.write(b"P5\\n32 24\\n255\\n" + bytes([number]) * 768)
    sys.stdout.buffer.flush()
time.sleep({pause})
raise SystemExit({status})
"""

STATED = (
    "Output #0, image2pipe, to 'pipe:1':\n  Stream #0:0: Video: pgm, gray, 32x24, q=2-31, 200 kb/s, 30 fps, 30 tbn\n"
)
"""What ffmpeg writes before the first frame."""


@pytest.fixture(scope="module")
def path(tmp_path_factory, clip):
    path = tmp_path_factory.mktemp("live") / "clip.mkv"
    vmm.io.write(path, clip, RATE)
    return path


@pytest.fixture
def camera(tmp_path, monkeypatch):
    """A function that makes a program in place of ffmpeg."""
    if os.name == "nt":
        pytest.skip("a script is no program there")

    def make(messages="", frames=0, status=1, pause=0.0):
        program = tmp_path / "ffmpeg"
        values = {"messages": messages, "frames": frames, "status": status, "pause": pause}
        program.write_text(PROGRAM.format(python=sys.executable, **values))
        program.chmod(stat.S_IRWXU)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))

    return make


def test_a_file_at_its_own_rate_gives_every_frame(path, clip):
    begin = time.monotonic()
    with open_live(path, fs=30, gray=True) as live:
        frames = [np.concatenate(list(live))] if live.dropped else list(live)
    if live.dropped == 0:  # Otherwise the machine was too busy, and the frames are fewer.
        np.testing.assert_array_equal(np.concatenate(frames), clip)
    assert live.fs == 30 and live.fps == RATE and live.white == 255
    assert time.monotonic() - begin > 0.9 * (len(clip) - 1) / RATE


def test_frames_are_dropped_rather_than_delayed(path, clip):
    with open_live(path, gray=True) as live:
        numbers = []
        for chunk in live:
            assert len(chunk) == len(live.numbers) == 1
            numbers += live.numbers
            time.sleep(0.1)
    assert 0 < live.dropped == len(clip) - len(numbers)
    assert numbers == sorted(set(numbers)) and numbers[-1] == len(clip) - 1


def test_size_chunk_and_end(path):
    with open_live(path, height=24, chunk=8, end=0.1) as live:
        assert live.shape == (round(0.1 * RATE), 24, 32, 3)
        time.sleep(0.05)
        chunks = list(live)
    assert max(map(len, chunks)) <= 8 and all(chunk.shape[1:] == (24, 32, 3) for chunk in chunks)
    assert live.numbers[-1] <= 19 and len(np.concatenate(chunks)) + live.dropped == 20


def test_closing_ends_a_clip_and_its_program(path):
    live = open_live(path)
    next(live)
    process = live._feed._run.process
    live.close()
    assert list(live) == [] and process.wait(10) is not None


def test_no_program_remains_when_close_returns(path):
    clip = open_live(path)
    process = clip._feed._run.process
    clip.close()
    assert process.returncode is not None  # It has ended, and the system has forgotten it.


def test_a_live_clip_is_magnified_frame_by_frame_and_read_once(path):
    with open_live(path, fs=30) as live:
        out = vmm.riesz.magnify(live, (2, 3), sigma=0)
        shapes = {chunk.shape[1:] for chunk in out}
    assert shapes == {(48, 64, 3)}
    with open_live(path, fs=30) as live, pytest.raises(ValueError, match="live, so that its frames can be read only"):
        list(vmm.linear.magnify(live, (2, 3), temporal="ideal"))


def test_a_camera_is_a_clip(monkeypatch):
    lavfi = ["-f", "lavfi", "-i", "testsrc2=size=32x24:rate=30:duration=0.4"]
    monkeypatch.setattr(sources, "_camera_options", lambda text, fs: lavfi)
    monkeypatch.setattr("vmm.io.live._MAX_DELAY", 10.0)  # The frames come faster than those of a camera.
    frames, fs = vmm.io.read("camera:0", end=0.2, gray=True)
    assert fs == 30 and frames.shape == (6, 24, 32)
    with pytest.warns(UserWarning, match="delivers 30 frames/s in place of 60"):
        clip = vmm.io.stream("camera:0", fs=60)
    assert isinstance(clip, vmm.io.Clip) and clip.shape[1:] == (24, 32, 3) and clip.fs == 30
    with pytest.raises(OSError, match="camera:0: the camera sends no more frames after 12"):
        list(clip)
    with pytest.raises(ValueError, match="end is missing"):
        vmm.io.read("camera:0")
    with pytest.raises(ValueError, match="start=1 must be 0 for a camera"):
        vmm.io.stream("camera:0", start=1.0)


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ("[v4l2 @ 0x1] Cannot open video device /dev/video0: No such file or directory\n", "there is no such camera"),
        ("[v4l2 @ 0x1] ioctl(VIDIOC_STREAMON): Device or resource busy\n", "in use by another program"),
        ("[v4l2 @ 0x1] Cannot open video device /dev/video0: Permission denied\n", "may not use the camera"),
        ("[v4l2 @ 0x1] Not a video capture device.\n", "there is no such camera"),
        ("[dshow @ 0x1] Could not run graph (sometimes caused by a device already in use)\n", "in use by another"),
        ("[dshow @ 0x1] Could not find video device with name [x]\n", "there is no such camera"),
        ("[avfoundation @ 0x1] Invalid device index\n", "there is no such camera"),
        ("Unknown input format: 'v4l2'\n", "this ffmpeg program cannot read cameras"),
        ("[v4l2 @ 0x1] Strange\n", r"could not be opened \(Strange\)"),
        ("", r"could not be opened \(ffmpeg gives no reason\)"),
    ],
)
def test_a_camera_that_cannot_be_opened_gives_a_sentence(camera, messages, sentence):
    camera(messages)
    with pytest.raises(OSError, match=f"^camera:0: .*{sentence}") as caught:
        vmm.io.stream("camera:0")
    assert "\n" not in str(caught.value)


def test_a_camera_that_is_lost_gives_its_frames_and_a_sentence(camera):
    camera(STATED, frames=5, status=0)
    clip = vmm.io.stream("camera:0", gray=True)
    values = []
    with pytest.raises(OSError, match="camera:0: the camera sends no more frames after 5"):
        for chunk in clip:
            values += chunk[:, 0, 0].tolist()
    assert values == [0, 1, 2, 3, 4]


def test_a_camera_that_is_silent_gives_a_sentence(camera, monkeypatch):
    monkeypatch.setattr("vmm.io.live._SILENCE", 0.3)
    camera(pause=30)
    with pytest.raises(ValueError, match=r"camera:0: no frame came for 0\.3 s"):
        vmm.io.stream("camera:0")


def test_addresses_need_consent_and_passwords_are_not_shown(camera):
    address = "rtsp://me:secret@camera.example/1"
    with pytest.raises(ValueError, match=r"^rtsp://camera\.example/1 is an address .*network=True") as caught:
        vmm.io.stream(address)
    assert "secret" not in str(caught.value)
    camera(f"[rtsp @ 0x1] {address}: 401 Unauthorized\n")
    with pytest.raises(OSError, match="check address and password") as failure:
        vmm.io.stream(address, network=True)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("end", [0, -1, float("nan"), float("inf")])
def test_the_end_is_a_finite_time(path, end):
    with pytest.raises(ValueError, match=r"end=.* must be a positive number of seconds"):
        open_live(path, end=end)


def test_sources_that_are_none(tmp_path):
    for text, sentence in (
        ("camera:", "the number of the camera is missing"),
        (str(tmp_path / "none.mkv"), "no such file"),
        ("http://camera.example/x.mp4", "no such file"),
    ):
        with pytest.raises((ValueError, OSError), match=sentence):
            open_live(text)
    vmm.io.write(tmp_path / "x.tif", np.zeros((3, 8, 8), np.uint8), 30)
    with pytest.raises(ValueError, match="cannot be read at its own rate"):
        open_live(tmp_path / "x.tif")
    (tmp_path / "x.mkv").write_bytes(b"no video" * 100)
    with pytest.raises(OSError, match=r"x\.mkv: no video that ffmpeg can decode"):
        open_live(tmp_path / "x.mkv")


@pytest.mark.parametrize(
    ("platform", "options"),
    [
        ("linux", ["-f", "v4l2", "-framerate", "30", "-i", "/dev/video1"]),
        ("darwin", ["-f", "avfoundation", "-framerate", "30", "-i", "1:none"]),
        ("win32", ["-f", "dshow", "-framerate", "30", "-i", "video=Second Camera"]),
    ],
)
def test_the_options_for_cameras(monkeypatch, platform, options):
    listed = '[dshow @ 0] "First" (video)\n[dshow @ 0]   Alternative name "x"\n[dshow @ 0] "Second Camera" (video)\n'
    listed += '[dshow @ 0] "Microphone" (audio)\n'
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(sources, "ffmpeg_output", lambda *_: type("Output", (), {"messages": listed}))
    assert sources.source_of("camera:1", fs=30.0, network=False).options == options
    if platform == "win32":
        with pytest.raises(ValueError, match="connected are: First, Second Camera"):
            sources.source_of("camera:2", fs=None, network=False)
