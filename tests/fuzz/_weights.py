"""Trials with damaged and hostile files of networks, of their published weights, and of results."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

import vmm
from vmm.data import synthetic
from vmm.learned.network import PARTS
from vmm.learned.weights import FOLDER

from ._graphs import CRAFTED, METADATA, crafted
from ._verdicts import Finished, Trial

PART_FILES = tuple(f"net.{part}.onnx" for part in PARTS)
"""Names of the files of a network."""


def trial(rng: np.random.Generator, folder: Path) -> Trial:
    """A damaged or crafted file, and the call or command that reads it."""
    makers = (_network, _network, _result, _archive, _state_dict)
    return makers[rng.integers(len(makers))](rng, folder)


# Damage that any file may have.


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Bytes with some of them changed, cut out, repeated or replaced."""
    raw = np.frombuffer(data, np.uint8).copy()
    kind, start = rng.integers(7), int(rng.integers(len(raw)))
    if rng.random() < 0.5:
        start = min(start, int(rng.integers(1, 2000)))  # Headers are at the beginning.
    length = int(rng.integers(1, 1 + min(len(raw) - start, 2 ** int(rng.integers(1, 16)))))
    match kind:
        case 0:
            return data[:start]
        case 1:
            raw[start : start + length] = rng.integers(0, 256, length)
        case 2:
            for position in rng.integers(0, len(raw), rng.integers(1, 20)):
                raw[position] ^= 1 << rng.integers(8)
        case 3:
            raw[start : start + length] = rng.choice([0, 255, 127])
        case 4:
            return data[:start] + data[start + length :]
        case 5:
            return data[:start] + data[start : start + length] + data[start:]
        case 6:
            return bytes(rng.integers(0, 256, rng.integers(0, 4000), dtype=np.uint8))
    return raw.tobytes()


# Networks.


def _network(rng: np.random.Generator, folder: Path) -> Trial:
    """A network one file of which is damaged or crafted."""
    name = str(rng.choice(["realtime", "lightweight-light"]))
    files = {part: (FOLDER / f"{name}.{part}.onnx").read_bytes() for part in PARTS}
    part = str(rng.choice(PARTS))
    if rng.random() < 0.5:
        text = f"{part} damaged"
        files[part] = damaged(files[part], rng)
    else:
        text = str(rng.choice(list(CRAFTED)))
        part = "encoder" if text in METADATA else part
        files[part] = crafted(text, files[part])
        text = f"{part} with {text}"
    for each, data in files.items():
        (folder / f"net.{each}.onnx").write_bytes(data)
    method = name.partition("-")[0]
    if rng.random() < 0.25:
        vmm.io.write(folder / "in.mkv", _clip(), 30)
        command = [method, "in.mkv", "out.mkv", "--weights", "net.onnx", "--quiet"]
        return Trial(
            f"vmm {' '.join(command)} ({name}, {text})", command, _is_black, (*PART_FILES, "net.onnx"), ("out.mkv",)
        )
    run = partial(getattr(vmm, method).magnify, _clip(), weights=folder / "net.onnx")
    return Trial(f"vmm.{method}.magnify, {name}, {text}", run, names=(*PART_FILES, "network"))


@cache
def _clip() -> np.ndarray:
    frames = synthetic.render(synthetic.texture((40, 48)), synthetic.sway(3, 30, 3.0, 0.3))
    return np.repeat(frames[..., None], 3, axis=-1)


def _is_black(result: Finished) -> str | None:
    return None if vmm.io.read("out.mkv")[0].max() > 0 else "the video is black"


# Results.


def _result(rng: np.random.Generator, folder: Path) -> Trial:
    """A file of a result, damaged or with another description."""
    path = folder / "result.npz"
    signal = vmm.measure.spectrum(np.sin(np.arange(64.0)), fs=30.0)
    vmm.measure.save(path, signal)
    if rng.random() < 0.5:
        text = "damaged"
        path.write_bytes(damaged(path.read_bytes(), rng))
    else:
        with np.load(path) as archive:
            arrays = dict(archive)
        description = json.loads(str(arrays.pop("about")))
        text = str(rng.choice(list(DESCRIPTIONS)))
        changed = DESCRIPTIONS[text](description, rng)
        about = changed if isinstance(changed, str | bytes | np.ndarray) else json.dumps(changed)
        np.savez(path, about=np.array(about), **arrays)
    return Trial(f"vmm.measure.load, {text}", partial(vmm.measure.load, path), _is_result, ("result.npz",))


