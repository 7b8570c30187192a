"""Zarr stores: arrays that are folders of compressed chunks, for clips of any length."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vmm.io.lazy import LazyFrames
from vmm.io.limits import number_in

SUFFIX = ".zarr"

_MARKERS = ("zarr.json", ".zarray", ".zgroup")
"""Files that every store of format 2 or 3 holds one of."""

_CHUNK_FRAMES = 16
_CHUNK_PIXELS = 2**22
"""Upper bounds of a chunk, in frames and pixels: those of a chunk that is read at a time."""

_SOFTWARE = "vmm"
"""Attribute of the stores that are written here, of which every chunk is stored, black ones included."""

_IN_TIME = ("t", "time", "frame", "frames")


def is_store(path: Path) -> bool:
    """Whether the path is a Zarr store, or is named like one."""
    return path.is_dir() and (path.suffix.lower() == SUFFIX or any((path / name).is_file() for name in _MARKERS))


def open_frames(path: Path) -> tuple[LazyFrames, Fraction | None, str]:
    """Frames that are read when they are sliced, the rate that the attributes state, and the name of the format."""
    zarr = _zarr(path)
    try:
        node = zarr.open(str(path), mode="r")
    except Exception as error:
        raise ValueError(f"{path}: no Zarr store that can be read ({error})") from error
    array, attributes = _array_in(path, node)
    frames = _StoredFrames(path, array, _axes(array, attributes))
    if attributes.get("software") == _SOFTWARE and array.nchunks_initialized < array.nchunks:
        missing = array.nchunks - array.nchunks_initialized
        raise ValueError(f"{path}: damaged: {missing} of its {array.nchunks} chunks are missing")
    frames.bits, frames.capture_rate = _bits(path, attributes), _rate(path, attributes, "fs")
    return frames, _rate(path, attributes, "fps") or frames.capture_rate, "zarr"


def write_store(path: Path, chunks: Any, shape: tuple[int, ...], attributes: dict[str, Any]) -> None:
    """Write the chunks of a clip with frames of this shape; each stored chunk is written once."""
    zarr = _zarr(path)
    chunks = iter(chunks)
    first = next(chunks)
    length = max(1, min(_CHUNK_FRAMES, _CHUNK_PIXELS // max(1, shape[0] * shape[1])))
    names = ["time", "row", "column", "color"][: 1 + len(shape)]
    array = zarr.create_array(
        str(path),
        shape=(0, *shape),
        chunks=(length, *shape),
        dtype=first.dtype,
        attributes={"software": _SOFTWARE, **attributes},
        dimension_names=names,
        config={"write_empty_chunks": True},  # A chunk that is missing is then one that was lost.
    )
    count = 0
    for block in _of_length(first, chunks, length):
        array.resize((count + len(block), *shape))
        array[count : count + len(block)] = block
        count += len(block)


def check_destination(path: Path) -> None:
    """Raise if Zarr stores cannot be written here, or if the path is a folder of other files."""
    _zarr(path)
    if path.is_dir() and not any((path / name).is_file() for name in _MARKERS):
        raise FileExistsError(
            f"{path} holds other files than a Zarr store, and all would be deleted: choose another name"
        )


def _zarr(path: Path) -> Any:
    try:
        import zarr
    except ImportError:
        raise ImportError(
            f'{path}: Zarr stores need the package zarr: pip install "vmm-toolkit[zarr]", for Python 3.11 or later'
        ) from None
    return zarr


def _of_length(first: np.ndarray, chunks: Iterator[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """The frames of all chunks, in blocks of this length; the last may be shorter."""
    pending = first
    while True:
        whole = len(pending) // length * length
        for start in range(0, whole, length):
            yield pending[start : start + length]
        pending = pending[whole:]
        following = next(chunks, None)
        if following is None:
            break
        pending = np.concatenate([pending, following])
    if len(pending):
        yield pending


def _array_in(path: Path, node: Any) -> tuple[Any, dict[str, Any]]:
    """The array of frames, and the attributes that describe it: in a group, the only array or the largest scale."""
    attributes = node.attrs.asdict()
    if not hasattr(node, "arrays"):
        return node, attributes
    scales = attributes.get("ome", attributes).get("multiscales")
    if scales:
        return node[scales[0]["datasets"][0]["path"]], {**attributes, "multiscales": scales}
    arrays = dict(node.arrays())
    if len(arrays) != 1:
        listed = ", ".join(sorted(arrays)) or "none"
        raise ValueError(f"{path}: a Zarr group must hold one array of frames, but its arrays are: {listed}")
    array = next(iter(arrays.values()))
    return array, {**attributes, **array.attrs.asdict()}


def _axes(array: Any, attributes: dict[str, Any]) -> list[str]:
    """Names of the axes, empty where the store states none."""
    if "multiscales" in attributes:
        axes = attributes["multiscales"][0].get("axes", [])
        return [str(axis["name"] if isinstance(axis, dict) else axis).lower() for axis in axes]
    names = getattr(array.metadata, "dimension_names", None) or attributes.get("_ARRAY_DIMENSIONS") or []
    return [str(name or "").lower() for name in names]


def _rate(path: Path, attributes: dict[str, Any], name: str) -> Fraction | None:
    """The rate in Hz that an attribute states: ``fps`` is the playback rate, ``fs`` the camera rate."""
    if name not in attributes:
        return None
    rate = number_in(str(attributes[name]))
    if rate is None or rate <= 0:
        raise ValueError(f"{path}: its attribute {name} is {str(attributes[name])[:40]!r}, which must be a rate in Hz")
    return rate


def _bits(path: Path, attributes: dict[str, Any]) -> int | None:
    """The number of significant bits that an attribute states."""
    bits = attributes.get("bits")
    if bits is not None and bits not in range(8, 17):
        raise ValueError(f"{path}: its attribute bits is {str(bits)[:40]!r}, which must be a whole number from 8 to 16")
    return None if bits is None else int(bits)


class _StoredFrames(LazyFrames):
    """Frames of an array (T, H, W[, 3]), whose further axes have one entry."""

    def __init__(self, path: Path, array: Any, axes: list[str]) -> None:
        self._path, self._array = path, array
        axes = axes if len(axes) == array.ndim else [""] * array.ndim
        is_color = array.ndim >= 4 and array.shape[-1] in (3, 4) and axes[-1] not in ("x", "column")
        leading = [i for i in range(array.ndim - (3 if is_color else 2)) if array.shape[i] > 1]
        in_time = [i for i in leading if axes[i] in ("", *_IN_TIME)]
        if array.ndim < 3 or len(leading) > 1 or leading != in_time:
            named = ", ".join(f"{n} ({name or 'unnamed'})" for n, name in zip(array.shape, axes, strict=True))
            raise ValueError(
                f"{path}: an array with the axes {named} cannot be read as a clip (time, row, column[, color])"
            )
        self._time = leading[0] if leading else 0
        self._is_color = is_color
        size = array.shape[-3:-1] if is_color else array.shape[-2:]
        self.shape = (array.shape[self._time], *size, *((3,) if is_color else ()))
        self.dtype = np.dtype(array.dtype).newbyteorder("=")

    def __getitem__(self, frames: slice) -> np.ndarray:
        index: list[Any] = [0] * (self._array.ndim - len(self.shape[1:])) + [slice(None)] * len(self.shape[1:])
        index[self._time] = frames
        try:
            values = self._array[tuple(index)]
        except Exception as error:
            raise ValueError(
                f"{self._path}: damaged at its frames {frames.start} to {frames.stop} ({error})"
            ) from error
        return np.asarray(values)[..., :3] if self._is_color else np.asarray(values)
