"""Cache of compiled kernels on disk that discards damaged entries.

Numba runs whatever machine code its files hold, and raises an error at every start if they cannot be read. The files
written here begin with a digest of their contents, which name the kernel they belong to. An entry that does not
agree with its digest, belongs to another kernel, or cannot be read is compiled anew and replaced.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import pickle
from collections.abc import Callable
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

_log = logging.getLogger("vmm")


class KernelCache(FunctionCache):
    """Cache of one kernel.

    Parameters
    ----------
    function
        The Python function of the kernel.

    Raises
    ------
    RuntimeError
        If neither the folder of the function nor the cache folder of the user can be written.
    """

    _is_hint_logged = False

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _CheckedFile(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel for the types of its arguments, or None if there is no valid entry."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # Whatever error the entry causes, compiling replaces it.
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store a compiled kernel; if that fails, it is compiled again by the next process."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            if not KernelCache._is_hint_logged:
                KernelCache._is_hint_logged = True
                _log.warning("vmm: compiled code cannot be stored, and is compiled at every start: %s", error)


class _CheckedFile(IndexDataCacheFile):
    """The files of one kernel: an index of its entries, and a file for each entry."""

    def load(self, key: Any) -> Any:
        name = self._load_index().get(key)
        return None if name is None else self._read(name, key)

    def save(self, key: Any, data: Any) -> None:
        overloads = self._load_index()
        names = map(self._data_name, itertools.count(1))
        name = overloads.get(key) or next(name for name in names if name not in overloads.values())
        self._write(name, key, data)
        self._save_index({**overloads, key: name})

    def _load_index(self) -> dict[Any, str]:
        return self._read(self._index_name, self._index_name) or {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_name, self._index_name, overloads)

    def _read(self, name: str, key: Any) -> Any:
        """The contents of a file; None if there are none that belong to the key and to this version of the source."""
        try:
            with open(self._data_path(name), "rb") as file:
                digest, contents = file.read(hashlib.sha256().digest_size), file.read()
        except OSError:
            return None
        if digest != self._digest(contents):
            return None
        try:
            stored_key, stamp, value = pickle.loads(contents)
        except Exception:  # It can refer to names that this version of the package does not have.
            return None
        return value if (stored_key, stamp) == (key, self._source_stamp) else None

    def _write(self, name: str, key: Any, value: Any) -> None:
        contents = self._dump((key, self._source_stamp, value))
        with self._open_for_write(self._data_path(name)) as file:
            file.write(self._digest(contents) + contents)

    def _digest(self, contents: bytes) -> bytes:
        return hashlib.sha256(self._version.encode() + contents).digest()
