"""Suggestions: vibrations and color changes that are detected in clips."""

import argparse
import dataclasses
import re
import subprocess

import numpy as np
import pytest
from cases import VIDEOS

import vmm
from vmm.cli import outputs
from vmm.cli import suggest as command
from vmm.data import synthetic
from vmm.io.program import ffmpeg
from vmm.measure import suggest


def _sway(frequency, amplitude=0.05, frames=150, shape=(64, 80), noise=1.0, seed=0, dtype=np.uint8):
    moves = synthetic.sway(frames, 30, frequency, amplitude)
    return synthetic.render(synthetic.texture(shape, seed=seed), moves, noise=noise, seed=seed, dtype=dtype)


@pytest.mark.parametrize("frequency", [2.37, 5.01, 11.13])
def test_a_frequency_between_bins_is_measured(frequency):
    line = suggest(_sway(frequency), fs=30)[0]
    assert line.kind == "motion"
    assert abs(line.frequency - frequency) < 0.02
    assert line.amplitude == pytest.approx(0.05, rel=0.05)
    assert line.is_whole_frame


@pytest.mark.parametrize("angle", [30, 90])
def test_amplitude_in_every_direction(angle):
    moves = synthetic.sway(120, 30, 4.1, 0.2, angle)
    line = suggest(synthetic.render(synthetic.texture((64, 64)), moves, noise=1.0), fs=30)[0]
    assert line.amplitude == pytest.approx(0.2, rel=0.05)
    assert line.alpha == pytest.approx(2 / line.amplitude, rel=0.05)


@pytest.mark.slow
def test_the_standard_error_of_the_frequency():
    errors = [
        (line.frequency - 3.33) / line.frequency_stderr
        for line in (suggest(_sway(3.33, 0.01, noise=2.0, seed=seed), fs=30)[0] for seed in range(12))
    ]
    assert 0.3 < np.std(errors) < 2.5


@pytest.mark.parametrize("kind", ["still", "noise", "texture and noise"])
@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("frames", [16, 40, 150])
def test_still_clips_yield_no_suggestion(rng, kind, color, frames):
    still = synthetic.texture((64, 80))((0, 0)) if kind != "noise" else np.full((64, 80), 128.0)
    shape = (frames, *still.shape) + (3,) * color
    noise = 0 if kind == "still" else rng.normal(0, 1.5, shape)
    clip = (still[..., None] if color else still) + noise + np.zeros(shape)
    assert suggest(np.rint(clip).astype(np.uint8), fs=30) == []
    assert suggest((clip / 255).astype(np.float32), fs=30) == []


def test_a_drift_is_not_a_vibration(rng):
    moves = np.outer(np.linspace(0, 0.8, 150), [0, 1])
    assert suggest(synthetic.render(synthetic.texture((64, 80)), moves, noise=1.0), fs=30) == []
    walk = np.cumsum(rng.normal(0, 0.01, (150, 2)), axis=0)
    assert suggest(synthetic.render(synthetic.texture((64, 80)), walk, noise=1.0), fs=30) == []


def test_the_roi_contains_the_vibrating_object():
    scene = synthetic.disc((160, 192), radius=36)
    line = suggest(synthetic.render(scene, synthetic.sway(90, 30, 6.2, 0.1), noise=1.0), fs=30)[0]
    row, col, height, width = line.roi
    assert abs(line.frequency - 6.2) < 0.02
    assert 80 - 36 - 16 <= row <= 60 and 100 <= row + height <= 80 + 36 + 16
    assert 96 - 36 - 16 <= col <= 76 and 116 <= col + width <= 96 + 36 + 16
    assert row <= line.point[0] <= row + height and col <= line.point[1] <= col + width
    assert line.command().endswith(f"--roi {row} {col} {height} {width}")


@pytest.mark.parametrize("amplitude", [0.1, 1.0, 2.0])
def test_large_motion_has_its_amplitude_and_no_harmonics(amplitude):
    lines = suggest(_sway(4.1, amplitude, frames=120, shape=(64, 96), seed=4), fs=30)
    assert [round(line.frequency, 1) for line in lines] == [4.1]
    assert lines[0].amplitude == pytest.approx(amplitude, rel=0.05)


