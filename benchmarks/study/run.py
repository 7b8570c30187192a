"""``python -m benchmarks study``: run the jobs that are not done yet, then write the page."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from benchmarks.study.experiments import NAMES, experiments
from benchmarks.study.kept import Kept
from benchmarks.study.page import write
from benchmarks.study.parts import Setting
from benchmarks.study.settings import FULL, QUICK
from benchmarks.study.work import done, listed
from vmm.backend.threads import cores


def study(out: Path, setting: Setting, only: tuple[str, ...] = (), quiet: bool = False, processes: int = 1) -> Path:
    """Run what is not done yet, in so many processes, and write the page; returns its path."""
    out.mkdir(parents=True, exist_ok=True)
    chosen, kept = experiments(only), Kept(out, setting)
    work = [(name, job) for name, one in chosen.items() for job in listed(name, one, setting, out)]
    left = [(name, job) for name, job in work if not kept.has(name, job.key)]
    with tqdm(total=len(left), disable=quiet, unit="job") as bar:
        for name, job, values, seconds in done(left, setting, out, processes):
            kept.add(name, job.key, values, seconds)
            bar.set_description(f"{name}: {', '.join(job.key)}"[:60], refresh=False)
            bar.update()
    known = {name: kept.of(name) for name in chosen}
    results = {name: {job.key: known[name][job.key] for other, job in work if other == name} for name in chosen}
    return write(out, setting, chosen, results)


def networks(given: Sequence[str]) -> Mapping[str, str]:
    """Names and paths from ``NAME=PATH``."""
    pairs = [text.partition("=") for text in given]
    wrong = [text for text, (name, _, path) in zip(given, pairs, strict=True) if not (name and path)]
    if wrong:
        raise ValueError(f"network {wrong[0]!r} must be given as NAME=PATH.onnx")
    return {name: path for name, _, path in pairs}


def main(arguments: Sequence[str] = ()) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks study", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("study"), help="folder for the page and its numbers")
    parser.add_argument("--quick", action="store_true", help="few scenes and points: some minutes")
    parser.add_argument("--only", nargs="+", default=(), choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--network", nargs="+", default=(), metavar="NAME=PATH", help="other networks that take part")
    options = parser.parse_args(arguments)
    try:
        more = networks(options.network)
    except ValueError as error:
        parser.error(str(error))
    setting = replace(QUICK if options.quick else FULL, networks=tuple(more.items()))
    print(study(options.out.resolve(), setting, tuple(options.only), processes=cores()))
