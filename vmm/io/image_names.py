"""Order of the files of a folder of images, and the frame numbers in their names."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

_LISTED = 3
"""Number of file names in a message; more would hide what it says."""

_MAX_GAP = 100
"""Largest mean distance of the numbers of frames. Larger numbers, such as times of day, do not count frames."""


def select_series(folder: Path, names: list[str]) -> tuple[list[str], np.ndarray | None]:
    """The names of one series of images in order, and the number of each frame, or None if the names state none.

    Names of one series differ in their numbers only. Single files beside a longer series are left out with a warning;
    two series of similar length are refused.
    """
    signed = _has_signs(names)
    series = Counter(_pattern(name, signed) for name in names).most_common()
    pattern, count = series[0]
    others = [name for name in names if _pattern(name, signed) != pattern]
    if len(others) * 10 > count and count > 1:
        listed = " and ".join(f"{n} named {pattern}" for pattern, n in series[:_LISTED])
        raise ValueError(
            f"{folder}: images of several kinds, {listed}, where # is a number: move one kind to a folder of its own"
        )
    if others and count == 1:
        return sorted(names, key=lambda name: _numbers(name, signed)[1]), None
    if others:
        listed = ", ".join(others[:_LISTED]) + (", ..." if len(others) > _LISTED else "")
        warnings.warn(f"{folder}: {listed} left out, because the other {count} images are named {pattern}", stacklevel=2)
    chosen = [name for name in names if _pattern(name, signed) == pattern]
    chosen.sort(key=lambda name: (_numbers(name, signed)[0], name))
    return chosen, _frame_numbers([_numbers(name, signed)[0] for name in chosen])


def _has_signs(names: list[str]) -> bool:
    """Whether the sign before a number counts, as in frame-2, frame-1, frame0: both signs occur at one place."""
    if any(re.search(r"\+\d", name) for name in names):
        return True
    plain = {_pattern(name, signed=False) for name in names}
    return any("-#" in pattern and re.sub(r"-#(?!.*-#)", "#", pattern) in plain for pattern in plain)


def _number(signed: bool) -> str:
    return r"[+-]?\d+" if signed else r"\d+"


def _pattern(name: str, signed: bool) -> str:
    """The name with # for each number."""
    return re.sub(_number(signed), "#", name)


def _numbers(name: str, signed: bool) -> tuple[list[int], list[tuple[int, str]]]:
    """The numbers of a name, and a key that orders all names by their numbers and words."""
    numbers = [int(number) for number in re.findall(_number(signed), name)]
    parts = re.split(f"({_number(signed)})", name)
    return numbers, [(int(part), "") if i % 2 else (0, part) for i, part in enumerate(parts)]


def _frame_numbers(numbers: list[list[int]]) -> np.ndarray | None:
    """The numbers that count the frames: those at the only place where the names differ."""
    table = np.array(numbers, dtype=object)
    if len(table) < 2 or not table.size:
        return None
    differ = [column for column in table.T if len(set(column)) > 1]
    if len(differ) != 1 or len(set(differ[0])) < len(table):
        return None
    span = differ[0][-1] - differ[0][0]
    return differ[0].astype(np.int64) if span <= _MAX_GAP * len(table) else None
