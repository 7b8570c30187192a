"""Displacements of the pixels of each frame, filtered along their trajectories."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from vmm.backend.arrays import Array, namespace, to_host
from vmm.backend.autoregression import Autoregression, blocks, of_signals
from vmm.backend.luma import luma
from vmm.backend.reference import biquads, blur, robust_std
from vmm.backend.threads import in_parallel, workers
from vmm.engine.visibility import VisibilityWeights
from vmm.engine.windows import check_delay, warn_if_short
from vmm.motion._flow import Flow
from vmm.motion.trajectories import follow_points, localization_tolerance, noise_tolerance, smooth_similar
from vmm.motion.warp import bilinear, forward_warp, pixel_positions
from vmm.parts import LinearFilter, LookAheadFilter, WholeClipFilter

_SETTLED = 12
"""Number of frames for which a point must be visible before it has full weight in the spatial average. A larger number
suppresses the transient of the filter better, but ignores points that are visible for a short time."""

_MAX_DEVIATIONS = 4.0
"""Largest difference between the patterns of a point in consecutive frames, in standard deviations of the noise: noise
exceeds it once in 16000 points."""


MAX_DELAY_PER_FRAME = 0.5
"""Largest group delay of a filter along trajectories, relative to the number of frames of the clip, beyond that of
``vmm.engine.windows.MIN_DELAY``: its weights are computed for each number of frames in which a point is visible."""


def of_fields(flow: Array, temporal: LinearFilter, frames: Iterator[Array]) -> Iterator[tuple[Array, Array]]:
    """Yield each frame with the filtered displacement of its pixels, from displacements of the first frame's pixels."""
    signal = None
    t = -1
    for t, frame in enumerate(frames):
        size = (2, *frame.shape[1:3])
        if flow.shape[1:] != size or t >= len(flow):
            raise ValueError(f"flow of shape {flow.shape} must hold displacements {size} for all frames, also t = {t}")
        if signal is None:
            flow = namespace(frame).asarray(flow, dtype=np.float32)
            signal = _zero_phase(temporal, flow)
        arrival = forward_warp(flow[t])
        yield frame, bilinear(signal[t], pixel_positions(arrival) - arrival)
    if t + 1 != len(flow):
        raise ValueError(f"flow holds displacements for {len(flow)} frames, but there are {t + 1}")


def _zero_phase(temporal: LinearFilter, x: Array) -> Array:
    """The filtered signal (T, ...) of a whole clip, with the delay of the filter compensated."""
    if not isinstance(temporal, LookAheadFilter):
        return temporal.apply(x, None)[0]
    warn_if_short(temporal, len(x))
    d = temporal.delay
    extended = of_signals(x, temporal.band).extend(x, d, d)
    return temporal.apply(extended, None)[0][2 * d :]


def checked_flow(between: Flow) -> Flow:
    """The optical flow function, with a check of its results."""

    def flow(a: Array, b: Array) -> Array:
        xp, size = namespace(a), (2, *a.shape)
        field = xp.asarray(between(a, b), dtype=np.float32)
        if field.shape != size or not bool(xp.isfinite(field).all()):
            raise ValueError(f"flow gave an array {field.shape}: it must be finite and of shape {size}")
        return field

    return flow


def by_window(
    between: Flow, sigma: float, temporal: LookAheadFilter | WholeClipFilter, frames: Iterator[Array]
) -> Iterator[tuple[Array, Array]]:
    """Yield each frame with the displacement of its pixels, filtered along the trajectories through the frame."""
    if isinstance(temporal, WholeClipFilter):
        clip = list(frames)
        temporal.extended_factors(len(clip), Autoregression((), 1))  # raises an error if the clip is too short
        frames, delay = iter(clip), len(clip) - 1
    else:
        delay = temporal.delay
    trajectories = _Trajectories(between, sigma, temporal, delay)
    for frame in frames:
        trajectories.add(frame)
        while trajectories.is_ready():
            yield trajectories.take()
    check_delay(delay if isinstance(temporal, LookAheadFilter) else 0, trajectories.count, MAX_DELAY_PER_FRAME)
    warn_if_short(temporal, trajectories.count)
    trajectories.fit()
    while trajectories.waiting:
        yield trajectories.take()


