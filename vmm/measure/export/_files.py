"""Results in files: saving in the format of the file name, and loading."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.io._info import as_path
from vmm.io.destination import check_destination
from vmm.io.drafts import draft
from vmm.io.npz import read_npz
from vmm.measure.export._csv import write_csv
from vmm.measure.export._uff import write_uff
from vmm.measure.export._wav import write_wav
from vmm.measure.signals._signal import Signals

_STRUCTURE = "about"
"""Name of the entry of a .npz file that describes the result in JSON, with references to the arrays."""


@checks_arguments
def save(path: str | Path, result: Any, *, fs: float | None = None, unit: str = "", overwrite: bool = False) -> None:
    """Save a result in the format that the extension of the file name chooses.

    ========  =======================================================================================================
    ``.npz``  the whole result, for ``load``
    ``.csv``  a table, with names and units in the first line
    ``.wav``  one signal as a sound: scaled to full volume, at a rate of at least 8 kHz that players support
    ``.uff``  units, nodes, time histories and shapes (datasets 164, 15, 58, 55), for vibration analysis software
    ========  =======================================================================================================

    The file appears under its name only when it is complete.

    Parameters
    ----------
    path
        Name of the file.
    result
        Result of a function of ``vmm.measure``, a list of such results, or an array (T, ...) of signals.
    fs
        Rate in Hz of an array. Results carry their own.
    unit
        Unit of the values of an array. Results carry their own.
    overwrite
        Whether to replace an existing file. The default is False.

    Raises
    ------
    FileExistsError
        If the file exists and `overwrite` is False, or another run is writing it.
    FileNotFoundError, PermissionError
        If the folder does not exist or cannot be written to.
    ValueError
        If the format is unknown, or cannot hold the result.
    ImportError
        If the format is ``.uff`` and pyuff is not installed.

    Examples
    --------
    >>> import numpy as np, tempfile, vmm
    >>> wave = np.sin(2 * np.pi * 5 * np.arange(480) / 240)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     vmm.measure.save(f"{folder}/spectrum.npz", vmm.measure.spectrum(wave, fs=240))
    ...     spectrum = vmm.measure.load(f"{folder}/spectrum.npz")
    >>> float(spectrum.frequencies[spectrum.values.argmax()])
    5.0
    """
    path = as_path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ValueError(f"{path}: unknown format {path.suffix!r}; known formats are {', '.join(_WRITERS)}")
    check_destination(path, overwrite=overwrite)
    if isinstance(result, np.ndarray):
        if result.ndim == 0 or result.size == 0:
            raise ValueError(f"result is an array {result.shape} without samples: there is nothing to save")
        result = Signals(result, 1.0 if fs is None else float(fs), unit, time_unit="frame" if fs is None else "s")
    with draft(path, overwrite=overwrite) as temporary:
        writer(temporary, result)


@checks_arguments
def load(path: str | Path) -> Any:
    """Load a result from a ``.npz`` file that ``save`` wrote.

    Parameters
    ----------
    path
        Name of the file.

    Returns
    -------
    object
        The result, of the class that was saved.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file does not hold a result.

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.load("nothing.npz")
    Traceback (most recent call last):
    FileNotFoundError: nothing.npz: no such file
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    arrays = read_npz(path)
    try:
        return _result(json.loads(str(arrays[_STRUCTURE])), arrays)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)[:200]
        raise ValueError(f"{path}: this file does not hold a result that vmm.measure.save wrote: {why}") from None


def _write_npz(path: Path, result: Any) -> None:
    arrays: dict[str, np.ndarray] = {}
    structure = _encode(result, "", arrays)
    if not isinstance(structure, dict):
        raise ValueError(f"a result that is {type(result).__name__} cannot be saved")
    entries: dict[str, Any] = {**arrays, _STRUCTURE: np.array(json.dumps(structure))}
    np.savez_compressed(path, **entries)


def _encode(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """A value as JSON; arrays are moved to `arrays` under the names of their fields."""
    if isinstance(value, np.ndarray):
        key = name or "values"
        arrays[key] = value
        return {"array": key}
    if is_dataclass(value) and not isinstance(value, type):
        members = {f.name: _encode(getattr(value, f.name), _join(name, f.name), arrays) for f in fields(value)}
        return {"kind": type(value).__name__, "fields": members}
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_encode(part, _join(name, str(i)), arrays) for i, part in enumerate(value)]}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"a result that holds {type(value).__name__} cannot be saved")


def _join(name: str, field: str) -> str:
    return f"{name}.{field}" if name else field


def _result(structure: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The result that a file describes: an array, an object of a class of results, or a list or tuple of results."""
    if not isinstance(structure, dict):
        raise ValueError(f"its description is {str(structure)[:40]!r}")
    return _decode(structure, arrays)


def _decode(structure: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The value that ``_encode`` turned into `structure`."""
    if not isinstance(structure, dict):
        return structure
    if "array" in structure:
        return arrays[structure["array"]]
    for kind, make in (("list", list), ("tuple", tuple)):
        if kind in structure:
            return make(_decode(part, arrays) for part in _of_type(structure[kind], list))
    parts = _of_type(structure["fields"], dict)
    members = {name: _decode(value, arrays) for name, value in parts.items()}
    result = _result_class(structure["kind"])(**members)
    _check_members(result)
    return result


def _of_type(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"its description holds {str(value)[:40]!r}")
    return value


_KINDS: dict[str, Any] = {
    "ndarray": np.ndarray,
    "float": (int, float),
    "int": int,
    "bool": bool,
    "str": str,
    "tuple": tuple,
}
"""Types of values by the names that annotations begin with."""


def _check_members(result: Any) -> None:
    """Raise if a member of a result does not have the type of its annotation."""
    for member in fields(result):
        names = [name.strip().removeprefix("np.").partition("[")[0] for name in str(member.type).split("|")]
        value = getattr(result, member.name)
        if value is None and "None" in names:
            continue
        kinds = [_KINDS[name] for name in names if name in _KINDS]
        if kinds and not any(isinstance(value, kind) for kind in kinds):
            raise ValueError(
                f"{type(result).__name__}.{member.name} is {str(value)[:40]!r}, which is not {member.type}"
            )


def _result_class(name: Any) -> Any:
    """The class of a result."""
    import vmm.measure

    name = _of_type(name, str)
    kind = Signals if name == "Signals" else getattr(vmm.measure, name, None)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise ValueError(f"this version of vmm does not know results of class {name!r}")
    return kind


_WRITERS: dict[str, Callable[[Path, Any], None]] = {
    ".npz": _write_npz,
    ".csv": write_csv,
    ".wav": write_wav,
    ".uff": write_uff,
}
