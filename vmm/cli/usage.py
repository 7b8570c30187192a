"""Examples at the end of the help text of each command."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

EXAMPLES: dict[str, tuple[str, ...]] = {
    "demo": ("vmm demo", "vmm demo folder --alpha 50"),
    "info": ("vmm info clip.mp4",),
    "auto": ("vmm auto clip.mp4", "vmm auto guitar.mp4 --fs 600"),
    "suggest": ("vmm suggest clip.mp4", "vmm suggest clip.mp4 --fs 600 --out places.png"),
    "gradient": (
        "vmm gradient in.mp4 out.mp4 --band 2 3 --alpha 20 --compare",
        "vmm gradient in.mp4 sheet.png --band 2 3 --sweep alpha=5,10,20",
        "vmm gradient in.mp4 out.mp4 --band 2 3 --alpha 20 --band 7 9 --alpha -1",
        "vmm gradient in.mp4 out.mp4 --static --alpha 10",
    ),
    "phase": ("vmm phase baby.mp4 out.mp4 --preset baby", "vmm phase in.mp4 out.mp4 --band 2 3 --alpha 20"),
    "riesz": ("vmm riesz in.mp4 out.mp4 --band 2 3 --alpha 20",),
    "linear": ("vmm linear in.mp4 out.mp4 --band 0.4 3 --alpha 10 --wavelength 16",),
    "color": ("vmm color face.mp4 pulse.mp4 --band 0.83 1.0 --alpha 50",),
    "acceleration": ("vmm acceleration in.mp4 out.mp4 --frequency 8 --alpha 8",),
    "jerk": ("vmm jerk in.mp4 out.mp4 --frequency 8 --alpha 8",),
    "anisotropy": ("vmm anisotropy in.mp4 out.mp4 --frequency 8 --alpha 8",),
    "bilateral": ("vmm bilateral in.mp4 out.mp4 --frequency 8 --alpha 8",),
    "lagrangian": ("vmm lagrangian in.mp4 out.mp4 --band 2 3 --alpha 10",),
    "lightweight": (
        "vmm lightweight in.mp4 out.mp4 --band 1 3 --alpha 20",
        "vmm lightweight in.mp4 out.mp4 --mode static --size base",
    ),
    "realtime": ("vmm realtime in.mp4 out.mp4 --band 1 3 --alpha 20",),
    "magnet": ("vmm magnet in.mp4 out.mp4 --band 1 3 --weights magnet.onnx",),
    "slice": ("vmm slice in.mp4 out.mp4 slice.png",),
    "measure": (
        "vmm measure in.mkv --fs 240 --report report.html",
        "vmm measure in.mkv --roi 80 288 32 32 --length-px 210 --length 50mm --out displacement.csv",
    ),
    "spectrum": ("vmm spectrum in.mkv --fs 240 --out spectrum.png", "vmm spectrum in.mkv --still auto"),
    "compare": ("vmm compare before.mkv after.mkv --fs 240 --report changes.html",),
    "modes": ("vmm modes in.mkv --fs 240 --frequency 5 31 --out shapes.png --out shapes.gif",),
    "sound": ("vmm sound crisps.mkv --fs 2200 --out sound.wav",),
    "pulse": ("vmm pulse face.mp4 --roi 90 150 120 220", "vmm pulse baby.mp4 --breath"),
    "batch": ("vmm batch *.mp4 --out results -- gradient --band 4 6 --alpha 20",),
    "live": ("vmm live camera:0 out.mp4 --band 2 3 --alpha 20", "vmm live rtsp://host/stream --network --band 1 3"),
    "app": ("vmm app clip.mp4",),
    "completion": ('eval "$(vmm completion bash)"',),
}
"""Commands that a user may copy. Their options are those that are needed most."""


class HelpFormatter(argparse.HelpFormatter):
    """A formatter that keeps the lines of texts that have several, which are the examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return text
        return super()._fill_text(text, width, indent)


def add_examples(parsers: Mapping[str, argparse.ArgumentParser]) -> None:
    """Add the examples to the help text of each command."""
    for name, parser in parsers.items():
        parser.formatter_class = HelpFormatter
        if name in EXAMPLES:
            lines = "\n".join(f"  {line}" for line in EXAMPLES[name])
            parser.epilog = "\n".join(filter(None, [parser.epilog, f"examples:\n{lines}"]))
