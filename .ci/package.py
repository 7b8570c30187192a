"""Check the built distributions: their size, their files, and that a fresh environment can use the wheel."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

MAX_WHEEL = 10e6
"""Largest size of the wheel in bytes."""

MAX_IMPORT = 0.3
"""Longest processor time in seconds of ``import vmm``; the median of several is taken, because machines are busy."""

NEEDED = ("vmm/py.typed", "vmm/__init__.pyi", "vmm/app/page/index.html", "vmm/learned/weights/")
"""Files that a wheel must hold: types, pages and weights."""

IMPORT = """
import time
start = time.process_time()
import vmm
print(time.process_time() - start)
"""


def main() -> int:
    """Print the figures; return 1 if a check fails. Arguments: the folder of the distributions, and the Python."""
    folder, python = Path(sys.argv[1]), sys.argv[2]
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    size, files = wheel.stat().st_size, zipfile.ZipFile(wheel).namelist()
    faults = [f"{name} is missing in the wheel" for name in NEEDED if not any(file.startswith(name) for file in files)]
    faults += [f"{file} does not belong into the wheel" for file in files if not file.startswith(("vmm/", "vmm_"))]
    if size > MAX_WHEEL:
        faults.append(f"the wheel has {size / 1e6:.1f} MB, more than {MAX_WHEEL / 1e6:g}")
    with tarfile.open(source) as archive:
        names = archive.getnames()
    faults += [f"{name} is missing in the sdist" for name in ("README.md", "LICENSE") if not _has(names, name)]
    times = sorted(float(subprocess.check_output([python, "-I", "-c", IMPORT], text=True)) for _ in range(5))
    if times[2] > MAX_IMPORT:
        faults.append(f"import vmm takes {times[2]:.2f} s of processor time, more than {MAX_IMPORT:g}")
    print(f"wheel {size / 1e6:.2f} MB with {len(files)} files, import vmm {times[2]:.2f} s")
    print(*faults, sep="\n", end="\n" if faults else "")
    return bool(faults)


def _has(names: list[str], name: str) -> bool:
    return any(path.split("/", 1)[-1] == name for path in names)


if __name__ == "__main__":
    sys.exit(main())
