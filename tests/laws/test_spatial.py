"""Laws of spatial parts: analysis and synthesis undo one another, at any size."""

import numpy as np
import pytest
from cases import COLOR, SPATIAL, TOLERANCE


@pytest.mark.parametrize("name", SPATIAL)
@pytest.mark.parametrize("shape", [(97, 131), (270, 480), (64, 64), (33, 200)])
def test_synthesis_undoes_analysis(name, shape, dtype, rng):
    part = SPATIAL[name](shape, dtype, np)
    x = rng.random((2, *shape)).astype(dtype)
    back = part.synthesize(*part.analyze(x))
    assert back.dtype == dtype
    np.testing.assert_allclose(back, x, rtol=0, atol=TOLERANCE[dtype.name])


@pytest.mark.parametrize("name", COLOR)
@pytest.mark.parametrize("shape", [(33, 47, 3), (33, 47)])
def test_synthesis_undoes_analysis_in_color(name, shape, dtype, rng):
    part = COLOR[name](shape, dtype, np)
    x = rng.random((2, *shape)).astype(dtype)
    np.testing.assert_allclose(part.synthesize(*part.analyze(x)), x, rtol=0, atol=TOLERANCE[dtype.name])


@pytest.mark.parametrize("name", SPATIAL)
def test_grids_say_where_the_samples_lie(name):
    part = SPATIAL[name]((97, 131), np.dtype(np.float64), np)
    bands, _ = part.analyze(np.ones((1, 97, 131)))
    assert [band.shape[-2:] for band in bands] == [grid.shape for grid in part.grids]
    for grid in part.grids:
        rows, cols = grid.positions()
        assert rows[-1] < 97 + 97 and cols[-1] < 131 + 131
        assert grid.scale >= 1 and min(grid.step) > 0


@pytest.mark.parametrize("name", [n for n in SPATIAL if n != "pixels"])
def test_bands_left_out_are_zero(name, rng):
    part = SPATIAL[name]((64, 80), np.dtype(np.float64), np)
    bands, _ = part.analyze(rng.random((1, 64, 80)))
    zeros = [bands[0], *(np.zeros_like(band) for band in bands[1:])]
    without = [bands[0], *(None for _ in bands[1:])]
    np.testing.assert_allclose(part.synthesize(without, None), part.synthesize(zeros, None), atol=1e-12)


@pytest.mark.parametrize("name", ["steerable octave", "steerable half octave", "steerable quarter octave"])
def test_steerable_frame_is_tight(name, rng):
    """Energy of the bands and of what no band holds is that of the frame."""
    from functools import partial

    part = partial(SPATIAL[name], crop=0.0)((97, 131), np.dtype(np.float64), np)
    x = rng.normal(size=(1, 97, 131))
    bands, spectrum = part.analyze(x)
    share = sum(2 * (np.abs(c) ** 2).sum() * x.size / c.size for c in bands)
    energy = part._residual * np.abs(spectrum) ** 2
    rest = (2 * energy.sum() - energy[..., 0].sum()) / x.size  # all but the first column stand for their opposites too
    np.testing.assert_allclose(share + rest, (x**2).sum(), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("steerable octave", {"octave": 2}, "octave=2"),
        ("steerable octave", {"orientations": 0}, "orientations=0"),
        ("steerable octave", {"transition": 0}, "transition=0"),
        ("gaussian", {"level": 9}, "level=9 must lie in"),
        ("riesz", {"kernel": "9"}, "kernel='9'"),
        ("riesz", {"pyramid": "x"}, "pyramid='x'"),
    ],
)
def test_options_out_of_range(name, options, message):
    with pytest.raises(ValueError, match=message):
        SPATIAL[name]((64, 64), **options)


@pytest.mark.parametrize("name", ["steerable octave", "riesz", "laplacian", "gaussian"])
def test_frames_that_are_too_small(name):
    with pytest.raises(ValueError, match=r"too small|must lie in"):
        SPATIAL[name]((4, 100), np.dtype(np.float64), np)
