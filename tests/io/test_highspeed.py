"""Files of high-speed cameras, which the tests write byte by byte."""

import struct

import numpy as np
import pytest

import vmm


def packed(frames, depth):
    """Pack values of 10 or 12 bits without gaps."""
    bits = (frames.reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8)).tobytes()


def mraw(folder, frames, bits, *, xml=False, rate=2400):
    count, height, width = frames.shape
    if xml:
        fields = {"frame": count, "width": width, "height": height, "bit": bits, "recordRate": rate}
        (folder / "a.cihx").write_text("".join(f"<{k}>{v}</{k}>\n" for k, v in fields.items()))
    else:
        fields = {"Total Frame": count, "Image Width": width, "Image Height": height, "Color Bit": bits}
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


def cine(path, frames, depth, *, upwards=True, compression=0, packing=None, rate=1900):
    """Write a Phantom recording with an annotation of different length before each frame."""
    count, height, width = frames.shape
    if depth in (10, 12):
        images = [packed(image, depth) for image in frames]
    else:
        rows = frames[:, ::-1] if upwards else frames
        images = [image.astype("u1" if depth == 8 else "<u2").tobytes() for image in rows]
    packing = {10: 0x100, 12: 0x400}.get(depth, 0) if packing is None else packing
    setup, offsets = 84, 84 + 800
    head = struct.pack("<2sHHHiIiIIIIQ", b"CI", 44, compression, 1, 0, count, 0, count, 44, setup, offsets, 0)
    bits = 8 if depth == 8 else 16
    signed = height if upwards else -height
    image_head = struct.pack("<IiiHHIIiiII", 40, width, signed, 1, bits, packing, len(images[0]), 0, 0, 0, 0)
    where, body = [], b""
    for i, image in enumerate(images):
        where.append(offsets + 8 * count + len(body))
        body += struct.pack("<I", 8 + i) + bytes(4 + i) + image
    body_start = struct.pack(f"<{count}Q", *where)
    path.write_bytes(head + image_head + bytes(768) + struct.pack("<I", rate) + bytes(28) + body_start + body)
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
