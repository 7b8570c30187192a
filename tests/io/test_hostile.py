"""Files that were made to fill the memory, to wait or to fail inside a library end with one sentence."""

import os
import struct
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
import tifffile

import vmm
from vmm.cli import main
from vmm.io.limits import MAX_PIXELS, number_in, readable_errors

BOMB = 40_000


def png(path, height, width, values=b""):
    """Write a PNG image with the right checksums, whose values may be fewer than its header states."""

    def block(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = block(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + block(b"IDAT", zlib.compress(values)) + block(b"IEND", b""))


def tiff(path, height, width, data, **tags):
    """Write a TIFF page of one strip with deflate compression."""
    entries: dict[Any, int] = {
        256: width,
        257: height,
        258: 8,
        259: 8,
        262: 1,
        273: 8,
        277: 1,
        278: height,
        279: len(data),
        **tags,
    }
    table = b"".join(struct.pack("<HHII", code, 4, 1, value) for code, value in sorted(entries.items()))
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    path.write_bytes(head + data + struct.pack("<H", len(entries)) + table + bytes(4))


def test_images_that_would_fill_the_memory(tmp_path, capsys):
    (tmp_path / "folder").mkdir()
    png(tmp_path / "folder" / "0.png", BOMB, BOMB)
    png(tmp_path / "a.png", BOMB, BOMB)
    tiff(tmp_path / "a.tif", BOMB, BOMB, zlib.compress(bytes(10)))
    for name in ("folder", "a.png", "a.tif"):
        assert main(["info", str(tmp_path / name)]) == 2
        message = capsys.readouterr().err
        assert message.startswith(f"vmm: error: {tmp_path / name}") and message.count("\n") == 1, message
        assert "pixels" in message


def test_a_strip_that_holds_more_than_its_page(tmp_path):
    tiff(tmp_path / "a.tif", 16, 16, zlib.compress(bytes(2**26)))
    with pytest.raises(ValueError, match="a part of a page holds more values than the page"):
        vmm.io.info(tmp_path / "a.tif")


def test_parts_that_are_longer_than_the_file_are_not_allocated(tmp_path):
    tiff(tmp_path / "a.tif", 16, 16, bytes(10))
    png(tmp_path / "0.png", 6, 8, bytes(54))
    for name, place, layout in (("a.tif", -4 - 12 + 8, "<I"), ("0.png", 8, ">I")):
        data = bytearray((tmp_path / name).read_bytes())
        struct.pack_into(layout, data, place % len(data), 2**32 - 1)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder").mkdir()
    (tmp_path / "0.png").rename(tmp_path / "folder" / "0.png")
    for name in ("a.tif", "folder"):
        tracemalloc.start()
        with pytest.raises(ValueError, match=r"truncated: page 0|no image that can be read"):
            vmm.io.info(tmp_path / name)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**26


@pytest.mark.parametrize("data", [b"not deflate", zlib.compress(bytes(256))[:-7]])
def test_a_strip_that_cannot_be_decoded(data, tmp_path):
    tiff(tmp_path / "a.tif", 16, 16, data)
    with pytest.raises(ValueError, match=r"a\.tif: no TIFF stack that can be read, or a damaged one \(Error -"):
        vmm.io.info(tmp_path / "a.tif")


@pytest.mark.parametrize("name", ["Image Width", "Image Height"])
@pytest.mark.parametrize("value", ["-8", "0", "1e999999999", "0/0", "9" * 5000])
def test_sizes_of_recordings_that_cannot_be(name, value, tmp_path):
    fields = {"Total Frame": 1, "Image Width": 8, "Image Height": 6, "Color Bit": 8, "Record Rate(fps)": 50}
    (tmp_path / "a.mraw").write_bytes(bytes(48))
    (tmp_path / "a.cih").write_text("\n".join(f"{k} : {v}" for k, v in {**fields, name: value}.items()))
    with pytest.raises(ValueError, match=r"a\.cih: (damaged header|its header states frames)"):
        vmm.io.info(tmp_path / "a.cih")


def test_long_lines_of_headers_take_no_time(tmp_path):
    (tmp_path / "a.cih").write_text("Total Frame : 1" + " " * 10**6 + "x\n" + " " * 10**6)
    with pytest.raises(ValueError, match=r"the line 'Image Width' is missing|damaged header"):
        vmm.io.info(tmp_path / "a.cih")
    with open(tmp_path / "a.cih", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(ValueError, match="more than 10 MB"):
        vmm.io.info(tmp_path / "a.cih")


@pytest.mark.parametrize(
    ("text", "number"), [("2400", 2400), (" 1.5 ", 1.5), ("3/2", 1.5), ("1e3", 1000), ("1/0", None), ("1e400", None)]
)
def test_numbers_in_files(text, number):
    assert number_in(text) == number


@pytest.mark.parametrize(
    "error",
    [struct.error("x"), zlib.error("x"), IndexError(), OverflowError("x"), ZeroDivisionError(), SyntaxError("x")],
)
def test_errors_of_libraries_name_the_file(error, tmp_path):
    message = r"a\.tif: no file that can be read, or a damaged one \(\w"
    with pytest.raises(ValueError, match=message), readable_errors(tmp_path / "a.tif"):
        raise error


def test_errors_of_the_disk_name_the_file(tmp_path):
    with pytest.raises(OSError, match=r"Input/output error: '.*a\.tif'"), readable_errors(tmp_path / "a.tif"):
        raise OSError(5, "Input/output error")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_pipes_among_the_files_are_not_waited_for(tmp_path, capsys):
    os.mkfifo(tmp_path / "a.cih")
    os.mkfifo(tmp_path / "mask.png")
    (tmp_path / "a.mraw").write_bytes(bytes(48))
    with pytest.raises(FileNotFoundError, match=r"companion file a\.cih is missing"):
        vmm.io.info(tmp_path / "a.mraw")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((9, 32, 32), np.uint8), photometric="minisblack")
    command = ["linear", str(tmp_path / "a.tif"), str(tmp_path / "b.mkv"), "--fs", "30", "--band", "2", "5", "--quiet"]
    assert main([*command, "--mask", str(tmp_path / "mask.png")]) == 2
    assert "mask.png is a folder, a pipe or a device" in capsys.readouterr().err


def test_masks_that_cannot_be_read(tmp_path, capsys):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((20, 32, 32), np.uint8), photometric="minisblack")
    command = ["linear", str(tmp_path / "a.tif"), str(tmp_path / "b.mkv"), "--fs", "30", "--band", "2", "5", "--quiet"]
    png(tmp_path / "bomb.png", BOMB, BOMB)
    (tmp_path / "cut.png").write_bytes((tmp_path / "bomb.png").read_bytes()[:30])
    for name in ("bomb.png", "cut.png"):
        assert main([*command, "--mask", str(tmp_path / name)]) == 2
        message = capsys.readouterr().err
        assert f"{name}: no image that can be read" in message and message.count("\n") == 1
    assert not (tmp_path / "b.mkv").exists()


