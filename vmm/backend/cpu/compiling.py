"""Compilation of kernels: at their first call, with a cache on disk if possible and a message if it takes long."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import numba
import numpy as np
from numba.core import event

from vmm.backend.buffers import contiguous, empty
from vmm.backend.cpu.cache import KernelCache
from vmm.backend.threads import by_rows

_MESSAGE_DELAY = 2.0
"""Seconds of compilation after which a message is logged; shorter delays need no explanation."""

_PROGRESS_INTERVAL = 5.0
"""Seconds between the messages that follow."""

_log = logging.getLogger("vmm")


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function: without checks of divisors, with fused multiply-adds, and without the interpreter lock."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}
    dispatcher = numba.njit(**options)(function)
    with suppress(RuntimeError):  # Neither this folder nor the user's cache folder can be written.
        dispatcher._cache = KernelCache(function)
    return dispatcher


def cache_folder() -> Path | None:
    """Folder of the compiled kernels of this module's folder; None if they cannot be stored."""
    folder = getattr(kernel(cache_folder)._cache, "cache_path", None)
    return None if folder is None else Path(folder)


def filled_by_rows(rows: Callable[..., None], shape: tuple[int, ...], *arguments: Any) -> np.ndarray:
    """Run a kernel on all rows of a new array (..., h, w), with a share of them on each core, and return the array.

    The kernel is called with the arguments, the first row and the end of its share, and the array.
    """
    out = empty(shape, np.float32)
    by_rows(lambda start, stop: rows(*arguments, start, stop, out), shape[-2])
    return out


def single(x: Any) -> np.ndarray:
    """A contiguous array in single precision."""
    return contiguous(x)


class _SlowCompilationMessage(event.Listener):
    """Logs a message if the kernels of this package take long to compile, and now and then how many are compiled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = self._count = 0
        self._is_logged = False
        self._last = 0.0

    def on_start(self, event: Any) -> None:
        if self._is_own(event):
            with self._lock:
                self._depth += 1
                if self._depth == 1 and not self._is_logged:
                    timer = threading.Timer(_MESSAGE_DELAY, self._log_message)
                    timer.daemon = True
                    timer.start()

    def on_end(self, event: Any) -> None:
        if self._is_own(event):
            with self._lock:
                self._depth -= 1
                self._count += 1
                is_due = self._is_logged and monotonic() - self._last >= _PROGRESS_INTERVAL
                self._last = monotonic() if is_due else self._last
            if is_due:
                _log.warning("vmm: compiled %d functions", self._count)

    def _is_own(self, event: Any) -> bool:
        return str(event.data["dispatcher"].py_func.__module__).startswith("vmm.")

    def _log_message(self) -> None:
        if self._depth > 0 and not self._is_logged:
            self._last, self._is_logged = monotonic(), True
            _log.warning(
                "vmm: compiling up to 100 functions for this machine, which is done once for each method; the command "
                "vmm warmup does it in advance for all of them"
            )


event.register("numba:compile", _SlowCompilationMessage())
