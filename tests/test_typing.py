"""The types of the public functions, as type checkers infer them."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vmm

FORMS = """
from collections.abc import Iterator
from typing import Any
import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type
import vmm

def check(array: NDArray[np.uint8], frames: list[NDArray[np.uint8]], chunks: Iterator[NDArray[np.uint8]]) -> None:
    assert_type(vmm.phase.magnify(array, (2, 4), fs=30), NDArray[Any])
    assert_type(vmm.phase.magnify(frames, [(2, 4), (5, 6)], fs=30, alpha=[10, -1]), list[NDArray[Any]])
    assert_type(vmm.phase.magnify(chunks, (2, 4), fs=30, mask=(0, 0, 8, 8)), Iterator[NDArray[Any]])
    assert_type(vmm.riesz.magnify(vmm.io.read("clip.mkv"), (2, 4)), tuple[NDArray[Any], float])
    assert_type(vmm.riesz.magnify(vmm.io.stream("clip.mkv"), (2, 4)), Iterator[NDArray[Any]])
    assert_type(vmm.jerk.magnify(array, 3, fs=30, mask=array[0] > 9), NDArray[Any])
    assert_type(vmm.magnet.magnify(array, mode="dynamic"), NDArray[Any])
    assert_type(vmm.stabilize.magnify(array, (2, 4), roi=(0, 0, 8, 8)), NDArray[Any])
    signal = vmm.measure.displacement(vmm.io.stream("clip.mkv"), vmm.measure.grid(21))
    assert_type(vmm.measure.velocity(signal), vmm.measure.RegionSignal)
    vmm.measure.peaks(signal)
    vmm.measure.spectrum(signal.values, fs=30, kind="density")
"""

ERRORS = """
import numpy as np
import vmm

clip = np.zeros((30, 32, 32))
vmm.phase.magnify("not frames", (2, 4))  # error
vmm.phase.magnify("not frames", (2, 4), mask=3)  # error
vmm.phase.magnify(3, (2, 4))  # error
vmm.phase.magnify(clip, (2, 4), mask=3)  # error
vmm.phase.magnify(clip, "2-4")  # error
vmm.phase.magnify(clip, (2, 4), transform="wavelet")  # error
vmm.phase.magnify(clip, (2, 4), temporal="notch")  # error
vmm.riesz.magnify(clip, (2, 4), kernel="5-tap")  # error
vmm.acceleration.magnify(clip, (2, 4))  # error
vmm.magnet.magnify(clip, mode="still")  # error
vmm.stabilize.magnify(clip, (2, 4), model="rigid")  # error
vmm.measure.displacement("clip.mkv")  # error
vmm.measure.displacement(clip, rois=3)  # error
"""

COMMANDS = {
    "mypy": ("--strict", "--config-file", "", "--cache-dir", "cache", "--follow-imports", "silent"),
    "pyright": ("--pythonpath", sys.executable),
}


@pytest.mark.slow
@pytest.mark.parametrize("checker", COMMANDS)
def test_types_of_the_public_functions(checker: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    for name, text in (("forms.py", FORMS), ("errors.py", ERRORS)):
        (tmp_path / name).write_text(text)
    folder = str(Path(vmm.__file__).parents[1])
    environment = {**os.environ, "MYPYPATH": folder, "PYTHONPATH": folder}
    command = [sys.executable, "-m", checker, *COMMANDS[checker], "forms.py", "errors.py"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    reports = [line.strip() for line in run.stdout.splitlines() if " error: " in line]
    assert reports, run.stdout + run.stderr
    assert [report for report in reports if "forms.py" in report] == []
    lines = {int(report.partition("errors.py:")[2].partition(":")[0]) for report in reports}
    assert lines == {n for n, line in enumerate(ERRORS.splitlines(), 1) if "# error" in line}
