"""Regions next to moving edges and at the border of the frame are read from their own pixels alone."""

from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic
from vmm.measure.estimation._estimates import AT_OUTLINE
from vmm.measure.estimation._own_pixels import derivative_taps, taylor_weights
from vmm.measure.estimation._parts import two_parts
from vmm.measure.estimation._reading import proportional_variance

FS = 60.0
SHAPE = (64, 96)
MOVES = synthetic.sway(96, FS, 7.0, 0.2, 20)
EDGE = 48


def bar(moves, shape=SHAPE, edge=EDGE, tilt=0.0, background=None, noise=1.0, seed=0):
    """A texture right of an edge that moves, in front of another one that is still or moves by `background`.

    Pixels are averages over their squares: the mask of the texture has soft edges of one pixel.
    """
    still, moving = (synthetic.texture(shape, seed=s) for s in (seed, seed + 10))
    rows, cols = np.mgrid[: shape[0], : shape[1]] + 0.5
    normal = np.array([np.sin(tilt), np.cos(tilt)])
    backgrounds = np.zeros_like(moves) if background is None else background
    frames = []
    for move, shift in zip(moves, backgrounds, strict=True):
        distance = (rows - shape[0] / 2) * normal[0] + (cols - edge) * normal[1] - move @ normal
        matte = np.clip(distance + 0.5, 0, 1)
        frames.append(still(shift) * (1 - matte) + moving(move) * matte)
    noisy = np.array(frames) + noise * np.random.default_rng(seed).normal(size=(len(moves), *shape))
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def errors(signal, moves, r=0):
    """RMS error (2,) over time relative to the standard error."""
    difference = signal.values[:, r] - (moves - moves.mean(axis=0))
    return np.sqrt((difference**2).mean(axis=0)) / signal.stderr[r]


@pytest.fixture(scope="module")
def frames():
    return bar(MOVES)


STILL = [(20, EDGE - gap - 21, 21, 21) for gap in (0, 2, 6)]
MOVING = [(20, EDGE + gap, 21, 21) for gap in (0, 2, 6)]
ACROSS = [(20, EDGE - 10, 21, 21), (20, EDGE - 4, 21, 21)]


@pytest.mark.parametrize("method", ["phase", "linear"])
def test_regions_beside_a_moving_edge(frames, method):
    signal = vmm.measure.displacement(frames, [*STILL, *MOVING], fs=FS, method=method)
    assert signal.is_known.all() and signal.is_reliable.all()
    for r in range(6):
        moves = MOVES if r >= 3 else 0 * MOVES
        assert (errors(signal, moves, r) < 1.3).all()
        gain = (signal.values[:, r] * MOVES).sum() / (MOVES**2).sum()
        assert gain == pytest.approx(float(r >= 3), abs=0.02)


def test_an_edge_through_a_region_makes_it_unknown(frames):
    with pytest.warns(UserWarning, match="regions 1, 2: moves in parts: an edge runs through it"):
        signal = vmm.measure.displacement(frames, [STILL[0], *ACROSS], fs=FS)
    assert signal.is_known.tolist() == [[True, True], [False, False], [False, False]]
    assert np.isnan(signal.values[:, 1:]).all() and signal.reasons[1].startswith("moves in parts")


def test_an_edge_in_a_tenth_of_a_region_marks_it(frames):
    signal = vmm.measure.displacement(frames, (20, EDGE - 19, 21, 21), fs=FS)
    assert signal.reasons == (AT_OUTLINE,)
    np.testing.assert_allclose(signal.values[:, 0] @ [0, 1], 0, atol=0.03)
    assert (errors(signal, MOVES) < 1.3).all()  # The error counts the motion on the other side.


def test_a_small_object_in_a_region_moves_in_parts():
    normal, (rows, cols) = np.diag([50.0, 50.0, 1.0]), np.indices((6, 6)).reshape(2, -1)
    is_object = (abs(rows - 2.5) < 2) & (abs(cols - 2.5) < 2)
    scores = (is_object[:, None] * normal[0] * 0.2).ravel()  # A displacement of 0.2 px down in some of the blocks.
    covariance = np.outer(scores, scores) + np.kron(np.eye(36), normal) * 0.01
    normals, motion, n_frames = np.tile(normal, (1, 36, 1, 1)), np.eye(2)[None] * 0.04, np.array([100])
    rest = np.array([0.01]), motion, n_frames
    variances = 0.01 + is_object[None] * normal[0, 0] * 0.2**2
    share, moments = two_parts((6, 6), normals, covariance[None], *rest, variances)
    assert share == pytest.approx(16 / 36)
    np.testing.assert_allclose(moments[0], np.diag([0.04, 0.0]), atol=1e-3)
    noise = np.kron(np.eye(36), normal) * 0.01
    assert not np.any(two_parts((6, 6), normals, noise[None], *rest, np.full((1, 36), 0.01))[1])


