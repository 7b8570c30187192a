"""Laws of methods, run over every one in the list."""

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from cases import BY_BAND, BY_FREQUENCY, METHODS, moved
from hypothesis import given, settings
from hypothesis import strategies as st

import vmm
from vmm.data import synthetic
from vmm.temporal import butterworth, causal, fir, iir

BAND = (2, 3)
STREAMING = {"fir": fir, "butterworth": butterworth, "causal": causal, "iir": iir}
SLOW = (*BY_FREQUENCY, "lagrangian")  # methods that take seconds at their default settings
SLOW_MARKED = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in METHODS]
RUNS = [(name, temporal) for name in BY_BAND for temporal in STREAMING] + [(name, "fir") for name in BY_FREQUENCY]


def run(name, frames, magnify=None, **options):
    magnify, options = magnify or METHODS[name], {"fs": 30, "alpha": 5, **options}
    if name in BY_FREQUENCY:
        options.pop("temporal", None)
        return magnify(frames, 2.5, **options)
    return magnify(frames, BAND, **options)


def pieces(frames, cuts):
    edges = [0, *sorted(cuts), len(frames)]
    return (frames[a:b] for a, b in pairwise(edges))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", ["uint8", "uint16", "float16", "float32", "float64"])
@pytest.mark.parametrize("planes", ["gray", "color"])
def test_shape_and_type_stay(name, kind, planes, short_clip, short_color_clip):
    frames = (short_clip if planes == "gray" else short_color_clip).astype(kind)
    out = run(name, frames)
    assert type(out) is np.ndarray and out.shape == frames.shape and out.dtype == frames.dtype
    assert not np.array_equal(out, frames)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("shape", [(40, 33, 47), (40, 47, 34, 3)])
def test_alpha_zero_is_the_identity(name, shape, rng):
    frames = rng.random(shape).astype(np.float32)
    assert np.array_equal(run(name, frames, alpha=0), frames)


@pytest.mark.parametrize("name", METHODS)
def test_a_still_clip_stays_still(name, color_clip):
    still = np.repeat(color_clip[:1], 24, axis=0)
    assert np.array_equal(run(name, still, alpha=20), still)


@pytest.mark.parametrize("name", METHODS)
def test_the_input_is_not_touched(name, short_color_clip):
    before = short_color_clip.copy()
    run(name, short_color_clip)
    assert np.array_equal(before, short_color_clip)


