"""``python -m benchmarks study``: run the jobs without a stored result, then write the report."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from benchmarks.study.experiments import NAMES, experiments
from benchmarks.study.jobs import list_jobs, run_jobs
from benchmarks.study.page import write
from benchmarks.study.settings import FULL, QUICK
from benchmarks.study.store import Store
from benchmarks.study.types import Setting
from vmm.backend.threads import cores


def study(out: Path, setting: Setting, only: tuple[str, ...] = (), quiet: bool = False, processes: int = 1) -> Path:
    """Run the jobs without a stored result in a number of processes, and write the report; return its path."""
    out.mkdir(parents=True, exist_ok=True)
    selected, store = experiments(only), Store(out, setting)
    work = [(name, job) for name, one in selected.items() for job in list_jobs(name, one, setting, out)]
    pending = [(name, job) for name, job in work if not store.has(name, job.key)]
    with tqdm(total=len(pending), disable=quiet, unit="job") as bar:
        for name, job, values, seconds in run_jobs(pending, setting, out, processes):
            store.add(name, job.key, values, seconds)
            bar.set_description(f"{name}: {', '.join(job.key)}"[:60], refresh=False)
            bar.update()
    stored = {name: store.results(name) for name in selected}
    results = {name: {job.key: stored[name][job.key] for other, job in work if other == name} for name in selected}
    return write(out, setting, selected, results)


def networks(options: Sequence[str]) -> Mapping[str, str]:
    """Parse options of the form ``NAME=PATH``; return the paths by name."""
    pairs = [text.partition("=") for text in options]
    invalid = [text for text, (name, _, path) in zip(options, pairs, strict=True) if not (name and path)]
    if invalid:
        raise ValueError(f"--network {invalid[0]!r} must have the form NAME=PATH.onnx")
    return {name: path for name, _, path in pairs}


def main(arguments: Sequence[str] = ()) -> None:
    """Run the study from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks study", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("study"), help="folder for the report and its tables [study]")
    parser.add_argument("--quick", action="store_true", help="few scenes and points; takes a few minutes")
    parser.add_argument(
        "--only", nargs="+", default=(), choices=NAMES, metavar="NAME", help="run only these: " + ", ".join(NAMES)
    )
    parser.add_argument("--network", nargs="+", default=(), metavar="NAME=PATH", help="additional networks")
    options = parser.parse_args(arguments)
    try:
        extra = networks(options.network)
    except ValueError as error:
        parser.error(str(error))
    setting = replace(QUICK if options.quick else FULL, networks=tuple(extra.items()))
    print(study(options.out.resolve(), setting, tuple(options.only), processes=cores()))
