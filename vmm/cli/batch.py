"""The command ``batch``: one command for many files."""

from __future__ import annotations

import argparse
import glob
import os
import string
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import vmm
from vmm.backend.threads import cores
from vmm.cli.batch_records import Job, Records, Row, write_tables
from vmm.cli.messages import print_message
from vmm.cli.processes import Command, Outcome

_SUFFIXES = {"auto": "", "measure": ".csv", "spectrum": ".csv", "sound": ".wav", "modes": ".npz"}
"""Extensions of the outputs by command; magnified clips are .mp4, and what other commands print is .txt."""

_CORES_PER_JOB = 4
"""Cores for each file by default. With more of them, it is faster to run another file at the same time."""

_FIELDS = ("stem", "parent", "command")


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Run one command for many files, several at a time, and write a table of the results."
    verb = verbs.add_parser(
        "batch",
        help=summary,
        description=f"{summary} Files that were done before with the same contents and settings are skipped, so that "
        "the same command goes on after an interruption. The exit status is 1 if a file failed.",
        epilog="Example: vmm batch *.mp4 --out magnified -- phase --band 4 6 --alpha 20",
        usage="vmm batch [options] FILE [FILE ...] --out FOLDER -- COMMAND [options of the command]",
    )
    verb.add_argument("files", nargs="+", metavar="FILE", help="Files, or patterns in quotes such as '*.mp4'.")
    out = verb.add_argument("--out", required=True, metavar="FOLDER")
    out.help = "Folder of the outputs and of the tables vmm_batch.csv and vmm_batch.html; it is made if needed."
    pattern = verb.add_argument("--pattern", default="{stem}_{command}", metavar="NAME")
    pattern.help = (
        "Names of the outputs, in which {stem} is the name of the file without its extension, {parent} that of its "
        "folder, and {command} that of the command. Default: {stem}_{command}."
    )
    form = verb.add_argument("--format", metavar="EXTENSION")
    form.help = (
        "Extension of the outputs, such as .mkv. Default: .mp4 for magnified clips, .csv for measure and spectrum, "
        ".wav for sound, .npz for modes, a folder for auto, and .txt for what other commands print."
    )
    jobs = verb.add_argument("--jobs", type=int, metavar="N")
    jobs.help = "Files at a time, which share the cores equally. Default: one for every 4 cores."
    scheduler = verb.add_argument("--scheduler", metavar="ADDRESS")
    scheduler.help = (
        "Address of a scheduler of dask.distributed, such as tcp://host:8786, whose workers run the commands. They "
        "must see the files and the folder under the same paths."
    )
    resources = verb.add_argument("--resources", metavar="NAME=AMOUNT")
    resources.help = "Resource of the scheduler's workers that each file needs, such as GPU=1."
    verb.add_argument("--quiet", action="store_true", help="Show no progress bar.")
    verb.set_defaults(run=_batch, command=[])
    _take_command(verb)


def _take_command(verb: Any) -> None:
    """Let the parser take the words after -- as they are: they belong to another command."""
    parse = verb.parse_known_args

    def parse_with_command(words: Sequence[str], namespace: Any = None) -> Any:
        end = list(words).index("--") if "--" in words else len(words)
        options, rest = parse(words[:end], namespace)
        options.command = list(words[end + 1 :])
        return options, rest

    verb.parse_known_args = parse_with_command


def _batch(options: argparse.Namespace) -> int:
    """Run the command; return 1 if it failed for a file."""
    folder = Path(options.out)
    jobs = _jobs(options, folder)
    if options.jobs is not None and options.jobs < 1:
        raise ValueError(f"--jobs {options.jobs} must be at least 1: the number of files at a time")
    if options.resources is not None and options.scheduler is None:
        raise ValueError(f"--resources {options.resources} needs --scheduler, whose workers have resources")
    folder.mkdir(parents=True, exist_ok=True)
    records = Records(folder)
    rows: dict[Job, Row] = {}
    try:
        with _bar(len(jobs), quiet=options.quiet) as advance:
            for job, row in _results(options, jobs, records):
                rows[job] = row
                if row.result == "failed":
                    is_named = row.message.startswith(row.source)
                    print_message("error", row.message if is_named else f"{row.source}: {row.message}")
                advance()
    finally:
        page = write_tables(folder, [rows[job] for job in jobs if job in rows], " ".join(["vmm", *options.command]))
    numbers = {result: sum(row.result == result for row in rows.values()) for result in ("done", "skipped", "failed")}
    print(", ".join(f"{number} {result}" for result, number in numbers.items()) + f"; the table is {page}")
    return int(numbers["failed"] > 0)


def _jobs(options: argparse.Namespace, folder: Path) -> list[Job]:
    """One job for each file; raise if the command is unknown, or two outputs have one name."""
    if not options.command:
        raise ValueError(
            "the command is missing: end with -- and a command, for example -- phase --band 4 6 --alpha 20"
        )
    name, *words = options.command
    _check_command(name, words)
    outputs: dict[Path, str] = {}
    jobs = []
    for source in _sources(options.files):
        path = folder / _name(options, name, Path(source))
        if path in outputs:
            raise ValueError(
                f"{outputs[path]} and {source} would both be written to {path}: make the names different, for example "
                "with --pattern {parent}_{stem}_{command}"
            )
        outputs[path] = source
        jobs.append(_job(name, words, source, str(path)))
    return jobs


