"""Results in files: for going on with, for tables, for the ear, and for other software on vibration."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vmm.io.destination import check_destination, temporary_path
from vmm.measure.audio import write_wav
from vmm.measure.signals import Signals
from vmm.measure.tables import write_csv
from vmm.measure.uff import write_uff


def save(path: str | Path, result: Any, *, fs: float | None = None, unit: str = "", overwrite: bool = False) -> None:
    """Save a result; the name's ending chooses the format.

    ``.npz``: everything, for ``load``. ``.csv``: a table with units in its first line. ``.wav``: one signal at a rate
    that players play, at least 8 kHz. ``.uff``: nodes, time histories and shapes for software on vibration (datasets
    15, 58 and 55). The file appears under its name only when it is whole.

    Parameters
    ----------
    path
        Where to write.
    result
        What a function of ``vmm.measure`` returned, a list of such, or an array (T, ...) of signals.
    fs, unit
        Of an array: its rate in Hz and the unit of its values. Results carry their own.
    overwrite
        Replace what is there.

    Raises
    ------
    FileExistsError
        Where the path exists and is not to be replaced.
    FileNotFoundError, PermissionError
        Where its folder does not exist or cannot be written.
    ValueError
        Where the format is unknown, or does not hold such a result.
    ImportError
        Where `.uff` is asked for and pyuff is not installed.

    Examples
    --------
    >>> import numpy as np, tempfile, vmm
    >>> found = vmm.measure.spectrum(np.random.default_rng(0).normal(size=480), fs=240)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     vmm.measure.save(f"{folder}/found.npz", found)
    ...     vmm.measure.load(f"{folder}/found.npz").unit
    'px'
    """
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ValueError(f"{path}: unknown format {path.suffix!r}; known are {', '.join(_WRITERS)}")
    check_destination(path, overwrite=overwrite)
    if isinstance(result, np.ndarray):
        result = Signals(result, 1.0 if fs is None else float(fs), unit)
    with temporary_path(path) as draft:
        writer(draft, result)


def load(path: str | Path) -> Any:
    """A result from a ``.npz`` file that ``save`` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    object
        The result, of the kind that was saved.

    Raises
    ------
    FileNotFoundError
        Where nothing is there.
    ValueError
        Where it holds no result.

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
    try:
        with np.load(path, allow_pickle=False) as archive:
            held = dict(archive)
        said = json.loads(str(held[_ABOUT]))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{path}: no result that vmm.measure.save wrote ({error})") from None
    return _back(said, held)


_ABOUT = "about"  # what there is beside arrays, and how all hangs together


def _write_npz(path: Path, result: Any) -> None:
    arrays: dict[str, np.ndarray] = {}
    said = _told(result, "", arrays)
    everything: dict[str, Any] = {**arrays, _ABOUT: np.array(json.dumps(said))}
    np.savez_compressed(path, **everything)


def _told(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """What JSON can say of a value; arrays are put aside under the names of their fields."""
    if isinstance(value, np.ndarray):
        key = name or "values"
        arrays[key] = value
        return {"array": key}
    if is_dataclass(value) and not isinstance(value, type):
        inner = {f.name: _told(getattr(value, f.name), _joined(name, f.name), arrays) for f in fields(value)}
        return {"kind": type(value).__name__, "fields": inner}
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_told(part, _joined(name, str(i)), arrays) for i, part in enumerate(value)]}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"a result that holds {type(value).__name__} cannot be saved")


def _joined(name: str, field: str) -> str:
    return f"{name}.{field}" if name else field


def _back(said: Any, held: dict[str, np.ndarray]) -> Any:
    """The value of which this was said."""
    if not isinstance(said, dict):
        return said
    if "array" in said:
        return held[said["array"]]
    for kind, made in (("list", list), ("tuple", tuple)):
        if kind in said:
            return made(_back(part, held) for part in said[kind])
    return _kind(said["kind"])(**{name: _back(value, held) for name, value in said["fields"].items()})


def _kind(name: str) -> Any:
    """The class of a result."""
    import vmm.measure

    kind = Signals if name == "Signals" else getattr(vmm.measure, name, None)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise ValueError(f"a result of kind {name!r} is not known to this version of vmm")
    return kind


_WRITERS: dict[str, Callable[[Path, Any], None]] = {
    ".npz": _write_npz,
    ".csv": write_csv,
    ".wav": write_wav,
    ".uff": write_uff,
}
