"""Clips whose chunks are copied to a device as they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from vmm.backend.device import Transfer, bound_memory, frames_at_once, require
from vmm.io._read import Clip


def open_transfer() -> Transfer:
    """The object that copies frames to the device and back; the device memory of this process is bounded.

    Raises
    ------
    ImportError
        If there is no device.
    """
    require()
    bound_memory()
    return Transfer()


def device_chunk_length(clip: Clip) -> int:
    """Number of frames per chunk that makes full use of the device; files are decoded in smaller chunks by default."""
    return max(1, min(clip.shape[0], frames_at_once(clip.shape[1] * clip.shape[2])))


class DeviceClip:
    """A clip whose chunks are copied to the device as they are read; like the clip, it can be reopened.

    Parameters
    ----------
    clip
        Clip on the host.
    transfer
        The object that copies its chunks.
    """

    def __init__(self, clip: Clip, transfer: Transfer) -> None:
        self._clip, self._transfer = clip, transfer
        self.shape: tuple[int, ...] = clip.shape
        self.dtype: np.dtype = clip.dtype
        self.fs: float = clip.fs
        self.times: np.ndarray | None = clip.times

    def __iter__(self) -> Iterator[Any]:
        return self._transfer.to_device(self._clip)

    def reopen(self) -> Iterator[Any]:
        """Open the clip again; yield all chunks from its first frame."""
        return self._transfer.to_device(self._clip.reopen())
