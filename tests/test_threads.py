"""Work on several cores."""

import threading

import numpy as np
import pytest

import vmm
from vmm.backend.threads import cores, in_parallel


@pytest.mark.parametrize("n", ["1", "3"])
def test_results_come_in_order_and_few_ahead(n, monkeypatch):
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


def test_cores_of_the_machine(monkeypatch):
    monkeypatch.setenv("VMM_THREADS", "many")
    assert cores() >= 1


@pytest.mark.parametrize("n", ["1", "4"])
def test_errors_come_out(n, monkeypatch):
    monkeypatch.setenv("VMM_THREADS", n)

    def fail(i):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(in_parallel(fail, range(3)))


def test_the_number_of_cores_changes_nothing(clip, monkeypatch):
    out = []
    for n in ("1", "2", "5"):
        monkeypatch.setenv("VMM_THREADS", n)
        out.append(vmm.phase.magnify(clip, (2, 3), fs=30))
    assert np.array_equal(out[0], out[1]) and np.array_equal(out[0], out[2])


def test_calls_from_several_threads(clip):
    alone = vmm.phase.magnify(clip, (2, 3), fs=30)
    out = [None] * 4

    def work(i):
        out[i] = vmm.phase.magnify(clip, (2, 3), fs=30)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(result, alone) for result in out)
