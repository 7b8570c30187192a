"""Gradient-based magnification by the displacement of each pyramid level (after Lucas and Kanade 1981)."""

from __future__ import annotations

from collections.abc import Sequence

from vmm.backend.arguments import checks_arguments
from vmm.backend.progress import Progress
from vmm.engine.alpha import Alpha
from vmm.engine.frames import Frames
from vmm.engine.loop import magnify as run
from vmm.engine.loop import sampling_rate
from vmm.engine.regions import Mask
from vmm.engine.static import LIMIT as STATIC_LIMIT
from vmm.engine.static import magnify_static
from vmm.learned.refine import refiner
from vmm.motion import level_displacement
from vmm.motion._level_displacement import LIMIT
from vmm.parts import LinearFilter
from vmm.spatial import color_laplacian
from vmm.spatial._chroma import ChromaSize
from vmm.temporal import fir
from vmm.temporal.choice import Band, Design, check_one_alpha, chosen_filter

__all__ = ["magnify"]


def __dir__() -> list[str]:
    return __all__


@checks_arguments
def magnify(
    frames: Frames,
    band: Band,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    sigma: float = 3.0,
    limit: float | None = None,
    denoise: bool = True,
    direction: float | Sequence[float] | None = None,
    across: float = 0.0,
    chroma: ChromaSize | None = "half",
    mask: Mask | None = None,
    temporal: Design = fir,
    refine: bool = False,
    progress: Progress = False,
) -> Frames:
    """Magnify small motion by the displacement of each level of a Laplacian pyramid.

    This is the recommended method. The displacement between consecutive frames is the least-squares solution of the
    brightness constancy in a Gaussian window [1]_, at every second sample of each level. A change of contrast is a
    further unknown, so that a change of light is not magnified. The displacement is summed, filtered along time and
    denoised, and each level is displaced by alpha times the result with cubic splines.

    On textures, edges and noisy clips the output is nearer to the truth than that of ``vmm.phase``, in about a third of
    its time: see ``benchmarks/PICTURE.md``. Motion of more than about 1 px between consecutive frames is not read
    exactly; for objects that also move far, see ``vmm.lagrangian``.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, a list of frames, a pair (array, fs), or a
        dask array (see ``vmm.magnify``). The luma is magnified, and the chroma moves with it.
    band
        Passband (low, high) in Hz, within (0, fs/2); None if `temporal` is a filter. Several bands are passed as a list
        of pairs or an array (n, 2), with one alpha for each: for example, one band is magnified and another removed.
        None without a filter is the static mode: the motion of each frame relative to the first frame is magnified, and
        two frames suffice. This mode reads one displacement at full size from all color channels and displaces all
        channels of both frames by it, so that it is suited for large output motion and for objects that occlude one
        another. Memory is constant for iterators. `fs`, `sigma`, `denoise`, `direction`, `across` and
        `chroma` have no effect.
    fs
        Camera rate in Hz. By default that of the clip, if it comes from ``vmm.io.stream`` or ``vmm.io.read``; otherwise
        `band` is in cycles per frame.
    alpha
        Amplification: output motion = (1 + alpha) * input motion in the band; -1 removes the motion in the band. A
        number, a map (H, W), or one number for each of several bands. The default is 10.
    sigma
        Standard deviation of the Gaussian window of the least squares, in px of the level, greater than 0. A wider
        window averages more noise, but also the motion of neighbors. The default is 3.
    limit
        Limit on alpha times the displacement in each level, in px of the level, at least 1e-6: with 20, the default in
        a band, it is 20 px for the finest detail, 40 px for detail of twice the size, and so on. Larger displacement
        fades out, so that it does not tear the image. In the static mode it is a limit in px of the frame, 64 by
        default. ``float("inf")`` turns the limit off.
    denoise
        If True, the default, the displacement is shrunk by its predicted variance, which is estimated from the clip:
        areas without texture stay calm, and fine detail that is lost in noise moves with the coarser detail around it.
        The displacement is also faded where the speed steps, as at the edge of an object that passes by. Motion that
        the noise hides is then not magnified. If False, the displacement is used as it is.
    direction
        Direction of the motion to magnify, in degrees: 0 is to the right, and 90 is down. It may also be a vector
        (down, right). Motion across the direction is not changed. At a straight edge only motion perpendicular to the
        edge can be measured, so that an edge at an angle to the direction also shows a part of the motion across. By
        default motion in all directions is magnified.
    across
        Amplification of motion perpendicular to `direction`, as a factor of alpha: 0.5 magnifies this motion by half of
        alpha, and -1 / alpha removes it. The default is 0. Without `direction` it has no effect.
    chroma
        Size of the chroma that moves with the luma: ``"half"``, which loses nothing for 4:2:0 video; ``"full"``, for
        4:4:4 video; or None, which leaves the chroma in place. The default is ``"half"``. In the levels that hold
        chroma, the displacement is read from luma and chroma together, so that borders between colors of like luma
        move, too.
    mask
        Map (H, W) in [0, 1] by which alpha is multiplied, or box (top, left, height, width) in px outside of which
        nothing changes. By default the whole frame is magnified.
    temporal
        Temporal filter: a design function such as ``vmm.temporal.fir``, its name, or a filter that it has made. The
        default is ``vmm.temporal.fir``.
    refine
        If True, a small network refines the displacement in the static mode, at the edges of objects, in areas without
        texture and in noise. The default is False. In a band it has no effect.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and kind (array or iterator) of `frames`.

    Raises
    ------
    ValueError
        If `band`, `alpha`, `mask`, the frames or another option are out of range. The message states the valid range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or has an unsupported dtype.

    References
    ----------
    .. [1] Lucas, Kanade: An iterative image registration technique with an application to stereo vision. IJCAI 1981.

    Examples
    --------
    A texture vibrates at 3 Hz with an amplitude of 0.1 pixels:

    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 48)), synthetic.sway(45, 30, 3.0, 0.1))
    >>> out = vmm.gradient.magnify(clip, (2, 4), fs=30, alpha=10)
    >>> before, after = (vmm.measure.displacement(x).values[12:33, 0, 1].std() for x in (clip, out))
    >>> print(f"The output motion is {after / before:.1f} times the input motion.")
    The output motion is 11.0 times the input motion.

    In the static mode, the second of two frames is magnified relative to the first:

    >>> pair = clip[[22, 24]]
    >>> out = vmm.gradient.magnify(pair, None, alpha=10)
    >>> before, after = (vmm.motion.flow(*x.astype(float))[1, 8:-8, 8:-8].mean() for x in (pair, out))
    >>> print(f"The output motion is {after / before:.0f} times the input motion.")
    The output motion is 11 times the input motion.
    """
    if band is None and not isinstance(temporal, LinearFilter):
        check_one_alpha(alpha)
        network = refiner("refiner") if refine else None
        limit = STATIC_LIMIT if limit is None else limit
        return magnify_static(frames, alpha=alpha, limit=limit, mask=mask, refine=network)
    chosen, gain = chosen_filter(temporal, band, sampling_rate(frames, fs), alpha)
    return run(
        frames,
        spatial=color_laplacian(chroma),
        motion=level_displacement(
            LIMIT if limit is None else limit, sigma=sigma, denoise=denoise, direction=direction, across=across
        ),
        temporal=chosen,
        alpha=gain,
        mask=mask,
    )
