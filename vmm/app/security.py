"""Who may talk to the app: programs that have its token, from its own page, under its own name."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")
"""Names of this machine, under which only its own programs reach it."""

CONTENT_TYPES = {"POST": "application/json", "PUT": "application/octet-stream"}
"""Content types of requests that change something. Other sites cannot send them without being asked first."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
)
"""Content security policy: everything comes from this server, and no script is part of a page. Plotly needs styles that
are part of elements."""

_NOTEBOOKS = "'self' http://localhost:* http://127.0.0.1:*"
"""Pages that may show the app in a frame, if it was started by a notebook on this machine."""


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(24)


def allowed_hosts(host: str) -> tuple[str, ...]:
    """Names in the Host header under which the app answers. Others are those of sites that rebind their name."""
    if host in LOCAL_NAMES:
        return LOCAL_NAMES
    own = [socket.gethostname(), socket.getfqdn()]
    if host in ("0.0.0.0", "::", ""):
        own += _addresses(own[0])
    return (*LOCAL_NAMES, host, *own)


def _addresses(name: str) -> list[str]:
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(name, None)]
    except OSError:
        return []


class Guard:
    """ASGI middleware that checks host, token, content type and origin, and adds headers to all answers.

    Parameters
    ----------
    app
        The application.
    token
        Token of the link.
    port
        Port of the server, which is part of the name of the cookie: browsers share cookies between ports.
    hosts
        Names in the Host header that are allowed.
    in_frame
        Whether pages on this machine may show the app in a frame.
    """

    def __init__(self, app: Any, *, token: str, port: int, hosts: Sequence[str], in_frame: bool) -> None:
        self._app, self._token, self._cookie, self._hosts = app, token, f"vmm-{port}", tuple(hosts)
        policy = _POLICY + (_NOTEBOOKS if in_frame else "'self'")
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # The app has no WebSockets.
            return
        from starlette.responses import PlainTextResponse, RedirectResponse

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope["method"], headers)
        answer: Any
        if refusal:
            answer = PlainTextResponse(refusal, 400)
        elif (token := dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token")) is not None:
            if _equal(token, self._token) and scope["method"] == "GET":
                answer = RedirectResponse("./", 303)
                answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            else:
                answer = PlainTextResponse("wrong token: open the link that vmm app printed last", 403)
        elif not _equal(_cookies(headers).get(self._cookie, ""), self._token):
            answer = PlainTextResponse("open the link that vmm app printed, which has a token", 403)
        else:
            answer = self._app

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(item for item in self._headers if item[0] not in own)]
            await send(message)

        await answer(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: dict[str, str]) -> str:
        """Why a request is refused, whoever sends it; empty if it is not."""
        if _host_name(headers.get("host", "")) not in self._hosts:
            return "unknown host: open the app under the name in the link that vmm app printed"
        if method in ("GET", "HEAD"):
            return ""
        expected = CONTENT_TYPES.get(method)
        if expected is None or headers.get("content-type", "").partition(";")[0].strip() != expected:
            return f"the content type of a {method} request must be {expected or 'one that the app knows'}"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "requests from other sites are refused"
        return ""


def _host_name(host: str) -> str:
    """The name in a Host header, without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def _cookies(headers: dict[str, str]) -> dict[str, str]:
    pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
    return {name: value for name, _, value in pairs}


def _equal(text: str, secret: str) -> bool:
    return secrets.compare_digest(text.encode(), secret.encode())
