"""Networks that ship with the library, and those of a user."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from vmm.learned.network import PARTS, Network, files

FOLDER = Path(__file__).parent / "weights"

NAMES: tuple[str, ...] = tuple(sorted({path.name.split(".")[0] for path in FOLDER.glob("*.encoder.onnx")}))
"""Names of the networks that ship."""


def load(weights: str | Path, kind: str | None = None) -> Network:
    """A network by the name of one that ships, or by its path.

    Parameters
    ----------
    weights
        One of ``NAMES``; or ``PATH.onnx``, beside which ``PATH.encoder.onnx``, ``PATH.manipulator.onnx`` and
        ``PATH.decoder.onnx`` lie, as ``vmm convert`` and ``python -m vmm.train`` write them.
    kind
        What it must be: "magnet", "lightweight", "realtime" or "flowmag".

    Returns
    -------
    Network
        Opened once: whoever asks again gets the same.

    Raises
    ------
    ValueError
        Where there is no such network, its files are not as they were shipped, or it is of another kind.

    Examples
    --------
    >>> from vmm.learned import NAMES, load
    >>> load(NAMES[0]).name == NAMES[0]
    True
    """
    net = _opened(str(weights), _written(str(weights)))
    if kind is not None and net.kind != kind:
        raise ValueError(f"weights={str(weights)!r} is a network of kind {net.kind!r}, not {kind!r}")
    return net


def _written(weights: str) -> float:
    """When the files at a path were last written, so that what replaces them is opened anew."""
    path = files(Path(weights))["decoder"]
    return path.stat().st_mtime if weights not in NAMES and path.exists() else 0.0


@cache
def _opened(weights: str, written: float) -> Network:
    if weights in NAMES:
        stem = FOLDER / f"{weights}.onnx"
        _verify(stem)
        return Network(stem)
    missing = [path for path in files(Path(weights)).values() if not path.exists()]
    if missing:
        shipped = ", ".join(map(repr, NAMES))
        raise ValueError(
            f"weights={weights!r} must be one of {shipped}, or a path PATH.onnx to {', '.join(PARTS)} "
            f"(PATH.encoder.onnx ...): {missing[0]} is not there"
        )
    return Network(Path(weights))


def _verify(stem: Path) -> None:
    """Raise where a file that shipped is not what it was."""
    known = dict(line.split()[::-1] for line in (FOLDER / "SHA256").read_text().splitlines())
    for path in files(stem).values():
        if hashlib.sha256(path.read_bytes()).hexdigest() != known.get(path.name):
            raise ValueError(f"{path} is damaged: install the library again")