def _check_command(name: str, words: Sequence[str]) -> None:
    """Raise unless the options of the command are valid, so that a mistake does not fail once for each file."""
    from vmm.cli import _parser

    commands = (*vmm.METHODS, *vmm.LEARNED, "info", "auto", "suggest", "measure", "spectrum", "modes", "sound", "pulse")
    if name not in commands:
        raise ValueError(f"{name!r} must be one of the commands {', '.join(commands)}")
    _parser().parse_args([name, "in.mp4", *(["out.mp4"] if name in _magnifiers() else []), *words])


def _magnifiers() -> tuple[str, ...]:
    return (*vmm.METHODS, *vmm.LEARNED)


def _sources(patterns: Sequence[str]) -> list[str]:
    """The files of the patterns, each once; raise if a pattern matches none."""
    sources: dict[str, None] = {}
    for pattern in patterns:
        names = [pattern] if Path(pattern).exists() else sorted(glob.glob(pattern))
        if not names:
            raise ValueError(f"{pattern}: no such file, and no file matches it")
        sources.update(dict.fromkeys(names))
    return list(sources)


def _name(options: argparse.Namespace, command: str, source: Path) -> str:
    """Name of the output for a file."""
    for _, field, _, _ in string.Formatter().parse(options.pattern):
        if field is not None and field not in _FIELDS:
            raise ValueError(
                f"--pattern {options.pattern}: {{{field}}} must be one of {{stem}}, {{parent}} and {{command}}"
            )
    default = _SUFFIXES.get(command, ".mp4" if command in _magnifiers() else ".txt")
    suffix = default if options.format is None else f".{options.format.lstrip('.')}"
    name: str = options.pattern.format(stem=source.stem, parent=source.absolute().parent.name, command=command) + suffix
    if Path(name).name != name:
        raise ValueError(f"--pattern {options.pattern} must give names without folders, not {name}")
    return name


def _job(name: str, words: Sequence[str], source: str, output: str) -> Job:
    # A path that begins with a dash is no option.
    source, output = (os.path.join(".", path) if path.startswith("-") else path for path in (source, output))
    if name in _magnifiers():
        return Job(source, (name, source, output, *words, "--overwrite", "--quiet"), output, takes_text=False)
    if Path(output).suffix == ".txt":
        return Job(source, (name, source, *words), output, takes_text=True)
    quiet = [] if name == "info" else ["--quiet"]
    return Job(source, (name, source, *words, "--out", output, "--overwrite", *quiet), output, takes_text=False)


def _results(options: argparse.Namespace, jobs: Sequence[Job], records: Records) -> Iterator[tuple[Job, Row]]:
    """Run the jobs that are not done yet, and yield each with its result as it ends."""
    waiting = {}
    for job in jobs:
        try:
            key = records.key(job)
            if records.is_done(key, job):
                yield job, Row(job.source, "skipped", job.output, 0.0, records.message(key))
                continue
        except OSError as error:
            yield job, Row(job.source, "failed", job.output, 0.0, f"it cannot be read: {error.strerror}")
            continue
        waiting[job] = key
    run = _run_here if options.scheduler is None else _run_on_scheduler
    for job, outcome, seconds in run(options, list(waiting)):
        row = _row(job, outcome, seconds)
        if row.result == "done":
            records.add(waiting[job], job, row)
        yield job, row


def _row(job: Job, outcome: Outcome, seconds: float) -> Row:
    """The result of a job; the text that it has printed is written to its output if it writes no other."""
    from vmm.io.drafts import draft

    if outcome.status != 0:
        return Row(job.source, "failed", job.output, seconds, outcome.error())
    try:
        if job.takes_text:
            with draft(Path(job.output), overwrite=True) as temporary:
                temporary.write_text(outcome.output, encoding="utf-8")
    except OSError as error:
        return Row(job.source, "failed", job.output, seconds, f"{job.output}: {error.strerror}")
    lines = outcome.output.strip().splitlines()
    return Row(job.source, "done", job.output, seconds, lines[-1].strip() if lines else "")


def _run_here(options: argparse.Namespace, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome, float]]:
    """Run jobs in processes of this machine."""
    at_a_time = options.jobs or max(1, cores() // _CORES_PER_JOB)
    commands = {job: Command(job.words, threads=max(1, cores() // at_a_time)) for job in jobs}
    pool = ThreadPoolExecutor(at_a_time)
    try:
        running = {pool.submit(_timed, command.run): job for job, command in commands.items()}
        for future in as_completed(running):
            yield running[future], *future.result()
    finally:
        for command in commands.values():
            command.stop()
        pool.shutdown(cancel_futures=True)


def _timed(run: Callable[[], Outcome]) -> tuple[Outcome, float]:
    start = perf_counter()
    return run(), perf_counter() - start


def _run_on_scheduler(options: argparse.Namespace, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome, float]]:
    """Run jobs on the workers of a scheduler."""
    from vmm.cli.batch_scheduler import run

    return run(options.scheduler, jobs, Path(options.out), options.resources)


@contextmanager
def _bar(total: int, *, quiet: bool) -> Iterator[Callable[[], object]]:
    """A progress bar over all files, and the function that advances it."""
    from tqdm import tqdm

    with tqdm(total=total, unit="file", desc="batch", disable=quiet) as bar:
        yield bar.update
