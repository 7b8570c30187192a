"""Accuracy and speed of displacement measurement: errors relative to the Cramer-Rao bound, compared with pyidi.

There are two scenes: a texture with a standard deviation of 35 gray levels that moves to the right by 0.2, 0.02 and
0.005 px at 5, 31 and 87 Hz, and down by half of that; and a cantilever that vibrates in its first three modes with the
same amplitudes, in front of a static background. Clips have 960 frames at 240 frames/s, white noise of 1 gray level,
and 8 bits. The Cramer-Rao bound is that of the pixels of the region. The filters of the estimators also use some pixels
around it, so that ratios below 1 are possible.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import scipy.ndimage
import scipy.signal

import vmm
from vmm.data import synthetic

FS, LENGTH = 240, 960
_REPEATS = 3  # Number of timed runs; the shortest time is reported.
FREQUENCIES, AMPLITUDES, PHASES = np.array([5.0, 31.0, 87.0]), np.array([0.2, 0.02, 0.005]), np.array([0.3, 1.0, 2.0])
BOXES = [(38, 12 + 19 * i, 21, 21) for i in range(15)]
SQUARES = {"21x21": (53, 53, 21, 21), "101x101": (13, 13, 101, 101)}
Estimator = Callable[[np.ndarray, list[Any]], np.ndarray]


def sines(frames: int = LENGTH) -> np.ndarray:
    """The three sines (T, 3), in pixels."""
    t = np.arange(frames) / FS
    return AMPLITUDES * np.sin(2 * np.pi * FREQUENCIES * t[:, None] + PHASES)


def by(method: Literal["phase", "linear"]) -> Estimator:
    """An estimator of the library."""
    return lambda frames, boxes: vmm.measure.displacement(frames, boxes, fs=FS, method=method).values


def pyidi_by(name: str, **options: Any) -> Estimator:
    """An estimator of pyidi: displacement (T, R, 2) in boxes of the same size."""

    def estimate(frames: np.ndarray, boxes: list[Any]) -> np.ndarray:
        import pyidi

        with tempfile.TemporaryDirectory() as folder:
            video = pyidi.VideoReader(frames, root=folder, fps=FS)
            method = getattr(pyidi, name)(video)
            row, col, height, width = np.array(boxes).T
            method.set_points(np.stack([row + height // 2, col + width // 2], axis=1))
            method.configure(roi_size=(int(height[0]), int(width[0])), **options)
            return np.asarray(method.get_displacements(autosave=False)).swapaxes(0, 1)

    return estimate


OURS = {"vmm phase": by("phase"), "vmm linear": by("linear")}
THEIRS = {"pyidi LucasKanade": pyidi_by("LucasKanade", show_pbar=False, verbose=0)}
VERTICAL_ONLY = {"pyidi DirectionalLK": pyidi_by("DirectionalLucasKanade", dij=(1, 0), show_pbar=False, verbose=0)}


def has_pyidi() -> bool:
    """True if pyidi is installed."""
    installed = importlib.util.find_spec("pyidi") is not None
    if not installed:
        print("pyidi is not installed (pip install pyidi): only the estimators of vmm are compared\n")
    return installed


def safely(estimator: Estimator, frames: np.ndarray, boxes: list[Any]) -> tuple[np.ndarray | None, float]:
    """Displacement without its mean, or None if the estimator fails, and the shortest time per frame in ms."""
    try:
        estimator(frames[:16], boxes)  # compiles the kernels
        times = []
        for _ in range(_REPEATS):
            start = time.perf_counter()
            values = estimator(frames, boxes)
            times.append(time.perf_counter() - start)
    except Exception as error:
        print(f"    does not run here: {type(error).__name__}: {error}")
        return None, np.nan
    return values - values.mean(axis=0), 1e3 * min(times) / len(frames)


def gains(measured: np.ndarray, true: np.ndarray) -> str:
    """Gain errors in percent at the three frequencies."""
    t = np.arange(len(measured)) / FS
    carriers = np.exp(-2j * np.pi * np.outer(FREQUENCIES, t))
    return " ".join(
        f"{100 * (a / b - 1):+5.1f}" for a, b in zip(abs(carriers @ measured), abs(carriers @ true), strict=True)
    )


def whole(frames: int, estimators: dict[str, Estimator]) -> None:
    """Print the table of the texture."""
    scene, right = synthetic.texture((128, 128)), sines(frames).sum(axis=1)
    moves = np.stack([right / 2, right], axis=1)
    true = moves - moves.mean(axis=0)
    cases: dict[str, dict[str, Any]] = {
        "noise 1": {"noise": 1.0},
        "noise 0": {"noise": 0.0},
        "noise 3": {"noise": 3.0},
        "flicker 2 % at 20 Hz": {"noise": 1.0, "light": 1 + 0.02 * np.sin(2 * np.pi * 20 * np.arange(frames) / FS)},
    }
    carrier = np.exp(-2j * np.pi * 20 * np.arange(frames) / FS) * 2 / frames
    print(
        f"{'Whole frame':30}{'region':>9}{'bound':>7}{'error':>7}{'ratio':>7}   gain % at 5, 31, 87 Hz   peak at 20 Hz"
    )
    for case, options in cases.items():
        clip = synthetic.render(scene, moves, seed=1, **options)
        print(f"  {case}, mpx")
        for size, box in SQUARES.items():
            bound = vmm.measure.displacement_crlb(scene((0, 0)), box, noise=options["noise"])
            for name, estimator in estimators.items():
                measured, _ = safely(estimator, clip, [box])
                if measured is not None:
                    error = np.sqrt(np.square(measured[:, 0] - true).mean())
                    ratio, peak = (
                        error / np.sqrt(np.square(bound).mean()),
                        abs(carrier @ (measured[:, 0, 1] - true[:, 1])),
                    )
                    print(
                        f"    {name:26}{size:>9}{1e3 * np.sqrt(np.square(bound).mean()):7.2f}{1e3 * error:7.2f}"
                        f"{ratio:7.2f}   {gains(measured[:, 0, 1], true[:, 1]):20}{1e3 * peak:14.2f}"
                    )


def detected_peaks(signals: np.ndarray) -> str:
    """Number of true and of false peaks that exceed the noise floor of the mean PSD of signals (T, R) by 10 dB."""
    f, power = scipy.signal.welch(signals, FS, nperseg=min(480, len(signals)), axis=0)
    power = power.mean(axis=1)
    level = 10 * np.log10(power / scipy.ndimage.median_filter(power, int(24 / f[1]) + 1, mode="reflect"))
    peaks = f[scipy.signal.find_peaks(level, height=10)[0]]
    correct = sum(bool((abs(peaks - frequency) < 0.75).any()) for frequency in FREQUENCIES)
    return f"{correct} +{sum(abs(FREQUENCIES - peak).min() >= 0.75 for peak in peaks)}"


def beam(frames: int, estimators: dict[str, Estimator]) -> None:
    """Print the table of the cantilever: 15 regions, and a dense field."""
    scene = synthetic.beam()
    shapes = synthetic.cantilever(synthetic.beam_positions(320))
    clip = synthetic.render(scene, sines(frames), noise=1.0)
    true_shapes = np.stack([shapes[:, col : col + 21].mean(axis=1) for _, col, _, _ in BOXES], axis=1)
    true = sines(frames) @ true_shapes
    true -= true.mean(axis=0)
    bound = vmm.measure.displacement_crlb(scene([0, 0, 0]), BOXES, noise=1.0)[:, 0]
    print(
        f"\n{'Cantilever, 15 regions':30}{'error':>7}{'ratio':>7}   MAC{'peaks':>27}{'ms/frame':>10}{'ratio to LK':>12}"
    )
    speeds: dict[str, float] = {}
    for name, estimator in estimators.items():
        measured, speeds[name] = safely(estimator, clip, BOXES)
        if measured is None:
            continue
        error = np.sqrt(np.square(measured[:, :, 0] - true).mean(axis=0))
        t = np.arange(frames) / FS
        amplitudes = np.exp(-2j * np.pi * np.outer(FREQUENCIES, t)) @ measured[:, :, 0]
        macs = " ".join(f"{np.diag(vmm.measure.mac(amplitudes, true_shapes))[k]:.4f}" for k in range(3))
        ratio = speeds[name] / speeds.get("pyidi LucasKanade", np.nan)
        figures = (
            f"{1e3 * error.mean():7.2f}{(error / bound).mean():7.2f}   {macs:24} {detected_peaks(measured[:, :, 0]):>5}"
        )
        print(f"    {name:26}{figures}{speeds[name]:10.3f}{ratio:12.3f}")
    start = time.perf_counter()
    full = vmm.measure.modes(clip, FREQUENCIES, fs=FS, sigma=5.0)
    elapsed = 1e3 * (time.perf_counter() - start) / frames
    inner = full.shapes[:, 36:60, 12:300, 0]
    exact = np.broadcast_to(
        (AMPLITUDES[:, None] * shapes * -1j * np.exp(1j * PHASES[:, None]))[:, None, 12:300], inner.shape
    )
    macs = " ".join(f"{vmm.measure.mac(a[None], b[None])[0, 0]:.5f}" for a, b in zip(inner, exact, strict=True))
    errors = " ".join(f"{1e3 * e:.2f}" for e in np.sqrt(np.square(abs(inner - exact)).mean(axis=(1, 2))))
    print(f"\nEvery pixel, sigma 5: MAC {macs}; error {errors} mpx of 200, 20, 5 mpx; {elapsed:.1f} ms/frame")


def main(quick: bool = False) -> None:
    """Print the tables."""
    frames = 240 if quick else LENGTH
    with_pyidi = has_pyidi()
    whole(frames, (THEIRS if with_pyidi else {}) | OURS)
    beam(frames, (THEIRS | VERTICAL_ONLY if with_pyidi else {}) | OURS)
