"""Magnify the field's well-known clips with the settings of their papers: python real_clips.py FOLDER [OUT].

FOLDER holds baby.mp4, crane_crop.mp4, guitar.mp4 and face.mp4; what is missing is left out. OUT (real_clips) gets a
video of each, side by side with its input, and one sheet of frames and slices.
"""

import sys
from pathlib import Path

import vmm
from vmm.temporal import iir

CLIPS = {  # title: file, method, settings, line of the slice
    "baby, phase": ("baby.mp4", vmm.phase, dict(band=(0.1, 0.6), alpha=20, sigma=5), {"col": 480}),
    "crane, phase": (
        "crane_crop.mp4",
        vmm.phase,
        dict(band=(0.2, 0.25), alpha=75, sigma=5, transition=1.0),
        {"row": 70},
    ),
    "guitar, E string": ("guitar.mp4", vmm.phase, dict(band=(72, 92), fs=600, alpha=25, sigma=2), {"col": 216}),
    "guitar, A string": ("guitar.mp4", vmm.phase, dict(band=(100, 120), fs=600, alpha=25, sigma=2), {"col": 216}),
    "face, colour": ("face.mp4", vmm.color, dict(band=(0.83, 1.0), alpha=50), {"row": 200}),
    "baby, linear": (
        "baby.mp4",
        vmm.linear,
        dict(band=None, alpha=10, wavelength=16, temporal=iir(r=(0.4, 0.05))),
        {"col": 480},
    ),
    "baby, riesz": ("baby.mp4", vmm.riesz, dict(band=(0.1, 0.6), alpha=20), {"col": 480}),
}


def main(folder: Path, out: Path) -> None:
    """Magnify the clips that are there."""
    out.mkdir(exist_ok=True)
    done, rates = {}, {}
    for title, (name, method, settings, _) in CLIPS.items():
        if (folder / name).exists():
            frames, fs = vmm.io.read(folder / name)
            rates[title] = settings.get("fs", fs)
            done[title] = frames, method.magnify(frames, **{"fs": fs, **settings})
            vmm.io.write(
                out / f"{title.replace(', ', '-')}.mp4", vmm.plot.side_by_side(*done[title]), fs, overwrite=True
            )
    lines = {title: line for title, (_, _, _, line) in CLIPS.items()}
    vmm.plot.gallery(done, lines, fs=rates).savefig(out / "sheet.png", dpi=80)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "real_clips"))
