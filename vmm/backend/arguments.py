"""Checks of the arguments of functions by their annotations."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache, partial, wraps
from inspect import signature
from pathlib import Path
from types import FunctionType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from vmm.backend.checks import (
    MAX_FS,
    MAX_GAIN,
    Range,
    check_choice,
    check_class,
    check_count,
    check_flag,
    check_fs,
    check_number,
    check_pair,
    check_path,
    check_text,
)
from vmm.backend.progress import check_progress, showing

F = TypeVar("F", bound=Callable[..., Any])

_FACTOR = Range(-MAX_GAIN, MAX_GAIN)
_EXPONENT = Range(0, 1000)
_PIXELS = Range(high=1000, unit=" px")
_SMALLEST = 1e-6  # The square of a smaller number is no divisor of numbers in single precision.
_HZ = Range(high=MAX_FS, unit=" Hz")

RANGES: dict[str, Range] = {
    "across": _FACTOR,
    "adaptive": _EXPONENT,
    "amplitude": Range(high=1e12),
    "beta": _EXPONENT,
    "border": _PIXELS,
    "color": _FACTOR,
    "crop": Range(0, 0.5),
    "cutoff": _HZ,
    "denoise": _EXPONENT,
    "every": Range(1),
    "feather": _PIXELS,
    "frequency": Range(finite=False, unit=" in Hz"),
    "gamma": _EXPONENT,
    "gap": Range(0, 10_000, " px"),
    "highpass": _HZ,
    "level": Range(0, 30),
    "levels": Range(0, 30),
    "limit": Range(_SMALLEST, finite=False),
    "margin": Range(high=1e6, unit=" px"),
    "max_displacement": Range(_SMALLEST, 1e6, " px"),
    "max_peaks": Range(high=10_000),
    "min_snr": Range(-1000, 1000, " dB"),
    "n_frames": Range(high=1e12),
    "noise": Range(high=1e12),
    "nu": _EXPONENT,
    "octave": Range(0.1, 1, " octaves"),
    "orientations": Range(1, 32),
    "pixel_size": Range(high=1e12),
    "propagation": Range(high=64),
    "radius": Range(0, 1000, " px"),
    "sigma": _PIXELS,
    "size": Range(high=1e6, unit=" px"),
    "speed_tolerance": Range(high=1e6),
    "stderr": Range(high=1e12),
    "step": Range(high=1e6, unit=" px"),
    "strength": _EXPONENT,
    "subtract": _EXPONENT,
    "transition": Range(0.05, 2, " octaves"),
    "wavelength": Range(high=1e9, unit=" px"),
    "white": Range(finite=False),
    "window": Range(high=1001),
}
"""Ranges of numbers by the names of arguments. The function itself checks a smallest value that is not stated."""


def checks_arguments(function: F) -> F:
    """Check the arguments of a function by their annotations, and numbers by ``RANGES``, before it is called.

    Annotations of one number, a flag, a text, one of several names, a pair of numbers, or one of these or None are
    checked; other arguments are left to the function. Numbers of unusual types, such as fractions, become floats. The
    argument `progress` is used here: what the function calls reports to it (see ``vmm.backend.progress``).
    """
    parameters = signature(function)
    bind, array, show = parameters.bind, np.ndarray, showing
    single = [p.name for p in parameters.parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]

    @cache
    def checks() -> dict[str, Check]:
        by_name = {name: _check_for(name, hint) for name, hint in _hints(function).items() if name in single}
        return {name: check for name, check in by_name.items() if check is not None}

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = bind(*args, **kwargs)
        except TypeError:  # The call raises the usual error of Python.
            return function(*args, **kwargs)
        arguments = bound.arguments
        for name, check in checks().items():
            if name in arguments:
                value = arguments[name]
                # An array cannot be the key of a cache.
                value = value.item() if isinstance(value, array) and value.ndim == 0 else value
                arguments[name] = check(name, value)
        if not arguments.get("progress", False):
            return function(*bound.args, **bound.kwargs)
        with show(arguments["progress"]):
            return function(*bound.args, **bound.kwargs)

    # Doctest finds the functions of a module by their globals.
    own = FunctionType(wrapper.__code__, function.__globals__, closure=wrapper.__closure__)
    return cast(F, wraps(function)(own))


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function; names that are imported for type checkers only are any type."""
    unknown: dict[str, Any] = {}
    while True:
        try:
            return get_type_hints(function, localns=unknown)
        except NameError as error:
            unknown[str(error.name)] = Any


Check = Callable[[str, Any], Any]
"""A function of the name and the value of an argument, which returns the value to use, or raises."""


def _check_for(name: str, hint: Any) -> Check | None:
    """The check of an argument with this annotation; None if it is left to the function."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kinds = [option for option in options if option is not type(None)]
    check = _check_of_kind(name, kinds)
    if check is None or len(kinds) == len(options):
        return check
    return lambda name, value: None if value is None else check(name, value)


def _is_own_class(kind: Any) -> bool:
    """Whether an annotation is a class of the package, and no protocol."""
    return isinstance(kind, type) and kind.__module__.startswith("vmm.") and not getattr(kind, "_is_protocol", False)


def _check_of_kind(name: str, kinds: list[Any]) -> Check | None:
    if name == "progress":
        return _after(check_progress)
    if name in ("fs", "sensor_fs") and float in kinds:
        return _after(_check_rate, _usual if Fraction not in kinds else None)
    if kinds in ([float], [float, Fraction]):
        return _after(partial(check_number, limits=RANGES.get(name)), _usual if Fraction not in kinds else None)
    if kinds == [int]:
        return _after(partial(check_count, limits=RANGES.get(name)))
    if kinds == [bool]:
        return _after(check_flag)
    if kinds == [str]:
        return _after(check_text)
    if kinds == [str, Path] and name != "path":
        return _after(check_path)
    if kinds == [tuple[float, float]]:
        return _after(check_pair, lambda pair: pair if all(map(_is_usual, pair)) else tuple(map(float, pair)))
    if len(kinds) == 1 and _is_own_class(kinds[0]):
        return _after(partial(check_class, kind=kinds[0]))
    if len(kinds) == 1 and get_origin(kinds[0]) is Literal:
        return _after(partial(check_choice, choices=get_args(kinds[0])))
    return None


def _check_rate(name: str, value: Any) -> None:
    """Raise if a rate is None or out of range. None reaches no check of an argument that may be None."""
    if value is None:
        raise TypeError(f"{name}=None must be one number in Hz: the rate of the camera or the sensor")
    check_fs(value, name)


def _after(check: Callable[[str, Any], object], convert: Callable[[Any], Any] | None = None) -> Check:
    """A check that returns the value, converted if that is asked for."""

    def checked(name: str, value: Any) -> Any:
        check(name, value)
        return value if convert is None else convert(value)

    return checked


def _usual(number: Any) -> Any:
    """The number itself, or a float for a type such as a fraction, with which NumPy does not calculate."""
    return number if _is_usual(number) else float(number)


def _is_usual(number: Any) -> bool:
    return number is None or isinstance(number, int | float | np.generic)
