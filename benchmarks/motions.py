"""How truly every method magnifies large, noisy and jumping motion: mean squared error, and achieved gain.

Three circles of one grey each, before each of 25 backgrounds, move by 0.1 px at 2.5 Hz to the right, down and along
the diagonal, and should move by 10 px: the protocol of the lightweight-network paper (Singh et al., WACV 2023, table
3). They stand, or drift by 1 px a frame as well; without and with noise; beside a step of 3 px; under a lamp that
flickers by 2 %. The last scene is a textured disc of radius 60 that drifts by 0.5 px a frame and vibrates by 0.1 px at
2 Hz, magnified 20 times, with noise of 1 grey level: structural similarity to the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from skimage.metrics import structural_similarity
from tqdm import tqdm

import vmm
from vmm.data import synthetic
from vmm.temporal import acceleration

FS, FREQUENCY, SHAPE, FRAMES = 30.0, 2.5, (120, 240), 48
MIDDLE = slice(6, 42)  # three periods, away from the ends
CIRCLES = {  # noise in grey levels, drift in pixels a frame, step in pixels, flicker
    "standing": (0.0, 0.0, 0.0, 0.0),
    "standing, noise 3": (3.0, 0.0, 0.0, 0.0),
    "drifting": (0.0, 1.0, 0.0, 0.0),
    "drifting, noise 3": (3.0, 1.0, 0.0, 0.0),
    "step": (0.0, 0.0, 3.0, 0.0),
    "flicker": (0.0, 0.0, 0.0, 0.02),
}


def methods(frequency: float) -> dict[str, Callable[..., Any]]:
    """Every method of motion for one frequency, as a function of frames and alpha; and published forms of some."""
    band = (0.8 * frequency, 1.2 * frequency)
    found: dict[str, Callable[..., Any]] = {"nothing": lambda frames, alpha: frames}
    for name in vmm.METHODS:
        method = getattr(vmm, name).magnify
        if name in ("acceleration", "jerk", "anisotropy", "bilateral"):
            found[name] = partial(method, frequency=frequency, fs=FS)
        elif name != "color":  # which magnifies no motion
            found[name] = partial(method, band=band, fs=FS)
    along = acceleration(frequency, FS)
    found["lagrangian, acceleration"] = partial(vmm.lagrangian.magnify, band=None, fs=FS, temporal=along)
    as_published = {"frequency": frequency, "fs": FS, "sigma": 0.0, "limit": float("inf")}
    found["acceleration, published"] = partial(vmm.acceleration.magnify, kernel="dog", **as_published)
    found["jerk, published"] = partial(vmm.jerk.magnify, kernel="takeda", **as_published)
    found["bilateral, published"] = partial(vmm.bilateral.magnify, pairs=False, **as_published)
    return found


def circles(background: str, case: str, alpha: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The clip, the truth, and the background."""
    noise, drift, jump, flicker = CIRCLES[case]
    behind = synthetic.background(background, SHAPE)
    seed = synthetic.BACKGROUNDS.index(background)
    scene = synthetic.circles(behind, seed=seed)
    wave = synthetic.sway(FRAMES, FS, FREQUENCY, 0.1)[:, 1]
    other = synthetic.step(FRAMES, FRAMES // 2, jump)[:, 1]
    light = 1 + flicker * np.sin(2 * np.pi * 1.7 * FREQUENCY * np.arange(FRAMES) / FS)
    frames = synthetic.render(scene, synthetic.three_ways(wave + other, drift), noise=noise, light=light, seed=seed)
    truth = synthetic.render(scene, synthetic.three_ways((1 + alpha) * wave + other, drift), light=light)
    return frames, truth, behind


def error(out: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error away from the ends."""
    return float(np.mean((out[MIDDLE].astype(float) - truth[MIDDLE]) ** 2))


def swing(frames: np.ndarray, behind: np.ndarray) -> float:
    """Amplitude in pixels, at the frequency, of the circle that moves to the right: of where it differs from behind."""
    width = SHAPE[1] // 3
    other = np.abs(frames[MIDDLE, :, :width].astype(float) - behind[:, :width])
    weight = np.clip(other - 30, 0, 30)
    where = (weight * np.arange(width)).sum(axis=(1, 2)) / np.maximum(weight.sum(axis=(1, 2)), 1e-9)
    t = np.arange(len(where)) / FS
    turn = 2 * np.pi * FREQUENCY * t
    shapes = np.stack([np.ones_like(t), t, np.sin(turn), np.cos(turn)], axis=1)
    return float(np.hypot(*np.linalg.lstsq(shapes, where, rcond=None)[0][2:]))


def drifting_disc() -> tuple[np.ndarray, np.ndarray]:
    """The clip, and the truth at 20 times the vibration."""
    scene, still = synthetic.disc((240, 320)), np.zeros((100, 2))
    drift = still + 0.5 * (np.arange(100)[:, None] - 50) * np.array([0.0, 1.0])
    sway = synthetic.sway(100, FS, 2, 0.1)
    return synthetic.render(scene, drift + sway, noise=1.0), synthetic.render(scene, drift + 20 * sway)


def similarity(out: np.ndarray, truth: np.ndarray) -> float:
    """Mean structural similarity of every sixth frame."""
    options = {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    return float(np.mean([structural_similarity(a, b, **options) for a, b in zip(out[::6], truth[::6], strict=True)]))


def main(quick: bool = False) -> None:
    """Print the tables."""
    backgrounds = synthetic.BACKGROUNDS[::9] if quick else synthetic.BACKGROUNDS
    cases = ["standing", "drifting"] if quick else list(CIRCLES)
    print(f"Circles, 0.1 px to 10 px, {len(backgrounds)} backgrounds: mean squared error, gain over that asked for\n")
    print(f"{'':26}" + "".join(f"{case:>20}" for case in cases))
    for name, row in rows(backgrounds, cases).items():
        print(f"{name:26}" + "".join(f"{mean:13.1f}{gain:7.2f}" for mean, gain in row))
    print("\nDrifting disc, 20 times: structural similarity")
    frames, truth = drifting_disc()
    for name, method in methods(2.0).items():
        print(f"{name:26}{similarity(method(frames, alpha=19.0), truth):8.4f}", flush=True)


def rows(backgrounds: Sequence[str], cases: Sequence[str]) -> dict[str, list[tuple[float, float]]]:
    """Mean error and median gain of each method in each case."""
    tried = methods(FREQUENCY)
    found: dict[str, list[list[tuple[float, float]]]] = {name: [[] for _ in cases] for name in tried}
    for background in tqdm(backgrounds):
        for i, case in enumerate(cases):
            frames, truth, behind = circles(background, case, 99.0)
            wanted = swing(truth, behind)
            for name, method in tried.items():
                out = method(frames, alpha=99.0)
                found[name][i].append((error(out, truth), swing(out, behind) / wanted))
    return {
        name: [(float(np.mean([e for e, _ in one])), float(np.median([g for _, g in one]))) for one in row]
        for name, row in found.items()
    }
