"""Peak memory of reading, writing and comparing clips in each format, which must not grow with their length.

The clips have small frames, so that one in memory as a whole would show: 20,000 frames of 32 x 48 pixels in 8 bits take
31 MB. Peak memory is that of a process of its own, as Linux states it.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import vmm

SIZE = 32, 48
FS = 1000
LENGTHS = 2_000, 20_000
_PER_CHUNK = 16

_PEAK = """
import re, sys, vmm
{run}
print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()).group(1)) // 1024)
"""
_READ = "for chunk in vmm.io.stream(sys.argv[1], fs=1000): pass"
_WRITE = "vmm.io.write(sys.argv[2], vmm.io.stream(sys.argv[1], fs=1000), 1000, overwrite=True)"
_SLICE = """from vmm.cli import main
main(["slice", sys.argv[1], sys.argv[1], sys.argv[2], "--fs", "1000", "--overwrite"])"""


def main(quick: bool = False) -> None:
    """Print the peak memory of each format at two lengths."""
    lengths = (200, 2_000) if quick else LENGTHS
    print(f"{'':32}" + "".join(f"{length:>10} frames" for length in lengths) + "     ratio")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for length in lengths:
            (folder / str(length)).mkdir()
        for form in SOURCES:
            _print(f"read {form}", [peak(_READ, source(form, length, folder)) for length in lengths])
        for target in ("out.mp4", "out.mkv", "out.tif", "out.zarr", "out"):
            paths = [source("cine", length, folder) for length in lengths]
            _print(f"write {target}", [peak(_WRITE, path, path.with_name(target)) for path in paths])
        for target in ("slices.png", "both.mp4"):
            paths = [source("mkv", length, folder) for length in lengths]
            _print(f"slice to {target}", [peak(_SLICE, path, path.with_name(target)) for path in paths])


def _print(name: str, megabytes: list[int]) -> None:
    ratio = megabytes[1] / megabytes[0]
    print(f"{name:32}" + "".join(f"{value:>14} MB" for value in megabytes) + f"{ratio:10.2f}", flush=True)


def peak(run: str, *paths: Path) -> int:
    """Peak memory in MB of a process that runs this code with the paths as its arguments."""
    command = [sys.executable, "-c", _PEAK.format(run=run), *map(str, paths)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode:
        raise RuntimeError(process.stderr.strip().splitlines()[-1])
    return int(process.stdout.split()[-1])


def source(form: str, length: int, folder: Path) -> Path:
    """Path of a clip of this format and length, which is written at the first call."""
    path = folder / str(length) / f"clip-{form.replace(' ', '-')}"
    path = path.with_suffix(SOURCES[form][0])
    if not path.exists():
        SOURCES[form][1](path, length)
    return path


def _chunks(length: int) -> Iterator[np.ndarray]:
    """Chunks of frames with values of 8 bits in uint8."""
    loop = np.random.default_rng(0).integers(0, 255, (_PER_CHUNK, *SIZE), dtype=np.uint8)
    for start in range(0, length, _PER_CHUNK):
        yield loop[: length - start]


def _write(path: Path, length: int) -> None:
    vmm.io.write(path, _chunks(length), FS)


def _write_mraw(path: Path, length: int) -> None:
    fields = {"Total Frame": length, "Image Width": SIZE[1], "Image Height": SIZE[0], "Color Bit": 12}
    fields["Record Rate(fps)"] = FS
    path.write_text("\n".join(f"{name} : {value}" for name, value in fields.items()))
    with open(path.with_suffix(".mraw"), "wb") as file:
        for chunk in _chunks(length):
            file.write(np.repeat(chunk.ravel(), 3)[: chunk.size * 3 // 2].tobytes())


def _write_cine(path: Path, length: int) -> None:
    n = SIZE[0] * SIZE[1]
    table = 84 + 800
    head = struct.pack("<2sHHHiIiIIIIQ", b"CI", 44, 0, 1, 0, length, 0, length, 44, 84, table, 0)
    image = struct.pack("<IiiHHIIiiII", 40, SIZE[1], SIZE[0], 1, 8, 0, n, 0, 0, 0, 0)
    first = table + 8 * length
    with open(path, "wb") as file:
        file.write(head + image + bytes(768) + struct.pack("<I", FS) + bytes(28))
        file.write((first + (8 + n) * np.arange(length)).astype("<u8").tobytes())
        for chunk in _chunks(length):
            file.writelines(struct.pack("<II", 8, n) + frame.tobytes() for frame in chunk)


def _write_one_page(path: Path, length: int) -> None:
    """Write a TIFF stack with one page, as ImageJ writes files above 4 GB: the other frames follow the first."""
    import tifffile

    description = f"ImageJ=1.54f\nimages={length}\nframes={length}\n"
    first = next(_chunks(1))[0]
    tifffile.imwrite(path, first, description=description, metadata=None)
    with open(path, "ab") as file:
        for i, chunk in enumerate(_chunks(length)):
            file.write(chunk[1 if i == 0 else 0 :].tobytes())


def _write_deflated(path: Path, length: int) -> None:
    import tifffile

    with tifffile.TiffWriter(path) as stack:
        for chunk in _chunks(length):
            for frame in chunk:
                stack.write(frame, contiguous=False, compression="deflate", metadata=None)


SOURCES: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "mkv": (".mkv", _write),
    "mp4": (".mp4", _write),
    "tif": (".tif", _write),
    "tif compressed": (".tif", _write_deflated),
    "tif one page": (".tif", _write_one_page),
    "folder of png": ("", _write),
    "zarr": (".zarr", _write),
    "mraw": (".cih", _write_mraw),
    "cine": (".cine", _write_cine),
}
"""Suffix of each format, and the function that writes a clip of a given number of frames."""
