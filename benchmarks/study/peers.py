"""Comparison with other packages for motion magnification, if they are installed and run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import EXCLUDED, PEERS, Peer, missing, trial
from benchmarks.study.entrants import Entrant, entrants
from benchmarks.study.metrics import circle_amplitude
from benchmarks.study.selectivity import PARTS, transfers
from benchmarks.study.tables import cell, failures
from benchmarks.study.types import Block, Job, Results, Setting, Table, Values
from vmm.data.magnified import FREQUENCY, FS, moving_circles

TITLE = "Other packages"
TEXT = (
    "Packages for motion magnification that pip can install, with their default settings, on the four stripes of the "
    "experiment on selectivity and on the circles at alpha 9 (0.1 px to 1 px), together with the methods of the "
    "library. Their time and memory are in the tables of cost."
)
ALPHA = 9.0


def peers() -> dict[str, Entrant]:
    """The installed and working peers as entrants of kind "peer", by name."""
    return {name: peer(name) for name in PEERS if name not in _unavailable()}


def peer(name: str) -> Entrant:
    """A peer by name, whether it runs or not; a ``KeyError`` if there is none of this name."""
    return _entrant(name, PEERS[name])


def unavailable() -> dict[str, str]:
    """Packages that are not included, with the reasons."""
    return _unavailable() | EXCLUDED


@cache
def _unavailable() -> dict[str, str]:
    """Peers that are not installed or do not run, with the reasons."""
    not_installed = missing()
    errors = {name: trial(one) for name, one in PEERS.items() if name not in not_installed}
    return not_installed | {name: error for name, error in errors.items() if error}


def _entrant(name: str, one: Peer) -> Entrant:
    """A peer with the interface of an entrant; gray frames give gray frames."""

    def magnify(frames: np.ndarray, frequency: float, fs: float, alpha: float, **options: Any) -> np.ndarray:
        band = options.pop("band", (0.8 * frequency, 1.2 * frequency))
        if options:
            raise TypeError(f"{name} has no option {', '.join(options)}")
        gray = frames.ndim == 3
        colors = np.repeat(frames[..., None], 3, axis=-1) if gray else frames
        out = one.magnify(np.clip(np.rint(colors), 0, 255).astype(np.uint8), band, fs, alpha)
        return out[..., 1] if gray else out

    return Entrant(name, "peer", magnify)


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Every peer on both scenes, and the entrants of the library on the circles."""
    for one in (entrants(setting) | peers()).values():
        yield Job((one.name, "circles"), partial(_circles, one, setting))
        if one.kind == "peer":  # the experiment on selectivity has this figure of the others
            yield Job((one.name, "stripes"), partial(transfers, one, PARTS, setting))


def _circles(one: Entrant, setting: Setting) -> Values:
    """Mean squared error and gain on one clip of circles."""
    source = moving_circles("moon", ALPHA, shape=setting.shape, frames=36)
    frames, truth = np.asarray(one.magnify(source.frames, FREQUENCY, FS, ALPHA))[12:24], source.truth[12:24]
    gain = circle_amplitude(frames, source.background, FS, FREQUENCY) / circle_amplitude(
        truth, source.background, FS, FREQUENCY
    )
    return {"squared": float(np.mean((frames.astype(float) - truth) ** 2)), "gain": gain}


def blocks(results: Results, setting: Setting) -> list[Block]:
    """A table of both scenes, and one of the packages that are not included."""
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
    reasons = [(name, [reason]) for name, reason in unavailable().items()]
    return [
        Table("peers", "Comparison with other packages", heads, table, failures(results)),
        Table("unavailable", "Packages that are not included", ("reason",), reasons),
    ]
