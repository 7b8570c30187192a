"""Displacement along the direction of a band, read on the grids of the steerable pyramid."""

import numpy as np
import pytest

from vmm.data import synthetic
from vmm.motion import local_displacement, local_phase
from vmm.parts import Grid
from vmm.spatial import SteerablePyramid

SHAPE = (96, 128)


def seen_of_bands(frames, sigma, octave, coarsest=4.0):
    """Direction of each band, and means and scatter over frames of its motion since the frame before, by amplitude."""
    pyramid = SteerablePyramid(SHAPE, np.float64, np, octave=octave)
    bands, _ = pyramid.analyze(frames)
    for i, grid in enumerate(pyramid.grids):
        if grid.scale > coarsest:
            continue
        coefs, motion = bands[i], local_displacement(sigma).on(grid)
        away = [round(16 / step) + 1 for step in grid.step]  # the scene is not periodic, the pyramid is
        inner = np.s_[:, away[0] : -away[0], away[1] : -away[1]]
        seen = motion.read(coefs[1:], coefs[:-1])[inner]
        weight = np.abs(coefs[1:])[inner]
        mean = np.array([np.average(x, weights=w) for x, w in zip(seen, weight, strict=True)])
        scatter = np.sqrt(np.average((seen - mean[:, None, None]) ** 2, weights=weight))
        yield np.array(grid.frequency) / np.hypot(*grid.frequency), mean, scatter


@pytest.mark.parametrize("octave", [1.0, 0.5])
@pytest.mark.parametrize("sigma", [1.5, 3.0])
@pytest.mark.parametrize("make", [synthetic.pink, synthetic.texture])
def test_bands_see_the_displacement_along_their_direction(make, sigma, octave):
    d = np.array([0.12, 0.2])
    scene = make(SHAPE, seed=1)
    frames = np.stack([scene((0, 0)), scene(d)])
    errors = [mean[0] - d @ direction for direction, mean, _ in seen_of_bands(frames, sigma, octave)]
    assert len(errors) >= 24
    assert np.sqrt(np.mean(np.square(errors))) < 0.05 * np.linalg.norm(d)
    assert np.abs(errors).max() < 0.15 * np.linalg.norm(d)


@pytest.mark.parametrize("octave", [1.0, 0.5])
def test_a_grating_is_displaced_by_what_it_moves(octave):
    """The local frequency is its own, not that of the centre of the band."""
    rows, cols = np.indices(SHAPE)
    f = 2 * np.pi * np.array([8, 22]) / SHAPE
    d = np.array([0.1, 0.3])
    frames = np.stack([np.cos(f[0] * (rows - e[0]) + f[1] * (cols - e[1])) for e in (0 * d, d)])
    pyramid = SteerablePyramid(SHAPE, np.float64, np, octave=octave)
    bands, _ = pyramid.analyze(frames)
    strongest = max(range(len(bands)), key=lambda i: np.abs(bands[i]).mean())
    coefs, grid = bands[strongest], pyramid.grids[strongest]
    direction = np.array(grid.frequency) / np.hypot(*grid.frequency)
    assert abs(f @ direction - np.hypot(*grid.frequency)) > 0.02  # the centre's would be wrong
    seen = local_displacement(2.0).on(grid).read(coefs[1:], coefs[:1])
    np.testing.assert_allclose(seen, (d @ f) / (f @ direction), rtol=2e-3)


@pytest.mark.parametrize("octave", [1.0, 0.5])
def test_a_drift_is_steady(octave):
    """Half a pixel a frame is half a pixel everywhere, where phase over the centre's frequency scatters."""
    scene = synthetic.texture(SHAPE, blur=1.5, seed=2)
    frames = np.stack([scene((0, 0.5 * t)) for t in range(8)])
    compared = 0
    for local, centre in zip(*(seen_of_bands(frames, sigma, octave, 2.0) for sigma in (3.0, 0.0)), strict=True):
        direction, mean, scatter = local
        if direction[1] > 0.7:
            np.testing.assert_allclose(mean, 0.5 * direction[1], rtol=0.05)
            assert mean.max() - mean.min() < 0.005
            assert scatter < 0.5 * centre[2]
            compared += 1
    assert compared >= 10


def test_without_a_neighbourhood_it_is_phase_over_the_centre(rng):
    grid = Grid((9, 11), step=(2.0, 3.0), frequency=(0.3, -0.4))
    coefs = rng.normal(size=(2, 9, 11)) + 1j * rng.normal(size=(2, 9, 11))
    seen = local_displacement(0).on(grid).read(coefs[1:], coefs[:1])
    np.testing.assert_allclose(seen, -local_phase.read(coefs[1:], coefs[:1]) / 0.5, rtol=1e-12)


@pytest.mark.parametrize(("sigma", "within"), [(0.0, 1e-9), (2.0, 0.02)])
def test_displacement_that_is_written_is_read(sigma, within):
    pyramid = SteerablePyramid(SHAPE, np.float64, np, octave=1.0)
    bands, _ = pyramid.analyze(synthetic.texture(SHAPE)((0, 0))[None])
    for i in (0, 3, 9, 17):
        coefs, part = bands[i], local_displacement(sigma).on(pyramid.grids[i])
        np.testing.assert_allclose(part.read(coefs, coefs), 0, atol=1e-12)
        motion = np.full(coefs.shape, 0.05)
        np.testing.assert_allclose(part.write(coefs, motion, 0.0), coefs, atol=1e-12)
        seen = part.read(part.write(coefs, motion, 4.0), coefs)
        assert np.average(seen, weights=np.abs(coefs) ** 2) == pytest.approx(0.2, rel=within)
        change = part.change(coefs.copy(), motion, 4.0)
        np.testing.assert_allclose(change, part.write(coefs, motion, 4.0) - coefs, atol=1e-9)


def test_displacement_is_limited_in_radians():
    grid = Grid((1, 1), frequency=(0.0, 0.5))
    part = local_displacement(0, limit=1.0).on(grid)
    written = part.write(np.ones((1, 1, 1), complex), np.full((1, 1, 1), 0.5), 4.0)  # 2 px are 1 radian
    np.testing.assert_allclose(np.angle(written), -0.5, rtol=1e-9)


def test_displacement_needs_a_direction():
    with pytest.raises(ValueError, match="bands of one direction"):
        local_displacement().on(Grid((4, 4)))
    with pytest.raises(ValueError, match="sigma=-1"):
        local_displacement(-1)
