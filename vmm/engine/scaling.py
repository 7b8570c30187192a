"""Floating-point clips of very small or large values, which are magnified at a scale that suits floating point."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from vmm.backend.arrays import USUAL_PEAK, Array, is_array, namespace, real_dtype, scale_factor

_LARGEST = 2.0**40
"""Largest scaled value that a later chunk may hold; larger ones overflow in 32 bits."""


_TYPES = ("float16", "float32", "float64")


class Scaling:
    """A clip whose values are multiplied by a power of two, and the inverse for the magnified clip.

    The factor is 1 for integers and for usual values. It is that of the first chunk that is not zero, so that a stream
    is read once only, and a power of two, so that the product is exact. Frames of 16 bits are magnified in 32 bits.

    Parameters
    ----------
    clip
        An array or an iterable of chunks.
    is_fixed
        Whether the factor is 1 for all clips, because a part of the method depends on the values.
    """

    def __init__(self, clip: Any, *, is_fixed: bool = False) -> None:
        self._clip = clip
        self._factor = 1.0 if is_fixed else None
        self._dtype: Any = None  # of frames in floating point

    def applied(self) -> Any:
        """The scaled clip, in the form of the clip; the clip itself if nothing changes."""
        if is_array(self._clip):
            return self._scaled(self._clip)
        if np.dtype(getattr(self._clip, "dtype", np.float32)).kind != "f":
            return self._clip
        return _ScaledClip(self, self._clip)

    def scaled_chunks(self, chunks: Iterable[Any]) -> Iterator[Any]:
        """The scaled chunks."""
        return (self._scaled(chunk) for chunk in chunks)

    def inverse(self, chunks: Iterable[Array]) -> Iterator[Array]:
        """The chunks at the scale and in the type of the clip; values beyond the range of the type are clipped."""
        for chunk in chunks:
            factor = self._factor or 1.0
            is_same = self._dtype is None or (factor == 1 and chunk.dtype == self._dtype)
            yield chunk if is_same else _restored(chunk, factor, self._dtype)

    def _scaled(self, chunk: Any) -> Any:
        if not is_array(chunk) or chunk.dtype.name not in _TYPES or chunk.size == 0:
            return chunk  # The check of the frames refuses other types.
        self._dtype = chunk.dtype
        peak = float(max(chunk.max(), -chunk.min()))
        if not math.isfinite(peak):
            return chunk  # The check of the frames refuses it, too.
        dtype = real_dtype(chunk.dtype)
        if self._factor is None and peak > 0:
            self._factor = scale_factor(peak, dtype)
        factor = self._factor or 1.0
        if factor != 1 and peak * factor > _LARGEST:
            raise ValueError(
                f"frames reach {peak:g}, but the first ones that are not 0 are at most {2 * USUAL_PEAK / factor:.2g}: "
                "this range is too wide for floating point, so cut the clip there"
            )
        return chunk.astype(dtype, copy=False) if factor == 1 else chunk.astype(dtype, copy=False) * dtype.type(factor)


class _ScaledClip:
    """An iterable of chunks whose values are scaled, with the attributes of the clip."""

    def __init__(self, scaling: Scaling, clip: Any) -> None:
        self._scaling, self._clip = scaling, clip

    def __iter__(self) -> Iterator[Any]:
        return self._scaling.scaled_chunks(self._clip)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._clip, name)
        return (lambda: self._scaling.scaled_chunks(value())) if name == "reopen" else value


def _restored(chunk: Array, factor: float, dtype: Any) -> Array:
    """A chunk divided by the factor, in a type, to whose range the values are clipped."""
    xp, largest = namespace(chunk), float(np.finfo(dtype).max)
    if factor < 1:
        return (xp.clip(chunk, -largest * factor, largest * factor) / factor).astype(dtype, copy=False)
    return xp.clip(chunk / factor, -largest, largest).astype(dtype, copy=False)
