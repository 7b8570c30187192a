"""ONNX graphs run with ONNX Runtime; no other module of ``vmm.learned`` imports onnxruntime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.device import borrow, lend, wait
from vmm.backend.threads import cores


class Graph:
    """An ONNX graph, which is loaded when it is first run.

    Parameters
    ----------
    path
        Path of the ``.onnx`` file.

    Raises
    ------
    ValueError
        If the file is not a graph that ONNX Runtime can run. The error is raised at the first run.

    Examples
    --------
    >>> from vmm.learned.session import Graph
    >>> from vmm.learned.weights import FOLDER
    >>> Graph(FOLDER / "realtime.encoder.onnx").facts["kind"]
    'realtime'
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sessions: dict[int, Any] = {}

    @property
    def facts(self) -> dict[str, Any]:
        """Metadata of the network, as ``vmm.train.export`` wrote it into the file; empty for a foreign file."""
        return json.loads(self._session().get_modelmeta().custom_metadata_map.get("vmm", "{}"))

    def __call__(self, *arrays: Array) -> list[Array]:
        """Run the graph; the outputs are on the device of the inputs."""
        session = self._session()
        names = [value.name for value in session.get_inputs()]
        if namespace(arrays[0]) is not np:
            return _run_on_device(session, dict(zip(names, arrays, strict=True)))
        inputs = {name: np.ascontiguousarray(x, np.float32) for name, x in zip(names, arrays, strict=True)}
        return session.run(None, inputs)

    def _session(self) -> Any:
        """The session; a new one is created when the number of cores in use has changed."""
        threads = cores()
        if threads not in self._sessions:
            self._sessions = {threads: _new_session(self.path, threads)}
        return self._sessions[threads]


def _new_session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # Idle threads that spin would slow the rest of the process down.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    preferred = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in preferred if name in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime raises a class of its own for every kind of failure
        raise ValueError(f"{path} is not a network that ONNX Runtime can run: {error}") from error


def _run_on_device(session: Any, inputs: dict[str, Array]) -> list[Array]:
    """Run a session on arrays of a GPU without copying them to the host."""
    if "CUDAExecutionProvider" not in session.get_providers():
        raise ImportError(
            f"networks on CuPy arrays need onnxruntime with CUDA, but it has {', '.join(session.get_providers())}: "
            "pip install onnxruntime-gpu in place of onnxruntime, or pass NumPy arrays"
        )
    binding = session.io_binding()
    lent = [lend(x) for x in inputs.values()]
    for name, x in zip(inputs, lent, strict=True):
        binding.bind_input(name, "cuda", x.device, np.float32, x.shape, x.pointer)
    for value in session.get_outputs():
        binding.bind_output(value.name, "cuda", lent[0].device)
    wait()  # onnxruntime uses its own CUDA stream, so the inputs must be complete before it starts
    session.run_with_iobinding(binding)
    binding.synchronize_outputs()
    return [borrow(value.data_ptr(), tuple(value.shape()), value) for value in binding.get_outputs()]
