"""Streams: reading ahead, reading twice, and chroma planes that are copied unchanged."""

import threading
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic
from vmm.engine import rereading
from vmm.io.decoding import decode
from vmm.io.prefetch import prefetch
from vmm.io.video import probe
from vmm.temporal import fir, ideal


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "vmm-prefetch"]


def test_items_come_in_order():
    assert list(prefetch(iter(range(50)))) == list(range(50))
    assert not workers()


def test_at_most_depth_items_are_read_ahead():
    made = []

    def items():
        for i in range(20):
            made.append(i)
            yield i

    for i in prefetch(items(), depth=2):
        time.sleep(0.002)
        assert len(made) <= i + 4  # one item is in use, two wait, and one is being read


def test_an_error_is_raised_after_the_items_before_it():
    def items():
        yield 1
        raise OSError("disk on fire")

    items_read = prefetch(items())
    assert next(items_read) == 1
    with pytest.raises(OSError, match="disk on fire"):
        next(items_read)


def test_closing_the_reader_closes_the_source():
    closed = threading.Event()

    def items():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    items_read = prefetch(items())
    next(items_read)
    items_read.close()
    assert closed.is_set() and not workers()


def test_a_clip_is_read_again(tmp_path, frames):
    vmm.io.write(tmp_path / "clip.mkv", frames, 30)
    clip = vmm.io.stream(tmp_path / "clip.mkv", chunk=4)
    first = next(clip)
    assert np.array_equal(np.concatenate(list(clip.reopen())), frames)
    assert np.array_equal(np.concatenate([first, *clip]), frames)
    assert np.array_equal(np.concatenate(list(clip.reopen())), frames)
    assert clip.seconds_waited > 0


@pytest.mark.slow
def test_whole_clip_filters_read_a_file_again(tmp_path):
    moving = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(50, 30, 2.5, 0.2))
    vmm.io.write(tmp_path / "clip.mkv", moving, 30)
    clip = vmm.io.stream(tmp_path / "clip.mkv", chunk=7)
    out = np.concatenate(list(vmm.phase.magnify(clip, (2, 3), temporal=ideal)))
    assert np.abs(out.astype(int) - vmm.phase.magnify(moving, (2, 3), fs=30, temporal=ideal)).max() <= 1


class Twice:
    """A long clip that repeats a few frames and can be read twice."""

    def __init__(self, loop, count):
        self._loop, self._count = loop, count
        self.shape, self.dtype = (count, *loop.shape[1:]), loop.dtype

    def reopen(self):
        return (self._loop[i % len(self._loop) :][:10] for i in range(0, self._count, 10))

    def __iter__(self):
        return self.reopen()


def test_a_clip_that_is_shorter_than_its_stated_length():
    loop = synthetic.render(synthetic.texture((32, 40)), synthetic.sway(50, 30, 2.5, 0.2))
    clip: Any = Twice(loop, 40)
    clip.shape = (57, 32, 40)
    out = np.concatenate(list(vmm.phase.magnify(clip, (2, 3), fs=30, temporal=ideal)))
    assert np.abs(out.astype(int) - vmm.phase.magnify(loop[:40], (2, 3), fs=30, temporal=ideal)).max() <= 1


def test_look_ahead_filters_read_a_large_clip_again(monkeypatch):
    """The windows of the filter overlap, and are read by several readers."""
    loop = synthetic.render(synthetic.texture((32, 40)), synthetic.sway(90, 30, 7.5, 0.2))
    monkeypatch.setattr(rereading, "HELD_BYTES", 1)
    clip: Any = Twice(loop, 90)
    out = np.concatenate(list(vmm.linear.magnify(clip, (6, 9), fs=30, temporal=fir)))
    assert np.abs(out.astype(int) - vmm.linear.magnify(loop, (6, 9), fs=30, temporal=fir)).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("temporal", [ideal, fir])
