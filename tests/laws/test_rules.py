"""Laws of rules: what becomes of motion along time where that is not linear."""

import numpy as np
import pytest

from vmm.parts import Grid
from vmm.temporal import acceleration, anisotropic, bilateral, jerk, jerk_aware
from vmm.temporal.gates import _anisotropy

F, FS = 3, 30
T = np.arange(-60, 61)
VIBRATION = 0.05 * np.sin(2 * np.pi * F * T / FS + 0.3)
JUMP = np.where(T >= 0, 3.0, 0.0)

RULES = {
    "bilateral": bilateral(F, FS, max_displacement=0.5),
    "bilateral as published": bilateral(F, FS, max_displacement=0.5, pairs=False),
    "jerk_aware": jerk_aware(F, FS, max_displacement=0.5),
}


def applied(rule, motion):
    """What a rule makes of motion (T,) at one place of one band."""
    n = len(motion) - 2 * rule.delay
    motions, amplitudes = [motion[:, None, None]], [np.ones((n, 1, 1))]
    return np.asarray(rule.signals(motions, amplitudes, [Grid((1, 1))])[0])[:, 0, 0]


def linear(part, motion, delay):
    """What a filter makes of the frames that have so many before and after them."""
    y, _ = part.apply(motion, None)
    return y[delay + part.delay : len(motion) - delay + part.delay]


def accelerated(motion, rule):
    return linear(acceleration(F, FS), motion, rule.delay)


@pytest.mark.parametrize("name", RULES)
def test_small_motion_is_accelerated(name):
    expected = accelerated(VIBRATION, RULES[name])
    seen = applied(RULES[name], VIBRATION)
    assert seen.shape == expected.shape
    np.testing.assert_allclose(seen, expected, rtol=0, atol=0.02 * np.abs(expected).max())


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("motion", [np.full(121, 7.0), 0.4 * T, 5 - 2.0 * T], ids=["still", "slow", "fast"])
def test_motion_of_constant_speed_is_left_alone(name, motion):
    np.testing.assert_allclose(applied(RULES[name], motion), 0, atol=1e-9)


@pytest.mark.parametrize("name", RULES)
def test_rules_keep_the_type(name):
    motions, amplitudes = [VIBRATION[:, None, None].astype(np.float32)], [np.ones((101, 1, 1), np.float32)]
    assert RULES[name].signals(motions, amplitudes, [Grid((1, 1))])[0].dtype == np.float32


@pytest.mark.parametrize("name", RULES)
def test_rules_pass_a_band_about_their_frequency(name):
    assert RULES[name].band == pytest.approx((0.5 * F / FS, 1.5 * F / FS))


# Bilateral.


@pytest.mark.parametrize(("pairs", "most"), [(False, 0.032), (True, 0.055)])
def test_a_jump_does_not_ring(pairs, most):
    """3 pixels under a vibration of 0.05: where acceleration alone is off by 0.99."""
    rule = bilateral(F, FS, max_displacement=0.5, pairs=pairs)
    expected = accelerated(VIBRATION, rule)
    assert np.abs(accelerated(VIBRATION + JUMP, rule) - expected).max() > 0.95
    assert np.abs(applied(rule, VIBRATION + JUMP) - expected).max() < most


def test_the_weight_is_a_gaussian_of_the_motion_between_two_frames():
    """One frame that lies apart, as the published form sees it from the others."""
    rule = bilateral(F, FS, max_displacement=0.5, pairs=False)
    apart = np.zeros(121)
    apart[60] = 0.4
    kernel = accelerated(np.where(T == 0, 1.0, 0.0), rule)
    expected = 0.4 * np.exp(-0.5 * (0.4 / 0.5) ** 2) * kernel
    seen = applied(rule, apart)
    elsewhere = np.arange(len(seen)) != len(seen) // 2
    np.testing.assert_allclose(seen[elsewhere], expected[elsewhere], atol=1e-12)
    here = -sum(kernel[elsewhere]) * 0.4 * np.exp(-0.5 * (0.4 / 0.5) ** 2)
    np.testing.assert_allclose(seen[~elsewhere], here, atol=1e-12)


@pytest.mark.parametrize("pairs", [True, False])
def test_gain_falls_with_the_size_of_motion(pairs):
    gains = []
    for size in (0.02, 0.1, 0.5, 1.0):
        wave = size / 0.05 * VIBRATION
        rule = bilateral(F, FS, max_displacement=0.5, pairs=pairs)
        expected = accelerated(wave, rule)
        gains.append(np.dot(applied(rule, wave), expected) / np.dot(expected, expected))
    assert gains[0] == pytest.approx(1, abs=0.005)
    assert gains[1] == pytest.approx(0.95, abs=0.01)  # a fifth of the largest
    assert gains[1] > gains[2] > gains[3]
    assert gains[3] < 0.35


