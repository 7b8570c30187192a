"""Files hold what was written: the rates, the number of frames, the shape of the pixels, the depth and the transfer."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from ffmpeg import run_ffmpeg

import vmm
from benchmarks import rates
from vmm.cli import main
from vmm.cli.notices import motion_notice
from vmm.io.rates import default_playback_rate


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def gray(rng):
    return rng.integers(0, 255, (12, 16, 32), dtype=np.uint8)


def test_a_rate_is_exact_or_refused():
    assert rates.table((7000.7,))[1] == ("7000.7", "refused", *["exact"] * 4, "refused")


@pytest.mark.slow
def test_every_rate_is_exact_or_refused():
    for rate, *outcomes in rates.table()[1:]:
        expected = ["exact"] * 6
        if float(Fraction(rate)) > 100:
            expected[5] = "refused"  # .gif
        if rate in ("7000.7", "20000.5", "35087", "90000", "100000"):
            expected[0] = "refused"  # .mkv
        assert outcomes == expected


@pytest.mark.parametrize("rate", [23.976, Fraction(120000, 1001), 239.76, 120.05, 2200, Fraction(1, 60)])
def test_matroska_states_the_rate_exactly(rate, tmp_path, gray):
    vmm.io.write(tmp_path / "a.mkv", gray, rate)
    assert vmm.io.info(tmp_path / "a.mkv").fps == Fraction(str(rate))


def test_a_rate_that_a_format_cannot_state(tmp_path, gray):
    with pytest.raises(ValueError, match=r"Matroska cannot state fps=35087 exactly; choose \.avi or \.nut"):
        vmm.io.write(tmp_path / "a.mkv", gray, 35087)
    with pytest.raises(ValueError, match="must be between 1e-06 and 1e"):
        vmm.io.write(tmp_path / "a.mp4", gray, 3e9)
    assert names_in(tmp_path) == []


def test_high_rates_keep_all_frames_in_their_order(tmp_path, rng):
    frames = rng.integers(0, 255, (100, 8, 16), dtype=np.uint8)
    for name, rate in (("a.avi", 35087), ("a.mkv", 2200)):
        vmm.io.write(tmp_path / name, frames, rate)
        assert np.array_equal(vmm.io.read(tmp_path / name)[0], frames)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".avi", ".nut", ".gif"])
def test_the_camera_rate_comes_back(suffix, tmp_path, gray):
    path = tmp_path / f"a{suffix}"
    vmm.io.write(path, gray, 25, fs=35087)
    info = vmm.io.info(path)
    assert (info.fps, info.capture_rate) == (Fraction(25), Fraction(35087))
    clip = vmm.io.stream(path)
    assert (clip.fs, clip.fps) == (35087.0, Fraction(25))


def test_a_clip_brings_its_camera_rate_with_it(tmp_path, gray):
    vmm.io.write(tmp_path / "a.mkv", gray, 25, fs=35087)
    vmm.io.write(tmp_path / "b.mp4", vmm.io.stream(tmp_path / "a.mkv"), 30)
    assert vmm.io.stream(tmp_path / "b.mp4").fs == 35087.0
    vmm.io.write(tmp_path / "b.mp4", gray, 30, overwrite=True)
    assert vmm.io.info(tmp_path / "b.mp4").capture_rate is None


def test_the_camera_rate_of_a_file_that_was_changed_is_unknown(tmp_path, gray):
    vmm.io.write(tmp_path / "a.mkv", gray, 30, fs=600)
    run_ffmpeg("-i", tmp_path / "a.mkv", "-vf", "fps=60", "-c:v", "ffv1", tmp_path / "b.mkv")
    assert vmm.io.info(tmp_path / "b.mkv").capture_rate is None
    run_ffmpeg("-i", tmp_path / "a.mkv", "-c", "copy", tmp_path / "c.mkv")
    assert vmm.io.info(tmp_path / "c.mkv").capture_rate == 600


@pytest.mark.parametrize(("stated", "expected"), [("240.0", 240), ("30.0", None)])
def test_slow_motion_of_android(stated, expected, tmp_path, gray):
    vmm.io.write(tmp_path / "a.mp4", gray, Fraction(30000, 1001))
    options = ["-metadata", "comment=", "-metadata", f"com.android.capture.fps={stated}"]
    run_ffmpeg("-i", tmp_path / "a.mp4", "-c", "copy", *options, "-movflags", "use_metadata_tags", tmp_path / "b.mp4")
    info = vmm.io.info(tmp_path / "b.mp4")
    assert (info.fps, info.capture_rate) == (Fraction(30000, 1001), expected)


def test_default_playback_rates():
    assert default_playback_rate(None, 15000) == default_playback_rate(Fraction(1000), 1000) == 30
    assert default_playback_rate(Fraction(240), 240) == 240
    assert default_playback_rate(None, 24.5) == 24.5
    assert default_playback_rate(Fraction(25), 9000) == 25


def test_a_high_speed_clip_is_shown_in_slow_motion(tmp_path, clip, capsys):
    vmm.io.write(tmp_path / "in.nut", clip, 15000)
    arguments = ["--band", "1000", "1500", "--quiet"]
    assert main(["linear", str(tmp_path / "in.nut"), str(tmp_path / "out.mp4"), *arguments]) == 0
    assert "out.mp4 plays 500 times slower than filmed (15000 frames/s, shown at 30;" in capsys.readouterr().out
    info = vmm.io.info(tmp_path / "out.mp4")
    assert (info.fps, info.capture_rate) == (Fraction(30), Fraction(15000))
    assert main(["info", str(tmp_path / "out.mp4")]) == 0
    assert "filmed    15000 frames/s; plays 500 times slower than filmed" in capsys.readouterr().out
    assert main(["slice", str(tmp_path / "in.nut"), str(tmp_path / "out.mp4"), str(tmp_path / "both.mkv")]) == 0
    info = vmm.io.info(tmp_path / "both.mkv")
    assert (info.fps, info.capture_rate) == (Fraction(30), Fraction(15000))


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".avi"])
def test_the_pixel_aspect_is_kept(suffix, tmp_path, gray, capsys):
    vmm.io.write(tmp_path / "a.mkv", gray, 30)
    run_ffmpeg("-i", tmp_path / "a.mkv", "-vf", "setsar=16/11", "-c:v", "ffv1", tmp_path / "b.mkv")
    clip = vmm.io.stream(tmp_path / "b.mkv")
    vmm.io.write(tmp_path / f"c{suffix}", clip, 30)
    assert vmm.io.info(tmp_path / f"c{suffix}").pixel_aspect == Fraction(16, 11)
    assert main(["info", str(tmp_path / f"c{suffix}")]) == 0
    assert "16:11 (width : height), shown as 47 x 16" in capsys.readouterr().out
    with pytest.warns(UserWarning, match=r"stack\.tif: the format \.tif cannot hold the pixel aspect 16:11"):
        vmm.io.write(tmp_path / "stack.tif", clip.reopen(), 30, like=clip.info)


@pytest.mark.parametrize(
    ("fs", "text"), [(30.01, "30.01 frames/s\n"), (35087, "35087 frames/s; plays 1170 times slower than filmed\n")]
)
def test_info_compares_the_camera_rate_with_the_playback_rate(fs, text, tmp_path, gray, capsys):
    vmm.io.write(tmp_path / "a.mkv", gray, 30, fs=fs)
    assert main(["info", str(tmp_path / "a.mkv")]) == 0
    assert f"filmed    {text}" in capsys.readouterr().out


HLG = ["-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=error"]


@pytest.fixture
def hlg(tmp_path, rng):
    """A clip with 10 bits and the transfer HLG."""
    ramp = np.linspace(4000, 60000, 64 * 48).reshape(48, 64).astype(np.uint16)
    frames = np.stack([ramp, np.roll(ramp, 5, 0), np.roll(ramp, 9, 1)], axis=-1)
    vmm.io.write(tmp_path / "a.mkv", np.repeat(frames[None], 10, axis=0), 30)
    tags = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67:range=tv"
    path = tmp_path / "hlg.mov"
    run_ffmpeg("-i", tmp_path / "a.mkv", "-vf", f"scale=out_color_matrix=bt2020:out_range=tv,{tags}", *HLG, path)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_hdr_clips_keep_depth_transfer_and_color(suffix, hlg, tmp_path):
    clip = vmm.io.stream(hlg)
    path = tmp_path / f"out{suffix}"
    vmm.io.write(path, clip, 30)
    info = vmm.io.info(path)
    tags = dict(info.color_tags)
    assert info.bit_depth >= 10 and info.dtype == "uint16"
    assert (tags["color_trc"], tags["color_primaries"]) == ("arib-std-b67", "bt2020")
    before, after = (vmm.io.read(name)[0].astype(float) for name in (hlg, path))
    assert np.abs(after - before).mean() < 400  # of 65535


@pytest.mark.parametrize("name", ["out.avi", "out.gif"])
def test_formats_without_hdr_are_named(name, hlg, tmp_path):
    clip = vmm.io.stream(hlg)
    bits = " and 10 bits per sample" if name == "out.gif" else ""
    with pytest.warns(UserWarning, match=rf"cannot hold the HLG transfer{bits}, .*choose \.mp4, \.mov or \.mkv"):
        vmm.io.write(tmp_path / name, clip, 30)


def test_a_file_that_is_not_as_given_is_deleted(tmp_path, gray, monkeypatch):
    from vmm.io import _write

    described = vmm.io.info
    for change, message in (
        ({"shape": (11, 16, 32)}, "held 11 frames"),
        ({"fps": Fraction(29)}, "states 29 in place of 30"),
    ):
        monkeypatch.setattr(_write, "info", lambda path, change=change: replace(described(path), **change))
        with pytest.raises(OSError, match=message):
            vmm.io.write(tmp_path / "a.mkv", gray, 30)
        assert names_in(tmp_path) == []


def test_interlaced_video_is_named(tmp_path, gray, capsys):
    vmm.io.write(tmp_path / "a.mkv", np.repeat(np.repeat(gray, 4, axis=1), 4, axis=2), 25)
    options = [
        "-vf",
        "setfield=tff,format=yuv420p",
        "-c:v",
        "libx264",
        "-flags",
        "+ilme+ildct",
        "-x264-params",
        "tff=1",
    ]
    run_ffmpeg("-i", tmp_path / "a.mkv", *options, tmp_path / "b.mp4")
    assert vmm.io.info(tmp_path / "b.mp4").field_order == "top first"
    assert main(["info", str(tmp_path / "b.mp4")]) == 0
    assert "interlaced, top first" in capsys.readouterr().out
    assert motion_notice(tmp_path / "b.mp4").startswith("b.mp4: interlaced frames show two instants")


def test_covers_text_and_sound_are_no_video(tmp_path, gray):
    vmm.io.write(tmp_path / "cover.mkv", gray[:1], 30)
    tone = ["-f", "lavfi", "-i", "sine=d=0.5"]
    cover = ["-map", 0, "-map", 1, "-c:v", "png", "-disposition:v", "attached_pic"]
    run_ffmpeg(*tone, "-i", tmp_path / "cover.mkv", *cover, tmp_path / "song.mp3")
    run_ffmpeg(*tone, tmp_path / "tone.wav")
    (tmp_path / "notes.txt").write_text("a plain text file\n" * 2000)
    (tmp_path / "titles.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nhello\n")
    for name in ("song.mp3", "tone.wav", "notes.txt", "titles.srt"):
        with pytest.raises(ValueError, match=rf"{name}: no video"):
            vmm.io.info(tmp_path / name)
