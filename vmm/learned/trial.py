"""A trial of a network from a file: one run on a small frame, with limits on memory and time."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from vmm.learned.network import PARTS, Network
from vmm.learned.session import Graph, is_about_memory, named_inputs, new_session, reason, runtime, session_options

MAX_MEMORY = 2**29
"""Memory in bytes that a network may take in a trial, weights included; those of the library take up to a fifth."""

MAX_TIME = 60.0
"""Time in s that a graph may take in a trial; those of the library take less than a second, also on a busy machine."""

SIDES = (64, 128)
"""Rows and columns of the frame of the trial: multiples of every ``multiple`` that a network may state."""

PLANES = 26
"""Planes that a network which refines displacements takes."""


def check(net: Network) -> None:
    """Run a network once on a small frame, and raise if it fails or gives results that are not those of a network.

    Parameters
    ----------
    net
        The network.

    Raises
    ------
    ValueError
        If a graph cannot be run, takes too much memory or time, or gives values that are not finite or tensors of a
        wrong shape. The message names the file.

    Examples
    --------
    >>> from vmm.learned import load
    >>> from vmm.learned.trial import check
    >>> check(load("realtime"))
    """
    encoder, manipulator, decoder = (net.graphs[part] for part in PARTS)
    height, width = SIDES
    samples = height // net.step, width // net.step
    frames = np.random.default_rng(0).uniform(-1, 1, (2, 1, 3, *SIDES)).astype(np.float32)
    texture, *shapes = _run(encoder, *(frames if net.pair else frames[:1]), n_outputs=3 if net.pair else 2)
    for shape in shapes:
        _check_shape(encoder, shape, (1, *shapes[0].shape[1:2], *samples))
    if texture.ndim != 4 or any(side % max(n, 1) for side, n in zip(SIDES, texture.shape[2:], strict=True)):
        raise _wrong_shape(encoder, texture)
    factor = np.full((1, 1, *samples), 5, np.float32)
    (shape,) = _run(manipulator, shapes[0], shapes[-1], factor)
    _check_shape(manipulator, shape, (1, *shape.shape[1:2], *samples))
    (picture,) = _run(decoder, texture, shape)
    _check_shape(decoder, picture, (1, 3, height, width))


def check_refiner(graph: Graph) -> None:
    """Run a network that refines displacements once on small planes, like ``check``.

    Parameters
    ----------
    graph
        The network.

    Raises
    ------
    ValueError
        As for ``check``.

    Examples
    --------
    >>> from vmm.learned.refine import refiner
    >>> from vmm.learned.trial import check_refiner
    >>> check_refiner(refiner("refiner").graph)
    """
    planes = np.random.default_rng(0).uniform(-1, 1, (1, PLANES, *SIDES)).astype(np.float32)
    (displacement,) = _run(graph, planes)
    _check_shape(graph, displacement, (1, 2, *SIDES))


def _run(graph: Graph, *arrays: np.ndarray, n_outputs: int = 1) -> list[np.ndarray]:
    """The outputs of a graph, after a check of their number, type and values."""
    options = runtime().RunOptions()
    session = _limited_session(graph)
    inputs = named_inputs(graph, session, arrays)
    clock = threading.Timer(MAX_TIME, setattr, (options, "terminate", True))
    clock.daemon = True
    clock.start()
    try:
        outputs: list[np.ndarray] = session.run(None, inputs, options)
    except Exception as error:  # ONNX Runtime raises a class of its own for every kind of failure.
        is_limit = options.terminate or is_about_memory(error)
        limits = f"{MAX_MEMORY >> 20} MB or {MAX_TIME:g} s for a frame of {SIDES[0]} x {SIDES[1]} pixels"
        why = f"it needs more than {limits}" if is_limit else reason(error)
        raise ValueError(f"{graph.path} is not a network that ONNX Runtime can run: {why}") from None
    finally:
        clock.cancel()
    if len(outputs) != n_outputs:
        raise ValueError(f"{graph.path} is not a part of this network: it has {len(outputs)} outputs, not {n_outputs}")
    for output in outputs:
        if not (isinstance(output, np.ndarray) and output.dtype == np.float32 and np.isfinite(output).all()):
            raise ValueError(f"{graph.path} is damaged: it gives values that are not finite numbers")
    return outputs


def _limited_session(graph: Graph) -> Any:
    """A session on one core that may take MAX_MEMORY. It does not optimize the graph, which would take memory too."""
    ort = runtime()
    memory = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    ort.create_and_register_allocator(memory, ort.OrtArenaCfg(MAX_MEMORY, 1, -1, -1))
    options = session_options(1)
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return new_session(graph, options, ["CPUExecutionProvider"])


def _check_shape(graph: Graph, tensor: np.ndarray, shape: tuple[int, ...]) -> None:
    if tensor.shape != shape:
        raise _wrong_shape(graph, tensor)


def _wrong_shape(graph: Graph, tensor: np.ndarray) -> ValueError:
    return ValueError(
        f"{graph.path} is not a part of this network: it gives a tensor of shape {tensor.shape} for a frame of "
        f"{SIDES[0]} x {SIDES[1]} pixels"
    )
