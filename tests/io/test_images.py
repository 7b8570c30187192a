"""Folders of images: which files belong to the clip, their order, and their values."""

import numpy as np
import pytest
from ffmpeg import run_ffmpeg
from PIL import Image

import vmm
from vmm.io import images


@pytest.fixture
def gray(rng):
    return rng.integers(0, 255, (12, 20, 16), dtype=np.uint8)


def save(folder, names, frames):
    for name, frame in zip(names, frames, strict=True):
        Image.fromarray(frame).save(folder / name)


def read(path):
    return vmm.io.read(path, fs=30)[0]


def test_numbers_of_frames_show_gaps(gray, tmp_path):
    save(tmp_path, [f"cam2_{i:04}.png" for i in (0, 1, 2, 4, 5, 9, 10, 11, 12, 13, 14, 15)], gray)
    frames, _, _ = images.open_frames(tmp_path)
    assert frames.numbers is not None and np.array_equal(frames[0:12], gray)
    assert frames.numbers.tolist() == [0, 1, 2, 4, 5, 9, 10, 11, 12, 13, 14, 15]
    (tmp_path / "cam2_0000.png").rename(tmp_path / "cam2_0003.png")
    (tmp_path / "cam2_0015.png").unlink()
    for i in (6, 7, 8):
        save(tmp_path, [f"cam2_{i:04}.png"], gray[:1])
    assert images.open_frames(tmp_path)[0].numbers is None
    for i in range(2, 14, 2):
        (tmp_path / f"cam2_{i:04}.png").unlink()
    assert images.open_frames(tmp_path)[0].numbers is not None
    (tmp_path / "cam2_0014.png").unlink()
    assert images.open_frames(tmp_path)[0].numbers is None  # every second number is an even spacing


@pytest.mark.parametrize(
    "names",
    [
        [f"frame{i:+d}.png" for i in range(-8, 4)],
        [f"frame{i}.png" for i in range(-8, 4)],
        [f"img-{i:03d}.png" for i in range(12)],
        [f"b{i // 4}_{i % 4}.png" for i in range(12)],
        [f"Bild ä %03d {i}.PNG" for i in range(12)],
    ],
)
def test_order(names, gray, tmp_path):
    save(tmp_path, names, gray)
    assert np.array_equal(read(tmp_path), gray)


def test_numbers_that_do_not_count_frames(gray, tmp_path):
    save(tmp_path, [f"{1_700_000_000_000 + 33_333 * i}.png" for i in range(12)], gray)
    assert images.open_frames(tmp_path)[0].numbers is None


def test_hidden_files_and_files_of_the_system_are_no_frames(gray, tmp_path):
    save(tmp_path, [f"{i}.png" for i in range(12)], gray)
    for name in ("._3.png", ".DS_Store", "Thumbs.db", "desktop.ini", "notes.txt"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    (tmp_path / "more.png").mkdir()
    assert np.array_equal(read(tmp_path), gray)


def test_a_stray_image_is_left_out_with_a_warning(gray, tmp_path):
    save(tmp_path, [*(f"img_{i:03}.png" for i in range(11)), "result.png"], gray)
    with pytest.warns(UserWarning, match=r"result\.png left out, because the other 11 images are named img_#\.png"):
        assert np.array_equal(read(tmp_path), gray[:11])


def test_two_series_are_refused(gray, tmp_path):
    save(tmp_path, [f"{'ab'[i % 2]}{i}.png" for i in range(12)], gray)
    with pytest.raises(ValueError, match=r"several kinds, 6 named [ab]#\.png and 6 named [ab]#\.png"):
        read(tmp_path)


def test_names_without_numbers_are_sorted(gray, tmp_path):
    save(tmp_path, ["gamma.png", "alpha.png", "beta.png"], gray[[2, 0, 1]])
    assert np.array_equal(read(tmp_path), gray[:3])


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize(("code", "turns"), [(3, 2), (6, -1), (8, 1)])
def test_orientation(suffix, code, turns, tmp_path):
    image = Image.fromarray(np.add.outer(np.arange(20), 5 * np.arange(16)).astype(np.uint8))
    exif = image.getexif()
    exif[274] = code
    image.save(tmp_path / f"0.{suffix}", exif=exif, quality=100)
    difference = read(tmp_path)[0].astype(int) - np.rot90(np.asarray(image), turns)
    assert np.abs(difference).max() <= 2


@pytest.mark.parametrize("mode", ["CMYK", "P", "LA", "RGBA", "1"])
def test_modes(mode, tmp_path, rng):
    values = rng.integers(0, 2, (20, 16, 3)).astype(np.uint8) * 255
    name = "0.jpg" if mode == "CMYK" else "0.png"
    values = np.repeat(np.repeat(values, 8, axis=0), 8, axis=1)  # JPEG keeps blocks of 8 x 8 pixels
    image = Image.fromarray(values if mode in ("CMYK", "P", "RGBA") else values[..., 0])
    image.convert(mode).save(tmp_path / name, quality=100)
    frames = read(tmp_path)
    assert frames.dtype == np.uint8
    expected = values if frames.ndim == 4 else values[..., 0]
    assert np.abs(frames[0].astype(int) - expected).max() < 8


def save_deep(path, values):
    size = f"{values.shape[1]}x{values.shape[0]}"
    command = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", size, "-i", "-", "-update", "1", f"file:{path}"]
    run_ffmpeg(*command, input=values.tobytes())


def test_png_with_16_bit_color(tmp_path, rng):
    frames = rng.integers(0, 65535, (3, 20, 16, 3)).astype(np.uint16)
    for i, frame in enumerate(frames):
        save_deep(tmp_path / f"{i}.png", frame)
    assert np.array_equal(read(tmp_path), frames)
    save(tmp_path, ["1.png"], [frames[1].astype(np.uint8)])
    with pytest.raises(ValueError, match=r"1\.png: no PNG image with colors of 16 bits"):
        read(tmp_path)


@pytest.mark.parametrize("data", [b"", b"plain text", b"\x89PNG\r\n\x1a\n"])
def test_an_image_that_cannot_be_read(data, gray, tmp_path):
    save(tmp_path, [f"{i}.png" for i in range(12)], gray)
    (tmp_path / "5.png").write_bytes(data)
    with pytest.raises(ValueError, match=r"5\.png: no image that can be read"):
        read(tmp_path)


def test_an_image_that_is_cut(gray, tmp_path):
    save(tmp_path, [f"{i}.png" for i in range(12)], gray)
    data = (tmp_path / "5.png").read_bytes()
    (tmp_path / "5.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"5\.png: no image that can be read, or a damaged one"):
        read(tmp_path)
