"""The loop that all magnifiers share: read motion from subbands, filter it along time, put it back magnified."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from vmm.backend.arrays import Array, is_array, namespace, real_dtype
from vmm.backend.checks import short_text
from vmm.backend.progress import Progress, check_progress, is_shown, showing
from vmm.engine.adaptive import AdaptiveBands
from vmm.engine.alpha import Gain, LevelGains, check_alpha, edge_factor, spread_alpha, spread_mask
from vmm.engine.bands import Bands
from vmm.engine.bars import changed_pixels
from vmm.engine.blocks import is_lazy
from vmm.engine.denoised import DenoisedBands
from vmm.engine.fast_paths import FastBands
from vmm.engine.frames import Frames, cut, in_form_of, moving
from vmm.engine.lazy import lazily_magnified
from vmm.engine.motion_store import MotionStore, motion_store_in_use
from vmm.engine.regions import Mask
from vmm.engine.times import check_evenly_spaced, stated_rate
from vmm.engine.two_pass import two_pass
from vmm.engine.windows import check_length_for, windows
from vmm.parts import (
    CausalFilter,
    ClipPlan,
    LookAheadFilter,
    Motion,
    NonlinearFilter,
    Spatial,
    SpatialPlan,
    TemporalFilter,
    WholeClipFilter,
)


def magnify(
    frames: Frames,
    *,
    spatial: SpatialPlan | ClipPlan,
    motion: Motion,
    temporal: TemporalFilter,
    alpha: Gain = 10.0,
    mask: Mask | None = None,
    level_gains: LevelGains | None = None,
    progress: Progress = False,
) -> Frames:
    """Magnify motion with a spatial part, a motion and a temporal filter of your choice, as all classical methods do.

    The motion of each subband of `spatial` is read from frame to frame, summed over time, filtered by `temporal`,
    multiplied by `alpha` and put back into the subband. The change of the subbands is added to the frames, so that
    pixels without motion, and all pixels at alpha = 0, keep their exact values.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3) of type uint8, uint16 or floating point; or an iterator of such chunks, in
        order. A list of frames, and a pair (array, fs) as ``vmm.io.read`` returns it, are returned in the same form.
        A dask array gives a dask array, of which nothing is computed before it is asked for. Each window of a filter
        that looks ahead is then a task of its own, the blocks of a causal filter follow one another, and each block of
        an ideal filter waits for sums over all of them.
    spatial
        Plan of the spatial part, such as ``vmm.spatial.luma(vmm.spatial.Laplacian)``.
    motion
        Functions that read motion from coefficients and put it into them, such as ``vmm.motion.intensity``. They must
        accept the coefficients that `spatial` makes.
    temporal
        Temporal filter of one of the kinds in ``vmm.parts``, such as ``vmm.temporal.fir((1, 3), fs=30)``.
    alpha
        Amplification: output motion = (1 + alpha) * input motion in the band; -1 removes the motion in the band. A
        number or a map (H, W). The default is 10.
    mask
        Map (H, W) in [0, 1] by which alpha is multiplied, or box (top, left, height, width) in px outside of which
        nothing changes. Pixels where it is 0 keep their exact values. By default the whole frame is magnified.
    level_gains
        Factors by which `alpha` is multiplied in each subband, the finest first: a number or a map (H, W) for each. Or
        a function ``level_gains(alphas, grids)`` that returns the alpha of each subband, for example with a bound that
        depends on the wavelength. By default all factors are 1.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and form (array, iterator, list or pair) of `frames`.
        Integers are rounded and clipped.

    Raises
    ------
    TypeError
        If `frames` are neither an array nor an iterator of arrays, or have an unsupported dtype; if a part has a wrong
        type; or if `motion` does not accept the coefficients of `spatial`.
    ValueError
        If `frames` have a wrong shape, are fewer than 2, too small, or not finite; if `alpha` is not finite; or if
        `mask` or `level_gains` do not have the right shape.

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
    check_progress("progress", progress)
    _check_parts(spatial, motion, temporal)
    check_evenly_spaced(frames)
    check_length_for(temporal, frames)
    bands = partial(_bands, spatial=spatial, motion=motion, alpha=alpha, mask=mask, level_gains=level_gains)
    # The parts that are made from a clip are networks, which depend on the value of white.
    is_scaled = not isinstance(spatial, ClipPlan)
    if is_lazy(frames):
        if progress or is_shown():
            raise ValueError(
                "progress has no effect on a dask array, which is computed later: use dask.diagnostics.ProgressBar"
            )
        return lazily_magnified(frames, bands, temporal, is_scaled=is_scaled)
    magnified = partial(_magnified, bands=bands, temporal=temporal, store=motion_store_in_use())
    with showing(progress):
        return in_form_of(frames, magnified, is_scaled=is_scaled)


