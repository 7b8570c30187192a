"""Clips of each format are the same after writing and reading."""

from fractions import Fraction

import numpy as np
import pytest
from ffmpeg import run_ffmpeg

import vmm
from vmm.data import synthetic

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".nut", ".tif", ""])
@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("shape", [(9, 33, 47), (9, 33, 47, 3)])
def test_lossless_formats(suffix, kind, shape, tmp_path, rng):
    if suffix == "" and kind == "uint16" and len(shape) == 4:
        pytest.skip("PNG holds no 16-bit color")
    frames = rng.integers(0, np.iinfo(kind).max, shape, dtype=kind)
    path = tmp_path / f"clip{suffix}"
    vmm.io.write(path, (frames[i : i + 4] for i in range(0, 9, 4)), NTSC)
    info = vmm.io.info(path)
    back, fs = vmm.io.read(path, fs=None if info.fps else 600)
    assert back.dtype == frames.dtype
    assert np.array_equal(back, frames)
    assert info.shape == shape and info.dtype == kind
    assert fs == pytest.approx(float(NTSC) if info.fps else 600)
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".m4v"])
@pytest.mark.parametrize("rate", [NTSC, Fraction(24000, 1001), Fraction(25), Fraction(15), Fraction(500)])
def test_h264_keeps_the_rate_exactly(suffix, rate, tmp_path, frames):
    path = tmp_path / f"clip{suffix}"
    vmm.io.write(path, frames, rate)
    info = vmm.io.info(path)
    assert (info.fps, info.codec, info.pixel_format) == (rate, "h264", "yuv420p")
    assert info.shape == frames.shape


def test_h264_preserves_colors_approximately(tmp_path):
    gray = synthetic.render(synthetic.texture((64, 80), blur=3), synthetic.sway(12, 30, 2, 1))
    frames = np.rint(gray[..., None] * np.array([0.9, 0.6, 0.3])).astype(np.uint8)
    vmm.io.write(tmp_path / "clip.mp4", frames, 30)
    back, _ = vmm.io.read(tmp_path / "clip.mp4")
    assert np.abs(back.astype(float) - frames).mean() < 2.5
    assert np.abs((back.astype(float) - frames).mean(axis=(0, 1, 2))).max() < 1.5


@pytest.mark.parametrize("shape", [(6, 33, 47), (6, 33, 47, 3), (6, 32, 47, 3)])
def test_h264_of_odd_size(shape, tmp_path, rng):
    vmm.io.write(tmp_path / "clip.mp4", rng.integers(0, 255, shape, dtype=np.uint8), 30)
    assert vmm.io.info(tmp_path / "clip.mp4").shape == (6, 34 - (shape[1] == 32) * 2, 48, 3)


def test_gif(tmp_path, frames):
    vmm.io.write(tmp_path / "clip.gif", frames, 25)
    assert vmm.io.info(tmp_path / "clip.gif").shape == frames.shape


def test_16_bit_frames_in_an_8_bit_format(tmp_path, frames):
    vmm.io.write(tmp_path / "a.mp4", frames.astype(np.uint16) * 256, 30)
    vmm.io.write(tmp_path / "b.mp4", frames, 30)
    (a, _), (b, _) = (vmm.io.read(tmp_path / name) for name in ("a.mp4", "b.mp4"))
    assert np.array_equal(a, b)


def test_floating_point_frames_are_rounded_to_gray_levels(tmp_path, frames):
    vmm.io.write(tmp_path / "a.mkv", frames.astype(np.float32) + 0.3, 30)
    assert np.array_equal(vmm.io.read(tmp_path / "a.mkv")[0], frames)


def test_part_of_a_clip(tmp_path, frames):
    vmm.io.write(tmp_path / "a.mkv", frames, 10)
    part, _ = vmm.io.read(tmp_path / "a.mkv", start=0.2, end=0.6)
    assert np.array_equal(part, frames[2:6])
    slow, fs = vmm.io.read(tmp_path / "a.mkv", fs=1000, start=0.002, end=0.006)
    assert np.array_equal(slow, frames[2:6]) and fs == 1000
    with pytest.raises(ValueError, match=r"no frames from start=5.* lasts 0\.900 s"):
        vmm.io.read(tmp_path / "a.mkv", start=5)


def test_a_stream_has_shape_dtype_and_fs(tmp_path, frames):
    vmm.io.write(tmp_path / "a.mkv", frames, 10)
    clip = vmm.io.stream(tmp_path / "a.mkv", chunk=4, fs=600)
    assert (clip.shape, clip.dtype, clip.fs, clip.fps) == (frames.shape, frames.dtype, 600.0, Fraction(10))
    assert [len(chunk) for chunk in clip] == [4, 4, 1]
    out = vmm.linear.magnify(vmm.io.stream(tmp_path / "a.mkv", fs=600), (72, 92))
    assert sum(len(chunk) for chunk in out) == 9


