"""How truly and fast displacement is measured: errors as multiples of what noise allows, with pyidi beside.

Scenes: a texture of standard deviation 35 that moves as a whole by 0.2, 0.02 and 0.005 px at 5, 31 and 87 Hz, half of
it down; and a cantilever in its first three modes, as large, over a still background. 240 frames/s, 960 frames, white
noise of 1 grey level, rounded to 8 bits. The bound is that of Cramer and Rao for the region's own pixels; filters see
some more around it, so that figures below 1 are right.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.signal

import vmm
from vmm.data import synthetic

FS, LENGTH = 240, 960
_TIMES = 3  # that each is timed
FREQUENCIES, SIZES, TURNS = np.array([5.0, 31.0, 87.0]), np.array([0.2, 0.02, 0.005]), np.array([0.3, 1.0, 2.0])
BOXES = [(38, 12 + 19 * i, 21, 21) for i in range(15)]
SQUARES = {"21x21": (53, 53, 21, 21), "101x101": (13, 13, 101, 101)}
Estimator = Callable[[np.ndarray, list[Any]], np.ndarray]


def lines(frames: int = LENGTH) -> np.ndarray:
    """The three lines (T, 3), in pixels."""
    t = np.arange(frames) / FS
    return SIZES * np.sin(2 * np.pi * FREQUENCIES * t[:, None] + TURNS)


def by(method: str) -> Estimator:
    """One of our estimators."""
    return lambda frames, boxes: vmm.measure.displacement(frames, boxes, fs=FS, method=method).values


def pyidi_by(name: str, **options: Any) -> Estimator:
    """One of pyidi's: displacement (T, R, 2) of boxes of one size."""

    def estimate(frames: np.ndarray, boxes: list[Any]) -> np.ndarray:
        import pyidi

        with tempfile.TemporaryDirectory() as folder:
            video = pyidi.VideoReader(frames, root=folder, fps=FS)
            method = getattr(pyidi, name)(video)
            top, left, height, width = np.array(boxes).T
            method.set_points(np.stack([top + height // 2, left + width // 2], axis=1))
            method.configure(roi_size=(int(height[0]), int(width[0])), **options)
            return np.asarray(method.get_displacements(autosave=False)).swapaxes(0, 1)

    return estimate


OURS = {"vmm phase": by("phase"), "vmm linear": by("linear")}
THEIRS = {"pyidi LucasKanade": pyidi_by("LucasKanade", show_pbar=False, verbose=0)}
DOWN_ALONE = {"pyidi DirectionalLK": pyidi_by("DirectionalLucasKanade", dij=(1, 0), show_pbar=False, verbose=0)}


def peers_here() -> bool:
    """Whether pyidi is installed."""
    found = importlib.util.find_spec("pyidi") is not None
    if not found:
        print("pyidi is not installed (pip install pyidi): ours alone\n")
    return found


def safely(estimator: Estimator, frames: np.ndarray, boxes: list[Any]) -> tuple[np.ndarray | None, float]:
    """What it finds, and milliseconds a frame, the best of some times; None where it does not run here."""
    try:
        estimator(frames[:16], boxes)  # compile
        spent = []
        for _ in range(_TIMES):
            start = time.perf_counter()
            found = estimator(frames, boxes)
            spent.append(time.perf_counter() - start)
    except Exception as error:
        print(f"    does not run here: {type(error).__name__}: {error}")
        return None, np.nan
    return found - found.mean(axis=0), 1e3 * min(spent) / len(frames)


def gains(seen: np.ndarray, true: np.ndarray) -> str:
    """Gain errors in percent at the three lines."""
    t = np.arange(len(seen)) / FS
    turns = np.exp(-2j * np.pi * np.outer(FREQUENCIES, t))
    return " ".join(f"{100 * (a / b - 1):+5.1f}" for a, b in zip(abs(turns @ seen), abs(turns @ true), strict=True))


def whole(frames: int, estimators: dict[str, Estimator]) -> None:
    """The scene that moves as a whole."""
    scene, right = synthetic.texture((128, 128)), lines(frames).sum(axis=1)
    moves = np.stack([right / 2, right], axis=1)
    true = moves - moves.mean(axis=0)
    cases = {
        "noise 1": {"noise": 1.0},
        "noise 0": {"noise": 0.0},
        "noise 3": {"noise": 3.0},
        "flicker 2 % at 20 Hz": {"noise": 1.0, "light": 1 + 0.02 * np.sin(2 * np.pi * 20 * np.arange(frames) / FS)},
    }
    turn = np.exp(-2j * np.pi * 20 * np.arange(frames) / FS) * 2 / frames
    print(
        f"{'Whole frame':30}{'region':>9}{'bound':>7}{'error':>7}{'ratio':>7}   gain % at 5, 31, 87 Hz   line at 20 Hz"
    )
    for case, options in cases.items():
        clip = synthetic.render(scene, moves, seed=1, **options)
        print(f"  {case}, mpx")
        for size, box in SQUARES.items():
            bound = vmm.measure.displacement_crlb(scene((0, 0)), box, noise=options["noise"])
            for name, estimator in estimators.items():
                seen, _ = safely(estimator, clip, [box])
                if seen is not None:
                    error = np.sqrt(np.square(seen[:, 0] - true).mean())
                    ratio, line = error / np.sqrt(np.square(bound).mean()), abs(turn @ (seen[:, 0, 1] - true[:, 1]))
                    print(
                        f"    {name:26}{size:>9}{1e3 * np.sqrt(np.square(bound).mean()):7.2f}{1e3 * error:7.2f}"
                        f"{ratio:7.2f}   {gains(seen[:, 0, 1], true[:, 1]):20}{1e3 * line:14.2f}"
                    )


def found_lines(signals: np.ndarray) -> str:
    """How many of the three lines stand 10 dB out of the spectrum of signals (T, R), and how many others do."""
    f, power = scipy.signal.welch(signals, FS, nperseg=min(480, len(signals)), axis=0)
    power = power.mean(axis=1)
    level = 10 * np.log10(power / scipy.ndimage.median_filter(power, int(24 / f[1]) + 1, mode="reflect"))
    peaks = f[scipy.signal.find_peaks(level, height=10)[0]]
    right = sum(bool((abs(peaks - line) < 0.75).any()) for line in FREQUENCIES)
    return f"{right} +{sum(abs(FREQUENCIES - peak).min() >= 0.75 for peak in peaks)}"


def beam(frames: int, estimators: dict[str, Estimator]) -> None:
    """The cantilever in 15 regions, and all of its pixels."""
    scene = synthetic.beam()
    shapes = synthetic.cantilever(synthetic.beam_places(320))
    clip = synthetic.render(scene, lines(frames), noise=1.0)
    at = np.stack([shapes[:, left : left + 21].mean(axis=1) for _, left, _, _ in BOXES], axis=1)
    true = lines(frames) @ at
    true -= true.mean(axis=0)
    bound = vmm.measure.displacement_crlb(scene([0, 0, 0]), BOXES, noise=1.0)[:, 0]
    print(
        f"\n{'Cantilever, 15 regions':30}{'error':>7}{'ratio':>7}   assurance{'found':>21}{'ms/frame':>10}{'to LK':>12}"
    )
    speeds: dict[str, float] = {}
    for name, estimator in estimators.items():
        seen, speeds[name] = safely(estimator, clip, BOXES)
        if seen is None:
            continue
        error = np.sqrt(np.square(seen[:, :, 0] - true).mean(axis=0))
        t = np.arange(frames) / FS
        amplitudes = np.exp(-2j * np.pi * np.outer(FREQUENCIES, t)) @ seen[:, :, 0]
        alike = " ".join(f"{np.diag(vmm.measure.mac(amplitudes, at))[k]:.4f}" for k in range(3))
        ratio = speeds[name] / speeds.get("pyidi LucasKanade", np.nan)
        figures = f"{1e3 * error.mean():7.2f}{(error / bound).mean():7.2f}   {alike:24} {found_lines(seen[:, :, 0]):>5}"
        print(f"    {name:26}{figures}{speeds[name]:10.3f}{ratio:12.3f}")
    start = time.perf_counter()
    full = vmm.measure.modes(clip, FREQUENCIES, fs=FS, sigma=5.0)
    spent = 1e3 * (time.perf_counter() - start) / frames
    inner = full.shapes[:, 36:60, 12:300, 0]
    exact = np.broadcast_to((SIZES[:, None] * shapes * -1j * np.exp(1j * TURNS[:, None]))[:, None, 12:300], inner.shape)
    alike = " ".join(f"{vmm.measure.mac(a[None], b[None])[0, 0]:.5f}" for a, b in zip(inner, exact, strict=True))
    errors = " ".join(f"{1e3 * e:.2f}" for e in np.sqrt(np.square(abs(inner - exact)).mean(axis=(1, 2))))
    print(f"\nEvery pixel, sigma 5: assurance {alike}; error {errors} mpx of 200, 20, 5; {spent:.1f} ms/frame")


def main(quick: bool = False) -> None:
    """Print the tables."""
    frames = 240 if quick else LENGTH
    here = peers_here()
    whole(frames, (THEIRS if here else {}) | OURS)
    beam(frames, (THEIRS | DOWN_ALONE if here else {}) | OURS)
