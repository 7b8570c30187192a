"""The times of frames: even and uneven spacing, rates that are stated, and the offset against the sound."""

import os
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from ffmpeg import run_ffmpeg

import vmm
from vmm.io.codecs import codec_loss
from vmm.io.image_names import select_series
from vmm.io.seeking import key_frame
from vmm.io.timing import Timestamps, find_spacing, read_packets
from vmm.io.video import probe

SOURCE = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=30:d=2")
KEEP = ("-fps_mode", "passthrough")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-bf", "2", "-x264-params", "b-adapt=0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("times")


@pytest.fixture(scope="module")
def even(folder):
    """A video of 60 frames at 30 frames/s with frames that are predicted from later ones."""
    run_ffmpeg(*SOURCE, *H264, folder / "even.mp4")
    return folder / "even.mp4"


def spacing_of(times, step, stated=(), **part):
    ticks = np.rint(np.asarray(times) / float(step)).astype(np.int64)
    stamps = Timestamps(ticks, Fraction(step), np.ones(len(ticks), bool), True)
    return find_spacing(stamps, [Fraction(rate) for rate in stated], **part)


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".ts", ".avi", ".flv"])
def test_even_times_of_each_format_give_the_stated_rate(suffix, even, folder):
    run_ffmpeg("-i", even, "-c", "copy", "-y", folder / f"even{suffix}")
    info: Any = vmm.io.info(folder / f"even{suffix}")
    assert info.is_even and info.fps == 30 and info.shape[0] == 60
    assert np.abs(info.times - np.arange(60) / 30).max() <= 2e-3
    clip: Any = vmm.io.stream(folder / f"even{suffix}")
    assert clip.times is None and clip.fs == 30


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "30", "50", "60000/1001", "60", "120", "240", "1000"])
def test_times_rounded_to_milliseconds_are_even(rate):
    times = np.arange(200) / float(Fraction(rate))
    spacing = spacing_of(times, Fraction(1, 1000), [rate])
    assert (spacing.kind, spacing.rate, spacing.missing, str(spacing)) == ("even", Fraction(rate), 0, "")
    copied = spacing_of(np.round(times, 3), Fraction(1, 90000), [rate])
    assert (copied.kind, copied.rate) == ("even", Fraction(rate))


def test_the_times_decide_where_another_rate_is_stated():
    spacing = spacing_of(np.arange(900) / 29.98, Fraction(1, 600), ["30000/1001", "30"])
    assert spacing.kind == "even" and float(spacing.rate) == pytest.approx(29.98, rel=1e-5)
    assert spacing_of(np.arange(900) / 29.97, Fraction(1, 90000), ["29.97", "60"]).rate in (
        Fraction(2997, 100),
        Fraction(30000, 1001),
    )


def test_frames_that_are_missing_from_a_grid(folder):
    path = folder / "gaps.mkv"
    run_ffmpeg(*SOURCE, "-vf", r"select=mod(n\,7)", *KEEP, "-c:v", "ffv1", path)
    info: Any = vmm.io.info(path)
    assert not info.is_even and info.shape[0] == 51 and info.fps == 30
    numbers = np.array([n for n in range(60) if n % 7])
    with pytest.warns(vmm.io.UnevenTimesWarning, match=r"gaps\.mkv: the times .* 8 frames are missing from an even 30"):
        clip: Any = vmm.io.stream(path)
    assert clip.fs == 30 and np.allclose(clip.times, (numbers - 1) / 30, atol=1e-12)
    part = vmm.io.stream(path, start=0.0, end=0.19)  # The part without a gap is even.
    assert part.times is None and part.shape[0] == 6


def test_a_rate_that_changes(folder):
    path = folder / "slow.mp4"
    run_ffmpeg(*SOURCE, "-vf", r"select=lt(t\,1)+not(mod(n\,2))", *KEEP, *H264, path)
    with pytest.warns(vmm.io.UnevenTimesWarning, match="down to 15 frames/s"):
        clip: Any = vmm.io.stream(path, fs=300)
    assert clip.fs == 300 and clip.times[-1] == pytest.approx(0.1 * 58 / 30)
    slow = vmm.io.stream(path, start=1.2)
    assert slow.times is None and slow.fs == slow.fps == 15


