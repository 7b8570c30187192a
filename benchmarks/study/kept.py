"""Results kept in a file of lines, one as soon as it is there, so that a study that was cut off goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.study.parts import Key, Setting, Values

FILE = "results.jsonl"


class Kept:
    """What is known of one setting.

    Parameters
    ----------
    folder
        Where the file lies.
    setting
        Results of other settings are left alone.
    """

    def __init__(self, folder: Path, setting: Setting) -> None:
        self._path, self._setting = folder / FILE, setting.name
        self._known: dict[tuple[str, Key], Values] = {}
        if not self._path.exists():
            return
        for line in self._path.read_text().splitlines():
            record = _record(line)
            if record and record["setting"] == self._setting:
                self._known[record["experiment"], tuple(record["key"])] = record["values"]

    def of(self, experiment: str) -> dict[Key, Values]:
        """All results of an experiment by key."""
        return {key: values for (name, key), values in self._known.items() if name == experiment}

    def has(self, experiment: str, key: Key) -> bool:
        """Whether a job was done and did not fail."""
        return (experiment, key) in self._known and not failed(self._known[experiment, key])

    def add(self, experiment: str, key: Key, values: Values, seconds: float) -> None:
        """Keep one result, and the seconds of the processor that it took."""
        record = {
            "setting": self._setting,
            "experiment": experiment,
            "key": list(key),
            "values": values,
            "seconds": round(seconds, 2),
        }
        with self._path.open("a") as file:
            file.write("\n" * self._broken() + json.dumps(record) + "\n")
        self._known[experiment, key] = values

    def _broken(self) -> bool:
        """Whether the last line was cut off."""
        if not self._path.exists() or not self._path.stat().st_size:
            return False
        with self._path.open("rb") as file:
            file.seek(-1, 2)
            return file.read(1) != b"\n"


def failed(values: Values) -> bool:
    """Whether values are those of a job that failed."""
    return isinstance(values.get("error"), str)


def _record(line: str) -> dict[str, Any] | None:
    """What a line says; None where it was cut off."""
    try:
        return dict(json.loads(line))
    except ValueError:
        return None
