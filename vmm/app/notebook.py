"""The app inside a notebook."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np

import vmm
from vmm.backend.arguments import checks_arguments

_HEIGHT = 820
"""Height in pixels of the app in a notebook: its regions, plots and settings fit without scrolling twice."""


class App:
    """A running app.

    Parameters
    ----------
    server
        The server of the app, which has been started.

    Attributes
    ----------
    url
        Address with the token that lets a browser in. Everyone who knows it can use the app.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.url

    def close(self) -> None:
        """End the app: stop its jobs and delete its files."""
        self._server.close()

    def _repr_html_(self) -> str:
        return f'<iframe src="{html.escape(self.url)}" style="width:100%;height:{_HEIGHT}px;border:0"></iframe>'

    def __repr__(self) -> str:
        return f"App({self.url!r})"


@checks_arguments
def show(clip: str | Path | np.ndarray | None = None, *, fs: float | None = None, port: int = 0) -> App:
    """Start the app in this process, and show it in a notebook.

    Parameters
    ----------
    clip
        Path of a clip, or an array (T, H, W) or (T, H, W, 3) of frames, which is written to a lossless file that
        ``close`` deletes. The default, None, opens no clip.
    fs
        Camera rate in Hz. By default that of the file; it is needed for an array.
    port
        Port on this machine at which the app listens. The default, 0, is any free one.

    Returns
    -------
    App
        The app, which a notebook displays if it is the last value of a cell.

    Raises
    ------
    ImportError
        If the packages of the extra ``app`` are not installed.
    ValueError
        If `clip` is an array and `fs` is not given, or the file cannot be read.

    Examples
    --------
    >>> import vmm
    >>> app = vmm.app.show("clip.mkv", fs=240)  # doctest: +SKIP
    >>> app.close()  # doctest: +SKIP
    """
    from vmm.app.serving import Server

    if isinstance(clip, np.ndarray) and fs is None:
        raise ValueError("fs is missing: an array states no camera rate, so give it in Hz, for example fs=240")
    root = Path.cwd() if not isinstance(clip, str | Path) else Path(clip).resolve().parent
    server = Server(root=root, port=port, in_frame=True)
    try:
        path = server.session.folder / "clip.mkv" if isinstance(clip, np.ndarray) else clip and Path(clip)
        if isinstance(clip, np.ndarray):
            vmm.io.write(str(path), clip, min(float(fs or 1), 250.0), fs=fs)
        if path:
            server.session.open(Path(path), fs)
        server.start()
        server.session.warm_up()
    except BaseException:
        server.close()
        raise
    return App(server)
