"""``python -m benchmarks app``: times of the steps of the app on a clip of 20 s of 1080p, its size and its memory.

The steps run in this process, as the server of the app runs them. CPU time counts all threads and the programs that
have ended; elapsed time means something on an idle machine only.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import vmm
from vmm.data import synthetic

HEIGHT, WIDTH, SECONDS, FS = 1080, 1920, 20, 30
PERIOD = 15
"""Frames of a period of the motion, 2 Hz, which are rendered once and repeated with other noise."""

METHODS = ("gradient", "riesz", "phase", "linear", "acceleration")
BAND = [1.5, 2.5]
SIDE = 120
"""Side in pixels of the regions."""

SMALL, SMALL_FRAMES = (180, 320), 90
"""Size and number of frames of the clip of the rounds."""

_WAIT = 0.005


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks app", description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="Number of repetitions. Default: 10.")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"Length of the clip. Default: {SECONDS}.")
    rounds = parser.add_argument("--rounds", type=int, default=0)
    rounds.help = (
        "Number of rounds of requests to a server with a small clip, in place of the times; the memory is printed. "
        "Default: 0."
    )
    options = parser.parse_args(arguments)
    if options.rounds:
        _use(options.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        vmm.io.write(path, _clip(options.seconds), FS)
        print("| step | CPU, s | elapsed, s |\n| --- | --- | --- |")
        _steps(path, options.times)
    _page()


def _clip(seconds: int) -> Iterator[np.ndarray]:
    """A texture that sways by 0.3 px at 2 Hz, in color, frame by frame."""
    motion = synthetic.sway(PERIOD, FS, 2.0, 0.3)
    gray = synthetic.render(synthetic.texture((HEIGHT, WIDTH)), motion, dtype=np.float32)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (2 * HEIGHT, 2 * WIDTH)).astype(np.float32)
    for i in range(seconds * FS):
        # A part at random is noise that differs from frame to frame, and takes little time.
        row, col = (int(rng.integers(n)) for n in (HEIGHT, WIDTH))
        part = noise[row : row + HEIGHT, col : col + WIDTH]
        frame = np.clip(np.rint(gray[i % PERIOD] + part), 0, 255).astype(np.uint8)
        yield np.repeat(frame[None, ..., None], 3, axis=-1)


def _steps(path: Path, times: int) -> None:
    """Time the steps from the opened file to the start of a rendering."""
    from vmm.app.session import Session

    session = Session(path.parent)
    try:
        session.warm_up()
        _wait(lambda: all(job.has_ended for job in session.functions.jobs))
        _print("open, to the first picture", [_opened(session, path) for _ in range(times)])
        ready = _timed(lambda: _wait(lambda: session.clip is not None and session.clip.luma is not None))
        _print("until regions are measured, once", [ready])
        ready = _timed(lambda: _wait(lambda: bool(session.media.get("proxy"))))
        _print("and until the clip can be played, once", [ready])
        regions = [{"id": "a", "box": [100 + 40 * i, 200 + 60 * i, SIDE, SIDE]} for i in range(times)]
        for name, quick in (("waveform and spectrum, quick", True), ("waveform and spectrum, accurate", False)):
            _print(name, [_timed(partial(session.measure, region, {}, quick)) for region in regions])
        for method in METHODS:
            first, again = [], []
            for i in range(times):
                # Another band is another motion, and another alpha is not.
                settings = {"method": method, "band": [BAND[0], BAND[1] + i / 1000], "alpha": 10.0}
                first.append(_timed(partial(session.preview, settings, 0)))
                again.append(_timed(partial(session.preview, {**settings, "alpha": 11.0}, 0)))
            _print(f"preview, {method}", first)
            _print(f"preview, {method}, another alpha", again)
        _print("x-t slice", [_timed(lambda: session.slice([100, 100, 900, 1500])) for _ in range(times)])
        _print("render, to the first frame", [_timed(lambda: _begin(session)) for _ in range(times)])
        print(f"\nMemory at the end: {_memory():.0f} MB.")
    finally:
        session.close()


def _use(rounds: int) -> None:
    """Use a server by requests, without a pause, and print its memory: measure, preview, slice, shape and render."""
    from vmm.app.serving import Server

    with tempfile.TemporaryDirectory() as folder:
        motion = synthetic.sway(SMALL_FRAMES, FS, 2.0, 0.3)
        vmm.io.write(Path(folder) / "clip.mkv", synthetic.render(synthetic.texture(SMALL), motion, dtype=np.uint8), FS)
        server = Server(root=Path(folder))
        server.start()
        try:
            _request(server, "open", {"path": "clip.mkv"})
            _wait(lambda: "proxy_path" in server.session.media)
            print("| rounds | memory, MB | threads | files |\n| --- | --- | --- | --- |")
            for i in range(rounds + 1):
                if i in (10, 20, 50) or i % 100 == 0:
                    files = sum(path.is_file() for path in server.session.folder.rglob("*"))
                    print(f"| {i} | {_memory():.0f} | {threading.active_count()} | {files} |", flush=True)
                _round(server, i)
        finally:
            server.close()


def _round(server: Any, i: int) -> None:
    """What a person does in a quarter of a minute; a clip is rendered in every tenth round."""
    region = {"id": "a", "name": f"round {i}", "box": [20 + i % 40, 30 + i % 60, 60, 60]}
    settings = {"method": METHODS[i % 4], "band": BAND, "alpha": 5.0 + i % 20, "roi": "a" if i % 3 else ""}
    _request(server, "regions", {"regions": [region]})
    _request(server, "settings", {"settings": settings})
    for is_quick in (True, False):
        _request(server, "measure", {"region": region, "quick": is_quick})
    _request(server, "preview", {"settings": settings, "start": i % 30})
    _request(server, "slice", {"line": [10, 10 + i % 50, 150, 200]})
    _request(server, "lines", {"settings": settings, "unit": {}})
    if i % 5 == 0:
        _request(server, "shape", {"frequency": 2.0})
        _request(server, "part", {"first": i % 7, "stop": SMALL_FRAMES - i % 5})
        _wait(lambda: server.session.clip.luma is not None and server.session.clip.small is not None)
    if i % 10 == 0:
        number = _request(server, "render", {"settings": {**settings, "method": "linear"}, "format": "mp4"})["job"]
        _wait(lambda: server.session.job(number).has_ended)


def _request(server: Any, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request of the page."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=600)
    headers = {"cookie": f"vmm-{server.port}={server.token}", "content-type": "application/json"}
    with closing(connection):
        connection.request("POST", f"/api/{name}", json.dumps(body), headers)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    if "error" in answer:
        raise RuntimeError(f"{name}: {answer['error']}")
    return answer


def _opened(session: Any, path: Path) -> tuple[float, float]:
    """Time of opening, while nothing else is read; the reading of the clip begins afterwards."""
    for queue in (session.reading, session.memory):
        queue.cancel_all()
        _wait(lambda queue=queue: all(job.has_ended for job in queue.jobs))  # type: ignore[misc]
    return _timed(lambda: session.open(path))


def _begin(session: Any) -> None:
    job = session.render({"method": "linear", "band": BAND, "alpha": 10.0}, "mp4")
    _wait(lambda: job.done > 0 or job.has_ended)
    job.cancel()
    _wait(lambda: job.has_ended)


def _timed(function: Callable[[], Any]) -> tuple[float, float]:
    """CPU time, with that of programs that have ended, and elapsed time of a call in seconds."""
    start, cpu = time.perf_counter(), _cpu()
    function()
    return _cpu() - cpu, time.perf_counter() - start


def _cpu() -> float:
    import resource

    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(_WAIT)


def _print(name: str, values: list[tuple[float, float]]) -> None:
    cpu, elapsed = (median(column) for column in zip(*values, strict=True))
    print(f"| {name} | {cpu:.2f} | {elapsed:.2f} |", flush=True)


def _memory() -> float:
    """Resident memory of this process in MB."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _page() -> None:
    """Print the bytes that the browser loads."""
    from vmm.app.server import PAGE, plotly_bundle

    own = sum(path.stat().st_size for path in PAGE.iterdir())
    bundle = plotly_bundle().stat().st_size / 1e6
    print(f"Page: {own / 1e3:.0f} kB in {len(list(PAGE.iterdir()))} files, and {bundle:.1f} MB of plotly.")
