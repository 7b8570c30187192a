"""ONNX files read as data, and checked before ONNX Runtime sees them.

A network comes from somebody else as often as a clip does. ONNX is a general language: a graph may loop without an end,
ask for any amount of memory, or name other files of the machine. The networks of this library need a few dozen
operators, so every other graph is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_BYTES = 2**29
"""Largest size of a file in bytes."""

MAX_NODES = 2000
"""Largest number of nodes; the largest network of the library has 300."""

MAX_FIELDS = 200_000
"""Largest number of fields of the file that are read, which bounds the time; the networks have about 5,000."""

MAX_FACTS = 2**16
"""Largest size of the metadata in bytes; that of the networks is below 1,000."""

MAX_SIDE = 32
"""Largest side of the kernel of a convolution or pooling in samples; the networks have up to 9."""

OPERATORS = frozenset(
    [
        "Abs",
        "Add",
        "AveragePool",
        "BatchNormalization",
        "Cast",
        "Clip",
        "Concat",
        "Constant",
        "Conv",
        "ConvTranspose",
        "Cos",
        "DepthToSpace",
        "DequantizeLinear",
        "Div",
        "Elu",
        "Erf",
        "Exp",
        "Expand",
        "Flatten",
        "Floor",
        "Gather",
        "HardSigmoid",
        "HardSwish",
        "Identity",
        "InstanceNormalization",
        "LeakyRelu",
        "Max",
        "MaxPool",
        "Min",
        "Mod",
        "Mul",
        "Neg",
        "PRelu",
        "Pad",
        "Pow",
        "QuantizeLinear",
        "Reciprocal",
        "ReduceMax",
        "ReduceMean",
        "ReduceMin",
        "ReduceSum",
        "Relu",
        "Reshape",
        "Resize",
        "Selu",
        "Shape",
        "Sigmoid",
        "Sign",
        "Sin",
        "Slice",
        "Softmax",
        "Softplus",
        "SpaceToDepth",
        "Split",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Tanh",
        "Transpose",
        "Unsqueeze",
    ]
)
"""Operators that a network may use. None of them runs a graph or a loop of its own, or reads a file."""

WINDOWS = frozenset({"Conv", "ConvTranspose", "MaxPool", "AveragePool"})
"""Operators with a kernel."""

CONVERSIONS = frozenset({"Cast", "DequantizeLinear", "Identity"})
"""Operators by which stored values become the weights of a convolution."""

Field = tuple[int, Any]
"""Number and value of a field: an integer, or the bytes of the field as a view."""

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
"""Wire types of Protocol Buffers."""


@dataclass(frozen=True)
class GraphFile:
    """The contents of an ONNX file that has passed the checks.

    Attributes
    ----------
    path
        Path of the file.
    data
        The whole file.
    facts
        Metadata of the network, as ``vmm.train.export`` wrote it into the file; empty for a foreign file.
    """

    path: Path
    data: bytes = field(repr=False)
    facts: dict[str, Any]


def read_graph(path: Path) -> GraphFile:
    """Read an ONNX file and check that it holds nothing but a network of known operators.

    Parameters
    ----------
    path
        Path of the file.

    Returns
    -------
    GraphFile
        The file, which is not read again.

    Raises
    ------
    ValueError
        If the file is not a network that ONNX Runtime can run within bounds.

    Examples
    --------
    >>> from vmm.learned.graph_file import read_graph
    >>> from vmm.learned.weights import FOLDER
    >>> read_graph(FOLDER / "realtime.encoder.onnx").facts["kind"]
    'realtime'
    """
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    try:
        if len(data) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES >> 20} MB")
        return GraphFile(path, data, _checked_model(Message(memoryview(data), [MAX_FIELDS])))
    except ValueError as error:
        raise ValueError(f"{path} is not a network that vmm can run: {error}") from None


class Message:
    """A message of Protocol Buffers, whose fields are read when they are asked for.

    Parameters
    ----------
    data
        The bytes of the message.
    budget
        One number: the fields that may still be read in the whole file.
    """

    def __init__(self, data: memoryview, budget: list[int]) -> None:
        self._budget = budget
        self._fields: dict[int, list[Any]] = {}
        for number, value in _fields(data, budget):
            self._fields.setdefault(number, []).append(value)

    def has(self, *numbers: int) -> bool:
        """Whether any of the fields is present."""
        return any(number in self._fields for number in numbers)

    def messages(self, number: int) -> Iterator[Message]:
        """The values of a repeated field that holds messages."""
        return (Message(_as_view(value), self._budget) for value in self._fields.get(number, []))

    def texts(self, number: int) -> list[str]:
        """The values of a field that holds text."""
        return [bytes(_as_view(value)).decode("utf-8", "replace") for value in self._fields.get(number, [])]

    def integers(self, number: int) -> list[int]:
        """The values of a repeated field that holds integers, each in a field of its own or all in one."""
        values: list[int] = []
        for value in self._fields.get(number, []):
            values += [value] if isinstance(value, int) else _packed(value, self._budget)
        return values


def _as_view(value: Any) -> memoryview:
    if not isinstance(value, memoryview):
        raise ValueError("the file is damaged")
    return value


def _fields(data: memoryview, budget: list[int]) -> Iterator[Field]:
    """Number and value of each field of a message."""
    position = 0
    while position < len(data):
        budget[0] -= 1
        if budget[0] < 0:
            raise ValueError(f"it has more than {MAX_FIELDS:,} fields")
        tag, position = _varint(data, position, 5)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _varint(data, position, 10)
            yield number, value
            continue
        if wire == _BYTES:
            length, position = _varint(data, position, 5)
        elif wire in (_EIGHT, _FOUR):
            length = 8 if wire == _EIGHT else 4
        else:
            raise ValueError("the file is damaged, or not ONNX")
        if number == 0 or length > len(data) - position:
            raise ValueError("the file is damaged, or not ONNX")
        yield number, data[position : position + length]
        position += length


def _varint(data: memoryview, position: int, longest: int) -> tuple[int, int]:
    """An integer of variable length, and the position after it."""
    value = 0
    for i, byte in enumerate(data[position : position + longest]):
        value |= (byte & 127) << 7 * i
        if byte < 128:
            return value, position + i + 1
    raise ValueError("the file is damaged, or not ONNX")


def _packed(data: memoryview, budget: list[int]) -> list[int]:
    values: list[int] = []
    position = 0
    budget[0] -= len(data)
    if budget[0] < 0:
        raise ValueError(f"it has more than {MAX_FIELDS:,} fields")
    while position < len(data):
        value, position = _varint(data, position, 10)
        values.append(value)
    return values


# The messages of ONNX, whose fields have these numbers in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.


def _checked_model(model: Message) -> dict[str, Any]:
    """Check a ModelProto, and return the metadata of the network."""
    graphs = list(model.messages(7))
    if len(graphs) != 1:
        raise ValueError("the file is damaged, or not ONNX")
    if model.has(20, 25):  # training_info, functions
        raise ValueError("it defines functions of its own")
    _check_graph(graphs[0])
    return _facts(model.messages(14))


def _facts(properties: Iterable[Message]) -> dict[str, Any]:
    texts = [value for one in properties if one.texts(1)[-1:] == ["vmm"] for value in one.texts(2)]
    text = texts[-1] if texts else "{}"
    if len(text) > MAX_FACTS:
        raise ValueError(f"its metadata has more than {MAX_FACTS:,} characters")
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        raise ValueError("its metadata is damaged")
    return facts


def _check_graph(graph: Message) -> None:
    """Check a GraphProto: its operators, the kernels of convolutions, and where its weights are stored."""
    if graph.has(15):
        raise ValueError("it has sparse tensors")
    sides: dict[str, int] = {}
    for tensor in graph.messages(5):
        _check_tensor(tensor)
        sides.update(dict.fromkeys(tensor.texts(8), max(tensor.integers(1)[2:], default=1)))
    nodes = list(graph.messages(1))
    if not 0 < len(nodes) <= MAX_NODES:
        raise ValueError(f"it has {len(nodes)} nodes, and not 1 to {MAX_NODES:,}")
    for node in nodes:
        _check_node(node)
    for node in nodes:
        inputs, (operator,) = node.texts(1), node.texts(4)
        if operator in CONVERSIONS and inputs and inputs[0] in sides:
            sides.update(dict.fromkeys(node.texts(2), sides[inputs[0]]))
        elif operator in ("Conv", "ConvTranspose"):
            _check_weights(operator, inputs, sides)


def _check_weights(operator: str, inputs: list[str], sides: dict[str, int]) -> None:
    """Check that the weights of a convolution are stored in the file, with a kernel that is not too large."""
    if len(inputs) < 2 or inputs[1] not in sides:
        raise ValueError(f"the weights of an operator {operator} are not stored in it")
    if sides[inputs[1]] > MAX_SIDE:
        raise ValueError(f"the kernel of an operator {operator} has more than {MAX_SIDE} samples on a side")


def _check_node(node: Message) -> None:
    """Check a NodeProto."""
    domains, operators = node.texts(7), node.texts(4)
    if len(operators) != 1:
        raise ValueError("the file is damaged")
    if any(domain not in ("", "ai.onnx") for domain in domains):
        raise ValueError(f"it uses an operator of {domains[-1][:40]!r}, which is not a part of ONNX")
    if operators[0] not in OPERATORS:
        raise ValueError(f"it uses the operator {operators[0][:40]!r}, which no network of vmm needs")
    for attribute in node.messages(5):
        if attribute.has(6, 11, 15, 21, 22, 23):  # graphs, types, references to functions, and sparse tensors
            raise ValueError(f"an operator {operators[0]} contains a graph")
        for tensor in (*attribute.messages(5), *attribute.messages(10)):
            _check_tensor(tensor)
        sides = attribute.integers(8) if "kernel_shape" in attribute.texts(1) else []
        if operators[0] in WINDOWS and max(sides, default=1) > MAX_SIDE:
            raise ValueError(f"the kernel of an operator {operators[0]} has more than {MAX_SIDE} samples on a side")


def _check_tensor(tensor: Message) -> None:
    """Check a TensorProto, whose values must be stored in the same file."""
    if tensor.has(13) or any(tensor.integers(14)):
        raise ValueError("its weights are stored in another file")
