"""``python -m benchmarks learned``: accuracy and cost of the networks, of published ones and of classical methods.

The input consists of two frames of a photograph, shifted by 0.05 to 1 px and quantized with dither. The figures are the
structural similarity to the ground truth at 2 and 5 px of output motion, with and without noise; the effect of a change
of light; the same similarity for objects that move in front of a background, in the frame and within 8 px of the
object; measured over nominal motion; the change of a static scene; the gain in the temporal mode at two frequencies;
the processor time at 640x360 and 1280x720, and the memory at 1080p. Published weights are included if they exist in
``../shared/weights``; reading them needs PyTorch. Networks that cannot be run are named at the end, with the reasons.
With ``--speed``, only the processor times are measured.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import vmm
from benchmarks import cases
from benchmarks.study.entrants import Entrant, entrants, excluded, learned, networks
from vmm.backend.threads import cores, set_threads
from vmm.data import layers, synthetic
from vmm.data.shifts import COLUMNS, HELD_OUT, INNER, measured_shift, shift, similarities
from vmm.engine.windows import ShortClipWarning
from vmm.learned import load

MOTIONS = tuple((motion, out) for motion in (0.05, 0.2, 0.5) for out in (0.5, 1.0, 2.0, 4.0, 6.0, 8.0) if out > motion)

LIGHTS = {"2 % brighter": 1.02, "drift": np.linspace(1.0, 1.1, 256)[:, None]}
"""Ratios of the light in frame b to that in frame a: a change at once, and a drift by up to 10 % across the frame."""

CLASSICAL = ("gradient", "phase", "lagrangian")
"""Methods of the library that are compared with the networks."""

TIMED_CASES = ("phase", "gradient", "riesz", "linear", "lagrangian")
"""Classical methods whose times are compared with those of the networks."""

ROUNDS = 3
"""Number of times that each network and method is run; the first run also compiles or loads it."""

SHORT, LONG = 8, 48
"""Lengths of two clips in frames. The difference of their times is that of the frames between them."""

Magnifier = Callable[[np.ndarray, np.ndarray, float], np.ndarray]

_RUN = """
import re, sys, numpy as np, vmm
from vmm.engine.windows import ShortClipWarning
from vmm.learned import load
frames = (np.random.default_rng(i).integers(0, 255, (1, 1080, 1920, 3), np.uint8) for i in range(4))
kind = load(sys.argv[1]).kind
for _ in getattr(vmm, kind).magnify(frames, weights=sys.argv[1]):
    pass
