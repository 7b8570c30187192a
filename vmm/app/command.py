"""The command ``app``: the app in a browser."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path
from typing import Any

from vmm.cli.inputs import FS_HELP, INPUT_HELP
from vmm.cli.messages import print_message

LOCAL = "127.0.0.1"
"""Address at which only programs on this machine reach the app."""

PORT = 8092
"""Default port, so that a tunnel to the machine can name it. With 0 the system chooses a free one."""

_CAMERA_HELP = "Or camera:0, the first camera. Default: none; choose it in the app."


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Open the app in a browser: look at a clip, draw regions, measure and magnify."
    verb = verbs.add_parser("app", help=summary, description=summary)
    verb.add_argument("input", nargs="?", metavar="FILE", help=f"{INPUT_HELP} {_CAMERA_HELP}")
    verb.add_argument("--fs", type=float, metavar="HZ", help=FS_HELP)
    port = verb.add_argument("--port", type=int, default=PORT, metavar="N")
    port.help = f"Port at which the app listens; 0 chooses a free one. Default: {PORT}."
    verb.add_argument("--no-browser", action="store_true", help="Print the link, and open no browser.")
    root = verb.add_argument("--root", default=".", metavar="FOLDER")
    root.help = "Folder below which the app may open files. Default: the current folder."
    host = verb.add_argument("--host", default=LOCAL, metavar="ADDRESS")
    host.help = (
        f"Address at which the app listens. Default: {LOCAL}, which only this machine reaches. With another one, "
        "everyone who has the link can read the files below --root, and the connection is not encrypted."
    )
    verb.set_defaults(run=_app)


def _app(options: argparse.Namespace) -> None:
    from vmm.app.serving import Server
    from vmm.io.sources import is_live

    if not 0 <= options.port <= 65535:
        raise ValueError(f"--port {options.port} must be from 0 to 65535")
    root = Path(options.root)
    if not root.is_dir():
        raise ValueError(f"--root {options.root}: there is no such folder")
    server = Server(root=root, host=options.host, port=options.port)
    try:
        if is_live(options.input):
            server.session.start_live({"source": options.input, "settings": {"method": "riesz"}})
        elif options.input is not None:
            server.session.open(Path(options.input), options.fs)
        server.start()
        server.session.warm_up()
        if options.host not in (LOCAL, "localhost", "::1"):
            print_message(
                "warning",
                f"the app listens at {options.host}: everyone who has the link can read the files below {root}, and "
                "the connection is not encrypted; a tunnel (ssh -L) to the default address is safer",
            )
        print(f"The app is at {server.url}", flush=True)
        print("Keep this link to yourself. Ctrl-C ends the app and deletes its files", flush=True)
        if not options.no_browser:
            webbrowser.open(server.url)
        server.wait()
    finally:
        server.close()