@pytest.mark.parametrize("drift", [0.05, 0.3, 1.0])
def test_pairs_do_not_see_a_drift(drift):
    rule = bilateral(F, FS, max_displacement=0.5)
    np.testing.assert_allclose(applied(rule, VIBRATION + drift * T), applied(rule, VIBRATION), atol=1e-9)


def test_the_published_form_leaves_alone_what_drifts():
    rule = bilateral(F, FS, max_displacement=0.5, pairs=False)
    seen = applied(rule, VIBRATION + 1.0 * T)
    assert np.abs(seen).max() < 0.05 * np.abs(applied(rule, VIBRATION)).max()


# Gated by jerk.


@pytest.mark.parametrize("kernel", ["gaussian", "narrow", "takeda", "dog", "interval"])
def test_a_gate_of_no_strength_is_acceleration(kernel):
    rule = jerk_aware(F, FS, beta=0, kernel=kernel)
    expected = linear(acceleration(F, FS, kernel=kernel), VIBRATION + JUMP, rule.delay)
    np.testing.assert_allclose(applied(rule, VIBRATION + JUMP), expected, atol=1e-12)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_a_jump_is_magnified_less(beta):
    rule = jerk_aware(F, FS, beta=beta, max_displacement=0.5)
    wanted = accelerated(VIBRATION, rule)
    without = accelerated(VIBRATION + JUMP, rule)
    seen = applied(rule, VIBRATION + JUMP)
    far = np.abs(T[rule.delay : -rule.delay]) > 2 * rule.delay
    np.testing.assert_allclose(seen[far], wanted[far], atol=1e-4)
    assert np.abs(seen - wanted).sum() < {0.5: 0.75, 1.0: 0.6, 2.0: 0.5}[beta] * np.abs(without - wanted).sum()
    middle = len(seen) // 2
    around = slice(middle - 1, middle + 1)  # the frames that the jump lies between
    assert (np.abs(seen[around]) < 0.5**beta * np.abs(without[around])).all()


@pytest.mark.parametrize("size", [0.1, 0.5, 2.0])
def test_the_gate_is_that_of_the_formula(size):
    """A vibration of the largest size has a smoothness of one half where its jerk is at its peak."""
    wave = size * np.cos(2 * np.pi * F * T / FS)
    rule = jerk_aware(F, FS, beta=0.7, max_displacement=0.5)
    abrupt = linear(jerk(F, FS), wave, rule.delay)
    assert np.abs(abrupt).max() == pytest.approx(size, rel=0.06)
    smooth = 1 / (1 + (abrupt / 0.5) ** 4)
    np.testing.assert_allclose(applied(rule, wave), smooth**0.7 * accelerated(wave, rule), atol=1e-12)


def levels(n, orientations=1, size=16):
    """Grids of n octaves."""
    return [
        Grid((size >> k, size >> k), step=(2.0**k,) * 2, scale=2.0**k) for k in range(n) for _ in range(orientations)
    ]


def spread(signals, grids):
    """Motion (T, h, w), the same everywhere in a band."""
    return [np.broadcast_to(x[:, None, None], (len(x), *grid.shape)) for x, grid in zip(signals, grids, strict=True)]


@pytest.mark.parametrize("propagation", [1, 2, 3, 5])
def test_a_level_is_gated_by_the_coarser_ones(propagation):
    grids = levels(3)
    rule = jerk_aware(F, FS, beta=0.5, max_displacement=0.5, propagation=propagation)
    given = [VIBRATION, VIBRATION + 0.2 * JUMP, VIBRATION + 0.5 * JUMP]
    signals = rule.signals(spread(given, grids), [], grids)
    gates = [(1 + (linear(jerk(F, FS), x, rule.delay) / 0.5) ** 4) ** -0.5 for x in given]
    assert gates[0].min() > 0.99 > gates[1].min() > gates[2].min()
    for i, motion in enumerate(given):
        expected = np.prod(gates[i : i + propagation], axis=0) * accelerated(motion, rule)
        assert signals[i].shape[1:] == grids[i].shape
        np.testing.assert_allclose(signals[i], np.broadcast_to(expected[:, None, None], signals[i].shape), atol=1e-9)


