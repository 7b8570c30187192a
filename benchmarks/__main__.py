"""``python -m benchmarks NAME``: run one of the benchmarks."""

import argparse
import sys

from benchmarks import gpu, learned, measure, motions, speed
from benchmarks.study import run

BENCHMARKS = {
    "speed": speed.main,
    "gpu": gpu.main,
    "motions": motions.main,
    "measure": measure.main,
    "learned": learned.main,
}

if sys.argv[1:2] == ["study"]:
    run.main(sys.argv[2:])
else:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name", choices=[*BENCHMARKS, "study"], help="benchmark to run; for the options of study see study --help"
    )
    parser.add_argument("--quick", action="store_true", help="use the smallest size, or few scenes")
    options = parser.parse_args()
    BENCHMARKS[options.name](quick=options.quick)
