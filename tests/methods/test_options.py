"""Options that several methods share: several bands, limits, weights, transforms, presets."""

import functools
import inspect
import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from cases import BY_FREQUENCY, METHODS, moved

import vmm
from vmm.data import synthetic
from vmm.temporal import butterworth, fir, ideal, parallel

FS = 30
BANDS, ALPHAS = [(1.5, 2.5), (4, 6)], [20, -1]
FEW = {"octave": 1.0, "orientations": 2}  # subbands, where the accuracy of the motion does not matter
LIGHT = {"phase": {"octave": 0.5, "orientations": 8, "sigma": 0.0}, "riesz": {}}


def gain(seen, true):
    """Return the ratio of the measured to the true motion, both without their means."""
    seen, true = seen - seen.mean(), true - true.mean()
    return np.dot(seen, true) / np.dot(true, true)


# Several bands in one pass.

INNER = slice(50, 110)  # whole periods of 2 and 5 Hz, away from the ends
BOXES = [(12, 16, 24, 32), (12, 80, 24, 32)]


@pytest.fixture(scope="module")
def two_frequencies():
    """A clip whose left half sways at 2 Hz and right half at 5 Hz, by 0.1 px."""
    moves = [synthetic.sway(160, FS, frequency, 0.1) for frequency in (2, 5)]
    halves = [
        synthetic.render(synthetic.texture((48, 64), seed=seed), d, dtype=np.float32) for seed, d in enumerate(moves, 1)
    ]
    return np.concatenate(halves, axis=2), [d[:, 1] for d in moves]


@pytest.mark.parametrize(
    ("design", "left_over"),
    [
        (fir, 0.1),
        pytest.param(ideal, 0.5, marks=pytest.mark.slow),
        pytest.param(butterworth, 5, marks=pytest.mark.slow),
    ],
)
def test_one_band_is_magnified_and_another_removed(design, left_over, two_frequencies):
    """The motion is that of the parallel filters: 21 times the first, and the leakage of the first at the second."""
    frames, moves = two_frequencies
    out = vmm.phase.magnify(frames, BANDS, fs=FS, alpha=ALPHAS, temporal=design, sigma=0)
    seen = moved(out, BOXES)[:, :, 1].T
    filters = parallel(*(design(band, FS) for band in BANDS), gains=ALPHAS)
    for motion, true in zip(seen, moves, strict=True):
        delay = getattr(filters, "delay", 0)
        late, _ = filters.apply(np.concatenate([true, np.zeros(delay)]), None)
        expected = true + late[delay:]
        error = (motion - expected)[INNER]
        assert np.abs(error - error.mean()).max() < 0.01 + 0.05 * np.abs(expected[INNER]).max()
    assert gain(seen[0][INNER], moves[0][INNER]) == pytest.approx(21, rel=0.06)
    assert seen[1][INNER].std() < left_over * moves[1].std()


@pytest.mark.parametrize("name", ["phase", "riesz", "linear", "color"])
def test_a_list_of_one_band_is_that_band(name, clip):
    by_name: dict[str, Any] = {"color": {"level": 2}, "linear": {"wavelength": 20}, "phase": FEW}
    options = by_name.get(name, {})
    frames = clip.astype(np.float64)
    alone = METHODS[name](frames, (2, 3), fs=FS, alpha=8, **options)
    together = METHODS[name](frames, [(2, 3)], fs=FS, alpha=[8], **options)
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-9)
    assert np.abs(alone - frames).max() > 0.3


@pytest.mark.parametrize("adaptive", [0, 1])
def test_the_largest_alpha_bounds_the_wavelengths(adaptive, clip):
    frames, options = clip.astype(np.float64), {"fs": FS, "wavelength": 20, "adaptive": adaptive}
    alone = vmm.linear.magnify(frames, (2, 3), alpha=8, **options)
    np.testing.assert_allclose(vmm.linear.magnify(frames, [(2, 3), (5, 9)], alpha=[8, 0], **options), alone, atol=1e-9)


