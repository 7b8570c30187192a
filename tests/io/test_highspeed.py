"""Files of high-speed cameras, which the tests write byte by byte."""

import struct

import numpy as np
import pytest

import vmm
from vmm.io.packing import unpack


def packed(frames, depth):
    """Pack values of 10 or 12 bits without gaps."""
    bits = (frames.reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8)).tobytes()


CIHX = """<?xml version="1.0" encoding="UTF-8"?>
<cih>
<basicInfo><width>1</width></basicInfo>
<recordInfo><recordRate>{rate}</recordRate><shutterSpeed>0.0001</shutterSpeed></recordInfo>
<frameInfo><totalFrame>{count}</totalFrame><recordedFrame>900</recordedFrame></frameInfo>
<imageDataInfo><resolution><width>{width}</width><height>{height}</height></resolution>
<effectiveBit><depth>12</depth><side>Lower</side></effectiveBit><colorInfo><type>Mono</type><bit>{bits}</bit></colorInfo>
</imageDataInfo></cih>"""


def mraw(folder, frames, bits, *, xml=False, rate=2400, side=None):
    count, height, width = frames.shape
    if xml:
        text = CIHX.format(count=count, width=width, height=height, bits=bits, rate=rate)
        (folder / "a.cihx").write_bytes(b"\x00\xff\x01" + text.encode() + b"\xfe\x00")  # as the cameras write it
    else:
        fields = {"Total Frame": count, "Image Width": width, "Image Height": height, "Color Bit": bits}
        if side is not None:
            fields |= {"EffectiveBit Depth": 12, "EffectiveBit Side": side}
        lines = [f"{k} : {v}" for k, v in {**fields, "Record Rate(fps)": rate}.items()]
        (folder / "a.cih").write_text("#Camera Information Header\n" + "\n".join(lines))
    data = packed(frames, 12) if bits == 12 else frames.astype("u1" if bits == 8 else "<u2").tobytes()
    (folder / "a.mraw").write_bytes(data)
    return folder / ("a.cihx" if xml else "a.cih")


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("xml", [False, True])
def test_mraw(bits, xml, tmp_path, rng):
    frames = rng.integers(0, 2**bits, (5, 6, 8)).astype(np.uint16)
    path = mraw(tmp_path, frames, bits, xml=xml)
    for name in (path, tmp_path / "a.mraw"):
        back, fs = vmm.io.read(name)
        assert np.array_equal(back, frames << 4 if bits == 12 else frames) and fs == 2400
        assert back.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert vmm.io.info(path).shape == (5, 6, 8)


def test_damaged_mraw(tmp_path, rng):
    path = mraw(tmp_path, rng.integers(0, 255, (5, 6, 8)), 8)
    (tmp_path / "a.mraw").write_bytes(b"short")
    with pytest.raises(ValueError, match="truncated: it has 5 bytes, but 5 frames need 240"):
        vmm.io.read(path)
    (tmp_path / "a.mraw").unlink()
    with pytest.raises(FileNotFoundError, match=r"its companion file a\.mraw is missing"):
        vmm.io.read(path)
    path.write_text("Total Frame : 5")
    with pytest.raises(ValueError, match="the line 'Image Width' is missing"):
        vmm.io.read(path)


def test_mraw_of_an_unsupported_bit_depth(tmp_path, rng):
    with pytest.raises(ValueError, match="10 bits per pixel"):
        vmm.io.read(mraw(tmp_path, rng.integers(0, 255, (5, 6, 8)), 10))


def test_other_spelling_of_the_number_of_frames(tmp_path, rng):
    path = mraw(tmp_path, rng.integers(0, 255, (5, 6, 8)), 8, xml=True)
    fields = {"frame": 5, "width": 8, "height": 6, "bit": 8, "recordRate": 50}
    path.write_text("".join(f"<{k}>{v}</{k}>\n" for k, v in fields.items()))
    assert vmm.io.info(path).shape == (5, 6, 8)
    path.write_text("<cih><frameInfo>")
    with pytest.raises(ValueError, match="its XML cannot be read"):
        vmm.io.info(path)


