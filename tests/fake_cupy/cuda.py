"""Streams, events and the memory pool of the stand-in."""

from __future__ import annotations

import types

from fake_cupy.arrays import transfers


class Stream:
    """A stream that does its work at once and in order."""

    def __init__(self, null=False, non_blocking=False) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def synchronize(self):
        transfers["wait"] += 1

    def record(self, event=None):
        return event or Event()

    def wait_event(self, event):
        pass


class Event:
    def __init__(self, block=False, disable_timing=False) -> None:
        pass

    def record(self, stream=None):
        pass

    def synchronize(self):
        transfers["wait"] += 1


class Pool:
    limit: float | None = None

    def free_bytes(self):
        return 2**20

    def total_bytes(self):
        return 2**20

    def free_all_blocks(self):
        pass

    def set_limit(self, size=None, fraction=None):
        self.limit = size or fraction


def cuda_module() -> types.SimpleNamespace:
    """Return the stand-in for ``cupy.cuda``."""
    runtime = types.SimpleNamespace(memGetInfo=lambda: (2**30, 2**31), getDeviceCount=lambda: 1)
    return types.SimpleNamespace(
        Event=Event,
        MemoryPointer=lambda memory, offset: types.SimpleNamespace(ptr=memory[0] + offset, memory=memory),
        UnownedMemory=lambda ptr, size, owner: (ptr, size, owner),
        Stream=Stream,
        get_current_stream=lambda: Stream(),
        get_elapsed_time=lambda start, end: 1.0,
        is_available=lambda: True,
        runtime=runtime,
    )


def fft_config() -> types.SimpleNamespace:
    """Return the stand-in for ``cupy.fft.config``."""
    cache = types.SimpleNamespace(set_size=lambda size: None)
    return types.SimpleNamespace(get_plan_cache=lambda: cache)
