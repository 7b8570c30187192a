"""Clips of scenes that move as a whole, and their readings in regions of several sizes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import vmm
from benchmarks.measuring.camera import FS, Camera, rendered, sway
from benchmarks.measuring.scores import Box, Sample, attempt, cells, estimators
from benchmarks.measuring.tables import Effort, Lines
from vmm.data.synthetic import Scene

Light = Callable[[np.ndarray], np.ndarray]
"""A change of the light (T, H, W) that reaches the pixels."""

PLACES = ((80, 80), (42, 42), (42, 118), (118, 42), (118, 118))
"""Centers (row, col) of small regions in pixels; large ones lie in the first alone."""

LARGE = 41
"""Side in pixels above which a region is large."""


@dataclass(frozen=True)
class Whole:
    """A scene that moves as a whole.

    Attributes
    ----------
    scene
        Function of a seed that makes the scene.
    moves
        Function of the number of frames and a seed that makes the displacement (T, 2), or (T, K, 2) during exposures.
    camera
        The camera.
    light
        Change of the light, or None.
    encoded
        Whether the clip is written as `.mp4` with H.264, and read again.
    regions
        Sides of the regions in pixels.
    gain
        Largest deviation of the gain in percent that is on target.
    ratio
        Largest ratio of error to bound that is on target, for regions of 21 px.
    """

    scene: Callable[[int], Scene]
    moves: Callable[[int, int], np.ndarray] = sway
    camera: Camera = field(default_factory=Camera)
    light: Light | None = None
    encoded: bool = False
    regions: tuple[int, ...] = (21, 61)
    gain: float = 1.0
    ratio: float = np.inf

    def clip(self, frames: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Frames (T, H, W), displacement (T, 2), and the light (H, W) of the scene at rest."""
        scene, moves = self.scene(seed), self.moves(frames, seed)
        light = rendered(scene, moves)
        rest = scene(np.zeros(2))[None]
        if self.light is not None:
            light, rest = self.light(light), self.light(rest)
        truth = moves if moves.ndim == 2 else moves.mean(axis=1)
        recorded = self.camera.record(light, seed)
        return written(recorded) if self.encoded else recorded, truth, np.clip(rest[0], 0, 255)


def written(frames: np.ndarray) -> np.ndarray:
    """Frames (T, H, W) after they were written as `.mp4` and read again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        vmm.io.write(path, frames, FS)
        return np.concatenate(list(vmm.io.stream(path, gray=True)))


def boxes(side: int, places: int) -> list[Box]:
    """Square regions of a side in pixels."""
    centers = PLACES[: 1 if side > LARGE else places]
    return [(row - side // 2, col - side // 2, side, side) for row, col in centers]


def lines(case: Whole, effort: Effort, with_linear: bool = True) -> Lines:
    """One line for each size of region: size, bound in thousandths of a pixel, and scores."""
    sides = tuple(side for side in case.regions if not effort.is_quick or side in (21, 61))
    samples: dict[int, dict[str, list[Sample] | str]] = {side: {} for side in sides}
    bounds: dict[int, list[np.ndarray]] = {side: [] for side in sides}
    for seed in range(effort.seeds):
        frames, truth, rest = case.clip(effort.frames, seed)
        for side in sides:
            rois = boxes(side, effort.places)
            bound = vmm.measure.displacement_crlb(
                rest * case.camera.levels, rois, noise=case.camera.deviation(rest), rounded=bool(case.camera.bits)
            )
            bounds[side].append(bound)
            add(samples[side], frames, rois, np.repeat(truth[:, None], len(rois), axis=1), bound, with_linear)
    return [
        [str(side), 1e3 * median(bounds[side]), *cells(dict(samples[side]), case.gain, _limit(case, side))]
        for side in sides
    ]


def _limit(case: Whole, side: int) -> float:
    """The largest ratio of error to bound that is on target."""
    return case.ratio if side == 21 else np.inf


def median(bounds: Sequence[np.ndarray]) -> float:
    """Median of the bounds that are finite."""
    values = np.concatenate(bounds)
    return float(np.median(values[np.isfinite(values)])) if np.isfinite(values).any() else float("nan")


def add(
    samples: dict[str, list[Sample] | str],
    frames: np.ndarray,
    rois: Sequence[Box],
    truth: np.ndarray,
    bound: np.ndarray,
    with_linear: bool = True,
) -> None:
    """Add the sample of every estimator, or the reason why one fails."""
    for name, estimator in estimators(with_linear).items():
        reading = attempt(estimator, frames, rois)
        own = samples.setdefault(name, [])
        if isinstance(reading, str):
            samples[name] = reading
        elif not isinstance(own, str):
            own.append(Sample(reading, truth, bound))