class _Trajectories:
    """Optical flow between the latest frames, and the frames that wait for the later frames of their window.

    Parameters
    ----------
    between
        Optical flow from one frame to another.
    sigma
        Standard deviation in px of the spatial average.
    temporal
        The filter.
    delay
        Number of frames that the filter needs before and after each frame.
    """

    def __init__(self, between: Flow, sigma: float, temporal: LookAheadFilter | WholeClipFilter, delay: int) -> None:
        self._between, self._sigma, self._temporal = between, sigma, temporal
        self._weights: VisibilityWeights | None = None
        self.delay, self._size, self.count = delay, 2 * delay + 1, 0
        self._last: Array = None
        self.waiting: deque[Array] = deque()

    def add(self, frame: Array) -> None:
        """Add the next frame."""
        gray = _luma(frame)
        slot = self.count % self._size
        if self.count == 0:
            xp = namespace(frame)
            self._forth, self._back = (xp.empty((self._size, 2, *gray.shape), np.float32) for _ in range(2))
            self._patterns = xp.empty((self._size, *gray.shape), np.float32)
        else:
            pairs = (self._last, gray), (gray, self._last)
            self._forth[slot - 1], self._back[slot] = in_parallel(
                lambda pair: self._between(*pair), pairs, workers(gray)
            )
        self._patterns[slot], self._last = _pattern(gray), gray
        self.count += 1
        self.waiting.append(frame)

    def is_ready(self) -> bool:
        """Whether the first frame that waits has its window; the first frames wait for the model of a whole window."""
        if self._weights is None and self.count == self._size:
            self.fit()
        return self._weights is not None and len(self.waiting) > self.delay

    def fit(self) -> None:
        """Fit the model of motion to the latest frames; points that are not visible move by its prediction."""
        slots = [s % self._size for s in range(max(0, self.count - self._size), self.count - 1)]
        steps = namespace(self._last).concatenate([blocks(self._forth[slots, axis]) for axis in (0, 1)], axis=1)
        positions = np.cumsum(np.pad(to_host(steps), [(1, 0), (0, 0)]), axis=0)
        model = of_signals(positions, self._temporal.band)
        self._weights = VisibilityWeights(self._temporal, self.delay, model)

    def take(self) -> tuple[Array, Array]:
        """Remove and return the first frame that waits, with the filtered displacement of its pixels."""
        t = self.count - len(self.waiting)
        ahead, behind = (
            [s % self._size for s in steps]
            for steps in (
                range(t, min(t + self.delay + 1, self.count)),
                range(t, max(t - self.delay, 0) - 1, -1),
            )
        )
        noise = noise_tolerance(self._forth, self._patterns, ahead), noise_tolerance(self._back, self._patterns, behind)
        assert self._weights is not None
        weights, levels = self._weights.table(len(behind) - 1, len(ahead) - 1)
        tolerance = localization_tolerance(self._patterns[t % self._size])
        clip = self._forth, self._back, self._patterns
        result = follow_points(*clip, ahead, behind, noise, tolerance, weights, levels)
        return self.waiting.popleft(), smooth_similar(result[:2], result[2], result[3:], self._sigma)


def recursively(between: Flow, sigma: float, sos: np.ndarray, frames: Iterator[Array]) -> Iterator[tuple[Array, Array]]:
    """Yield each frame with the displacement of its pixels, filtered by second-order sections.

    The filter state is warped along the flow. It is zero for points that appear.
    """
    frame = next(frames)
    gray, xp = _luma(frame), namespace(frame)
    pattern = _pattern(gray)
    state = xp.zeros((len(sos), 2, 2, *gray.shape), np.float32)
    age = xp.full(gray.shape, float(_SETTLED), np.float32)
    yield frame, xp.zeros((2, *gray.shape), np.float32)
    for frame in frames:
        last, gray = gray, _luma(frame)
        previous, pattern = pattern, _pattern(gray)
        back = between(gray, last)
        origin = pixel_positions(gray) + back
        change = bilinear(previous[None], origin)[0] - pattern
        visible = change**2 <= (_MAX_DEVIATIONS * robust_std(change)) ** 2 + localization_tolerance(pattern)
        state = (visible * bilinear(state.reshape(-1, *gray.shape), origin)).reshape(state.shape)
        age = xp.minimum(visible * (bilinear(age[None], origin)[0] + 1), _SETTLED)
        signal = biquads(xp.where(visible, -back, 0)[None], sos, state)[0]
        yield frame, smooth_similar(signal, age / _SETTLED, -back, sigma)


def _luma(frame: Array) -> Array:
    """Luma (H, W), float32, of one frame (1, H, W[, 3])."""
    return luma(frame)[0].astype(np.float32)


def _pattern(gray: Array) -> Array:
    """Band-passed luma, by which a point is recognized: without fine noise and without the local mean."""
    return blur(gray, (0.7, 0.7)) - blur(gray, (4.0, 4.0))
