"""The directive ``table-plot``, which draws a table of a page, for example::

    ```{table-plot} ../../benchmarks/PICTURE.md
    :heading: Truth
    :columns: gradient, phase
    :rows: 9
    :label: structural similarity
    ```

Each row of the table is a line of the plot, named by its first cell or by the first `names` cells, and each column is a
kind of marker. Cells whose text does not begin with a number are omitted.
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

_NUMBER = re.compile(r"\s*\**(-?\d*\.?\d+)")
_MARKERS = "o^sDvP*X<>"


def tables(text: str) -> dict[str, list[list[str]]]:
    """The first table below each heading: its rows of cells, of which the first holds the names of the columns."""
    result: dict[str, list[list[str]]] = {}
    heading, is_complete = "", False
    for line in text.splitlines():
        if line.startswith("#"):
            heading, is_complete = line.lstrip("# "), False
        elif line.startswith("|") and not is_complete:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not all(set(cell) <= {"-", ":"} and cell for cell in cells):
                result.setdefault(heading, []).append(cells)
        elif heading in result:
            is_complete = True
    return result


def number(cell: str) -> float:
    """The number with which a cell begins, or NaN."""
    found = _NUMBER.match(cell)
    return float(found[1]) if found else float("nan")


class TablePlot(SphinxDirective):
    """A plot of a table."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {
        "heading": directives.unchanged_required,
        "columns": directives.unchanged_required,
        "rows": directives.nonnegative_int,
        "label": directives.unchanged_required,
        "names": directives.positive_int,
        "log": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Return the picture with its caption."""
        source, page = Path(self.env.srcdir), Path(self.env.doc2path(self.env.docname))
        path = (page.parent / self.arguments[0]).resolve()
        self.env.note_dependency(str(path))
        heading = self.options["heading"]
        table = tables(path.read_text(encoding="utf-8")).get(heading)
        if table is None:
            raise self.error(f"{path.name} has no table below the heading {heading!r}")
        names = [name.strip() for name in self.options["columns"].split(",")]
        if missing := [name for name in names if name not in table[0]]:
            raise self.error(f"the table {heading!r} of {path.name} has no column {missing[0]!r}")
        folder = source / "_build" / "plots"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{sha256(repr((str(path.name), self.options)).encode()).hexdigest()[:16]}.svg"
        self._draw(table, names, target)
        caption = f"{self.options['label'].capitalize()}, of the table “{heading}”."
        image = nodes.image(uri=f"/{target.relative_to(source).as_posix()}", alt=f"{caption} A plot.")
        return [nodes.figure("", image, nodes.caption(caption, caption), align="left")]

    def _draw(self, table: list[list[str]], names: list[str], target: Path) -> None:
        """Write the plot."""
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

        rows = table[1 : 1 + self.options.get("rows", len(table))]
        n_names = self.options.get("names", 1)
        figure = Figure(figsize=(7, 0.9 + 0.24 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for marker, name in zip(_MARKERS, names, strict=False):
            column = table[0].index(name)
            values = [number(row[column]) if column < len(row) else float("nan") for row in rows]
            axes.plot(values, range(len(rows)), marker, label=name, markersize=5, alpha=0.85)
        labels = [", ".join(row[:n_names]) for row in rows]
        axes.set(yticks=range(len(rows)), yticklabels=labels, xlabel=self.options["label"])
        if "log" in self.options:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
        axes.invert_yaxis()
        axes.grid(alpha=0.3)
        if len(names) > 1:
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        figure.savefig(target, metadata={"Date": None})


def setup(app: Any) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive("table-plot", TablePlot)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
