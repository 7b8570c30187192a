"""Graphs run by onnxruntime; nothing else knows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.device import borrow, lend, wait
from vmm.backend.threads import cores


class Graph:
    """One ONNX file, opened when it is first run.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ValueError
        Where it is no graph that can be run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sessions: dict[int, Any] = {}

    @property
    def facts(self) -> dict[str, Any]:
        """What was written into the file about the network."""
        return json.loads(self._session().get_modelmeta().custom_metadata_map.get("vmm", "{}"))

    def __call__(self, *arrays: Array) -> list[Array]:
        """Outputs of the graph, on the device of the inputs."""
        session = self._session()
        names = [value.name for value in session.get_inputs()]
        if namespace(arrays[0]) is not np:
            return _on_device(session, dict(zip(names, arrays, strict=True)))
        inputs = {name: np.ascontiguousarray(x, np.float32) for name, x in zip(names, arrays, strict=True)}
        return session.run(None, inputs)

    def _session(self) -> Any:
        """The session; another where the number of cores to be used has changed."""
        threads = cores()
        if threads not in self._sessions:
            self._sessions = {threads: _opened(self.path, threads)}
        return self._sessions[threads]


def _opened(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it slows what else runs
    options.log_severity_level = 3
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime has a class for every kind of failure, all of them plain exceptions
        raise ValueError(f"{path} is no network that onnxruntime can run: {error}") from error


def _on_device(session: Any, inputs: dict[str, Array]) -> list[Array]:
    """The same for arrays on a GPU, which stay where they are."""
    if "CUDAExecutionProvider" not in session.get_providers():
        raise ImportError(
            f"networks on CuPy arrays need onnxruntime with CUDA, but it has {', '.join(session.get_providers())}: "
            "pip install onnxruntime-gpu in place of onnxruntime, or give NumPy arrays"
        )
    binding = session.io_binding()
    lent = [lend(x) for x in inputs.values()]
    for name, x in zip(inputs, lent, strict=True):
        binding.bind_input(name, "cuda", x.device, np.float32, x.shape, x.pointer)
    for value in session.get_outputs():
        binding.bind_output(value.name, "cuda", lent[0].device)
    wait()  # onnxruntime works on a stream of its own
    session.run_with_iobinding(binding)
    binding.synchronize_outputs()
    return [borrow(value.data_ptr(), tuple(value.shape()), value) for value in binding.get_outputs()]
