"""The directive ``command-help``, which shows the help text of a command, for example ``command-help:: suggest``."""

from __future__ import annotations

import contextlib
import io
import os
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

_WIDTH = "100"
"""Columns of the help texts."""


class CommandHelp(SphinxDirective):
    """The output of ``vmm COMMAND --help``."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the help text as a literal block."""
        from vmm.cli import main

        os.environ["COLUMNS"] = _WIDTH
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            main([*self.arguments, "--help"])
        block = nodes.literal_block(text.getvalue(), text.getvalue())
        block["language"] = "none"
        return [block]


def setup(app: Any) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
