"""The command ``convert``: conversion of the published weights of a network to ONNX graphs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import vmm
from vmm.io.destination import check_destination


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Convert the published weights of a network to ONNX graphs, which the option --weights of a method loads."
    verb = verbs.add_parser("convert", help=summary, description=summary)
    verb.add_argument("input", help="PyTorch state dict (.pth, .pt, .tar) or NumPy arrays (.npz).")
    output = verb.add_argument("output")
    output.help = "NAME.onnx; NAME.encoder.onnx, NAME.manipulator.onnx and NAME.decoder.onnx are written."
    verb.add_argument("--as", dest="kind", required=True, choices=vmm.LEARNED, help="Network that the weights are for.")
    verb.add_argument("--overwrite", action="store_true", help="Overwrite existing output files.")
    verb.set_defaults(run=_convert)


def _convert(options: argparse.Namespace) -> None:
    from vmm.learned.network import files

    output = Path(options.output)
    if not Path(options.input).exists():
        raise ValueError(f"{options.input}: no such file")
    for file in files(output).values():
        check_destination(file, overwrite=options.overwrite)
    try:
        from vmm.train.convert import convert

        written = convert(options.input, output, options.kind, overwrite=options.overwrite)
    except ModuleNotFoundError as error:  # The exporter of PyTorch imports some packages only when it runs.
        raise ImportError(f"vmm convert needs the package {error.name}: pip install torch onnx onnxscript") from error
    for file in written:
        print(file)
