"""Laws of motions: what is written is what is read."""

import math

import numpy as np
import pytest
from cases import MOTIONS

from vmm.motion import limited, local_displacement, local_phase, quaternion, smooth, weighted
from vmm.motion._weighted import monogenic
from vmm.parts import Grid


def coefs_of(name, rng, n=4):
    if name == "quaternion":
        return rng.normal(size=(n, 3, 9, 11))
    x = rng.normal(size=(n, 9, 11))
    return x + 1j * rng.normal(size=x.shape) if name == "local_phase" else x


def motion_of(name, coefs, rng):
    """Motion that the coefficients can carry: along their orientation, below half a turn."""
    if name == "quaternion":
        along = coefs[:, 1:] / np.linalg.norm(coefs[:, 1:], axis=1, keepdims=True)
        return along * rng.uniform(-3, 3, (len(coefs), 1, 9, 11))
    return rng.uniform(-3, 3, coefs.shape)


@pytest.mark.parametrize("name", MOTIONS)
def test_nothing_is_read_where_nothing_moved(name, rng):
    coefs = coefs_of(name, rng)
    np.testing.assert_allclose(MOTIONS[name].read(coefs, coefs), 0, atol=1e-12)


@pytest.mark.parametrize("name", MOTIONS)
def test_alpha_zero_writes_nothing(name, rng):
    coefs = coefs_of(name, rng)
    np.testing.assert_allclose(MOTIONS[name].write(coefs, motion_of(name, coefs, rng), 0.0), coefs, atol=1e-12)


@pytest.mark.parametrize("name", MOTIONS)
def test_what_is_written_is_read(name, rng):
    coefs = coefs_of(name, rng)
    motion = motion_of(name, coefs, rng)
    np.testing.assert_allclose(MOTIONS[name].read(MOTIONS[name].write(coefs, motion, 1.0), coefs), motion, atol=1e-9)


@pytest.mark.parametrize("name", ["local_phase", "quaternion"])
def test_amplitude_stays(name, rng):
    coefs, part = coefs_of(name, rng), MOTIONS[name]
    written = part.write(coefs, motion_of(name, coefs, rng), 1.0)
    np.testing.assert_allclose(part.amplitude(written), part.amplitude(coefs), rtol=1e-9)


def test_quaternion_is_quiet_at_zero():
    zero = np.zeros((1, 3, 4, 4), np.float32)
    assert not quaternion.read(zero, zero).any()
    assert not quaternion.read(zero, zero + np.float32(1)).any()


@pytest.mark.parametrize("name", MOTIONS)
def test_smooth_keeps_a_uniform_motion(name, rng):
    coefs = coefs_of(name, rng)
    motion = np.full_like(motion_of(name, coefs, rng), 0.3)
    part = MOTIONS[name]
    np.testing.assert_allclose(
        smooth(part, 1.5).write(coefs, motion, 1.0), part.write(coefs, motion, 1.0), rtol=0, atol=1e-9
    )


def test_smooth_weighs_by_amplitude():
    """The motion of a strong coefficient covers the noise of the weak ones around it."""
    coefs = np.full((1, 21, 21), 1e-6 + 0j)
    coefs[0, 10, 10] = 1.0
    motion = np.zeros((1, 21, 21))
    motion[0, 10, 10] = 0.5
    written = smooth(local_phase, 2.0).write(coefs, motion, 1.0)
    np.testing.assert_allclose(np.angle(written[0, 10, 10]), 0.5, rtol=1e-3)
    np.testing.assert_allclose(np.angle(written[0, 10, 12]), 0.5, rtol=1e-2)


