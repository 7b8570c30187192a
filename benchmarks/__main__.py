"""``python -m benchmarks NAME``: run one of the benchmarks."""

import argparse

from benchmarks import gpu, learned, measure, motions, speed

BENCHMARKS = {
    "speed": speed.main,
    "gpu": gpu.main,
    "motions": motions.main,
    "measure": measure.main,
    "learned": learned.main,
}

parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
parser.add_argument("name", choices=BENCHMARKS)
parser.add_argument("--quick", action="store_true", help="the smallest size, or few scenes")
options = parser.parse_args()
BENCHMARKS[options.name](quick=options.quick)
