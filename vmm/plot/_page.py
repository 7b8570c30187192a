"""HTML pages of figures and tables, each in one file."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Union

from vmm.backend.arguments import checks_arguments

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Part = Union[str, Path, "Figure", Sequence[Sequence[str | Path]]]

_KINDS = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}

_STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; color: #222; max-width: 1000px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin: 2em 0 .5em; border-bottom: 1px solid #ccc }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .2em 1.2em .2em 0 }
th { border-bottom: 1px solid #888 } img, video { max-width: 100%; height: auto }
video { min-width: min(480px, 100%) }
.warning { background: #fff3cd; border-left: 4px solid #d39e00; padding: .5em .8em; margin: .5em 0 }
"""


@checks_arguments
def page(title: str, parts: Sequence[tuple[str, Sequence[Part]]], *, warnings: Sequence[str] = ()) -> str:
    """Build a self-contained HTML page: pictures and videos are embedded, so that it needs no other file.

    Parameters
    ----------
    title
        Title of the page.
    parts
        Sections (heading, contents). Contents are a sequence of paragraphs (str), matplotlib figures, paths of
        pictures (PNG, JPEG, GIF) or of videos that browsers play (MP4, WebM), and tables. A table is a sequence of rows
        of cells, the first of which holds the column titles. A cell is a text (str), or the path of a picture.
    warnings
        Sentences that are highlighted below the title.

    Returns
    -------
    str
        The HTML text, for a file in UTF-8. Text of the arguments is escaped.

    Examples
    --------
    >>> import vmm
    >>> text = vmm.plot.page("A beam", [("Peaks", ["Two peaks.", [("Hz", "px"), ("5", "0.2"), ("31", "0.02")]])])
    >>> text.count("<tr>"), "<h1>A beam</h1>" in text
    (3, True)
    """
    blocks = [f'<p class="warning">{html.escape(warning)}</p>' for warning in warnings]
    for heading, contents in parts:
        blocks.append(f"<h2>{html.escape(heading)}</h2>")
        blocks += [_part(content, heading) for content in contents]
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    body = "\n".join([f"<h1>{html.escape(title)}</h1>", *blocks])
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _part(content: Part, heading: str) -> str:
    if isinstance(content, str):
        return f"<p>{html.escape(content)}</p>"
    if isinstance(content, Sequence):
        return _table(content)
    if isinstance(content, Path):
        return _file(content, heading)
    picture = io.BytesIO()
    content.savefig(picture, format="png", dpi=100)
    return _embedded(picture.getvalue(), "image/png", heading)


def _file(path: Path, name: str) -> str:
    """A picture or a video from a file."""
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path}: a page shows files of the types {', '.join(_KINDS)}; convert it to one of them")
    return _embedded(path.read_bytes(), kind, name)


def _embedded(data: bytes, kind: str, heading: str) -> str:
    """A picture or a video that plays in a loop."""
    source, name = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}", html.escape(heading)
    if kind.startswith("video"):
        return f'<video controls loop muted autoplay playsinline aria-label="{name}" src="{source}"></video>'
    return f'<img alt="{name}" src="{source}">'


def _table(rows: Sequence[Sequence[str | Path]]) -> str:
    titles, *rest = rows
    lines = [_row(titles, "th"), *(_row(row, "td") for row in rest)]
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _row(cells: Sequence[str | Path], tag: str) -> str:
    contents = (html.escape(cell) if isinstance(cell, str) else _file(cell, cell.stem) for cell in cells)
    return "<tr>" + "".join(f"<{tag}>{content}</{tag}>" for content in contents) + "</tr>"
