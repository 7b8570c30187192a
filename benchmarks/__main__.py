"""``python -m benchmarks NAME``: run one of the benchmarks."""

import argparse
import sys

from benchmarks import (
    app,
    batch,
    choices,
    chunks,
    files,
    gpu,
    learned,
    motions,
    rates,
    ratios,
    scale,
    soak,
    speed,
    times,
)
from benchmarks.measuring import run as measuring
from benchmarks.picture import run as picture
from benchmarks.study import run

BENCHMARKS = {
    "speed": speed.main,
    "gpu": gpu.main,
    "motions": motions.main,
    "times": times.main,
    "rates": rates.main,
    "files": files.main,
}

OWN_OPTIONS = {
    "app": app.main,
    "batch": batch.main,
    "learned": learned.main,
    "study": run.main,
    "picture": picture.main,
    "measure": measuring.main,
    "soak": soak.main,
    "choices": choices.main,
    "chunks": chunks.main,
    "ratios": ratios.main,
    "scale": scale.main,
}

if sys.argv[1:2] and sys.argv[1] in OWN_OPTIONS:
    OWN_OPTIONS[sys.argv[1]](sys.argv[2:])
else:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name",
        choices=[*BENCHMARKS, *OWN_OPTIONS],
        help=f"benchmark to run; {', '.join(OWN_OPTIONS)} have a --help of their own",
    )
    parser.add_argument("--quick", action="store_true", help="use the smallest size, or few scenes")
    options = parser.parse_args()
    BENCHMARKS[options.name](quick=options.quick)
