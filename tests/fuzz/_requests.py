"""Trials of the app: requests to all its addresses, most of them malformed, with a small intact clip that is open."""

from __future__ import annotations

import asyncio
import copy
import json
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote, unquote

import numpy as np

from ._options import _clip
from ._verdicts import Trial

PORT, TOKEN = 8092, "token"

REGION = {"id": "a", "name": "beam", "color": "#fff", "box": [8, 8, 24, 24], "still": False}

POLYGON = {**REGION, "id": "c", "polygon": [[8, 8], [8, 30], [30, 20]]}

SETTINGS = {"method": "gradient", "band": [2, 4], "alpha": 10, "sigma": 1, "limit": 3, "direction": None, "roi": "a"}

UNIT = {"quantity": "velocity", "length": "50 mm", "length_px": 20}

VALID: dict[str, dict[str, Any]] = {
    "state": {},
    "browse": {"folder": "inner"},
    "open": {"path": "in.mkv", "fs": 30},
    "part": {"first": 4, "stop": 36},
    "regions": {"regions": [REGION, {**REGION, "id": "b", "name": "base", "still": True}, POLYGON]},
    "settings": {"settings": SETTINGS},
    "measure": {"region": REGION, "unit": UNIT, "quick": True, "page": "x"},
    "shape": {"frequency": 3, "page": "x"},
    "preview": {"settings": SETTINGS, "start": 2, "page": "x"},
    "slice": {"line": [8, 0, 8, 39]},
    "suggest": {},
    "clearest": {"number": 0},
    "map": {},
    "render": {"settings": SETTINGS, "format": "mkv"},
    "batch": {"settings": SETTINGS, "files": ["in.mkv"], "folder": "results"},
    "export": {"format": "html", "unit": UNIT, "settings": {**SETTINGS, "frequencies": [3]}},
    "lines": {"settings": SETTINGS, "unit": UNIT},
    "cancel": {"job": 1},
    "live": {"action": "start", "source": "in.mkv", "height": 32, "settings": {**SETTINGS, "method": "riesz"}},
    "live-measure": {"region": REGION},
}
"""A valid request for each function of the page."""

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 0.5, 1e9, -1e9, 1e-320, 1e308, float("nan"), float("inf"), 10**400, 2**63, "", "a",
    "nan", "../..", "/etc/passwd", "in.mkv", "inner", "missing.mp4", "x\0y", "\ud800", "é\n\u202e", "a" * 300, "-x",
    "--out", "a=b", [], [1], [4, 2], [2, 4], [0, 4], [1, 2, 3, 4], ["in.mkv"], ["../x.mkv"], [[[]]], {}, {"a": 1},
    {"box": [0, 0, 4, 4]}, [10**400, 1], [float("nan"), 4], "constructor", "__class__", "phase", "csv", "mm",
    "record", "stop", "open", "camera:7", "rtsp://127.0.0.1:1/x",
]  # fmt: skip
"""Values that no request, or only another one, should have."""

BODIES = (b"", b"{", b"[]", b"null", b"\xff\xfe", b'"a"', b"[" * 100_000, b'{"a":' * 50_000, b"1" * 6000, b"{} {}")
"""Bodies that are no JSON object."""

PATHS = (
    "/", "/file/x", "/file/../../etc/passwd", "/file/%2e%2e%2f%2e%2e", "/page/../server.py", "/page/%2e%2e/server.py",
    "/page/main.js", "/page//etc/passwd", "/page/\0", "/api/", "/api/none", "/api/state", "/plotly.min.js", "//x",
    "/api/live-pictures", "/?token=é", "/?token=", "/page", "/file/",
)  # fmt: skip
"""Addresses that a program may ask for without a body."""

NAMES = (
    "clip.mkv",
    "../../x.mkv",
    "a/b\\c.mp4",
    ".mkv",
    "\0.mkv",
    "x" * 400 + ".mkv",
    "é.avi",
    "x.html",
    "",
    "\udcff.mp4",
    "-i.mkv",
)
"""Names of uploads."""

SECRET = "only for its owner"
"""Content of a file outside of the root, which no answer may contain."""


def trial(rng: np.random.Generator, folder: Path) -> Trial:
    """A request to the app after its clip was opened."""
    (folder / "in.mkv").write_bytes(_clip(folder))
    (folder / "inner").mkdir()
    (folder.parent / "outside.mkv").write_text(SECRET)
    draw = rng.random()
    if draw < 0.7:
        name = str(rng.choice(list(VALID)))
        path, method, body = f"/api/{name}", "POST", _body(name, rng)
    elif draw < 0.85:
        path, method, body = (
            str(rng.choice(PATHS)),
            str(rng.choice(["GET", "GET", "HEAD", "POST", "PUT", "TRACE"])),
            b"",
        )
    else:
        path = f"/api/upload?name={quote(str(rng.choice(NAMES)), errors='surrogateescape')}"
        method, body = "PUT", _damaged(_clip(folder), rng)
    headers = _headers(method)
    is_stranger = rng.random() < 0.1
    if is_stranger:
        headers = _foreign(headers, rng)
    description = f"{method} {path} {body[:300]!r}{' by a stranger' if is_stranger else ''}"
    return Trial(
        description,
        lambda: _attacked(folder, method, path, headers, body),
        _judgment(path, is_stranger),
        outputs=("results",),
    )


