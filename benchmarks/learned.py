"""The learned magnifiers on photographs that they have not seen, beside the published weights and the phase method.

Two frames of a photograph, shifted as a whole by 0.05 to 1 px, rounded with dither: structural similarity to the truth
at 2 and 5 px of output motion, without and with noise; achieved over nominal motion; what a still scene becomes; the
temporal mode on two frequencies; time at 640x360, and memory at 1080p. Published weights, where the folder
``../shared/weights`` holds them, need PyTorch to be read.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import vmm
from benchmarks.speed import median
from benchmarks.study.entrants import Entrant, entrants, learned, networks
from vmm.data import synthetic
from vmm.data.shifts import COLUMNS, HELD_OUT, achieved, shift, similarities
from vmm.learned import load

MOTIONS = tuple((motion, out) for motion in (0.05, 0.2, 0.5) for out in (0.5, 1.0, 2.0, 4.0, 6.0, 8.0) if out > motion)

Magnifier = Callable[[np.ndarray, np.ndarray, float], np.ndarray]

_RUN = """
import re, sys, numpy as np, vmm
from vmm.learned import load
frames = (np.random.default_rng(i).integers(0, 255, (1, 1080, 1920, 3), np.uint8) for i in range(4))
kind = load(sys.argv[1]).kind
for _ in getattr(vmm, kind).magnify(frames, weights=sys.argv[1]):
    pass
