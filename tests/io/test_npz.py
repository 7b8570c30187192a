"""Archives of arrays from strangers: damage, and contents that would take much memory."""

import io
import zipfile

import numpy as np
import pytest

from vmm.io import npz
from vmm.io.npz import read_npz


def array_bytes(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


def write(path, **entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(f"{name}.npy", data)


def test_arrays_are_those_that_numpy_reads(tmp_path):
    arrays = {
        "a": np.arange(6.0).reshape(2, 3),
        "b": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "c": np.array("text"),
        "d": np.array([], np.float32),
        "e": np.array([(1, 2.0)], [("x", "<i4"), ("y", "<f8")]),
        "f": np.arange(3, dtype=">i2"),
    }
    np.savez_compressed(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    for name, array in read_npz(tmp_path / "a.npz").items():
        assert array.dtype == arrays[name].dtype and np.array_equal(array, arrays[name])
        array[...] = array  # It can be written to.


def test_truncations_and_changed_bytes_end_with_a_value_error(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(5), y=np.eye(2))
    data = (tmp_path / "a.npz").read_bytes()
    variants = [data[:n] for n in range(0, len(data), 9)]
    for position in range(0, len(data), 5):
        variants += [data[:position] + bytes([data[position] ^ bits]) + data[position + 1 :] for bits in (1, 128, 255)]
    n_read = 0
    for variant in variants:
        (tmp_path / "b.npz").write_bytes(variant)
        try:
            n_read += len(read_npz(tmp_path / "b.npz")) == 2
        except ValueError as error:
            assert str(error).startswith(f"{tmp_path / 'b.npz'} is not a .npz file of arrays") and "\n" not in str(
                error
            )
    assert n_read < len(variants) / 3  # Some bytes, such as the date, have no effect.


def test_contents_that_do_not_have_their_stated_size_are_refused(tmp_path):
    path, intact = tmp_path / "a.npz", array_bytes(np.zeros(12, np.float32))
    for shape in (b"(10**9,)", b"(99999999999,)", b"(11,)  "):
        write(path, x=intact.replace(b"(12,)", shape.ljust(5)))
        with pytest.raises(ValueError, match=r"is not a \.npz file of arrays"):
            read_npz(path)
    write(path, x=array_bytes(np.array([{}])))
    with pytest.raises(ValueError, match="holds objects of Python, which are not read"):
        read_npz(path)


def test_contents_much_larger_than_the_file_are_refused_before_they_are_read(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros(200_000))
    assert read_npz(path)["x"].shape == (200_000,)
    monkeypatch.setattr(npz, "MIN_LIMIT", 2**20)
    monkeypatch.setattr(npz, "_array", None)
    with pytest.raises(ValueError, match="its contents would take 2 MB, more than 100 times the size of the file"):
        read_npz(path)
