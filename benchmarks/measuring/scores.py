"""Estimators of displacement, and the comparison of their results with the truth."""

from __future__ import annotations

import importlib.util
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

import vmm
from benchmarks.measuring.camera import FS
from benchmarks.measuring.tables import Cell, reason, yes

SPREAD = (0.8, 1.25)
"""Smallest and largest ratio of scatter to stated error that counts as true."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Reading:
    """Displacement (T, R, 2) of regions in pixels.

    Attributes
    ----------
    values
        Displacement without its mean; NaN where it is not known.
    stderr
        (R, 2) stated standard error; NaN if none is stated.
    is_marked
        (R,) bool: whether the region is stated to be less reliable than others.
    """

    values: np.ndarray
    stderr: np.ndarray
    is_marked: np.ndarray

    @property
    def is_known(self) -> np.ndarray:
        """(R, 2) bool: whether the component is known."""
        is_known: np.ndarray = np.isfinite(self.values).all(axis=0)
        return is_known


Estimator = Callable[[np.ndarray, Sequence[Any]], Reading]


def ours(method: Literal["phase", "linear"], frames: np.ndarray, rois: Sequence[Any]) -> Reading:
    """The reading of a method of the library."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a region is unknown or marked is part of the reading
        signal = vmm.measure.displacement(frames, list(rois), fs=FS, method=method)
    return Reading(signal.values, signal.stderr, ~signal.is_reliable)


def phase(frames: np.ndarray, rois: Sequence[Any]) -> Reading:
    """The default method."""
    return ours("phase", frames, rois)


def linear(frames: np.ndarray, rois: Sequence[Any]) -> Reading:
    """The fast method."""
    return ours("linear", frames, rois)


