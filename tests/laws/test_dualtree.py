"""Laws of the dual-tree complex wavelet transform, and motion read from it."""

from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic
from vmm.motion import local_phase
from vmm.parts import CausalFilter
from vmm.spatial import DualTree, luma

EVERYTHING = CausalFilter(lambda x, memory: (x, memory))  # passes all motion
SHAPES = [(97, 131), (270, 480), (64, 64), (33, 200), (8, 8), (8, 9), (11, 302), (9, 8), (62, 50)]


@pytest.mark.parametrize("levels", [None, 1, 2, 3])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("dtype", "most"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_synthesis_undoes_analysis(shape, levels, dtype, most):
    tree = DualTree(shape, dtype, levels=levels)
    x = np.random.default_rng(0).random((3, *shape)).astype(dtype)
    bands, low = tree.analyze(x)
    assert [band.shape[-2:] for band in bands] == [grid.shape for grid in tree.grids]
    back = tree.synthesize(bands, low)
    assert back.dtype == dtype
    np.testing.assert_allclose(back, x, rtol=0, atol=most)


def test_as_many_levels_as_fit():
    tree = DualTree((9, 300), np.float64, levels=3)
    x = np.random.default_rng(0).random((1, 9, 300))
    np.testing.assert_allclose(tree.synthesize(*tree.analyze(x)), x, atol=1e-12)


def test_many_frames_are_filtered_piece_by_piece():
    tree = DualTree((300, 500), np.float32)
    x = np.random.default_rng(0).random((8, 300, 500), dtype=np.float32)
    bands, low = tree.analyze(x)
    alone, _ = tree.analyze(x[5:6])
    np.testing.assert_allclose(bands[1][5:6], alone[1], atol=1e-6)
    np.testing.assert_allclose(tree.synthesize(bands, low), x, atol=1e-5)


def test_synthesis_is_linear_and_bands_left_out_are_zero():
    rng = np.random.default_rng(0)
    tree = DualTree((50, 70), np.float64)
    bands = [rng.normal(size=(2, *g.shape)) + 1j * rng.normal(size=(2, *g.shape)) for g in tree.grids]
    whole = tree.synthesize(bands, None)
    apart = [tree.synthesize([b if i == k else None for i, b in enumerate(bands)], None) for k in range(len(bands))]
    np.testing.assert_allclose(sum(apart), whole, atol=1e-12)
    np.testing.assert_allclose(tree.synthesize([-2.5 * b for b in bands], None), -2.5 * whole, atol=1e-12)


def test_constant_frames_are_in_the_residual_alone():
    bands, low = DualTree((64, 50), np.float64).analyze(np.full((1, 64, 50), 3.0))
    assert max(abs(band).max() for band in bands) < 1e-12
    np.testing.assert_allclose(low, 3.0)


def wavelets(shape=(256, 256), levels=4):
    """Grid and complex wavelet of a coefficient in the middle of each band, its phase falling along the frequency."""
    tree = DualTree(shape, np.float64, levels=levels)
    for k, grid in enumerate(tree.grids):
        at = tuple(n // 2 for n in grid.shape)
        bands: list[Any] = [None] * len(tree.grids)
        bands[k] = np.zeros((2, *grid.shape), complex)
        bands[k][0][at], bands[k][1][at] = 1, 1j
        real, imag = tree.synthesize(bands, None)
        yield grid, at, real + 1j * imag


def test_bands_are_nearly_one_sided():
    frequencies = np.fft.fftfreq(256)
    for grid, _, wavelet in wavelets():
        energy = abs(np.fft.fft2(wavelet)) ** 2
        along = grid.frequency[0] * frequencies[:, None] + grid.frequency[1] * frequencies
        share = energy[along > 0].sum() / energy.sum()  # of the conjugate, whose frequencies are opposite
        assert share < (0.3 if grid.scale == 1 else 0.002)


def test_grids_say_where_wavelets_lie():
    places = np.arange(256)
    for grid, at, wavelet in wavelets():
        energy = abs(wavelet) ** 2 / (abs(wavelet) ** 2).sum()
        rows, cols = grid.positions()
        assert energy.sum(axis=1) @ places == pytest.approx(rows[at[0]], abs=0.05 * grid.step[0])
        assert energy.sum(axis=0) @ places == pytest.approx(cols[at[1]], abs=0.05 * grid.step[1])


def test_energy_of_an_impulse_hardly_depends_on_its_place():
    """While in one tree alone, which is a real wavelet transform, it varies widely."""
    tree = DualTree((128, 128), np.float64, levels=4)
    x = np.zeros((16, 128, 128))
    x[range(16), 60 + np.arange(16), 60 + 3 * np.arange(16) % 16] = 1
    bands, _ = tree.analyze(x)
    for k in range(6, 24):
        both = (abs(bands[k]) ** 2).sum(axis=(1, 2))
        other = 11 - k % 6 + 6 * (k // 6 - 1)  # the band mirrored up and down
        one = ((bands[k].real + bands[other].real) ** 2).sum(axis=(1, 2))
        assert both.max() / both.min() < 1.2
        assert one.std() / one.mean() > 8 * both.std() / both.mean()


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_gratings_at_45_degrees_land_in_bands_of_their_own(sign, level):
    tree = DualTree((128, 128), np.float64, levels=4)
    wave = 0.7 * np.pi / 2**level
    rows, cols = np.indices((128, 128))
    bands, _ = tree.analyze(np.cos(wave * (sign * rows + cols))[None])
    energy = [(abs(band) ** 2).sum() * grid.step[0] ** 2 for band, grid in zip(bands, tree.grids, strict=True)]
    own = 6 * level + (4 if sign > 0 else 1)
    assert np.argmax(energy) == own
    assert energy[own] > 3 * energy[6 * level + (1 if sign > 0 else 4)]


def test_phase_moves_against_the_frequency():
    tree = DualTree((256, 256), np.float64, levels=4)
    rows, cols = np.indices((256, 256))
    for k, grid in enumerate(tree.grids):
        down, right = grid.frequency
        x = np.stack([np.cos(down * (rows - d) + right * (cols - 2 * d)) for d in (0, 0.1)])
        band = tree.analyze(x)[0][k][:, 4:-4, 4:-4]
        turned = np.angle((band[1] * band[0].conj()).sum())
        assert turned == pytest.approx(-0.1 * (down + 2 * right), rel=0.05)
        step = np.angle((band[:, :, 1:] * band[:, :, :-1].conj()).sum())
        wrapped = np.angle(np.exp(1j * (step - right * grid.step[1])))
        assert abs(wrapped) < 0.2


def error(frames, truth, out):
    """Distance from the truth over that of doing nothing."""
    inner = np.s_[16:-16, 16:-16]
    return np.linalg.norm((out[1] - truth)[inner]) / np.linalg.norm((frames[1] - truth)[inner])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("d", "most"), [((0, 0.1), 0.17), ((0.1, 0), 0.17), ((0.07, -0.07), 0.17)])
def test_two_frames_of_pink_texture(seed, d, most):
    """The octave pyramid of 8 orientations leaves 0.135 of the first, one of 4 orientations 0.17."""
    scene, d = synthetic.pink((256, 256), cutoff=0.75, seed=seed), np.array(d)
    frames = np.stack([scene(0 * d), scene(d)])
    out = vmm.magnify(frames, spatial=luma(DualTree), motion=local_phase, temporal=EVERYTHING, alpha=10)
    assert error(frames, scene(11 * d), out) <= most


def test_color_frames_are_magnified():
    frames = synthetic.render(synthetic.texture((64, 80)), synthetic.sway(12, 30, 3, 0.1))
    color = np.repeat(frames[..., None], 3, axis=-1)
    out = vmm.magnify(color, spatial=luma(DualTree), motion=local_phase, temporal=EVERYTHING, alpha=5)
    gray = vmm.magnify(frames, spatial=luma(DualTree), motion=local_phase, temporal=EVERYTHING, alpha=5)
    assert np.abs(out.astype(int) - gray[..., None]).max() <= 1


@pytest.mark.parametrize(
    ("shape", "levels", "message"),
    [((7, 100), None, "7x100 are too small"), ((64, 64), 0, "levels=0"), ((64, 64), 7, "levels=7 must lie in 1 to 6")],
)
def test_out_of_range(shape, levels, message):
    with pytest.raises(ValueError, match=message):
        DualTree(shape, levels=levels)
