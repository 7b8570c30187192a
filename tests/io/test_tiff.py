"""TIFF stacks: axes, meaning of the values, compressions, damage, and folders of stacks."""

import numpy as np
import pytest
import tifffile

import vmm
from vmm.io import tiff

try:
    import imagecodecs
except ImportError:
    imagecodecs = None


@pytest.fixture
def gray(rng):
    return rng.integers(0, 255, (12, 24, 20), dtype=np.uint8)


@pytest.fixture
def color(rng):
    return rng.integers(0, 255, (5, 24, 20, 3), dtype=np.uint8)


def read(path):
    return vmm.io.read(path, fs=30)[0]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metadata": None},
        {"imagej": True, "metadata": {"axes": "TYX"}},
        {"metadata": {"axes": "TYX"}, "bigtiff": True},
        {"tile": (16, 16)},
        {"compression": "deflate", "rowsperstrip": 7, "predictor": True},
    ],
)
def test_axis_of_time(options, gray, tmp_path):
    names = ["a.tif"] + ["a.ome.tif"] * ("bigtiff" in options)
    for name in names:
        tifffile.imwrite(tmp_path / name, gray, photometric="minisblack", **options)
        assert np.array_equal(read(tmp_path / name), gray)


def test_color_in_separate_planes(color, tmp_path):
    planes = np.moveaxis(color, -1, 1)
    tifffile.imwrite(tmp_path / "planes.tif", planes, photometric="rgb", planarconfig="separate")
    assert np.array_equal(read(tmp_path / "planes.tif"), color)


@pytest.mark.parametrize(
    ("axes", "options"), [("TCYX", {"imagej": True}), ("TCYX", {}), ("CTYX", {}), ("TZYX", {}), ("QQYX", {})]
)
def test_channels_and_slices_are_not_frames(axes, options, gray, tmp_path):
    stack = gray.reshape(2, 6, 24, 20) if axes[0] != "T" else gray.reshape(6, 2, 24, 20)
    path = tmp_path / ("a.tif" if options or axes[0] == "Q" else "a.ome.tif")
    metadata = {"axes": axes} if axes[0] != "Q" else {}
    tifffile.imwrite(path, stack, photometric="minisblack", metadata=metadata, **options)
    with pytest.raises(ValueError, match=r"tif: its images have the axes .* select one channel"):
        vmm.io.info(path)


def test_slices_alone_are_read_as_time_with_a_warning(gray, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", gray, imagej=True, metadata={"axes": "ZYX"})
    with pytest.warns(UserWarning, match="12 slices"):
        assert np.array_equal(read(tmp_path / "a.tif"), gray)
    tifffile.imwrite(tmp_path / "a.ome.tif", gray, photometric="minisblack")  # tifffile calls the frames channels
    with pytest.warns(UserWarning, match="12 channels"):
        assert np.array_equal(read(tmp_path / "a.ome.tif"), gray)


def test_one_page_with_the_frames_behind_it(gray, tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, gray[0], description="ImageJ=1.54f\nimages=12\nframes=12\n", metadata=None)
    with open(path, "ab") as file:
        file.write(gray[1:].tobytes())
    assert np.array_equal(read(path), gray)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="truncated"):
        read(path)


def test_meaning_of_the_values(gray, color, tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, gray, photometric="miniswhite")
    assert np.array_equal(read(path), 255 - gray)
    colors = np.stack([np.arange(256), np.arange(256)[::-1], np.full(256, 7)]).astype(np.uint16)
    tifffile.imwrite(path, gray, photometric="palette", colormap=colors * 257)
    assert np.array_equal(read(path), np.stack([gray, 255 - gray, np.full_like(gray, 7)], axis=-1))
    tifffile.imwrite(path, gray, photometric="palette", colormap=np.stack([colors[1] * 257] * 3))
    assert np.array_equal(read(path), 255 - gray)
    ink = np.concatenate([255 - color, np.zeros_like(color[..., :1])], axis=-1)
    tifffile.imwrite(path, ink, photometric="separated")
    assert np.array_equal(read(path), color)
    tifffile.imwrite(
        path, np.concatenate([color, color[..., :1]], axis=-1), photometric="rgb", extrasamples=["unassalpha"]
    )
    assert np.array_equal(read(path), color)


def test_orientation(gray, tmp_path):
    expected = {1: gray, 3: gray[:, ::-1, ::-1], 6: np.rot90(gray, -1, (1, 2)), 8: np.rot90(gray, 1, (1, 2))}
    for code, frames in expected.items():
        tifffile.imwrite(tmp_path / "a.tif", gray, photometric="minisblack", extratags=[(274, "H", 1, code, True)])
        assert np.array_equal(read(tmp_path / "a.tif"), frames)


