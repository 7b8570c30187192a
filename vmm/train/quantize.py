"""Quantization: a network whose decoder computes in 8-bit integers; the other parts, which need precision, do not."""

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

from vmm.io.drafts import draft
from vmm.learned.network import Network, files
from vmm.learned.session import runtime
from vmm.train.pairs import Scenes, pairs
from vmm.train.textures import texture_bank

FIRST, LAST = 4, 6
"""Numbers of convolutions at the input and output of the decoder that stay in single precision.

Rounding in these layers has the largest effect on the output; each further one reduces the gain in speed."""

_CALIBRATION_PAIRS = 24  # Pairs from which the ranges of the activations are measured; more take longer.


def quantize(path: str | Path, out: str | Path, *, seed: int = 0) -> list[Path]:
    """Write a copy of a network in which the inner convolutions of the decoder compute in 8-bit integers [1]_.

    Weights have one scale per channel. Activations are quantized to 256 levels; their range is the 99.99th percentile
    of the values for synthetic pairs. For the installed real-time network, a frame takes 1.5 times less time, and the
    structural similarity decreases by up to 0.011, which is why no quantized network is installed. Processors with VNNI
    instructions compute the sums exactly; on older ones the sums can overflow.

    Parameters
    ----------
    path
        ``PATH.onnx`` of the network, as ``export`` writes it.
    out
        ``PATH.onnx`` of the quantized network.
    seed
        Seed of the synthetic pairs.

    Returns
    -------
    list of Path
        Paths of the three files: encoder, manipulator and decoder.

    References
    ----------
    .. [1] Jacob et al.: Quantization and training of neural networks for efficient integer-arithmetic-only inference.
       CVPR 2018.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from vmm.train.export import export
    >>> from vmm.train.networks import RealTime
    >>> from vmm.train.quantize import quantize
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = export(RealTime(4, 8), folder / "net.onnx", "realtime")
    >>> [path.name for path in quantize(folder / "net.onnx", folder / "small.onnx")]
    ['small.encoder.onnx', 'small.manipulator.onnx', 'small.decoder.onnx']
    """
    runtime()  # Its import switches off the telemetry, before another module of the package is imported.
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    sources, targets = files(Path(path)), files(Path(out))
    with tempfile.TemporaryDirectory() as folder, _quietly():
        single, quantized = Path(folder) / "single.onnx", Path(folder) / "quantized.onnx"
        model = onnx.load(str(sources["decoder"]))
        _widen(model)
        onnx.save(model, str(single))
        convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
        quantize_static(
            str(single),
            str(quantized),
            _CalibrationData(_decoder_inputs(Network(Path(path)), seed)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=convolutions[:FIRST] + convolutions[-LAST:],
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": 99.99},
        )
        for part, file in sources.items():
            with draft(targets[part], overwrite=True) as temporary:
                shutil.copyfile(quantized if part == "decoder" else file, temporary)
    return list(targets.values())


def _widen(model: onnx.ModelProto) -> None:
    """Store weights in single precision instead of half precision with a cast."""
    halves = {tensor.name: tensor for tensor in model.graph.initializer}
    casts = [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in halves]
    for node in casts:
        tensor = halves[node.input[0]]
        values = numpy_helper.to_array(tensor).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, node.output[0]))
        model.graph.node.remove(node)


def _decoder_inputs(net: Network, seed: int) -> Iterator[dict[str, np.ndarray]]:
    """Inputs of the decoder for synthetic pairs."""
    n = _CALIBRATION_PAIRS
    batch = next(pairs(texture_bank(n, n, seed=seed), n, Scenes(), seed=seed))
    for i in range(n):
        a, b = (frames[i : i + 1].numpy().astype(np.float32) / 127.5 - 1 for frames in (batch.a, batch.b))
        texture, *shapes = net.encode(a, b) if net.pair else net.encode(b)
        before = shapes[0] if net.pair else net.encode(a)[1]
        yield {"texture": texture, "shape": net.manipulate(before, shapes[-1], float(batch.factor[i]))}


class _CalibrationData:
    """Calibration inputs with the interface that ONNX Runtime requires."""

    def __init__(self, inputs: Iterator[dict[str, Any]]) -> None:
        self._inputs = inputs

    def get_next(self) -> dict[str, Any] | None:
        return next(self._inputs, None)


@contextmanager
def _quietly() -> Iterator[None]:
    """Suppress log messages and printed output of ONNX Runtime."""
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