@pytest.mark.parametrize("design", [fir, butterworth])
def test_several_bands_come_in_chunks(design, clip):
    frames, options = clip.astype(np.float64), {"fs": FS, "alpha": (5, -1), "temporal": design, **FEW}
    pieces = vmm.phase.magnify((frames[i : i + 7] for i in range(0, 60, 7)), BANDS, **options)
    whole = vmm.phase.magnify(frames, BANDS, **options)
    np.testing.assert_allclose(np.concatenate(list(pieces)), whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize("alpha", [10, [10], [10, -1, 3], [10, np.ones((48, 64))]])
def test_alpha_must_hold_one_number_for_each_band(alpha, clip):
    with pytest.raises(ValueError, match="must hold one number for each of the 2 bands"):
        vmm.phase.magnify(clip, BANDS, fs=FS, alpha=alpha)


def test_invalid_bands():
    frames = np.zeros((9, 32, 32))
    with pytest.raises(ValueError, match=r"band=\(4, 20\) must be an increasing pair"):
        vmm.phase.magnify(frames, [(1, 2), (4, 20)], fs=FS, alpha=[1, 2])
    with pytest.raises(ValueError, match="must be finite"):
        vmm.phase.magnify(frames, BANDS, fs=FS, alpha=[1, math.nan])


@pytest.mark.slow
def test_a_region_is_stabilized_for_several_bands():
    scene = synthetic.texture((64, 72))
    moves = synthetic.sway(90, FS, 3, 0.1) + synthetic.sway(90, FS, 0.3, 4, angle=90)
    frames = synthetic.render(scene, moves)
    options: dict[str, Any] = {"fs": FS, "model": "translation"}
    both = vmm.stabilize.magnify(frames, [(2, 4), (6, 9)], alpha=[10, -1], **options)
    seen = moved(both, [(24, 24, 24, 24)])[20:70, 0, 1]
    assert gain(seen, moves[20:70, 1]) == pytest.approx(11, rel=0.1)


# The limit on the displacement of a subband.


@pytest.mark.parametrize("name", LIGHT)
def test_a_limit_is_on_by_default(name):
    """The limit leaves small motion unchanged and attenuates large motion in the fine subbands only."""
    scene = synthetic.texture((48, 64), blur=1.5)
    for size, felt in ((0.005, False), (0.6, True)):
        frames = synthetic.render(scene, synthetic.sway(40, FS, 3, size), dtype=np.float32)
        magnify = partial(METHODS[name], frames, (2, 4), fs=FS, alpha=20, temporal=butterworth, **LIGHT[name])
        usual, without = magnify(), magnify(limit=math.inf)
        assert np.array_equal(usual, magnify(limit={"phase": 4.0, "riesz": 3.0}[name]))
        assert (np.abs(usual - without).max() > 10) == felt
        assert (np.abs(usual - without).max() < 0.03) != felt
        assert np.abs(magnify(limit=0.01) - frames).std() < 0.5 * np.abs(usual - frames).std()
    with pytest.raises(ValueError, match="limit=0 must be at least"):
        magnify(limit=0)


# Attenuation at small amplitudes.


def noisy_edge():
    """A noisy clip with a uniform area on the left and an edge on the right that sways by 0.1 px at 3 Hz."""
    cols = np.arange(48)

    def edge(d):
        return 128 + 60 * np.tanh((cols - 24 - d[1]) / 1.5) * np.ones((56, 1))

    moves = synthetic.sway(70, FS, 3, 0.1)
    right = synthetic.render(edge, moves, dtype=np.float64)
    clean = np.concatenate([np.full(right.shape, 128.0), right], axis=2)
    noise = np.random.default_rng(0).normal(0, 1, clean.shape)
    return (clean + noise).astype(np.float32), synthetic.render(edge, 11 * moves, dtype=np.float64) - right


@pytest.mark.parametrize(
    ("name", "option", "flat", "edge"),
    [("phase", "denoise", 0.8, 0.5), ("riesz", "denoise", 0.7, 0.8), ("linear", "adaptive", 0.35, 0.75)],
)
def test_noise_is_magnified_less_than_an_edge(name, option, flat, edge):
    """``flat`` bounds the noise and ``edge`` the motion, relative to the result without the option."""
    frames, wanted = noisy_edge()
    unsmoothed = {"sigma": 0.0} if name == "phase" else {}
    noises, edges = [], []
    for strength in (0, 0.3, 1.0):
        out = METHODS[name](frames, (2, 4), fs=FS, alpha=10, **{option: strength}, **unsmoothed)
        change = (out - frames)[15:55, 12:-12]
        visible = scipy.ndimage.uniform_filter(change, (0, 3, 3))  # the finest noise of phase is limited, not denoised
        noises.append(visible[..., 8:40].std())
        truth = wanted[15:55, 12:-12, 20:29]
        edges.append((change[..., 68:77] * truth).sum() / (truth**2).sum())
    assert noises[0] > noises[1] > noises[2]
    assert noises[2] < flat * noises[0]
    assert edges[2] > edge * edges[0]
    assert edges[1] / edges[0] > noises[1] / noises[0] - 0.02
    with pytest.raises(ValueError, match="must be 0 or greater"):
        METHODS[name](frames, (2, 4), fs=FS, **{option: -1})


# The dual-tree transform.


def test_the_dual_tree_takes_the_place_of_the_pyramid(two_frequencies):
    frames, moves = two_frequencies
    out = vmm.phase.magnify(frames, (1.5, 2.5), fs=FS, alpha=10, transform="dualtree")
    seen = moved(out, BOXES)[INNER, :, 1].T
    assert gain(seen[0], moves[0][INNER]) == pytest.approx(11, rel=0.2)
    assert gain(seen[1], moves[1][INNER]) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("options", [{"octave": 1.0}, {"orientations": 4}, {"transition": 1.0}])
def test_the_dual_tree_takes_no_options_of_the_pyramid(options, clip):
    with pytest.raises(ValueError, match="are options of transform='steerable' only: omit them"):
        vmm.phase.magnify(clip, (2, 3), fs=FS, transform="dualtree", **options)
    with pytest.raises(ValueError, match="transform='wavelets' must be"):
        vmm.phase.magnify(clip, (2, 3), fs=FS, transform="wavelets")  # type: ignore[arg-type]


# Presets.

PRESETS = [(name, method) for name, methods in vmm.presets.items() for method in methods]


@functools.cache
def shaken_clip():
    """A clip with random motion and flicker, which is long enough for the narrowest band."""
    moves = np.random.default_rng(0).normal(0, 0.3, (200, 2))
    frames = synthetic.render(synthetic.texture((64, 66)), moves)
    return np.clip(frames + np.random.default_rng(1).normal(0, 3, (200, 1, 1)).round(), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", [name for name, method in PRESETS if method == "linear"])
def test_presets_of_linear_do_not_break_the_color(name):
    """Motion of 0.2 px is within the bound of the method where the chroma is magnified as well."""
    settings = vmm.presets[name]["linear"]
    bound = 8 * vmm.linear.MOTION * (1 + settings["alpha"])
    assert settings["chroma"] == 0 or settings["wavelength"] > 0.85 * bound


@pytest.mark.parametrize(("name", "method"), PRESETS)
def test_presets_run(name, method):
    settings = vmm.presets[name][method]
    magnify = METHODS[method]
    assert set(settings) <= set(inspect.signature(magnify).parameters)
    assert ("frequency" if method in BY_FREQUENCY else "band") in settings and settings["alpha"] > 0
    frames = shaken_clip()[: 200 if name.startswith("crane") else 70]
    out = magnify(frames, **{"fs": 30.0, **settings})
    assert out.shape == frames.shape and out.dtype == np.uint8
    assert not np.array_equal(out, frames)
