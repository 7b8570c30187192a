"""Compilation of kernels: vector instructions, accuracy, the cache on disk, and safety in threads and forks."""

import logging
import multiprocessing
import pickle
import re
import threading
import types
from unittest.mock import Mock

import numba
import numpy as np
import pytest
from numba import complex64, float32, int64, uint8
from numba import types as nb

import vmm
from vmm.backend import reference as kernels
from vmm.backend.cpu import cache, channels, compiling, fourier_boxes, phase, pyramid, riesz_pyramid

ROW, BYTES, COMPLEX = nb.Array(float32, 1, "C"), nb.Array(uint8, 1, "C"), nb.Array(complex64, 1, "C")
PLANE, COMPLEXES = nb.Array(float32, 2, "C"), nb.Array(complex64, 2, "C")
CUBE, REGISTERS = nb.Array(float32, 3, "C"), nb.Array(float32, 4, "C")
HOT = {
    "phase since": (phase.phase_shift_row, (COMPLEX, COMPLEX, ROW)),
    "turned": (phase.rotation_change_row, (COMPLEX, ROW)),
    "biquad": (phase.biquad_row, (ROW, ROW, ROW, ROW)),
    "weighted": (phase.weighted_sum_row, (ROW, ROW, CUBE, int64)),
    "quaternion since": (riesz_pyramid.quaternion_phase_row, (ROW,) * 8),
    "quaternion turned": (riesz_pyramid.rotation_change_row, (*(ROW,) * 7, nb.float32, ROW)),
    "three": (riesz_pyramid.three_tap_row, (ROW,) * 5),
    "blur": (pyramid.blur_row, (ROW, ROW, ROW)),
    "halved": (pyramid.decimate_row, (ROW,) * 4),
    "expanded even": (pyramid.even_row, (ROW,) * 4),
    "mixed": (channels.mix_row, (ROW, ROW, ROW, PLANE, ROW)),
    "phase filtered": (
        phase.filtered_phase_shift,
        (nb.Array(complex64, 3, "C"), COMPLEXES, PLANE, REGISTERS, CUBE),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOT)
def test_hot_kernels_use_vector_instructions(name):
    """A kernel without packed fused multiply-adds is ten times slower and gives the same results."""
    kernel, signature = HOT[name]
    fresh = numba.njit(**{k: v for k, v in kernel.targetoptions.items() if k in ("nogil", "error_model", "fastmath")})(
        kernel.py_func
    )
    fresh.compile(signature)
    assembly = fresh.inspect_asm(fresh.signatures[0])
    if "xmm" not in assembly or ("vfmadd" not in assembly and "vmulps" not in assembly):
        pytest.skip("this processor has no AVX")
    packed = re.findall(r"\bvfn?m(?:add|sub)\d+ps\s.*%[yz]mm", assembly)
    assert len(packed) >= 2


def test_accuracy_of_the_polynomials():
    angles = np.linspace(-np.pi, np.pi, 100_001)
    there = np.exp(1j * angles).astype(np.complex64)
    seen = kernels.phase_shift(there, np.ones_like(there))
    np.testing.assert_allclose(seen, np.angle(there.astype(complex)), atol=4e-7)
    turns = np.linspace(-40, 40, 100_001).astype(np.float32)
    changed = kernels.rotation_change(np.ones(turns.shape, np.complex64)[None], turns[None])[0]
    np.testing.assert_allclose(changed, np.exp(1j * turns.astype(float)) - 1, atol=4e-7)


def test_small_phase_shifts_are_accurate():
    """The change is computed directly, without a difference of nearly equal numbers."""
    small = np.array([[1e-6, 1e-4, 1e-3]], np.float32)
    changed = kernels.rotation_change(np.ones((1, 3), np.complex64), small)
    np.testing.assert_allclose(changed.imag, np.sin(small), rtol=1e-6)
    np.testing.assert_allclose(changed.real, -2 * np.sin(small.astype(float) / 2) ** 2, rtol=1e-5)


def test_a_read_only_cache_directory_is_no_error(monkeypatch):
    monkeypatch.setattr(compiling, "KernelCache", Mock(side_effect=RuntimeError("no locator available")))
    assert compiling.kernel(add).py_func is add


def add(a, b):
    return a + b


@pytest.fixture
def entries(tmp_path):
    """The files of one kernel with one entry, which is stored under the key "types"."""
    entries = cache._CheckedFile(str(tmp_path), "kernel", "stamp of the source")
    entries.save("types", "code")
    return entries


@pytest.mark.parametrize("name", ["kernel.nbi", "kernel.1.nbc"])
def test_damaged_entries_are_not_read(name, entries, tmp_path):
    path = tmp_path / name
    whole = path.read_bytes()
    flipped = [bytes([*whole[:i], whole[i] ^ 4, *whole[i + 1 :]]) for i in range(0, len(whole), 3)]
    plain = pickle.dumps(numba.__version__) + pickle.dumps(("stamp of the source", {"types": "kernel.1.nbc"}))
    for damaged in (*(whole[:i] for i in range(0, len(whole), 5)), b"\xff" * 300, plain, *flipped):
        path.write_bytes(damaged)
        assert entries.load("types") is None
    entries.save("types", "new code")
    assert entries.load("types") == "new code"


def test_entries_of_others_are_not_read(entries, tmp_path):
    """Other kernels, other types of the arguments, and an older state of the source."""
    entries.save("other types", "other code")
    paths = [tmp_path / f"kernel.{i}.nbc" for i in (1, 2)]
    paths[0].write_bytes(paths[1].read_bytes())
    assert (entries.load("types"), entries.load("other types")) == (None, "other code")
    other = cache._CheckedFile(str(tmp_path), "other", "stamp of the source")
    other.save("types", "code of another kernel")
    (tmp_path / "kernel.nbi").write_bytes((tmp_path / "other.nbi").read_bytes())
    assert entries.load("types") is None
    assert cache._CheckedFile(str(tmp_path), "other", "another stamp").load("types") is None


def test_a_damaged_cache_heals(monkeypatch, tmp_path):
    def loads():
        kernel = compiling.kernel(add)
        assert kernel(2, 3) == 5
        return sum(kernel.stats.cache_hits.values())

    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    assert (loads(), loads()) == (0, 1)
    (path,) = tmp_path.rglob("*.nbc")
    path.write_bytes(path.read_bytes()[:200])
    assert (loads(), loads()) == (0, 1)


def test_a_cache_that_cannot_be_written_is_reported_once(monkeypatch, caplog):
    monkeypatch.setattr(cache.KernelCache, "_is_hint_logged", False)
    monkeypatch.setattr(cache._CheckedFile, "save", Mock(side_effect=OSError("No space left on device")))
    monkeypatch.setattr(cache._CheckedFile, "load", Mock(return_value=None))
    with caplog.at_level(logging.WARNING, "vmm"):
        assert [compiling.kernel(add)(2, 3) for _ in range(2)] == [5, 5]
    assert len(caplog.messages) == 1 and "is compiled at every start: No space left on device" in caplog.messages[0]


def test_no_kernel_uses_parallel_loops():
    """Parallel loops of Numba can abort the process or the child of a fork."""
    for module in (phase, riesz_pyramid, pyramid, fourier_boxes, channels):
        for name, kernel in vars(module).items():
            if isinstance(kernel, numba.core.dispatcher.Dispatcher):
                assert not kernel.targetoptions.get("parallel"), name
                assert kernel.targetoptions["nogil"] and kernel.targetoptions["error_model"] == "numpy", name


@pytest.fixture
def patience(monkeypatch):
    monkeypatch.setattr(compiling, "_MESSAGE_DELAY", 0.01)
    return compiling._SlowCompilationMessage()


def compiling_of(module):
    function = types.SimpleNamespace(__module__=module)
    return types.SimpleNamespace(data={"dispatcher": types.SimpleNamespace(py_func=function)})


def wait_for_timers():
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(5)


@pytest.mark.parametrize(("module", "lines"), [("vmm.backend.cpu.phase", 1), ("somebody.else", 0)])
def test_a_long_compilation_is_announced_once(module, lines, patience, caplog):
    with caplog.at_level(logging.WARNING, "vmm"):
        for _ in range(2):
            patience.on_start(compiling_of(module))
            wait_for_timers()
            patience.on_end(compiling_of(module))
    assert sum("vmm warmup" in line for line in caplog.messages) == lines


def test_the_number_of_compiled_functions_follows(patience, caplog, monkeypatch):
    monkeypatch.setattr(compiling, "_PROGRESS_INTERVAL", 0.0)
    with caplog.at_level(logging.WARNING, "vmm"):
        for _ in range(3):
            patience.on_start(compiling_of("vmm.backend.cpu.phase"))
            wait_for_timers()
            patience.on_end(compiling_of("vmm.backend.cpu.phase"))
    assert caplog.messages[1:] == [f"vmm: compiled {n} functions" for n in (1, 2, 3)]


def test_a_short_compilation_is_not_announced(patience, caplog):
    with caplog.at_level(logging.WARNING, "vmm"):
        patience.on_start(compiling_of("vmm.phase"))
        patience.on_end(compiling_of("vmm.phase"))
        wait_for_timers()
    assert not caplog.messages


def in_child(clip, queue):
    queue.put(vmm.phase.magnify(clip, (2, 3), fs=30))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this platform cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_can_magnify(clip):
    """The child does not have the worker threads of its parent."""
    vmm.set_threads(2)
    try:
        alone = vmm.phase.magnify(clip, (2, 3), fs=30)
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        child = context.Process(target=in_child, args=(clip, queue))
        child.start()
        result = queue.get(timeout=60)
        child.join(60)
        assert child.exitcode == 0 and np.array_equal(result, alone)
    finally:
        vmm.set_threads(None)
