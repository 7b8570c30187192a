"""Other packages that magnify motion, one adapter a file.

| module | package | what of it |
| --- | --- | --- |
| ``pyidi`` | pyidi | linear, Butterworth band-pass |
| ``eulerian`` | eulerian-magnification | linear, Fourier band-pass |
| ``vidmag`` | vidmag | linear and phase, Fourier band-pass, on the processor |
| ``pyevm`` | pyeulervid | linear and phase |
| ``gestures`` | musicalgestures | linear, difference of two one-pole low-passes, from file to file |

An adapter is a function ``(frames, band, fs, alpha) -> frames`` of colour frames (T, H, W, 3) of uint8, band and rate
in Hz, and alpha that is what is added. ``PEERS`` lists them. Each package keeps its own settings for all else.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.peers import eulerian, gestures, pyevm, pyidi, vidmag

Adapter = Callable[[np.ndarray, tuple[float, float], float, float], np.ndarray]


@dataclass(frozen=True)
class Peer:
    """One way in which another package magnifies.

    Attributes
    ----------
    package
        As pip knows it.
    module
        As Python imports it.
    magnify
        The adapter.
    note
        What has to be known to install it.
    """

    package: str
    module: str
    magnify: Adapter
    note: str = ""


_EVM_NOTE = "it states Python 3.12 or newer"
_VIDMAG_NOTE = "where a CUDA compiler is found without its libraries: CMAKE_ARGS=-DCMAKE_CUDA_COMPILER=NOTFOUND"

PEERS = {
    "pyidi": Peer("pyidi", "pyidi", pyidi.magnify),
    "eulerian-magnification": Peer(
        "eulerian-magnification", "eulerian_magnification", eulerian.magnify, "and opencv-python"
    ),
    "vidmag, linear": Peer("vidmag", "vidmag", vidmag.linear, _VIDMAG_NOTE),
    "vidmag, phase": Peer("vidmag", "vidmag", vidmag.phase, _VIDMAG_NOTE),
    "pyeulervid, linear": Peer("pyeulervid", "pyevm", pyevm.linear, _EVM_NOTE),
    "pyeulervid, phase": Peer("pyeulervid", "pyevm", pyevm.phase, _EVM_NOTE),
    "musicalgestures": Peer("musicalgestures", "musicalgestures", gestures.magnify, "and ffmpeg with ffprobe"),
}
"""Peers by the name that tables show."""

NO_MAGNIFIERS = {
    "perceptual": "holds a steerable pyramid alone, and imports scipy.misc, which SciPy no longer has",
    "optiquake-local": "measures vibration and magnifies none",
}
"""Packages that come up in a search, and why they do not run."""


def missing() -> dict[str, str]:
    """Peers that are not installed, with the line that installs them.

    Examples
    --------
    >>> from benchmarks.peers import PEERS, missing
    >>> set(missing()) <= set(PEERS)
    True
    """
    return {
        name: f"not installed: pip install {peer.package}" + (f" ({peer.note})" if peer.note else "")
        for name, peer in PEERS.items()
        if importlib.util.find_spec(peer.module) is None
    }


def trial(peer: Peer) -> str:
    """What keeps a peer from running on a clip of 32 frames of 64x96; empty where nothing does."""
    rng = np.random.default_rng(0)
    frames = np.repeat(rng.integers(60, 190, (1, 64, 96, 3), np.uint8), 32, axis=0)
    try:
        out = np.asarray(peer.magnify(frames, (2.0, 3.0), 30.0, 10.0))
    except Exception as error:  # whatever keeps a peer from working is its result
        return f"does not run here: {type(error).__name__}: {error}"
    return "" if out.shape == frames.shape else f"made frames {out.shape} of {frames.shape}"
