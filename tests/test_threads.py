"""Worker threads."""

import threading
from typing import Any

import numpy as np
import pytest
from cases import BY_BAND, BY_FREQUENCY, METHODS

import vmm
from vmm.backend.threads import cores, in_parallel


@pytest.mark.parametrize("n", ["1", "3"])
def test_results_come_in_order_and_few_are_computed_ahead(n, monkeypatch):
    monkeypatch.setenv("VMM_THREADS", n)
    assert cores() == int(n)
    started = []

    def double(i):
        started.append(i)
        return 2 * i

    seen = []
    for result in in_parallel(double, range(40)):
        seen.append(result)
        assert len(started) <= len(seen) + int(n)
    assert seen == list(range(0, 80, 2))


def test_an_invalid_variable_means_all_cores(monkeypatch):
    monkeypatch.setenv("VMM_THREADS", "many")
    assert cores() >= 1


@pytest.mark.parametrize("n", ["1", "4"])
def test_errors_reach_the_caller(n, monkeypatch):
    monkeypatch.setenv("VMM_THREADS", n)

    def fail(i):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(in_parallel(fail, range(3)))


def test_set_threads(monkeypatch):
    monkeypatch.setenv("VMM_THREADS", "3")
    try:
        vmm.set_threads(2)
        assert cores() == 2
        vmm.set_threads(None)
        assert cores() == 3
        with pytest.raises(ValueError, match="n=0 must be at least 1 core"):
            vmm.set_threads(0)
    finally:
        vmm.set_threads(None)


def test_nested_work_runs_in_the_calling_thread(monkeypatch):
    """Otherwise threads of the pool would wait for each other forever."""
    monkeypatch.setenv("VMM_THREADS", "2")

    def outer(i):
        here = threading.get_ident()
        assert all(other == here for other in in_parallel(lambda _: threading.get_ident(), range(5)))
        return i

    assert list(in_parallel(outer, range(20))) == list(range(20))


@pytest.mark.parametrize(
    ("name", "temporal"),
    [
        *((n, t) for n in BY_BAND for t in ("butterworth", "fir") if n != "lagrangian"),
        *(pytest.param("lagrangian", t, marks=pytest.mark.slow) for t in ("butterworth", "fir")),
        *((n, None) for n in BY_FREQUENCY),
    ],
)
def test_results_for_any_number_of_threads_agree_up_to_rounding(name, temporal, monkeypatch):
    frames = np.random.default_rng(0).random((24, 96, 96)).astype(np.float32)
    out = []
    for n in ("1", "2", "5"):
        monkeypatch.setenv("VMM_THREADS", n)
        by_band = {"band": (2, 4), "temporal": getattr(vmm.temporal, temporal)} if temporal else {"frequency": 5}
        out.append(METHODS[name](frames, fs=30, **by_band))
    for other in out[1:]:
        np.testing.assert_allclose(other, out[0], rtol=0, atol=1e-4)


def test_simultaneous_calls_give_the_same_result(clip):
    alone = vmm.phase.magnify(clip, (2, 3), fs=30)
    out: list[Any] = [None] * 4

    def work(i):
        out[i] = vmm.phase.magnify(clip, (2, 3), fs=30)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(result, alone) for result in out)
