"""The server of the app, which runs in a thread of this process."""

from __future__ import annotations

import socket
import threading
from importlib.util import find_spec
from pathlib import Path

from vmm.app.security import allowed_hosts, new_token
from vmm.app.session import Session

_PACKAGES = ("starlette", "uvicorn", "plotly")

_START = 10.0
"""Seconds within which the server starts; importing its packages takes one."""

_PARALLEL = 128
"""Connections that wait to be accepted."""


class Server:
    """The app at an address of this machine.

    Parameters
    ----------
    root
        Folder below which clips are opened by their path.
    host
        Address at which it listens. By default only this machine reaches it.
    port
        Port; 0 chooses a free one.
    in_frame
        Whether pages on this machine may show the app in a frame, as notebooks do.
    """

    def __init__(self, *, root: Path, host: str = "127.0.0.1", port: int = 0, in_frame: bool = False) -> None:
        missing = [name for name in _PACKAGES if find_spec(name) is None]
        if missing:
            raise ImportError(f'the app needs {", ".join(missing)}: install it with pip install "vmm-toolkit[app]"')
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.host: str = host
        self.token: str = new_token()
        self._in_frame = in_frame
        self.session: Session = Session(root)
        self._server: object = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The link with the token."""
        name = {"": socket.gethostname(), "0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(
            self.host, self.host
        )
        # A notebook is usually open under this name, and a browser sends the cookie in a frame of the same name only.
        name = "localhost" if self._in_frame and name == "127.0.0.1" else name
        name = f"[{name}]" if ":" in name else name
        return f"http://{name}:{self.port}/?token={self.token}"

    def start(self) -> None:
        """Start to answer requests, in a thread."""
        import uvicorn

        from vmm.app.server import application

        guard = {"token": self.token, "port": self.port, "hosts": allowed_hosts(self.host), "in_frame": self._in_frame}
        app = application(self.session, **guard)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, ws="none", server_header=False
        )
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, args=([self._socket],), name="vmm-app", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until the server ends, which a signal causes."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(1.0)

    def close(self) -> None:
        """End the server and the session."""
        if self._server is not None:
            self._server.should_exit = True  # type: ignore[attr-defined]
        if self._thread is not None:
            self._thread.join(_START)
        self._socket.close()
        self.session.close()


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; raise OSError with a sentence if that is impossible."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_PARALLEL)
    except OSError as error:
        raise OSError(
            f"the app cannot listen at {host} port {port} ({error}): choose another one with --port, or --port 0"
        ) from None
    return listener
