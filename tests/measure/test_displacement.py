"""Displacement of regions: errors near the Cramer-Rao bound, and standard errors that are correct."""

from typing import Any

import numpy as np
import pytest
from cases import TOLERANCE

import vmm
from vmm.backend import reference as kernels
from vmm.data import synthetic
from vmm.measure.estimation._filter_bank import FilterBank
from vmm.measure.estimation._template import pseudo_inverse

FS, N = 240, 960
T = np.arange(N) / FS
LINES = ((5, 0.2, 0.3), (31, 0.02, 1.0), (87, 0.005, 2.0))  # Hz, px to the right, phase
METHODS = ["phase", "linear"]


@pytest.fixture(scope="module")
def moves():
    """Displacement (T, 2): three sines to the right, and half of them down."""
    right = sum(size * np.sin(2 * np.pi * f * T + phase) for f, size, phase in LINES)
    return np.stack([right / 2, right], axis=1)


@pytest.fixture(scope="module")
def scene():
    return synthetic.texture((128, 128))


@pytest.fixture(scope="module")
def clip(scene, moves):
    return synthetic.render(scene, moves, dtype=np.float32)


def camera(frames, noise, seed=1):
    """Frames with the noise and the rounding of an 8-bit camera."""
    rng = np.random.default_rng(seed)
    noisy = frames + np.float32(noise) * rng.standard_normal(frames.shape, np.float32)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def centered(values):
    return values - values.mean(axis=0)


def gain(measured, true, frequency):
    """Ratio of the measured amplitude at a frequency to the true one."""
    phase = np.exp(-2j * np.pi * frequency * T)
    return abs(phase @ measured) / abs(phase @ true)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("noise", "side", "limit"), [(1, 21, 1.0), (1, 101, 1.06), (0, 21, 1.0), (0, 101, 1.25)])
def test_errors_reach_the_bound(clip, scene, moves, method, noise, side, limit):
    """Ratio of the error to the Cramer-Rao bound. It may be below 1, since filters reach beyond the region."""
    start = (128 - side) // 2
    box = (start, start, side, side)
    signal = vmm.measure.displacement(camera(clip, noise), box, fs=FS, method=method).values[:, 0]
    bound = vmm.measure.displacement_crlb(scene((0, 0)), box, noise=noise)[0]
    error = centered(signal - moves)
    assert np.sqrt((error**2).mean() / (bound**2).mean()) <= limit
    if noise == 0 or side == 101:
        assert gain(signal[:, 1], moves[:, 1], 5) == pytest.approx(1, abs=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_gain_at_a_fifth_of_a_pixel(scene, moves, method):
    """Noise would make the gain scatter, so there is none."""
    frames = synthetic.render(scene, moves, dtype=np.float32)[:480]
    signal = vmm.measure.displacement(frames, [(20, 20, 21, 21), (50, 60, 21, 21), (13, 13, 101, 101)], method=method)
    regressions = [centered(signal.values[:, r, 1]) @ centered(moves[:480, 1]) for r in range(3)]
    np.testing.assert_allclose(regressions / (centered(moves[:480, 1]) @ centered(moves[:480, 1])), 1, atol=2e-3)


@pytest.mark.parametrize(
    ("method", "limit"), [("phase", 0.4e-3), pytest.param("linear", 0.4e-3, marks=pytest.mark.slow)]
)
def test_flicker_is_not_measured_as_motion(scene, moves, method, limit):
    """The illumination varies by 2 % at 20 Hz."""
    illumination = 1 + 0.02 * np.sin(2 * np.pi * 20 * T)
    frames = synthetic.render(scene, moves, light=illumination, noise=1.0)
    boxes = [(54, 54, 21, 21), (20, 30, 21, 21), (13, 13, 101, 101)]
    signal = centered(vmm.measure.displacement(frames, boxes, method=method).values)
    line = abs(np.tensordot(np.exp(-2j * np.pi * 20 * T), signal, 1)) * 2 / N
    assert line.max() <= limit


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("contrast", "noise", "side"), [(35, 1.0, 21), (6, 1.0, 21), (35, 3.0, 11), (20, 1.0, 32)])
def test_standard_errors_match_the_scatter(method, contrast, noise, side):
    """The scatter over 200 draws of the noise equals the standard error within 10 %."""
    moves = synthetic.sway(16, 30, 3, 0.2, 30)
    frames = synthetic.render(synthetic.texture((56, 56), contrast=contrast), moves, dtype=np.float32)
    start = (56 - side) // 2
    errors, stderr = [], []
    for draw in range(200):
        signal = vmm.measure.displacement(camera(frames, noise, draw), (start, start, side, side), method=method)
        errors.append(signal.values[:, 0] - centered(moves))
        stderr.append(signal.stderr[0])
    scatter = np.sqrt(np.square(errors).mean(axis=(0, 1)) * 16 / 15)  # the mean is subtracted
    np.testing.assert_allclose(scatter / np.mean(stderr, axis=0), 1, atol=0.1)


