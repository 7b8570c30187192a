"""Trials of the command line with damaged and hostile files."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np

from ._samples import MAKERS, Files, images, sample, tiff
from ._verdicts import Finished, Trial

_HEAD = 600
"""Bytes at the start of a file in which half of the faults lie, because headers are there."""

_EXTREMES = (0, 1, 2, 3, 7, 255, 2**15, 60000, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
"""Numbers that are written over fields of headers."""

_TEXTS = ("0", "-1", "-30", "1", "65535", "2147483648", "1e400", "1e99999999", "0/0", "nan", "", "9" * 5000, "é")
"""Texts that take the place of numbers in headers that are texts."""

_STATELESS = (".tif", ".cine")
"""Formats that may state no rate, and folders, for which --fs is given."""


def trial(rng: np.random.Generator, folder: Path) -> Trial:
    """A command with a damaged file as input, or as mask."""
    makers = list(MAKERS)
    maker = makers[rng.choice(len(makers), p=[0.24, 0.12, 0.12, 0.1, 0.06, 0.36])]
    name = str(rng.choice(MAKERS[maker]))
    files, fault = _damaged(sample(name), rng)
    is_mask = maker in (tiff, images) and rng.random() < 0.12
    if is_mask:
        name, fault = "plain.tif", f"mask {name}, {fault}"
        mask = next(iter(files))
        files = {**sample(name), **files}
    for path, data in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(data)
    path = name if name in files else next(iter(files)).partition("/")[0]
    arguments = _command(path, rng)
    if is_mask:
        arguments = ["riesz", name, "out.mkv", "--quiet", "--band", "2", "5", "--fs", "30", "--mask", mask]
    text = f"vmm {shlex.join(arguments)} ({fault})"
    words = (*(path.rpartition("/")[2] for path in files), path, "pixels", "Hz", "frames", "fps")
    return Trial(text, arguments, _judged, words, outputs=("out.mkv", "out.csv"))


def _command(name: str, rng: np.random.Generator) -> list[str]:
    """One of the three commands on a file."""
    verb = str(rng.choice(["info", "riesz", "measure"]))
    options = ["--playlists"] if rng.random() < 0.1 else []
    if verb == "info":
        return [verb, name, *options]
    if name.endswith(_STATELESS) or "." not in name or rng.random() < 0.5:
        options += ["--fs", "30"]
    options += ["--keep-going"] if rng.random() < 0.15 else []
    own = ["out.mkv", "--band", "2", "5"] if verb == "riesz" else ["--out", "out.csv"]
    return [verb, name, *own, "--quiet", *options]


def _judged(result: Finished) -> str | None:
    """A command that succeeds has read at least one frame of at least one pixel."""
    size = re.search(r"^size\s+(-?\d+) x (-?\d+)", result.text, re.MULTILINE)
    count = re.search(r"^frames\s+(-?\d+)", result.text, re.MULTILINE)
    if (size and min(int(size[1]), int(size[2])) < 1) or (count and int(count[1]) < 1):
        return f"an empty picture: {result.text[:200]}"
    return "a warning of Python" if "Warning:" in result.text else None


def _damaged(files: Files, rng: np.random.Generator) -> tuple[Files, str]:
    """The files with one to three faults in one of them, and their description."""
    names = list(files)
    name = names[0] if rng.random() < 0.7 else str(rng.choice(names))
    data, texts = files[name], []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        fault = _FAULTS[rng.choice(len(_FAULTS))]
        data = fault(data, rng)
        texts.append(fault.__name__.strip("_"))
    return {**files, name: data}, f"{name}: {', '.join(texts)}"


def _place(data: bytes | bytearray, rng: np.random.Generator) -> int:
    """A position in the data, often in the first bytes."""
    return int(rng.integers(0, max(1, min(len(data), _HEAD) if rng.random() < 0.5 else len(data))))


def _flipped(data: bytes, rng: np.random.Generator) -> bytes:
    """Some bits inverted."""
    result = bytearray(data or b"\0")
    for _ in range(rng.integers(1, 20)):
        result[_place(result, rng)] ^= 1 << int(rng.integers(8))
    return bytes(result)


def _cut(data: bytes, rng: np.random.Generator) -> bytes:
    """The end cut off."""
    return data[: _place(data, rng)]


def _field(data: bytes, rng: np.random.Generator) -> bytes:
    """Some fields of a header, or numbers of a text, replaced with extreme values."""
    if data.isascii() and (numbers := list(re.finditer(rb"\d+", data))):
        number = numbers[rng.choice(len(numbers))]
        return data[: number.start()] + str(rng.choice(_TEXTS)).encode() + data[number.end() :]
    result = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        size = int(rng.choice([1, 2, 4, 4, 8]))
        place = _place(data, rng) // size * size
        value = _EXTREMES[rng.choice(len(_EXTREMES))] % 256**size
        result[place : place + size] = value.to_bytes(size, "big" if rng.random() < 0.4 else "little")
    return bytes(result)


def _piece(data: bytes, rng: np.random.Generator) -> bytes:
    """A piece of the file moved, repeated, deleted, or replaced with zeros or noise."""
    start, place = _place(data, rng), _place(data, rng)
    piece = data[start : start + int(rng.integers(1, 2000))]
    kind = int(rng.integers(5))
    if kind == 0:
        rest = data[:start] + data[start + len(piece) :]
        return rest[:place] + piece + rest[place:]
    if kind == 1:
        return data[:place] + piece + data[place:]
    other = [b"", bytes(len(piece)), rng.bytes(len(piece))][kind - 2]
    return data[:start] + other + data[start + len(piece) :]


def _foreign(data: bytes, rng: np.random.Generator) -> bytes:
    """The end of the file replaced with that of a file of another format, or all of it."""
    makers = list(MAKERS)
    other = next(iter(sample(str(rng.choice(MAKERS[makers[rng.choice(len(makers))]]))).values()))
    place = 0 if rng.random() < 0.5 else _place(data, rng)
    return data[:place] + other[place:]


_FAULTS = (_flipped, _flipped, _cut, _field, _field, _field, _piece, _foreign)
