"""Several parts on the same frames, each with a motion of its own."""

import gc
import weakref
from functools import partial

import numpy as np
import pytest

from vmm.motion import intensity, local_phase, per_part, smooth
from vmm.parts import LazySequence
from vmm.spatial import Gaussian, Laplacian, Pixels, SteerablePyramid, luma, planes, stacked

SIDE_BY_SIDE = {
    "gray": ((40, 52), Laplacian, Pixels),
    "color": ((40, 52, 3), luma(SteerablePyramid, octave=1.0, orientations=3), planes(Gaussian, level=2, chroma=0.5)),
}


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_bands_side_by_side_are_those_of_the_parts(name, rng):
    shape, *makers = SIDE_BY_SIDE[name]
    both = stacked(*makers)(shape, np.dtype(np.float64), np)
    parts = [make(shape, np.dtype(np.float64), np) for make in makers]
    frames = rng.random((2, *shape))
    bands, _ = both.analyze(frames)
    expected = [(n, band) for n, part in enumerate(parts) for band in part.analyze(frames)[0]]
    assert [grid.part for grid in both.grids] == [n for n, _ in expected]
    assert len(bands) == len(expected)
    for band, grid, (_, true) in zip(bands, both.grids, expected, strict=True):
        np.testing.assert_array_equal(band, true)
        assert band.shape[-2:] == grid.shape


def test_bands_are_freed_without_the_garbage_collector(rng):
    """The garbage collector runs seldom, and each group of frames has large bands."""
    bands, _ = stacked(Laplacian, Pixels)((40, 52), np.dtype(np.float64), np).analyze(rng.random((2, 40, 52)))
    reference = weakref.ref(bands)
    gc.disable()
    try:
        del bands
        assert reference() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_changes_side_by_side_are_added(name, rng):
    shape, *makers = SIDE_BY_SIDE[name]
    both = stacked(*makers)(shape, np.dtype(np.float64), np)
    parts = [make(shape, np.dtype(np.float64), np) for make in makers]
    frames = rng.random((2, *shape))
    separate = [list(part.analyze(frames)[0]) for part in parts]
    joined = [band.copy() for bands in separate for band in bands]  # synthesis takes them for its own
    expected = sum(part.synthesize(bands, None) for part, bands in zip(parts, separate, strict=True))
    np.testing.assert_allclose(both.synthesize(joined, None), expected, atol=1e-12)
    np.testing.assert_allclose(both.synthesize(*both.analyze(frames)), frames, atol=1e-12)


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
@pytest.mark.parametrize("missing", [0, 1])
def test_all_bands_of_one_part_may_be_left_out(name, missing, rng):
    """As where motion is left alone and color is magnified."""
    shape, *makers = SIDE_BY_SIDE[name]
    both = stacked(*makers)(shape, np.dtype(np.float64), np)
    other = makers[1 - missing](shape, np.dtype(np.float64), np)
    bands = list(both.analyze(rng.random((2, *shape)))[0])
    some = [None if grid.part == missing else band for band, grid in zip(bands, both.grids, strict=True)]
    kept = [band.copy() for band in some if band is not None]  # synthesis takes them for its own
    np.testing.assert_allclose(both.synthesize(some, None), other.synthesize(kept, None), atol=1e-12)


def test_bands_side_by_side_are_asked_for_once(rng):
    both = stacked(Laplacian, Pixels)((40, 52), np.dtype(np.float64), np)
    bands = list(both.analyze(rng.random((1, 40, 52)))[0])
    bands[0] = None
    asked = []

    def band(i):
        asked.append(i)
        return bands[i]

    both.synthesize(LazySequence(band, len(bands)), None)
    assert sorted(asked) == list(range(len(bands)))


def test_each_part_has_its_own_motion():
    motions = per_part(smooth(local_phase, 2.0), intensity)
    plan = stacked(partial(SteerablePyramid, octave=1.0), Pixels)((32, 40), np.dtype(np.float64), np)
    on = [motions.on(grid) for grid in plan.grids]
    assert on[-1] == intensity
    assert all(motion.read is local_phase.read for motion in on[:-1])
    first = plan.grids[0]
    assert on[0].sigma == tuple(2.0 * first.scale / step for step in first.step)