def test_delays_of_a_gif(folder):
    path = folder / "uneven.gif"
    run_ffmpeg(*SOURCE, "-vf", r"settb=1/100,setpts=6*N+gt(N\,20)*(N-20)", *KEEP, "-enc_time_base", "1/100", path)
    info: Any = vmm.io.info(path)
    assert info.spacing.kind == "variable" and info.times[-1] > 0
    assert float(info.fps) == pytest.approx(59 / info.times[-1])
    assert info.spacing.slowest < float(info.fps) < info.spacing.fastest
    assert "variable rate from" in str(info.spacing)


def test_variable_rates_have_their_mean():
    times = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.05, 100))
    spacing = spacing_of(times, Fraction(1, 90000), ["30"])
    assert spacing.kind == "variable" and spacing.positions is None
    assert float(spacing.rate) == pytest.approx(99 / (times[-1] - times[0]), rel=1e-4)
    assert 20 <= spacing.slowest < spacing.fastest <= 50


@pytest.mark.parametrize("name", ["raw.h264", "raw.hevc", "raw.mjpeg", "one.png", "one.jpg"])
def test_raw_streams_and_images_state_no_rate(name, folder):
    codec = {"raw.hevc": ("-c:v", "libx265", "-x265-params", "log-level=error"), "raw.h264": H264}.get(name, ())
    count = ("-frames:v", "1" if name.startswith("one") else "20")
    run_ffmpeg(*SOURCE, *count, *codec, folder / name)
    info: Any = vmm.io.info(folder / name)
    assert info.fps is None and info.times is None and info.is_even
    with pytest.raises(ValueError, match="states no frame rate: give the camera rate in Hz as fs"):
        vmm.io.stream(folder / name)
    assert vmm.io.stream(folder / name, fs=120).fs == 120


@pytest.mark.parametrize(("size", "rate"), [("720x576", "25"), ("720x480", "30000/1001")])
def test_dv_states_a_standard_rate(size, rate, folder):
    pixels = "yuv420p" if rate == "25" else "yuv411p"
    path = folder / f"{size}.dv"
    run_ffmpeg(*SOURCE, "-frames:v", "5", "-s", size, "-r", rate, "-pix_fmt", pixels, path)
    assert vmm.io.info(path).fps == Fraction(rate)


def test_y4m_without_a_rate(folder):
    run_ffmpeg(*SOURCE, "-frames:v", "3", "-pix_fmt", "yuv420p", folder / "rate.y4m")
    data = (folder / "rate.y4m").read_bytes()
    (folder / "none.y4m").write_bytes(data.replace(b" F30:1", b"", 1))
    assert vmm.io.info(folder / "rate.y4m").fps == 30
    assert vmm.io.info(folder / "none.y4m").fps is None


def test_an_edit_list_leaves_frames_out(even, folder):
    run_ffmpeg("-ss", "0.5", "-i", even, "-c", "copy", folder / "edit.mp4")
    info: Any = vmm.io.info(folder / "edit.mp4")
    frames, fs = vmm.io.read(folder / "edit.mp4")
    assert info.shape[0] == len(frames) == 45 and fs == 30 and info.is_even
    assert np.array_equal(frames, vmm.io.read(even)[0][15:])


def test_a_video_that_begins_after_its_sound(even, folder):
    sound = ("-f", "lavfi", "-i", "sine=d=2.5")
    late = ("-itsoffset", "0.5", "-i", even, *sound, "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "pcm_s16le")
    run_ffmpeg(*late, folder / "late.mkv")
    info: Any = vmm.io.info(folder / "late.mkv")
    assert info.start == pytest.approx(0.5, abs=1e-3) and info.times[0] == 0
    assert vmm.io.stream(folder / "late.mkv", start=1).start == pytest.approx(1.5, abs=1e-3)
    assert vmm.io.info(even).start == 0


def test_packets_in_the_order_of_decoding():
    lines = ["#tb 0: 1/10", *(f"0, {d}, {p}, 1, 9, 0x0{flags}" for d, p, flags in PACKETS)]
    stamps = read_packets(lines)
    assert stamps is not None
    assert stamps.ticks.tolist() == [4, 5, 6, 7] and stamps.step == Fraction(1, 10)
    assert stamps.is_key.tolist() == [True, False, False, False]
    assert (stamps.leading, stamps.delay, stamps.are_exact) == (1, 1, True)
    assert read_packets(["#tb 0: 1/10"]) is None


PACKETS = [(0, 1, ", F=0x0"), (1, 4, ""), (2, 3, ", F=0x0"), (3, 6, ", F=0x0"), (4, 5, ", F=0x0"), (5, 7, ", F=0x0")]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 4, 5], [0, 1, 3, 4]),
        ([10, 20, 30], None),
        ([10, 20, 40, 50], [0, 1, 3, 4]),
        ([1, 2, 1000], None),
        ([7], None),
    ],
)
def test_numbers_of_images(numbers, expected):
    _, positions = select_series(Path(), [f"run2_img{number:04}.png" for number in numbers])
    assert (None if positions is None else positions.tolist()) == expected


