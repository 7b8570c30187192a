"""Other packages as entrants, where they are installed and run."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from benchmarks.peers import NO_MAGNIFIERS, PEERS, Peer, missing, trial
from benchmarks.study.entrants import Entrant


def peers() -> dict[str, Entrant]:
    """The peers that are installed and run, as entrants of kind "peer", by name."""
    return {name: _entrant(name, PEERS[name]) for name in PEERS if name not in _kept_out()}


def absent() -> dict[str, str]:
    """What does not take part of other packages, with the reason."""
    return _kept_out() | NO_MAGNIFIERS


@cache
def _kept_out() -> dict[str, str]:
    """Peers that are not installed or do not run."""
    gone = missing()
    errors = {name: trial(peer) for name, peer in PEERS.items() if name not in gone}
    return gone | {name: error for name, error in errors.items() if error}


def _entrant(name: str, peer: Peer) -> Entrant:
    """A peer behind the signature of an entrant; grey frames come back grey."""

    def magnify(frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        band = options.pop("band", (0.8 * frequency, 1.2 * frequency))
        if options:
            raise TypeError(f"{name} has no option {', '.join(options)}")
        grey = frames.ndim == 3
        given = np.repeat(frames[..., None], 3, axis=-1) if grey else frames
        out = peer.magnify(np.clip(np.rint(given), 0, 255).astype(np.uint8), band, fs, alpha)
        return out[..., 1] if grey else out

    return Entrant(name, "peer", magnify)