@pytest.mark.parametrize(("side", "white"), [("Lower", 4095), ("Higher", 65535), (None, 1023)])
def test_significant_bits_of_mraw(side, white, tmp_path, rng):
    frames = rng.integers(0, 1000, (5, 6, 8)).astype(np.uint16)
    assert vmm.io.stream(mraw(tmp_path, frames, 16, side=side)).white == white


@pytest.mark.parametrize(("name", "value"), [("Total Frame", 0), ("Image Width", "wide"), ("Record Rate(fps)", "1/0")])
def test_numbers_of_mraw_that_cannot_be(name, value, tmp_path, rng):
    path = mraw(tmp_path, rng.integers(0, 255, (5, 6, 8)), 8)
    path.write_text(f"{name} : {value}\n" + path.read_text())
    with pytest.raises(ValueError, match=r"a\.cih: (damaged header|no recording)"):
        vmm.io.read(path)


def test_unpacked_values_are_those_of_the_bits(rng):
    packed_values = rng.integers(0, 256, 30, dtype=np.uint8)
    bits = np.unpackbits(packed_values)
    for depth in (10, 12):
        expected = bits.reshape(-1, depth) @ (1 << np.arange(15, 15 - depth, -1))
        assert np.array_equal(unpack(packed_values, depth), expected)


def cine(path, frames, depth, *, upwards=True, compression=0, packing=None, rate=1900, flip=(0, 0), real_bits=0):
    """Write a Phantom recording with an annotation of different length before each frame."""
    count, height, width = frames.shape
    if depth in (10, 12):
        images = [packed(image, depth) for image in frames]
    else:
        rows = frames[:, ::-1] if upwards else frames
        images = [image.astype("u1" if depth == 8 else "<u2").tobytes() for image in rows]
    packing = {10: 0x100, 12: 0x400}.get(depth, 0) if packing is None else packing
    setup, offsets = 84, 84 + 900
    head = struct.pack("<2sHHHiIiIIIIQ", b"CI", 44, compression, 1, 0, count, 0, count, 44, setup, offsets, 0)
    bits = 8 if depth == 8 else 16
    signed = height if upwards else -height
    image_head = struct.pack("<IiiHHIIiiII", 40, width, signed, 1, bits, packing, len(images[0]), 0, 0, 0, 0)
    where, body = [], b""
    for i, image in enumerate(images):
        where.append(offsets + 8 * count + len(body))
        body += struct.pack("<I", 8 + i) + bytes(4 + i) + image
    body_start = struct.pack(f"<{count}Q", *where)
    block = bytes(140) + struct.pack("<HH", 0x5453, 900) + bytes(612) + struct.pack("<IIII", *flip, 0, rate)
    block += bytes(124) + struct.pack("<I", real_bits)
    path.write_bytes(head + image_head + block + body_start + body)
    return path


@pytest.mark.parametrize(("depth", "upwards"), [(8, True), (8, False), (16, True), (10, True), (12, True)])
def test_cine(depth, upwards, tmp_path, rng):
    frames = rng.integers(0, 2**depth, (5, 6, 8)).astype(np.uint16)
    back, fs = vmm.io.read(cine(tmp_path / "a.cine", frames, depth, upwards=upwards))
    assert np.array_equal(back, frames << (16 - depth) if depth in (10, 12) else frames) and fs == 1900
    assert vmm.io.info(tmp_path / "a.cine").codec == "cine"


def test_damaged_cine(tmp_path, rng):
    frames = rng.integers(0, 255, (5, 6, 8)).astype(np.uint16)
    path = cine(tmp_path / "a.cine", frames, 8)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match="truncated"):
        vmm.io.read(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:60])
    with pytest.raises(ValueError, match="truncated within its header"):
        vmm.io.read(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="too short for a header"):
        vmm.io.read(path)
    path.write_bytes(b"no recording" * 9)
    with pytest.raises(ValueError, match="does not begin with 'CI'"):
        vmm.io.read(path)
    with pytest.raises(ValueError, match="compressed or color"):
        vmm.io.read(cine(path, frames, 8, compression=2))


