"""Clips with exactly known motion.

| module | what it holds |
| --- | --- |
| ``synthetic`` | scenes that can be rendered at any displacement, and clips of them |
"""

from vmm.data import synthetic

__all__ = ["synthetic"]
