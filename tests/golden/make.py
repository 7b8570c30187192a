"""Write the stored references: PYTHONPATH=tests python tests/golden/make.py. Only where a method is meant to change."""

from pathlib import Path

import numpy as np
from cases import BY_FREQUENCY

import vmm
from vmm.data import synthetic

PATH = Path(__file__).parent / "references.npz"


def outputs() -> dict[str, np.ndarray]:
    """One frame of each method's answer to a small clip, in gray levels."""
    moves = synthetic.sway(40, 30, 2.5, 0.2, angle=30)
    gray = synthetic.render(synthetic.texture((40, 52), seed=5), moves, dtype=np.float64)
    frames = gray[..., None] * np.array([0.9, 0.7, 0.5])
    options = {"color": {"level": 2}, "linear": {"wavelength": 12}, "phase": {"sigma": 1}}
    results = {}
    for name in vmm.METHODS:
        where = 2.5 if name in BY_FREQUENCY else (2, 3)
        magnified = getattr(vmm, name).magnify(frames, where, fs=30, alpha=8, **options.get(name, {}))
        results[name] = magnified[17].astype(np.float32)
    return results


if __name__ == "__main__":
    np.savez_compressed(PATH, allow_pickle=False, **outputs())