@pytest.mark.parametrize("kind", ["L", "RGB", "I;16"])
def test_lzw_without_imagecodecs(kind, gray, tmp_path, monkeypatch):
    from PIL import Image

    pages = [Image.fromarray(image.astype(np.uint16) * 99 if kind == "I;16" else image) for image in gray]
    pages = [page.convert("RGB") if kind == "RGB" else page for page in pages]
    pages[0].save(tmp_path / "a.tif", compression="tiff_lzw", save_all=True, append_images=pages[1:])
    without_imagecodecs(monkeypatch)
    assert np.array_equal(read(tmp_path / "a.tif"), np.stack([np.asarray(page) for page in pages]))
    assert np.array_equal(read(tmp_path / "a.tif")[7], np.asarray(pages[7]))


def without_imagecodecs(monkeypatch):
    """Let the decoders of tifffile fail as they do without the package imagecodecs."""

    def fail(*_):
        raise ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")

    monkeypatch.setattr(tiff._Pages, "_segment", fail)


def test_a_compression_that_cannot_be_read(color, tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", color.astype(np.uint16), photometric="rgb", compression="deflate")
    without_imagecodecs(monkeypatch)
    with pytest.raises(ValueError, match=r'a\.tif: its compression .* pip install "vmm-toolkit\[tiff\]"'):
        read(tmp_path / "a.tif")


@pytest.mark.skipif(imagecodecs is None, reason="needs imagecodecs")
@pytest.mark.parametrize("compression", ["lzw", "zstd", "packbits"])
def test_compressions_of_imagecodecs(compression, gray, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", gray, photometric="minisblack", compression=compression)
    assert np.array_equal(read(tmp_path / "a.tif"), gray)


@pytest.mark.parametrize(
    "data", [b"", b"II*\0\0\0\0\0", b"II*\0\x08\0\0\0", b"II*\0\x08\0\0\0\xff\xff", b"MM\0*" + bytes(99)]
)
def test_files_without_pages(data, tmp_path):
    (tmp_path / "e.tif").write_bytes(data)
    with pytest.raises(ValueError, match=r"e\.tif: (no TIFF|truncated|damaged)"):
        vmm.io.info(tmp_path / "e.tif")


def test_pages_of_different_sizes(gray, tmp_path):
    for kind in (0, 1):
        with tifffile.TiffWriter(tmp_path / "a.tif") as stack:
            for image in gray:
                stack.write(image, contiguous=False)
            stack.write(gray[0, :8, :8], contiguous=False, subfiletype=kind)  # 1 means a reduced image: a thumbnail
        if kind == 1:
            assert np.array_equal(read(tmp_path / "a.tif"), gray)
        else:
            with pytest.raises(ValueError, match=r"page 12 is \(8, 8\) uint8 among pages of \(24, 20\)"):
                read(tmp_path / "a.tif")


@pytest.mark.parametrize("options", [{}, {"metadata": None}, {"metadata": None, "compression": "deflate"}])
def test_a_stack_that_is_cut(options, gray, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", gray, photometric="minisblack", **options)
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="truncated"):
        read(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", [np.int16, np.uint32, np.complex64])
def test_types_that_are_no_pixels(dtype, gray, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", gray.astype(dtype), photometric="minisblack")
    with pytest.raises(ValueError, match="cannot be read; convert them"):
        vmm.io.info(tmp_path / "a.tif")


def test_a_folder_of_stacks_is_one_clip(gray, tmp_path):
    for i in range(3):
        tifffile.imwrite(tmp_path / f"s{i}.tif", gray[4 * i : 4 * i + 4], photometric="minisblack")
    assert np.array_equal(read(tmp_path), gray)
    clip = vmm.io.stream(tmp_path, fs=30, start=0.1, chunk=5)
    assert np.array_equal(np.concatenate(list(clip)), gray[3:])
    tifffile.imwrite(tmp_path / "s3.tif", gray[:2, 1:], photometric="minisblack")
    with pytest.raises(ValueError, match=r"s3\.tif: frames of \(23, 20\)"):
        read(tmp_path)


def test_floating_point_stacks_keep_their_values(gray, tmp_path):
    frames = (gray / 255).astype(np.float32)
    vmm.io.write(tmp_path / "a.tif", frames, 30)
    assert np.array_equal(read(tmp_path / "a.tif"), frames) and read(tmp_path / "a.tif").dtype == np.float32


def test_each_page_is_found_once(gray, tmp_path, monkeypatch):
    """The walk through a file takes time that is proportional to the number of its pages."""
    vmm.io.write(tmp_path / "a.tif", gray, 30)
    opened = []
    original = tifffile.TiffFile.__init__

    def count(*arguments, **options):
        opened.append(arguments)
        original(*arguments, **options)

    monkeypatch.setattr(tifffile.TiffFile, "__init__", count)
    assert sum(map(len, vmm.io.stream(tmp_path / "a.tif", fs=30, chunk=2))) == 12
    assert len(opened) == 1
