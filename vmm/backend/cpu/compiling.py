"""How kernels are compiled: on their first call, kept on disk where that can be, and with a word if it takes long."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import numba
from numba.core import event

_LONG = 2.0  # seconds
_log = logging.getLogger("vmm")


def kernel(function: Callable[..., Any]) -> Any:
    """The function compiled: no check of divisors, products and sums fused, other Python threads running meanwhile."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere to write: neither beside this file nor in the user's folder
        return numba.njit(**options)(function)


class _Patience(event.Listener):
    """Says once what goes on where the kernels of this package take long to compile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._said = False

    def on_start(self, event: Any) -> None:
        if self._ours(event):
            with self._lock:
                self._depth += 1
                if self._depth == 1 and not self._said:
                    timer = threading.Timer(_LONG, self._say)
                    timer.daemon = True
                    timer.start()

    def on_end(self, event: Any) -> None:
        if self._ours(event):
            with self._lock:
                self._depth -= 1

    def _ours(self, event: Any) -> bool:
        return str(event.data["dispatcher"].py_func.__module__).startswith("vmm.")

    def _say(self) -> None:
        if self._depth > 0 and not self._said:
            self._said = True
            _log.warning("vmm: compiling for this machine, once; `vmm warmup` does it ahead of time")


event.register("numba:compile", _Patience())
