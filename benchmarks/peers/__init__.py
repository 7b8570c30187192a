"""Adapters for other packages for motion magnification, one per file.

| module | package | methods |
| --- | --- | --- |
| ``pyidi`` | pyidi | linear, Butterworth band-pass |
| ``eulerian`` | eulerian-magnification | linear, Fourier band-pass |
| ``vidmag`` | vidmag | linear and phase, Fourier band-pass, on the CPU |
| ``pyevm`` | pyeulervid | linear and phase |
| ``gestures`` | musicalgestures | linear, difference of two one-pole low-pass filters, from file to file |

An adapter is a function ``(frames, band, fs, alpha) -> frames`` of color frames (T, H, W, 3), uint8, the band and the
sampling rate in Hz, and alpha, the amplification of the motion that is added. ``PEERS`` lists the adapters. All other
settings of the packages have their default values.
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
    """A method of another package.

    Attributes
    ----------
    package
        Name of the package for pip.
    module
        Name of the module for import.
    magnify
        The adapter.
    note
        Additional requirements of the installation.
    """

    package: str
    module: str
    magnify: Adapter
    note: str = ""


_EVM_NOTE = "requires Python 3.12 or newer"
_VIDMAG_NOTE = "if a CUDA compiler is installed without its libraries, set CMAKE_ARGS=-DCMAKE_CUDA_COMPILER=NOTFOUND"

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
"""Peers by their names in the tables."""

EXCLUDED = {
    "perceptual": "contains only a steerable pyramid, and imports scipy.misc, which current SciPy does not have",
    "optiquake-local": "measures vibration, but does not magnify it",
}
"""Related packages that are not included, with the reasons."""


def missing() -> dict[str, str]:
    """Peers that are not installed, with the command that installs them.

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
    """Run a peer on a clip of 32 frames of 64x96; return the error message, or an empty string if it works."""
    rng = np.random.default_rng(0)
    frames = np.repeat(rng.integers(60, 190, (1, 64, 96, 3), np.uint8), 32, axis=0)
    try:
        out = np.asarray(peer.magnify(frames, (2.0, 3.0), 30.0, 10.0))
    except Exception as error:  # the failure is the result
        return f"does not run here: {type(error).__name__}: {error}"
    return "" if out.shape == frames.shape else f"output of shape {out.shape} for input of shape {frames.shape}"
