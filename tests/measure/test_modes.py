"""Deflection shapes and modes of a cantilever with known modes."""

from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import vmm
from vmm.data import synthetic
from vmm.measure.signals._sines import SineFit

FS, N = 240, 960
T = np.arange(N) / FS
FREQUENCIES, AMPLITUDES, PHASES = np.array([5.0, 31.0, 87.0]), np.array([0.2, 0.02, 0.005]), np.array([0.3, 1.0, 2.0])
BOXES = [(38, 12 + 19 * i, 21, 21) for i in range(15)]
SHAPES = AMPLITUDES[:, None] * synthetic.cantilever(synthetic.beam_positions(320))  # (3, 320) px
INNER = (slice(36, 60), slice(12, 300))  # the beam, 12 px from its edges, so that sigma=5 excludes the background
TRUE = SHAPES * -1j * np.exp(1j * PHASES[:, None])


@pytest.fixture(scope="module")
def motion():
    """Displacement (T, 3) of the free end by each mode."""
    return AMPLITUDES * np.sin(2 * np.pi * FREQUENCIES * T[:, None] + PHASES)


@pytest.fixture(scope="module")
def clip(motion):
    return synthetic.render(synthetic.beam(), motion, noise=1.0)


@pytest.fixture(scope="module", params=["phase", "linear"])
def signal(request, clip):
    return vmm.measure.displacement(clip, BOXES, fs=FS, method=request.param)


@pytest.fixture(scope="module")
def dense(clip):
    return vmm.measure.modes(clip, FREQUENCIES, fs=FS, sigma=5.0)


def over_boxes(values):
    """Means (..., 15) over the regions' columns."""
    return np.stack([values[..., col : col + 21].mean(axis=-1) for _, col, _, _ in BOXES], axis=-1)


def shape_similarities(measured, true):
    """Modal assurance criterion of each pair of shapes."""
    return [float(vmm.measure.mac(a[None], b[None])[0, 0]) for a, b in zip(measured, true, strict=True)]


def test_displacement_of_the_beam_reaches_the_bound(signal, motion):
    """The error reaches the Cramer-Rao bound and agrees with the standard error."""
    true = motion @ over_boxes(SHAPES / AMPLITUDES[:, None])
    error = signal.values[:, :, 0] - (true - true.mean(axis=0))
    bound = vmm.measure.displacement_crlb(synthetic.beam()([0, 0, 0]), BOXES, noise=1.0)[:, 0]
    assert np.sqrt((error**2).mean(axis=0) / bound**2).mean() <= 1.0
    assert error.std() / np.sqrt((signal.stderr[:, 0] ** 2).mean()) == pytest.approx(1, abs=0.1)
    assert signal.is_known.all()


def test_modes_of_regions(signal):
    result = vmm.measure.modes(signal, FREQUENCIES)
    assert result.shapes.shape == (3, 15, 2) and result.fs == FS and result.unit == "px"
    assert (np.array(shape_similarities(result.shapes[..., 0], over_boxes(TRUE))) >= [0.999, 0.999, 0.995]).all()
    error = result.shapes[..., 0] - over_boxes(TRUE)
    assert np.sqrt((abs(error[2]) ** 2).mean() / 2) == pytest.approx(result.stderr[2, :, 0].mean(), rel=0.35)


def test_the_spectrum_has_three_peaks(signal):
    f, power = scipy.signal.welch(signal.values[:, :, 0], FS, nperseg=480, axis=0)
    power = power.mean(axis=1)
    level = 10 * np.log10(power / scipy.ndimage.median_filter(power, int(24 / f[1]) + 1, mode="reflect"))
    peaks, _ = scipy.signal.find_peaks(level, height=10)
    np.testing.assert_allclose(f[peaks], FREQUENCIES, atol=0.75)


