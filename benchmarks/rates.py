"""Rates that come back from the files that ``vmm.io.write`` writes: ``python -m benchmarks rates``."""

from __future__ import annotations

import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np

import vmm

FORMATS = (".mkv", ".mp4", ".mov", ".avi", ".nut", ".gif")

RATES: tuple[float | Fraction, ...] = (
    Fraction(1, 60),
    0.5,
    10,
    15,
    23.976,
    Fraction(24000, 1001),
    24,
    25,
    29.97,
    Fraction(30000, 1001),
    30,
    50,
    59.94,
    Fraction(60000, 1001),
    90.05,
    119.88,
    Fraction(120000, 1001),
    120.05,
    143.86,
    199.8,
    239.76,
    Fraction(240000, 1001),
    479.52,
    959.04,
    1000.5,
    2200,
    7000.7,
    20000.5,
    35087,
    90000,
    100000,
)
"""Rates in frames per second of film, television, phones, screens and high-speed cameras."""


def outcome(folder: Path, suffix: str, rate: float | Fraction, frames: np.ndarray) -> str:
    """``"exact"`` if the rate and the frames come back, ``"refused"`` if write refuses the rate, else ``"wrong"``."""
    path = folder / f"clip{suffix}"
    try:
        vmm.io.write(path, frames, rate, overwrite=True)
    except ValueError:
        return "refused"
    except OSError:
        return "failed"
    info = vmm.io.info(path)
    expected = rate if isinstance(rate, Fraction) else Fraction(str(rate))
    return "exact" if (info.fps, info.shape[0]) == (expected, len(frames)) else "wrong"


def table(rates: tuple[float | Fraction, ...] = RATES) -> list[tuple[str, ...]]:
    """A row of titles, and one row for each rate with the outcome in each format."""
    frames = np.random.default_rng(0).integers(0, 255, (12, 16, 32), dtype=np.uint8)
    rows: list[tuple[str, ...]] = [("frames/s", *FORMATS)]
    with tempfile.TemporaryDirectory() as folder:
        for rate in rates:
            rows.append((str(rate), *(outcome(Path(folder), suffix, rate, frames) for suffix in FORMATS)))
    return rows


def main(quick: bool = False) -> None:
    """Print the table and the number of each outcome."""
    rows = table(RATES[::4] if quick else RATES)
    for row in rows:
        print("  ".join(cell.ljust(12) for cell in row).rstrip())
    print(dict(Counter(cell for row in rows[1:] for cell in row[1:])))