print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()).group(1)) // 1024)
"""


def total(entrant: Entrant) -> Magnifier:
    """Two frames by the total factor."""
    return lambda a, b, factor: entrant.pair(a, b, factor - 1)


def main(quick: bool = False) -> None:
    """Print the tables."""
    nets = networks()
    found = entrants()
    tried = {"no magnification": total(found["nothing"]), "phase": total(found["phase"])}
    tried |= {name: total(learned(name, path)) for name, path in nets.items()}
    names = HELD_OUT[:2] if quick else HELD_OUT
    print("Structural similarity: motion > output motion in px, + noise in grey levels")
    print(f"{'':26}" + "".join(f"{m:>6g}>{o:g}" + (f"+{n:g}" if n else "  ") for m, o, n in COLUMNS))
    for name, magnified in tried.items():
        scores = similarities(magnified, COLUMNS, names)
        print(f"{name:26}" + "".join(f"{score:10.3f}" for score in scores), flush=True)
    _gains({name: f for name, f in tried.items() if name != "no magnification"}, names[:4])
    _still({name: f for name, f in tried.items() if name != "no magnification"})
    _two_frequencies(nets)
    if not quick:
        _times(nets)
        _memory(nets)


def _gains(tried: dict[str, Magnifier], names: tuple[str, ...]) -> None:
    """Achieved motion over that asked for."""
    print("\nAchieved over nominal output motion, median and extremes over photographs")
    print(f"{'':26}" + "".join(f"{m:>9g}>{o:<8g}" for m, o in MOTIONS))
    for name, magnified in tried.items():
        row = ""
        for motion, out in MOTIONS:
            scenes = [shift(photograph, motion, out) for photograph in names]
            found = [achieved(s, magnified(s.a, s.b, out / motion)) / out for s in scenes]
            row += f"{np.median(found):7.2f} ({min(found):.2f}-{max(found):.2f})"[:18].ljust(18)
        print(f"{name:26}{row}", flush=True)


def _still(tried: dict[str, Magnifier]) -> None:
    """What a scene that does not move becomes at alpha 20."""
    print("\nStill scene, alpha 20: mean absolute error in grey levels, noise 0 and 3")
    scene = shift("coffee", 0.0, 0.0)
    rng = np.random.default_rng(0)
    for name, magnified in tried.items():
        row = ""
        for noise in (0.0, 3.0):
            still = scene.truth if noise else np.rint(scene.truth)
            a, b = (np.clip(np.rint(still + noise * rng.normal(size=still.shape)), 0, 255) for _ in range(2))
            made = magnified(a.astype(np.uint8), b.astype(np.uint8), 21.0)
            row += f"{np.abs(made - still).mean():8.2f}"
        print(f"{name:26}{row}", flush=True)


def two_frequencies(fs: float = 30.0) -> tuple[np.ndarray, Any, np.ndarray]:
    """A clip whose left half sways at 2 Hz and whose right half at 6 Hz, each by 0.2 px; its scene and motion."""
    from skimage.data import coffee

    image = coffee()[60:188, 100:356].astype(float)
    left = 1 / (1 + np.exp((np.arange(256) - 128) / 6))
    scene = synthetic.warp(image, np.stack([np.tile(left, (128, 1)), np.tile(1 - left, (128, 1))]))
    moves = np.stack([synthetic.sway(60, fs, 2.0, 0.2), synthetic.sway(60, fs, 6.0, 0.2)], axis=1)
    return np.stack([scene(m) for m in moves]), scene, moves


def _moved(frames: np.ndarray) -> np.ndarray:
    """Displacement to the right (T,) against the mean, by correlation, which follows several pixels."""
    from skimage.registration import phase_cross_correlation

    grey = frames.mean(axis=-1) * np.hanning(frames.shape[1])[:, None] * np.hanning(frames.shape[2])
    found = [phase_cross_correlation(grey[0], one, upsample_factor=50, normalization=None)[0][1] for one in grey]
    seen = -np.array(found)
    return seen - seen.mean()


def _two_frequencies(nets: dict[str, str]) -> None:
    """The temporal mode: 1 to 3 Hz magnified to 4 px, 6 Hz left alone."""
    print("\nTwo frequencies, 1 to 3 Hz by alpha 19: gain over that of the truth at 2 Hz, and change in px at 6 Hz")
    frames, scene, moves = two_frequencies()
    frames = np.rint(np.clip(frames, 0, 255)).astype(np.uint8)
    truth = np.stack([scene(m) for m in moves * [[[20.0], [1.0]]]])
    wanted, slow = _both(truth), moves[15:45, 0, 1]
    for name, path in nets.items():
        method = getattr(vmm, load(path).kind)
        seen = _both(method.magnify(frames, (1, 3), fs=30, alpha=19, weights=path))
        gain = float(seen[:, 0] @ slow / (wanted[:, 0] @ slow))
        change = float(np.abs(seen[:, 1] - wanted[:, 1]).max())
        print(f"{name:26}{gain:8.2f}{change:8.2f}", flush=True)


def _both(frames: np.ndarray) -> np.ndarray:
    """Displacement to the right (30, 2) of either half, in the middle of the clip."""
    return np.stack([_moved(frames[15:45, :, cols]) for cols in (slice(8, 104), slice(152, 248))], axis=1)


def parts(path: str, height: int = 360, width: int = 640) -> tuple[float, float, float]:
    """Milliseconds that encoder, manipulator and decoder take for a frame."""
    net = load(path)
    size = net.size((height, width)).whole
    x = np.random.default_rng(0).random((1, 3, *size), dtype=np.float32) * 2 - 1
    given = (x, x) if net.pair else (x,)
    texture, *shapes = net.encode(*given)
    shape = net.manipulate(shapes[0], shapes[-1], 10.0)
    steps = [
        lambda: net.encode(*given),
        lambda: net.manipulate(shapes[0], shapes[-1], 10.0),
        lambda: net.decode(texture, shape),
    ]
    one, two, three = (1000 * median(step, 7) for step in steps)
    return one, two, three


def _times(nets: dict[str, str]) -> None:
    """Milliseconds a frame of 640x360, and over those of MagNet."""
    print("\nTime a frame of 640x360 in ms: encoder, manipulator, decoder, all; over MagNet's; all with both encodings")
    found = {name: parts(path) for name, path in nets.items()}
    largest = sum(found["magnet"])
    for name, times in found.items():
        total = sum(times)
        both = total if load(nets[name]).pair else total + times[0]
        row = "".join(f"{t:8.1f}" for t in (*times, total))
        print(f"{name:26}{row}{total / largest:8.2f}{both:8.1f} ({total / both:.2f})", flush=True)


def _memory(nets: dict[str, str]) -> None:
    """Memory of a process that magnifies frames of 1080p."""
    print("\nPeak memory of the process at 1080p")
    for name, path in nets.items():
        said = subprocess.run([sys.executable, "-c", _RUN, path], capture_output=True, text=True)
        memory = said.stdout.split()[-1] if said.returncode == 0 else f"failed: {said.stderr[-200:]}"
        print(f"{name:26}{memory:>8} MB", flush=True)