def _body(name: str, rng: np.random.Generator) -> bytes:
    """A request for a function with some values replaced, added or missing."""
    if rng.random() < 0.05:
        return BODIES[rng.integers(len(BODIES))]
    request = copy.deepcopy(VALID[name])
    for _ in range(rng.integers(0, 4)):
        _change(request, rng)
    return json.dumps(request).encode()


def _change(value: Any, rng: np.random.Generator) -> None:
    """Replace a random entry of an object or a list, at any depth."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return
    key = keys[rng.integers(len(keys))]
    if isinstance(value[key], dict | list) and rng.random() < 0.7:
        _change(value[key], rng)
    elif rng.random() < 0.15:
        del value[key]
    else:
        value[key] = copy.deepcopy(VALUES[rng.integers(len(VALUES))])


def _damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """A video with changed bytes, cut, or not at all like one."""
    draw = rng.random()
    if draw < 0.3:
        return data[: rng.integers(len(data))]
    changed = bytearray(data)
    for place in rng.integers(len(data), size=rng.integers(0, 20)):
        changed[place] = rng.integers(256)
    return bytes(changed) if draw < 0.8 else b"#EXTM3U\nfile:///etc/passwd\n"


def _headers(method: str) -> dict[str, str]:
    types = {"POST": "application/json", "PUT": "application/octet-stream"}
    headers = {"host": f"127.0.0.1:{PORT}", "cookie": f"vmm-{PORT}={TOKEN}"}
    return {**headers, "content-type": types[method]} if method in types else headers


def _foreign(headers: dict[str, str], rng: np.random.Generator) -> dict[str, str]:
    """Headers of a program that must not be answered."""
    other = [
        {"host": "example.org"},
        {"host": ""},
        {"host": "127.0.0.1.example.org:8092"},
        {"cookie": ""},
        {"cookie": f"vmm-{PORT}={TOKEN[:-1]}"},
        {"cookie": f"vmm-1={TOKEN}"},
        {"cookie": f"vmm-{PORT}=\udcff"},
    ]
    return {**headers, **other[rng.integers(len(other))]}


def _attacked(folder: Path, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """Open the clip, send the request, and then ask for the state, which it must still answer."""
    from vmm.app import server
    from vmm.app.session import Session

    errors: list[Exception] = []

    def recorded(error: Exception) -> Any:
        errors.append(error)
        return refusal(error)

    refusal = server._refusal
    with closing(Session(folder)) as session, mock.patch.object(server, "_refusal", recorded):
        app = server.application(session, token=TOKEN, port=PORT, hosts=("127.0.0.1",), in_frame=False)
        session.open_below_root("in.mkv")
        _wait(lambda: session.clip is not None and session.clip.luma is not None)
        status, answer = _send(app, method, path, headers, body)
        for queue in (session.commands, session.functions):
            queue.cancel_all()
        json.dumps(session.progress(), allow_nan=False)
        after, _ = _send(app, "POST", "/api/state", _headers("POST"), b"{}")
        if after != 200:
            raise AssertionError(f"the state is no longer answered: {after} {errors[-1] if errors else ''}")
    if errors:
        raise errors[0]
    return status, answer


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)


def _send(app: Any, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer of an ASGI application."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.encode(), text.encode(errors="surrogateescape")) for name, text in headers.items()],
        "server": ("127.0.0.1", PORT), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    pieces = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(pieces, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


@cache
def _pages() -> frozenset[str]:
    from vmm.app.server import PAGE

    return frozenset(f"/page/{path.name}" for path in PAGE.iterdir())


def _judgment(path: str, is_stranger: bool) -> Callable[[tuple[int, bytes]], str | None]:
    """The judgment of an answer without an error of the package."""

    def judge(answer: tuple[int, bytes]) -> str | None:
        status, content = answer
        if is_stranger and (status not in (400, 403) or b"{" in content):
            return f"a stranger is answered {status}: {content[:200]!r}"
        if SECRET.encode() in content or b"root:x:" in content:
            return "the answer contains a file from elsewhere"
        if path.startswith("/page/") and status == 200 and path not in _pages():
            return "the answer is a file from elsewhere"
        if status not in (200, 303, 307, 400, 403, 404, 405, 416):
            return f"status {status}: {content[:200]!r}"
        return None

    return judge