@pytest.mark.parametrize(
    ("name", "temporal", "chunk"),
    [
        *((*which, n) for which in RUNS if which[0] not in SLOW for n in (1, 7, 32)),
        *(pytest.param(*which, 7, marks=pytest.mark.slow) for which in RUNS if which[0] in SLOW),
    ],
)
def test_chunks_equal_the_clip(name, temporal, chunk, clip):
    frames = clip.astype(np.float64)
    whole = run(name, frames, temporal=STREAMING[temporal])
    chunks = run(name, pieces(frames, range(chunk, 60, chunk)), temporal=STREAMING[temporal])
    np.testing.assert_allclose(np.concatenate(list(chunks)), whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize("temporal", STREAMING)
@pytest.mark.parametrize("name", ["phase", "linear"])
@pytest.mark.parametrize("chunk", [1, 7, 32])
def test_chunks_equal_the_clip_in_single_precision(name, temporal, chunk, clip):
    frames = clip.astype(np.float32)
    whole = run(name, frames, temporal=STREAMING[temporal])
    chunks = run(name, pieces(frames, range(chunk, 60, chunk)), temporal=STREAMING[temporal])
    np.testing.assert_allclose(np.concatenate(list(chunks)), whole, rtol=0, atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(
    which=st.sampled_from(RUNS),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_chunks_cut_anywhere_equal_the_clip(which, cuts):
    name, temporal = which
    frames = np.random.default_rng(3).random((60, 24, 18))
    whole = run(name, frames, temporal=STREAMING[temporal], **({"level": 2} if name == "color" else {}))
    chunks = run(name, pieces(frames, cuts), temporal=STREAMING[temporal], **({"level": 2} if name == "color" else {}))
    np.testing.assert_allclose(np.concatenate(list(chunks)), whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", BY_BAND)
def test_a_whole_clip_filter_takes_chunks_too(name, clip):
    frames = clip.astype(np.float64)
    whole = run(name, frames, temporal=vmm.temporal.ideal)
    chunks = run(name, pieces(frames, [9, 20]), temporal=vmm.temporal.ideal)
    np.testing.assert_allclose(np.concatenate(list(chunks)), whole, rtol=0, atol=1e-6)


GAINS: dict[str, tuple[dict[str, Any], float]] = {  # method: settings, and how far the gain may be from 1 + alpha
    "phase": ({}, 0.05),
    "riesz": ({"sigma": 0, "temporal": fir}, 0.25),
    "linear": ({"temporal": fir, "wavelength": 0}, 0.1),
    "color": ({"temporal": fir, "level": 0}, 0.1),
    "acceleration": ({}, 0.1),
    "jerk": ({}, 0.1),
    "anisotropy": ({}, 0.1),
    "bilateral": ({}, 0.1),
    "gradient": ({}, 0.07),  # three taps understate the slope of fine detail
    "lagrangian": ({}, 0.05),
}


@pytest.mark.parametrize("name", SLOW_MARKED)
def test_motion_leaves_as_large_as_asked_for(name):
    """0.05 px in, alpha 5: 0.3 px out."""
    options, tolerance = GAINS[name]
    moves = synthetic.sway(160, 30, 2.5, 0.05)
    frames = synthetic.render(synthetic.texture((96, 96)), moves, dtype=np.float32)
    away_from_ends = slice(50, 110)  # five periods
    magnify = getattr(vmm, name).magnify  # at its default number of subbands
    seen = moved(run(name, frames, magnify, **options))[away_from_ends, 0, 1]
    true = moves[away_from_ends, 1]
    gain = np.dot(seen - seen.mean(), true) / np.dot(true, true)
    assert gain == pytest.approx(6, rel=tolerance)


@pytest.mark.parametrize("name", SLOW_MARKED)
def test_motion_outside_the_band_stays(name):
    moves = synthetic.sway(90, 30, 7, 0.1)
    frames = synthetic.render(synthetic.texture((64, 64), blur=2.0), moves, dtype=np.float32)
    seen = moved(run(name, frames, temporal=fir))[:, 0]
    away_from_ends = slice(20, 70)
    error = (seen - moves)[away_from_ends]
    assert np.abs(error - error.mean(axis=0)).max() < 0.02


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("box", [True, False])
def test_nothing_changes_outside_the_mask(name, box, short_color_clip):
    mask = np.zeros((48, 64))
    mask[10:40, 20:50] = 1
    alpha = 500 if name == "color" else 5
    out = run(name, short_color_clip, mask=(10, 20, 30, 30) if box else mask, alpha=alpha)
    changed = (out != short_color_clip).any(axis=(0, 3))
    assert not changed[mask == 0].any()
    assert changed[mask == 1].mean() > 0.5


def test_a_soft_edge_of_a_mask_ends_without_a_step(clip):
    mask = np.clip((np.arange(64) - 20) / 24, 0, 1) ** 2 * np.ones((48, 1))
    out = vmm.phase.magnify(clip[:24].astype(np.float32), BAND, fs=30, mask=mask)
    change = np.sqrt(((out - clip[:24]) ** 2).mean(axis=(0, 1)))
    assert not change[:21].any()
    assert change[21] < 0.05 * change[40:].mean()


@pytest.mark.parametrize("name", ["phase", "riesz", "linear"])
def test_a_mask_of_one_half_halves_alpha(name, clip):
    frames = clip.astype(np.float64)
    half = run(name, frames, mask=np.full((48, 64), 0.5))
    np.testing.assert_allclose(half, run(name, frames, alpha=2.5), rtol=0, atol=1e-9)


def test_maps_of_alpha(clip):
    """A map that is one number everywhere is that number; one value a band as well."""
    parts: dict[str, Any] = dict(
        spatial=vmm.spatial.Laplacian, motion=vmm.motion.intensity, temporal=butterworth(BAND, 30)
    )
    frames = clip.astype(np.float64)
    plain = vmm.magnify(frames, alpha=5.0, **parts)
    n = len(vmm.spatial.Laplacian((48, 64)).grids)
    np.testing.assert_allclose(vmm.magnify(frames, alpha=np.full((48, 64), 5.0), **parts), plain, atol=1e-9)
    np.testing.assert_allclose(vmm.magnify(frames, alpha=1.0, level_gains=[5.0] * n, **parts), plain, atol=1e-9)
    finest = vmm.magnify(frames, alpha=5.0, level_gains=[1.0] + [0.0] * (n - 1), **parts)
    rest = vmm.magnify(frames, alpha=5.0, level_gains=[0.0] + [1.0] * (n - 1), **parts)
    np.testing.assert_allclose(finest + rest - frames, plain, atol=1e-9)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clip(monkeypatch):
    """Streaming 2000 frames takes no more than streaming 200."""
    import tracemalloc

    monkeypatch.setenv("VMM_THREADS", "1")  # the peak of several threads depends on chance
    scene = synthetic.texture((32, 40))
    loop = synthetic.render(scene, synthetic.sway(50, 30, 2.5, 0.1))

    def peak(frames, temporal):
        chunks = (loop[i % 50 : i % 50 + 10] for i in range(0, frames, 10))
        tracemalloc.start()
        count = sum(len(piece) for piece in vmm.phase.magnify(chunks, (3, 9), fs=30, orientations=2, temporal=temporal))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == frames
        return top

    for temporal in (fir, butterworth):
        peak(60, temporal)  # what is made once is made here
        assert peak(2000, temporal) <= 1.1 * peak(200, temporal)


# Bad input: one clear sentence each.


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((1, 48, 64), np.uint8), "a clip of 1 frame has no motion"),
        (np.zeros((0, 48, 64), np.uint8), "a clip of 0 frames has no motion"),
        (np.zeros((9, 3, 4), np.uint8), "too small|must lie in"),
        (np.zeros((48, 64), np.uint8), r"of shape \(48, 64\) must be \(T, H, W\)"),
        (np.zeros((9, 48, 64, 4), np.uint8), r"must be \(T, H, W\)"),
        (np.full((9, 48, 64), np.nan), "NaN or infinite"),
    ],
)
def test_frames_that_cannot_be_magnified(name, frames, message):
    with pytest.raises(ValueError, match=message):
        run(name, frames)


@pytest.mark.parametrize("frames", [np.zeros((9, 48, 64), np.int32), np.zeros((9, 48, 64), bool), 5, None])
def test_frames_of_a_wrong_type(frames):
    with pytest.raises(TypeError, match="frames"):
        run("phase", frames)


def test_chunks_that_differ():
    chunks = [np.zeros((4, 48, 64), np.uint8), np.zeros((4, 48, 32), np.uint8)]
    with pytest.raises(ValueError, match=r"\(48, 32\).* came after"):
        list(run("linear", iter(chunks)))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("alpha", [float("nan"), float("inf")])
def test_alpha_that_is_not_finite(name, alpha, clip):
    with pytest.raises(ValueError, match=r"alpha=.*must be finite"):
        run(name, clip, alpha=alpha)


@pytest.mark.parametrize("name", METHODS)
def test_a_band_in_hz_without_fs(name, clip):
    with pytest.raises(ValueError, match="pass fs"):
        METHODS[name](clip, 2.5 if name in BY_FREQUENCY else (2, 3))


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        (np.zeros((3, 3)), ValueError, "must have the shape of a frame"),
        (np.full((48, 64), 2.0), ValueError, r"must lie in \[0, 1\]"),
        ((40, 0, 20, 20), ValueError, "must lie inside the frame"),
        ("here", TypeError, "mask='here' must be a box"),
    ],
)
def test_masks_that_do_not_fit(mask, error, message, clip):
    with pytest.raises(error, match=message):
        run("linear", clip, mask=mask)


