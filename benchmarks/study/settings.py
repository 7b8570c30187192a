"""Settings of the study: the full study, one that takes a few minutes, and one for the tests."""

from __future__ import annotations

from benchmarks.study.types import Setting

FULL = Setting("full", scenes=25, points=21, shape=(160, 240), frames=60, published=True)
QUICK = Setting("quick", scenes=1, points=3, shape=(72, 144), frames=36)
TINY = Setting("tiny", scenes=1, points=2, shape=(48, 96), frames=32)
