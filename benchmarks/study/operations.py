"""What a network costs, counted from its graphs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vmm.learned import load
from vmm.learned.network import PARTS, files
from vmm.learned.weights import FOLDER

_SIDE = 64  # of the frame on which shapes are followed


class Cost(NamedTuple):
    """Parameters, and operations of the convolutions for one output frame with both frames encoded.

    Attributes
    ----------
    parameters
        Numbers that were learned.
    products
        Multiply-accumulates a pixel of the frame.
    biases
        Biases added a pixel.
    """

    parameters: int
    products: float
    biases: float

    def flops(self, height: int, width: int) -> float:
        """Multiplications and additions each counted, and the biases, as Singh et al. count."""
        return (2 * self.products + self.biases) * height * width


def cost(weights: str) -> Cost:
    """What a network costs.

    Parameters
    ----------
    weights
        Name or path, as ``vmm.learned.load`` takes it.

    Returns
    -------
    Cost

    Raises
    ------
    ImportError
        Where onnx, which reads the graphs, is not installed.
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
        twice = 2 if part == "encoder" and not net.pair else 1
        total += twice * _work(models[part], inputs[part]) / _SIDE**2
    return Cost(sum(_learned(model) for model in models.values()), *map(float, total))


def _learned(model: Any) -> int:
    """Numbers in a graph that are no mere constants of a reshaping."""
    floats = (1, 10, 16)  # 32, 16 bits, and bfloat16
    return sum(int(np.prod(w.dims)) for w in model.graph.initializer if w.data_type in floats and len(w.dims))


def _work(model: Any, inputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Multiply-accumulates and biases of a graph's convolutions on some inputs."""
    import onnx
    import onnxruntime

    nodes = [node for node in model.graph.node if node.op_type in ("Conv", "ConvTranspose")]
    wanted = [name for node in nodes for name in (node.input[0], node.output[0])]
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    there = {value.name for value in (*model.graph.output, *model.graph.input)}
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in dict.fromkeys(wanted) if name not in there)
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    given = {value.name: x for value, x in zip(session.get_inputs(), inputs, strict=True)}
    made = session.run([value.name for value in session.get_outputs()], given)
    shapes = {value.name: x.shape for value, x in zip(session.get_outputs(), made, strict=True)}
    shapes |= {name: x.shape for name, x in given.items()}
    total = np.zeros(2)
    sizes = _sizes(model)
    for node in nodes:
        places = shapes[node.input[0] if node.op_type == "ConvTranspose" else node.output[0]]
        biases = np.prod(shapes[node.output[0]]) if len(node.input) > 2 else 0
        total += sizes[node.input[1]] * np.prod(places[2:]), biases
    return total


def _sizes(model: Any) -> Mapping[str, int]:
    """Numbers in each weight, by its name before and after it is cast."""
    found = {w.name: int(np.prod(w.dims)) for w in model.graph.initializer}
    casts = [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in found]
    return found | {node.output[0]: found[node.input[0]] for node in casts}