def test_alphas_that_do_not_fit(clip):
    parts: dict[str, Any] = dict(
        spatial=vmm.spatial.Laplacian, motion=vmm.motion.intensity, temporal=butterworth(BAND, 30)
    )
    with pytest.raises(ValueError, match="alpha holds 2 values"):
        vmm.magnify(clip, alpha=[1, 2], **parts)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="level_gains holds 2 values, but there are"):
        vmm.magnify(clip, level_gains=[1, 2], **parts)


def test_a_ready_filter_takes_no_band(clip):
    ready = iir(r=(0.4, 0.05))
    assert vmm.linear.magnify(clip, None, alpha=10, temporal=ready).shape == clip.shape
    with pytest.raises(ValueError, match="must be None, because temporal is a filter"):
        vmm.linear.magnify(clip, BAND, fs=30, temporal=ready)


def test_a_filter_design_with_options(clip):
    assert run("linear", clip, temporal=partial(butterworth, order=2)).shape == clip.shape


def test_wavelength_out_of_range(clip):
    with pytest.raises(ValueError, match="wavelength=-1"):
        run("linear", clip, wavelength=-1)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_takes_maps_of_alpha(name, short_color_clip):
    frames = short_color_clip.astype(np.float64)
    np.testing.assert_allclose(run(name, frames, alpha=np.full((48, 64), 5.0)), run(name, frames), rtol=0, atol=1e-9)
    left = np.zeros((48, 64))
    left[:, :20] = 5
    change = np.abs(run(name, frames, alpha=left) - frames).mean(axis=(0, 1, 3))
    assert change[-4:].mean() < 0.2 * change[:10].mean()


@pytest.mark.parametrize("name", METHODS)
def test_alphas_of_a_wrong_kind(name, clip):
    for wrong in (None, "much", object()):
        with pytest.raises(TypeError, match="must be a number or a map"):
            run(name, clip, alpha=wrong)
    with pytest.raises(ValueError, match=r"alpha holds \d+ values"):
        run(name, clip, alpha=np.ones(99))
    with pytest.raises(ValueError, match=r"of shape \(5, 5\).* must have the shape of a frame, \(48, 64\)"):
        run(name, clip, alpha=np.ones((5, 5)))


def test_byte_orders(clip):
    frames = clip.astype(np.float64)
    out = run("linear", frames.astype(">f8"))
    assert out.dtype == np.dtype(">f8")
    assert np.array_equal(out, run("linear", frames))


@pytest.mark.parametrize(("name", "temporal"), [*RUNS, *((name, "ideal") for name in BY_BAND)])
@pytest.mark.parametrize("frames", [2, 3, 5, 12])
def test_very_short_clips(name, temporal, frames, clip):
    if temporal == "ideal" and frames == 2:
        with pytest.raises(ValueError, match="contains no Fourier component of a clip of 2 frames"):
            run(name, clip[:2], temporal=vmm.temporal.ideal)
    else:
        assert run(name, clip[:frames], temporal=getattr(vmm.temporal, temporal)).shape == (frames, 48, 64)