def _is_result(result: Any) -> str | None:
    if not isinstance(result, vmm.measure.Spectrum):
        return f"the result is {type(result).__name__}"
    return None if isinstance(result.values, np.ndarray) else "the values are not an array"


def _member(value: Any) -> Callable[[Any, np.random.Generator], Any]:
    """A description with another value of one member."""

    def change(description: Any, rng: np.random.Generator) -> Any:
        arrays = [name for name, member in description["fields"].items() if isinstance(member, dict)]
        description["fields"][str(rng.choice(arrays))] = value
        return description

    return change


DESCRIPTIONS: dict[str, Callable[[Any, np.random.Generator], Any]] = {
    "null": lambda description, rng: "null",
    "text": lambda description, rng: '"x"',
    "number": lambda description, rng: "3",
    "list": lambda description, rng: [description],
    "nothing": lambda description, rng: "",
    "deep": lambda description, rng: '{"list": [' * 30_000,
    "deep and complete": lambda description, rng: '{"list": [' * 900 + "1" + "]}" * 900,
    "a large number": lambda description, rng: '{"list": [' + "9" * 10_000 + "]}",
    "no class": lambda description, rng: {"fields": {}},
    "no members": lambda description, rng: {"kind": "Spectrum"},
    "members as a list": lambda description, rng: {"kind": "Spectrum", "fields": [1]},
    "another class": lambda description, rng: {**description, "kind": "Modes"},
    "a function": lambda description, rng: {**description, "kind": "load"},
    "a class as a list": lambda description, rng: {**description, "kind": ["Spectrum"]},
    "a private class": lambda description, rng: {**description, "kind": "__class__"},
    "one member less": lambda description, rng: {
        **description, "fields": dict(list(description["fields"].items())[1:])
    },
    "one member more": lambda description, rng: {**description, "fields": {**description["fields"], "__x__": 1}},
    "an unknown array": _member({"array": "nothing"}),
    "an array as a number": _member(3.0),
    "an array as text": _member("abc"),
    "an array as null": _member(None),
    "an array as a list": _member({"list": [1, 2]}),
    "a name that is a list": _member({"array": [1]}),
    "a list that is a number": _member({"list": 3}),
    "numbers as the description": lambda description, rng: np.arange(3),
    "bytes": lambda description, rng: b"\xff\x00",
}  # fmt: skip
"""Changes of the description of a result."""


# Weights for ``vmm convert``.


def _archive(rng: np.random.Generator, folder: Path) -> Trial:
    """An archive of arrays as published weights."""
    data = _published_archive()
    if rng.random() < 0.5:
        text, data = "damaged", damaged(data, rng)
    else:
        text = str(rng.choice(list(ARCHIVES)))
        data = ARCHIVES[text]()
    (folder / "published.npz").write_bytes(data)
    return _conversion("published.npz", text, rng)


def _conversion(name: str, text: str, rng: np.random.Generator) -> Trial:
    command = ["convert", name, "out.onnx", "--as", str(rng.choice(["realtime", "lightweight", "magnet", "flowmag"]))]
    outputs = tuple(f"out.{part}.onnx" for part in PARTS)
    return Trial(f"vmm {' '.join(command)} ({text})", command, lambda finished: None, (name,), outputs)


