"""Accuracy of every method with large motion, noise and steps: mean squared error, and measured gain.

Three uniform circles in front of each of 25 backgrounds move by 0.1 px at 2.5 Hz to the right, down and along the
diagonal, which is magnified to 10 px: the protocol of the lightweight network (Singh et al., WACV 2023, table 3). The
cases are: no other motion; drift by 1 px/frame; both with and without noise; a step of 3 px; illumination that flickers
by 2 %. The last scene is a textured disc with a radius of 60 px that drifts by 0.5 px/frame and vibrates by 0.1 px at
2 Hz, magnified 20 times, with noise of 1 gray level; its figure is the structural similarity to the ground truth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from benchmarks.study.entrants import Entrant, entrants, forms
from benchmarks.study.metrics import circle_amplitude
from benchmarks.study.settings import QUICK
from vmm.data import synthetic
from vmm.data.magnified import FREQUENCY, FS, Magnified, moving_circles
from vmm.measure import structural_similarity

SHAPE, FRAMES = (120, 240), 48
MIDDLE = slice(6, 42)  # Compared frames: three periods, away from the ends.
CIRCLES: dict[str, dict[str, float]] = {
    "standing": {},
    "standing, noise 3": {"noise": 3.0},
    "drifting": {"drift": 1.0},
    "drifting, noise 3": {"noise": 3.0, "drift": 1.0},
    "step": {"jump": 3.0},
    "flicker": {"flicker": 0.02},
}


def methods() -> dict[str, Entrant]:
    """Every classical method for motion, and the published forms of some of them."""
    return {name: one for name, one in (entrants(QUICK) | forms()).items() if one.kind != "learned"}


def circles(background: str, case: str, alpha: float) -> Magnified:
    """The clip of one case, with its ground truth."""
    return moving_circles(background, alpha, shape=SHAPE, frames=FRAMES, **CIRCLES[case])


def error(out: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error of the frames away from the ends."""
    return float(np.mean((out[MIDDLE].astype(float) - truth[MIDDLE]) ** 2))


def drifting_disc() -> tuple[np.ndarray, np.ndarray]:
    """The clip of the disc, and the ground truth with 20 times the vibration."""
    scene = synthetic.disc((240, 320))
    drift = 0.5 * (np.arange(100)[:, None] - 50) * np.array([0.0, 1.0])
    sway = synthetic.sway(100, FS, 2, 0.1)
    return synthetic.render(scene, drift + sway, noise=1.0), synthetic.render(scene, drift + 20 * sway)


def main(quick: bool = False) -> None:
    """Print the tables."""
    backgrounds = synthetic.BACKGROUNDS[::9] if quick else synthetic.BACKGROUNDS
    cases = ["standing", "drifting"] if quick else list(CIRCLES)
    print(f"Circles, 0.1 px to 10 px, {len(backgrounds)} backgrounds: mean squared error, measured over nominal gain\n")
    print(f"{'':26}" + "".join(f"{case:>20}" for case in cases))
    for name, row in rows(backgrounds, cases).items():
        print(f"{name:26}" + "".join(f"{mean:13.1f}{gain:7.2f}" for mean, gain in row))
    print("\nDrifting disc, 20 times: structural similarity")
    frames, truth = drifting_disc()
    for name, one in methods().items():
        print(f"{name:26}{structural_similarity(one.magnify(frames, 2.0, FS, 19.0), truth, every=6):8.4f}", flush=True)


def rows(backgrounds: Sequence[str], cases: Sequence[str]) -> dict[str, list[tuple[float, float]]]:
    """Mean squared error and median gain of each method in each case."""
    entrants_by_name = methods()
    results: dict[str, list[list[tuple[float, float]]]] = {name: [[] for _ in cases] for name in entrants_by_name}
    for background in tqdm(backgrounds):
        for i, case in enumerate(cases):
            scene = circles(background, case, 99.0)
            nominal = circle_amplitude(scene.truth[MIDDLE], scene.background, FS, FREQUENCY)
            for name, one in entrants_by_name.items():
                out = one.magnify(scene.frames, FREQUENCY, FS, 99.0)
                amplitude = circle_amplitude(out[MIDDLE], scene.background, FS, FREQUENCY)
                results[name][i].append((error(out, scene.truth), amplitude / nominal))
    return {
        name: [(float(np.mean([e for e, _ in one])), float(np.median([g for _, g in one]))) for one in row]
        for name, row in results.items()
    }
