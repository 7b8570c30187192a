"""ONNX graphs run with ONNX Runtime; other modules import ONNX Runtime with the function of this one."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.device import borrow, lend, wait
from vmm.backend.threads import cores
from vmm.learned.graph_file import read_graph

_MEMORY = re.compile("bad_alloc|bad allocation|allocate|Available memory")
"""Words of ONNX Runtime for a lack of memory."""


def runtime() -> Any:
    """Import ONNX Runtime with its telemetry switched off.

    ONNX Runtime writes an identifier of the machine into the home folder and contacts a server of its vendor when it is
    imported, unless the variable ``ORT_DISABLE_TELEMETRY`` is set before. A value that the user has set is not changed.

    Returns
    -------
    module
        The module ``onnxruntime``.

    Examples
    --------
    >>> from vmm.learned.session import runtime
    >>> "CPUExecutionProvider" in runtime().get_available_providers()
    True
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


class Graph:
    """An ONNX graph, which is checked at once, and loaded into ONNX Runtime when it is first run.

    Parameters
    ----------
    path
        Path of the ``.onnx`` file. It is read once.

    Attributes
    ----------
    path
        Path of the file.
    data
        The whole file.
    facts
        Metadata of the network, as ``vmm.train.export`` wrote it into the file; empty for a foreign file.

    Raises
    ------
    ValueError
        If the file is not a graph that ONNX Runtime can run.

    Examples
    --------
    >>> from vmm.learned.session import Graph
    >>> from vmm.learned.weights import FOLDER
    >>> Graph(FOLDER / "realtime.encoder.onnx").facts["kind"]
    'realtime'
    """

    def __init__(self, path: Path) -> None:
        file = read_graph(path)
        self.path: Path = path
        self.data: bytes = file.data
        self.facts: dict[str, Any] = file.facts
        self._sessions: dict[int, Any] = {}

    def __call__(self, *arrays: Array) -> list[Array]:
        """Run the graph; the outputs are on the device of the inputs."""
        session = self._session()
        inputs = named_inputs(self, session, arrays)
        try:
            if namespace(arrays[0]) is not np:
                return _run_on_device(session, inputs)
            return session.run(None, {name: np.ascontiguousarray(x, np.float32) for name, x in inputs.items()})
        except ImportError:
            raise
        except Exception as error:  # ONNX Runtime raises a class of its own for every kind of failure.
            raise _failure(self.path, error) from None

    def _session(self) -> Any:
        """The session; a new one is created when the number of cores in use has changed."""
        threads = cores()
        if threads not in self._sessions:
            preferred = ("CUDAExecutionProvider", "CPUExecutionProvider")
            providers = [name for name in preferred if name in runtime().get_available_providers()]
            self._sessions = {threads: new_session(self, session_options(threads), providers)}
        return self._sessions[threads]


def session_options(threads: int) -> Any:
    """Options of a session that runs on `threads` cores."""
    options = runtime().SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # Idle threads that spin would slow the rest of the process down.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The file was checked as ONNX, so it must not be taken for a file of another format.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.log_severity_level = 4
    return options


def new_session(graph: Graph, options: Any, providers: list[str]) -> Any:
    """A session of ONNX Runtime. Graphs are loaded from memory, so that they cannot refer to other files."""
    try:
        return runtime().InferenceSession(graph.data, options, providers=providers)
    except Exception as error:  # ONNX Runtime raises a class of its own for every kind of failure.
        raise ValueError(f"{graph.path} is not a network that ONNX Runtime can run: {reason(error)}") from None


def named_inputs(graph: Graph, session: Any, arrays: Sequence[Array]) -> dict[str, Array]:
    """The arrays by the names of the inputs of a graph."""
    names = [value.name for value in session.get_inputs()]
    if len(names) != len(arrays):
        raise ValueError(f"{graph.path} is not a part of this network: it has {len(names)} inputs, not {len(arrays)}")
    return dict(zip(names, arrays, strict=True))


def is_about_memory(error: Exception) -> bool:
    """Whether ONNX Runtime reports a lack of memory."""
    return isinstance(error, MemoryError) or _MEMORY.search(str(error)) is not None


def reason(error: Exception) -> str:
    """The first line of a message of ONNX Runtime, without the code of the error."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line.rpartition(" : ")[2][:200]


def _failure(path: Path, error: Exception) -> Exception:
    """The exception for a run that failed."""
    if is_about_memory(error):
        return MemoryError(f"{path}: the memory does not suffice to run this network; use smaller frames, or a region")
    return ValueError(f"{path}: ONNX Runtime cannot run this network: {reason(error)}")


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
