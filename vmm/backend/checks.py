"""Checks of arguments that every part of the package shares."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

MAX_GAIN = 1e6
"""Largest amount of alpha and of other factors of amplification: 1 px of output for a millionth of a pixel of input."""

MIN_FS, MAX_FS = 1e-6, 1e12
"""Smallest and largest rate of a camera in Hz: one frame in 11 days, and the fastest cameras that there are."""


@dataclass(frozen=True)
class Range:
    """Numbers that an argument may hold.

    Attributes
    ----------
    low, high
        Smallest and largest value.
    unit
        Unit, for messages, with a blank before it.
    finite
        Whether infinity and NaN are refused. If not, the function itself checks for them, but a range with a smallest
        value does not contain NaN.
    """

    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    finite: bool = True

    def __str__(self) -> str:
        if math.isinf(self.low) and math.isinf(self.high):
            return "finite"
        if math.isinf(self.high):
            return f"at least {self.low:g}{self.unit}"
        if math.isinf(self.low):
            return f"at most {self.high:g}{self.unit}"
        if self.low == 0:
            return f"0 or greater and at most {self.high:g}{self.unit}"
        return f"in [{self.low:g}, {self.high:g}]{self.unit}"


def check_number(name: str, value: Any, limits: Range | None = None) -> float:
    """The argument as a float.

    Raises
    ------
    TypeError
        If it is not one real number.
    ValueError
        If it is out of range, or not finite.
    """
    limits = Range() if limits is None else limits
    if not (isinstance(value, Real) or (getattr(value, "shape", None) == () and value.dtype.kind in "buif")):
        raise TypeError(f"{name}={short_text(value)} must be one number{limits.unit}")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"{name}={short_text(value)} is too large: it must be {limits}") from None
    is_infinite = limits.finite and not math.isfinite(number)
    is_below = not number >= limits.low and not (math.isnan(number) and math.isinf(limits.low))
    if is_infinite or is_below or number > limits.high:
        raise ValueError(f"{name}={short_text(value)} must be {'finite' if is_infinite else limits}")
    return number


def check_count(name: str, value: Any, limits: Range | None = None) -> int:
    """The argument as an integer.

    Raises
    ------
    TypeError
        If it is not one integer.
    ValueError
        If it is out of range.
    """
    limits = Range() if limits is None else limits
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}={short_text(value)} must be one whole number{limits.unit}") from None
    if not max(limits.low, -(2**62)) <= count <= min(limits.high, 2**62):
        raise ValueError(f"{name}={short_text(value)} must be {limits if limits != Range() else 'a number of 64 bits'}")
    return count


def check_pair(name: str, value: Any) -> tuple[float, float]:
    """The argument as two floats, such as the edges of a band in Hz.

    Raises
    ------
    TypeError
        If it is not two numbers.
    """
    try:
        if not hasattr(value, "__getitem__"):  # A set has no order.
            raise TypeError
        low, high = (check_number(name, edge, Range(finite=False)) for edge in value)
    except (TypeError, ValueError):
        meaning = ": (low, high) in Hz" if name == "band" else ""
        raise TypeError(f"{name}={short_text(value)} must be two numbers{meaning}") from None
    return low, high


def check_fs(fs: float | None, name: str = "fs") -> float:
    """The rate of the camera in Hz as a float; 1.0 if it is None, so that frequencies are in cycles per frame.

    Raises
    ------
    TypeError
        If `fs` is not a number.
    ValueError
        If `fs` is not a positive number within the rates of cameras.
    """
    try:
        rate = 1.0 if fs is None else check_number(name, fs, Range(finite=False, unit=" in Hz"))
    except ValueError:
        rate = math.inf
    if not MIN_FS <= rate <= MAX_FS:
        raise ValueError(
            f"{name}={short_text(fs)} must be a positive number in [{MIN_FS:g}, {MAX_FS:g}]: the rate in Hz at which "
            "the camera took the frames"
        )
    return rate


def check_positive(name: str, value: Any, meaning: str, high: float = 1e30) -> float:
    """The argument as a float above 0.

    Raises
    ------
    TypeError
        If it is not one number.
    ValueError
        If it is not positive, or larger than `high`.
    """
    number = check_number(name, value, Range(finite=False))
    if not 0 < number <= high:
        raise ValueError(f"{name}={short_text(value)} must be a positive number of at most {high:g}: {meaning}")
    return number


def as_numbers(name: str, value: Any, kinds: str = "buif") -> np.ndarray:
    """The argument as an array of real numbers on the host, or of other kinds of NumPy's types.

    Raises
    ------
    TypeError
        If it holds anything else, or is a masked array.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: fill its masked values first, with {name}.filled(value)")
    try:
        array = np.asarray(value.get() if hasattr(value, "get") and hasattr(value, "dtype") else value)
    except (TypeError, ValueError):  # a list of unequal parts
        raise TypeError(f"{name}={short_text(value)} must be an array of numbers") from None
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name} of type {array.dtype} must be an array of {'' if 'c' in kinds else 'real '}numbers")
    return array


def as_picture(name: str, value: Any) -> np.ndarray:
    """The argument as one gray frame (H, W) in float64.

    Raises
    ------
    TypeError
        If it holds anything but real numbers.
    ValueError
        If it has another shape, or is not finite.
    """
    picture = as_numbers(name, value).astype(np.float64)
    if picture.ndim != 2:
        raise ValueError(f"{name} of shape {picture.shape} must be one gray frame of shape (H, W)")
    if not np.isfinite(picture).all():
        raise ValueError(f"{name} holds NaN or infinite values: replace them first")
    return picture


def short_text(value: Any) -> str:
    """A value in one short line, for messages."""
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return f"an array {value.shape} of {value.dtype}"
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python refuses to print integers of more than 4300 digits.
        text = type(value).__name__
    return text if len(text) <= 60 else f"{text[:40]}..."


def check_flag(name: str, value: Any) -> None:
    """Raise a TypeError if the argument is neither True nor False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}={short_text(value)} must be True or False")


def check_text(name: str, value: Any) -> None:
    """Raise a TypeError if the argument is not a string."""
    if not isinstance(value, str):
        raise TypeError(f"{name}={short_text(value)} must be a string")


def check_path(name: str, value: Any) -> None:
    """Raise a TypeError if the argument is not a path, and a ValueError if no file can have this name."""
    if not isinstance(value, str | Path):
        raise TypeError(f"{name}={short_text(value)} must be a string or a pathlib.Path")
    if "\0" in str(value):
        raise ValueError(f"{name}={short_text(value)} must not contain the null character")


def check_class(name: str, value: Any, kind: type) -> None:
    """Raise a TypeError if the argument is not an object of a class."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}={short_text(value)} must be an object of the class {kind.__name__}")


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    """Raise a TypeError if the argument cannot be one of several names; the function refuses other names itself."""
    if not isinstance(value, type(choices[0])):
        raise TypeError(f"{name}={short_text(value)} must be one of {', '.join(map(repr, choices))}")
