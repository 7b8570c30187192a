"""Networks read back from the graphs that ``vmm.train.export`` wrote, to be trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from vmm.learned.network import files
from vmm.train.networks import FlowMag


def flowmag(path: str | Path) -> FlowMag:
    """A FlowMag generator from its graphs; normalisation is folded into its convolutions.

    Parameters
    ----------
    path
        ``PATH.onnx``; only ``PATH.decoder.onnx`` is read, which holds all weights.

    Returns
    -------
    FlowMag
        The network, with ``skip`` if it was written with it.

    Raises
    ------
    ValueError
        Where the graph is not that of a FlowMag generator.
    """
    file = files(Path(path))["decoder"]
    model = onnx.load(file)
    values = dict(_weight(tensor) for tensor in model.graph.initializer if tensor.name.startswith("net."))
    if "out.weight" not in values:
        raise ValueError(f"{file} is not a FlowMag generator that vmm wrote: it has no layer 'out'")
    adds = all(node.op_type != "Sigmoid" for node in model.graph.node)
    net = FlowMag(values["out.weight"].shape[1] - 3 * adds, norm=False, skip=adds)
    return weights(net, path)


def weights(net: Any, path: str | Path) -> Any:
    """Give a network the weights of graphs, as they were kept there.

    Parameters
    ----------
    net
        A network of the form that was written.
    path
        ``PATH.onnx``.

    Returns
    -------
    Any
        The network itself.

    Raises
    ------
    ValueError
        Where the graphs are those of another network.
    """
    kept: dict[str, Tensor] = {}
    for file in files(Path(path)).values():
        kept |= dict(_weight(tensor) for tensor in onnx.load(file).graph.initializer if tensor.name.startswith("net."))
    unknown = {name for name, value in kept.items() if value.ndim == 4} - dict(net.named_buffers()).keys()
    with torch.no_grad():
        for name, parameter in net.named_parameters(remove_duplicate=False):
            value = kept.get(name)
            if value is not None and value.shape != parameter.shape:
                raise ValueError(f"{path} is of another network: {name} is {tuple(value.shape)}")
            if value is not None:
                parameter.copy_(value)
            elif name.endswith("bias"):
                parameter.zero_()  # not written then
            unknown.discard(name)
    if unknown:
        raise ValueError(f"{path} is of another network: {min(unknown)} has no place in it")
    return net


def _weight(tensor: onnx.TensorProto) -> tuple[str, Tensor]:
    """The name of a parameter and its value, in 32 bits."""
    name = tensor.name.removeprefix("net.").removesuffix("_half")
    return name, torch.from_numpy(numpy_helper.to_array(tensor).copy()).float()