def test_the_amplitude_of_an_object_is_that_of_its_inside():
    scene = synthetic.disc((160, 192), radius=36)
    line = suggest(synthetic.render(scene, synthetic.sway(90, 30, 6.2, 0.1), noise=1.0), fs=30)[0]
    assert line.amplitude == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("bins", [1.35, 2.0])
def test_lines_close_in_frequency_are_listed_in_both_places(bins):
    other = 5.0 + bins * 30 / 150
    clip = np.concatenate([_sway(5.0, 0.05), _sway(other, 0.04, seed=1)], axis=2)
    lines = sorted(suggest(clip, fs=30), key=lambda line: line.frequency)
    assert [line.frequency for line in lines] == pytest.approx([5.0, other], abs=0.01)
    assert lines[0].roi[1] + lines[0].roi[3] <= 96 and lines[1].roi[1] >= 64
    assert [line.amplitude for line in lines] == pytest.approx([0.05, 0.04], rel=0.05)


def test_two_frequencies_in_two_halves():
    clip = np.concatenate([_sway(4.3, 0.1), _sway(7.7, 0.05, seed=1)], axis=2)
    lines = {round(line.frequency, 1): line for line in suggest(clip, fs=30)}
    assert set(lines) == {4.3, 7.7}
    assert lines[4.3].roi[1] + lines[4.3].roi[3] <= 80 <= lines[7.7].roi[1]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_dtypes_and_color(dtype):
    gray = _sway(5.3, 0.1, frames=90, dtype=np.float64)
    scale = {np.uint8: 1, np.uint16: 257}.get(dtype, 1 / 255)
    frames = (np.clip(gray, 0, 255) * scale).astype(dtype)
    for clip in (frames, (frames[..., None] * np.array([0.9, 0.7, 0.5])).astype(dtype)):
        line = suggest(clip, fs=30)[0]
        assert (line.kind, round(line.frequency, 1)) == ("motion", 5.3)
        assert line.amplitude == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    ("name", "options"),
    [("clip.avi", "-c:v mjpeg -pix_fmt yuvj420p -q:v 9"), ("clip.mp4", "-c:v mpeg4 -q:v 5 -bf 2 -g 30")],
)
def test_lines_that_a_codec_makes_are_marked(tmp_path, name, options):
    moving = {"frames": 120, "shape": (48, 64)}
    clip = np.concatenate([_sway(2.9, 0.5, **moving), _sway(6.7, 0.3, seed=1, **moving)], axis=2)
    source = "-v error -f rawvideo -pix_fmt gray -s 128x48 -r 30 -i -"
    command = [ffmpeg(), *source.split(), *options.split(), tmp_path / name]
    subprocess.run(command, input=clip.tobytes(), check=True)
    lines = suggest(vmm.io.stream(tmp_path / name, gray=True), max_peaks=20)
    assert {round(line.frequency, 1) for line in lines[:2]} == {2.9, 6.7}
    assert [line.is_codec_rhythm for line in lines] == [False, False] + [True] * (len(lines) - 2)
    assert len(lines) > 2


def test_harmonics_that_are_left_out_are_noted():
    angle = 2 * np.pi * 3.1 * np.arange(150) / 30
    scene = synthetic.texture((64, 80))
    first, *others = suggest(synthetic.render(scene, np.outer(np.sin(angle), [0, 1]), noise=1.0), fs=30)
    assert not others and first.omitted_harmonics
    assert any("harmonic" in note for note in outputs.suggestion_notes(first))


def test_chunks_equal_the_clip():
    clip = _sway(5.3, frames=90)
    chunks = np.split(clip, [1, 5, 30, 31, 77])
    assert suggest(iter(chunks), fs=30) == suggest(clip, fs=30)


def test_a_stream_provides_its_rate(tmp_path):
    vmm.io.write(tmp_path / "clip.mkv", _sway(5.3, frames=60), 30)
    line = suggest(vmm.io.stream(tmp_path / "clip.mkv"))[0]
    assert abs(line.frequency - 5.3) < 0.05
    assert line.fs == 30