@pytest.mark.parametrize("angle", [0, 30, 90])
@pytest.mark.parametrize("amplitude", [0.02, 0.2, 2.0])
def test_known_motion_is_measured(angle, amplitude):
    moves = synthetic.sway(40, 30, 1.5, amplitude, angle)
    frames = synthetic.render(synthetic.texture((96, 96)), moves, dtype=np.float64)
    signal = vmm.measure.displacement(frames).values[:, 0]
    np.testing.assert_allclose(signal, centered(moves), atol=0.004 * amplitude + 5e-4)


@pytest.mark.parametrize("method", METHODS)
def test_large_motion_is_tracked(method):
    """The motion is 10 px, and up to 4 px between frames, more than half a wavelength of most of the texture."""
    moves = synthetic.sway(40, 30, 2, 10.0, 30) + synthetic.step(40, 20, 4.0)
    frames = synthetic.render(synthetic.texture((96, 96)), moves, noise=1.0)
    signal = vmm.measure.displacement(frames, [(36, 36, 24, 24), (30, 30, 36, 30)], method=method)
    for r in range(2):
        np.testing.assert_allclose(signal.values[:, r], centered(moves), atol=0.02)


def test_a_drift_is_tracked_beyond_the_crop():
    moves = np.outer(np.arange(30), [0.9, -0.7])
    frames = synthetic.render(synthetic.texture((96, 96)), moves, dtype=np.float32)
    signal = vmm.measure.displacement(frames, (20, 50, 24, 24)).values[:, 0]
    np.testing.assert_allclose(signal, centered(moves), atol=0.02)


def test_regions_are_independent():
    moves = synthetic.sway(20, 30, 2, 0.3)
    parts = [synthetic.texture((64, 64), seed=seed) for seed in (1, 2)]
    pairs = zip(parts, (moves, 0 * moves), strict=True)
    frames = np.concatenate([synthetic.render(scene, by, dtype=np.float32) for scene, by in pairs], axis=2)
    colors = np.stack([frames] * 3, axis=-1)
    mask = np.zeros((64, 128), bool)
    mask[16:48, 80:112] = True
    rois: list[Any] = [(16, 16, 32, 32), mask, (16, 80, 32, 32)]
    signal = vmm.measure.displacement(colors, rois, fs=30)
    np.testing.assert_allclose(signal.values[:, 0], centered(moves), atol=3e-3)
    np.testing.assert_allclose(signal.values[:, 1:], 0, atol=1e-3)
    np.testing.assert_allclose(signal.values[:, 1], signal.values[:, 2], atol=1e-5)
    assert signal.rois[0] == (16, 16, 32, 32) and np.array_equal(signal.rois[1], mask)
    assert signal.is_known.all() and signal.fs == 30 and signal.unit == "px" and len(signal) == 20


def test_units():
    moves = synthetic.sway(20, 30, 2, 0.3)
    frames = synthetic.render(synthetic.texture((64, 64)), moves, noise=1.0)
    px, mm = (vmm.measure.displacement(frames, pixel_size=s, unit=u) for s, u in ((1.0, "px"), (0.25, "mm")))
    np.testing.assert_allclose(mm.values, px.values / 4)
    np.testing.assert_allclose(mm.stderr, px.stderr / 4)
    assert mm.unit == "mm"
    with pytest.raises(ValueError, match=r"pixel_size=0.25 needs its unit"):
        vmm.measure.displacement(frames, pixel_size=0.25)
    with pytest.raises(ValueError, match=r"pixel_size=-1 must be positive"):
        vmm.measure.displacement(frames, pixel_size=-1, unit="mm")