def test_images_whose_numbers_have_gaps(tmp_path):
    import imageio.v3 as iio

    for n in (1, 2, 4, 5, 6):
        iio.imwrite(tmp_path / f"img_{n:04}.png", np.full((8, 8), n, np.uint8))
    assert not vmm.io.info(tmp_path).is_even
    with pytest.warns(vmm.io.UnevenTimesWarning, match="1 number is missing from the names"):
        clip: Any = vmm.io.stream(tmp_path, fs=10)
    assert np.allclose(clip.times, [0, 0.1, 0.3, 0.4, 0.5]) and clip.fs == 10
    assert vmm.io.stream(tmp_path, fs=10, start=0.3).times is None


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(ValueError, match="is a pipe or a device, which can be read only once"):
        vmm.io.info(tmp_path / "pipe.mp4")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.mp4", "ffconcat version 1.0\nfile even.mp4\n"),
        ("a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\neven.ts\n"),
        ("a.png", "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='dynamic'><Period></Period></MPD>"),
        ("a.mkv", "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"),
    ],
)
def test_files_that_name_other_files_are_refused(name, text, folder):
    (folder / name).write_text(text)
    with pytest.raises(ValueError, match=r"playlists and manifests.* are read with playlists=True|no video that"):
        vmm.io.info(folder / name)


def test_playlists_are_read_if_asked_for(folder):
    run_ffmpeg(*SOURCE, *H264, folder / "part.ts")
    expected, fs = vmm.io.read(folder / "part.ts")
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:3,\npart.ts\n#EXT-X-ENDLIST\n"
    (folder / "list.m3u8").write_text(text)
    frames, rate = vmm.io.read(folder / "list.m3u8", playlists=True)
    assert rate == fs and np.array_equal(frames, expected)
    (folder / "remote.m3u8").write_text(text.replace("part.ts", "http://127.0.0.1:9/part.ts"))
    with pytest.raises(ValueError, match="no video that ffmpeg can decode"):
        vmm.io.info(folder / "remote.m3u8", playlists=True)


def test_a_name_is_no_pattern(folder):
    (folder / "d%02d").mkdir()
    for i, name in enumerate(("x%03d.png", "x000.png", "x001.png", "d%02d/1.png")):
        iio.imwrite(folder / "a.png", np.full((16, 16, 3), 60 * i, np.uint8))
        (folder / "a.png").rename(folder / name)
    for name, red in (("x%03d.png", 0), ("d%02d/1.png", 180)):
        frames, _ = vmm.io.read(folder / name, fs=30)
        assert len(frames) == 1 and abs(int(frames[0, 0, 0, 0]) - red) < 3


def test_a_silent_ffmpeg_is_stopped(folder, monkeypatch):
    run_ffmpeg(*SOURCE, "-c:v", "ffv1", folder / "silent.mkv")
    info = vmm.io.info(folder / "silent.mkv")
    os.mkfifo(folder / "silent")
    monkeypatch.setattr("vmm.io.process.SILENCE", 0.5)
    for call in (probe, partial(key_frame, info=info, start=80), partial(codec_loss, clip=replace(info, codec="h264"))):
        with pytest.raises(ValueError, match=r"silent: ffmpeg was stopped because it gave neither data nor an error"):
            call(folder / "silent")


def test_key_frames_of_lossless_codecs_cause_no_rhythm(folder):
    for name, codec in (("gop.mkv", ("-c:v", "ffv1", "-g", "12")), ("gop.mp4", (*H264, "-sc_threshold", "0"))):
        run_ffmpeg(*SOURCE, *codec, folder / name)
    assert vmm.io.stream(folder / "gop.mkv").key_rate == 0
    assert vmm.io.stream(folder / "gop.mp4").key_rate == 1.5
