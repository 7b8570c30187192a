"""Damaged videos raise errors that name the frames, and parts of a clip equal those of a whole pass."""

import os
import re
import subprocess
from typing import Any

import numpy as np
import pytest
from ffmpeg import run_ffmpeg

import vmm

SOURCE = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=30:d=3")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-bf", "2", "-x264-params", "b-adapt=0")
FORMATS = {
    "h264.mp4": H264,
    "h264.mkv": H264,
    "h264.ts": H264,
    "open.mp4": (*H264[:-1], "b-adapt=0:open-gop=1"),
    "refresh.ts": (*H264[:-1], "b-adapt=0:intra-refresh=1"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-bf", "2"),
    "mjpeg.avi": ("-c:v", "mjpeg"),
    "a.gif": (),
    "ffv1.mkv": ("-c:v", "ffv1", "-g", "10"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("damage")


@pytest.fixture(scope="module")
def video(folder):
    """FFV1 frames of 48 x 64 pixels, each with a checksum."""
    run_ffmpeg(*SOURCE, "-c:v", "ffv1", "-level", "3", "-g", "1", folder / "in.mkv")
    return folder / "in.mkv"


@pytest.mark.parametrize("name", FORMATS)
def test_a_part_equals_that_of_a_whole_pass(name, folder):
    run_ffmpeg(*SOURCE, *FORMATS[name], folder / name)
    frames, fs = vmm.io.read(folder / name)
    assert len(frames) == 90
    for first, stop in ((1, 4), (50, 53), (88, 90)):
        part, _ = vmm.io.read(folder / name, start=first / fs, end=stop / fs)
        assert np.array_equal(part, frames[first:stop]), (first, stop)


def test_decoding_begins_near_the_part(folder):
    from vmm.io.seeking import key_frame

    run_ffmpeg(*SOURCE, *H264, folder / "keys.mp4")
    info: Any = vmm.io.info(folder / "keys.mp4")
    assert np.flatnonzero(info.timestamps.is_key).tolist() == [0, 15, 30, 45, 60, 75]
    assert [key_frame(folder / "keys.mp4", info, frame) for frame in (0, 40, 80)] == [0, 15, 60]


def damaged(path, part=0.5, size=40):
    """A copy of the file with random bytes at one place."""
    data = bytearray(path.read_bytes())
    place = int(part * len(data))
    data[place : place + size] = np.random.default_rng(1).bytes(size)
    copy = path.with_stem(f"{path.stem}_damaged")
    copy.write_bytes(data)
    return copy


def test_damage_names_the_frames_and_the_whole_part(video):
    path = damaged(video, 0.45, 4)
    frames, fs = vmm.io.read(video)
    pattern = r"truncated or damaged at frame (\d+) of 90 \(slice CRC mismatch.*--end ([\d.]+) .*--keep-going"
    with pytest.raises(ValueError, match=pattern) as error:
        vmm.io.read(path)
    end = float(str(error.value).partition("--end ")[2].split()[0])
    part, _ = vmm.io.read(path, end=end)
    assert len(part) == round(end * fs) > 30 and np.array_equal(part, frames[: len(part)])
    after, _ = vmm.io.read(path, start=end + 1 / fs)
    assert np.array_equal(after, frames[len(part) + 1 :])
    with pytest.warns(vmm.io.DamageWarning, match=f"damaged at frame {len(part)} of 90"):
        assert vmm.io.read(path, keep_going=True)[0].shape == frames.shape


def test_missing_frames_repeat_the_frame_before(folder):
    run_ffmpeg(*SOURCE, "-c:v", "png", folder / "missing.mov")
    frames, fs = vmm.io.read(folder / "missing.mov")
    data = (folder / "missing.mov").read_bytes()
    path = damaged(folder / "missing.mov", 0.5, round(2.3 * len(data) / len(frames)))
    with pytest.raises(ValueError, match=r"at frames \d+ to \d+ of 90") as error:
        vmm.io.read(path)
    first, last = map(int, re.findall(r"frames (\d+) to (\d+)", str(error.value))[0])
    assert 30 < first < last < 60
    places = np.arange(len(frames))
    places[first : last + 1] = first - 1
    for chunk in (1, 16):
        with pytest.warns(vmm.io.DamageWarning, match=r"\d missing frames are replaced by the frame before"):
            assert np.array_equal(
                np.concatenate(list(vmm.io.stream(path, chunk=chunk, keep_going=True))), frames[places]
            )
    with pytest.warns(vmm.io.DamageWarning):
        part, _ = vmm.io.read(path, start=20 / fs, end=70 / fs, keep_going=True)
    assert np.array_equal(part, frames[places][20:70])


def test_damage_that_h264_conceals(folder):
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x128:r=30:d=3,noise=alls=6:allf=t", *H264, folder / "noise.mp4")
    path = damaged(folder / "noise.mp4", 0.4)
    with pytest.raises(
        ValueError, match=r"noise_damaged\.mp4: truncated or damaged at frames \d+ to \d+ of 90"
    ) as error:
        vmm.io.read(path)
    end = float(str(error.value).partition("--end ")[2].split()[0])
    part, _ = vmm.io.read(path, end=end)
    assert np.array_equal(part, vmm.io.read(folder / "noise.mp4")[0][: len(part)])


def test_a_decoder_that_is_killed(folder):
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x480:r=30:d=3", "-c:v", "mjpeg", folder / "large.avi")
    clip = vmm.io.stream(folder / "large.avi", chunk=4)
    next(clip)
    subprocess.run(["pkill", "-KILL", "-P", str(os.getpid()), "ffmpeg"], check=True)
    with pytest.raises(ValueError, match=r"large\.avi: ffmpeg was stopped by SIGKILL after \d+ of 90 frames"):
        list(clip)


@pytest.mark.parametrize("name", ["in.mkv", "cut.avi"])
def test_a_file_without_its_end(name, video, folder):
    if name == "cut.avi":
        run_ffmpeg(*SOURCE, "-c:v", "mjpeg", folder / name)
    data = (folder / name).read_bytes()
    path = folder / f"short_{name}"
    path.write_bytes(data[: 2 * len(data) // 3])
    with pytest.raises(ValueError, match=r"truncated or damaged .*--end") as error:
        vmm.io.read(path)
    end = float(str(error.value).partition("--end ")[2].split()[0])
    part, fs = vmm.io.read(path, end=end)
    assert len(part) == round(end * fs) > 40
    with pytest.warns(vmm.io.DamageWarning):
        assert len(vmm.io.read(path, keep_going=True)[0]) >= len(part)


def test_a_recording_that_begins_between_key_frames(folder):
    run_ffmpeg(*SOURCE, *H264, folder / "whole.ts")
    data = (folder / "whole.ts").read_bytes()
    packets = len(data) // 188
    (folder / "later.ts").write_bytes(data[: 2 * 188] + data[packets // 7 * 188 :])
    whole, _ = vmm.io.read(folder / "whole.ts")
    later, _ = vmm.io.read(folder / "later.ts")
    assert 60 <= len(later) < 90 and np.array_equal(later, whole[-len(later) :])
