"""The chroma planes of 4:2:0 video, which bypass the methods that change the luma only."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from vmm.io.video import Info


class ChromaQueue:
    """First-in, first-out queue of chroma planes, from the decoder to the encoder.

    A frame's chroma planes wait here until its luma has been magnified, so that they reach the output without any
    color conversion.

    Attributes
    ----------
    info
        Description of the file that the planes are read from.
    """

    def __init__(self, info: Info) -> None:
        self.info = info
        self._planes: deque[np.ndarray] = deque()

    @staticmethod
    def supports(info: Info) -> bool:
        """Whether the file stores 8-bit 4:2:0 frames of even height and width."""
        even = info.shape[1] % 2 == 0 and info.shape[2] % 2 == 0
        return info.pixel_format in ("yuv420p", "yuvj420p") and even

    def split(self, chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the luma (n, H, W) of each chunk of 4:2:0 bytes, and append the chroma planes to the queue."""
        for chunk in chunks:
            self._planes.extend(np.array(chunk[:, self._luma_size :]))
            yield self.luma(chunk)

    def luma(self, chunk: np.ndarray) -> np.ndarray:
        """Luma (n, H, W) of a chunk of 4:2:0 bytes (n, H W 3/2)."""
        return np.ascontiguousarray(chunk[:, : self._luma_size]).reshape(-1, *self.info.shape[1:3])

    def merge(self, luma: np.ndarray) -> np.ndarray:
        """4:2:0 bytes (n, H W 3/2) of luma (n, H, W) and of the n oldest chroma planes, which leave the queue."""
        planes = np.stack([self._planes.popleft() for _ in luma])
        return np.concatenate([luma.reshape(len(luma), -1), planes], axis=1)

    def ffmpeg_options(self) -> list[str]:
        """Options of ffmpeg that repeat the color range, matrix, primaries and transfer of the file."""
        return [option for name, value in self.info.color_tags for option in (f"-{name}", value)]

    @property
    def _luma_size(self) -> int:
        return self.info.shape[1] * self.info.shape[2]
