"""Write the stored references: python tests/golden/make.py. Do it only where a method is meant to change."""

from pathlib import Path

import numpy as np

import vmm
from vmm.data import synthetic

PATH = Path(__file__).parent / "references.npz"


def outputs() -> dict[str, np.ndarray]:
    """One frame of each method's answer to a small clip, in grey levels."""
    moves = synthetic.sway(40, 30, 2.5, 0.2, angle=30)
    grey = synthetic.render(synthetic.texture((40, 52), seed=5), moves, dtype=np.float64)
    frames = grey[..., None] * np.array([0.9, 0.7, 0.5])
    options = {"color": {"level": 2}, "linear": {"wavelength": 12}, "phase": {"sigma": 1}}
    return {
        name: getattr(vmm, name).magnify(frames, (2, 3), fs=30, alpha=8, **options.get(name, {}))[17].astype(np.float32)
        for name in vmm.METHODS
    }


if __name__ == "__main__":
    np.savez_compressed(PATH, **outputs())