def pyidi_reading(frames: np.ndarray, rois: Sequence[Box], name: str, **options: Any) -> Reading:
    """The reading of a method of pyidi, which takes boxes of one size; boxes of several are measured in turn."""
    import pyidi

    boxes = np.array(rois)
    values = np.empty((len(frames), len(boxes), 2))
    for size in np.unique(boxes[:, 2:], axis=0):
        index = np.flatnonzero((boxes[:, 2:] == size).all(axis=1))
        with tempfile.TemporaryDirectory() as folder:
            method = getattr(pyidi, name)(pyidi.VideoReader(frames, root=folder, fps=FS))
            method.set_points(boxes[index, :2] + size // 2)
            method.configure(roi_size=(int(size[0]), int(size[1])), show_pbar=False, verbose=0, **options)
            values[:, index] = np.asarray(method.get_displacements(autosave=False)).swapaxes(0, 1)
    return Reading(values - values.mean(axis=0), np.full(boxes[:, :2].shape, np.nan), np.zeros(len(boxes), bool))


def lucas_kanade(frames: np.ndarray, rois: Sequence[Box]) -> Reading:
    """Lucas-Kanade of pyidi."""
    return pyidi_reading(frames, rois, "LucasKanade")


def has_pyidi() -> bool:
    """True if pyidi is installed."""
    return importlib.util.find_spec("pyidi") is not None


def estimators(with_linear: bool = True) -> dict[str, Estimator]:
    """Estimators by their names in the tables."""
    return (
        {"phase": phase} | ({"linear": linear} if with_linear else {}) | ({"LK": lucas_kanade} if has_pyidi() else {})
    )


@dataclass(frozen=True)
class Sample:
    """A reading with the truth (T, R, 2), and with the Cramer-Rao bound (R, 2)."""

    reading: Reading
    truth: np.ndarray
    bound: np.ndarray


@dataclass(frozen=True)
class Score:
    """The comparison of readings with the truth.

    Attributes
    ----------
    ratio
        Root mean square error over the bound; that of all known components.
    gain, gain_stderr
        Deviation in percent of the gain from 1, by least squares, and its error from the scatter.
    spread, marked_spread
        Root mean square error over stated error in regions that are not marked, and in those that are.
    known_share, marked_share
        Percentage of the known components, and of the marked regions among those with a known component.
    error, stated
        Root mean square error, and stated error, in thousandths of a pixel.
    """

    ratio: float
    gain: float
    gain_stderr: float
    spread: float
    marked_spread: float
    known_share: float
    marked_share: float
    error: float
    stated: float

    @property
    def spread_cell(self) -> Cell:
        """The spread; in brackets that of marked regions, if all are."""
        return f"({self.marked_spread:.2f})" if np.isnan(self.spread) and self.marked_share else self.spread

    @property
    def lost_cell(self) -> Cell:
        """The ratio, with the percentage of the components that are not known, if there are any."""
        return self.ratio if self.known_share == 100 else f"{self.ratio:.2f} ({100 - self.known_share:.0f} % lost)"

    @property
    def shares(self) -> str:
        """Known and marked shares."""
        return f"{self.known_share:.0f} / {self.marked_share:.0f}"

    def is_on_target(self, gain: float = 1.0, ratio: float = np.inf) -> bool:
        """Whether the stated error is true, or the region is marked or unknown.

        The gain may deviate by a percentage and three times its error, and the error may be `ratio` times the bound.
        """
        is_marked_small = self.marked_spread > SPREAD[1]
        if np.isnan(self.spread):
            return not is_marked_small
        is_true = SPREAD[0] <= self.spread <= SPREAD[1] and abs(self.gain) <= gain + 3 * self.gain_stderr
        return is_true and self.ratio <= ratio and not is_marked_small


def rms(values: np.ndarray) -> float:
    """Root mean square; NaN if there are no values."""
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else float("nan")


def score(samples: Sequence[Sample]) -> Score:
    """Compare readings with the truth, over all their regions together."""
    values = np.concatenate([one.reading.values for one in samples], axis=1)
    truth = np.concatenate([one.truth - one.truth.mean(axis=0) for one in samples], axis=1)
    stderr, bound = (
        np.concatenate(parts) for parts in ([one.reading.stderr for one in samples], [one.bound for one in samples])
    )
    is_marked = np.concatenate([one.reading.is_marked for one in samples])
    is_observable = np.isfinite(bound)
    is_known = np.isfinite(values).all(axis=0) & is_observable
    error = np.sqrt(np.square(values - truth).mean(axis=0))
    power = float(np.square(truth)[:, is_known].sum())
    gain = float((values * truth)[:, is_known].sum()) / power if power else np.nan
    scatter = rms((values - gain * truth)[:, is_known]) if is_known.any() else np.nan
    stated = is_known & np.isfinite(stderr)
    marked = is_marked[:, None] & stated
    measured = is_known.any(axis=1)
    return Score(
        ratio=rms((error / bound)[is_known]),
        gain=100 * (gain - 1),
        gain_stderr=100 * scatter / np.sqrt(power) if power else np.nan,
        spread=rms((error / stderr)[stated & ~marked]),
        marked_spread=rms((error / stderr)[marked]),
        known_share=100 * is_known.sum() / max(is_observable.sum(), 1),
        marked_share=100 * is_marked[measured].mean() if measured.any() else 0.0,
        error=1e3 * rms(error[is_known]),
        stated=1e3 * rms(stderr[stated]),
    )


def attempt(estimator: Estimator, frames: np.ndarray, rois: Sequence[Any]) -> Reading | str:
    """A reading, or the reason why it failed."""
    try:
        return estimator(frames, rois)
    except Exception as error:  # one estimator that fails must not end the row of the others
        return reason(error)


def columns(with_linear: bool = True) -> dict[str, int]:
    """Columns of the scores of every estimator, with their decimals."""
    result: dict[str, int] = {}
    for name in estimators(with_linear):
        result |= {f"{name}: error/bound": 2, "gain, %" if name == "phase" else f"{name}: gain, %": 1}
        if name != "LK":
            result |= {f"{name}: scatter/stated": 2, f"{name}: known/marked, %": 0}
    return result


def cells(samples: dict[str, Sequence[Sample] | str], gain: float, ratio: float = np.inf) -> list[Cell]:
    """The scores of every estimator, and whether those of the default method are on target."""
    result: list[Cell] = []
    for name, own in samples.items():
        if isinstance(own, str):
            result += [own, *[""] * (1 if name == "LK" else 3)]
            continue
        one = score(own)
        result += [one.lost_cell, one.gain] if name == "LK" else [one.ratio, one.gain, one.spread_cell, one.shares]
    first = samples["phase"]
    return [*result, "no" if isinstance(first, str) else yes(score(first).is_on_target(gain, ratio))]
