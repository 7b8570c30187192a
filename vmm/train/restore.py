"""Reading of networks from ONNX graphs that ``vmm.train.export`` wrote, in order to continue their training."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from vmm.learned.network import files
from vmm.train.architectures import architecture
from vmm.train.networks import FlowMag, Lightweight


def flowmag(path: str | Path) -> FlowMag:
    """Read a FlowMag generator, whose batch normalization is folded into its convolutions.

    Parameters
    ----------
    path
        ``PATH.onnx``. Only ``PATH.decoder.onnx`` is read, which holds all weights.

    Returns
    -------
    FlowMag
        The network; ``skip`` is as in the network that was exported.

    Raises
    ------
    ValueError
        If the graph is not a FlowMag generator.

    Examples
    --------
    >>> import tempfile
    >>> from vmm.train import restore
    >>> from vmm.train.export import export
    >>> from vmm.train.networks import FlowMag
    >>> path = tempfile.mkdtemp() + "/net.onnx"
    >>> _ = export(FlowMag(2, norm=False, skip=True), path, "flowmag")
    >>> restore.flowmag(path).channels
    2
    """
    file = files(Path(path))["decoder"]
    model = onnx.load(file, load_external_data=False)
    values = dict(_weight(tensor) for tensor in model.graph.initializer if tensor.name.startswith("net."))
    if "out.weight" not in values:
        raise ValueError(f"{file} is not a FlowMag generator written by vmm: it has no layer 'out'")
    adds = all(node.op_type != "Sigmoid" for node in model.graph.node)
    net = FlowMag(values["out.weight"].shape[1] - 3 * adds, norm=False, skip=adds)
    return weights(net, path)


def lightweight(path: str | Path) -> Lightweight:
    """Read a lightweight network of the light or the base size, as the library trains them.

    Parameters
    ----------
    path
        ``PATH.onnx``.

    Returns
    -------
    Lightweight
        The network.

    Raises
    ------
    ValueError
        If the graphs belong to a network with another architecture, such as published ones.

    Examples
    --------
    >>> from vmm.learned.weights import FOLDER
    >>> from vmm.train import restore
    >>> restore.lightweight(FOLDER / "lightweight-light.onnx").multiple
    2
    """
    for name in ("lightweight-light", "lightweight-base"):
        with suppress(ValueError):
            net: Lightweight = weights(architecture(name), path)
            return net
    raise ValueError(f"{path} cannot be trained further: it is no network that vmm.train lightweight-light has written")


def weights(net: Any, path: str | Path) -> Any:
    """Load the weights of ONNX graphs into a network, in place.

    Parameters
    ----------
    net
        A network with the architecture of the exported one.
    path
        ``PATH.onnx``.

    Returns
    -------
    net
        The network that was passed.

    Raises
    ------
    ValueError
        If the graphs belong to a network with another architecture.

    Examples
    --------
    >>> import tempfile
    >>> import torch
    >>> from vmm.train.export import export
    >>> from vmm.train.networks import RealTime
    >>> from vmm.train.restore import weights
    >>> path, net = tempfile.mkdtemp() + "/net.onnx", RealTime(4, 1)
    >>> _ = export(net, path, "realtime", half=False)
    >>> torch.equal(weights(RealTime(4, 1), path).g.weight, net.g.weight)
    True
    """
    stored: dict[str, Tensor] = {}
    for file in files(Path(path)).values():
        initializers = onnx.load(file, load_external_data=False).graph.initializer
        stored |= dict(_weight(tensor) for tensor in initializers if tensor.name.startswith("net."))
    unknown = {name for name, value in stored.items() if value.ndim == 4} - dict(net.named_buffers()).keys()
    with torch.no_grad():
        for name, parameter in net.named_parameters(remove_duplicate=False):
            value = stored.get(name)
            if value is not None and value.shape != parameter.shape:
                raise ValueError(f"{path} is of another network: the shape of {name} is {tuple(value.shape)}")
            if value is not None:
                parameter.copy_(value)
            elif name.endswith("bias"):
                parameter.zero_()  # export leaves out biases of zero
            unknown.discard(name)
    if unknown:
        raise ValueError(f"{path} is of another network: {min(unknown)} does not exist in this one")
    return net


def _weight(tensor: onnx.TensorProto) -> tuple[str, Tensor]:
    """Name and value of a parameter, in single precision."""
    name = tensor.name.removeprefix("net.").removesuffix("_half")
    return name, torch.from_numpy(numpy_helper.to_array(tensor).copy()).float()
