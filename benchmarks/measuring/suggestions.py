"""Suggestions: which of the true vibrations are listed, how large they are said to be, and which are invented."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import scipy.special

import vmm
from benchmarks.measuring.camera import FS, Camera
from benchmarks.measuring.scenes import texture
from benchmarks.measuring.tables import ON_TARGET, Effort, Lines, Row, Table, yes
from vmm.data.synthetic import Scene

SHAPE = (128, 192)
FRAMES = 360
CENTERS = ((38, 46), (90, 146), (38, 146), (90, 46))
RADIUS = 26.0
"""Half of the side in pixels of the parts that vibrate."""

MAX_ERROR = 5.0
"""Largest deviation in percent of a stated amplitude."""


@dataclass(frozen=True)
class Vibrations:
    """Square parts of a texture that vibrate before a texture at rest.

    Attributes
    ----------
    frequencies, amplitudes
        Those of each part, in Hz and pixels.
    encoded
        Whether the clip is written as H.264 and read again.
    """

    frequencies: tuple[float, ...]
    amplitudes: tuple[float, ...]
    encoded: bool = False

    def scene(self, seed: int) -> Scene:
        """The scene: a function of the displacement (K, 2) of each part."""
        back = texture(3 * seed + 300, shape=SHAPE)(np.zeros(2))
        fronts = [texture(3 * seed + 301 + k, shape=SHAPE) for k in range(len(self.frequencies))]
        rows, cols = np.indices(SHAPE)

        def frame(moves: np.ndarray) -> np.ndarray:
            picture = back
            for front, move, (row, col) in zip(fronts, moves, CENTERS, strict=False):
                gap = np.maximum(np.abs(rows - row - move[0]), np.abs(cols - col - move[1])) - RADIUS
                picture = picture + scipy.special.ndtr(-gap / 0.5) * (front(move) - picture)
            return picture

        return frame

    def clip(self, seed: int) -> np.ndarray:
        """Frames (T, H, W)."""
        rng, t = np.random.default_rng([seed, 21]), np.arange(FRAMES) / FS
        waves = [
            a * np.sin(2 * np.pi * f * t + rng.uniform(0, 6))
            for f, a in zip(self.frequencies, self.amplitudes, strict=True)
        ]
        moves = np.zeros((FRAMES, len(waves), 2))
        for k, wave in enumerate(waves):
            moves[:, k] = np.outer(wave, [0.6, 0.8])
        scene = self.scene(seed)
        return Camera().record(np.stack([scene(move) for move in moves]), seed)

    def suggestions(self, seed: int) -> list[vmm.measure.Suggestion]:
        """The suggestions of the library."""
        frames = self.clip(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if not self.encoded:
                return vmm.measure.suggest(frames, fs=FS)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "clip.mp4"
                vmm.io.write(path, frames, FS)
                return vmm.measure.suggest(vmm.io.stream(path, gray=True))


CASES = {
    "0.1 px at 12 Hz": Vibrations((12.0,), (0.1,)),
    "0.05 px at 12 Hz": Vibrations((12.0,), (0.05,)),
    "1 px at 12 Hz": Vibrations((12.0,), (1.0,)),
    "2 px at 12 Hz": Vibrations((12.0,), (2.0,)),
    "0.02 to 0.1 px, four parts": Vibrations((12.0, 21.0, 37.0, 64.0), (0.1, 0.05, 0.03, 0.02)),
    "0.1 px at 20.0 and 21.0 Hz, two parts": Vibrations((20.0, 21.0), (0.1, 0.1)),
    "nothing moves": Vibrations((), ()),
    "H.264, 0.3 px, two parts": Vibrations((12.0, 21.0), (0.3, 0.3), encoded=True),
    "H.264, nothing moves": Vibrations((), (), encoded=True),
}
QUICK = ("0.1 px at 12 Hz", "2 px at 12 Hz", "0.1 px at 20.0 and 21.0 Hz, two parts")


def lines(case: Vibrations, effort: Effort) -> Lines:
    """Found share, deviation of the amplitude, invented lines, and those that are marked as rhythms of the codec."""
    deviations: list[float] = []
    n_found = n_false = n_rhythms = 0
    for seed in range(effort.seeds):
        others = case.suggestions(seed)
        for frequency, amplitude in zip(case.frequencies, case.amplitudes, strict=True):
            near = [one for one in others if one.kind == "motion" and abs(one.frequency - frequency) < 0.4]
            if near:
                best = min(near, key=lambda one: abs(one.frequency - frequency))
                others.remove(best)
                n_found += 1
                deviations.append(100 * (best.amplitude / amplitude - 1))
        n_rhythms += sum(one.is_codec_rhythm for one in others)
        n_false += sum(not one.is_codec_rhythm for one in others)
    n_true = len(case.frequencies) * effort.seeds
    share = 100 * n_found / n_true if n_true else float("nan")
    worst = max(deviations, key=abs, default=float("nan"))
    is_right = not share < 100 and not n_false and (case.encoded or not abs(worst) > MAX_ERROR)
    return [[share, worst, n_false / effort.seeds, n_rhythms / effort.seeds, yes(is_right)]]


def rows(effort: Effort) -> Iterator[Row]:
    """A row for each clip."""
    for name, case in CASES.items():
        yield Row(name, partial(lines, case, effort), name in QUICK)


def columns() -> dict[str, int]:
    """The columns of the table."""
    names = {"clip": 0, "found, %": 0, "amplitude, largest deviation, %": 1, "invented lines": 1}
    return names | {"marked as made by the codec": 1, ON_TARGET: 0}


TABLE = Table(
    "Suggestions",
    "Square parts of 52 px of a texture vibrate before a texture at rest, each at its own frequency: 360 frames of "
    "128x192 px at 240 Hz with noise of 1 gray level. 20 and 21 Hz differ by 1.5 bins of the spectrum. Some clips "
    "are written as `.mp4` with H.264 and read again, as stated. On target: all found, amplitudes within "
    f"{MAX_ERROR:g} % (H.264 takes motion away, so that its amplitudes do not count), and no other line that is not "
    "marked as one that the codec may make.",
    columns,
    rows,
)
