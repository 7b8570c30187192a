"""Conversion of published weights to ONNX graphs."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vmm.io.npz import check_archive, read_npz
from vmm.train.export import export
from vmm.train.networks import FlowMag, Lightweight, MagNet, RealTime, flowmag, lightweight, magnet
from vmm.train.networks.magnet import LAYOUTS

Form = tuple[Callable[[], Any], Callable[[Any, Any], Any]]


def _plain(net: Any, state: Mapping[str, Any]) -> Any:
    net.load_state_dict({name: torch.as_tensor(value) for name, value in state.items()})
    return net


def _folded(net: FlowMag, state: Mapping[str, Any]) -> FlowMag:
    return flowmag.folded(flowmag.load_published(net, state))


FORMS: dict[str, list[Form]] = {
    "magnet": [(lambda name=name: MagNet(name), magnet.load_published) for name in LAYOUTS],  # type: ignore[misc]
    "lightweight": [(lambda size=size: Lightweight(size), lightweight.load_published) for size in ("light", "base")],  # type: ignore[misc]
    "realtime": [(RealTime, _plain)],
    "flowmag": [(FlowMag, _folded)],
}
"""Published forms of each kind of network: a constructor and a loader of the weights. They are tried in order."""


def convert(source: str | Path, out: str | Path, kind: str, *, overwrite: bool = True) -> list[Path]:
    """Convert published weights to ONNX graphs, which the library can run.

    Parameters
    ----------
    source
        A PyTorch file with a state dict (arrays by name), or a NumPy ``.npz`` file. Code in the file is not executed:
        files with pickled modules are refused.
    out
        Output path ``PATH.onnx``, as in ``vmm.train.export.export``.
    kind
        "magnet", "lightweight", "realtime" or "flowmag".
    overwrite
        Whether to replace existing files. The default is True.

    Returns
    -------
    list of Path
        Paths of the three files: encoder, manipulator and decoder.

    Raises
    ------
    ValueError
        If the file cannot be read, or if its arrays match no published form of the network.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from vmm.train.convert import convert
    >>> from vmm.train.networks import Lightweight
    >>> folder = Path(tempfile.mkdtemp())
    >>> torch.save(Lightweight("light").state_dict(), folder / "published.pth")
    >>> [path.name for path in convert(folder / "published.pth", folder / "net.onnx", "lightweight")]
    ['net.encoder.onnx', 'net.manipulator.onnx', 'net.decoder.onnx']
    """
    if kind not in FORMS:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(map(repr, FORMS))}")
    state, failures = _state(Path(source)), []
    for make, load in FORMS[kind]:
        try:
            net = load(make(), state)
        except (RuntimeError, LookupError, ValueError, TypeError, AttributeError) as error:
            failures.append((str(error).splitlines() or [type(error).__name__])[0][:200])
            continue
        return export(net, out, kind, half=False, overwrite=overwrite)
    raise ValueError(f"{source} does not hold published weights of {kind}: {failures[0]}")


def _state(path: Path) -> dict[str, Any]:
    """Read a state dict: arrays by name."""
    state: Any = read_npz(path) if path.suffix == ".npz" else _unpickled(path)
    for key in ("state_dict", "model_state_dict", "model", "net"):
        state = state.get(key, state) if isinstance(state, dict) else state
    if not isinstance(state, dict):
        raise ValueError(f"{path} holds a {type(state).__name__}, not a state dict (arrays by name)")
    if not state or not all(isinstance(name, str) for name in state):
        raise ValueError(f"{path} does not hold a state dict (arrays by name)")
    return {name.removeprefix("module."): _weights(path, name, value) for name, value in state.items()}


def _unpickled(path: Path) -> Any:
    """The contents of a PyTorch file. Code in the file is not executed."""
    try:
        with open(path, "rb") as file:
            if zipfile.is_zipfile(file):
                check_archive(file)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # The unpickler raises many types for damaged files.
        if isinstance(error, OSError) and error.filename is not None:
            raise
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path} is not a file with a state dict: {why[:200]}") from None


def _weights(path: Path, name: str, value: Any) -> Any:
    """Weights of a network, after a check that they are finite real numbers."""
    is_number = isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**62)
    tensor = torch.tensor(value) if is_number else value
    if isinstance(tensor, np.ndarray) and tensor.dtype.kind in "fiub":
        tensor = torch.as_tensor(tensor.astype(tensor.dtype.newbyteorder("=")))
    is_tensor = isinstance(tensor, torch.Tensor) and tensor.device.type == "cpu" and tensor.layout == torch.strided
    if not is_tensor or tensor.is_complex() or tensor.is_quantized:
        raise ValueError(f"{path}: {name[:60]!r} holds {type(value).__name__}, which are not weights")
    if tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
        raise ValueError(f"{path}: {name[:60]!r} states more values than the file holds")
    if not torch.isfinite(tensor).all():
        raise ValueError(f"{path}: {name[:60]!r} holds weights that are not finite")
    return tensor
