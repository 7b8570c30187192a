"""Order of the files of a folder of images, and the frame numbers in their names."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

_LISTED = 3
"""Number of file names in a message; more would hide what it says."""

_MIN_SHARE = 0.5
"""Smallest share of the positions of the grid that have a frame. Sparser numbers, such as times of day, count none."""


def select_series(folder: Path, names: list[str]) -> tuple[list[str], np.ndarray | None]:
    """The names of one series of images in order, and the positions of the frames if some are missing.

    Names of one series differ in their numbers only. Single files of another kind are left out with a warning; two
    series of similar length are refused.
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
        return sorted(names), None
    if others:
        listed = ", ".join(others[:_LISTED]) + (", ..." if len(others) > _LISTED else "")
        warnings.warn(
            f"{folder}: {listed} left out, because the other {count} images are named {pattern}", stacklevel=2
        )
    chosen = sorted(name for name in names if _pattern(name, signed) == pattern)
    numbers = _numbers(chosen, signed)
    order = np.lexsort(numbers.T[::-1]) if numbers.size else np.arange(len(chosen))
    return [chosen[i] for i in order], _positions(numbers[order])


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


def _numbers(names: list[str], signed: bool) -> np.ndarray:
    """The numbers of names of one pattern, a row for each name."""
    pattern = re.compile(_number(signed))
    values = (min(int(number), 2**63 - 1) for name in names for number in pattern.findall(name))
    return np.fromiter(values, np.int64).reshape(len(names), -1)


def _positions(numbers: np.ndarray) -> np.ndarray | None:
    """Positions of the frames on an even grid, or None if no frame is missing from it or the numbers count no frames.

    The numbers that count frames are those at the only place where the names differ.
    """
    differ = [column for column in numbers.T if (column != column[0]).any()]
    if len(differ) != 1 or (np.diff(differ[0]) == 0).any():
        return None
    positions = (differ[0] - differ[0][0]) // np.gcd.reduce(np.diff(differ[0]))
    n_grid = int(positions[-1]) + 1
    return positions if len(positions) < n_grid <= len(positions) / _MIN_SHARE else None