def test_zero_phase_memory_does_not_grow_with_the_clip(temporal, monkeypatch):
    """The band of the ideal filter is chosen so that 2000 frames need as many components as 400.

    The longer clip has 30 more windows of the FIR filter, so that the last window has the same length.
    """
    monkeypatch.setenv("VMM_THREADS", "1")  # the peak memory of several threads varies
    loop = synthetic.render(synthetic.texture((96, 128)), synthetic.sway(50, 30, 3, 0.1))

    def peak(count):
        half = 30 / count if temporal is ideal else 1.0
        clip: Any = Twice(loop, count)
        tracemalloc.start()
        for _ in vmm.phase.magnify(clip, (3 - 2.1 * half, 3 + 2.1 * half), fs=30, temporal=temporal, orientations=2):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(60)
    assert peak(400 + 30 * 56) <= 1.1 * peak(400)


@pytest.fixture
def planes(tmp_path):
    """A file that stores luma and chroma planes."""
    moving = synthetic.render(synthetic.texture((48, 64), blur=2), synthetic.sway(20, 30, 2.5, 0.2))
    colors = np.stack([moving, 255 - moving, moving // 2], axis=-1)
    vmm.io.write(tmp_path / "in.mp4", colors, 30)
    return tmp_path / "in.mp4"


def raw(path):
    return np.concatenate(list(decode(path, probe(path), chunk=20, pixels="planes")))


def test_luma_and_chroma_are_joined_again(planes, tmp_path):
    clip = vmm.io.stream(planes, luma=True, chunk=6)
    assert clip.shape == (20, 48, 64)
    vmm.io.write(tmp_path / "out.mp4", vmm.riesz.magnify(clip, (2, 3), alpha=0), clip.fs, color=clip.color)
    before, after = raw(planes).astype(int), raw(tmp_path / "out.mp4").astype(int)
    for part in (slice(0, 48 * 64), slice(48 * 64, None)):
        assert np.abs(after[:, part] - before[:, part]).mean() < 1.5
        assert abs((after[:, part] - before[:, part]).mean()) < 0.3
    assert probe(tmp_path / "out.mp4").color_tags == probe(planes).color_tags != ()


def test_the_luma_plane_is_magnified(planes, tmp_path):
    clip = vmm.io.stream(planes, luma=True)
    vmm.io.write(tmp_path / "out.mp4", vmm.phase.magnify(clip, (2, 3), alpha=20), clip.fs, color=clip.color)
    luma = raw(planes)[:, : 48 * 64].reshape(20, 48, 64)
    expected = vmm.phase.magnify(luma, (2, 3), fs=30, alpha=20).astype(float)
    result = raw(tmp_path / "out.mp4")[:, : 48 * 64].reshape(20, 48, 64)
    assert np.abs(expected - luma).mean() > 3
    assert np.abs(result - expected).mean() < 1.5


def test_a_file_without_a_luma_plane_is_read_in_color(tmp_path, frames):
    vmm.io.write(tmp_path / "clip.mkv", frames, 30)
    clip = vmm.io.stream(tmp_path / "clip.mkv", luma=True)
    assert clip.color is None and clip.shape == frames.shape


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4"])
def test_chroma_planes_that_do_not_fit(name, planes, tmp_path):
    color = vmm.io.stream(planes, luma=True).color
    size = (48, 64) if name == "out.mkv" else (48, 62)
    with pytest.raises(ValueError, match=r"chroma planes can be written to \.mp4"):
        vmm.io.write(tmp_path / name, np.zeros((4, *size), np.uint8), 30, color=color)
    assert not (tmp_path / name).exists()


def test_a_chunk_holds_about_four_million_pixels(tmp_path):
    vmm.io.write(tmp_path / "clip.tif", np.zeros((20, 1024, 1024), np.uint8), 30)
    assert len(next(vmm.io.stream(tmp_path / "clip.tif", fs=30))) == 4
