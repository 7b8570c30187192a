"""Trials with damaged and hostile files of networks, of their published weights, and of results."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import vmm
from vmm.data import synthetic
from vmm.learned.network import PARTS
from vmm.learned.weights import FOLDER

from ._verdicts import Finished, Trial

Change = Callable[[onnx.ModelProto], None]
"""A change of a graph, in place."""

PART_FILES = tuple(f"net.{part}.onnx" for part in PARTS)
"""Names of the files of a network."""


def trial(rng: np.random.Generator, folder: Path) -> Trial:
    """A damaged or crafted file, and the call or command that reads it."""
    makers = (_network, _network, _result, _archive, _state_dict)
    return makers[rng.integers(len(makers))](rng, folder)


# Damage that any file may have.


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Bytes with some of them changed, cut out, repeated or replaced."""
    raw = np.frombuffer(data, np.uint8).copy()
    kind, start = rng.integers(7), int(rng.integers(len(raw)))
    if rng.random() < 0.5:
        start = min(start, int(rng.integers(1, 2000)))  # Headers are at the beginning.
    length = int(rng.integers(1, 1 + min(len(raw) - start, 2 ** rng.integers(1, 16))))
    match kind:
        case 0:
            return data[:start]
        case 1:
            raw[start : start + length] = rng.integers(0, 256, length)
        case 2:
            for position in rng.integers(0, len(raw), rng.integers(1, 20)):
                raw[position] ^= 1 << rng.integers(8)
        case 3:
            raw[start : start + length] = rng.choice([0, 255, 127])
        case 4:
            return data[:start] + data[start + length :]
        case 5:
            return data[:start] + data[start : start + length] + data[start:]
        case 6:
            return bytes(rng.integers(0, 256, rng.integers(0, 4000), dtype=np.uint8))
    return raw.tobytes()


# Networks.


def _network(rng: np.random.Generator, folder: Path) -> Trial:
    """A network one file of which is damaged or crafted."""
    name = str(rng.choice(["realtime", "lightweight-light"]))
    files = {part: (FOLDER / f"{name}.{part}.onnx").read_bytes() for part in PARTS}
    part = str(rng.choice(PARTS))
    if rng.random() < 0.5:
        text = f"{part} damaged"
        files[part] = damaged(files[part], rng)
    else:
        text = str(rng.choice(list(CRAFTED)))
        part = "encoder" if text in METADATA else part
        files[part] = crafted(text, files[part])
        text = f"{part} with {text}"
    for each, data in files.items():
        (folder / f"net.{each}.onnx").write_bytes(data)
    method = name.partition("-")[0]
    if rng.random() < 0.25:
        vmm.io.write(folder / "in.mkv", _clip(), 30)
        command = [method, "in.mkv", "out.mkv", "--weights", "net.onnx", "--quiet"]
        return Trial(f"vmm {' '.join(command)} ({name}, {text})", command, _is_black, PART_FILES, ("out.mkv",))
    run = partial(getattr(vmm, method).magnify, _clip(), weights=folder / "net.onnx")
    return Trial(f"vmm.{method}.magnify, {name}, {text}", run, names=(*PART_FILES, "network"))


@cache
def _clip() -> np.ndarray:
    frames = synthetic.render(synthetic.texture((40, 48)), synthetic.sway(3, 30, 3.0, 0.3))
    return np.repeat(frames[..., None], 3, axis=-1)


def _is_black(result: Finished) -> str | None:
    return None if vmm.io.read("out.mkv")[0].max() > 0 else "the video is black"


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
    pairs = zip(names[:-1], names[1:], strict=True)
    joins = [helper.make_node("Concat", [a, a], [b], axis=2) for a, b in pairs]
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
    model.graph.node.extend(helper.make_node("Neg", [a], [b]) for a, b in zip(names, names[1:], strict=False))


def _cycle(model: onnx.ModelProto) -> None:
    model.graph.node[0].input[0] = model.graph.node[-1].output[0]


def _huge_kernel(model: onnx.ModelProto) -> None:
    _before_outputs(
        lambda x, y: [helper.make_node("MaxPool", [x], [y], kernel_shape=[2001, 2001], pads=[1000] * 4)]
    )(model)


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


# Results.