def test_a_pulse_is_color_and_a_lamp_is_flicker(rng):
    still = np.repeat(synthetic.texture((96, 128), contrast=8.0)((0, 0))[..., None], 3, axis=-1)
    wave = np.sin(2 * np.pi * 1.13 * np.arange(240) / 30)[:, None, None, None]
    pulse = still + rng.normal(0, 1, (240, *still.shape))
    pulse[:, 16:64, 32:96] += 0.5 * wave * np.array([0.3, 1.0, 0.5])
    line = suggest(np.rint(pulse).astype(np.uint8), fs=30)[0]
    assert line.kind == "color" and abs(line.frequency - 1.13) < 0.02
    row, col, height, width = line.roi
    assert 0 <= row <= 32 and 48 <= row + height <= 80 and 16 <= col <= 48 and 80 <= col + width <= 112
    assert line.command("a b.mp4").startswith("vmm color 'a b.mp4' out.mp4 --band ")
    assert line.command("-a.mp4").startswith("vmm color ./-a.mp4 out.mp4 --band ")
    lamp = still * (1 + 0.005 * wave) + rng.normal(0, 1, (240, *still.shape))
    for clip in (lamp, lamp[..., 1]):
        line = suggest(np.rint(clip).astype(np.uint8), fs=30)[0]
        assert line.kind == "flicker" and abs(line.frequency - 1.13) < 0.02
        assert "--alpha -1" in line.command()


def test_harmonics_are_marked():
    times = np.arange(150) / 30
    wave = 0.2 * np.sin(2 * np.pi * 3.1 * times) + 0.05 * np.sin(2 * np.pi * 6.2 * times)
    clip = synthetic.render(synthetic.texture((64, 80)), np.outer(wave, [0, 1]), noise=1.0)
    first, second = suggest(clip, fs=30)[:2]
    assert first.harmonic is None
    assert second.harmonic == (2, first.frequency, False)
    assert suggest(clip, fs=30, max_peaks=1) == [first]


@pytest.mark.parametrize("fs", [None, pytest.param(30, marks=pytest.mark.slow), 500])
@pytest.mark.parametrize("frequency", [0.05, 0.2, 0.45])
def test_the_suggested_band_and_alpha_magnify(fs, frequency):
    clip = synthetic.render(synthetic.texture((48, 48)), synthetic.sway(64, 1, frequency, 0.1), noise=1.0)
    line = suggest(clip, fs=fs)[0]
    low, high = line.band
    assert 0 < low < line.frequency < high < line.fs / 2
    assert high - low >= 2 * line.fs / 64
    assert line.frequency == pytest.approx(frequency * (fs or 1), rel=0.03)
    out = vmm.gradient.magnify(clip, line.band, fs=line.fs, alpha=line.alpha)
    assert out.std(axis=0).mean() > 1.5 * clip.std(axis=0).mean()


def test_the_command_line(tmp_path, capsys):
    vmm.io.write(tmp_path / "moving.mkv", _sway(5.3, 0.1, frames=75), 30)
    vmm.io.write(tmp_path / "still.mkv", np.full((30, 32, 32), 99, np.uint8), 30)
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    places = ["--out", str(tmp_path / "places.png")]
    for words in (["moving.mkv", "--fs", "60", "--start", "0.25", *places], ["still.mkv"]):
        options = parser.parse_args(["suggest", str(tmp_path / words[0]), *words[1:]])
        options.run(options)
    summary, line, message = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"10\.\d+ \+- \S+ \(noise\) \+- \S+ \(clock 1e-4\) Hz, motion, \d+ dB above the noise, "
        r"0\.\d+ px, about row \d+, column \d+",
        summary,
    )
    assert re.search(
        r"vmm gradient \S+moving.mkv moving_10.\d+Hz.mp4 --band \S+ \S+ --fs 60 --alpha \d+ --start 0.25$", line
    )
    assert message.startswith("No vibration or color change exceeds the noise")
    assert (tmp_path / "places.png").stat().st_size > 1000


