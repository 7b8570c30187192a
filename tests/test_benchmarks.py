"""The benchmarks run; the times that they measure are not tested."""

import io
from pathlib import Path
from typing import Any

import count_traffic
import host_cuda
import numpy as np
import pytest
from devices import device_of

import vmm
from benchmarks import cases, files, gpu, learned, peers, ratios, speed
from vmm.backend.threads import cores


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(cases.SIZES, "tiny", (40, 56))
    monkeypatch.setattr(speed, "TIMED", 24)


@pytest.mark.slow
@pytest.mark.parametrize("case", cases.CASES)
def test_every_case_returns_magnified_frames(case):
    frames = cases.clip((40, 56), 24)
    assert frames.shape == (24, 40, 56, 3)
    out = np.concatenate(list(cases.magnified(case, cases.Again(frames, 48))))
    assert out.shape == (48, 40, 56, 3) and not np.array_equal(out[:24], frames)


def test_every_method_is_timed():
    assert {method for method, _, _ in cases.CASES.values()} == set(vmm.METHODS)


def test_milliseconds_per_frame(tiny):
    assert np.isfinite(speed.milliseconds("linear", "tiny", 1))


def fail(*_: Any) -> Any:
    raise ZeroDivisionError


def traffic(case: str, size: tuple[int, int]) -> tuple[float, float]:
    counted = gpu.traffic(case, size)
    assert counted is not None
    return counted


@pytest.mark.slow
def test_tables(tiny, capsys, monkeypatch):
    monkeypatch.setattr(speed, "CASES", {"linear": cases.CASES["linear"]})
    nobody = peers.Peer("nobody", "nobody", fail)
    monkeypatch.setattr(peers, "PEERS", {"nobody": nobody})
    speed.versus("tiny")
    speed.files((40, 56), 24)
    report = capsys.readouterr().out
    assert "nobody" in report and "does not run here: ZeroDivisionError" in report
    assert "frames/s" in report and "MB" in report and "failed" not in report


@pytest.mark.slow
@pytest.mark.skipif(host_cuda.COMPILER is None, reason="without a C++ compiler the kernels cannot run on the host")
@pytest.mark.parametrize("case", ["linear", "riesz", "color", "gradient, causal", "phase, octave, 4 directions"])
def test_table_of_bytes_and_operations_agrees_with_the_counts(case):
    """If this fails, `python tests/count_traffic.py` prints the new table."""
    for expected, counted in zip(
        traffic(case, count_traffic.SIZES[0]), count_traffic.count(case, count_traffic.SIZES[0]), strict=True
    ):
        assert counted == pytest.approx(expected, rel=0.02)


def test_every_counted_case_reads_and_writes_at_least_the_frames():
    """No case can move fewer bytes than the frames hold."""
    assert {"linear", "riesz", "phase, half octave"} <= gpu.COUNTED.keys() <= cases.CASES.keys()
    for case in gpu.COUNTED:
        n_bytes, operations = traffic(case, (1080, 1920))
        assert n_bytes > 6 * 1080 * 1920 and operations > 10 * 1080 * 1920


def test_share_of_the_bandwidth():
    n_bytes, operations = traffic("riesz", (270, 480))
    row = gpu.share("riesz", (270, 480), seconds=2 * n_bytes / 1e12, ceiling=1e12)
    assert row.split() == [f"{n_bytes / 1e6:.0f}", f"{operations / 1e6:.0f}", "50", "%"]
    assert not gpu.share("realtime", (270, 480), 1.0, 1.0).strip()


def test_without_a_device_the_report_is_one_sentence(monkeypatch, capsys):
    def require():
        raise ImportError("CuPy finds no CUDA device")

    monkeypatch.setattr(gpu, "require", require)
    gpu.main()
    assert capsys.readouterr().out == "No figure was measured: CuPy finds no CUDA device\n"


@pytest.mark.slow
def test_tables_of_a_device(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "CASES", {name: cases.CASES[name] for name in ("linear", "jerk")})
    monkeypatch.setattr(gpu, "SIZES", {"tiny": (40, 56)})
    monkeypatch.setattr(gpu, "bandwidth", lambda: 1e12)
    monkeypatch.setattr(gpu, "card", lambda: "stand-in")
    with device_of("stand-in, plain kernels"):
        gpu.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "stand-in: bandwidth of a copy 1000 GB/s"
    first = 1 + next(i for i, line in enumerate(lines) if line.startswith("case"))
    rows = lines[first : lines.index("", first)]
    assert [line.split()[0] for line in rows] == ["linear", "jerk", *vmm.learned.NAMES]
    assert all("need onnxruntime with CUDA" in line for line in rows[2:])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak memory is read from Linux")
@pytest.mark.parametrize("form", ["tif", "tif one page", "tif compressed", "folder of png", "mraw", "cine"])
def test_peak_memory_does_not_grow_with_the_clip(form, tmp_path):
    peaks = []
    for length in (400, 4000):
        (tmp_path / str(length)).mkdir()
        peaks.append(files.peak(files._READ, files.source(form, length, tmp_path)))
    assert peaks[1] <= 1.1 * peaks[0]


def test_ratios_of_cpu_time(monkeypatch, capsys):
    """A process answers each case by its time, and the table holds the least times and their ratios."""
    monkeypatch.setitem(ratios.SIZES, "tiny", (24, 32))
    monkeypatch.setattr("sys.stdin", io.StringIO("tiny\tlinear\n"))
    ratios.worker()
    vmm.set_threads(None)
    assert float(capsys.readouterr().out) > 0

    class Fake:
        def __init__(self, folder):
            self.times = iter([9.0, 8.0, 2.0, 4.0, 3.0, 6.0])  # two cases; the first run compiles

        def milliseconds(self, size, case):
            return next(self.times)

        def close(self):
            pass

    monkeypatch.setattr(ratios, "Library", Fake)
    lines = list(ratios.table("tiny", ("phase", "linear"), 2, Path()))
    assert lines[2:] == ["| phase | 2.0 | 1.00 | | |", "| linear | 4.0 | 2.00 | 2.0 | 2.00 |"]


def test_times_of_networks_and_methods_in_one_table(monkeypatch, capsys):
    """The number of cores is as before afterwards."""
    monkeypatch.setitem(cases.SIZES, "tiny", (48, 64))
    for name, value in {"TIMED_CASES": ("linear",), "ROUNDS": 1, "SHORT": 2, "LONG": 4}.items():
        monkeypatch.setattr(learned, name, value)
    before = cores()
    learned.print_times({"realtime": "realtime", "published MagNet": "realtime"}, "tiny")
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0] for row in rows] == ["realtime", "published", "linear"] and cores() == before
    assert len(rows[0]) == 6 and len(rows[2]) == 3 and float(rows[0][4]) > 0