def _result(rng: np.random.Generator, folder: Path) -> Trial:
    """A file of a result, damaged or with another description."""
    path = folder / "result.npz"
    signal = vmm.measure.spectrum(np.sin(np.arange(64.0)), fs=30.0)
    vmm.measure.save(path, signal)
    if rng.random() < 0.5:
        text = "damaged"
        path.write_bytes(damaged(path.read_bytes(), rng))
    else:
        with np.load(path) as archive:
            arrays = dict(archive)
        description = json.loads(str(arrays.pop("about")))
        text = str(rng.choice(list(DESCRIPTIONS)))
        changed = DESCRIPTIONS[text](description, rng)
        about = changed if isinstance(changed, str | bytes | np.ndarray) else json.dumps(changed)
        np.savez(path, about=np.array(about), **arrays)
    return Trial(f"vmm.measure.load, {text}", partial(vmm.measure.load, path), _is_result, ("result.npz",))


def _is_result(result: Any) -> str | None:
    if not isinstance(result, vmm.measure.Spectrum):
        return f"the result is {type(result).__name__}"
    return None if isinstance(result.values, np.ndarray) else "the values are not an array"


def _member(value: Any) -> Callable[[Any, np.random.Generator], Any]:
    """A description with another value of one member."""

    def change(description: Any, rng: np.random.Generator) -> Any:
        arrays = [name for name, member in description["fields"].items() if isinstance(member, dict)]
        description["fields"][str(rng.choice(arrays))] = value
        return description

    return change


DESCRIPTIONS: dict[str, Callable[[Any, np.random.Generator], Any]] = {
    "null": lambda description, rng: "null",
    "text": lambda description, rng: '"x"',
    "number": lambda description, rng: "3",
    "list": lambda description, rng: [description],
    "nothing": lambda description, rng: "",
    "deep": lambda description, rng: '{"list": [' * 30_000,
    "deep and complete": lambda description, rng: '{"list": [' * 900 + "1" + "]}" * 900,
    "a large number": lambda description, rng: '{"list": [' + "9" * 10_000 + "]}",
    "no class": lambda description, rng: {"fields": {}},
    "no members": lambda description, rng: {"kind": "Spectrum"},
    "members as a list": lambda description, rng: {"kind": "Spectrum", "fields": [1]},
    "another class": lambda description, rng: {**description, "kind": "Modes"},
    "a function": lambda description, rng: {**description, "kind": "load"},
    "a class as a list": lambda description, rng: {**description, "kind": ["Spectrum"]},
    "a private class": lambda description, rng: {**description, "kind": "__class__"},
    "one member less": lambda description, rng: {
        **description, "fields": dict(list(description["fields"].items())[1:])
    },
    "one member more": lambda description, rng: {**description, "fields": {**description["fields"], "__x__": 1}},
    "an unknown array": _member({"array": "nothing"}),
    "an array as a number": _member(3.0),
    "an array as text": _member("abc"),
    "an array as null": _member(None),
    "an array as a list": _member({"list": [1, 2]}),
    "a name that is a list": _member({"array": [1]}),
    "a list that is a number": _member({"list": 3}),
    "numbers as the description": lambda description, rng: np.arange(3),
    "bytes": lambda description, rng: b"\xff\x00",
}  # fmt: skip
"""Changes of the description of a result."""


# Weights for ``vmm convert``.


def _archive(rng: np.random.Generator, folder: Path) -> Trial:
    """An archive of arrays as published weights."""
    data = _published_archive()
    if rng.random() < 0.5:
        text, data = "damaged", damaged(data, rng)
    else:
        text = str(rng.choice(list(ARCHIVES)))
        data = ARCHIVES[text]()
    (folder / "published.npz").write_bytes(data)
    return _conversion("published.npz", text, rng)


def _conversion(name: str, text: str, rng: np.random.Generator) -> Trial:
    command = ["convert", name, "out.onnx", "--as", str(rng.choice(["realtime", "lightweight", "magnet", "flowmag"]))]
    outputs = tuple(f"out.{part}.onnx" for part in PARTS)
    return Trial(f"vmm {' '.join(command)} ({text})", command, lambda finished: None, (name,), outputs)