class ReopenableClip:
    """A clip that can be read twice, as a file."""

    fs = 30.0

    def __init__(self, frames):
        self.frames, self.shape, self.dtype = frames, frames.shape, frames.dtype
        self.chunks = self.reopen()

    def reopen(self):
        return (self.frames[i : i + 16] for i in range(0, len(self.frames), 16))

    def __iter__(self):
        return self.chunks


@pytest.mark.parametrize("method", METHODS)
def test_chunks_equal_the_clip(method):
    moves = synthetic.sway(120, 30, 2, 1.5)
    frames = synthetic.render(synthetic.texture((64, 64)), moves, noise=1.0)
    box = (20, 20, 24, 24)
    whole = vmm.measure.displacement(frames, box, fs=30, method=method)
    reopened = vmm.measure.displacement(ReopenableClip(frames), box, method=method)
    from_iterator = vmm.measure.displacement(ReopenableClip(frames).reopen(), box, fs=30, method=method)
    assert reopened.fs == from_iterator.fs == 30
    np.testing.assert_allclose(reopened.values, whole.values, atol=2e-3)
    np.testing.assert_allclose(from_iterator.values, whole.values, atol=0.01)  # its reference has fewer frames


@pytest.mark.parametrize("method", METHODS)
def test_regions_without_texture_are_unknown(method):
    rng = np.random.default_rng(0)
    frames = np.full((40, 64, 160), 90.0) + rng.normal(0, 1, (40, 64, 160))
    moves = synthetic.sway(40, 30, 2, 0.3)
    frames[:, :, :64] = synthetic.render(synthetic.texture((64, 64)), moves, noise=1.0)
    frames[:, :, 128:] += 60.0  # a vertical edge at column 128
    boxes = [(20, 20, 21, 21), (20, 86, 21, 21), (20, 118, 21, 21)]
    with pytest.warns(UserWarning) as caught:
        signal = vmm.measure.displacement(np.rint(frames).astype(np.uint8), boxes, method=method)
    assert signal.is_known.tolist() == [[True, True], [False, False], [False, True]]
    assert np.isnan(signal.values[:, 1]).all() and np.isnan(signal.values[:, 2, 0]).all()
    assert np.isnan(signal.stderr[~signal.is_known]).all() and np.isfinite(signal.stderr[signal.is_known]).all()
    assert np.abs(signal.values[:, 2, 1]).max() < 0.05
    text = " ".join(str(w.message) for w in caught)
    assert "region 1: too little texture" in text and "region 2: edges of one direction only" in text


def test_black_frames():
    with pytest.warns(UserWarning, match="region 0: too little texture.*unknown") as caught:
        signal = vmm.measure.displacement(np.zeros((3, 32, 32), np.uint8))
    assert caught[0].filename == __file__  # the line of the caller
    assert not signal.is_known.any() and np.isnan(signal.values).all()


def test_saturated_pixels_are_excluded_with_a_warning():
    moves = synthetic.sway(40, 30, 2, 0.3)
    frames = synthetic.render(synthetic.texture((64, 64)), moves, noise=1.0)
    frames[:, 24:30, 24:34] = 255
    with pytest.warns(UserWarning, match=r"region 0: saturated pixels, up to 1\d%.*left out"):
        signal = vmm.measure.displacement(frames, (20, 20, 24, 24))
    assert signal.saturated[0] == pytest.approx(60 / 576)
    np.testing.assert_allclose(signal.values[:, 0], centered(moves), atol=0.06)