def test_smooth_follows_the_grid(rng):
    """Sigma counts a level's own pixels, however densely its grid is sampled."""
    coefs = np.ones((1, 64, 64), complex)
    motion = np.zeros((1, 64, 64))
    motion[0, 32, 32] = 1.0
    dense = smooth(local_phase, 2.0).on(Grid((64, 64), step=(1.0, 2.0), scale=2.0))
    spread = np.angle(dense.write(coefs, motion, 1.0))[0]
    here = np.arange(64) - 32
    rows, cols = spread.sum(axis=1), spread.sum(axis=0)
    np.testing.assert_allclose(np.sqrt((rows * here**2).sum() / rows.sum()), 4.0, rtol=0.03)
    np.testing.assert_allclose(np.sqrt((cols * here**2).sum() / cols.sum()), 2.0, rtol=0.03)


def test_smooth_rejects_a_negative_sigma():
    with pytest.raises(ValueError, match="sigma=-1"):
        smooth(local_phase, -1)


# A limit on how far coefficients are turned.

ANGLES = {"local_phase": local_phase, "quaternion": quaternion}


def turn_of(name, motion):
    """The angle of a motion."""
    return np.linalg.norm(motion, axis=1) if name == "quaternion" else np.abs(motion)


def of_angle(name, coefs, rng, angle):
    """Motion of one angle, along the orientation of the coefficients."""
    motion = motion_of(name, coefs, rng)
    size = turn_of(name, motion)
    return motion * (angle / (size[:, None] if name == "quaternion" else size))


@pytest.mark.parametrize("name", ANGLES)
def test_limited_reads_nothing_and_writes_nothing(name, rng):
    coefs, part = coefs_of(name, rng), limited(ANGLES[name], 1.0)
    motion = motion_of(name, coefs, rng)
    np.testing.assert_allclose(part.read(coefs, coefs), 0, atol=1e-12)
    np.testing.assert_allclose(part.write(coefs, motion, 0.0), coefs, atol=1e-12)
    np.testing.assert_allclose(part.change(coefs.copy(), motion, 0.0), 0, atol=1e-12)


@pytest.mark.parametrize("name", ANGLES)
@pytest.mark.parametrize(("angle", "share", "within"), [(0.05, 1, 1e-4), (0.5, 16 / 17, 1e-9), (1, 0.5, 1e-9)])
def test_limited_turns_less_and_less(name, angle, share, within, rng):
    """Alpha counts: what is limited is the angle that is written."""
    coefs, part = coefs_of(name, rng), limited(ANGLES[name], 1.0)
    motion = of_angle(name, coefs, rng, angle)
    for alpha in (1.0, 2.0):
        seen = part.read(part.write(coefs, motion / alpha, alpha), coefs)
        np.testing.assert_allclose(seen, share * motion, rtol=0, atol=within * angle)
        change = part.change(coefs.copy(), motion / alpha, alpha)
        np.testing.assert_allclose(change, part.write(coefs, motion / alpha, alpha) - coefs, atol=1e-9)


@pytest.mark.parametrize("name", ANGLES)
def test_limited_writes_nearly_nothing_far_beyond_the_limit(name, rng):
    coefs, part = coefs_of(name, rng), limited(ANGLES[name], 0.1)
    far = part.write(coefs, of_angle(name, coefs, rng, 3.0), 1.0)
    assert turn_of(name, part.read(far, coefs)).max() < 1e-4


@pytest.mark.parametrize("name", ANGLES)
def test_an_infinite_limit_is_none(name):
    assert limited(ANGLES[name], math.inf) is ANGLES[name]


def test_limited_follows_the_grid():
    """A motion that depends on the grid is limited on every grid."""
    on = limited(smooth(local_phase, 2.0), 1.0).on(Grid((8, 8), step=(1.0, 2.0), scale=2.0))
    assert on.sigma == (4.0, 2.0) and on.limit == 1.0
    written = on.write(np.ones((1, 8, 8), complex), np.ones((1, 8, 8)), 1.0)
    np.testing.assert_allclose(np.angle(written), 0.5, rtol=1e-9)


