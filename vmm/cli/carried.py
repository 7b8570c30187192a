"""Clips carried to a device for ``--gpu``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import vmm
from vmm.backend.device import Ferry, bound_memory, frames_at_once, require


def ferried() -> Ferry:
    """What carries frames to the device and back, the memory of this process there being bounded.

    Raises
    ------
    ImportError
        Where there is no device.
    """
    require()
    bound_memory()
    return Ferry()


def filling(clip: vmm.io.Clip) -> int:
    """Frames of a clip in a chunk that fills the device; files are read in fewer at a time."""
    return max(1, min(clip.shape[0], frames_at_once(clip.shape[1] * clip.shape[2])))


class Carried:
    """A clip whose chunks are carried to the device as they are read; it can be read again as the clip can.

    Parameters
    ----------
    clip
        The clip.
    ferry
        What carries its chunks.
    """

    def __init__(self, clip: vmm.io.Clip, ferry: Ferry) -> None:
        self._clip, self._ferry = clip, ferry
        self.shape, self.dtype, self.fs = clip.shape, clip.dtype, clip.fs

    def __iter__(self) -> Iterator[Any]:
        return self._ferry.there(self._clip)

    def reopen(self) -> Iterator[Any]:
        """From the first chunk on."""
        return self._ferry.there(self._clip.reopen())
