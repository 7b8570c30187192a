"""The command ``convert``: published weights of a network as ONNX graphs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import vmm
from vmm.io.write import check_place


def add(verbs: Any) -> None:
    """Add the verb to the parser's."""
    said = "write downloaded weights of a published network as graphs that vmm runs: --weights OUTPUT"
    verb = verbs.add_parser("convert", help=said, description=said)
    verb.add_argument("input", help="a PyTorch state dict (.pth, .pt, .tar) or NumPy arrays (.npz)")
    verb.add_argument("output", help="NAME.onnx: NAME.encoder.onnx, NAME.manipulator.onnx, NAME.decoder.onnx")
    verb.add_argument("--as", dest="kind", required=True, choices=vmm.LEARNED, help="which network they are of")
    verb.add_argument("--overwrite", action="store_true", help="replace the output where it exists")
    verb.set_defaults(run=_convert)


def _convert(options: argparse.Namespace) -> None:
    from vmm.learned.network import files

    out = Path(options.output)
    if not Path(options.input).exists():
        raise ValueError(f"{options.input}: there is no such file")
    for file in files(out).values():
        check_place(file, overwrite=options.overwrite)
    from vmm.train.convert import convert

    for file in convert(options.input, out, options.kind):
        print(file)
