"""The command ``demo``: a synthetic clip with known motion, magnified."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import vmm

_MIN_FRAMES = 30
"""Shortest clip: at 30 frames per second it contains two periods of the 2 Hz motion that is magnified."""


_ANIMATION = (110, 245, 180, 150)
"""Part (top, left, height, width) of the frame that the animated picture shows: the upper half of the rocket."""

_ENLARGEMENT = 2
"""Size of this part in the animated picture, relative to that in the video."""

_QUALITY = 55
"""Quality of the animated picture, from 0 to 100: the noise of the camera is still visible."""


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Render a clip with known motion, magnify it, and write the videos and a picture."
    verb = verbs.add_parser("demo", help=summary, description=summary)
    verb.add_argument("folder", nargs="?", default="vmm-demo", help="Folder of the output files. Default: vmm-demo.")
    alpha = verb.add_argument("--alpha", type=float, default=20.0, metavar="FACTOR")
    alpha.help = "Magnification: the output motion is (1 + alpha) times the input motion. Default: 20."
    frames = verb.add_argument("--frames", type=int, default=120, metavar="N")
    frames.help = f"Number of frames of the clip, at least {_MIN_FRAMES}. Default: 120."
    verb.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> None:
    import numpy as np

    from vmm.data import demo, synthetic
    from vmm.io.destination import check_name
    from vmm.io.drafts import draft

    folder = Path(options.folder)
    if options.frames < _MIN_FRAMES:
        raise ValueError(f"--frames {options.frames} must be at least {_MIN_FRAMES}, two periods of the motion")
    if not np.isfinite(options.alpha):
        raise ValueError(f"--alpha {options.alpha:g} must be a finite number")
    check_name(folder)
    folder.mkdir(parents=True, exist_ok=True)
    scene, motion, fs = demo.scene(), demo.displacement(options.frames), demo.FS
    print(f"Rendering a rocket whose top sways by 0.1 px at 2 Hz, between towers that do so at 5 Hz: {folder}/")
    clip = synthetic.render(scene, motion, noise=1.0)
    print(f"Magnifying {demo.BAND[0]:g} to {demo.BAND[1]:g} Hz with the gradient method, alpha {options.alpha:g}")
    out = vmm.gradient.magnify(clip, demo.BAND, fs=fs, alpha=options.alpha)
    vmm.io.write(folder / "input.mkv", clip, fs, overwrite=True)
    vmm.io.write(folder / "output.mp4", out, fs, overwrite=True)
    vmm.io.write(folder / "side-by-side.mp4", vmm.plot.side_by_side(clip, out), fs, overwrite=True)
    animation = _part(clip, out, demo.BAND, options.alpha)
    with draft(folder / "animation.webp", overwrite=True) as temporary:
        _write_animation(temporary, animation, fs)
    top, _, height, _ = demo.ROCKET
    figure = vmm.plot.slices(clip, out, row=top + height // 2, fs=fs)
    for axes in figure.axes:
        axes.set_ylim(360, 240)  # the columns about the rocket
    with draft(folder / "slice.png", overwrite=True) as temporary:
        figure.savefig(temporary, dpi=100)
    truth = synthetic.render(scene, motion, dtype=np.float32)
    true, measured = (vmm.measure.displacement(c, [demo.ROCKET]).values[:, 0, 1] for c in (truth, out))
    true, measured = true - true.mean(), measured - measured.mean()
    achieved = float(np.dot(measured, true) / np.square(true).sum())
    print(
        f"The motion is {achieved:.2f} times that of the input; {1 + options.alpha:.2f} times were asked for: "
        f"see {folder}/side-by-side.mp4 and {folder}/slice.png"
    )


def _part(clip: Any, out: Any, band: tuple[float, float], alpha: float) -> Any:
    """One second from the middle of both clips, next to one another, which repeats without a jump."""
    row, col, height, width = _ANIMATION
    first = (len(clip) - _MIN_FRAMES) // 2
    part = slice(first, first + _MIN_FRAMES), slice(row, row + height), slice(col, col + width)
    labels = "original", f"{band[0]:g} to {band[1]:g} Hz, {1 + alpha:g} times"
    return vmm.plot.side_by_side(_enlarged(clip[part]), _enlarged(out[part]), labels=labels)


def _enlarged(frames: Any) -> Any:
    """Frames (T, H, W, 3), enlarged by interpolation."""
    import numpy as np
    from PIL import Image

    height, width = (_ENLARGEMENT * n for n in frames.shape[1:3])
    return np.stack([np.asarray(Image.fromarray(frame).resize((width, height))) for frame in frames])


def _write_animation(path: Path, frames: Any, fs: float) -> None:
    """Write frames as an animated WebP picture, which pages show without a player."""
    from PIL import Image

    first, *others = map(Image.fromarray, frames)
    options = {"duration": round(1000 / fs), "loop": 0, "quality": _QUALITY, "method": 4}
    first.save(path, "WEBP", save_all=True, append_images=others, **options)
