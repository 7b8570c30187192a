"""Formulas as MathML, which browsers show without a script and without the network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml


def _visit_inline(self: Any, node: nodes.Node) -> None:
    self.body.append(_mathml(node.astext(), is_block=False))
    raise nodes.SkipNode


def _visit_block(self: Any, node: nodes.Node) -> None:
    self.body.append(f'<div class="formula">{_mathml(node.astext(), is_block=True)}</div>')
    raise nodes.SkipNode


def _mathml(text: str, *, is_block: bool) -> str:
    return str(latex2mathml.tex2mathml(text, as_block=is_block))


def setup(app: Any) -> dict[str, Any]:
    """Add the renderer of formulas."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