def test_a_hidden_region_causes_a_warning():
    moves = synthetic.sway(60, 30, 2, 0.3)
    frames = synthetic.render(synthetic.texture((64, 64)), moves, noise=1.0)
    other = synthetic.render(synthetic.texture((64, 64), seed=5), moves, noise=1.0)
    frames[57:] = other[57:]
    with pytest.warns(UserWarning, match=r"region 0: no similarity to the reference in 3 frames, first in frame 57"):
        signal = vmm.measure.displacement(frames, (20, 20, 24, 24), fs=30)
    assert signal.is_known.all() and np.isfinite(signal.values).all()
    assert signal.is_visible[:57].all() and not signal.is_visible[57:].any()
    error = signal.values[:57, 0] - moves[:57]
    np.testing.assert_allclose(error - error.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(abs(vmm.measure.modes(signal, 2.0).shapes[0, 0]), [0, 0.3], atol=0.005)
    frames[45:] = other[45:]
    with pytest.warns(UserWarning, match=r"first in frame 4\d"):
        signal = vmm.measure.displacement(frames, (20, 20, 24, 24))
    assert not signal.is_known.any() and np.isnan(signal.values).all()


@pytest.mark.parametrize(
    ("rois", "error", "message"),
    [
        ([(20, 0, 20, 20)], ValueError, r"rois\[0\]=\(20, 0, 20, 20\).*must lie inside the frame"),
        ([(4, 4, 10, 10), (4, 4, 2, 10)], ValueError, r"rois\[1\].*hold at least 3x3"),
        ([], ValueError, "rois is empty"),
        (["left"], TypeError, r"rois\[0\]='left' must be a box"),
        ([np.ones((8, 8), bool)], ValueError, r"rois\[0\] is a mask \(8, 8\)"),
        ([np.zeros((32, 32), bool)], ValueError, r"rois\[0\] is a mask of 0 pixels"),
        (vmm.measure.grid(40), ValueError, "no box of 40 px fits"),
    ],
)
def test_invalid_regions(rois, error, message):
    with pytest.raises(error, match=message):
        vmm.measure.displacement(np.zeros((3, 32, 32), np.uint8), rois)


def test_invalid_clips_and_options():
    frames = np.zeros((4, 32, 32), np.float32)
    frames[2, 3, 3] = np.nan
    with pytest.raises(ValueError, match="frames hold NaN"):
        vmm.measure.displacement(frames)
    with pytest.raises(ValueError, match="a clip of 1 frame has no motion"):
        vmm.measure.displacement(frames[:1])
    with pytest.raises(TypeError, match="frames must be"):
        vmm.measure.displacement(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="method='dic' must be one of phase, linear"):
        vmm.measure.displacement(frames, method="dic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"grid\(size=1"):
        vmm.measure.grid(1)


def test_the_adjoint_of_the_filter_bank():
    """The linear method and all standard errors depend on the adjoint."""
    rng = np.random.default_rng(0)
    bank = FilterBank((45, 50), np.float64, np, 3, 21)
    frames = rng.normal(size=(2, 45, 50))
    coefs = [rng.normal(size=(2, *g.shape)) + 1j * rng.normal(size=(2, *g.shape)) for g in bank.grids]
    expected = sum((a * b.conj()).real.sum(axis=(1, 2)) for a, b in zip(bank.analyze(frames), coefs, strict=True))
    np.testing.assert_allclose((frames * bank.adjoint(coefs)).sum(axis=(1, 2)), expected)


def test_pseudo_inverse():
    edge = np.outer([0.6, 0.8], [0.6, 0.8])
    np.testing.assert_allclose(pseudo_inverse(edge), edge, atol=1e-12)
    np.testing.assert_allclose(pseudo_inverse(np.diag([2.0, 4.0])), np.diag([0.5, 0.25]))
    np.testing.assert_array_equal(pseudo_inverse(np.zeros((2, 2))), 0)


def test_phase_sums_equal_their_reference_kernel(rng):
    coefs = (rng.normal(size=(3, 4, 5, 7)) + 1j * rng.normal(size=(3, 4, 5, 7))).astype(np.complex64)
    weights = rng.normal(size=(3, 2, 5, 7)).astype(np.float32)
    compiled, reference = (
        kernel(coefs, coefs[:, 0], weights)
        for kernel in (kernels.phase_sums, kernels.phase_sums.plain)  # type: ignore[attr-defined]
    )
    assert compiled.dtype == reference.dtype == np.float32 and compiled.shape == reference.shape == (3, 4, 2)
    np.testing.assert_allclose(compiled, reference, atol=100 * TOLERANCE["float32"])
