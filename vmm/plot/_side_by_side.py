"""Two clips next to one another, or one above the other, in one clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, is_array, namespace
from vmm.backend.checks import short_text
from vmm.engine.frames import as_frames, checked
from vmm.plot._labels import strip_height, text_images


@checks_arguments
def side_by_side(
    before: Any, after: Any, *, gap: int = 4, labels: tuple[str, str] | None = None, stacked: bool = False
) -> Any:
    """Join two clips horizontally or vertically, with a white line between them.

    Vertical motion is compared best side by side, and horizontal motion one above the other.

    Parameters
    ----------
    before, after
        Arrays (T, H, W[, 3]) of the same shape and dtype, or iterators of chunks. Chunks may differ in length, as long
        as the frames of both clips correspond.
    gap
        Width of the white line in pixels.
    labels
        Texts for both clips, in a strip above each. The default is none.
    stacked
        If True, the second clip is below the first one, else to its right. The default is False.

    Returns
    -------
    array or iterator
        Frames (T, H, 2 W + gap[, 3]), or (T, 2 H + gap, W[, 3]) if `stacked`, higher by the strips of `labels`: an
        array for arrays, an iterator of chunks for iterators.

    Raises
    ------
    TypeError
        If the clips are neither arrays nor iterators, or if `labels` are not two texts.
    ValueError
        If the clips differ in shape or dtype, or hold values that are not finite.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> clip = np.zeros((5, 8, 10), np.uint8)
    >>> vmm.plot.side_by_side(clip, clip).shape
    (5, 8, 24)
    """
    for name, clip in (("before", before), ("after", after)):
        if not (is_array(clip) or isinstance(clip, Iterable)) or isinstance(clip, str | bytes):
            raise TypeError(
                f"{name}={short_text(clip)} must be an array (T, H, W) or (T, H, W, 3), or an iterator of such chunks"
            )
    if labels is not None and not (
        isinstance(labels, list | tuple) and len(labels) == 2 and all(isinstance(text, str) for text in labels)
    ):
        raise TypeError(f"labels={short_text(labels)} must be two texts, such as ('original', 'magnified')")
    before, after = as_frames(before), as_frames(after)
    if is_array(before) != is_array(after):
        raise TypeError("before and after must both be arrays, or both be iterators of chunks")
    if is_array(before):
        return _joined(next(checked([before])), next(checked([after])), gap, labels, stacked)
    return (_joined(a, b, gap, labels, stacked) for a, b in _synchronized(checked(before), checked(after)))


def _synchronized(before: Iterator[Array], after: Iterator[Array]) -> Iterator[tuple[Array, Array]]:
    """Pairs of chunks of equal length: the chunks of `before` are cut to the lengths of those of `after`."""
    pending: list[Array] = []
    for chunk in after:
        n = len(chunk)
        while sum(map(len, pending)) < n and (following := next(before, None)) is not None:
            pending.append(following)
        buffer = namespace(chunk).concatenate(pending)
        pending = [buffer[n:]]
        yield buffer[:n], chunk


def _joined(before: Array, after: Array, gap: int, labels: tuple[str, str] | None, stacked: bool) -> Array:
    if (before.shape, before.dtype) != (after.shape, after.dtype):
        raise ValueError(
            "before and after: clips side by side must have the same shape and dtype, not "
            f"{before.shape} {before.dtype} and {after.shape} {after.dtype}"
        )
    xp, white = namespace(before), 65535 if before.dtype.name == "uint16" else 255
    if labels is not None:
        height = strip_height(before.shape[2])
        images = text_images(tuple(labels), (height, before.shape[2]))
        before, after = (
            xp.concatenate([_strip(xp.asarray(image * white), clip), clip], axis=1)
            for image, clip in zip(images, (before, after), strict=True)
        )
    shape, axis = list(before.shape), 1 if stacked else 2
    shape[axis] = gap
    return xp.concatenate([before, xp.full(shape, white, before.dtype), after], axis=axis)


def _strip(image: Array, clip: Array) -> Array:
    """The image of a label above all frames of a clip."""
    strip = image.astype(clip.dtype).reshape(1, *image.shape, *(1,) * (clip.ndim - 3))
    return namespace(clip).broadcast_to(strip, (len(clip), *image.shape, *clip.shape[3:]))
