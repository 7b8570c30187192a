"""Networks written as ONNX graphs: encoder, manipulator and decoder apart."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from vmm.learned.network import files

AGREEMENT = 1e-5
"""How far the two runtimes may differ, relative to the largest value."""

IDENTITY = ((0.0, 0.0), (1.0, 1.0))

_NAMES = {
    "encoder": (("frames",), ("texture", "shape")),
    "pair encoder": (("a", "b"), ("texture", "shape_a", "shape_b")),
    "manipulator": (("shape_a", "shape_b", "factor"), ("shape",)),
    "decoder": (("texture", "shape"), ("frames",)),
}


class _Part(nn.Module):
    """One part of a network as a module."""

    def __init__(self, net: Any, verb: str) -> None:
        super().__init__()
        self.net, self.verb = net, verb

    def forward(self, *inputs: Tensor) -> Any:
        return getattr(self.net, self.verb)(*inputs)


def export(
    net: Any,
    path: str | Path,
    kind: str,
    *,
    margin: int = 0,
    calibration: Sequence[tuple[float, float]] = IDENTITY,
    half: bool = True,
) -> list[Path]:
    """Write a network, and check that onnxruntime makes of it what PyTorch does.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``.
    path
        ``PATH.onnx``: ``PATH.encoder.onnx``, ``PATH.manipulator.onnx`` and ``PATH.decoder.onnx`` are written.
    kind
        "magnet", "lightweight", "realtime" or "flowmag".
    margin
        Pixels by which frames are continued by reflection, so that zeros put beside them inside do not show.
    calibration
        Pairs of a total factor wanted and that which the network must be given for it; between them it is linear.
    half
        Whether weights are kept in 16 bits. Everything is computed in 32.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        Where the two runtimes differ by more than 1e-5; nothing is written then.
    """
    net = copy.deepcopy(net).to("cpu", memory_format=torch.contiguous_format).eval()
    if half:
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.copy_(parameter.half().float())
    first = "pair encoder" if net.pair else "encoder"
    a, b = torch.rand(2, 1, 3, 64, 96) * 2 - 1
    with torch.no_grad():
        encoded = net.encode(a, b) if net.pair else net.encode(b)
        before = encoded[1] if net.pair else net.encode(a)[1]
        factor = torch.full((1, 1, *encoded[-1].shape[-2:]), 5.0)
        shape = net.manipulate(before, encoded[-1], factor)
    inputs = {first: (a, b) if net.pair else (b,), "manipulator": (before, encoded[-1], factor)}
    inputs["decoder"] = (encoded[0], shape)
    facts = {
        "kind": kind,
        "pair": net.pair,
        "step": a.shape[-1] // shape.shape[-1],
        "multiple": max(net.multiple, a.shape[-1] // shape.shape[-1], a.shape[-1] // encoded[0].shape[-1]),
        "margin": margin,
        "calibration": [list(map(float, row)) for row in calibration],
    }
    verbs = {first: "encode", "manipulator": "manipulate", "decoder": "decode"}
    models = {part: _graph(_Part(net, verbs[part]), part, given, facts, half) for part, given in inputs.items()}
    written = []
    for part, file in files(Path(path)).items():
        model = models[first if part == "encoder" else part]
        draft = file.with_name(file.name + ".part")
        draft.write_bytes(model)
        draft.replace(file)
        written.append(file)
    return written


def _graph(part: nn.Module, name: str, inputs: tuple[Tensor, ...], facts: dict[str, Any], half: bool) -> bytes:
    """One part as an ONNX model, checked."""
    names, outputs = _NAMES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exported = torch.onnx.export(
            part,
            inputs,
            input_names=list(names),
            output_names=list(outputs),
            dynamic_shapes=(tuple({2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC} for _ in inputs),),
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
    model = exported.model_proto
    if half:
        _halve(model)
    model.metadata_props.clear()
    helper.set_model_props(model, {"vmm": json.dumps(facts)})
    for node in model.graph.node:  # where it came from on this machine is nobody's concern
        del node.metadata_props[:]
        node.doc_string = ""
    data = model.SerializeToString()
    _agree(part, data, names, inputs)
    return data


def _halve(model: onnx.ModelProto) -> None:
    """Keep large weights in 16 bits; they are made 32 bits wide when the graph is opened."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 64:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _agree(part: nn.Module, data: bytes, names: Sequence[str], inputs: tuple[Tensor, ...]) -> None:
    """Raise where onnxruntime makes something else of it than PyTorch, here or on frames of another size."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    smaller = tuple(x[..., : x.shape[-2] // 2, : x.shape[-1] // 2].contiguous() for x in inputs)
    for given in (inputs, smaller):
        with torch.no_grad():
            wanted = part(*given)
        wanted = [wanted] if isinstance(wanted, Tensor) else list(wanted)
        made = session.run(None, {name: x.numpy() for name, x in zip(names, given, strict=True)})
        for w, m in zip(wanted, made, strict=True):
            error = float(np.abs(w.numpy() - m).max() / max(1.0, float(w.abs().max())))
            if not error <= AGREEMENT:
                raise ValueError(f"onnxruntime differs from PyTorch by {error:.2g}, more than {AGREEMENT:g}")
