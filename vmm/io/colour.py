"""Colour planes of 4:2:0 video, carried past what works on brightness alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from vmm.io.video import Info


class Colour:
    """Colour planes that wait, from reading until their frames' luma is written, so that they need no conversion.

    Attributes
    ----------
    found
        What the file holds that they come from.
    """

    def __init__(self, found: Info) -> None:
        self.found = found
        self._waiting: deque[np.ndarray] = deque()

    @staticmethod
    def fits(found: Info) -> bool:
        """Whether a file holds luma and colour apart, a quarter as many samples of each colour."""
        even = found.shape[1] % 2 == 0 and found.shape[2] % 2 == 0
        return found.pixels in ("yuv420p", "yuvj420p") and even

    def kept(self, chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Luma (n, H, W) of chunks of planes, whose colour waits."""
        for chunk in chunks:
            self._waiting.extend(np.array(chunk[:, self._luma :]))
            yield self.luma(chunk)

    def luma(self, chunk: np.ndarray) -> np.ndarray:
        """Luma (n, H, W) of a chunk of planes (n, H W 3/2)."""
        return np.ascontiguousarray(chunk[:, : self._luma]).reshape(-1, *self.found.shape[1:3])

    def joined(self, luma: np.ndarray) -> np.ndarray:
        """Planes (n, H W 3/2) of luma (n, H, W) and the colours that have waited longest."""
        colours = np.stack([self._waiting.popleft() for _ in luma])
        return np.concatenate([luma.reshape(len(luma), -1), colours], axis=1)

    def options(self) -> list[str]:
        """How the file says its colours are meant, as options of ffmpeg."""
        return [part for name, value in self.found.tags for part in (f"-{name}", value)]

    @property
    def _luma(self) -> int:
        return self.found.shape[1] * self.found.shape[2]