@cache
def _published_archive() -> bytes:
    """Some of the weights of a network, which no form of a network accepts."""
    rng, file = np.random.default_rng(0), io.BytesIO()
    arrays = {f"encoder.conv{i}.weight": rng.normal(size=(8, 3, 3, 3)).astype(np.float32) for i in range(6)}
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _zip(entries: dict[str, bytes], claimed: int | None = None, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive, whose directory claims another size of the first entry."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    data = file.getvalue()
    if claimed is None:
        return data
    size = len(next(iter(entries.values()))).to_bytes(4, "little")
    position = data.rindex(b"PK\x01\x02") + 24
    assert data[position : position + 4] == size
    return data[:position] + claimed.to_bytes(4, "little") + data[position + 4 :]


def _npy(shape: Any, descr: Any = "<f4", body: bytes = b"\0" * 48) -> bytes:
    """An array in the format of NumPy, whose header may state anything."""
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "an empty archive": lambda: _zip({}),
    "text": lambda: _zip({"x.npy": b"abc"}),
    "a claimed size": lambda: _zip({"x.npy": _npy((12,))}, 2**31),
    "a smaller claimed size": lambda: _zip({"x.npy": _npy((12,))}, 20),
    "a huge shape": lambda: _zip({"x.npy": _npy((10**9, 10**9))}),
    "a negative shape": lambda: _zip({"x.npy": _npy((-12,))}),
    "a shape of text": lambda: _zip({"x.npy": _npy("abc")}),
    "a shape of numbers that are not whole": lambda: _zip({"x.npy": _npy((1.5,))}),
    "objects": lambda: _zip({"x.npy": _npy((6,), "|O")}),
    "an unknown type": lambda: _zip({"x.npy": _npy((12,), "<q9")}),
    "a type of no size": lambda: _zip({"x.npy": _npy((0, 2**62), "<f4", b"")}),
    "texts": lambda: _zip({"x.npy": _npy((3,), "<U4")}),
    "complex numbers": lambda: _zip({"x.npy": _npy((6,), "<c8")}),
    "NaN": lambda: _zip({"x.npy": _npy((12,), "<f4", b"\xff" * 48)}),
    "deep": lambda: _zip({"x.npy": b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"(" * 9000}),
    "a bomb of another compression": lambda: _zip({"x.npy": b"\0" * 10**6}, method=zipfile.ZIP_LZMA),
    "a path": lambda: _zip({"../x.npy": _npy((12,))}),
    "no arrays": lambda: _zip({"readme.txt": b"weights"}),
    "two entries of a name": lambda: _zip({"x.npy": _npy((12,)), "x": _npy((12,))}),
}
"""Archives of arrays that are not weights."""


def _state_dict(rng: np.random.Generator, folder: Path) -> Trial:
    """A file of PyTorch as published weights."""
    torch = _torch()
    if torch is None:
        return _archive(rng, folder)
    text = str(rng.choice(["damaged", *STATES]))
    value = STATES[text](torch) if text in STATES else {"encoder.weight": torch.zeros(8, 3, 3, 3)}
    file = io.BytesIO()
    if isinstance(value, bytes):
        file.write(value)
    else:
        torch.save(value, file, _use_new_zipfile_serialization=bool(rng.random() < 0.7))
    data = damaged(file.getvalue(), rng) if text == "damaged" else file.getvalue()
    name = f"published.{rng.choice(['pth', 'pt', 'tar'])}"
    (folder / name).write_bytes(data)
    return _conversion(name, text, rng)


@cache
def _torch() -> Any:
    try:
        import torch
    except ImportError:
        return None
    return torch


class Planted:
    """An object that would write a file if it were unpickled."""

    def __reduce__(self) -> Any:
        return open, ("planted", "w")


STATES: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda torch: b"",
    "text": lambda torch: b"abc",
    "an empty state": lambda torch: {},
    "whole keys": lambda torch: {1: torch.zeros(3)},
    "a list": lambda torch: [torch.zeros(3)],
    "a tensor": lambda torch: torch.zeros(3),
    "a number": lambda torch: 3,
    "texts": lambda torch: {"a": "b"},
    "none": lambda torch: {"a": None},
    "a nested state": lambda torch: {"state_dict": {"a": {"b": torch.zeros(3)}}},
    "a state of text": lambda torch: {"state_dict": "abc"},
    "numbers": lambda torch: {"a": 3, "b": 2.5},
    "a large number": lambda torch: {"a": 10**400},
    "complex numbers": lambda torch: {"a": torch.zeros(3, dtype=torch.complex64)},
    "sparse weights": lambda torch: {"a": torch.zeros(3, 3).to_sparse()},
    "NaN": lambda torch: {"a": torch.full((3,), float("nan"))},
    "repeated values": lambda torch: {"a": torch.zeros(1).expand(10**5, 10**5)},
    "meta weights": lambda torch: {"a": torch.zeros(10**6, 10**6, device="meta")},
    "another network": lambda torch: {"encoder.weight": torch.zeros(8, 3, 3, 3)},
    "code": lambda torch: {"a": Planted()},
}
"""Contents of PyTorch files that are not weights."""