def test_other_files_that_a_file_names_are_not_opened(tmp_path):
    """An OME-TIFF may name files that hold its further pages."""
    os.mkfifo(tmp_path / "other.ome.tif")
    text = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYTZC" Type="uint8" SizeX="8" SizeY="6" SizeT="2" SizeZ="1" SizeC="1">'
        '<Channel ID="Channel:0:0" SamplesPerPixel="1"/><TiffData IFD="0" PlaneCount="1"/><TiffData IFD="0" FirstT="1" '
        'PlaneCount="1"><UUID FileName="other.ome.tif">urn:uuid:1</UUID></TiffData></Pixels></Image></OME>'
    )
    values = np.zeros((6, 8), np.uint8)
    tifffile.imwrite(tmp_path / "a.ome.tif", values, photometric="minisblack", description=text, metadata=None)
    with pytest.raises(ValueError, match=r"a\.ome\.tif: .*its OME metadata name other files"):
        vmm.io.info(tmp_path / "a.ome.tif")


def test_errors_that_nobody_has_foreseen(monkeypatch, tmp_path, capsys):
    def fail(*_, **__):
        raise KeyError("key")

    monkeypatch.setattr("vmm.io.info", fail)
    monkeypatch.delenv("VMM_DEBUG", raising=False)
    assert main(["info", "a.mkv"]) == 1
    message = capsys.readouterr().err
    assert "please report what you did at https://" in message and message.count("\n") == 1
    monkeypatch.setenv("VMM_DEBUG", "1")
    assert main(["info", "a.mkv"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_the_largest_frames_are_those_of_pillow():
    from PIL import Image

    assert 2 * (Image.MAX_IMAGE_PIXELS or 0) == MAX_PIXELS
