"""Files that cannot be read or written raise one clear sentence and leave no partial file."""

import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import vmm
from vmm.cli import main
from vmm.io.destination import check_destination


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def video(tmp_path, rng):
    vmm.io.write(tmp_path / "in.mp4", rng.integers(0, 255, (60, 64, 64, 3), dtype=np.uint8), 30)
    return tmp_path / "in.mp4"


def test_no_file():
    for function in (vmm.io.read, vmm.io.stream, vmm.io.info):
        with pytest.raises(FileNotFoundError, match=r"nothing\.mp4: no such file"):
            function("nothing.mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.tif", "a.xyz"])
def test_no_video(name, tmp_path):
    (tmp_path / name).write_bytes(b"plain text")
    with pytest.raises(ValueError, match=rf"{re.escape(name)}: no (video|TIFF)"):
        vmm.io.read(tmp_path / name, fs=30)


def test_a_folder_without_images(tmp_path):
    with pytest.raises(ValueError, match="no images in this folder"):
        vmm.io.read(tmp_path, fs=30)


def test_images_of_different_sizes(tmp_path):
    import imageio.v3 as iio

    iio.imwrite(tmp_path / "0.png", np.zeros((8, 8), np.uint8))
    iio.imwrite(tmp_path / "1.png", np.zeros((8, 9), np.uint8))
    with pytest.raises(ValueError, match=r"1\.png: an image of \(8, 9\) among"):
        vmm.io.read(tmp_path, fs=30)


@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_truncated_video(part, video):
    data = video.read_bytes()
    video.write_bytes(data[: int(part * len(data))])  # its index is at the beginning
    with pytest.raises(ValueError, match=r"in\.mp4: (truncated|no video)"):
        vmm.io.read(video)


def test_a_video_with_damage_inside(video):
    data = bytearray(video.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20000] = bytes(20000)
    video.write_bytes(data)
    with pytest.raises(ValueError, match=r"in\.mp4: truncated or damaged"):
        vmm.io.read(video)


def test_no_rate(tmp_path):
    vmm.io.write(tmp_path / "stack.tif", np.zeros((3, 8, 8), np.uint8), 30)
    with pytest.raises(ValueError, match="states no frame rate: give the camera rate in Hz as fs"):
        vmm.io.read(tmp_path / "stack.tif")


@pytest.mark.parametrize("fs", [0, -1, float("nan")])
def test_fs_out_of_range(fs, video):
    with pytest.raises(ValueError, match=r"fs=.*must be a positive number"):
        vmm.io.stream(video, fs=fs)


def test_chunks_of_zero_frames(video):
    with pytest.raises(ValueError, match="chunk=0"):
        vmm.io.stream(video, chunk=0)


def test_unknown_format(tmp_path, frames):
    with pytest.raises(ValueError, match=r"unknown format '\.xyz'; known are \.mp4"):
        vmm.io.write(tmp_path / "a.xyz", frames, 30)
    assert names_in(tmp_path) == []


def test_an_output_that_exists(tmp_path, frames):
    path = tmp_path / "a.mkv"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="--overwrite"):
        vmm.io.write(path, frames, 30)
    assert path.read_text() == "mine"
    vmm.io.write(path, frames, 30, overwrite=True)
    assert np.array_equal(vmm.io.read(path)[0], frames)


def test_a_folder_that_exists_is_replaced_whole(tmp_path, frames):
    vmm.io.write(tmp_path / "pngs", frames, 30)
    vmm.io.write(tmp_path / "pngs", frames[:4], 30, overwrite=True)
    assert len(names_in(tmp_path / "pngs")) == 4


def test_no_folder(tmp_path, frames):
    with pytest.raises(FileNotFoundError, match="no such folder to write"):
        vmm.io.write(tmp_path / "none" / "a.mp4", frames, 30)


def test_a_folder_that_cannot_be_written(tmp_path, frames, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write to any folder
    with pytest.raises(PermissionError, match="cannot be written"):
        vmm.io.write(tmp_path / "a.mp4", frames, 30)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk(tmp_path, frames, monkeypatch):
    monkeypatch.setattr("vmm.io.process.ffmpeg", lambda: _full(tmp_path / "ffmpeg"))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(OSError, match=r"writing the video failed: .*No space left on device"):
        vmm.io.write(out / "a.mkv", np.repeat(frames, 40, axis=0), 30)
    assert names_in(out) == []


@pytest.mark.skipif(os.name == "nt", reason="needs limits on the size of files")
@pytest.mark.parametrize("name", ["a.tif", "a"])
def test_a_disk_that_fills_up(name, tmp_path, rng):
    import resource
    import signal

    frames = rng.integers(0, 255, (9, 64, 64), dtype=np.uint8)
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"the disk may be full|File too large"):
            vmm.io.write(tmp_path / name, frames, 30)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert names_in(tmp_path) == []