print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()).group(1)) // 1024)
"""


def total(entrant: Entrant) -> Magnifier:
    """Function of two frames and the total factor for an entrant."""
    if entrant.pair is None:
        raise ValueError(f"{entrant.name} cannot magnify two frames")
    pair = entrant.pair
    return lambda a, b, factor: pair(a, b, factor - 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks learned", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="use two photographs and three scenes, and measure no time"
    )
    parser.add_argument("--speed", action="store_true", help="measure only the processor times per frame, on one core")
    options = parser.parse_args(arguments)
    nets = networks()
    if options.speed:
        for size in ("360p", "720p"):
            print_times(nets, size)
    else:
        _tables(nets, options.quick)
    for name, reason in excluded().items():
        print(f"{name:26}not run: {reason}")


def _tables(nets: dict[str, str], quick: bool) -> None:
    """Print the tables of accuracy and cost."""
    methods = entrants()
    magnifiers = {"no magnification": total(methods["nothing"]), **{name: total(methods[name]) for name in CLASSICAL}}
    magnifiers |= {name: total(learned(name, path)) for name, path in nets.items()}
    names = HELD_OUT[:2] if quick else HELD_OUT
    print("Structural similarity: motion > output motion in px, + noise in gray levels; then light: see changed_light")
    labels = "".join(f"{m:>6g}>{o:g}" + (f"+{n:g}" if n else "  ") for m, o, n in COLUMNS)
    print(f"{'':26}" + labels + "".join(f"{label:>14}" for label in LIGHTS))
    for name, magnified in magnifiers.items():
        scores = similarities(magnified, COLUMNS, names)
        row = "".join(f"{score:10.3f}" for score in scores)
        row += "".join(f"{changed_light(magnified, names, gain):14.2f}" for gain in LIGHTS.values())
        print(f"{name:26}{row}", flush=True)
    _layers(magnifiers, range(0, layers.SCENES, 5 if quick else 1))
    magnifiers.pop("no magnification")
    _gains(magnifiers, names[:4])
    _static_scene(magnifiers)
    _two_frequencies(nets)
    if not quick:
        for size in ("360p", "720p"):
            print_times(nets, size)
        _memory(nets)


def _layers(magnifiers: dict[str, Magnifier], scenes: Sequence[int]) -> None:
    """Similarity to the truth in scenes of two layers."""
    print("\nStructural similarity in two layers, in the frame and near the object; columns as above")
    labels = [f"{m:g}>{o:g}" + (f"+{n:g}" if n else "") for m, o, n in layers.COLUMNS]
    print(f"{'':26}" + "".join(f"{label:>13}" for label in [*labels, "mean"]))
    for name, magnified in magnifiers.items():
        scores = layers.similarities(magnified, layers.COLUMNS, scenes)
        pairs = [*scores, np.mean(scores, axis=0)]
        print(f"{name:26}" + "".join(f"  {frame:.3f} {near:.3f}" for frame, near in pairs), flush=True)


def changed_light(magnified: Magnifier, names: Sequence[str], gain: Any = 1.02, alpha: float = 15.0) -> float:
    """Mean difference in gray levels of the output from frame b, which is frame a with another light, without motion.

    The gain is a number or a map. Ideally the difference is 0, since there is no motion to magnify.
    """
    differences = []
    for name in names:
        a = np.rint(shift(name, 0.0, 0.0).truth)
        b = np.clip(np.rint(gain * a), 0, 255)
        out = np.clip(magnified(a.astype(np.uint8), b.astype(np.uint8), 1 + alpha), 0, 255)
        differences.append(np.abs(out - b)[INNER].mean())
    return float(np.mean(differences))


def _gains(magnifiers: dict[str, Magnifier], names: tuple[str, ...]) -> None:
    """Measured over nominal output motion."""
    print("\nMeasured over nominal output motion, median and extremes over photographs")
    print(f"{'':26}" + "".join(f"{m:>9g}>{o:<8g}" for m, o in MOTIONS))
    for name, magnified in magnifiers.items():
        row = ""
        for motion, out in MOTIONS:
            scenes = [shift(photograph, motion, out) for photograph in names]
            gains = [measured_shift(s, magnified(s.a, s.b, out / motion)) / out for s in scenes]
            row += f"{np.median(gains):7.2f} ({min(gains):.2f}-{max(gains):.2f})"[:18].ljust(18)
        print(f"{name:26}{row}", flush=True)


def _static_scene(magnifiers: dict[str, Magnifier]) -> None:
    """Change of a static scene at alpha 20."""
    print("\nStatic scene, alpha 20: mean absolute error in gray levels, with noise of 0 and 3 gray levels")
    scene = shift("coffee", 0.0, 0.0)
    rng = np.random.default_rng(0)
    for name, magnified in magnifiers.items():
        row = ""
        for noise in (0.0, 3.0):
            clean = scene.truth if noise else np.rint(scene.truth)
            a, b = (np.clip(np.rint(clean + noise * rng.normal(size=clean.shape)), 0, 255) for _ in range(2))
            out = magnified(a.astype(np.uint8), b.astype(np.uint8), 21.0)
            row += f"{np.abs(out - clean).mean():8.2f}"
        print(f"{name:26}{row}", flush=True)


def two_frequencies(fs: float = 30.0) -> tuple[np.ndarray, Any, np.ndarray]:
    """A clip with motion of 2 Hz on the left and 6 Hz on the right, amplitude 0.2 px; its scene and motion."""
    from skimage.data import coffee

    image = coffee()[60:188, 100:356].astype(float)
    weight = 1 / (1 + np.exp((np.arange(256) - 128) / 6))
    scene = synthetic.warp(image, np.stack([np.tile(weight, (128, 1)), np.tile(1 - weight, (128, 1))]))
    moves = np.stack([synthetic.sway(60, fs, 2.0, 0.2), synthetic.sway(60, fs, 6.0, 0.2)], axis=1)
    return np.stack([scene(m) for m in moves]), scene, moves


def _displacement(frames: np.ndarray) -> np.ndarray:
    """Displacement (T,) to the right relative to its mean, by phase correlation, which measures several pixels."""
    from skimage.registration import phase_cross_correlation

    gray = frames.mean(axis=-1) * np.hanning(frames.shape[1])[:, None] * np.hanning(frames.shape[2])
    shifts = [phase_cross_correlation(gray[0], one, upsample_factor=50, normalization=None)[0][1] for one in gray]
    displacement = -np.array(shifts)
    return displacement - displacement.mean()


def _two_frequencies(nets: dict[str, str]) -> None:
    """The temporal mode: motion of 1 to 3 Hz is magnified to 4 px, motion of 6 Hz is not."""
    print("\nTwo frequencies, band 1 to 3 Hz, alpha 19: measured over nominal gain at 2 Hz, and change in px at 6 Hz")
    frames, scene, moves = two_frequencies()
    frames = np.rint(np.clip(frames, 0, 255)).astype(np.uint8)
    truth = np.stack([scene(m) for m in moves * [[[20.0], [1.0]]]])
    nominal, slow = _both_halves(truth), moves[15:45, 0, 1]
    for name, path in nets.items():
        method = getattr(vmm, load(path).kind)
        measured = _both_halves(method.magnify(frames, (1, 3), fs=30, alpha=19, weights=path))
        gain = float(measured[:, 0] @ slow / (nominal[:, 0] @ slow))
        change = float(np.abs(measured[:, 1] - nominal[:, 1]).max())
        print(f"{name:26}{gain:8.2f}{change:8.2f}", flush=True)


def _both_halves(frames: np.ndarray) -> np.ndarray:
    """Displacement (30, 2) to the right of the left and the right half, in the middle of the clip."""
    return np.stack([_displacement(frames[15:45, :, cols]) for cols in (slice(8, 104), slice(152, 248))], axis=1)


def parts(path: str, shape: tuple[int, int]) -> list[Callable[[], Any]]:
    """The encoder, the manipulator and the decoder of a network for one frame; encodings of the reference are kept."""
    net = load(path)
    x = np.random.default_rng(0).random((1, 3, *net.size(shape).whole), dtype=np.float32) * 2 - 1
    inputs = (x, x) if net.pair else (x,)
    texture, *shapes = net.encode(*inputs)
    shape_b = net.manipulate(shapes[0], shapes[-1], 10.0)
    return [
        partial(net.encode, *inputs),
        partial(net.manipulate, shapes[0], shapes[-1], 10.0),
        partial(net.decode, texture, shape_b),
    ]


def run_case(case: str, loop: np.ndarray, frames: int) -> None:
    """Magnify a clip of the given number of frames by a classical method."""
    for _ in cases.magnified(case, cases.Again(loop, frames)):
        pass


def processor_seconds(function: Callable[[], object]) -> float:
    """Time of a call on all cores together, in seconds."""
    start = time.process_time()
    function()
    return time.process_time() - start


def print_times(nets: dict[str, str], size: str) -> None:
    """Print processor times per frame on one core, also relative to the published MagNet if its weights are there.

    All networks and methods are run in turn, and the smallest time of each counts, so that other work on the machine
    disturbs the ratios little.
    """
    print(f"\nProcessor ms per frame of {size} on one core: encoder, manipulator, decoder, sum; over MagNet")
    threads, shape = cores(), cases.SIZES[size]
    set_threads(1)
    steps = {name: parts(path, shape) for name, path in nets.items()}
    loop = cases.clip(shape, 4)
    for case in TIMED_CASES:
        steps[case] = [partial(run_case, case, loop, n) for n in (SHORT, LONG)]
    times = {name: np.full(len(functions), np.inf) for name, functions in steps.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ShortClipWarning)
        for _ in range(ROUNDS):
            for name, functions in steps.items():
                times[name] = np.minimum(times[name], [1000 * processor_seconds(one) for one in functions])
    set_threads(threads)
    magnet = times["published MagNet"].sum() if "published MagNet" in nets else float("nan")
    for name, row in times.items():
        total = row.sum() if name in nets else (row[1] - row[0]) / (LONG - SHORT)
        columns = "".join(f"{t:8.0f}" for t in row) if name in nets else " " * 24
        print(f"{name:26}{columns}{total:8.0f}{total / magnet:8.2f}", flush=True)


def _memory(nets: dict[str, str]) -> None:
    """Print the peak memory of a process that magnifies frames of 1080p."""
    print("\nPeak memory of the process at 1080p")
    for name, path in nets.items():
        process = subprocess.run([sys.executable, "-c", _RUN, path], capture_output=True, text=True)
        memory = process.stdout.split()[-1] if process.returncode == 0 else f"failed: {process.stderr[-200:]}"
        print(f"{name:26}{memory:>8} MB", flush=True)