def test_reading_luma_only(tmp_path, frames):
    vmm.io.write(tmp_path / "a.mp4", frames, 10)
    gray, _ = vmm.io.read(tmp_path / "a.mp4", gray=True)
    color, _ = vmm.io.read(tmp_path / "a.mp4")
    assert gray.shape == frames.shape[:3]
    luma = 16 + 219 / 255 * (color @ np.array([0.2126, 0.7152, 0.0722]))  # the luma plane in limited range of BT.709
    assert np.corrcoef(gray.ravel(), luma.ravel())[0, 1] > 0.95
    assert gray.min() >= 16 and gray.max() <= 235
    vmm.io.write(tmp_path / "stack.tif", frames, 10)
    assert vmm.io.read(tmp_path / "stack.tif", fs=10, gray=True)[0].shape == frames.shape[:3]


def test_sound_is_copied(tmp_path, frames):
    tone = tmp_path / "tone.mp4"
    vmm.io.write(tmp_path / "a.mp4", frames, 10)
    run_ffmpeg("-f", "lavfi", "-i", "sine=d=0.9", "-i", tmp_path / "a.mp4", "-c:v", "copy", tone)
    assert vmm.io.info(tone).has_sound
    vmm.io.write(tmp_path / "b.mp4", frames, 10, sound=tone)
    assert vmm.io.info(tmp_path / "b.mp4").has_sound
    assert vmm.io.info(tmp_path / "b.mp4").shape == frames.shape
    vmm.io.write(tmp_path / "c.mp4", frames, 10, sound=tmp_path / "a.mp4")
    assert not vmm.io.info(tmp_path / "c.mp4").has_sound


def test_sound_that_cannot_be_decoded_is_left_out(tmp_path, frames):
    tone, broken = tmp_path / "tone.mkv", tmp_path / "broken.mkv"
    vmm.io.write(tmp_path / "a.mkv", frames, 10)
    run_ffmpeg("-f", "lavfi", "-i", "sine=d=0.9", "-i", tmp_path / "a.mkv", "-c:a", "aac", "-c:v", "copy", tone)
    broken.write_bytes(tone.read_bytes().replace(b"A_AAC", b"A_XXX"))
    assert vmm.io.info(broken).has_sound
    with pytest.warns(vmm.io.DamageWarning, match=r"broken\.mkv: its sound cannot be decoded and is left out"):
        vmm.io.write(tmp_path / "b.mp4", frames, 10, sound=broken)
    assert vmm.io.info(tmp_path / "b.mp4").shape == frames.shape


def test_sound_with_many_damaged_parts_is_written(tmp_path, frames):
    tone, broken = tmp_path / "tone.mkv", tmp_path / "broken.mkv"
    vmm.io.write(tmp_path / "a.mkv", frames, 10)
    run_ffmpeg("-f", "lavfi", "-i", "sine=d=0.9", "-i", tmp_path / "a.mkv", "-c:a", "aac", "-c:v", "copy", tone)
    run_ffmpeg("-i", tone, "-c", "copy", "-bsf:a", "noise=amount=1", broken)
    vmm.io.write(tmp_path / "b.mp4", frames, 10, sound=broken)
    assert vmm.io.info(tmp_path / "b.mp4").shape == frames.shape


def test_byte_orders(tmp_path, rng):
    frames = rng.integers(0, 65535, (4, 9, 11)).astype(">u2")
    vmm.io.write(tmp_path / "a.mkv", frames, 30)
    assert np.array_equal(vmm.io.read(tmp_path / "a.mkv")[0], frames)


@pytest.mark.parametrize("rate", [Fraction(1, 60), Fraction(1, 3), Fraction(120)])
def test_unusual_rates_are_exact(rate, tmp_path, frames):
    vmm.io.write(tmp_path / "a.mkv", frames, rate)
    assert vmm.io.info(tmp_path / "a.mkv").fps == rate


def test_images_are_read_in_numerical_order(tmp_path):
    import imageio.v3 as iio

    for i in (1, 2, 10, 11):
        iio.imwrite(tmp_path / f"{i}.png", np.full((8, 9, 2), i, np.uint8))  # gray and an alpha channel
    frames, _ = vmm.io.read(tmp_path, fs=30)
    assert frames.shape == (4, 8, 9)
    assert frames[:, 0, 0].tolist() == [1, 2, 10, 11]


@pytest.mark.parametrize(("shape", "read"), [((8, 9), (1, 8, 9)), ((8, 9, 3), (1, 8, 9, 3)), ((5, 8, 9), (5, 8, 9))])
def test_tiff_in_one_piece(shape, read, tmp_path, rng):
    import tifffile

    values = rng.integers(0, 255, shape).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb" if shape[-1] == 3 else "minisblack")
    back, _ = vmm.io.read(tmp_path / "a.tif", fs=30)
    assert back.shape == read and np.array_equal(back.ravel(), values.ravel())


def test_file_names_that_look_like_urls(tmp_path, frames):
    path = tmp_path / "2024-01-01T12:30.mkv"
    vmm.io.write(path, frames, 30)
    assert np.array_equal(vmm.io.read(path)[0], frames)


def test_10_bit_gray_is_scaled_to_16_bits(tmp_path, frames):
    gray = frames[..., 0].astype(np.uint16) << 8
    vmm.io.write(tmp_path / "a.mkv", gray, 30)
    run_ffmpeg("-i", tmp_path / "a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray10le", tmp_path / "b.mkv")
    assert vmm.io.info(tmp_path / "b.mkv").pixel_format == "gray10le"
    assert np.abs(vmm.io.read(tmp_path / "b.mkv")[0].astype(int) - gray).max() < 400