def test_shapes_of_every_pixel(dense):
    """The beam moves down; nothing moves to the right."""
    assert dense.shapes.shape == (3, 96, 320, 2) and dense.stderr.shape == dense.shapes.shape
    measured = dense.shapes[(slice(None), *INNER)]
    true = np.broadcast_to(TRUE[:, None, INNER[1]], measured.shape[:3])
    assert (np.array(shape_similarities(measured[..., 0], true)) >= [0.9995, 0.999, 0.99]).all()
    error = np.sqrt((abs(measured[..., 0] - true) ** 2).mean(axis=(1, 2)))
    assert error[2] <= 0.25e-3 and error[1] <= 0.3e-3 and error[0] <= 1e-3
    assert np.abs(measured[..., 1]).max() < 3e-3
    assert dense.is_known[INNER].all()
    error_of_both = (measured[2] - np.stack([true[2], 0 * true[2]], axis=-1)).reshape(-1, 2)
    scatter = np.sqrt((abs(error_of_both) ** 2).mean(axis=0) / 2)
    np.testing.assert_allclose(scatter, dense.stderr[2][INNER].reshape(-1, 2).mean(axis=0), rtol=0.15)


@pytest.mark.slow
def test_chunks_equal_the_clip(clip, dense):
    class ReopenableClip:
        fs, shape, dtype = FS, clip.shape, clip.dtype

        def reopen(self):
            return (clip[i : i + 100] for i in range(0, N, 100))

        def __iter__(self):
            return self.reopen()

    chunked = vmm.measure.modes(ReopenableClip(), FREQUENCIES, sigma=5.0, step=3)
    np.testing.assert_allclose(chunked.shapes, dense.shapes[:, ::3, ::3], atol=1e-6)
    assert chunked.fs == FS


def test_chunks_of_a_short_clip_equal_the_clip():
    frames = synthetic.render(synthetic.texture((32, 36)), synthetic.sway(16, 30, 3.0, 0.3), noise=0.5)
    whole = vmm.measure.modes(frames, [3.0], fs=30, step=4)
    chunked = vmm.measure.modes(iter([frames[:7], frames[7:]]), [3.0], fs=30, step=4)
    np.testing.assert_allclose(chunked.shapes, whole.shapes, atol=1e-5)


