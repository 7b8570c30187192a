"""A reading of the results, made of the numbers: which method for which job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.study.parts import Block

TEXT = "Read off the tables and curves below by the study itself."


def blocks(shown: Mapping[str, Sequence[Block]]) -> list[Block | str]:
    """Sentences and a table."""
    return []
