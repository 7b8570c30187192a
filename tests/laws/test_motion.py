"""Laws of motions: what is written is what is read."""

import numpy as np
import pytest
from parts import MOTIONS

from vmm.engine.protocols import Grid
from vmm.motion import local_phase, quaternion, smooth


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
