"""Magnification of trajectories: every point followed, its motion filtered, the frame moved on (Liu et al. 2005)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array, namespace, real_dtype
from vmm.backend.luma import luma
from vmm.backend.reference import biquads, blur, faded
from vmm.backend.threads import in_parallel, workers
from vmm.engine.alpha import check_alpha, spread_mask
from vmm.engine.frames import check_frames, cut
from vmm.engine.loop import designed, moving, sampling_rate
from vmm.engine.protocols import Filter
from vmm.motion.flow import Flow, cubic, deviation, flow_function, forward_warp, linear, positions, splines
from vmm.motion.flow import flow as least_squares
from vmm.motion.trajectories import follow_points, localization_tolerance, noise_tolerance, smooth_similar
from vmm.temporal import fir
from vmm.temporal.ends import continued
from vmm.temporal.rows import Rows

_SETTLED = 12  # frames after which a point that has come into sight is as good as any


def magnify(
    frames: Any,
    band: tuple[float, float] | None,
    *,
    fs: float | None = None,
    alpha: float | Array = 10.0,
    sigma: float = 2.5,
    limit: float = 16.0,
    flow: Any = None,
    mask: Any = None,
    temporal: Callable[..., Filter] | Filter = fir,
) -> Any:
    """Magnify motion along trajectories: each point is followed through the frames and moved on by what it vibrates.

    The method for small motion of things that also move far, with
    ``temporal=vmm.temporal.acceleration(frequency, fs)`` and band None: steady motion of any speed is left alone. Where
    a point is hidden or leaves the frame its trajectory ends and is continued as is likeliest for the band; its
    displacement then counts less than that of its neighbours that move alike. The layers of [1]_ are not asked for.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks. Motion is read from the brightness, and all
        colours are moved.
    band
        Low and high cut-off in Hz; None where `temporal` is a ready filter.
    fs
        Rate of the camera in Hz. By default that of a stream, else 1, so that the band is in cycles per frame.
    alpha
        What is added: output motion = (1 + alpha) times the input's; -1 removes the motion of the band.
        A number, or a map (H, W).
    sigma
        Size in pixels of the neighbourhood that motion is taken from: of the window in which flow is found, and of the
        average over points that move alike; at 0, for a `flow` from elsewhere, there is no such average.
    limit
        Output motion in pixels beyond which it fades out, by ``vmm.motion.limited``'s rule: large motions do not tear.
    flow
        How motion between frames is found. None: ``vmm.motion.flow``. A name: ``"tvl1"`` or ``"ilk"`` of scikit-image,
        ``"farneback"`` of OpenCV. A function ``(a, b) -> (2, H, W)`` of two frames' brightness: displacement of
        each pixel of a in b, down and right, in pixels. An array (T, 2, H, W): where each pixel of the first frame has
        gone in every frame, as trackers deliver it; it is filtered as it is, and `sigma` is not used.
    mask
        Where to magnify: a map (H, W) in [0, 1], or a box (top, left, height, width).
    temporal
        Design of the temporal filter, or a ready filter. One that looks ahead is applied along trajectories through
        each frame, so that memory holds the flow of twice its delay of frames, 20 bytes a pixel each, or with ``ideal``
        of the whole clip; of a recursive one the registers are carried along the flow from frame to frame.

    Returns
    -------
    array or iterator
        What came, magnified; an iterator hands out frame by frame.

    Raises
    ------
    ValueError
        Where band, alpha, sigma, limit, flow, mask or the frames are out of range; the message says what is allowed.
    TypeError
        Where frames are no array, or of a type that cannot be magnified.
    ImportError
        Where the library that `flow` names is not installed.

    References
    ----------
    .. [1] Liu, Torralba, Freeman, Durand, Adelson: Motion magnification. SIGGRAPH 2005.
    .. [2] Flotho, Heiss, Steidl, Strauss: Lagrangian motion magnification with landmark-prior and sparse PCA for facial
       microexpressions and micromovements. EMBC 2022.

    Examples
    --------
    A texture drifts by 0.1 pixels per frame and vibrates at 3 Hz with an amplitude of 0.1 pixels. The gain is that of
    the vibration, without the drift:

    >>> import numpy as np, vmm
    >>> from scipy.signal import detrend
    >>> from vmm.data import synthetic
    >>> displacement = synthetic.sway(45, 30, 3.0, 0.1) + np.outer(np.arange(45), [0, 0.1])
    >>> clip = synthetic.render(synthetic.texture((48, 48)), displacement)
    >>> along = vmm.temporal.acceleration(3.0, 30)
    >>> out = vmm.lagrangian.magnify(clip, None, temporal=along, alpha=10)
    >>> before, after = (detrend(vmm.measure.displacement(x).values[12:33, 0, 1]).std() for x in (clip, out))
    >>> print(f"The output vibration is {after / before:.1f} times the input vibration.")
    The output vibration is 11.3 times the input vibration.
    """
    check_alpha(alpha)
    if np.ndim(alpha) not in (0, 2):
        raise ValueError(f"alpha holds {np.size(alpha)} values, but all moves at once: give a number or a map (H, W)")
    if not sigma >= 0 or (flow is None and sigma == 0):
        raise ValueError(f"sigma={sigma!r} must be a positive number of pixels")
    if not limit > 0:
        raise ValueError(f"limit={limit!r} must be a positive number of pixels")
    filtered = _filtered(flow, sigma, frames, band, fs, temporal)
    run = partial(_magnified, alpha=alpha, limit=limit, mask=mask, filtered=filtered)
    if not is_array(frames):
        if not isinstance(frames, Iterable):
            check_frames(frames)
        return run(frames)
    check_frames(frames)
    out = namespace(frames).empty_like(frames)
    for t, frame in enumerate(run(frames)):
        out[t] = frame[0]
    return out


Filtered = Callable[[Iterator[Array]], Iterator[tuple[Array, Array]]]
"""From frames to each of them with the filtered displacement (2, H, W) of its pixels."""


def _filtered(flow: Any, sigma: float, frames: Any, band: Any, fs: float | None, temporal: Any) -> Filtered:
    """How displacements are found and filtered."""
    chosen = designed(temporal, band, sampling_rate(frames, fs))
    if is_array(flow):
        return partial(_of_fields, flow, chosen)
    between = _sound(partial(least_squares, sigma=sigma) if flow is None else flow_function(flow))
    if chosen.whole or chosen.delay > 0:
        return partial(_along, between, sigma, chosen)
    if chosen.sections is None:
        raise ValueError("temporal must look ahead, or be recursive and of no response to motion that stands still")
    return partial(_carried, between, sigma, chosen.sections)


def _magnified(frames: Any, *, alpha: Any, mask: Any, limit: float, filtered: Filtered) -> Iterator[Array]:
    """The frames of a clip, magnified, one by one."""
    chunks = moving(cut(frames) if is_array(frames) else frames)
    first = next(chunks)
    singles = (chunk[t : t + 1] for chunk in chain([first], chunks) for t in range(len(chunk)))
    visible = None if mask is None else spread_mask(mask, first)
    strength = _strength(alpha, visible, first)
    if not bool(namespace(first).any(strength)):
        yield from singles
        return
    if min(first.shape[1:3]) < 4:
        raise ValueError(f"frames of {first.shape[1:3]} pixels are too small to see motion in: at least 4 x 4")
    for frame, displacement in filtered(singles):
        wanted = faded((strength * displacement)[None], limit)[0]
        yield _moved(frame, wanted, None if visible is None else visible > 0)


def _strength(alpha: Any, visible: Array | None, frame: Array) -> Array:
    """What displacements are multiplied by: a number or a map."""
    value = namespace(frame).asarray(alpha, dtype=np.float32)
    if value.ndim == 2 and value.shape != frame.shape[1:3]:
        raise ValueError(f"a map of alpha of shape {value.shape} must have the shape of a frame, {frame.shape[1:3]}")
    return value if visible is None else value * visible.astype(np.float32)


def _moved(frame: Array, displacement: Array, where: Array | None) -> Array:
    """A frame (1, H, W[, 3]) with its pixels displaced."""
    xp = namespace(frame)
    if not bool(displacement.any()):
        return frame
    planes = xp.moveaxis(frame[0].reshape(*frame.shape[1:3], -1), -1, 0).astype(real_dtype(frame.dtype))
    values = cubic(splines(planes), positions(displacement) - forward_warp(displacement))
    moved = xp.moveaxis(values, 0, -1).reshape(frame.shape)
    if frame.dtype.kind == "u":
        moved = xp.clip(xp.rint(moved), 0, np.iinfo(frame.dtype).max)
    moved = moved.astype(frame.dtype)
    return moved if where is None else xp.where(where.reshape(where.shape + (1,) * (frame.ndim - 3)), moved, frame)


def _of_fields(flow: Array, temporal: Filter, frames: Iterator[Array]) -> Iterator[tuple[Array, Array]]:
    """Where displacements of the first frame's pixels are given."""
    signal = None
    t = -1
    for t, frame in enumerate(frames):
        size = (2, *frame.shape[1:3])
        if flow.shape[1:] != size or t >= len(flow):
            raise ValueError(f"flow of shape {flow.shape} must hold displacements {size} for each frame, t = {t} too")
        if signal is None:
            flow = namespace(frame).asarray(flow, dtype=np.float32)
            signal = _applied(temporal, flow)
        came = forward_warp(flow[t])
        yield frame, linear(signal[t], positions(came) - came)
    if t + 1 != len(flow):
        raise ValueError(f"flow holds displacements for {len(flow)} frames, but there are {t + 1}")