def test_outliers_in_a_part_of_a_region_are_no_motion():
    """Bright pixels that come and go explain as much as a motion where they happen to be more frequent."""
    normal, (rows, cols) = np.diag([50.0, 50.0, 1.0]), np.indices((6, 6)).reshape(2, -1)
    is_part = rows + cols < 4
    scores = (is_part[:, None] * normal[0] * 0.02).ravel()
    covariance = (np.outer(scores, scores) + np.kron(np.eye(36), normal) * 0.01)[None]
    arrays = np.tile(normal, (1, 36, 1, 1)), covariance, np.array([0.01]), np.eye(2)[None] * 4e-4, np.array([100])
    of_motion, of_outliers = (0.01 + is_part[None] * x for x in (normal[0, 0] * 0.02**2, 0.3))
    assert two_parts((6, 6), *arrays, of_motion)[0] > 0
    assert two_parts((6, 6), *arrays, of_outliers)[0] == 0


def test_variance_of_a_difference_that_follows_the_motion():
    moves = (MOVES - MOVES.mean(axis=0))[None]
    noise = 0.002 * np.random.default_rng(0).normal(size=moves.shape)
    count = np.array([len(MOVES)])
    variance = proportional_variance(moves @ [[0.1, 0.0], [0.0, 0.2]] + noise, moves, count)
    np.testing.assert_allclose(np.sqrt(variance), [[0.1, 0.2]] * moves.std(axis=1), rtol=0.15)
    assert (proportional_variance(noise, moves, count) < 2e-7).all()


@pytest.mark.slow
@pytest.mark.parametrize("tilt", [20, 50, 80])
@pytest.mark.parametrize("amplitude", [0.05, 1.0, 4.0])
def test_oblique_edges_and_larger_motions(tilt, amplitude):
    angle = np.deg2rad(tilt)
    normal = np.array([np.sin(angle), np.cos(angle)])
    moves = synthetic.sway(96, FS, 7.0, amplitude, 90 - tilt)
    frames = bar(moves, shape=(120, 120), edge=60, tilt=angle, seed=3)
    reach = 8.5 * abs(normal).sum()
    boxes: list[Any] = []
    for distance in (-amplitude - reach - 1, reach + 3 + amplitude, 0):
        row, col = np.array([60.0, 60.0]) + normal * distance - 8.5
        boxes.append((round(row), round(col), 17, 17))
    with pytest.warns(UserWarning, match="region 2: moves in parts"):
        signal = vmm.measure.displacement(frames, boxes, fs=FS)
    assert signal.is_known.tolist() == [[True, True], [True, True], [False, False]]
    assert (errors(signal, 0 * moves, 0) < 1.3).all() and (errors(signal, moves, 1) < 1.3).all()


@pytest.mark.parametrize("method", ["phase", "linear"])
def test_regions_at_the_border_of_the_frame(method):
    frames = synthetic.render(synthetic.texture((64, 64)), MOVES, noise=1.0)
    boxes = [(0, 20, 21, 21), (43, 43, 21, 21), (20, 2, 21, 21)]
    signal = vmm.measure.displacement(frames, boxes, fs=FS, method=method)
    for r in range(3):
        gain = (signal.values[:, r] * MOVES).sum() / (MOVES**2).sum()
        assert gain == pytest.approx(1, abs=0.01)
        assert (np.abs(np.log(errors(signal, MOVES, r))) < np.log(1.25)).all()


def test_a_strip_along_the_border_is_marked():
    frames = synthetic.render(synthetic.texture((64, 64)), MOVES, noise=1.0)
    with pytest.warns(UserWarning, match="region 0: too close to the border of the frame"):
        signal = vmm.measure.displacement(frames, (0, 10, 3, 40), fs=FS)
    assert signal.is_known.all() and not signal.is_reliable.any()


