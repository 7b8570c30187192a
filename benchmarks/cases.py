"""Cases of the benchmarks of speed: methods with settings, frame sizes, and a synthetic clip."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from inspect import signature
from typing import Any

import numpy as np

import vmm
from vmm.data import synthetic
from vmm.temporal import butterworth, causal, ideal

SIZES = {"360p": (360, 640), "720p": (720, 1280), "1080p": (1080, 1920)}
BAND = (2, 3)

CASES: dict[str, tuple[str, dict[str, Any], list[str]]] = {  # Name: method, settings, arguments of the command line.
    "linear": ("linear", {}, []),
    "linear, wavelength 40": ("linear", {"wavelength": 40}, ["--wavelength", "40"]),
    "riesz": ("riesz", {}, []),
    "riesz, chroma in place": ("riesz", {"chroma": None}, ["--chroma", "none"]),
    "gradient": ("gradient", {}, []),
    "gradient, causal": ("gradient", {"temporal": causal}, ["--temporal", "causal"]),
    "gradient, causal, not denoised": (
        "gradient",
        {"temporal": causal, "denoise": False},
        ["--temporal", "causal", "--denoise", "false"],
    ),
    "phase": ("phase", {}, []),
    "phase, causal": ("phase", {"temporal": butterworth}, ["--temporal", "butterworth"]),
    "phase, octave": (
        "phase",
        {"octave": 1.0, "sigma": 0.0, "temporal": butterworth},
        ["--octave", "1", "--sigma", "0", "--temporal", "butterworth"],
    ),
    "phase, octave, 4 directions": (
        "phase",
        {"octave": 1.0, "orientations": 4, "sigma": 0.0, "temporal": butterworth},
        ["--octave", "1", "--orientations", "4", "--sigma", "0", "--temporal", "butterworth"],
    ),
    "phase, half octave": (
        "phase",
        {"sigma": 0.0, "temporal": butterworth},
        ["--sigma", "0", "--temporal", "butterworth"],
    ),
    "phase, octave, zero phase": (
        "phase",
        {"octave": 1.0, "temporal": ideal},
        ["--octave", "1", "--temporal", "ideal"],
    ),
    "phase, zero phase": ("phase", {"temporal": ideal}, ["--temporal", "ideal"]),
}
for _name in sorted({*vmm.METHODS} - {method for method, _, _ in CASES.values()}):  # all others, by default settings
    _by_frequency = "frequency" in signature(getattr(vmm, _name).magnify).parameters
    CASES[_name] = (_name, {"frequency": 2.5}, ["--frequency", "2.5"]) if _by_frequency else (_name, {}, [])


def clip(shape: tuple[int, int], frames: int) -> np.ndarray:
    """A color texture that oscillates with an amplitude of 0.1 px at 2.5 Hz and moves to the right by 0.5 px/frame."""
    height, width = shape
    scene = synthetic.texture((256, 256), blur=1.0)
    moves = synthetic.sway(frames, 30, 2.5, 0.1) + 0.5 * np.arange(frames)[:, None] * np.array([0.0, 1.0])
    gray = synthetic.render(scene, moves)
    tiles = -(-height // 256), -(-width // 256)
    wide = np.tile(gray, (1, *tiles))[:, :height, :width]
    return np.stack([wide, 255 - wide // 2, wide // 2 + 64], axis=-1)


class Again:
    """A stream that repeats the frames of a loop up to `count` frames; it can be read several times."""

    def __init__(self, frames: np.ndarray, count: int) -> None:
        self._frames, self.shape, self.dtype = frames, (count, *frames.shape[1:]), frames.dtype

    def reopen(self) -> Iterator[np.ndarray]:
        """Read the stream from its beginning."""
        n = len(self._frames)
        return (self._frames[: min(n, self.shape[0] - done)] for done in range(0, self.shape[0], n))

    def __iter__(self) -> Iterator[np.ndarray]:
        return self.reopen()


def magnified(case: str, frames: Any) -> Iterator[np.ndarray]:
    """Output of a case, chunk by chunk."""
    method, settings, _ = CASES[case]
    passband = {} if "frequency" in settings else {"band": BAND}
    return partial(getattr(vmm, method).magnify, fs=30, alpha=10, **passband, **settings)(frames)