def _full(path):
    """Write a program that, in the place of ffmpeg, finds the disk full."""
    path.write_text("#!/bin/sh\nexec cat > /dev/full\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".tif", ""])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_the_frames_leaves_no_file(suffix, error, tmp_path, frames):
    def chunks():
        yield frames
        raise error

    with pytest.raises(error):
        vmm.io.write(tmp_path / f"a{suffix}", chunks(), 30)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("rate", [0, -1])
def test_rates_out_of_range(rate, tmp_path, frames):
    with pytest.raises(ValueError, match="must be a positive number of frames"):
        vmm.io.write(tmp_path / "a.mp4", frames, rate)


def test_no_frames(tmp_path):
    with pytest.raises(ValueError, match="no frames to write"):
        vmm.io.write(tmp_path / "a.mp4", iter([]), 30)


def test_16_bit_color_as_png(tmp_path, frames):
    with pytest.raises(ValueError, match="16-bit color"):
        vmm.io.write(tmp_path / "pngs", frames.astype(np.uint16), 30)
    assert names_in(tmp_path) == []


def test_a_folder_with_other_files_is_not_replaced(tmp_path, frames):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="holds more than numbered images"):
        vmm.io.write(tmp_path / "mine", frames, 30, overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").exists()
    with pytest.raises(FileExistsError, match="is a file: choose another name"):
        (tmp_path / "plain").write_text("")
        vmm.io.write(tmp_path / "plain", frames, 30, overwrite=True)
    with pytest.raises(FileExistsError, match="is a folder: choose another name"):
        (tmp_path / "a.mp4").mkdir()
        vmm.io.write(tmp_path / "a.mp4", frames, 30, overwrite=True)


@pytest.mark.parametrize("suffix", [".mkv", ".tif", ""])
def test_clips_that_cannot_be_written(suffix, tmp_path, frames):
    path = tmp_path / f"a{suffix}"
    with pytest.raises(ValueError, match="no frames to write"):
        vmm.io.write(path, frames[:0], 30)
    with pytest.raises(ValueError, match="came after chunks of"):
        vmm.io.write(path, iter([frames, frames.astype(np.uint16)]), 30)
    with pytest.raises(ValueError, match="NaN or infinite"):
        vmm.io.write(path, np.full((3, 8, 8), np.nan), 30)
    with pytest.raises(ValueError, match="fps=inf must be finite"):
        vmm.io.write(path, frames, float("inf"))
    assert names_in(tmp_path) == []


def test_gif_allows_at_most_100_frames_per_second(tmp_path, frames):
    with pytest.raises(ValueError, match="at most 100 frames per second"):
        vmm.io.write(tmp_path / "a.gif", frames, 240)


@pytest.mark.parametrize("shape", [(32, 48), (32, 48, 3)])
def test_a_list_of_frames_is_written_as_one_clip(shape, tmp_path, rng):
    frames = list(rng.integers(0, 255, (5, *shape), dtype=np.uint8))
    vmm.io.write(tmp_path / "a.mkv", frames, 30)
    assert np.array_equal(vmm.io.read(tmp_path / "a.mkv")[0], frames)


def test_arguments_of_other_kinds(tmp_path, frames):
    with pytest.raises(TypeError, match="the path comes first"):
        vmm.io.write(frames, "a.mp4", 30)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="path must be a string"):
        vmm.io.read(frames)
    with pytest.raises(TypeError, match=r"is a path: open it with vmm\.io\.stream\('in\.mp4'\)"):
        vmm.io.write(tmp_path / "a.mp4", "in.mp4", 30)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"is a pair \(frames, fs\)"):
        vmm.io.write(tmp_path / "a.mp4", (frames, 30.0), 30)
    with pytest.raises(TypeError, match="an iterator of such chunks, not int"):
        vmm.io.write(tmp_path / "a.mp4", 3, 30)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must be one number"):
        vmm.io.write(tmp_path / "a.mp4", frames, "30")  # type: ignore[arg-type]
    assert names_in(tmp_path) == []


def test_the_package_shows_only_what_a_user_calls():
    assert sorted(dir(vmm.io)) == sorted(vmm.io.__all__)


def test_names_that_no_file_can_have(tmp_path, frames, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="the output - is no file"):
        vmm.io.write("-", frames, 30)
    with pytest.raises(ValueError, match="more than 255 bytes; shorten it"):
        vmm.io.write(tmp_path / ("é" * 126 + ".mkv"), frames, 30)
    if os.path.exists("/dev/null"):
        with pytest.raises(ValueError, match="is a device or a pipe"):
            check_destination(Path("/dev/null"), overwrite=True)
    assert names_in(tmp_path) == []


def test_the_longest_name(tmp_path, frames):
    path = tmp_path / ("a" * 251 + ".mkv")
    vmm.io.write(path, frames, 30)
    assert names_in(tmp_path) == [path.name]


def test_formats_whose_package_is_missing_are_refused_before_the_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("vmm.io.destination.find_spec", lambda name: None)
    assert main(["measure", str(tmp_path / "in.mkv"), "--out", str(tmp_path / "a.uff")]) == 2
    assert "a.uff: writing .uff files needs the package pyuff: pip install pyuff" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="runs shell scripts")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo ffmpeg version 4.2.2; echo 'libavutil      56. 31.100 / 56. 31.100'", "ffmpeg version 4.2.2 is too old"),
        ("echo something else", "is no ffmpeg program"),
        ("exit 1", "cannot be run"),
    ],
)
def test_programs_that_are_not_supported(script, message, tmp_path, frames, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    with pytest.raises(OSError, match=rf"{re.escape(str(program))}: .*{message}.*unset IMAGEIO_FFMPEG_EXE"):
        vmm.io.write(tmp_path / "a.mkv", frames, 30)
    assert names_in(tmp_path) == ["ffmpeg"]


def test_a_package_that_the_exporter_lacks_is_named(tmp_path, monkeypatch, capsys):
    def convert(*_, **__):
        raise ModuleNotFoundError("No module named 'onnxscript'", name="onnxscript")

    monkeypatch.setitem(sys.modules, "vmm.train.convert", SimpleNamespace(convert=convert))
    (tmp_path / "in.pth").touch()
    assert main(["convert", str(tmp_path / "in.pth"), str(tmp_path / "out.onnx"), "--as", "magnet"]) == 2
    assert "vmm convert needs the package onnxscript: pip install" in capsys.readouterr().err
