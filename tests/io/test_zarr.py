"""Zarr stores are written and read as clips."""

from fractions import Fraction

import numpy as np
import pytest

import vmm

try:
    import zarr
except ImportError:
    pytest.skip("needs the package zarr", allow_module_level=True)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(37, 12, 10), (37, 12, 10, 3)])
def test_what_is_written_is_read(kind, shape, tmp_path, rng):
    frames = rng.integers(0, 255, shape).astype(kind)
    path = tmp_path / "clip.zarr"
    vmm.io.write(path, (frames[i : i + 5] for i in range(0, 37, 5)), Fraction(30000, 1001))
    info = vmm.io.info(path)
    assert (info.shape, info.dtype, info.fps, info.codec) == (shape, kind, Fraction(30000, 1001), "zarr")
    assert np.array_equal(vmm.io.read(path)[0], frames)
    clip = vmm.io.stream(path, start=0.2, end=0.9, fs=10, chunk=3)
    assert np.array_equal(np.concatenate(list(clip)), frames[2:9])
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip.zarr"]


def test_camera_rate(tmp_path):
    vmm.io.write(tmp_path / "clip.zarr", np.zeros((5, 8, 9), np.uint8), 30, fs=15000)
    info = vmm.io.info(tmp_path / "clip.zarr")
    assert (info.fps, info.capture_rate) == (Fraction(30), Fraction(15000))
    assert vmm.io.read(tmp_path / "clip.zarr")[1] == 15000


def test_chunks_lie_along_time_and_are_written_once(tmp_path):
    vmm.io.write(tmp_path / "clip.zarr", iter([np.zeros((7, 8, 9), np.uint8)] * 5), 30)
    array = zarr.open_array(tmp_path / "clip.zarr", mode="r")
    assert array.chunks == (16, 8, 9) and array.nchunks_initialized == 3


def test_a_lost_chunk_is_an_error(tmp_path):
    path = tmp_path / "clip.zarr"
    vmm.io.write(path, np.zeros((40, 8, 9), np.uint8), 30)
    next((path / "c" / "1").rglob("0/0")).unlink()
    with pytest.raises(ValueError, match="damaged: 1 of its 3 chunks are missing"):
        vmm.io.info(path)


def test_a_damaged_chunk_is_an_error(tmp_path, rng):
    path = tmp_path / "clip.zarr"
    vmm.io.write(path, rng.integers(0, 255, (40, 8, 9), dtype=np.uint8), 30)
    next((path / "c" / "1").rglob("0/0")).write_bytes(b"no chunk")
    with pytest.raises(ValueError, match=r"clip\.zarr: damaged at its frames 16 to 32"):
        vmm.io.read(path)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_stores_of_other_programs(zarr_format, tmp_path, rng):
    frames = rng.integers(0, 4000, (20, 12, 10)).astype(np.uint16)
    array = zarr.create_array(tmp_path / "a", data=frames, chunks=(3, 5, 5), zarr_format=zarr_format)
    clip = vmm.io.stream(tmp_path / "a", fs=50)
    assert clip.white == 4095 and np.array_equal(np.concatenate(list(clip)), frames)
    array.attrs["fs"] = 2200
    assert vmm.io.read(tmp_path / "a")[1] == 2200
    group = zarr.create_group(tmp_path / "g.zarr", zarr_format=zarr_format)
    group.create_array("camera", data=frames)
    assert np.array_equal(vmm.io.read(tmp_path / "g.zarr", fs=50)[0], frames)
    group.create_array("other", data=frames)
    with pytest.raises(ValueError, match="must hold one array of frames, but its arrays are: camera, other"):
        vmm.io.info(tmp_path / "g.zarr")


@pytest.mark.parametrize(
    ("axes", "shape"), [("tczyx", (9, 1, 1, 12, 10)), ("tczyx", (9, 2, 1, 12, 10)), ("zyx", (9, 12, 10))]
)
def test_axes_that_a_store_names(axes, shape, tmp_path, rng):
    frames = rng.integers(0, 255, shape).astype(np.uint8)
    group = zarr.create_group(tmp_path / "ome.zarr")
    group.create_array("0", data=frames)
    group.create_array("1", data=frames[..., ::2, ::2])
    scales = [{"axes": [{"name": axis} for axis in axes], "datasets": [{"path": "0"}, {"path": "1"}]}]
    group.attrs["ome"] = {"multiscales": scales}
    if axes[0] == "t" and shape[1] == 1:
        assert np.array_equal(vmm.io.read(tmp_path / "ome.zarr", fs=30)[0], frames[:, 0, 0])
    else:
        with pytest.raises(ValueError, match="cannot be read as a clip"):
            vmm.io.info(tmp_path / "ome.zarr")


def test_errors_leave_no_store(tmp_path):
    def chunks():
        yield np.zeros((20, 8, 9), np.uint8)
        raise KeyError

    with pytest.raises(KeyError):
        vmm.io.write(tmp_path / "a.zarr", chunks(), 30)
    assert not list(tmp_path.iterdir())
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="holds other files than a Zarr store"):
        vmm.io.write(tmp_path / "a.zarr", np.zeros((2, 8, 9), np.uint8), 30, overwrite=True)
    with pytest.raises(ValueError, match=r"a\.zarr: "):
        vmm.io.info(tmp_path / "a.zarr")


def test_overwriting(tmp_path):
    vmm.io.write(tmp_path / "a.zarr", np.zeros((40, 8, 9), np.uint8), 30)
    with pytest.raises(FileExistsError):
        vmm.io.write(tmp_path / "a.zarr", np.zeros((2, 8, 9), np.uint8), 30)
    vmm.io.write(tmp_path / "a.zarr", np.zeros((2, 8, 9), np.uint8), 60, overwrite=True)
    assert vmm.io.info(tmp_path / "a.zarr").shape == (2, 8, 9)
