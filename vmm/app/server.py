"""The routes of the app: the page, its files, and the functions of the session as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vmm.app import methods
from vmm.app.checks import checked_number, checked_text, read_object
from vmm.app.files import MAX_UPLOAD, listing, upload_name
from vmm.app.security import Guard
from vmm.app.session import Session
from vmm.cli import is_foreseen, message_of

PAGE = Path(__file__).with_name("page")
"""Folder of the page."""

_MAX_BODY = 2**20
"""Bytes of a request in JSON."""

_TICK = 0.25
"""Seconds between two looks at the progress of the jobs."""


def plotly_bundle() -> Path:
    """Path of the bundle of plotly in its own package; raise ImportError if it is not installed."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ImportError('the app needs plotly: install it with pip install "vmm-toolkit[app]"')
    return Path(spec.origin).with_name("package_data") / "plotly.min.js"


def application(session: Session, **guard: Any) -> Any:
    """The ASGI application of a session; `guard` are the arguments of ``security.Guard``."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    routes = [
        Route("/", _index),
        Route("/plotly.min.js", _plotly),
        Route("/file/{key}", _file),
        Route("/api/events", _events),
        Route("/api/live-pictures", _live_pictures),
        Route("/api/upload", _upload, methods=["PUT"]),
        *(Route(f"/api/{name}", _action(function), methods=["POST"]) for name, function in _ACTIONS.items()),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Guard, **guard)])
    app.state.session = session
    return app


def _open(session: Session, request: dict[str, Any]) -> dict[str, Any]:
    fs = request.get("fs")
    path = checked_text("path", request.get("path", ""))
    session.open_below_root(path, None if fs is None else checked_number("fs", fs))
    return session.described()


def _state(session: Session, request: dict[str, Any]) -> dict[str, Any]:
    return {**session.described(), "methods": methods.offered(), "formats": methods.FORMATS, "presets": _presets()}


def _presets() -> dict[str, Any]:
    """The presets of the clips of the papers, for the methods of the page."""
    import vmm

    fields = ("band", "frequency", "alpha", "sigma", "limit", "fs")
    return {
        clip: {
            name: {key: settings[key] for key in fields if isinstance(settings.get(key), int | float | tuple)}
            for name, settings in by_method.items()
            if name in methods.METHODS
        }
        for clip, by_method in vmm.presets.items()
    }


def _cancel(session: Session, request: dict[str, Any]) -> dict[str, Any]:
    session.job(request.get("job")).cancel()
    return {}


def _regions(session: Session, request: dict[str, Any]) -> dict[str, Any]:
    session.set_regions(request.get("regions"))
    return {"version": session.version}


def _settings(session: Session, request: dict[str, Any]) -> dict[str, Any]:
    session.set_settings(request.get("settings"))
    return {}


def _part(session: Session, request: dict[str, Any]) -> dict[str, Any]:
    first, stop = request.get("first"), request.get("stop")
    if type(first) is not int or type(stop) is not int:
        raise ValueError(f"first={first!r} and stop={stop!r} must be numbers of frames")
    session.choose_part(first, stop)
    return session.described()


def _live(session: Session, request: dict[str, Any]) -> dict[str, Any]:
    """Start, change, record or stop the camera; open one of its recordings."""
    live, action = session.live, request.get("action")
    if action == "start":
        session.start_live(request)
    elif action == "settings":
        live.change(request.get("settings"))
    elif action == "record":
        live.record(request.get("on") is True)
    elif action == "stop":
        live.stop()
    elif action == "open":
        session.open_recording(request.get("number"))
        return session.described()
    return live.described()


_ACTIONS: dict[str, Callable[[Session, dict[str, Any]], Any]] = {
    "state": _state,
    "browse": lambda session, request: listing(session.root, checked_text("folder", request.get("folder", ""))),
    "open": _open,
    "part": _part,
    "regions": _regions,
    "settings": _settings,
    "measure": lambda session, request: session.measure(
        request.get("region"), request.get("unit"), request.get("quick") is True, str(request.get("page", ""))
    ),
    "shape": lambda session, request: session.shape(request.get("frequency"), str(request.get("page", ""))),
    "preview": lambda session, request: session.preview(
        request.get("settings"), request.get("start", 0), str(request.get("page", ""))
    ),
    "slice": lambda session, request: session.slice(request.get("line")),
    "suggest": lambda session, request: {"job": session.suggest().id},
    "clearest": lambda session, request: {"box": session.clearest_region(request.get("number"))},
    "map": lambda session, request: {"job": session.motion_map().id},
    "render": lambda session, request: {"job": session.render(request.get("settings"), request.get("format")).id},
    "batch": lambda session, request: {
        "job": session.batch(request.get("settings"), request.get("files"), request.get("folder")).id
    },
    "export": lambda session, request: {
        "job": session.export(request.get("format"), request.get("unit"), request.get("settings")).id
    },
    "lines": lambda session, request: session.lines(request.get("settings"), request.get("unit")),
    "cancel": _cancel,
    "live": _live,
    "live-measure": lambda session, request: session.live.measure(request.get("region")),
}
"""Functions of the page by the name of their address."""


def _action(function: Callable[[Session, dict[str, Any]], Any]) -> Any:
    """An endpoint that calls a function with the session and the object of the request, in a worker thread."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse

    async def endpoint(request: Any) -> Any:
        try:
            body = read_object(await _body(request))
            return JSONResponse(await run_in_threadpool(function, request.app.state.session, body))
        except Exception as error:
            return _refusal(error)

    return endpoint