def test_the_commands_write_to_new_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fan_32Hz.mp4").touch()
    line = suggest(_sway(5.3, 0.1, frames=64), fs=30)[0]
    lines = [dataclasses.replace(line, frequency=frequency) for frequency in (32.0, 32.001, 64.2)]
    assert outputs.target_names("clips/fan.mp4", lines) == ["fan_32Hz_2.mp4", "fan_32Hz_3.mp4", "fan_64.2Hz.mp4"]


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (9, 200)])
def test_small_frames(rng, size):
    assert suggest(rng.integers(0, 255, (40, *size), dtype=np.uint8), fs=30) == []


def test_invalid_arguments():
    with pytest.raises(ValueError, match=r"a clip of 15 frames is too short.*at least 16"):
        suggest(np.zeros((15, 32, 32), np.uint8))
    with pytest.raises(ValueError, match=r"must be \(T, H, W\)"):
        suggest(np.zeros((20, 32), np.uint8))
    with pytest.raises(TypeError, match="frames must be"):
        suggest(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="fs=-1"):
        suggest(np.zeros((20, 32, 32), np.uint8), fs=-1)
    with pytest.raises(ValueError, match="max_peaks=0"):
        suggest(np.zeros((20, 32, 32), np.uint8), max_peaks=0)


@pytest.mark.slow
@pytest.mark.skipif(not VIDEOS.exists(), reason="the real clips are not installed")
class TestRealClips:
    def test_tuning_fork(self):
        line = suggest(vmm.io.stream(VIDEOS / "tuning_64hz_500fps.mp4", fs=500, end=1.2))[0]
        assert line.kind == "motion" and abs(line.frequency - 64) < 0.05

    def test_fan(self):
        lines = suggest(vmm.io.stream(VIDEOS / "fan_240fps.mp4", fs=240, end=2.5))
        assert lines[0].kind == "motion" and abs(lines[0].frequency - 32) < 0.06
        assert max(line.amplitude for line in lines) < 1.1  # the sharp edges of the grille have no motion of their own

    def test_breathing(self):
        line = suggest(vmm.io.stream(VIDEOS / "baby.mp4"))[0]
        assert line.kind == "motion" and 0.45 < line.frequency < 0.6  # six breaths in ten seconds can be counted
        row, col, height, width = line.roi
        assert row < 250 < row + height and col < 520 < col + width  # the back

    def test_strings(self):
        lines = suggest(vmm.io.stream(VIDEOS / "guitar.mp4", fs=600))[:4]
        for low, high, row in ((72, 92, 48), (100, 120, 72)):
            (string,) = (line for line in lines if low < line.frequency < high)
            assert string.roi[0] <= row < string.roi[0] + string.roi[2] and string.roi[3] > 2 * string.roi[2]

    def test_pulse(self):
        (pulse,) = (line for line in suggest(vmm.io.stream(VIDEOS / "face.mp4")) if line.kind == "color")
        assert 0.83 < pulse.frequency < 1.0
        assert re.match("vmm color face.mp4 ", pulse.command("face.mp4"))


@pytest.mark.parametrize("size", [0.05, 0.3, 0.8])
def test_a_strong_line_is_not_the_noise_of_a_short_clip(size):
    clip = synthetic.render(synthetic.texture((64, 80)), synthetic.sway(60, 30, 2, size), noise=1.0)
    line = suggest(clip, fs=30)[0]
    assert line.kind == "motion" and line.frequency == pytest.approx(2, abs=0.02)
    assert line.amplitude == pytest.approx(size, rel=0.1)


def test_black_bars_do_not_change_what_is_found():
    alone = synthetic.render(synthetic.texture((64, 96)), synthetic.sway(90, 30, 3, 0.2), noise=1.0).clip(40)
    still = np.repeat(alone[:1], 90, axis=0) + np.random.default_rng(1).integers(0, 3, alone.shape, dtype=np.uint8)
    clip = np.concatenate([still, alone], axis=2)
    framed = np.pad(clip, [(0, 0), (21, 21), (0, 0)])
    for line, other in zip(suggest(clip, fs=30), suggest(framed, fs=30), strict=True):
        top, left, height, width = line.roi
        assert other.roi == (top + 21, left, height, width) and left >= 80
        assert other.point == (line.point[0] + 21, line.point[1])
        assert (other.frequency, other.amplitude) == pytest.approx((line.frequency, line.amplitude), rel=1e-3)