@cache
def _published_archive() -> bytes:
    """Some of the weights of a network, which no form of a network accepts."""
    rng, file = np.random.default_rng(0), io.BytesIO()
    arrays = {f"encoder.conv{i}.weight": rng.normal(size=(8, 3, 3, 3)).astype(np.float32) for i in range(6)}
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _zip(entries: dict[str, bytes], claimed: int | None = None, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive, whose directory claims another size of the first entry."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    data = file.getvalue()
    if claimed is None:
        return data
    size = len(next(iter(entries.values()))).to_bytes(4, "little")
    position = data.rindex(b"PK\x01\x02") + 24
    assert data[position : position + 4] == size
    return data[:position] + claimed.to_bytes(4, "little") + data[position + 4 :]


def _npy(shape: Any, descr: Any = "<f4", body: bytes = b"\0" * 48) -> bytes:
    """An array in the format of NumPy, whose header may state anything."""
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "an empty archive": lambda: _zip({}),
    "text": lambda: _zip({"x.npy": b"abc"}),
    "a claimed size": lambda: _zip({"x.npy": _npy((12,))}, 2**31),
    "a smaller claimed size": lambda: _zip({"x.npy": _npy((12,))}, 20),
    "a huge shape": lambda: _zip({"x.npy": _npy((10**9, 10**9))}),
    "a negative shape": lambda: _zip({"x.npy": _npy((-12,))}),
    "a shape of text": lambda: _zip({"x.npy": _npy("abc")}),
    "a shape of numbers that are not whole": lambda: _zip({"x.npy": _npy((1.5,))}),
    "objects": lambda: _zip({"x.npy": _npy((6,), "|O")}),
    "an unknown type": lambda: _zip({"x.npy": _npy((12,), "<q9")}),
    "a type of no size": lambda: _zip({"x.npy": _npy((0, 2**62), "<f4", b"")}),
    "texts": lambda: _zip({"x.npy": _npy((3,), "<U4")}),
    "complex numbers": lambda: _zip({"x.npy": _npy((6,), "<c8")}),
    "NaN": lambda: _zip({"x.npy": _npy((12,), "<f4", b"\xff" * 48)}),
    "deep": lambda: _zip({"x.npy": b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"(" * 9000}),
    "a bomb of another compression": lambda: _zip({"x.npy": b"\0" * 10**6}, method=zipfile.ZIP_LZMA),
    "a path": lambda: _zip({"../x.npy": _npy((12,))}),
    "no arrays": lambda: _zip({"readme.txt": b"weights"}),
    "two entries of a name": lambda: _zip({"x.npy": _npy((12,)), "x": _npy((12,))}),
}
"""Archives of arrays that are not weights."""


def _state_dict(rng: np.random.Generator, folder: Path) -> Trial:
    """A file of PyTorch as published weights."""
    torch = _torch()
    if torch is None:
        return _archive(rng, folder)
    text = str(rng.choice(["damaged", *STATES]))
    value = STATES[text](torch) if text in STATES else {"encoder.weight": torch.zeros(8, 3, 3, 3)}
    file = io.BytesIO()
    if isinstance(value, bytes):
        file.write(value)
    else:
        torch.save(value, file, _use_new_zipfile_serialization=bool(rng.random() < 0.7))
    data = damaged(file.getvalue(), rng) if text == "damaged" else file.getvalue()
    name = f"published.{rng.choice(['pth', 'pt', 'tar'])}"
    (folder / name).write_bytes(data)
    return _conversion(name, text, rng)


@cache
def _torch() -> Any:
    try:
        import torch
    except ImportError:
        return None
    return torch


class Planted:
    """An object that would write a file if it were unpickled."""

    def __reduce__(self) -> Any:
        return open, ("planted", "w")


STATES: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda torch: b"",
    "text": lambda torch: b"abc",
    "an empty state": lambda torch: {},
    "whole keys": lambda torch: {1: torch.zeros(3)},
    "a list": lambda torch: [torch.zeros(3)],
    "a tensor": lambda torch: torch.zeros(3),
    "a number": lambda torch: 3,
    "texts": lambda torch: {"a": "b"},
    "none": lambda torch: {"a": None},
    "a nested state": lambda torch: {"state_dict": {"a": {"b": torch.zeros(3)}}},
    "a state of text": lambda torch: {"state_dict": "abc"},
    "numbers": lambda torch: {"a": 3, "b": 2.5},
    "a large number": lambda torch: {"a": 10**400},
    "complex numbers": lambda torch: {"a": torch.zeros(3, dtype=torch.complex64)},
    "sparse weights": lambda torch: {"a": torch.zeros(3, 3).to_sparse()},
    "NaN": lambda torch: {"a": torch.full((3,), float("nan"))},
    "repeated values": lambda torch: {"a": torch.zeros(1).expand(10**5, 10**5)},
    "meta weights": lambda torch: {"a": torch.zeros(10**6, 10**6, device="meta")},
    "another network": lambda torch: {"encoder.weight": torch.zeros(8, 3, 3, 3)},
    "code": lambda torch: {"a": Planted()},
}
"""Contents of PyTorch files that are not weights."""
