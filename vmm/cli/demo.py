"""The command ``demo``: a clip with known motion, magnified."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import vmm


def add(verbs: Any) -> None:
    """Add the verb to the parser's."""
    verb = verbs.add_parser("demo", help="render a clip with known motion, magnify it, and leave videos and a picture")
    verb.add_argument("folder", nargs="?", default="vmm-demo", help="where to put them [vmm-demo]")
    verb.add_argument("--alpha", type=float, default=20.0, help="what is added to the motion [20]")
    verb.add_argument("--frames", type=int, default=90, help="length of the clip [90]")
    verb.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> None:
    import numpy as np

    from vmm.data import demo, synthetic

    folder = Path(options.folder)
    if options.frames < 30 or not np.isfinite(options.alpha):
        raise ValueError(f"--frames {options.frames} must be at least 30, and --alpha {options.alpha:g} finite")
    folder.mkdir(parents=True, exist_ok=True)
    scene, motion, fs = demo.scene(), demo.displacement(options.frames), demo.FS
    print(f"Rendering a rocket that sways by 0.1 px at 2 Hz, between towers that sway by 0.1 px at 5 Hz: {folder}/")
    clip = synthetic.render(scene, motion, noise=1.0)
    print(f"Magnifying {demo.BAND[0]:g} to {demo.BAND[1]:g} Hz by the phase method, alpha {options.alpha:g}")
    out = vmm.phase.magnify(clip, demo.BAND, fs=fs, alpha=options.alpha)
    vmm.io.write(folder / "input.mkv", clip, fs, overwrite=True)
    vmm.io.write(folder / "output.mp4", out, fs, overwrite=True)
    vmm.io.write(folder / "side-by-side.mp4", vmm.plot.side_by_side(clip, out), fs, overwrite=True)
    top, _, height, _ = demo.ROCKET
    vmm.plot.slices(clip[:, :, 60:380], out[:, :, 60:380], row=top + height // 2, fs=fs).savefig(
        folder / "slice.png", dpi=100
    )
    truth = synthetic.render(scene, motion, dtype=np.float32)
    true, seen = (vmm.measure.displacement(c, [demo.ROCKET]).values[:, 0, 1] for c in (truth, out))
    achieved = float(np.dot(seen - seen.mean(), true - true.mean()) / np.square(true - true.mean()).sum())
    print(
        f"True magnification {1 + options.alpha:.2f}, achieved {achieved:.2f}: "
        f"see {folder}/side-by-side.mp4 and {folder}/slice.png"
    )
