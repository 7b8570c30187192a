"""The command ``warmup``: compilation of every method ahead of its first use."""

from __future__ import annotations

import argparse
from time import perf_counter
from typing import Any

import vmm
from vmm.cli.options import TEMPORAL, has_parameter


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Compile every method for this machine, so that the first call of a method is fast."
    verb = verbs.add_parser("warmup", help=summary, description=summary)
    verb.set_defaults(run=_warmup)


def _warmup(options: argparse.Namespace) -> None:
    import numpy as np

    start = perf_counter()
    for frames in (np.zeros((24, 40, 48), np.uint8), np.zeros((24, 40, 48, 3), np.uint8)):
        for name in vmm.METHODS:
            function = getattr(vmm, name).magnify
            if has_parameter(function, "frequency"):
                function(frames, 6, fs=30)
                continue
            for temporal in TEMPORAL:
                function(frames, (4, 9), fs=30, temporal=getattr(vmm.temporal, temporal))
        vmm.gradient.magnify(frames, None)
    print(f"Compiled in {perf_counter() - start:.1f} s for this machine")