@pytest.mark.slow
def test_phase_is_relative_to_the_reference(clip, signal):
    tip = (38, 270, 20, 20)
    shapes = vmm.measure.modes(clip[:480], FREQUENCIES[:2], fs=FS, reference=tip, step=4).shapes
    inside = shapes[:, 38 // 4 + 1 : 58 // 4, 270 // 4 + 1 : 290 // 4, 0].mean(axis=(1, 2))
    assert np.abs(np.angle(inside)).max() < 0.1
    by_region = vmm.measure.modes(signal, FREQUENCIES, reference=14).shapes
    np.testing.assert_allclose(by_region[:, 14, 0].imag, 0, atol=1e-12)
    assert (by_region[:, 14, 0].real > 0).all()


def test_blind_modes(signal):
    result = vmm.measure.blind_modes(signal, 3)
    np.testing.assert_allclose(result.frequencies, FREQUENCIES, atol=0.05)
    assert (np.array(shape_similarities(result.shapes[..., 0], over_boxes(SHAPES))) >= [0.999, 0.99, 0.97]).all()
    np.testing.assert_allclose(abs(result.shapes[:2, -1, 0]), over_boxes(SHAPES)[:2, -1], rtol=0.1)
    with pytest.raises(ValueError, match="n_modes=40 must be at least 1, below the 30"):
        vmm.measure.blind_modes(signal, 40)
    with pytest.raises(TypeError, match="signal=5 must be an object of the class RegionSignal"):
        vmm.measure.blind_modes(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"n_modes=2\.5 must be one whole number"):
        vmm.measure.blind_modes(signal, 2.5)  # type: ignore[arg-type]


def test_a_field_has_correct_standard_errors():
    moves = synthetic.sway(32, 30, 3, 0.2, 30)
    frames = synthetic.render(synthetic.texture((64, 80)), moves, noise=1.0)
    result = vmm.measure.field(frames, fs=30, sigma=4.0, step=4)
    assert result.values.shape == (32, 16, 20, 2) and result.values.dtype == np.float32
    error = result.values[:, 3:-3, 3:-3] - (moves - moves.mean(axis=0))[:, None, None].astype(np.float32)
    stderr = result.stderr[3:-3, 3:-3]
    np.testing.assert_allclose(error.std(axis=(0, 1, 2)) / np.sqrt((stderr**2).mean(axis=(0, 1))), 1, atol=0.15)
    assert result.is_known.all() and result.fs == 30


def test_the_whole_frame_may_move_far():
    """The motion exceeds half of every wavelength, as that of a camera on a shaking mast."""
    moves = synthetic.sway(48, 30, 5.0, 4.0, 30)
    frames = synthetic.render(synthetic.texture((64, 80)), moves, noise=1.0)
    chunks = (frames[i : i + 10] for i in range(0, 48, 10))  # which can be read only once
    for result in (vmm.measure.field(frames, fs=30, step=4), vmm.measure.field(chunks, fs=30, step=4)):
        error = result.values[:, 3:-3, 3:-3] - (moves - moves.mean(axis=0))[:, None, None]
        assert result.is_known[3:-3, 3:-3].all()
        assert np.sqrt(np.square(error).mean()) < 0.01
    shapes = vmm.measure.modes(frames, 5.0, fs=30, step=4).shapes[0, 3:-3, 3:-3]
    np.testing.assert_allclose(np.linalg.norm(abs(shapes), axis=-1), 4.0, rtol=0.01)


def test_unobservable_shapes_are_nan():
    frames = np.full((40, 64, 128), 90.0) + np.random.default_rng(0).normal(0, 1, (40, 64, 128))
    frames[:, :, :64] = synthetic.render(synthetic.texture((64, 64)), synthetic.sway(40, 30, 3, 0.2), noise=1.0)
    frames = np.rint(frames).astype(np.uint8)
    result, field = vmm.measure.modes(frames, 3.0, fs=30, sigma=3.0), vmm.measure.field(frames, sigma=3.0, step=8)
    assert result.is_known[:, :56].all() and not result.is_known[:, 96:].any()
    assert np.isnan(result.shapes[0, :, 96:]).all() and np.isnan(field.values[:, :, 12:]).all()
    np.testing.assert_allclose(abs(result.shapes[0, 20:44, 20:44, 1]), 0.2, atol=0.01)
    with pytest.raises(ValueError, match="displacement of the reference region is unknown"):
        vmm.measure.modes(frames, 3.0, fs=30, sigma=3.0, reference=(20, 100, 10, 10))


def test_sines_do_not_leak():
    """Fitted sines do not leak into one another, and sines outside the model hardly leak."""
    t = np.arange(400)
    wave = 1.0 * np.cos(2 * np.pi * 0.05 * t) + 0.01 * np.sin(2 * np.pi * 0.0567 * t) + 3 + 0.01 * t
    lines = SineFit([0.05, 0.0567], 400)
    result = lines.solve(lines.rows(0, 400) @ wave, 400)
    np.testing.assert_allclose(result, [1.0, -0.01j], atol=1e-9)
    with_another = wave + np.cos(2 * np.pi * 0.2 * t)
    assert abs(lines.solve(lines.rows(0, 400) @ with_another, 400) - result).max() < 1e-3
    noise = np.random.default_rng(0).normal(size=(400, 2000))
    scatter = lines.solve(lines.rows(0, 400) @ noise, 400)
    np.testing.assert_allclose(scatter.real.std(axis=1), lines.stderr(400), rtol=0.1)


@pytest.mark.parametrize(
    ("frequencies", "message"),
    [
        ([20.0], r"must lie inside \(0, fs/2\) = \(0, 15\) Hz"),
        ([], r"frequencies=\[\]"),
        ([3.0, 3.2], r"cannot be separated in 40 frames at fs=30 Hz.*1.12 Hz from one another"),
        ([0.2], "cannot be separated"),
    ],
)
def test_invalid_frequencies(frequencies, message):
    frames = np.zeros((40, 32, 32), np.uint8)
    with pytest.raises(ValueError, match=message):
        vmm.measure.modes(frames, frequencies, fs=30)


def test_invalid_options():
    frames = np.zeros((40, 32, 32), np.uint8)
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"sigma": 0}, "sigma=0 must be a positive number"),
        ({"step": 0}, "step=0 must be at least 1"),
    )
    for options, message in cases:
        with pytest.raises(ValueError, match=message):
            vmm.measure.field(frames, **options)


def test_modal_assurance_criterion():
    a = np.array([[1.0, 2.0, np.nan], [2.0, -1.0, 5.0]])
    np.testing.assert_allclose(vmm.measure.mac(a, 3j * a[:1]), [[1], [0]], atol=1e-12)
    with pytest.raises(ValueError, match="of the same places"):
        vmm.measure.mac(a, a[:, :2])
    with pytest.raises(ValueError, match="no place where both are known"):
        vmm.measure.mac(a * np.nan, a)
