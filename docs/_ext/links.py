"""Check the links of the built pages to one another, also those in raw HTML; a broken one is a warning."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)

_ATTRIBUTES = ("href", "src", "poster")


class _Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name in _ATTRIBUTES and value:
                self.links.append(value)


def broken(folder: Path) -> list[str]:
    """Links of the pages in a folder that lead to no file or to no anchor, as texts "page: link"."""
    paths = [path for path in folder.rglob("*.html") if path.relative_to(folder).parts[0] != "_static"]
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in paths}
    result = []
    for path, page in sorted(pages.items()):
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else None
            anchor = unquote(parts.fragment)
            if not target.exists() or (anchor and anchors is not None and anchor not in anchors):
                result.append(f"{path.relative_to(folder.resolve())}: {link}")
    return result


def _check(app: Any, exception: Exception | None) -> None:
    if exception is None and app.builder.name == "html":
        for text in broken(Path(app.outdir)):
            _LOGGER.warning("broken link: %s", text)


def setup(app: Any) -> dict[str, Any]:
    """Check the links after the pages are written."""
    app.connect("build-finished", _check, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
