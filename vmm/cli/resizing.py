"""Clips of other sizes."""

from __future__ import annotations

from functools import partial
from typing import Any

import vmm

_MIN_SCALE = 0.001
"""Smallest value of --scale, which leaves 4 of 4000 pixels."""

_MAX_SCALE = 4.0
"""Largest value of --scale; larger frames would need much memory without any new detail."""


def check_scale(scale: float) -> None:
    """Raise ValueError if the value of --scale is out of range."""
    if not _MIN_SCALE <= scale <= _MAX_SCALE:
        raise ValueError(
            f"--scale {scale:g} must be at least {_MIN_SCALE:g} and at most {_MAX_SCALE:g}: it is the size of the "
            "output relative to the input"
        )


def resized(clip: vmm.io.Clip, scale: float) -> vmm.io.Clip:
    """The clip with frames of `scale` times the size."""
    height, width = (max(1, round(n * scale)) for n in clip.shape[1:3])
    shape, step = (clip.shape[0], height, width, *clip.shape[3:]), round(1 / scale)
    decoder, source = clip.open_reduced, clip.open_part
    if step > 1 and step * scale == 1 and decoder is not None:
        return clip.with_chunks(
            lambda: decoder(0, clip.shape[0], (height, width)),
            shape,
            lambda first, stop: decoder(first, stop, (height, width)),
        )
    if step > 1 and step * scale == 1:
        change = partial(_block_means, size=(height, width), step=step)
    else:
        change = partial(_interpolated, size=(height, width))
    part = None if source is None else lambda first, stop: map(change, source(first, stop))
    return clip.with_chunks(lambda: map(change, clip.reopen()), shape, part)


def _interpolated(chunk: Any, size: tuple[int, int]) -> Any:
    """Frames of another size (H, W), by interpolation after a filter that removes detail too fine for it."""
    import numpy as np
    import skimage.transform

    shape = (len(chunk), *size, *chunk.shape[3:])
    is_smaller = size[0] < chunk.shape[1]
    resized = skimage.transform.resize(chunk, shape, preserve_range=True, anti_aliasing=is_smaller)
    return (np.rint(resized) if chunk.dtype.kind in "ui" else resized).astype(chunk.dtype)


def _block_means(chunk: Any, size: tuple[int, ...], step: int) -> Any:
    """Frames of a size (H, W) whose pixels are the means of blocks of step x step pixels."""
    import numpy as np

    missing = [max(n * step - length, 0) for n, length in zip(size, chunk.shape[1:3], strict=True)]
    if any(missing):
        chunk = np.pad(chunk, [(0, 0), *((0, n) for n in missing), *[(0, 0)] * (chunk.ndim - 3)], mode="edge")
    # Sums of every step-th row and column take a quarter of the time of a mean over the axes of blocks.
    rows: Any = sum(chunk[:, i : size[0] * step : step].astype(np.float32) for i in range(step))
    means: Any = sum(rows[:, :, i : size[1] * step : step] for i in range(step)) / step**2
    return (np.rint(means) if chunk.dtype.kind in "ui" else means).astype(chunk.dtype)
