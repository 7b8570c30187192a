"""Frames of every bit depth and of floating point fill the range of a video."""

import struct
import zlib

import numpy as np
import pytest
import tifffile

import vmm
from vmm.cli import main
from vmm.io.values import full_range, white_of


@pytest.fixture
def gray():
    ramp = np.linspace(0, 255, 32 * 48).reshape(32, 48)
    return np.stack([np.roll(ramp, i, axis=0) for i in range(12)]).round().astype(np.uint8)


def luma(path):
    frames, _ = vmm.io.read(path, gray=True, fs=30)
    return frames[0].astype(float)


@pytest.mark.parametrize(
    ("bits", "suffix"), [(8, ".mp4"), (10, ".mp4"), (12, ".mp4"), (14, ".mp4"), (16, ".mp4"), (10, ".gif")]
)
def test_8_bit_formats_get_the_significant_bits(bits, suffix, gray, tmp_path):
    deep = gray.astype(np.uint16) << (bits - 8)
    vmm.io.write(tmp_path / f"a{suffix}", deep, 30)
    vmm.io.write(tmp_path / f"b{suffix}", gray, 30)
    assert np.array_equal(luma(tmp_path / f"a{suffix}"), luma(tmp_path / f"b{suffix}"))


@pytest.mark.parametrize("suffix", [".mkv", ".tif", ""])
def test_lossless_formats_keep_the_values(suffix, gray, tmp_path):
    deep = gray.astype(np.uint16) << 2
    vmm.io.write(tmp_path / f"a{suffix}", deep, 30)
    assert np.array_equal(vmm.io.read(tmp_path / f"a{suffix}", fs=30)[0], deep)
    clip = vmm.io.stream(tmp_path / f"a{suffix}", fs=30)
    assert clip.white == 1023 and np.array_equal(np.concatenate(list(clip)), deep)
    vmm.io.write(tmp_path / "b.mkv", deep, 30, white=1023)
    assert vmm.io.read(tmp_path / "b.mkv")[0].max() == 255 << 8


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("white", [1.0, 255.0])
def test_floating_point_frames_of_both_ranges(dtype, white, gray, tmp_path):
    frames = (gray * (white / 255)).astype(dtype)
    for clip in (frames, iter([np.zeros_like(frames), frames])):
        vmm.io.write(tmp_path / "a.mkv", clip, 30, overwrite=True)
        assert np.abs(vmm.io.read(tmp_path / "a.mkv")[0][-12:].astype(int) - gray).max() <= (dtype == np.float16)
    vmm.io.write(tmp_path / "b.mkv", frames * 3 - white, 30, white=white)
    expected = np.clip(gray * 3.0 - 255, 0, 255)
    assert np.abs(vmm.io.read(tmp_path / "b.mkv")[0] - expected).max() <= 2


def test_values_that_fit_neither_range(gray, tmp_path):
    with pytest.raises(ValueError, match="neither the range 0 to 1 nor 0 to 255: give the value"):
        vmm.io.write(tmp_path / "a.mp4", gray * 16.0, 30)
    for clip in (iter([gray / 255, gray * 1.0]), iter([gray.astype(np.uint16) * 4, gray.astype(np.uint16) * 16])):
        with pytest.raises(ValueError, match="the frames before them show that"):
            vmm.io.write(tmp_path / "a.mp4", clip, 30)
    with pytest.raises(ValueError, match="white=0 must be a positive number"):
        vmm.io.write(tmp_path / "a.mp4", gray, 30, white=0)
    assert not (tmp_path / "a.mp4").exists()


def test_values_above_white_are_clipped_and_never_wrap():
    chunk = np.array([[[0, 512, 1023, 1024, 1500, 65535]]], np.uint16)
    assert next(full_range([chunk], 1023)).ravel().tolist() == [0, 32768, 65472, 65472, 65472, 65472]
    assert next(full_range([chunk], 65535)) is chunk
    few = np.full((4, 10, 10), 900, np.uint16)
    bright = few.copy()
    bright[0, 0, 0] = 2000
    assert [part.max() for part in full_range([few, bright], None)] == [900 << 6, 1023 << 6]


@pytest.mark.parametrize(
    ("maximum", "dtype", "white"),
    [
        (0, "u2", 255),
        (255, "u2", 255),
        (256, "u2", 1023),
        (4064, "u2", 4095),
        (65535, "u2", 65535),
        (1.3, "f4", 1),
        (300, "f4", 255),
    ],
)
def test_white(maximum, dtype, white):
    assert white_of(maximum, dtype) == white


@pytest.mark.parametrize("kind", ["10 bits", "unit", "counts"])
@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_commands_write_a_bright_video(kind, name, gray, tmp_path, capsys):
    frames = {
        "10 bits": gray.astype(np.uint16) << 2,
        "unit": (gray / 255).astype("f4"),
        "counts": gray * np.float32(16),
    }
    tifffile.imwrite(tmp_path / "in.tif", frames[kind], photometric="minisblack")
    out = tmp_path / name
    command = [
        "linear",
        str(tmp_path / "in.tif"),
        str(out),
        "--band",
        "3",
        "5",
        "--alpha",
        "0",
        "--fs",
        "30",
        "--quiet",
    ]
    assert main(command) == 0, capsys.readouterr().err
    values = luma(out) / np.iinfo(vmm.io.info(out).dtype).max
    assert values.min() < 0.09 and values.max() > 0.9


def test_a_clip_that_grows_brighter_is_scaled_by_its_largest_value(gray, tmp_path):
    frames = gray.astype(np.uint16) << 2
    frames[8:] <<= 2
    tifffile.imwrite(tmp_path / "in.tif", frames, photometric="minisblack")
    assert vmm.io.stream(tmp_path / "in.tif", fs=30, chunk=2).white == 4095


def chunk_of_png(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize(("shift", "white"), [(0, 4095), (4, 65535)])
def test_significant_bits_of_png(shift, white, gray, tmp_path):
    """The bits are the high ones by the standard; some cameras write them as the low ones."""
    image = gray[0].astype(np.uint16) * 3 << shift
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in image)
    head = struct.pack(">IIBBBBB", 48, 32, 16, 0, 0, 0, 0)
    parts = [(b"IHDR", head), (b"sBIT", b"\x0c"), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(chunk_of_png(*part) for part in parts)
    (tmp_path / "0.png").write_bytes(data)
    clip = vmm.io.stream(tmp_path, fs=30)
    assert clip.white == (white if shift == 0 else 16383) and np.array_equal(next(clip)[0], image)


def test_significant_bits_of_tiff(gray, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", gray.astype(np.uint16), extratags=[(281, "H", 1, 4095, True)])
    assert vmm.io.stream(tmp_path / "a.tif", fs=30).white == 4095


@pytest.mark.parametrize("name", ["slices.png", "both.mp4"])
def test_compare_clips_of_different_depths(name, gray, tmp_path, monkeypatch):
    """Both clips are read chunk by chunk, and never as a whole."""
    vmm.io.write(tmp_path / "a.tif", gray.astype(np.uint16) << 2, 30)
    vmm.io.write(tmp_path / "b.mkv", gray, 30)
    monkeypatch.setattr(vmm.io, "read", None)
    command = ["slice", str(tmp_path / "a.tif"), str(tmp_path / "b.mkv"), str(tmp_path / name), "--fs", "30"]
    assert main(command) == 0
    monkeypatch.undo()
    if name == "both.mp4":
        left, right = luma(tmp_path / name)[:, :48], luma(tmp_path / name)[:, 52:]
        assert np.abs(left - right).mean() < 2
