"""Export of networks as ONNX graphs: one each for the encoder, the manipulator and the decoder."""

from __future__ import annotations

import copy
import importlib.util
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from vmm.io.drafts import draft
from vmm.learned.network import files
from vmm.learned.session import runtime

TOLERANCE = 1e-5
"""Tolerated difference between PyTorch and ONNX Runtime, relative to the largest value; both round to 6e-8."""

IDENTITY = ((0.0, 0.0), (1.0, 1.0))

_NAMES = {
    "encoder": (("frames",), ("texture", "shape")),
    "pair encoder": (("a", "b"), ("texture", "shape_a", "shape_b")),
    "manipulator": (("shape_a", "shape_b", "factor"), ("shape",)),
    "decoder": (("texture", "shape"), ("frames",)),
    "refiner": (("planes",), ("displacement",)),
}


class _Part(nn.Module):
    """One part of a network, wrapped as a module."""

    def __init__(self, net: Any, verb: str) -> None:
        super().__init__()
        self.net, self.verb = net, verb
        self.train(net.training)

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
    overwrite: bool = True,
) -> list[Path]:
    """Export a network, and verify that ONNX Runtime gives the same results as PyTorch.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``.
    path
        ``PATH.onnx``: the files ``PATH.encoder.onnx``, ``PATH.manipulator.onnx`` and ``PATH.decoder.onnx`` are written.
    kind
        "magnet", "lightweight", "realtime" or "flowmag".
    margin
        Padding of the frames by reflection on every side, in pixels (default 0). It hides the effect of zero padding
        inside the network.
    calibration
        Pairs of a total factor and the input factor of the network for it, as ``vmm.train.calibrate.calibration``
        returns them; the table is interpolated linearly. By default both are equal.
    half
        If True (default), weights are stored in half precision. All computations are in single precision.
    overwrite
        Whether to replace existing files. The default is True.

    Returns
    -------
    list of Path
        Paths of the three files: encoder, manipulator and decoder.

    Raises
    ------
    ValueError
        If the two runtimes differ by more than 1e-5. No file is written in this case.

    Examples
    --------
    >>> import tempfile
    >>> from vmm.learned import load
    >>> from vmm.train.export import export
    >>> from vmm.train.networks import RealTime
    >>> path = tempfile.mkdtemp() + "/net.onnx"
    >>> [file.name for file in export(RealTime(4, 1), path, "realtime")]
    ['net.encoder.onnx', 'net.manipulator.onnx', 'net.decoder.onnx']
    >>> load(path).step
    4
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
    models = {part: _graph(_Part(net, verbs[part]), part, arrays, facts, half) for part, arrays in inputs.items()}
    targets = files(Path(path))
    with ExitStack() as stack:  # The files get their names at its end, when all are complete.
        for part, file in targets.items():
            temporary = stack.enter_context(draft(file, overwrite=overwrite))
            temporary.write_bytes(models[first if part == "encoder" else part])
    return list(targets.values())


def check_exporter() -> None:
    """Raise an error before a training whose result could not be exported at its end.

    Raises
    ------
    ImportError
        If the package onnxscript, which PyTorch needs for the export, is not installed.

    Examples
    --------
    >>> from vmm.train.export import check_exporter
    >>> check_exporter()  # doctest: +SKIP
    """
    if importlib.util.find_spec("onnxscript") is None:
        raise ImportError("the export of networks needs the package onnxscript: pip install onnxscript")


def export_part(net: nn.Module, path: Path, name: str, inputs: tuple[Tensor, ...]) -> Path:
    """Export a network of one part, with its weights in half precision.

    Parameters
    ----------
    net
        The network.
    path
        Path of the ONNX file.
    name
        Name of the part, which determines the names of the inputs and outputs: "refiner".
    inputs
        Inputs (B, C, H, W) with which ONNX Runtime and PyTorch are compared.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    ValueError
        If the two runtimes differ by more than 1e-5. No file is written in this case.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from vmm.train.export import export_part
    >>> from vmm.train.networks.refiner import Refiner
    >>> path = Path(tempfile.mkdtemp()) / "refiner.onnx"
    >>> export_part(Refiner(), path, "refiner", (torch.rand(1, 26, 32, 48),)).name
    'refiner.onnx'
    """
    model = _graph(_Part(_halved(net), "forward"), name, inputs, {"kind": name}, True)
    with draft(path, overwrite=True) as temporary:
        temporary.write_bytes(model)
    return path


def _halved(net: Any) -> Any:
    """A copy of a network on the host, with its weights rounded to half precision."""
    net = copy.deepcopy(net).to("cpu", memory_format=torch.contiguous_format).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(parameter.half().float())
    return net


def _graph(part: nn.Module, name: str, inputs: tuple[Tensor, ...], facts: dict[str, Any], half: bool) -> bytes:
    """One part as a serialized and verified ONNX model."""
    names, outputs = _NAMES[name]
    with _quiet():
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
    for node in model.graph.node:  # remove source paths of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    data = model.SerializeToString()
    _verify(part, data, names, inputs)
    return data


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress two messages of the exporter of PyTorch that say nothing about the network.

    It reports for each operator of torchvision that the package is not installed, although the networks contain none of
    them, and it uses a class of PyTorch itself that is deprecated.
    """
    registry = logging.getLogger("torch.onnx._internal.exporter._registration")
    registry.addFilter(_is_not_about_torchvision)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r".*LeafSpec.* is deprecated", FutureWarning)
            yield
    finally:
        registry.removeFilter(_is_not_about_torchvision)


def _is_not_about_torchvision(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("torchvision is not installed")


def _halve(model: onnx.ModelProto) -> None:
    """Store large weights in half precision; a cast node converts them to single precision when the graph is loaded."""
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


def _verify(part: nn.Module, data: bytes, names: Sequence[str], inputs: tuple[Tensor, ...]) -> None:
    """Raise a ValueError if ONNX Runtime and PyTorch differ, for the given inputs or for smaller ones."""
    session = runtime().InferenceSession(data, providers=["CPUExecutionProvider"])
    smaller = tuple(x[..., : x.shape[-2] // 2, : x.shape[-1] // 2].contiguous() for x in inputs)
    for tensors in (inputs, smaller):
        with torch.no_grad():
            expected = part(*tensors)
        expected = [expected] if isinstance(expected, Tensor) else list(expected)
        results = session.run(None, {name: x.numpy() for name, x in zip(names, tensors, strict=True)})
        for x, y in zip(expected, results, strict=True):
            error = float(np.abs(x.numpy() - y).max() / max(1.0, float(x.abs().max())))
            if not error <= TOLERANCE:
                raise ValueError(f"ONNX Runtime differs from PyTorch by {error:.2g}, more than {TOLERANCE:g}")
