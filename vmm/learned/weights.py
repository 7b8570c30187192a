"""Loading of networks: those that are installed with the library, and those of a user."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from vmm.learned.network import PARTS, Network, files
from vmm.learned.trial import check

FOLDER = Path(__file__).parent / "weights"

NAMES: tuple[str, ...] = tuple(sorted({path.name.split(".")[0] for path in FOLDER.glob("*.encoder.onnx")}))
"""Names of the networks that are installed with the library."""


def load(weights: str | Path, kind: str | None = None) -> Network:
    """Load a network by its name or path.

    Parameters
    ----------
    weights
        One of ``NAMES``, or a path ``PATH.onnx``. A path refers to the three files ``PATH.encoder.onnx``,
        ``PATH.manipulator.onnx`` and ``PATH.decoder.onnx``, which ``vmm convert`` and ``python -m vmm.train`` write.
    kind
        Required kind of network: "magnet", "lightweight", "realtime" or "flowmag". With None (default) every kind is
        accepted.

    Returns
    -------
    Network
        The network. Networks are cached: a second call with the same files returns the same object.

    Raises
    ------
    TypeError
        If `weights` is neither a name nor a path.
    ValueError
        If there is no such network, if the files of an installed network are damaged, or if the network is of
        another kind. A network from a path is read as untrusted data: it is refused if it uses operators that no
        network of this library needs, refers to other files, or fails a trial with limits on memory and time.

    Examples
    --------
    >>> from vmm.learned import load
    >>> net = load("realtime")
    >>> net.kind, net.step
    ('realtime', 4)
    """
    if not isinstance(weights, str | os.PathLike):
        raise TypeError(f"weights={weights!r} must be the name of an installed network, or a path PATH.onnx")
    net = _loaded(str(weights), _modification_time(str(weights)))
    if kind is not None and net.kind != kind:
        raise ValueError(f"weights={str(weights)!r} is a network of kind {net.kind!r}, but kind {kind!r} is required")
    return net


def _modification_time(weights: str) -> float:
    """Modification time of the files at a path; it is part of the cache key, so that new files are loaded again."""
    if weights in NAMES or not Path(weights).name or "\0" in weights:
        return 0.0
    path = files(Path(weights))["decoder"]
    return path.stat().st_mtime if path.exists() else 0.0


@cache
def _loaded(weights: str, modification_time: float) -> Network:
    if weights in NAMES:
        stem = FOLDER / f"{weights}.onnx"
        verify(files(stem).values())
        return Network(stem)
    if not Path(weights).name or "\0" in weights:
        raise ValueError(f"weights={weights!r} must be the name of an installed network, or a path PATH.onnx")
    missing = [path for path in files(Path(weights)).values() if not path.is_file()]
    if missing:
        names = ", ".join(map(repr, NAMES))
        raise ValueError(
            f"weights={weights!r} must be one of {names}, or a path PATH.onnx with the files of {', '.join(PARTS)} "
            f"(PATH.encoder.onnx, ...): {missing[0]} does not exist or is not a file"
        )
    net = Network(Path(weights))
    check(net)
    return net


def verify(paths: Iterable[Path]) -> None:
    """Raise a ValueError if one of the installed files does not have its published SHA-256 checksum."""
    checksums = dict(line.split()[::-1] for line in (FOLDER / "SHA256").read_text().splitlines())
    for path in paths:
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != checksums.get(path.name):
            raise ValueError(f"{path} is damaged (its SHA-256 checksum differs): reinstall the library")
