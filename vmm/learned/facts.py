"""Metadata of a network, as the file of its encoder states it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

KINDS = ("magnet", "lightweight", "realtime", "flowmag")
"""Kinds of network."""

MAX_MULTIPLE = 64
"""Largest multiple in pixels that the sides of a frame must have; tiles begin at multiples of it."""

MAX_MARGIN = 128
"""Largest padding of the frames in pixels."""

MAX_FACTOR = 1e4
"""Largest factor in a calibration table."""


@dataclass(frozen=True)
class Facts:
    """Metadata of a network.

    Attributes
    ----------
    kind
        "magnet", "lightweight", "realtime" or "flowmag".
    pair
        True if the encoder takes two frames at once, False if it takes one.
    step
        Sampling interval of the shape representation in pixels.
    multiple
        Number of pixels of which the sides of a frame must be multiples: a power of 2, and a multiple of `step`.
    margin
        Padding of the frames by reflection on every side, in pixels.
    calibration
        (N, 2) total factors, which increase, and the input factor of the network for each.
    """

    kind: str
    pair: bool
    step: int
    multiple: int
    margin: int
    calibration: np.ndarray = field(repr=False)


def read_facts(values: dict[str, Any], path: Path) -> Facts:
    """The metadata in a file, after a check of each value.

    Parameters
    ----------
    values
        The metadata by names, as they are in the file.
    path
        Path of the file, for messages.

    Returns
    -------
    Facts
        The metadata.

    Raises
    ------
    ValueError
        If a value is missing or out of range.

    Examples
    --------
    >>> from pathlib import Path
    >>> from vmm.learned.facts import read_facts
    >>> values = {"kind": "realtime", "pair": False, "step": 0, "multiple": 4, "margin": 16, "calibration": [[1, 1]]}
    >>> read_facts(values, Path("net.onnx"))
    Traceback (most recent call last):
    ValueError: net.onnx: its metadata states step=0, which must be a whole number from 1 to 4 that divides multiple
    """
    if not values:
        raise ValueError(f"{path} has no metadata of a network: write it with `vmm convert`")
    kind: Any
    pair: Any
    step: Any
    multiple: Any
    margin: Any
    kind, pair, step, multiple, margin = (values.get(name) for name in ("kind", "pair", "step", "multiple", "margin"))
    if kind not in KINDS:
        raise _refusal(path, "kind", kind, f"one of {', '.join(map(repr, KINDS))}")
    if not isinstance(pair, bool):
        raise _refusal(path, "pair", pair, "true or false")
    if not (_is_whole(multiple, 1, MAX_MULTIPLE) and MAX_MULTIPLE % multiple == 0):
        raise _refusal(path, "multiple", multiple, f"a power of 2 from 1 to {MAX_MULTIPLE}")
    if not (_is_whole(step, 1, multiple) and multiple % step == 0):
        raise _refusal(path, "step", step, f"a whole number from 1 to {multiple} that divides multiple")
    if not _is_whole(margin, 0, MAX_MARGIN):
        raise _refusal(path, "margin", margin, f"a whole number from 0 to {MAX_MARGIN}")
    return Facts(kind, pair, step, multiple, margin, _calibration(values.get("calibration"), path))


def _refusal(path: Path, name: str, value: Any, allowed: str) -> ValueError:
    return ValueError(f"{path}: its metadata states {name}={str(value)[:40]}, which must be {allowed}")


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _calibration(values: Any, path: Path) -> np.ndarray:
    """The calibration table (N, 2)."""
    try:
        table = np.asarray(values, dtype=float)
    except (ValueError, TypeError, OverflowError):
        table = np.empty(0)
    is_table = table.ndim == 2 and table.shape[1] == 2 and len(table) > 0
    if not (is_table and (np.abs(table) <= MAX_FACTOR).all() and (np.diff(table[:, 0]) > 0).all() and table[-1, 0] > 0):
        allowed = f"pairs of factors up to {MAX_FACTOR:g}, the first of which increase"
        raise _refusal(path, "calibration", values, allowed)
    return table
