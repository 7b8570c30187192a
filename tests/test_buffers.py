"""Memory of temporary arrays is used again, and only when nothing refers to it."""

import threading

import numpy as np
import pytest

import vmm
from vmm.backend import buffers

SHAPE = (64, 64, 64)


@pytest.fixture(autouse=True)
def no_memory(monkeypatch):
    """An empty pool, and no array of other tests that returns memory to it."""
    monkeypatch.setattr(buffers, "_free", [])
    monkeypatch.setattr(buffers, "_returned", type(buffers._returned)())


def address(x):
    """The address of the memory of an array."""
    return x.__array_interface__["data"][0]


def test_memory_is_used_again_when_no_view_of_the_array_exists():
    first = buffers.empty(SHAPE)
    where, view = address(first), first[1:].reshape(-1)
    del first
    assert address(buffers.empty(SHAPE)) != where
    del view
    assert address(buffers.empty((64, 64, 32), np.complex64)) == where


def test_memory_that_is_much_too_large_is_not_used():
    where = address(buffers.empty(SHAPE))
    assert address(buffers.empty((64, 64, 10))) != where
    assert address(buffers.empty((64, 64, 40))) == where


def test_zeros_are_zero_in_used_memory():
    buffers.empty(SHAPE).fill(1)
    assert not buffers.zeros(SHAPE).any()


def test_the_memory_that_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(buffers, "KEPT", 3 * 2**20)
    arrays = [buffers.empty(SHAPE) for _ in range(10)]
    arrays.clear()
    buffers.empty((2**15,))
    assert sum(map(len, buffers._free)) <= buffers.KEPT


def test_threads_do_not_share_memory():
    def fill(value):
        for _ in range(200):
            x = buffers.empty((2**15,))
            x.fill(value)
            errors.append(not (x == value).all())

    errors: list[bool] = []
    threads = [threading.Thread(target=fill, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 800
    assert not any(errors)


def test_phase_takes_little_new_memory_from_the_system(monkeypatch):
    """Most temporary arrays of a clip are in memory of earlier ones."""
    new, taken = buffers._new, buffers._memory
    sizes: dict[str, int] = {"new": 0, "taken": 0}

    def counted(name, function):
        def call(size):
            sizes[name] += size
            return function(size)

        return call

    monkeypatch.setattr(buffers, "_new", counted("new", new))
    monkeypatch.setattr(buffers, "_memory", counted("taken", taken))
    clip = np.random.default_rng(0).integers(0, 255, (120, 96, 128, 3), dtype=np.uint8)
    for _ in vmm.phase.magnify(iter([clip]), (5.0, 9.0), fs=30, orientations=4, octave=1.0):
        pass
    assert sizes["taken"] > 120 * 96 * 128 * 4 * 10  # ten values for each pixel
    assert sizes["new"] < sizes["taken"] / 3
