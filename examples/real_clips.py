"""Magnify well-known clips in the bands and by the factors of their papers: python real_clips.py FOLDER [OUT].

FOLDER contains baby.mp4, crane_crop.mp4, guitar.mp4 and face.mp4; missing clips are skipped. The folder OUT, by default
real_clips, gets a video of each input and result, and sheet.png. The change over time of each is printed.
"""

import sys
from pathlib import Path

import numpy as np

import vmm

poles = vmm.temporal.iir(r=(0.4, 0.05))
CLIPS = {  # title: file, method, line of the slice, settings
    "baby, gradient": ("baby", vmm.gradient, {"col": 480}, {"band": (0.1, 0.6), "alpha": 20}),
    "crane": ("crane_crop", vmm.gradient, {"row": 70}, {"band": (0.2, 0.25), "alpha": 75}),
    "E string": ("guitar", vmm.gradient, {"col": 216}, {"band": (72, 92), "fs": 600, "alpha": 25}),
    "A string": ("guitar", vmm.gradient, {"col": 216}, {"band": (100, 120), "fs": 600, "alpha": 25}),
    "face": ("face", vmm.color, {"row": 200}, {"band": (0.83, 1.0), "alpha": 25}),  # 50 for the paper's gain of 1/2
    "baby, linear": ("baby", vmm.linear, {"col": 480}, {"band": None, "temporal": poles, "wavelength": 16}),
    "baby, phase": ("baby", vmm.phase, {"col": 480}, {"band": (0.1, 0.6), "alpha": 20}),
    "baby, riesz": ("baby", vmm.riesz, {"col": 480}, {"band": (0.1, 0.6), "alpha": 20}),
}

folder, out = Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "real_clips")
out.mkdir(exist_ok=True)
results, lines, rates = {}, {}, {}
for title, (name, method, line, settings) in CLIPS.items():
    path = folder / f"{name}.mp4"
    if path.exists():
        frames, fs = vmm.io.read(path)
        lines[title], rates[title] = line, settings.get("fs", fs)
        results[title] = frames, method.magnify(frames, **{"fs": fs, **settings})
        vmm.io.write(out / f"{title}.mp4", vmm.plot.side_by_side(*results[title]), fs, overwrite=True)
        stds = [float(np.std(clip[::4], axis=0).mean()) for clip in results[title]]
        print("{}: standard deviation over time {:.1f}, after magnification {:.1f} gray levels".format(title, *stds))
vmm.plot.gallery(results, lines, fs=rates).savefig(out / "sheet.png", dpi=80)