@pytest.mark.parametrize("depth", [8, 16, 12])
@pytest.mark.parametrize("flip", [(1, 0), (0, 1), (1, 1)])
def test_flipped_cine(depth, flip, tmp_path, rng):
    frames = rng.integers(0, 2**depth, (5, 6, 8)).astype(np.uint16)
    back, _ = vmm.io.read(cine(tmp_path / "a.cine", frames, depth, flip=flip))
    shift = 4 if depth == 12 else 0
    assert np.array_equal(back, frames[:, :: 1 - 2 * flip[1], :: 1 - 2 * flip[0]] << shift)


@pytest.mark.parametrize(("bits", "white"), [(12, 4095), (14, 16383), (0, 1023)])
def test_significant_bits_of_cine(bits, white, tmp_path, rng):
    frames = rng.integers(0, 1000, (5, 6, 8)).astype(np.uint16)
    assert vmm.io.stream(cine(tmp_path / "a.cine", frames, 16, real_bits=bits)).white == white


@pytest.mark.parametrize("offset", [0, 2**40, 2**64 - 1])
def test_cine_with_a_bad_offset(offset, tmp_path, rng):
    path = cine(tmp_path / "a.cine", rng.integers(0, 255, (5, 6, 8)), 8)
    data = bytearray(path.read_bytes())
    data[984 + 16 : 984 + 24] = struct.pack("<Q", offset)
    path.write_bytes(data)
    with pytest.raises(ValueError, match="damaged: frame 2 of 5 is at byte"):
        vmm.io.read(path)


@pytest.mark.parametrize(
    ("place", "value", "message"), [(20, 35, "truncated"), (20, 2**31, "truncated"), (20, 0, "0 frames")]
)
def test_cine_with_a_bad_count(place, value, message, tmp_path, rng):
    path = cine(tmp_path / "a.cine", rng.integers(0, 255, (5, 6, 8)), 8)
    data = bytearray(path.read_bytes())
    data[place : place + 4] = struct.pack("<I", value)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        vmm.io.read(path)


def test_cine_with_a_bad_annotation_or_rate(tmp_path, rng):
    frames = rng.integers(0, 255, (5, 6, 8))
    path = cine(tmp_path / "a.cine", frames, 8, rate=0)
    with pytest.raises(ValueError, match="states no frame rate"):
        vmm.io.read(path)
    data = bytearray(cine(path, frames, 8).read_bytes())
    for length, message in ((3_800_000_000, "truncated: frame 0"), (2, "annotation of frame 0 has 2 bytes")):
        data[984 + 40 : 984 + 44] = struct.pack("<I", length)
        path.write_bytes(data)
        with pytest.raises(ValueError, match=message):
            vmm.io.read(path)


@pytest.mark.parametrize("kind", ["mraw", "packed", "cine", "tif"])
def test_a_recording_that_is_cut_while_it_is_read(kind, tmp_path, rng):
    """A mapped file would end the process here."""
    frames = rng.integers(0, 255, (40, 64, 96)).astype(np.uint8)
    if kind == "tif":
        path = data = tmp_path / "a.tif"
        vmm.io.write(path, frames, 30)
    elif kind == "cine":
        path = data = cine(tmp_path / "a.cine", frames, 8)
    else:
        path, data = mraw(tmp_path, frames.astype(np.uint16), 12 if kind == "packed" else 16), tmp_path / "a.mraw"
    clip = vmm.io.stream(path, chunk=4, fs=30)
    next(clip)
    with open(data, "r+b") as file:
        file.truncate(data.stat().st_size // 2)
    with pytest.raises(ValueError, match=f"{data.name}: truncated: (frame|page) 1?[0-9]"):
        for _ in clip:
            pass
