"""Configurations in which the library trains the networks; they train sooner and run faster than the published ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmm.train.networks import FlowMag, Lightweight, MagNet, RealTime
from vmm.train.networks.magnet import Layout

ARCHITECTURES: dict[str, Callable[[], Any]] = {
    "magnet": lambda: MagNet(Layout(same=True, less=1.0, act="leaky"), padding="zeros", skip=True),
    "lightweight-light": lambda: Lightweight("light", act="leaky", skip=True, shared=True),
    "lightweight-base": lambda: Lightweight("base", act="leaky", skip=True, shared=True),
    "realtime": lambda: RealTime(act="leaky", bias=False, padding="zeros", skip=True, shuffle=True, fine=True),
    "flowmag": lambda: FlowMag(12, norm=False, skip=True),
}
"""Functions that construct the networks, by name.

All of them predict the change relative to frame b, use leaky ReLU, and pad with zeros; the effect of the zeros at the
border is cropped away with a margin.
"""

MAX_FACTORS = {"flowmag": 16.0}
"""Largest total factors in the training of networks for which it is not that of ``vmm.train.pairs.Scenes``.

For larger factors, ``vmm.flowmag`` runs its network twice with the square root."""

MARGIN = 16
"""Padding by reflection on every side of the frames, in pixels."""


def architecture(name: str) -> Any:
    """Construct a network with initial weights.

    Parameters
    ----------
    name
        One of ``ARCHITECTURES``: "magnet", "lightweight-light", "lightweight-base", "realtime" or "flowmag".

    Returns
    -------
    net
        The network, a ``torch.nn.Module``.

    Raises
    ------
    ValueError
        If there is no network with this name.

    Examples
    --------
    >>> from vmm.train.architectures import architecture
    >>> architecture("realtime").multiple
    4
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"network {name!r} must be one of {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]()


def kind(name: str) -> str:
    """Kind of a network: its name without the size.

    Examples
    --------
    >>> from vmm.train.architectures import kind
    >>> kind("lightweight-light")
    'lightweight'
    """
    return name.partition("-")[0]