def _applied(temporal: Filter, x: Array) -> Array:
    """A signal (T, ...) of a whole clip, filtered, its delay made good."""
    d = temporal.delay
    if d:
        x = continued(x, temporal.band, d, d, seen=2 * d + 1)
    return temporal.apply(x, None)[0][2 * d :]


def _pattern(light: Array) -> Array:
    """What a point is known by: brightness without noise and without what is common to all around."""
    return blur(light, (0.7, 0.7)) - blur(light, (4.0, 4.0))


def _sound(between: Flow) -> Flow:
    """The same flow, with what it gives looked at."""

    def found(a: Array, b: Array) -> Array:
        xp, size = namespace(a), (2, *a.shape)
        field = xp.asarray(between(a, b), dtype=np.float32)
        if field.shape != size or not bool(xp.isfinite(field).all()):
            raise ValueError(f"flow gave an array {field.shape}: it must be finite and of shape {size}")
        return field

    return found


def _along(between: Flow, sigma: float, temporal: Filter, frames: Iterator[Array]) -> Iterator[tuple[Array, Array]]:
    """By a filter that looks ahead, along the trajectories through each frame."""
    delay = temporal.delay
    if temporal.whole:
        kept = list(frames)
        temporal.apply(np.eye(len(kept)), None)  # raises where the clip is too short
        frames, delay = iter(kept), len(kept) - 1
    film = _Film(between, sigma, temporal, delay)
    for frame in frames:
        film.add(frame)
        if len(film.waiting) > film.delay:
            yield film.take()
    while film.waiting:
        yield film.take()