def test_a_gate_is_carried_to_its_place_and_its_orientation():
    """A jump that the second orientation of the coarse level sees in its left half."""
    grids = levels(2, orientations=2)
    motions = [x.copy() for x in spread([VIBRATION] * 4, grids)]
    motions[3][:, :, :4] += JUMP[:, None, None]
    rule = jerk_aware(F, FS, beta=2.0, max_displacement=0.5)
    signals = rule.signals(motions, [], grids)
    plain = accelerated(VIBRATION, rule)
    middle = slice(len(plain) // 2 - 1, len(plain) // 2 + 1)
    np.testing.assert_allclose(signals[0][:, 3, 3], plain, atol=1e-4)
    np.testing.assert_allclose(signals[1][:, 3, 12], plain, atol=1e-4)
    assert (np.abs(signals[1][middle, 3, 3]) < 0.01 * np.abs(plain[middle])).all()


# Gated by anisotropy.


def by_eigenvalues(samples):
    """Fractional anisotropy of samples (n, m) of n signals."""
    n = len(samples)
    values = np.linalg.svd(samples - samples.mean(axis=1, keepdims=True), compute_uv=False) ** 2
    return np.sqrt(n / (n - 1) * ((values - values.mean()) ** 2).sum() / (values**2).sum())


@pytest.mark.parametrize("n", [2, 4, 8])
@pytest.mark.parametrize(("around", "window"), [(1, 3), (2, 5)])
def test_anisotropy_is_that_of_the_eigenvalues(n, around, window, rng):
    frames, height, width = 9, 11, 12
    mixed = rng.normal(size=(n, n)) * np.linspace(0.1, 2, n)
    signals = np.tensordot(mixed, rng.normal(size=(n, frames, height, width)), axes=1) + 3
    seen = _anisotropy(list(signals), around, window)
    assert seen.shape == (frames - 2 * around, height, width)
    r = window // 2
    mirrored = np.pad(signals, [(0, 0), (0, 0), (r, r), (r, r)], mode="reflect")
    for t, row, col in np.ndindex(*seen.shape):
        samples = mirrored[:, t : t + 2 * around + 1, row : row + window, col : col + window].reshape(n, -1)
        assert abs(seen[t, row, col] - by_eigenvalues(samples)) < 1e-12


@pytest.mark.parametrize("n", [2, 8])
def test_one_motion_has_anisotropy_one_and_equal_powers_have_none(n, rng):
    one = rng.normal(size=(3, 5, 5))
    together = [gain * one for gain in rng.uniform(0.5, 2, n)]
    np.testing.assert_allclose(_anisotropy(together, 1, 5), 1, rtol=1e-12)
    columns = np.linalg.qr(np.column_stack([np.ones(75), rng.normal(size=(75, n))]))[0][:, 1:]
    equal = list(columns.T.reshape(n, 3, 5, 5))  # orthogonal over the window, of one power, without mean
    assert _anisotropy(equal, 1, 5)[0, 2, 2] < 1e-6
    assert not _anisotropy([np.zeros((3, 5, 5))] * n, 1, 5).any()


def noisy_half(rng, orientations=4, size=32):
    """Two levels that vibrate alike in all orientations to the left, and each in its own way to the right."""
    grids = levels(2, orientations, size)
    motions = []
    for i, grid in enumerate(grids):
        direction = np.cos(np.pi * (i % orientations) / orientations + 0.2)
        left = np.arange(grid.shape[1]) < grid.shape[1] // 2
        together = direction * VIBRATION[:, None, None]
        motions.append(np.where(left, together, 0.03 * rng.normal(size=(len(T), *grid.shape))))
    return grids, motions


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_what_goes_together_passes_and_noise_does_not(gamma, rng):
    grids, motions = noisy_half(rng)
    rule, inner = anisotropic(F, FS, gamma=gamma, window=9), jerk_aware(F, FS)
    assert rule.delay == inner.delay + 3  # half of a period and of the gate
    n = len(T) - 2 * rule.delay
    ones = [np.ones((n, *grid.shape)) for grid in grids]
    gated = rule.signals(motions, ones, grids)
    plain = inner.signals(motions, ones, grids)
    shares = []
    for i in (0, 3, 5):
        own = np.asarray(plain[i])[3:-3]
        assert gated[i].shape == own.shape == (n, *grids[i].shape)
        share = np.sqrt(np.mean(np.square(gated[i]), axis=(0, 1)) / np.mean(np.square(own), axis=(0, 1)))
        size = len(share)
        shares.append((share[: size // 4].mean(), share[-size // 4 :].mean()))
    for left, right in shares:
        assert left == pytest.approx(100 / 101, abs=0.02)  # the weight of an edge as strong as the median
        assert right == pytest.approx(left, abs=0.02) if gamma == 0 else right < 0.5**gamma * left


def test_weak_amplitudes_are_magnified_less():
    grids = levels(1, 4)
    motions = spread([VIBRATION, -VIBRATION, 0.5 * VIBRATION, VIBRATION], grids)
    rule = anisotropic(F, FS, window=5)
    n = len(T) - 2 * rule.delay
    amplitude = np.ones((n, 16, 16))
    amplitude[:, :, 10:] = 0.02
    seen = np.abs(rule.signals(motions, [amplitude] * 4, grids)[0]).max(axis=(0, 1))
    assert (seen[13:] < 0.1 * seen[:6].min()).all()


# Options out of range.


@pytest.mark.parametrize("design", [bilateral, jerk_aware, anisotropic])
@pytest.mark.parametrize("frequency", [0, 15, -2])
def test_frequency_out_of_range(design, frequency):
    with pytest.raises(ValueError, match=r"must be in \(0, fs/2\) = \(0, 15\) Hz"):
        design(frequency, 30)


@pytest.mark.parametrize(
    ("design", "options"),
    [
        (bilateral, {"max_displacement": 0}),
        (bilateral, {"max_displacement": float("nan")}),
        (jerk_aware, {"max_displacement": -1}),
        (jerk_aware, {"beta": -0.5}),
        (jerk_aware, {"propagation": 0}),
        (jerk_aware, {"kernel": "x"}),
        (anisotropic, {"gamma": -1}),
        (anisotropic, {"window": 4}),
        (anisotropic, {"window": 1}),
        (anisotropic, {"beta": -0.5}),
    ],
)
def test_options_out_of_range(design, options):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"{name}={value!r} must be"):
        design(F, FS, **options)


# Displacement down and right.


def applied_to_displacement(rule, displacement, grid):
    """The output (n, 2) of a rule for a displacement (T, 2) at one place of one level."""
    motions, amplitudes = [displacement[:, :, None, None]], [np.ones((len(displacement) - 2 * rule.delay, 1, 1))]
    return np.asarray(rule.signals(motions, amplitudes, [grid])[0])[:, :, 0, 0]


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("name", RULES)
def test_the_length_of_a_displacement_in_pixels_of_the_frame_counts(name, scale):
    direction, motion = np.array([0.6, 0.8]), 4 * VIBRATION + JUMP
    expected = applied(RULES[name], motion)[:, None] * direction / scale
    seen = applied_to_displacement(
        RULES[name], motion[:, None] * direction / scale, Grid((1, 1), step=(scale, scale), scale=scale)
    )
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-9)


def test_displacement_in_which_levels_disagree_is_reduced(rng):
    rule = anisotropic(F, FS, beta=0.0, window=9)
    grids = [Grid((32 >> k, 32 >> k), step=(2.0**k, 2.0**k), scale=2.0**k) for k in range(3)]
    frames = np.arange(2 * rule.delay + 4)
    wave = 0.1 * np.sin(2 * np.pi * F * frames / FS)
    shapes = [(len(frames), 2, grid.shape[0] // 2, grid.shape[1] // 2) for grid in grids]
    moves = [
        np.stack([wave, 0.5 * wave], 1)[:, :, None, None] / g.scale * np.ones(s)
        for g, s in zip(grids, shapes, strict=True)
    ]
    noises = [rng.normal(0, 0.1, shape) / grid.scale for grid, shape in zip(grids, shapes, strict=True)]
    halves = [
        np.concatenate([m[..., : s[-1] // 2], n[..., s[-1] // 2 :]], -1)
        for m, n, s in zip(moves, noises, shapes, strict=True)
    ]
    amplitudes = [np.ones((4, *grid.shape)) for grid in grids]

    def share(motions, part):
        out = np.asarray(rule.signals(motions, amplitudes, grids)[1])
        plain = linear(acceleration(F, FS), motions[1], rule.delay)
        assert out.shape == plain.shape
        return np.sqrt((out[..., part] ** 2).mean() / (plain[..., part] ** 2).mean())

    assert share(halves, slice(0, 2)) > 0.95
    assert share(halves, slice(-3, None)) < 0.85 * share(halves, slice(0, 2))
