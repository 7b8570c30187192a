"""Resampling of unevenly spaced frames onto an even grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import vmm
from vmm.engine.times import rate_range


def ramp(times: np.ndarray, chunk: int = 7) -> vmm.io.Clip:
    """A clip whose gray level is 10 times the time in seconds, squared."""
    levels = (100 * times**2).astype(np.float32)
    frames = np.broadcast_to(levels[:, None, None], (len(times), 6, 8))

    def chunks() -> Iterator[np.ndarray]:
        return (frames[i : i + chunk] for i in range(0, len(frames), chunk))

    return vmm.io.Clip(chunks, frames.shape, frames.dtype, 10.0, None, times=times)


@pytest.mark.parametrize("chunk", [1, 3, 50])
def test_gaps_are_filled_on_the_grid(chunk: int) -> None:
    n = np.setdiff1d(np.arange(40), [5, 6, 17, 30])
    clip = vmm.io.even(ramp(n / 10, chunk))
    frames = np.concatenate(list(clip))
    assert clip.times is None and clip.fs == 10 and frames.shape == clip.shape == (40, 6, 8)
    assert np.allclose(frames[:, 0, 0], 100 * (np.arange(40) / 10) ** 2, atol=1e-3)
    assert np.array_equal(frames, np.concatenate(list(clip.reopen())))


def test_the_duration_is_kept() -> None:
    times = np.concatenate([np.arange(30) / 30, 1 + np.arange(15) / 15, 2 + np.arange(20) / 24.3])
    clip = vmm.io.even(ramp(times))
    assert (clip.shape[0] - 1) / clip.fs == pytest.approx(times[-1], abs=0.02)
    frames = np.concatenate(list(clip))
    assert np.allclose(frames[:, 0, 0], 100 * (np.arange(len(frames)) / clip.fs) ** 2, atol=3)


def test_long_gaps_are_filled_in_bounded_memory() -> None:
    times = np.concatenate([np.arange(20), 500 + np.arange(20)]) / 10
    chunks = list(vmm.io.even(ramp(times)))
    assert sum(map(len, chunks)) == 520 and max(map(len, chunks)) <= 16


def test_even_clips_are_returned_unchanged() -> None:
    clip = ramp(np.arange(20) / 10)
    clip.times = None
    assert vmm.io.even(clip) is clip


def test_the_description_of_the_file_is_kept() -> None:
    clip = ramp(np.setdiff1d(np.arange(40), [5, 17]) / 10)
    clip.info = vmm.io.video.Info(clip.shape, "uint16", None, "ffv1", "yuv420p10le", pixel_aspect=Fraction(16, 11))
    clip.bits, clip.start = 10, 0.5
    resampled = vmm.io.even(clip)
    assert (resampled.info, resampled.bits, resampled.start) == (clip.info, 10, 0.5) and resampled.times is None


def test_magnifiers_refuse_uneven_clips() -> None:
    clip = ramp(np.setdiff1d(np.arange(40), [5, 17]) / 10)
    with pytest.raises(ValueError, match=r"resample it with clip = vmm.io.even\(clip\)"):
        vmm.linear.magnify(clip, (1, 2))


def test_most_frames_at_one_time_have_no_grid_of_their_own() -> None:
    """A damaged file can state such times; the intervals between the frames then have a median of 0."""
    times = np.concatenate([[0, 9e-8, 1.8e-7], np.full(20, 0.7)])
    frames = np.concatenate(list(vmm.io.even(ramp(times))))
    assert frames.shape == (23, 6, 8) and np.isfinite(frames).all()
    assert rate_range(times) == pytest.approx((1 / 0.7, 1 / 9e-8), rel=1e-3)
    assert "from 1.429 to 1.111e+07 frames/s" in " ".join(vmm.measure.faults(ramp(times)).messages)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0.0] * 5, "the times of the frames are all the same"),
        ([0, 1e-320, 2e-320], "fs=inf must be a positive number"),
        ([0, 1, 2, 1e15], "must be a positive number in"),
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 1e6], "would have 1e.05 times as many samples as there are frames"),
    ],
)
def test_times_that_no_camera_has_are_refused(times: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        vmm.io.even(ramp(np.array(times)))


@pytest.mark.parametrize("measure", [vmm.measure.sound, vmm.measure.pulse, vmm.measure.suggest])
@pytest.mark.parametrize("count", [2, 3, 9])
def test_a_short_clip_of_uneven_times_is_refused_for_its_length(measure: Callable[..., Any], count: int) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (count, 16, 16, 3), np.uint8)
    times = np.arange(count) / 30 + (np.arange(count) > count // 2) / 30
    with pytest.raises(ValueError, match=r"too short|too few"):
        measure(vmm.io.Clip(lambda: iter([frames]), frames.shape, frames.dtype, 30.0, None, times=times))
