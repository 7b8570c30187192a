"""Published weights written as ONNX graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vmm.train.export import export
from vmm.train.networks import FlowMag, Lightweight, MagNet, RealTime, flowmag, lightweight, magnet
from vmm.train.networks.magnet import LAYOUTS

Known = tuple[Callable[[], Any], Callable[[Any, Any], Any]]


def _plain(net: Any, state: Mapping[str, Any]) -> Any:
    net.load_state_dict({name: torch.as_tensor(value) for name, value in state.items()})
    return net


def _folded(net: FlowMag, state: Mapping[str, Any]) -> FlowMag:
    return flowmag.folded(flowmag.load_published(net, state))


KNOWN: dict[str, list[Known]] = {
    "magnet": [(lambda name=name: MagNet(name), magnet.load_published) for name in LAYOUTS],  # type: ignore[misc]
    "lightweight": [(lambda size=size: Lightweight(size), lightweight.load_published) for size in ("light", "base")],  # type: ignore[misc]
    "realtime": [(RealTime, _plain)],
    "flowmag": [(FlowMag, _folded)],
}
"""Forms of each kind that weights may be for: they are tried in turn."""


def convert(source: str | Path, out: str | Path, kind: str) -> list[Path]:
    """Write published weights as a network that the library runs.

    Parameters
    ----------
    source
        A PyTorch file that holds nothing but arrays by name (a state dict), or a NumPy ``.npz``. Code in it is not
        run: files that hold whole pickled modules are refused.
    out
        ``PATH.onnx``, as in ``vmm.train.export.export``.
    kind
        "magnet", "lightweight", "realtime" or "flowmag".

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        Where the file cannot be read, or its arrays are those of no published form.
    """
    if kind not in KNOWN:
        raise ValueError(f"kind {kind!r} must be one of {', '.join(KNOWN)}")
    state, failures = _state(Path(source)), []
    for make, load in KNOWN[kind]:
        try:
            net = load(make(), state)
        except (RuntimeError, KeyError) as error:
            failures.append(str(error).splitlines()[0])
            continue
        return export(net, out, kind, half=False)
    raise ValueError(f"{source} holds no published weights of {kind}: {failures[0]}")


def _state(path: Path) -> dict[str, Any]:
    """Arrays by name."""
    if path.suffix == ".npz":
        return dict(np.load(path, allow_pickle=False))
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged or foreign file makes the unpickler raise
        raise ValueError(f"{path} is no file of plain weights (a state dict): {str(error).splitlines()[0]}") from error
    for key in ("state_dict", "model_state_dict", "model", "net"):
        state = state.get(key, state) if isinstance(state, dict) else state
    if not isinstance(state, dict):
        raise ValueError(f"{path} holds a {type(state).__name__}, not weights by name")
    return {name.removeprefix("module."): value for name, value in state.items()}
