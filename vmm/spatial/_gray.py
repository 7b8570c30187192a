"""Check of frames for spatial parts that take gray frames alone."""

from __future__ import annotations


def check_gray(name: str, shape: tuple[int, ...]) -> None:
    """Raise a ValueError if a frame of this shape is not gray (H, W)."""
    if len(shape) != 2:
        raise ValueError(
            f"frames of shape (T, {', '.join(map(str, shape))}) are in color, and spatial={name} takes gray frames: "
            f"pass spatial=vmm.spatial.luma(vmm.spatial.{name}) or vmm.spatial.planes(vmm.spatial.{name})"
        )
