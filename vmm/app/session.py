"""The state of the app: the clip, the regions, the settings and the jobs. It knows nothing of the web."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import finalize

import vmm
from vmm.app import measurement, methods
from vmm.app.checks import checked_number, checked_object, checked_regions, checked_text, checked_unit
from vmm.app.clip import OpenClip
from vmm.app.files import SharedFiles, inside
from vmm.app.jobs import CommandJob, FunctionJob, Job, Queue
from vmm.app.live import LiveView, start
from vmm.app.preview import Previews
from vmm.app.proxy import join, write_picture, write_proxy
from vmm.cli.batch_records import read_table
from vmm.io.exits import at_signal

_EXPORTS = ("csv", "npz", "wav", "uff", "png", "html")
"""Extensions of the files that the command ``measure`` writes; the last one is the report."""


class Session:
    """All that the app holds for its user.

    Parameters
    ----------
    root
        Folder below which clips are opened by their path.
    """

    def __init__(self, root: Path) -> None:
        self.root: Path = root.resolve()
        self.folder: Path = Path(tempfile.mkdtemp(prefix="vmm-app-"))  # Only its user can enter it.
        self._delete = finalize(self, shutil.rmtree, self.folder, ignore_errors=True)  # At the exit at the latest.
        self.files: SharedFiles = SharedFiles()
        self.commands: Queue = Queue()
        self.reading: Queue = Queue()
        self.memory: Queue = Queue()  # Regions can be measured while the video for the browser is still being made.
        self.functions: Queue = Queue()
        self.clip: OpenClip | None = None
        self.regions: list[dict[str, Any]] = []
        self.settings: dict[str, Any] = {}
        self.version: int = 0
        self.media: dict[str, Any] = {}
        self._previews = Previews(self.folder, self.files)
        self.live: LiveView = LiveView(self.path_of, self.files.share)
        self._lock = threading.Lock()
        self._tickets: dict[tuple[str, str], object] = {}
        self._turns = {name: threading.Lock() for name in ("quick", "measure", "shape", "preview")}
        self._count = 0
        self._remove = at_signal(self._abandon)

    def close(self) -> None:
        """End all jobs and delete the files of the session."""
        self._remove()
        self.live.stop()
        for queue in self._queues():
            queue.close()
        self._delete()

    def _queues(self) -> tuple[Queue, ...]:
        return self.reading, self.memory, self.functions, self.commands

    def _abandon(self) -> None:
        """Delete the files when a signal ends the process."""
        for queue in self._queues():
            queue.cancel_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path_of(self, name: str) -> Path:
        """A path for a new file in the folder of the session."""
        with self._lock:
            self._count += 1
            folder = self.folder / str(self._count)
        folder.mkdir()
        return folder / name

    def open_below_root(self, path: str, fs: float | None = None) -> None:
        """Open a clip by its path, which must be below the root, or open the present one again."""
        is_same = self.clip is not None and path == self._path_text(self.clip)
        self.open(self._clip().path if is_same else inside(self.root, path), fs)

    def open(self, path: Path, fs: float | None = None) -> None:
        """Open a clip and begin to read it; the clip before stays open if that fails."""
        clip = OpenClip(path, fs)
        poster = self.path_of("first.jpg")
        write_picture(poster, clip.first_frame)
        self.functions.cancel_all()
        if self.clip is None or (self.clip.width, self.clip.height) != (clip.width, clip.height):
            self.regions = []
        self.clip = clip
        self.media = {"poster": self.files.share(poster), "proxy": None}
        self._read(clip)
        self.version += 1

    def start_live(self, request: Mapping[str, Any]) -> None:
        """Show a camera, or a clip below the root at its own rate."""
        start(self.live, request, self.root)

    def open_recording(self, number: Any) -> None:
        """Open a recording of the camera as a clip."""
        if type(number) is not int or not 0 <= number < len(self.live.paths):
            raise ValueError(f"there is no recording {number!r}")
        self.live.stop()
        self.open(self.live.paths[number])

    def choose_part(self, first: int, stop: int) -> None:
        """Use a part of the clip and read it."""
        if self._clip().choose_part(first, stop):
            self._read(self._clip())
            self.version += 1

    def _read(self, clip: OpenClip) -> None:
        """Begin to read the frames of the part, and to make the video for the browser if there is none."""
        self.reading.cancel_all()
        self.memory.cancel_all()
        name, size = clip.path.name, (clip.height, clip.width)
        is_proxy_needed = self.media.get("proxy") is None

        def read_pictures(job: Job) -> None:
            job.total = clip.stop - clip.first
            frames = clip.read_small(lambda n: setattr(job, "done", job.done + n))
            if is_proxy_needed:
                path = self.path_of("proxy.mp4")
                write_proxy(path, frames, size, clip.rate, advance=lambda _: job.check())
                if clip is self.clip:
                    self.media["proxy"] = self.files.share(path)
                    self.media["proxy_path"] = path
                    self.version += 1
            else:
                for _ in frames:
                    job.check()

        def read_luma(job: Job) -> None:
            job.total = clip.stop - clip.first
            clip.read_luma(job.advance)

        self.reading.submit(FunctionJob(f"Preparing {name} for the browser", "proxy", read_pictures))
        self.memory.submit(FunctionJob(f"Reading {name} into memory", "luma", read_luma))

    def set_regions(self, regions: Any) -> None:
        """Replace the regions; raise if one is malformed or outside the frame."""
        self.regions = checked_regions(regions, self._clip())
        self.version += 1

    def set_settings(self, settings: Any) -> None:
        """Replace the settings of the page, which are any JSON object of moderate size."""
        if not isinstance(settings, dict) or len(json.dumps(settings)) > 100_000:
            raise ValueError("settings must be an object of moderate size")
        self.settings = settings

    def measure(self, region: Any, unit: Any, quick: bool = False, page: str = "") -> dict[str, Any]:
        """Waveform, spectrum and peaks of a region; `quick` estimates it from reduced frames."""
        clip = self._clip()
        chosen = checked_regions([region], clip)[0]
        # A quick estimate does not wait for the accurate one of a region as it was before.
        with self._turn("quick" if quick else "measure", page + chosen["id"]):
            return measurement.measured(clip, chosen, self._still(), checked_unit(unit), quick=quick)

    @contextmanager
    def _turn(self, name: str, key: str) -> Iterator[None]:
        """Wait until no other work of that name is done; raise if a newer request with the same key has arrived."""
        ticket = self._tickets[name, key] = object()
        with self._turns[name]:
            if self._tickets[name, key] is not ticket:
                raise ValueError("a newer request takes the place of this one")
            yield

    def shape(self, frequency: Any, page: str = "") -> dict[str, Any]:
        """The deflection shape at a frequency, as a picture and a clip that animates it."""
        clip = self._clip()
        with self._turn("shape", page):
            modes = measurement.shape(clip, checked_number("frequency", frequency))
            return self._previews.shape(clip, modes)

    def preview(self, settings: Any, start: Any, page: str = "") -> dict[str, Any]:
        """A magnified part of the clip at reduced size, from a frame on."""
        clip = self._clip()
        with self._turn("preview", page):
            return self._previews.magnified(
                clip, checked_object("settings", settings), int(checked_number("start", start)), self._roi(settings)
            )

    def slice(self, line: Any) -> dict[str, Any]:
        """An x-t slice of the last preview along a line (row, column, row, column) in pixels of the clip."""
        clip = self._clip()
        if not isinstance(line, list) or len(line) != 4:
            raise ValueError("line must be four numbers: row and column of its start and of its end")
        places = [checked_number("line", value) for value in line]
        with self._turns["preview"]:
            return self._previews.slice(clip, places)

    def warm_up(self) -> Job:
        """Begin to compile the loops that previews and measurements use, which takes seconds at the first start."""
        return self._submit("Compiling for this machine", "warmup", lambda _: measurement.warm_up())

    def suggest(self) -> Job:
        """Begin to search for vibrations."""
        clip = self._clip()
        return self._submit("Searching for vibrations", "suggest", lambda job: measurement.suggestions(clip, job))

    def clearest_region(self, number: Any) -> tuple[int, ...]:
        """The box in which a suggestion of the last search is clearest."""
        clip = self._clip()
        if type(number) is not int or not 0 <= number < len(clip.suggestions):
            raise ValueError(f"there is no suggestion {number!r}: search for vibrations first")
        return measurement.clearest_region(clip, clip.suggestions[number])

    def motion_map(self) -> Job:
        """Begin to measure how much every part of the frame moves."""
        clip = self._clip()
        return self._submit("Measuring motion everywhere", "map", lambda job: measurement.motion_map(clip, job))

    def _submit(self, title: str, kind: str, function: Callable[[Job], Any]) -> Job:
        for job in list(self.functions.jobs):
            if job.kind == kind and not job.has_ended:
                job.cancel()
        return self.functions.submit(FunctionJob(title, kind, function))

    def render(self, settings: Any, suffix: Any) -> Job:
        """Put the command that magnifies the whole part into the queue."""
        clip, settings = self._clip(), checked_object("settings", settings)
        if checked_text("format", suffix) not in methods.FORMATS:
            raise ValueError(f"format={suffix!r} must be one of {', '.join(methods.FORMATS)}")
        target = self.path_of(f"{clip.path.stem}_{settings.get('method')}.{suffix}")
        words = methods.render_words(clip, settings, str(target), self._roi(settings))
        original = self.media.get("proxy_path")

        def finish(_: Job) -> dict[str, Any]:
            answer = {"file": self.files.share(target, target.name), "name": target.name}
            return answer if suffix == "gif" else {**answer, **self._compared(clip, target, original)}

        return self.commands.submit(CommandJob(f"Rendering {target.name}", "render", [words], finish))

    def _compared(self, clip: OpenClip, target: Path, original: Path | None) -> dict[str, Any]:
        """Original and result in one video for the browser, which keeps them in step."""
        if original is None or (clip.first, clip.stop) != (0, clip.count):
            source = self.path_of("part.mp4")
            frames = map(clip.in_8_bits, clip.stream(gray=False))
            write_proxy(source, frames, (clip.height, clip.width), clip.rate)
            original = source
        both = self.path_of("both.mp4")
        join(both, original, target, (clip.height, clip.width))
        return {"video": self.files.share(both), "count": clip.stop - clip.first}

    def export(self, suffix: Any, unit: Any, settings: Any = None) -> Job:
        """Put the command that measures the regions and writes a file into the queue.

        A report shows the shapes at the chosen frequencies and, if a band is set, the clip magnified as on the page.
        """
        clip = self._clip()
        if suffix not in _EXPORTS:
            raise ValueError(f"format={suffix!r} must be one of {', '.join(_EXPORTS)}")
        target = self.path_of(f"{clip.path.stem}.{suffix}")
        words = methods.measure_words(clip, self.regions, checked_unit(unit))
        commands = [[*words, "--out", str(target)]]
        if suffix == "html":
            settings = checked_object("settings", settings or {})
            commands = methods.report_commands(clip, settings, words, target, self._roi(settings))

        def finish(_: Job) -> dict[str, Any]:
            return {"name": target.name, "file": self.files.share(target, target.name)}

        return self.commands.submit(CommandJob(f"Writing {target.name}", "export", commands, finish))

    def batch(self, settings: Any, files: Any, folder: Any) -> Job:
        """Put the command that magnifies several files below the root into the queue."""
        clip, settings = self._clip(), checked_object("settings", settings)
        if not isinstance(files, list) or not files or not all(isinstance(name, str) for name in files):
            raise ValueError("files must be a list of paths: choose at least one file")
        if not isinstance(folder, str) or not folder.strip():
            raise ValueError("folder must be the name of a folder for the results")
        paths = [str(inside(self.root, name)) for name in files]
        target = inside(self.root, folder.strip())
        words = methods.batch_words(clip, settings, paths, str(target), self._roi(settings))

        def finish(_: Job) -> dict[str, Any]:
            rows = read_table(target)
            for row in rows:
                row["message"] = row["message"].removeprefix(f"{row['file']}: ")
                if row["result"] != "failed":
                    output = Path(row["output"])
                    row["address"] = self.files.share(output, output.name)
            page = target / "vmm_batch.html"
            return {"rows": rows, "file": self.files.share(page, page.name), "name": page.name}

        return self.commands.submit(CommandJob(f"Magnifying {len(paths)} files", "batch", [words], finish, (0, 1)))

    def lines(self, settings: Any, unit: Any) -> dict[str, str]:
        """The command lines and the Python code of the settings on the page."""
        clip, settings, roi = self._clip(), checked_object("settings", settings), self._roi(settings)
        lines = {"measure": methods.line(methods.measure_words(clip, self.regions, checked_unit(unit)))}
        if settings.get("band") is not None:
            lines["magnify"] = methods.line(methods.render_words(clip, settings, "out.mp4", roi))
            lines["python"] = methods.python_line(clip, settings, roi)
        return lines

    def job(self, number: Any) -> Job:
        """The job with a number."""
        for queue in self._queues():
            if (job := queue.find(number)) is not None:
                return job
        raise ValueError(f"there is no job {number!r}")

    def described(self) -> dict[str, Any]:
        """The state of the session for the page."""
        media = {name: value for name, value in self.media.items() if name != "proxy_path"}
        clip = self.clip and {**self.clip.described(), **media, "path": self._path_text(self.clip)}
        return {
            "version": self.version,
            "vmm": vmm.__version__,
            "root": str(self.root),
            "clip": clip,
            "regions": self.regions,
            "settings": self.settings,
            "live": self.live.described(),
        }

    def progress(self) -> dict[str, Any]:
        """The states of the jobs, and the version of the rest."""
        jobs = [job for queue in self._queues() for job in list(queue.jobs)]
        clip = self.clip
        memory = {"small": bool(clip and clip.small is not None), "luma": bool(clip and clip.luma is not None)}
        return {"version": self.version, "jobs": [job.described() for job in jobs], **memory}

    def _path_text(self, clip: OpenClip) -> str:
        """Path of the clip for the page, relative to the root if it is below."""
        path = clip.path.resolve()
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def _clip(self) -> OpenClip:
        if self.clip is None:
            raise ValueError("no clip is open: choose one first")
        return self.clip

    def _still(self) -> list[dict[str, Any]]:
        return [region for region in self.regions if region["still"]]

    def _roi(self, settings: Mapping[str, Any]) -> Any:
        """The region to which the settings limit the magnification, or None."""
        name = settings.get("roi") if isinstance(settings, dict) else None
        return next((region for region in self.regions if region["id"] == name), None) if name else None
