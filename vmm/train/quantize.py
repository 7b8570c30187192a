"""A network whose decoder computes in 8 bits; the rest of it, where small motion lives, stays in 32."""

from __future__ import annotations

import io
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from vmm.learned.network import Network, files
from vmm.train.bank import bank
from vmm.train.pairs import Scenes, pairs

FIRST, LAST = 4, 6
"""Convolutions at the decoder's entry and exit that stay in 32 bits: they carry the most of what is seen."""

_PICTURES = 24  # that tell how large what is computed gets


def quantize(path: str | Path, out: str | Path, *, seed: int = 0) -> list[Path]:
    """Write a network again, the inner convolutions of its decoder in 8 bits.

    Weights have a scale for each channel; what they are multiplied with is rounded to 256 levels, over all but the
    largest ten-thousandth of the values that it takes on made pairs. Of the real-time network that ships this makes a
    frame 1.5 times as fast, at a loss of structural similarity of up to 0.011, which is why none ships. Processors with
    instructions for it (VNNI) compute it exactly; on older ones sums may overflow [1]_.

    Parameters
    ----------
    path
        ``PATH.onnx`` of the network, as ``export`` writes it.
    out
        That of the new one.
    seed
        Of the pairs.

    Returns
    -------
    list of Path
        Its files.

    References
    ----------
    .. [1] Jacob et al.: Quantization and training of neural networks for efficient integer-arithmetic-only inference.
       CVPR 2018.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    given, written = files(Path(path)), files(Path(out))
    with tempfile.TemporaryDirectory() as folder, _quietly():
        plain, made = Path(folder) / "plain.onnx", Path(folder) / "made.onnx"
        model = onnx.load(str(given["decoder"]))
        _widen(model)
        onnx.save(model, str(plain))
        convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
        quantize_static(
            str(plain),
            str(made),
            _Seen(_encoded(Network(Path(path)), seed)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=convolutions[:FIRST] + convolutions[-LAST:],
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": 99.99},
        )
        for part, file in given.items():
            draft = written[part].with_name(written[part].name + ".part")
            shutil.copyfile(made if part == "decoder" else file, draft)
            draft.replace(written[part])
    return list(written.values())


def _widen(model: onnx.ModelProto) -> None:
    """Keep weights in 32 bits in place of 16 and a cast."""
    halves = {tensor.name: tensor for tensor in model.graph.initializer}
    casts = [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in halves]
    for node in casts:
        tensor = halves[node.input[0]]
        values = numpy_helper.to_array(tensor).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, node.output[0]))
        model.graph.node.remove(node)


def _encoded(net: Network, seed: int) -> Iterator[dict[str, np.ndarray]]:
    """What the decoder is given for made pairs."""
    batch = next(pairs(bank(_PICTURES, _PICTURES, seed=seed), _PICTURES, Scenes(), seed=seed))
    for i in range(_PICTURES):
        a, b = (frames[i : i + 1].numpy().astype(np.float32) / 127.5 - 1 for frames in (batch.a, batch.b))
        texture, *shapes = net.encode(a, b) if net.pair else net.encode(b)
        before = shapes[0] if net.pair else net.encode(a)[1]
        yield {"texture": texture, "shape": net.manipulate(before, shapes[-1], float(batch.factor[i]))}


class _Seen:
    """Inputs in the form in which onnxruntime asks for them."""

    def __init__(self, inputs: Iterator[dict[str, Any]]) -> None:
        self._inputs = inputs

    def get_next(self) -> dict[str, Any] | None:
        return next(self._inputs, None)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without advice on graphs that have been prepared already, and what is printed on the way."""
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
