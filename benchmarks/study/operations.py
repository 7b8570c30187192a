"""Cost of a network, counted from its ONNX graphs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vmm.learned import load
from vmm.learned.network import PARTS, files
from vmm.learned.session import runtime
from vmm.learned.weights import FOLDER

_SIDE = 64  # Side in pixels of the frame with which the shapes inside the graphs are determined.


class Cost(NamedTuple):
    """Parameters, and operations of the convolutions for one output frame with both frames encoded.

    Attributes
    ----------
    parameters
        Number of trainable parameters.
    products
        Multiply-accumulates per pixel of the frame.
    biases
        Additions of biases per pixel of the frame.
    """

    parameters: int
    products: float
    biases: float

    def flops(self, height: int, width: int) -> float:
        """Number of multiplications and additions, including those of biases, as Singh et al. count them."""
        return (2 * self.products + self.biases) * height * width


def cost(weights: str) -> Cost:
    """Count the parameters and operations of a network.

    Parameters
    ----------
    weights
        Name or path of the network, as ``vmm.learned.load`` takes it.

    Returns
    -------
    Cost
        Number of parameters, and operations per pixel.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError("counting operations needs onnx: pip install onnx") from error
    net = load(weights)
    stem = FOLDER / f"{weights}.onnx" if (FOLDER / f"{weights}.encoder.onnx").exists() else Path(weights)
    models = {part: onnx.load(path) for part, path in files(stem).items()}
    x = np.zeros((1, 3, _SIDE, _SIDE), np.float32)
    texture, *shapes = net.encode(*((x, x) if net.pair else (x,)))
    factor = np.ones((1, 1, 1, 1), np.float32)
    inputs = {
        "encoder": (x, x) if net.pair else (x,),
        "manipulator": (shapes[0], shapes[-1], factor),
        "decoder": (texture, net.manipulate(shapes[0], shapes[-1], 1.0)),
    }
    total = np.zeros(2)
    for part in PARTS:
        runs = 2 if part == "encoder" and not net.pair else 1
        total += runs * _count(models[part], inputs[part]) / _SIDE**2
    return Cost(sum(_parameters(model) for model in models.values()), *map(float, total))


def _parameters(model: Any) -> int:
    """Number of parameters of a graph, without scalar and integer constants."""
    floats = (1, 10, 16)  # the ONNX codes of float32, float16 and bfloat16
    return sum(int(np.prod(w.dims)) for w in model.graph.initializer if w.data_type in floats and len(w.dims))


def _count(model: Any, inputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Multiply-accumulates and additions of biases of the convolutions of a graph, for the given inputs."""
    import onnx

    nodes = [node for node in model.graph.node if node.op_type in ("Conv", "ConvTranspose")]
    names = [name for node in nodes for name in (node.input[0], node.output[0])]
    extended = onnx.ModelProto()
    extended.CopyFrom(model)
    existing = {value.name for value in (*model.graph.output, *model.graph.input)}
    extended.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in dict.fromkeys(names) if name not in existing
    )
    session = runtime().InferenceSession(extended.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {value.name: x for value, x in zip(session.get_inputs(), inputs, strict=True)}
    outputs = session.run([value.name for value in session.get_outputs()], feeds)
    shapes = {value.name: x.shape for value, x in zip(session.get_outputs(), outputs, strict=True)}
    shapes |= {name: x.shape for name, x in feeds.items()}
    total = np.zeros(2)
    sizes = _sizes(model)
    for node in nodes:
        positions = shapes[node.input[0] if node.op_type == "ConvTranspose" else node.output[0]]
        biases = np.prod(shapes[node.output[0]]) if len(node.input) > 2 else 0
        total += sizes[node.input[1]] * np.prod(positions[2:]), biases
    return total


def _sizes(model: Any) -> Mapping[str, int]:
    """Size of each weight, by its name before and after a cast."""
    sizes = {w.name: int(np.prod(w.dims)) for w in model.graph.initializer}
    casts = [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in sizes]
    return sizes | {node.output[0]: sizes[node.input[0]] for node in casts}
