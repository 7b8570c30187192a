"""The loop that every magnifier runs: read motion from bands, filter it in time, write it back larger."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array, namespace, real_dtype
from vmm.backend.reference import resample
from vmm.engine.frames import check_frames, from_float, to_float
from vmm.engine.protocols import Filter, Motion, Spatial, SpatialPlan
from vmm.engine.windows import Window, windows
from vmm.temporal.ends import continued
from vmm.temporal.tools import unwrap

Alpha = float | Sequence[Any] | Array | Callable[[Spatial], Sequence[Any]]


def magnify(
    frames: Any,
    *,
    spatial: SpatialPlan,
    motion: Motion,
    temporal: Filter,
    alpha: Alpha = 10.0,
    mask: Any = None,
) -> Any:
    """Magnify motion with parts of your own choice: the loop that every method of the library runs.

    Each band of `spatial` gives its motion from one frame to the next; summed, filtered by `temporal` and multiplied
    by `alpha` it is written back, and the difference that this makes is added to the frames. What does not move is
    therefore left exactly as it is, and so is everything at alpha = 0.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3) of uint8, uint16 or floating type; or an iterator of such chunks, in order.
    spatial
        Maker of the spatial part, such as ``vmm.spatial.luma(vmm.spatial.Laplacian)``.
    motion
        How motion is read and written, such as ``vmm.motion.intensity``.
    temporal
        A filter, such as ``vmm.temporal.fir((1, 3), fs=30)``.
    alpha
        What is added: output motion = (1 + alpha) times the input's; -1 takes the filtered motion away. A number; a
        sequence of one number or map for each band; a map (H, W); or a function of the spatial part that gives the
        sequence.
    mask
        Where to magnify: a map (H, W) in [0, 1], or a box (top, left, height, width) in pixels. Frames stay exactly as
        they are where it is 0.

    Returns
    -------
    array or iterator
        What came, magnified: shape, type, and array or iterator as in `frames`. Integers are rounded and clipped.

    Raises
    ------
    TypeError
        Where frames are no array, or of a type that cannot be magnified.
    ValueError
        Where frames have a wrong shape, are fewer than two, too small, or not finite; where alpha is not finite, or
        mask does not fit.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> clip = np.random.default_rng(0).integers(0, 255, (30, 32, 48), dtype=np.uint8)
    >>> out = vmm.magnify(clip, spatial=vmm.spatial.Laplacian, motion=vmm.motion.intensity,
    ...                   temporal=vmm.temporal.butterworth((2, 4), fs=30), alpha=5)
    >>> out.shape, out.dtype
    ((30, 32, 48), dtype('uint8'))
    """
    if not callable(alpha):
        _check_alpha(alpha)
    if not is_array(frames):
        if not isinstance(frames, Iterable):
            check_frames(frames)
        return _magnified(frames, spatial, motion, temporal, alpha, mask)
    check_frames(frames)
    out = namespace(frames).empty_like(frames)
    done = 0
    for piece in _magnified(_cut(frames), spatial, motion, temporal, alpha, mask):
        out[done : done + len(piece)] = piece
        done += len(piece)
    return out


def sampling_rate(frames: Any, fs: float | None) -> float | None:
    """The rate given, or that which the frames carry, or None: cycles per frame."""
    return getattr(frames, "fs", None) if fs is None else fs


def designed(temporal: Any, band: Any, fs: float | None) -> Filter:
    """The filter that a design function makes of the band; a ready filter, for which the band is None, as it is."""
    if isinstance(temporal, Filter):
        if band is not None:
            raise ValueError(f"band={band!r} must be None where temporal is a filter that has its own")
        return temporal
    return temporal(band, fs)


def _magnified(
    chunks: Iterable[Array], spatial: SpatialPlan, motion: Motion, temporal: Filter, alpha: Alpha, mask: Any
) -> Iterator[Array]:
    """The chunks of a clip, magnified, as many frames at a time as the filter allows."""
    chunks = _checked(chunks)
    first = next(chunks)
    chunks = chain([first], chunks)
    plan = spatial(first.shape[1:], real_dtype(first.dtype), namespace(first))
    visible = None if mask is None else _mask(mask, first)
    bands = _Bands(plan, motion, temporal, _alphas(alpha, visible, plan, first))
    if all(_is_zero(value) for value in bands.alphas):
        yield from chunks
        return
    ahead = temporal.delay > 0 or temporal.whole
    pieces = (
        map(bands.windowed, windows(chunks, temporal.delay, temporal.whole)) if ahead else map(bands.causal, chunks)
    )
    for frames, change in pieces:
        if visible is not None:
            change = change * (visible > 0).reshape(visible.shape + (1,) * (change.ndim - 3))
        yield from_float(to_float(frames) + change, frames.dtype)


class _Bands:
    """The bands of one clip with their motion, their alpha and what a causal filter keeps of each."""

    def __init__(self, plan: Spatial, motion: Motion, temporal: Filter, alphas: Sequence[Any]) -> None:
        self._plan, self._temporal, self.alphas = plan, temporal, alphas
        self._motions = [motion.on(grid) for grid in plan.grids]
        self._sum = unwrap()
        self._memory: list[Any] = [(None, None, None)] * len(alphas)

    def causal(self, frames: Array) -> tuple[Array, Array]:
        """Frames, and what magnification adds to them, by a filter that looks back only."""
        bands, _ = self._plan.analyze(to_float(frames))
        return frames, self._plan.synthesize((self._causal(i, bands) for i in range(len(bands))), None)

    def windowed(self, window: Window) -> tuple[Array, Array]:
        """The frames of a window that are kept, and what magnification adds to them."""
        bands, _ = self._plan.analyze(to_float(window.frames))
        changes = (self._windowed(i, bands, window) for i in range(len(bands)))
        return window.frames[window.keep], self._plan.synthesize(changes, None)

    def _causal(self, i: int, bands: Sequence[Array]) -> Array | None:
        if _is_zero(self.alphas[i]):
            return None
        coefs = bands[i]
        last, summed, memory = self._memory[i]
        signal, summed = self._sum.apply(self._since(i, coefs, last), summed)
        signal, memory = self._temporal.apply(signal, memory)
        self._memory[i] = coefs[-1:].copy(), summed, memory
        return self._written(i, coefs, signal)

    def _windowed(self, i: int, bands: Sequence[Array], window: Window) -> Array | None:
        if _is_zero(self.alphas[i]):
            return None
        coefs = bands[i]
        signal, _ = self._sum.apply(self._since(i, coefs, None), None)
        delay = self._temporal.delay
        signal = continued(signal, self._temporal.band, window.head, window.tail, seen=2 * delay + 1)
        signal, _ = self._temporal.apply(signal, None)
        kept = coefs[window.keep]
        lag = 2 * delay  # once for the context before, once for the filter
        return self._written(i, kept, signal[lag : lag + len(kept)])

    def _since(self, i: int, coefs: Array, last: Array | None) -> Array:
        """Motion of each frame since the one before."""
        before = namespace(coefs).concatenate([coefs[:1] if last is None else last, coefs[:-1]])
        return self._motions[i].read(coefs, before)

    def _written(self, i: int, coefs: Array, signal: Array) -> Array:
        """What writing alpha times the signal changes."""
        return self._motions[i].write(coefs, signal, self.alphas[i]) - coefs


def _checked(chunks: Iterable[Array]) -> Iterator[Array]:
    """The chunks that hold frames, each checked; raises unless there are two frames in all, of one size and type."""
    seen, kind = 0, None
    held: Array | None = None
    for chunk in chunks:
        check_frames(chunk)
        if kind not in (None, (chunk.shape[1:], chunk.dtype)):
            raise ValueError(f"a chunk of frames {chunk.shape[1:]} {chunk.dtype} came after chunks of {kind}")
        kind = (chunk.shape[1:], chunk.dtype)
        seen += len(chunk)
        if seen < 2:
            held = chunk if len(chunk) else held  # one frame alone waits for the second
        elif len(chunk):
            yield chunk if held is None else namespace(chunk).concatenate([held, chunk])
            held = None
    if seen < 2:
        raise ValueError(f"a clip of {seen} frame{'s' * (seen != 1)} has no motion: at least 2 frames are needed")


def _cut(frames: Array) -> Iterator[Array]:
    """Views of an array, about eight million values each."""
    n = max(1, 2**23 // max(1, math.prod(frames.shape[1:])))
    return (frames[i : i + n] for i in range(0, len(frames), n))


def _check_alpha(alpha: Alpha) -> None:
    for value in alpha if isinstance(alpha, (list, tuple)) else [alpha]:
        if not bool(namespace(value).isfinite(value).all()):
            raise ValueError(f"alpha={alpha!r} must be finite: what is added to the motion, such as 10")


def _mask(mask: Any, frame: Array) -> Array:
    """The mask as a map (H, W) beside the frames."""
    size = frame.shape[1:3]
    xp, dtype = namespace(frame), real_dtype(frame.dtype)
    if is_array(mask) and mask.ndim == 2:
        if mask.shape != size:
            raise ValueError(f"mask of shape {mask.shape} must have the shape of a frame, {size}")
        values = xp.asarray(mask, dtype=dtype)
        if not bool(((values >= 0) & (values <= 1)).all()):
            raise ValueError("mask must lie in [0, 1]: 0 leaves a pixel as it is, 1 magnifies in full")
        return values
    try:
        top, left, height, width = (int(edge) for edge in mask)
    except (TypeError, ValueError):
        raise TypeError("mask must be a map (H, W) or a box (top, left, height, width) in pixels") from None
    if top < 0 or left < 0 or height < 1 or width < 1 or top + height > size[0] or left + width > size[1]:
        raise ValueError(
            f"mask={(top, left, height, width)} (top, left, height, width) must lie inside the frame, {size}"
        )
    values = xp.zeros(size, dtype)
    values[top : top + height, left : left + width] = 1
    return values


def _alphas(alpha: Alpha, mask: Array | None, plan: Spatial, frame: Array) -> list[Any]:
    """A number or map for each band, on its own grid."""
    xp, dtype, n = namespace(frame), real_dtype(frame.dtype), len(plan.grids)
    if callable(alpha):
        alpha = alpha(plan)
        _check_alpha(alpha)
    values = list(alpha) if isinstance(alpha, (list, tuple)) else [alpha] * n
    if len(values) != n:
        raise ValueError(
            f"alpha holds {len(values)} values, but there are {n} bands: give one for each, or a single one"
        )
    out: list[Any] = []
    value: Any
    for value, grid in zip(values, plan.grids, strict=True):
        value = float(value) if np.ndim(value) == 0 else xp.asarray(value, dtype=dtype)
        if np.ndim(value) == 2 and value.shape == frame.shape[1:3]:
            value = resample(value, *grid.positions())
        if mask is not None and not _is_zero(value):
            value = value * resample(mask, *grid.positions())
        out.append(value)
    return out


def _is_zero(alpha: Any) -> bool:
    return isinstance(alpha, float) and alpha == 0
