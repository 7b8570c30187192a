"""How much the study does: all of it, what takes some minutes, and what a test can wait for."""

from __future__ import annotations

from benchmarks.study.parts import Setting

FULL = Setting("full", scenes=25, points=21, shape=(160, 240), frames=60, published=True)
QUICK = Setting("quick", scenes=1, points=3, shape=(72, 144), frames=36)
TINY = Setting("tiny", scenes=1, points=2, shape=(48, 96), frames=32)
