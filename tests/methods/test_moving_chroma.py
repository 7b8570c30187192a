"""Chroma that moves with the luma."""

from functools import partial

import numpy as np
import pytest
import scipy.special
from cases import METHODS

import vmm
from vmm.backend.levels import full_size
from vmm.data import synthetic
from vmm.spatial._planes import YIQ
from vmm.temporal import butterworth

FS, FRAMES = 30, 60
AMPLITUDE = 0.1  # px
KEPT = slice(20, 45, 4)  # away from the ends of the clip
RED, BLUE = np.array([190.0, 60, 60]), np.array([60.0, 90, 190])
BRIGHT = np.array([190.0, 205, 235])
BLUE_OF_LIKE_LUMA = BLUE + YIQ[0] @ (RED - BLUE)
MOVING = ("gradient", "phase", "riesz", "acceleration")  # methods with the option


def disc(background, size=128, radius=45):
    """Return a scene of a textured red disc that moves before a background, which has texture unless it is bright."""
    scenes = [synthetic.texture((size, size), blur=1.5, seed=seed) for seed in (1, 2)]
    contrasts = 0.5, 0.1 if background is BRIGHT else 0.5
    y, x = np.mgrid[:size, :size] - (size - 1) / 2

    def distance(d):
        return np.hypot(y - d[0], x - d[1]) - radius

    def scene(d):
        inside = scipy.special.ndtr(-distance(d) / 0.8)[..., None]
        triples = zip(scenes, (d, (0, 0)), contrasts, strict=True)
        own, other = (contrast * (texture(v)[..., None] - 128) for texture, v, contrast in triples)
        return inside * (RED + own) + (1 - inside) * (background + other)

    return scene, np.abs(distance((0, 0))) < 8


def subsampled(frames):
    """Return the frames with the chroma of 4:2:0 video."""
    yiq = np.moveaxis(frames @ YIQ.T, -1, 1)
    chroma = yiq[:, 1:]
    half = (chroma[..., ::2, ::2] + chroma[..., 1::2, ::2] + chroma[..., ::2, 1::2] + chroma[..., 1::2, 1::2]) / 4
    yiq[:, 1:] = full_size(half, frames.shape[1:3])
    return np.moveaxis(yiq, 1, -1) @ np.linalg.inv(YIQ).T


def error(frames, true, near):
    """Return the root of the mean square of the error of chroma near the edge."""
    return np.sqrt(((((frames - true) @ YIQ[1:].T)[:, near]) ** 2).mean())


def relative_error(magnify, background, alpha, *, is_subsampled=True):
    """Return the error of chroma near the edge, relative to that of chroma that stays."""
    scene, near = disc(background)
    sample = subsampled if is_subsampled else lambda frames: frames
    moves = synthetic.sway(FRAMES, FS, 3, AMPLITUDE)
    clip = np.clip(np.rint(sample(synthetic.render(scene, moves, dtype=np.float64))), 0, 255).astype(np.uint8)
    true = sample(synthetic.render(scene, (1 + alpha) * moves[KEPT], dtype=np.float64))
    return error(magnify(clip, (2, 4), fs=FS, alpha=alpha)[KEPT], true, near) / error(clip[KEPT], true, near)


@pytest.mark.parametrize(
    ("background", "alpha", "most"),
    [(BLUE_OF_LIKE_LUMA, 10, 0.55), (BLUE_OF_LIKE_LUMA, 30, 0.55), (BRIGHT, 10, 0.35), (BRIGHT, 30, 0.35)],
)
def test_chroma_moves_with_the_luma(background, alpha, most):
    """Where luma is alike on both sides, the chroma shows how the edge moves."""
    assert relative_error(vmm.gradient.magnify, background, alpha) < most


