"""The methods of the columns."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import vmm
from benchmarks.study.entrants import Entrant, classical, entrants
from benchmarks.study.settings import FULL, QUICK


def methods(names: Sequence[str] = (), *, quick: bool = False) -> dict[str, Entrant]:
    """Methods by name.

    Parameters
    ----------
    names
        Names of entrants of the study, such as "gradient". A method of the library may have options instead of its
        defaults, as in "gradient:limit=20,temporal=butterworth". By default all entrants.
    quick
        If True, networks with the weights of their authors are left out of the default.

    Returns
    -------
    dict
        Entrants by name. The first is "nothing", which returns its input.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    available = entrants(QUICK if quick and not names else FULL)
    chosen = (
        {name: available[name] if name in available else with_options(name) for name in names} if names else available
    )
    return {"nothing": available["nothing"]} | chosen


def with_options(text: str) -> Entrant:
    """The entrant of a method with options, from text of the form ``NAME:OPTION=VALUE,OPTION=VALUE``."""
    method, _, options = text.partition(":")
    pairs = [option.partition("=") for option in options.split(",")]
    if method not in vmm.METHODS or not options or not all(value for _, _, value in pairs):
        raise ValueError(
            f"method {text!r} must be a method of the library, or have the form NAME:OPTION=VALUE,OPTION=VALUE"
        )
    return classical(text, method, **{name: _value(value) for name, _, value in pairs})


def _value(text: str) -> object:
    """The value of a Python literal; other text as it is."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