async def _body(request: Any) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_BODY:
            raise ValueError(f"a request has at most {_MAX_BODY} bytes")
    return body or b"{}"


def _refusal(error: Exception) -> Any:
    """The answer that carries the sentence of an error, as on the command line."""
    from starlette.responses import JSONResponse

    return JSONResponse({"error": message_of(error)}, 400 if is_foreseen(error) else 500)


async def _index(request: Any) -> Any:
    from starlette.responses import FileResponse

    return FileResponse(PAGE / "index.html")


async def _plotly(request: Any) -> Any:
    from starlette.responses import FileResponse

    # The bundle is large and never changes while the server runs.
    return FileResponse(
        plotly_bundle(), media_type="text/javascript", headers={"cache-control": "private, max-age=86400"}
    )


async def _file(request: Any) -> Any:
    from starlette.responses import FileResponse, PlainTextResponse

    entry = request.app.state.session.files.find(request.path_params["key"])
    if entry is None or not entry[0].is_file():
        return PlainTextResponse("there is no such file", 404)
    path, name = entry
    return FileResponse(path, filename=name or None, content_disposition_type="attachment" if name else "inline")


async def _upload(request: Any) -> Any:
    """Store the body of the request as a file of the session, and open it."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse

    session: Session = request.app.state.session
    try:
        path = session.path_of(upload_name(request.query_params.get("name", "")))
        size = 0
        with path.open("wb") as file:
            async for piece in request.stream():
                size += len(piece)
                if size > MAX_UPLOAD:
                    raise ValueError(f"an upload has at most {MAX_UPLOAD >> 30} GiB: open larger files by their path")
                file.write(piece)
        await run_in_threadpool(session.open, path)
        return JSONResponse(session.described())
    except Exception as error:
        return _refusal(error)


async def _events(request: Any) -> Any:
    """Progress of the jobs whenever it changes, as server-sent events."""
    from starlette.responses import StreamingResponse

    session: Session = request.app.state.session

    async def changes() -> Any:
        last = ""
        while not await request.is_disconnected():
            text = json.dumps(session.progress())
            if text != last:
                last = text
                yield f"data: {text}\n\n"
            await asyncio.sleep(_TICK)

    return StreamingResponse(changes(), media_type="text/event-stream")


async def _live_pictures(request: Any) -> Any:
    """The pictures of the camera, each with its state, as long as it runs; those that come too fast are left out."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import StreamingResponse

    live = request.app.state.session.live

    async def packets() -> Any:
        number = -1
        while not await request.is_disconnected():
            is_last = not live.is_running
            number, packet = await run_in_threadpool(live.packet, number)
            yield packet
            if is_last:
                return

    return StreamingResponse(packets(), media_type="application/octet-stream")
