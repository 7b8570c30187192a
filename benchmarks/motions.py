"""How truly every method magnifies large, noisy and jumping motion: mean squared error, and achieved gain.

Three circles of one grey each, before each of 25 backgrounds, move by 0.1 px at 2.5 Hz to the right, down and along
the diagonal, and should move by 10 px: the protocol of the lightweight-network paper (Singh et al., WACV 2023, table
3). They stand, or drift by 1 px a frame as well; without and with noise; beside a step of 3 px; under a lamp that
flickers by 2 %. The last scene is a textured disc of radius 60 that drifts by 0.5 px a frame and vibrates by 0.1 px at
2 Hz, magnified 20 times, with noise of 1 grey level: structural similarity to the truth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from benchmarks.study.entrants import Entrant, entrants, forms
from benchmarks.study.measured import swing
from benchmarks.study.settings import QUICK
from vmm.data import synthetic
from vmm.data.magnified import FREQUENCY, FS, Magnified, moving_circles
from vmm.measure import structural_similarity

SHAPE, FRAMES = (120, 240), 48
MIDDLE = slice(6, 42)  # three periods, away from the ends
CIRCLES: dict[str, dict[str, float]] = {
    "standing": {},
    "standing, noise 3": {"noise": 3.0},
    "drifting": {"drift": 1.0},
    "drifting, noise 3": {"noise": 3.0, "drift": 1.0},
    "step": {"jump": 3.0},
    "flicker": {"flicker": 0.02},
}


def methods() -> dict[str, Entrant]:
    """Every classical method of motion, and published forms of some."""
    return {name: one for name, one in (entrants(QUICK) | forms()).items() if one.kind != "learned"}


def circles(background: str, case: str, alpha: float) -> Magnified:
    """The clip of one case, with its truth."""
    return moving_circles(background, alpha, shape=SHAPE, frames=FRAMES, **CIRCLES[case])


def error(out: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error away from the ends."""
    return float(np.mean((out[MIDDLE].astype(float) - truth[MIDDLE]) ** 2))


def drifting_disc() -> tuple[np.ndarray, np.ndarray]:
    """The clip, and the truth at 20 times the vibration."""
    scene, still = synthetic.disc((240, 320)), np.zeros((100, 2))
    drift = still + 0.5 * (np.arange(100)[:, None] - 50) * np.array([0.0, 1.0])
    sway = synthetic.sway(100, FS, 2, 0.1)
    return synthetic.render(scene, drift + sway, noise=1.0), synthetic.render(scene, drift + 20 * sway)


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
    for name, one in methods().items():
        print(f"{name:26}{structural_similarity(one.magnify(frames, 2.0, FS, 19.0), truth, every=6):8.4f}", flush=True)


def rows(backgrounds: Sequence[str], cases: Sequence[str]) -> dict[str, list[tuple[float, float]]]:
    """Mean error and median gain of each method in each case."""
    tried = methods()
    found: dict[str, list[list[tuple[float, float]]]] = {name: [[] for _ in cases] for name in tried}
    for background in tqdm(backgrounds):
        for i, case in enumerate(cases):
            frames, truth, behind, *_ = circles(background, case, 99.0)
            wanted = swing(truth[MIDDLE], behind, FS, FREQUENCY)
            for name, one in tried.items():
                out = one.magnify(frames, FREQUENCY, FS, 99.0)
                found[name][i].append((error(out, truth), swing(out[MIDDLE], behind, FS, FREQUENCY) / wanted))
    return {
        name: [(float(np.mean([e for e, _ in one])), float(np.median([g for _, g in one]))) for one in row]
        for name, row in found.items()
    }