@pytest.mark.parametrize("limit", [0, -1, math.nan])
def test_limits_out_of_range(limit):
    for make in (lambda: limited(local_phase, limit), lambda: local_displacement(limit=limit)):
        with pytest.raises(ValueError, match=f"limit={limit}"):
            make()


# Weights by amplitude.


@pytest.mark.parametrize("name", MOTIONS)
def test_a_weight_of_no_strength_is_none(name):
    assert weighted(MOTIONS[name], 0) is MOTIONS[name]


def test_weights_are_those_of_the_formula():
    """An amplitude that a quarter of the frame exceeds has a weight of one half at strength 1."""
    amplitudes = np.array([[0.0, 1, 1, 1], [1, 1, 1, 1], [1, 1, 2, 2], [2, 2, 2, 10]])[None]
    usual = np.percentile(amplitudes, 75)
    assert usual == 2
    coefs = amplitudes * np.exp(0.7j)
    motion = np.full(amplitudes.shape, 0.4)
    for strength, nu in ((1, 0), (0.5, 0), (1, 0.7)):
        rho = amplitudes**2 / (amplitudes**2 + (strength * usual) ** 2)
        expected = 0.4 * rho / (1 + nu * (1 - rho))
        written = weighted(local_phase, strength, nu=nu).write(coefs, motion, 1.0)
        np.testing.assert_allclose(np.angle(written[amplitudes > 0] / np.exp(0.7j)), expected[amplitudes > 0])
        assert written[amplitudes == 0] == 0
    half = weighted(local_phase, 1).write(coefs, motion, 1.0)[amplitudes == 2]
    np.testing.assert_allclose(np.angle(half / np.exp(0.7j)), 0.2)


def test_weights_are_those_of_each_frame(rng):
    """A brighter frame does not change what is written into another."""
    coefs = coefs_of("local_phase", rng, n=2)
    motion = np.full(coefs.shape, 0.3)
    alone = weighted(local_phase, 1).write(coefs[:1], motion[:1], 1.0)
    together = weighted(local_phase, 1).write(coefs * np.array([1, 100]).reshape(2, 1, 1), motion, 1.0)
    np.testing.assert_allclose(together[:1], alone)


@pytest.mark.parametrize("name", MOTIONS)
def test_a_weight_never_magnifies_more(name, rng):
    coefs, plain = coefs_of(name, rng), MOTIONS[name]
    coefs[..., 4:, :] *= 1e-2  # weak
    motion = 0.1 * motion_of(name, coefs, rng)
    strong = None if name != "intensity" else np.abs
    part = weighted(plain, 1.0, amplitude=strong)
    seen = np.abs(part.read(part.write(coefs, motion, 1.0), coefs))
    without = np.abs(plain.read(plain.write(coefs, motion, 1.0), coefs))
    assert (seen <= without + 1e-12).all()
    assert (seen[..., 4:, :] < 1e-2 * without[..., 4:, :]).all()
    assert part.weight is not None
    np.testing.assert_allclose(
        part.change(coefs.copy(), motion, 2.0), part.write(coefs, motion, 2.0) - coefs, atol=1e-9
    )


def test_weights_out_of_range():
    with pytest.raises(ValueError, match="strength=-1"):
        weighted(local_phase, -1)
    with pytest.raises(ValueError, match="nu=-1"):
        weighted(local_phase, 1, nu=-1)


@pytest.mark.parametrize(("frequency", "within"), [(np.pi / 2, 1e-9), (1.0, 0.08)])
@pytest.mark.parametrize("planes", [(), (3,)])
def test_monogenic_amplitude_of_a_grating_is_constant(frequency, within, planes):
    grating = np.cos(frequency * np.arange(64)) * np.ones((2, *planes, 40, 1))
    seen = monogenic(5 * grating)
    assert seen.shape == grating.shape
    inner = seen[..., 2:-2]
    assert inner.std() <= within * inner.mean()
    assert inner.mean() == pytest.approx(5, rel=max(within, 1e-9))
