"""``python -m benchmarks NAME``: run one of the benchmarks."""

import argparse

from benchmarks import speed

BENCHMARKS = {"speed": speed.main}

parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
parser.add_argument("name", choices=BENCHMARKS)
BENCHMARKS[parser.parse_args().name]()
