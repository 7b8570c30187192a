"""Magnify the field's clips with the settings of their papers: python real_clips.py FOLDER [OUT].

FOLDER holds baby.mp4, crane_crop.mp4, guitar.mp4 and face.mp4; what is missing is left out. OUT (real_clips) gets a
video of each, side by side with its input, and one sheet of frames and slices.
"""

import sys
from pathlib import Path

import vmm

poles = vmm.temporal.iir(r=(0.4, 0.05))
CLIPS = {  # title: file, method, line of the slice, settings
    "baby, phase": ("baby", vmm.phase, {"col": 480}, {"band": (0.1, 0.6), "alpha": 20, "sigma": 5}),
    "crane": ("crane_crop", vmm.phase, {"row": 70}, {"band": (0.2, 0.25), "alpha": 75, "sigma": 5, "transition": 1.0}),
    "E string": ("guitar", vmm.phase, {"col": 216}, {"band": (72, 92), "fs": 600, "alpha": 25, "sigma": 2}),
    "A string": ("guitar", vmm.phase, {"col": 216}, {"band": (100, 120), "fs": 600, "alpha": 25, "sigma": 2}),
    "face": (
        "face",
        vmm.color,
        {"row": 200},
        {"band": (0.83, 1.0), "alpha": 25},
    ),  # 50 at the gain of one half that was released
    "baby, linear": ("baby", vmm.linear, {"col": 480}, {"band": None, "temporal": poles, "wavelength": 16}),
    "baby, riesz": ("baby", vmm.riesz, {"col": 480}, {"band": (0.1, 0.6), "alpha": 20}),
}

folder, out = Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "real_clips")
out.mkdir(exist_ok=True)
done, lines, rates = {}, {}, {}
for title, (name, method, line, settings) in CLIPS.items():
    path = folder / f"{name}.mp4"
    if path.exists():
        frames, fs = vmm.io.read(path)
        lines[title], rates[title] = line, settings.get("fs", fs)
        done[title] = frames, method.magnify(frames, **{"fs": fs, **settings})
        vmm.io.write(out / f"{title}.mp4", vmm.plot.side_by_side(*done[title]), fs, overwrite=True)
vmm.plot.gallery(done, lines, fs=rates).savefig(out / "sheet.png", dpi=80)
