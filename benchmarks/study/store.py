"""Results in a file with one line of JSON per job, so that an interrupted study can be continued."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.study.types import Key, Setting, Values

FILE = "results.jsonl"


class Store:
    """The stored results of one setting.

    Parameters
    ----------
    folder
        Folder of the file ``results.jsonl``.
    setting
        The setting. Results of other settings in the file are ignored.
    """

    def __init__(self, folder: Path, setting: Setting) -> None:
        self._path, self._setting = folder / FILE, setting.name
        self._results: dict[tuple[str, Key], Values] = {}
        if not self._path.exists():
            return
        for line in self._path.read_text().splitlines():
            record = _record(line)
            if record and record["setting"] == self._setting:
                self._results[record["experiment"], tuple(record["key"])] = record["values"]

    def results(self, experiment: str) -> dict[Key, Values]:
        """All results of an experiment, by key."""
        return {key: values for (name, key), values in self._results.items() if name == experiment}

    def has(self, experiment: str, key: Key) -> bool:
        """True if there is a result of a job that did not fail."""
        return (experiment, key) in self._results and not failed(self._results[experiment, key])

    def add(self, experiment: str, key: Key, values: Values, seconds: float) -> None:
        """Store a result and its processor time in seconds."""
        record = {
            "setting": self._setting,
            "experiment": experiment,
            "key": list(key),
            "values": values,
            "seconds": round(seconds, 2),
        }
        with self._path.open("a") as file:
            file.write("\n" * self._is_truncated() + json.dumps(record) + "\n")
        self._results[experiment, key] = values

    def _is_truncated(self) -> bool:
        """True if the last line of the file is incomplete."""
        if not self._path.exists() or not self._path.stat().st_size:
            return False
        with self._path.open("rb") as file:
            file.seek(-1, 2)
            return file.read(1) != b"\n"


def failed(values: Values) -> bool:
    """True if the values are those of a job that failed."""
    return isinstance(values.get("error"), str)


def _record(line: str) -> dict[str, Any] | None:
    """The record of a line, or None if the line is incomplete."""
    try:
        return dict(json.loads(line))
    except ValueError:
        return None
