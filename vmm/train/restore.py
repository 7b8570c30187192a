"""Networks read back from the graphs that ``vmm.train.export`` wrote, to be trained on."""

from __future__ import annotations

from pathlib import Path

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
    still = {name: torch.zeros_like(value) for name, value in net.state_dict().items() if name.endswith("bias")}
    try:
        net.load_state_dict({**still, **values})  # biases that are zero are not written
    except RuntimeError as error:
        raise ValueError(f"{file} is not a FlowMag generator that vmm wrote: {error}") from error
    return net


def _weight(tensor: onnx.TensorProto) -> tuple[str, Tensor]:
    """The name of a parameter and its value, in 32 bits."""
    name = tensor.name.removeprefix("net.").removesuffix("_half")
    return name, torch.from_numpy(numpy_helper.to_array(tensor).copy()).float()
