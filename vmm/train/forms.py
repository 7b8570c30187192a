"""The forms in which the library trains the networks: beside the published ones they learn sooner and run faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmm.train.networks import Lightweight, MagNet, RealTime
from vmm.train.networks.magnet import Layout

FORMS: dict[str, Callable[[], Any]] = {
    "magnet": lambda: MagNet(Layout(same=True, less=1.0, act="leaky"), padding="zeros", skip=True),
    "lightweight-light": lambda: Lightweight("light", act="leaky", skip=True, shared=True),
    "lightweight-base": lambda: Lightweight("base", act="leaky", skip=True, shared=True),
    "realtime": lambda: RealTime(act="leaky", bias=False, padding="zeros", skip=True, shuffle=True, fine=True),
}
"""All of them add to frame b, have leaky ReLU, and zeros beside what they see, whose traces a margin takes away."""

MARGIN = 16
"""Pixels by which frames are continued by reflection around all of them."""


def form(name: str) -> Any:
    """A fresh network.

    Raises
    ------
    ValueError
        Where there is none of that name.

    Examples
    --------
    >>> from vmm.train.forms import form
    >>> form("realtime").multiple
    4
    """
    if name not in FORMS:
        raise ValueError(f"network {name!r} must be one of {', '.join(FORMS)}")
    return FORMS[name]()


def kind(name: str) -> str:
    """The kind of a network: its name less its size."""
    return name.partition("-")[0]
