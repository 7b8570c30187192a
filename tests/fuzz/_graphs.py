"""Hostile graphs of networks: metadata out of range, and graphs that would take any time, memory or file."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Change = Callable[[onnx.ModelProto], None]
"""A change of a graph, in place."""


def crafted(name: str, data: bytes) -> bytes:
    """The bytes of a graph after the change of that name."""
    model = onnx.load_from_string(data)
    CRAFTED[name](model)
    return model.SerializeToString()


def _facts(change: Callable[[dict[str, Any]], Any]) -> Change:
    """A change of the metadata; `change` returns new metadata, or text, or changes them in place."""

    def apply(model: onnx.ModelProto) -> None:
        facts = json.loads(model.metadata_props[0].value)
        changed = change(facts)
        changed = facts if changed is None else changed
        model.metadata_props[0].value = changed if isinstance(changed, str) else json.dumps(changed)

    return apply


def _before_outputs(nodes: Callable[[str, str], list[onnx.NodeProto]], *tensors: TensorProto) -> Change:
    """Insert nodes before the first output; ``nodes(input, output)`` returns them."""

    def apply(model: onnx.ModelProto) -> None:
        name = model.graph.output[0].name
        for node in model.graph.node:
            node.output[:] = ["before" if one == name else one for one in node.output]
            node.input[:] = ["before" if one == name else one for one in node.input]
        model.graph.node.extend(nodes("before", name))
        model.graph.initializer.extend(tensors)

    return apply


def _node(operator: str, *more: str, **attributes: Any) -> Callable[[str, str], list[onnx.NodeProto]]:
    return lambda x, y: [helper.make_node(operator, [x, *more], [y], **attributes)]


def _tensor(name: str, values: Any, kind: Any = np.int64) -> TensorProto:
    tensor: TensorProto = numpy_helper.from_array(np.asarray(values, kind), name)
    return tensor


def _doubled(x: str, y: str) -> list[onnx.NodeProto]:
    """Thirty concatenations of a tensor with itself, and the maximum of the result."""
    names = [x, *(f"double {i}" for i in range(30))]
    joins = [helper.make_node("Concat", [a, a], [b], axis=2) for a, b in pairwise(names)]
    return [*joins, helper.make_node("Slice", [names[-1], "start", "stop"], [y])]


def _values(value: float) -> Change:
    def apply(model: onnx.ModelProto) -> None:
        for tensor in model.graph.initializer:
            if tensor.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16):
                array = numpy_helper.to_array(tensor)
                tensor.CopyFrom(numpy_helper.from_array(np.full_like(array, value), tensor.name))

    return apply


def _external(location: str) -> Change:
    def apply(model: onnx.ModelProto) -> None:
        tensor = max(model.graph.initializer, key=lambda one: len(one.raw_data))
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)

    return apply


def _endless(x: str, y: str) -> list[onnx.NodeProto]:
    """A loop that adds up a tensor without an end."""
    tensor = partial(helper.make_tensor_value_info, elem_type=TensorProto.FLOAT, shape=None)
    scalar = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["d"]), helper.make_node("Add", ["s", "s"], ["t"])],
        "body",
        [scalar("i", TensorProto.INT64, []), scalar("c", TensorProto.BOOL, []), tensor("s")],
        [scalar("d", TensorProto.BOOL, []), tensor("t")],
    )
    return [helper.make_node("Loop", ["", "true", x], [y], body=body)]


def _functions(model: onnx.ModelProto) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    function = helper.make_function("mine", "f", ["x"], ["y"], [node], [helper.make_opsetid("", 18)])
    model.functions.append(function)


def _repeated_node(model: onnx.ModelProto) -> None:
    names = ["zero", *(f"n{i}" for i in range(5000))]
    model.graph.initializer.append(_tensor("zero", [0.0], np.float32))
    model.graph.node.extend(helper.make_node("Neg", [a], [b]) for a, b in pairwise(names))


def _cycle(model: onnx.ModelProto) -> None:
    model.graph.node[0].input[0] = model.graph.node[-1].output[0]


def _huge_kernel(model: onnx.ModelProto) -> None:
    _before_outputs(lambda x, y: [helper.make_node("MaxPool", [x], [y], kernel_shape=[2001, 2001], pads=[1000] * 4)])(
        model
    )


def _without_outputs(model: onnx.ModelProto) -> None:
    del model.graph.output[-1]


def _claimed_size(model: onnx.ModelProto) -> None:
    max(model.graph.initializer, key=lambda one: len(one.raw_data)).dims[0] = 2**60


METADATA: dict[str, Change] = {
    "step 0": _facts(lambda facts: facts.update(step=0)),
    "step 1e9": _facts(lambda facts: facts.update(step=10**9)),
    "step 2": _facts(lambda facts: facts.update(step=1)),
    "step NaN": _facts(lambda facts: facts.update(step=float("nan"))),
    "step text": _facts(lambda facts: facts.update(step="4")),
    "step true": _facts(lambda facts: facts.update(step=True)),
    "multiple 0": _facts(lambda facts: facts.update(multiple=0)),
    "multiple -4": _facts(lambda facts: facts.update(multiple=-4)),
    "multiple 1e9": _facts(lambda facts: facts.update(multiple=2**30)),
    "margin -1": _facts(lambda facts: facts.update(margin=-1)),
    "margin 1e9": _facts(lambda facts: facts.update(margin=10**9)),
    "margin null": _facts(lambda facts: facts.update(margin=None)),
    "no margin": _facts(lambda facts: facts.pop("margin") and None),
    "another kind": _facts(lambda facts: facts.update(kind="flowmag")),
    "kind list": _facts(lambda facts: facts.update(kind=["realtime"])),
    "pair text": _facts(lambda facts: facts.update(pair="no")),
    "the other pair": _facts(lambda facts: facts.update(pair=not facts["pair"])),
    "calibration NaN": _facts(lambda facts: facts.update(calibration=[[0, 0], [float("nan"), 1]])),
    "calibration inf": _facts(lambda facts: facts.update(calibration=[[0, 0], [1, float("inf")]])),
    "calibration empty": _facts(lambda facts: facts.update(calibration=[])),
    "calibration ragged": _facts(lambda facts: facts.update(calibration=[[0], [1, 2]])),
    "calibration falling": _facts(lambda facts: facts.update(calibration=[[2, 1], [1, 2]])),
    "calibration text": _facts(lambda facts: facts.update(calibration="abc")),
    "deep JSON": _facts(lambda facts: "[" * 30_000),
    "long JSON": _facts(lambda facts: '"' + "a" * 10**6 + '"'),
    "a large number": _facts(lambda facts: '{"step": ' + "9" * 10_000 + "}"),
    "no JSON": _facts(lambda facts: "{'kind'"),
    "a list as metadata": _facts(lambda facts: [facts]),
    "no metadata": lambda model: model.metadata_props.pop() and None,
}
"""Changes of the metadata of the encoder."""

_END = {"start": [0, 0, 0, 0], "stop": [1, 1000, 1000, 1000]}

CRAFTED: dict[str, Change] = {
    **METADATA,
    "NaN weights": _values(float("nan")),
    "infinite weights": _values(float("inf")),
    "an absolute path of weights": _external("/etc/passwd"),
    "a path of weights": _external("net.decoder.onnx"),
    "an endless loop": _before_outputs(_endless, _tensor("true", True, bool)),
    "a constant of a huge shape": _before_outputs(
        lambda x, y: [
            helper.make_node("ConstantOfShape", ["new shape"], ["huge"]),
            helper.make_node("ReduceMax", ["huge"], ["most"], keepdims=0),
            helper.make_node("Add", [x, "most"], [y]),
        ],
        _tensor("new shape", [10**6, 10**4]),
    ),
    "concatenations": _before_outputs(_doubled, *(_tensor(name, values) for name, values in _END.items())),
    "a huge expansion": _before_outputs(_node("Expand", "new shape"), _tensor("new shape", [10**5, 1, 1, 1])),
    "a huge padding": _before_outputs(_node("Pad", "pads"), _tensor("pads", [0, 0, 10**5, 10**5, 0, 0, 0, 0])),
    "a huge enlargement": _before_outputs(
        _node("Resize", "", "scales", mode="nearest"), _tensor("scales", [1, 1, 1e4, 1e4], np.float32)
    ),
    "a huge kernel": _huge_kernel,
    "an operator of another domain": _before_outputs(_node("Gelu", domain="com.microsoft")),
    "an unknown operator": _before_outputs(_node("ReadFile")),
    "functions": _functions,
    "too many nodes": _repeated_node,
    "a cycle": _cycle,
    "double precision": _before_outputs(_node("Cast", to=TensorProto.DOUBLE)),
    "integers": _before_outputs(_node("Cast", to=TensorProto.INT64)),
    "a wrong rank": _before_outputs(_node("Unsqueeze", "axes"), _tensor("axes", [0])),
    "a wrong shape": _before_outputs(_node("Transpose", perm=[0, 1, 3, 2])),
    "swapped channels": _before_outputs(_node("Transpose", perm=[1, 0, 2, 3])),
    "nothing but one value": _before_outputs(_node("ReduceMean", keepdims=1)),
    "one output less": _without_outputs,
    "a claimed size": _claimed_size,
    "an unknown input": lambda model: model.graph.input.pop() and None,
    "another input": lambda model: model.graph.input.append(
        helper.make_tensor_value_info("more", TensorProto.FLOAT, [1])
    ),
    "no nodes": lambda model: model.graph.ClearField("node"),
    "a future version": lambda model: setattr(model, "ir_version", 10**6),
    "division by zero": _before_outputs(_node("Div", "zero"), _tensor("zero", 0, np.float32)),
}
"""Changes of graphs by their names; none may lead to a result."""
