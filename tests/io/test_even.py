"""Resampling of unevenly spaced frames onto an even grid."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import vmm


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


def test_magnifiers_refuse_uneven_clips() -> None:
    clip = ramp(np.setdiff1d(np.arange(40), [5, 17]) / 10)
    with pytest.raises(ValueError, match=r"resample it with clip = vmm.io.even\(clip\)"):
        vmm.linear.magnify(clip, (1, 2))
