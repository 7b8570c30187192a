"""The loop that every magnifier runs: read motion from bands, filter it in time, write it back larger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from numbers import Real
from typing import Any

from vmm.backend.arrays import Array, is_array, namespace, real_dtype
from vmm.engine.alpha import Adjust, Alpha, check_alpha, spread_alpha, spread_mask
from vmm.engine.bands import Bands
from vmm.engine.frames import check_frames, checked, cut
from vmm.engine.protocols import Filter, Motion, Rule, SpatialPlan
from vmm.engine.windows import source, windows
from vmm.temporal.tools import parallel

Band = tuple[float, float] | Sequence[tuple[float, float]] | None
"""Low and high cut-off in Hz, several such pairs, or None for a ready filter."""


def magnify(
    frames: Any,
    *,
    spatial: SpatialPlan,
    motion: Motion,
    temporal: Filter | Rule,
    alpha: Alpha = 10.0,
    mask: Any = None,
    adjust: Adjust | None = None,
) -> Any:
    """Magnify motion with parts of your own choice: the loop that every method of the library runs.

    Each band of `spatial` gives its motion from one frame to the next; summed, filtered by `temporal` and multiplied
    by `alpha` it is written back, and the difference that this makes is added to the frames. What does not move is
    therefore left exactly as it is, and so is everything at alpha = 0.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3) of uint8, uint16 or floating type; or an iterator of such chunks, in order,
        each an array of its own.
    spatial
        Maker of the spatial part, such as ``vmm.spatial.luma(vmm.spatial.Laplacian)``.
    motion
        How motion is read and written, such as ``vmm.motion.intensity``.
    temporal
        A filter, such as ``vmm.temporal.fir((1, 3), fs=30)``, or a rule, such as ``vmm.temporal.bilateral(2, fs=30)``.
    alpha
        What is added: output motion = (1 + alpha) times the input's; -1 takes the filtered motion away. A number; a
        sequence of one number or map for each band; or a map (H, W).
    mask
        Where to magnify: a map (H, W) in [0, 1], or a box (top, left, height, width) in pixels. Frames stay exactly as
        they are where it is 0.
    adjust
        ``adjust(plan, alphas) -> alphas``: changes the alpha of the bands once the spatial part's plan is known, such
        as by a bound that depends on the wavelength.

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
    check_alpha(alpha)
    if not is_array(frames):
        if not isinstance(frames, Iterable):
            check_frames(frames)
        return _magnified(frames, spatial, motion, temporal, alpha, mask, adjust)
    check_frames(frames)
    out = namespace(frames).empty_like(frames)
    done = 0
    for piece in _magnified(frames, spatial, motion, temporal, alpha, mask, adjust):
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


def tuned(temporal: Any, band: Any, fs: float | None, alpha: Any) -> tuple[Filter, Any]:
    """The filter of a band and its alpha; of several bands, each with its own alpha, one filter, whose alpha is 1."""
    if not several(band):
        return designed(temporal, band, fs), alpha
    alphas = list(alpha) if isinstance(alpha, (list, tuple)) else [alpha]
    if len(alphas) != len(band) or not all(isinstance(value, Real) for value in alphas):
        raise ValueError(f"alpha={alpha!r} must hold one number for each of the {len(band)} bands")
    check_alpha(alphas)
    return parallel(*(designed(temporal, one, fs) for one in band), gains=alphas), 1.0


def several(band: Any) -> bool:
    """Whether a list of bands came in place of one."""
    return isinstance(band, (list, tuple)) and bool(band) and isinstance(band[0], (list, tuple))


def _magnified(
    frames: Any,
    spatial: SpatialPlan,
    motion: Motion,
    temporal: Filter | Rule,
    alpha: Alpha,
    mask: Any,
    adjust: Adjust | None,
) -> Iterator[Array]:
    """The chunks of a clip, magnified, as many frames at a time as the filter allows."""
    chunks = moving(cut(frames) if is_array(frames) else frames)
    first = next(chunks)
    chunks = chain([first], chunks)
    plan = spatial(first.shape[1:], real_dtype(first.dtype), namespace(first))
    visible = None if mask is None else spread_mask(mask, first)
    alphas = spread_alpha(alpha, visible, adjust, plan, first)
    bands = Bands(plan, motion, temporal, alphas, None if visible is None else visible > 0)
    if not bands.moved:
        yield from chunks
    elif isinstance(temporal, Rule):
        yield from bands.ruled(windows(chunks, temporal.delay))
    elif temporal.whole:
        yield from bands.whole(source(frames, chunks))
    elif temporal.delay > 0:
        yield from bands.windowed(windows(chunks, temporal.delay))
    else:
        yield from bands.causal(chunks)


def moving(chunks: Iterable[Array]) -> Iterator[Array]:
    """The chunks that hold frames, the first of them at least two; raises where there are fewer in all."""
    seen = 0
    held: Array | None = None
    for chunk in checked(chunks):
        seen += len(chunk)
        if seen < 2:
            held = chunk if len(chunk) else held  # one frame alone waits for the second
        elif len(chunk):
            yield chunk if held is None else namespace(chunk).concatenate([held, chunk])
            held = None
    if seen < 2:
        raise ValueError(f"a clip of {seen} frame{'s' * (seen != 1)} has no motion: at least 2 frames are needed")
