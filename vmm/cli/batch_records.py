"""Records of the command ``batch``: which files are done, and the tables of all results."""

from __future__ import annotations

import csv
import glob
import hashlib
import io
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import vmm
from vmm.io.photron import SUFFIXES

_NAME = "vmm_batch"
"""Name of the records and of the tables in the output folder, without extension."""

_PIECE = 2**20
"""Bytes of a file that are read at a time."""

_THUMBNAIL = 160
"""Width in pixels of the pictures in the table."""

_TITLES = ("file", "result", "output", "seconds", "message")


@dataclass(frozen=True)
class Job:
    """A command line for one file.

    Attributes
    ----------
    source
        Path of the input.
    words
        Words of the command after ``vmm``.
    output
        Path of the file or folder that it writes.
    takes_text
        Whether the output is the text that the command prints.
    """

    source: str
    words: tuple[str, ...]
    output: str
    takes_text: bool


@dataclass(frozen=True)
class Row:
    """The result of a job.

    Attributes
    ----------
    source, output
        Paths of the input and of the output.
    result
        ``done``, ``skipped`` (it was done before) or ``failed``.
    seconds
        Wall time.
    message
        The error, or the last line that the command has printed.
    """

    source: str
    result: str
    output: str
    seconds: float
    message: str


class Records:
    """The record of finished jobs in the output folder, one line of JSON for each.

    Parameters
    ----------
    folder
        The output folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{_NAME}.jsonl"
        self._entries: dict[str, dict[str, str]] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                    self._entries[entry["key"]] = entry
                except (ValueError, TypeError, KeyError):  # A line that was not written to its end.
                    continue

    def key(self, job: Job) -> str:
        """What a result depends on: the content of the input, the settings, and the version of the program."""
        words = [word for word in job.words if word not in (job.source, job.output)]
        text = json.dumps([digest(Path(job.source)), words, Path(job.output).name, vmm.__version__])
        return hashlib.sha256(text.encode()).hexdigest()

    def is_done(self, key: str, job: Job) -> bool:
        """Whether the job was done before, and its output is still what it was."""
        entry = self._entries.get(key)
        output = Path(job.output)
        return entry is not None and output.exists() and digest(output) == entry["contents"]

    def message(self, key: str) -> str:
        """The last line that a job which is done has printed."""
        return self._entries[key]["message"]

    def add(self, key: str, job: Job, row: Row) -> None:
        """Store that a job is done."""
        entry = {"key": key, "contents": digest(Path(job.output)), **asdict(row)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def digest(path: Path) -> str:
    """SHA-256 of the contents of a file and its companions, or of all files in a folder, with their names."""
    total = hashlib.sha256()
    for part in _parts(path):
        if part != path:
            total.update(
                f"{part.relative_to(path if path.is_dir() else path.parent)}\0".encode(errors="surrogateescape")
            )
        with part.open("rb") as file:
            while piece := file.read(_PIECE):
                total.update(piece)
    return total.hexdigest()


def _parts(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    if path.suffix.lower() in SUFFIXES:  # files of one name are one recording
        return sorted(
            part for part in path.parent.glob(f"{glob.escape(path.stem)}.*") if part.suffix.lower() in SUFFIXES
        )
    return [path]


def write_tables(folder: Path, rows: Iterable[Row], title: str) -> Path:
    """Write the results as a CSV file and as a page with pictures; return the path of the page."""
    from vmm.cli.outputs import page_bytes
    from vmm.io.drafts import draft

    rows = list(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_TITLES)
    writer.writerows((row.source, row.result, row.output, f"{row.seconds:.1f}", row.message) for row in rows)
    with draft(folder / f"{_NAME}.csv", overwrite=True) as temporary:
        temporary.write_bytes(page_bytes(text.getvalue()))
    page = folder / f"{_NAME}.html"
    with draft(page, overwrite=True) as temporary:
        table = [("", *_TITLES), *(_cells(row, temporary.parent / f"{n}.jpg") for n, row in enumerate(rows))]
        failed = sum(row.result == "failed" for row in rows)
        counts = f"{len(rows)} files, {failed} of which failed." if failed else f"{len(rows)} files."
        temporary.write_bytes(page_bytes(vmm.plot.page(title, [(counts, [table])])))
    return page


def read_table(folder: Path) -> list[dict[str, str]]:
    """The rows of the table in a folder, by their titles."""
    with (folder / f"{_NAME}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _cells(row: Row, thumbnail: Path) -> Sequence[str | Path]:
    """The cells of a row, the first of which is a picture of the output, or of the input, if one can be made."""
    words = (Path(row.source).name, row.result, Path(row.output).name, f"{row.seconds:.1f}", row.message)
    paths = [path for path in (Path(row.output), Path(row.source)) if row.result != "failed" and path.exists()]
    return (thumbnail if any(_make_thumbnail(path, thumbnail) for path in paths) else "", *words)


def _make_thumbnail(path: Path, target: Path) -> bool:
    """Write a small picture of the first frame of a clip, or of a picture; return whether there is one."""
    from PIL import Image

    try:
        if path.suffix.lower() == ".png" and path.is_file():
            picture = Image.open(path).convert("RGB")
        else:
            clip = vmm.io.stream(path)
            frame = next(clip)[0]
            picture = Image.fromarray((frame * (255 / clip.white)).clip(0, 255).astype("uint8"))
        picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
        picture.convert("RGB").save(target, quality=80)
    except Exception:  # The table is worth having without the picture.
        return False
    return True
