"""Reading of ``.npz`` files from strangers: archives of arrays, with limits on the memory that they ask for."""

from __future__ import annotations

import math
import os
import zipfile
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

MAX_RATIO = 100
"""Largest size of the arrays relative to that of the file; arrays of measured values shrink to a half or a tenth."""

MIN_LIMIT = 2**28
"""Size in bytes of the arrays up to which MAX_RATIO does not apply; arrays of zeros shrink to a thousandth."""

_HEADER = 2**16
"""Largest size of the description of an array in bytes."""


def check_archive(file: BinaryIO) -> zipfile.ZipFile:
    """Open a zip archive, and check how much memory its contents need.

    Parameters
    ----------
    file
        The file, open for reading.

    Returns
    -------
    ZipFile
        The archive.

    Raises
    ------
    ValueError
        If the contents are much larger than the file.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from vmm.io.npz import check_archive
    >>> file = io.BytesIO()
    >>> np.savez(file, x=np.arange(3))
    >>> check_archive(file).namelist()
    ['x.npy']
    """
    size = file.seek(0, os.SEEK_END)
    archive = zipfile.ZipFile(file)
    contents = sum(entry.file_size for entry in archive.infolist())
    if contents > max(MIN_LIMIT, MAX_RATIO * size):
        raise ValueError(
            f"its contents would take {contents / 2**20:,.0f} MB, more than {MAX_RATIO} times the size of the file"
        )
    return archive


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of a ``.npz`` file.

    Objects of Python are refused, and so are contents that would be much larger than the file.

    Parameters
    ----------
    path
        Path of the file.

    Returns
    -------
    dict
        The arrays by their names.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If the file is damaged, or is not an archive of arrays.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from vmm.io.npz import read_npz
    >>> path = Path(tempfile.mkdtemp()) / "a.npz"
    >>> np.savez_compressed(path, x=np.arange(3))
    >>> read_npz(path)
    {'x': array([0, 1, 2])}
    """
    with open(path, "rb") as file:
        try:
            with check_archive(file) as archive:
                return {entry.filename.removesuffix(".npy"): _array(archive, entry) for entry in archive.infolist()}
        except Exception as error:  # zipfile, zlib and NumPy raise many types for damaged files.
            text = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"{path} is not a .npz file of arrays, or it is damaged: {text[:200]}") from None


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    """An array of an archive; its description must agree with the number of bytes that are there."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{entry.filename!r} is compressed in a way that NumPy does not use")
    content = bytearray(entry.file_size)
    with archive.open(entry) as file:
        position = 0
        while part := file.read(min(2**20, len(content) - position)):
            content[position : position + len(part)] = part
            position += len(part)
        if position < len(content) or file.read(1):
            raise ValueError(f"{entry.filename!r} does not have the size that the archive states")
    shape, is_fortran, dtype, start = _description(bytes(content[:_HEADER]))
    if dtype.hasobject:
        raise ValueError(f"{entry.filename!r} holds objects of Python, which are not read")
    count = math.prod(shape)
    if count * dtype.itemsize != len(content) - start:
        raise ValueError(f"{entry.filename!r} does not have the size of an array of shape {shape}")
    if count * dtype.itemsize == 0:
        return np.empty(shape, dtype)
    return np.frombuffer(content, dtype, count, start).reshape(shape, order="F" if is_fortran else "C")


def _description(head: bytes) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, order and type of an array in the format of NumPy, and the position of its first byte."""
    stream = BytesIO(head)
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"it has an unknown version {version} of the format of NumPy")
    shape, is_fortran, dtype = readers[version](stream)
    return shape, is_fortran, dtype, stream.tell()
