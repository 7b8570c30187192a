"""Check of frames for spatial parts that take gray frames alone."""

from __future__ import annotations

import numpy as np

from vmm.backend.checks import short_text


def check_gray(name: str, shape: tuple[int, ...]) -> None:
    """Raise if a frame of this shape is not gray (H, W)."""
    if not isinstance(shape, tuple | list) or not all(
        isinstance(side, int | np.integer) and side > 0 for side in shape
    ):
        raise ValueError(f"shape={short_text(shape)} must hold positive whole numbers: the rows and columns of a frame")
    if len(shape) != 2:
        raise ValueError(
            f"frames of shape (T, {', '.join(map(str, shape))}) are in color, and spatial={name} takes gray frames: "
            f"pass spatial=vmm.spatial.luma(vmm.spatial.{name}) or vmm.spatial.planes(vmm.spatial.{name})"
        )