def sampling_rate(frames: Any, fs: float | None) -> float | None:
    """The given rate in Hz, or that of the frames; None for cycles per frame. Raise if frames are unevenly spaced."""
    check_evenly_spaced(frames)
    return stated_rate(frames, fs)


def _check_parts(spatial: Any, motion: Any, temporal: Any) -> None:
    """Raise if a part has a wrong type."""
    if not (callable(spatial) or isinstance(spatial, ClipPlan)):
        raise TypeError(
            f"spatial={short_text(spatial)} must be a plan of a spatial part, such as vmm.spatial.Laplacian"
        )
    if not isinstance(motion, Motion):
        raise TypeError(f"motion={short_text(motion)} must be a vmm.parts.Motion, such as vmm.motion.local_phase")
    if not isinstance(temporal, TemporalFilter):
        hint = ": call the design function" if callable(temporal) else ""
        name = getattr(temporal, "__name__", short_text(temporal))
        raise TypeError(f"temporal={name} must be a filter, such as vmm.temporal.fir((1, 3), fs=30){hint}")


def spatial_part(plan: SpatialPlan, frame: Array) -> Spatial:
    """The spatial part that a plan makes for frames like `frame` (H, W[, 3]); raise if it is none."""
    arguments = (frame.shape, real_dtype(frame.dtype), namespace(frame))
    try:
        inspect.signature(plan).bind(*arguments)
    except (TypeError, ValueError):
        raise TypeError(
            f"spatial={short_text(plan)} does not take the shape of a frame, a dtype and the array module: use a plan "
            "of a spatial part, such as vmm.spatial.Laplacian"
        ) from None
    part = plan(*arguments)
    if not hasattr(part, "analyze"):
        raise TypeError(
            f"spatial={short_text(plan)} made {short_text(part)}, which is no spatial part: use one such as "
            "vmm.spatial.Laplacian"
        )
    return part


def _bands(
    first: Array,
    *,
    spatial: SpatialPlan | ClipPlan,
    motion: Motion,
    alpha: Gain,
    mask: Any,
    level_gains: LevelGains | None,
) -> Bands:
    """The subbands of a clip that begins with the frames `first`."""
    plan = spatial.make(first) if isinstance(spatial, ClipPlan) else spatial_part(spatial, first[0])
    weight = None if mask is None else spread_mask(mask, first)
    alphas = spread_alpha(alpha, weight, level_gains, plan.grids, first)
    kind = AdaptiveBands if motion.adaptive else FastBands if motion.denoiser is None else DenoisedBands
    return kind(plan, motion, alphas, edge_factor(changed_pixels(first[0], weight), weight))


def _magnified(
    frames: Any, *, bands: Callable[[Array], Bands], temporal: TemporalFilter, store: MotionStore | None
) -> Iterator[Array]:
    """The chunks of a clip, magnified, with as many frames at a time as the filter allows."""
    chunks = moving(cut(frames) if is_array(frames) else frames)
    first = next(chunks)
    chunks, of_clip = chain([first], chunks), bands(first)
    if not of_clip.active:
        yield from chunks
        return
    match temporal:
        case CausalFilter():
            yield from of_clip.causal(temporal, chunks, of_clip.state(temporal))
        case LookAheadFilter():
            yield from of_clip.look_ahead(temporal, windows(chunks, temporal, frames), store)
        case WholeClipFilter():
            yield from of_clip.whole_clip(temporal, two_pass(frames, chunks), store)
        case NonlinearFilter():
            yield from of_clip.nonlinear(temporal, windows(chunks, temporal))
