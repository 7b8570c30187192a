"""Other packages that do the same, where they are installed and run, beside the library."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import NO_MAGNIFIERS, PEERS, Peer, missing, trial
from benchmarks.study.cells import cell, failures
from benchmarks.study.entrants import Entrant, entrants
from benchmarks.study.measured import swing
from benchmarks.study.parts import Block, Job, Results, Setting, Table, Values
from benchmarks.study.selectivity import PARTS, transfers
from vmm.data.magnified import FREQUENCY, FS, moving_circles

TITLE = "Other packages"
TEXT = (
    "Packages that pip installs and that magnify motion, each with its own settings, on the four stripes of the "
    "experiment on selectivity and on the circles at alpha 9 (0.1 px to 1 px), beside the library's methods. Their "
    "time and memory are in the table of cost."
)
ALPHA = 9.0


def peers() -> dict[str, Entrant]:
    """The peers that are installed and run, as entrants of kind "peer", by name."""
    return {name: peer(name) for name in PEERS if name not in _kept_out()}


def peer(name: str) -> Entrant:
    """One of them by its name, whether it runs or not; ``KeyError`` where there is none of that name."""
    return _entrant(name, PEERS[name])


def absent() -> dict[str, str]:
    """What does not take part of other packages, with the reason."""
    return _kept_out() | NO_MAGNIFIERS


@cache
def _kept_out() -> dict[str, str]:
    """Peers that are not installed or do not run."""
    gone = missing()
    errors = {name: trial(one) for name, one in PEERS.items() if name not in gone}
    return gone | {name: error for name, error in errors.items() if error}


def _entrant(name: str, one: Peer) -> Entrant:
    """A peer behind the signature of an entrant; grey frames come back grey."""

    def magnify(frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        band = options.pop("band", (0.8 * frequency, 1.2 * frequency))
        if options:
            raise TypeError(f"{name} has no option {', '.join(options)}")
        grey = frames.ndim == 3
        given = np.repeat(frames[..., None], 3, axis=-1) if grey else frames
        out = one.magnify(np.clip(np.rint(given), 0, 255).astype(np.uint8), band, fs, alpha)
        return out[..., 1] if grey else out

    return Entrant(name, "peer", magnify)


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Every peer on both scenes, and the library's entrants beside them."""
    for one in (entrants(setting) | peers()).values():
        yield Job((one.name, "circles"), partial(_circles, one, setting))
        if one.kind == "peer":  # of the others the experiment on selectivity says the same
            yield Job((one.name, "stripes"), partial(transfers, one, PARTS, setting))


def _circles(one: Entrant, setting: Setting) -> Values:
    """Mean squared error and gain on one clip of circles."""
    made = moving_circles("moon", ALPHA, shape=setting.shape, frames=36)
    frames, truth = np.asarray(one.magnify(made.frames, FREQUENCY, FS, ALPHA))[12:24], made.truth[12:24]
    gain = swing(frames, made.background, FS, FREQUENCY) / swing(truth, made.behind, FS, FREQUENCY)
    return {"squared": float(np.mean((frames.astype(float) - truth) ** 2)), "gain": gain}


def blocks(results: Results, setting: Setting) -> list[Block]:
    """Both scenes, and what does not take part."""
    names = list(dict.fromkeys(key[0] for key in results))
    heads = ("circles, mean squared error", "circles, gain", "stripes, gain at 2.5 Hz", "lag, degrees", "leakage, dB")
    table = [
        (
            one,
            [cell(results, (one, "circles"), n) for n in ("squared", "gain")]
            + [cell(results, (one, "stripes"), n) for n in ("gain", "lag", "worst")],
        )
        for one in names
    ]
    gone = [(name, [why]) for name, why in absent().items()]
    return [
        Table("peers", "Beside the library", heads, table, failures(results)),
        Table("absent", "What does not take part", ("why",), gone),
    ]