def test_clean_scenes_and_even_growth_keep_the_phase_estimate(monkeypatch):
    """A beam whose motion grows evenly across a region, and texture that moves as a whole, have no edge."""
    from vmm.measure.estimation import _displacement

    clean = synthetic.render(synthetic.texture((64, 64)), MOVES, noise=1.0)
    growing = 1 + np.linspace(-0.5, 0.5, 64)
    texture = synthetic.texture((64, 64), seed=4)((0, 0))
    spectrum = np.fft.fft(texture, axis=0)
    waves = -2j * np.pi * np.fft.fftfreq(64)[:, None]
    bending = np.array([np.fft.ifft(spectrum * np.exp(waves * move * growing), axis=0).real for move in MOVES[:, 1]])
    bending += np.random.default_rng(0).normal(size=bending.shape)
    results = [vmm.measure.displacement(x, (21, 21, 21, 21)) for x in (clean, bending)]
    monkeypatch.setattr(_displacement, "_replace", lambda *_: None)
    for frames, result in zip((clean, bending), results, strict=True):
        expected = vmm.measure.displacement(frames, (21, 21, 21, 21))
        np.testing.assert_array_equal(result.values, expected.values)
        np.testing.assert_array_equal(result.stderr, expected.stderr)
        assert result.is_reliable.all()


def test_masks_color_chunks_and_other_types(frames):
    mask = np.zeros(SHAPE, bool)
    mask[20:41, EDGE - 23 : EDGE - 2] = np.hypot(*(np.mgrid[:21, :21] - 10)) < 10.5
    expected = vmm.measure.displacement(frames, [mask], fs=FS)
    assert (errors(expected, 0 * MOVES) < 1.3).all() and expected.is_reliable.all()
    color = np.repeat(frames[..., None], 3, axis=3)
    for clip in (color, frames.astype(np.uint16) * 16, frames.astype(np.float32), frames.astype(np.float64)):
        result = vmm.measure.displacement(clip, [mask], fs=FS)
        np.testing.assert_allclose(result.values, expected.values, atol=1e-4)
    chunks = vmm.measure.displacement((frames[i : i + 16] for i in range(0, 96, 16)), [mask], fs=FS)
    assert (errors(chunks, 0 * MOVES) < 1.4).all()


def test_saturated_pixels_are_left_out(frames):
    marked = frames.copy()
    marked[:, 26:29, EDGE - 15 : EDGE - 12] = 255
    with pytest.warns(UserWarning, match="saturated"):
        signal = vmm.measure.displacement(marked, STILL[1], fs=FS)
    assert (errors(signal, 0 * MOVES) < 1.3).all()


def test_a_blank_region_beside_a_moving_edge_is_unknown():
    frames = bar(MOVES).astype(float)
    frames[:, :, : EDGE - 1] = 100 + np.random.default_rng(1).normal(size=(96, 64, EDGE - 1))
    with pytest.warns(UserWarning, match="too little texture"):
        signal = vmm.measure.displacement(np.rint(frames).astype(np.uint8), (20, EDGE - 23, 21, 21), fs=FS)
    assert not signal.is_known.any()


def test_a_hidden_region_beside_an_edge(frames):
    hidden = frames.copy()
    hidden[40:44] = np.random.default_rng(2).integers(0, 255, (4, *SHAPE))
    with pytest.warns(UserWarning, match="no similarity to the reference in 4 frames, first in frame 40"):
        signal = vmm.measure.displacement(hidden, STILL[1], fs=FS)
    assert np.flatnonzero(~signal.is_visible[:, 0]).tolist() == [40, 41, 42, 43]
    assert (errors(signal, 0 * MOVES) < 1.4).all()


@pytest.mark.parametrize(("order", "tolerance"), [(1, 0.002), (2, 0.01), (3, 0.01), (4, 0.03)])
def test_derivatives_are_exact_for_polynomials_and_accurate_for_waves(order, tolerance):
    places = np.arange(-20, 21)
    taps = derivative_taps(order)
    polynomial = np.convolve(places.astype(float) ** order, taps, "valid")
    np.testing.assert_allclose(polynomial, np.prod(np.arange(1, order + 1)), rtol=1e-6)
    angle = 2 * np.pi * 0.2
    wave = np.convolve(np.exp(1j * angle * places), taps, "valid")[15]
    assert wave == pytest.approx((1j * angle) ** order, rel=tolerance)


def test_taylor_weights():
    moves = np.array([[[0.3, -0.2]]])
    weights = taylor_weights(moves)[0, :, 0]
    assert weights.sum() == pytest.approx(np.exp(-0.1), abs=1e-4)  # all derivatives of exp(x + y) are equal