class _Film:
    """The flow between the last frames, and which of them wait for those that their filter must see."""

    def __init__(self, between: Flow, sigma: float, temporal: Filter, delay: int) -> None:
        self._between, self._sigma, self._rows = between, sigma, Rows(temporal, delay)
        self.delay, self._size, self._seen = delay, 2 * delay + 1, 0
        self._last: Array = None
        self.waiting: deque[Array] = deque()

    def add(self, frame: Array) -> None:
        """Take one frame more."""
        light = luma(frame)[0].astype(np.float32)
        slot = self._seen % self._size
        if self._seen == 0:
            xp = namespace(frame)
            self._forth, self._back = (xp.empty((self._size, 2, *light.shape), np.float32) for _ in range(2))
            self._patterns = xp.empty((self._size, *light.shape), np.float32)
        else:
            pairs = (self._last, light), (light, self._last)
            self._forth[slot - 1], self._back[slot] = in_parallel(
                lambda pair: self._between(*pair), pairs, workers(light)
            )
        self._patterns[slot], self._last = _pattern(light), light
        self._seen += 1
        self.waiting.append(frame)

    def take(self) -> tuple[Array, Array]:
        """The first frame that waits, with the filtered displacement of its pixels."""
        t = self._seen - len(self.waiting)
        ahead, behind = (
            [s % self._size for s in steps]
            for steps in (
                range(t, min(t + self.delay + 1, self._seen)),
                range(t, max(t - self.delay, 0) - 1, -1),
            )
        )
        noise = noise_tolerance(self._forth, self._patterns, ahead), noise_tolerance(self._back, self._patterns, behind)
        weights, levels = self._rows.table(len(behind) - 1, len(ahead) - 1)
        slope = localization_tolerance(self._patterns[t % self._size])
        found = follow_points(self._forth, self._back, self._patterns, ahead, behind, noise, slope, weights, levels)
        return self.waiting.popleft(), smooth_similar(found[:2], found[2], found[3:], self._sigma)


def _carried(
    between: Flow, sigma: float, sections: np.ndarray, frames: Iterator[Array]
) -> Iterator[tuple[Array, Array]]:
    """By a recursive filter, whose registers go with the points; a point that comes into sight starts at rest."""
    frame = next(frames)
    light, xp = luma(frame)[0].astype(np.float32), namespace(frame)
    pattern = _pattern(light)
    registers = xp.zeros((len(sections), 2, 2, *light.shape), np.float32)
    age = xp.full(light.shape, float(_SETTLED), np.float32)
    yield frame, xp.zeros((2, *light.shape), np.float32)
    for frame in frames:
        last, light = light, luma(frame)[0].astype(np.float32)
        before, pattern = pattern, _pattern(light)
        back = between(light, last)
        there = positions(light) + back
        change = linear(before[None], there)[0] - pattern
        known = change**2 <= (4 * deviation(change)) ** 2 + localization_tolerance(pattern)
        registers = (known * linear(registers.reshape(-1, *light.shape), there)).reshape(registers.shape)
        age = xp.minimum(known * (linear(age[None], there)[0] + 1), _SETTLED)
        signal = biquads(xp.where(known, -back, 0)[None], sections, registers)[0]
        yield frame, smooth_similar(signal, age / _SETTLED, -back, sigma)