@pytest.mark.parametrize("alpha", [10, 30])
@pytest.mark.parametrize(("background", "most"), [(BLUE_OF_LIKE_LUMA, 0.55), (BRIGHT, 0.35)])
def test_chroma_of_full_size_moves_with_the_luma(background, most, alpha):
    magnify = partial(vmm.gradient.magnify, chroma="full")
    assert relative_error(magnify, background, alpha, is_subsampled=False) < most


def test_chroma_moves_beside_any_linear_method():
    def magnify(frames, band, **options):
        return vmm.phase.magnify(frames, band, octave=1.0, orientations=4, **options)

    assert relative_error(magnify, BRIGHT, 10) < 0.35


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("size", [(48, 64), (33, 47), (10, 12)])
@pytest.mark.parametrize("chroma", ["half", "full"])
def test_luma_is_that_of_chroma_that_stays(name, size, chroma, rng):
    moves = synthetic.sway(24, FS, 3, 0.2)
    gray = synthetic.render(synthetic.texture(size), moves, dtype=np.float64)
    frames = gray[..., None] * np.array([1, 0.6, 0.3])
    band = 3.0 if name == "acceleration" else (2, 4)
    out, still = (METHODS[name](frames, band, fs=FS, chroma=value) for value in (chroma, None))
    luma, other, before = (x @ YIQ[0] for x in (out, still, frames))
    if name in ("phase", "riesz"):  # The others read the displacement of luma and chroma together.
        np.testing.assert_allclose(luma, other, rtol=0, atol=1e-6)
    assert np.square(luma - other).mean() < 0.02**2 * np.square(other - before).mean()
    np.testing.assert_allclose(still @ YIQ[1:].T, frames @ YIQ[1:].T, rtol=0, atol=1e-6)
    assert np.abs((out - still) @ YIQ[1:].T).max() > 0.1


@pytest.mark.parametrize("name", MOVING)
def test_gray_frames_have_no_chroma(name, clip):
    band = 3.0 if name == "acceleration" else (2, 4)
    out, still = (METHODS[name](clip, band, fs=FS, chroma=value) for value in ("half", None))
    assert np.array_equal(out, still)


@pytest.mark.parametrize("name", ["gradient", "phase"])
@pytest.mark.parametrize("chroma", ["half", "full"])
@pytest.mark.parametrize("temporal", [vmm.temporal.fir, pytest.param(butterworth, marks=pytest.mark.slow)])
def test_chroma_in_chunks_equals_the_clip(name, chroma, temporal, color_clip):
    frames = color_clip.astype(np.float64)
    options = {"fs": FS, "chroma": chroma, "temporal": temporal}
    whole = METHODS[name](frames, (2, 4), **options)
    chunks = METHODS[name](iter([frames[:7], frames[7:8], frames[8:]]), (2, 4), **options)
    np.testing.assert_allclose(np.concatenate(list(chunks)), whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("chroma", ["half", "full"])
def test_chroma_of_a_still_clip_and_outside_the_mask_stays(name, chroma, short_color_clip):
    band = 3.0 if name == "acceleration" else (2, 4)
    magnify = partial(METHODS[name], fs=FS, chroma=chroma)
    assert np.array_equal(magnify(short_color_clip, band, alpha=0), short_color_clip)
    out = magnify(short_color_clip, band, mask=(8, 8, 24, 24))
    changed = (out != short_color_clip).any(axis=(0, 3))
    changed[8:32, 8:32] = False
    assert not changed.any()


@pytest.mark.parametrize("name", ["phase", "riesz"])
def test_chroma_stays_where_the_pulse_is_magnified(name, color_clip):
    out, still = (METHODS[name](color_clip, (2, 4), fs=FS, color=10, chroma=value) for value in ("half", None))
    assert np.array_equal(out, still)


@pytest.mark.parametrize("name", MOVING)
def test_unknown_sizes_of_chroma(name, color_clip):
    band = 3.0 if name == "acceleration" else (2, 4)
    with pytest.raises(ValueError, match="chroma='quarter' must be 'half', 'full', or None"):
        METHODS[name](color_clip, band, fs=FS, chroma="quarter")
