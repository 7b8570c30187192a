"""The command ``presets``: the settings for the clips of the papers."""

from __future__ import annotations

import argparse
from typing import Any

import vmm
from vmm.cli.outputs import print_table


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "List the presets: settings with which the papers magnified their clips."
    more = "The option --preset CLIP of a method uses them; other options of the command take precedence."
    verb = verbs.add_parser("presets", help=summary, description=f"{summary} {more}")
    verb.set_defaults(run=_presets)


def _presets(_: argparse.Namespace) -> None:
    rows = [("preset", "method", "settings")]
    for clip, methods in vmm.presets.items():
        for name, (method, settings) in zip([clip, *[""] * len(methods)], methods.items(), strict=False):
            rows.append((name, method, ", ".join(f"{key} {_text(value)}" for key, value in settings.items())))
    print_table(rows, max_rows=len(rows))
    print("\nExample: vmm phase guitar.mp4 out.mp4 --preset guitar")


def _text(value: Any) -> str:
    """A setting as the command line takes it."""
    if isinstance(value, tuple | list):
        return " ".join(map(_text, value))
    return getattr(value, "__name__", None) or (f"{value:g}" if isinstance(value, float) else str(value))
