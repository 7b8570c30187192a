"""Deflection shapes of a cantilever whose modes are known."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import vmm
from vmm.data import synthetic
from vmm.measure.signals._sines import SineFit

FS, N = 240, 960
T = np.arange(N) / FS
FREQUENCIES, SIZES, TURNS = np.array([5.0, 31.0, 87.0]), np.array([0.2, 0.02, 0.005]), np.array([0.3, 1.0, 2.0])
BOXES = [(38, 12 + 19 * i, 21, 21) for i in range(15)]
SHAPES = SIZES[:, None] * synthetic.cantilever(synthetic.beam_positions(320))  # (3, 320) px
INNER = (slice(36, 60), slice(12, 300))  # of the beam, 12 px from its edges, where sigma 5 sees no background
TRUE = SHAPES * -1j * np.exp(1j * TURNS[:, None])


@pytest.fixture(scope="module")
def motion():
    """Displacement (T, 3) of the free end by each mode."""
    return SIZES * np.sin(2 * np.pi * FREQUENCIES * T[:, None] + TURNS)


@pytest.fixture(scope="module")
def clip(motion):
    return synthetic.render(synthetic.beam(), motion, noise=1.0)


@pytest.fixture(scope="module", params=["phase", "linear"])
def moved(request, clip):
    return vmm.measure.displacement(clip, BOXES, fs=FS, method=request.param)


@pytest.fixture(scope="module")
def full(clip):
    return vmm.measure.modes(clip, FREQUENCIES, fs=FS, sigma=5.0)


def over_boxes(values):
    """Means (..., 15) over the regions' columns."""
    return np.stack([values[..., left : left + 21].mean(axis=-1) for _, left, _, _ in BOXES], axis=-1)


def alike(seen, true):
    return [float(vmm.measure.mac(a[None], b[None])[0, 0]) for a, b in zip(seen, true, strict=True)]


def test_regions_of_the_beam(moved, motion):
    """Error over the bound, which pyidi's best misses by 6 %, and the stated error."""
    true = motion @ over_boxes(SHAPES / SIZES[:, None])
    error = moved.values[:, :, 0] - (true - true.mean(axis=0))
    least = vmm.measure.displacement_crlb(synthetic.beam()([0, 0, 0]), BOXES, noise=1.0)[:, 0]
    assert np.sqrt((error**2).mean(axis=0) / least**2).mean() <= 1.0
    assert error.std() / np.sqrt((moved.stderr[:, 0] ** 2).mean()) == pytest.approx(1, abs=0.1)
    assert moved.is_known.all()


def test_modes_of_regions(moved):
    found = vmm.measure.modes(moved, FREQUENCIES)
    assert found.shapes.shape == (3, 15, 2) and found.fs == FS and found.unit == "px"
    assert (np.array(alike(found.shapes[..., 0], over_boxes(TRUE))) >= [0.999, 0.999, 0.995]).all()
    error = found.shapes[..., 0] - over_boxes(TRUE)
    assert np.sqrt((abs(error[2]) ** 2).mean() / 2) == pytest.approx(found.stderr[2, :, 0].mean(), rel=0.35)


def test_the_spectrum_holds_three_lines_and_no_more(moved):
    f, power = scipy.signal.welch(moved.values[:, :, 0], FS, nperseg=480, axis=0)
    power = power.mean(axis=1)
    level = 10 * np.log10(power / scipy.ndimage.median_filter(power, int(24 / f[1]) + 1, mode="reflect"))
    peaks, _ = scipy.signal.find_peaks(level, height=10)
    np.testing.assert_allclose(f[peaks], FREQUENCIES, atol=0.75)


def test_shapes_of_every_pixel(full):
    """Of what moves down; nothing moves to the right. Asked for are 0.9995, 0.999, 0.99 and 0.25 mpx."""
    assert full.shapes.shape == (3, 96, 320, 2) and full.stderr.shape == full.shapes.shape
    seen = full.shapes[(slice(None), *INNER)]
    true = np.broadcast_to(TRUE[:, None, INNER[1]], seen.shape[:3])
    assert (np.array(alike(seen[..., 0], true)) >= [0.9995, 0.999, 0.99]).all()
    error = np.sqrt((abs(seen[..., 0] - true) ** 2).mean(axis=(1, 2)))
    assert error[2] <= 0.25e-3 and error[1] <= 0.3e-3 and error[0] <= 1e-3
    assert np.abs(seen[..., 1]).max() < 3e-3
    assert full.is_known[INNER].all()
    aside = (seen[2] - np.stack([true[2], 0 * true[2]], axis=-1)).reshape(-1, 2)
    scatter = np.sqrt((abs(aside) ** 2).mean(axis=0) / 2)
    np.testing.assert_allclose(scatter, full.stderr[2][INNER].reshape(-1, 2).mean(axis=0), rtol=0.15)


def test_chunks_are_the_clip(clip, full):
    class Again:
        fs, shape, dtype = FS, clip.shape, clip.dtype

        def reopen(self):
            return (clip[i : i + 100] for i in range(0, N, 100))

        def __iter__(self):
            return self.reopen()

    chunked = vmm.measure.modes(Again(), FREQUENCIES, sigma=5.0, step=3)
    np.testing.assert_allclose(chunked.shapes, full.shapes[:, ::3, ::3], atol=1e-6)
    assert chunked.fs == FS


def test_phase_against_a_reference(clip, moved):
    tip = (38, 270, 20, 20)
    turned = vmm.measure.modes(clip[:480], FREQUENCIES[:2], fs=FS, reference=tip, step=4).shapes
    inside = turned[:, 38 // 4 + 1 : 58 // 4, 270 // 4 + 1 : 290 // 4, 0].mean(axis=(1, 2))
    assert np.abs(np.angle(inside)).max() < 0.1
    by_region = vmm.measure.modes(moved, FREQUENCIES, reference=14).shapes
    np.testing.assert_allclose(by_region[:, 14, 0].imag, 0, atol=1e-12)
    assert (by_region[:, 14, 0].real > 0).all()


def test_blind_modes(moved):
    found = vmm.measure.blind_modes(moved, 3)
    np.testing.assert_allclose(found.frequencies, FREQUENCIES, atol=0.05)
    assert (np.array(alike(found.shapes[..., 0], over_boxes(SHAPES))) >= [0.999, 0.99, 0.97]).all()
    np.testing.assert_allclose(abs(found.shapes[:2, -1, 0]), over_boxes(SHAPES)[:2, -1], rtol=0.1)
    with pytest.raises(ValueError, match="n_modes=40 must be at least 1, below the 30"):
        vmm.measure.blind_modes(moved, 40)


def test_a_field_is_what_regions_say():
    moves = synthetic.sway(32, 30, 3, 0.2, 30)
    frames = synthetic.render(synthetic.texture((64, 80)), moves, noise=1.0)
    found = vmm.measure.field(frames, fs=30, sigma=4.0, step=4)
    assert found.values.shape == (32, 16, 20, 2) and found.values.dtype == np.float32
    error = found.values[:, 3:-3, 3:-3] - (moves - moves.mean(axis=0))[:, None, None].astype(np.float32)
    stated = found.stderr[3:-3, 3:-3]
    np.testing.assert_allclose(error.std(axis=(0, 1, 2)) / np.sqrt((stated**2).mean(axis=(0, 1))), 1, atol=0.15)
    assert found.is_known.all() and found.fs == 30


def test_the_whole_picture_may_move_far():
    """By more than half of every wavelength that is there: a camera on a shaking mast."""
    moves = synthetic.sway(48, 30, 5.0, 4.0, 30)
    frames = synthetic.render(synthetic.texture((64, 80)), moves, noise=1.0)
    chunks = (frames[i : i + 10] for i in range(0, 48, 10))  # which can be read but once
    for found in (vmm.measure.field(frames, fs=30, step=4), vmm.measure.field(chunks, fs=30, step=4)):
        error = found.values[:, 3:-3, 3:-3] - (moves - moves.mean(axis=0))[:, None, None]
        assert found.is_known[3:-3, 3:-3].all()
        assert np.sqrt(np.square(error).mean()) < 0.01
    shapes = vmm.measure.modes(frames, 5.0, fs=30, step=4).shapes[0, 3:-3, 3:-3]
    np.testing.assert_allclose(np.linalg.norm(abs(shapes), axis=-1), 4.0, rtol=0.01)


def test_what_is_not_known_is_not_given():
    frames = np.full((40, 64, 128), 90.0) + np.random.default_rng(0).normal(0, 1, (40, 64, 128))
    frames[:, :, :64] = synthetic.render(synthetic.texture((64, 64)), synthetic.sway(40, 30, 3, 0.2), noise=1.0)
    frames = np.rint(frames).astype(np.uint8)
    found, moved = vmm.measure.modes(frames, 3.0, fs=30, sigma=3.0), vmm.measure.field(frames, sigma=3.0, step=8)
    assert found.is_known[:, :56].all() and not found.is_known[:, 96:].any()
    assert np.isnan(found.shapes[0, :, 96:]).all() and np.isnan(moved.values[:, :, 12:]).all()
    np.testing.assert_allclose(abs(found.shapes[0, 20:44, 20:44, 1]), 0.2, atol=0.01)
    with pytest.raises(ValueError, match="displacement of the reference region is unknown"):
        vmm.measure.modes(frames, 3.0, fs=30, sigma=3.0, reference=(20, 100, 10, 10))


def test_lines_do_not_leak():
    """Neither those that are named into one another, nor much of those that are not."""
    t = np.arange(400)
    signal = 1.0 * np.cos(2 * np.pi * 0.05 * t) + 0.01 * np.sin(2 * np.pi * 0.0567 * t) + 3 + 0.01 * t
    lines = SineFit([0.05, 0.0567], 400)
    found = lines.solve(lines.rows(0, 400) @ signal, 400)
    np.testing.assert_allclose(found, [1.0, -0.01j], atol=1e-9)
    other = signal + np.cos(2 * np.pi * 0.2 * t)
    assert abs(lines.solve(lines.rows(0, 400) @ other, 400) - found).max() < 1e-3
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
def test_frequencies_that_cannot_be(frequencies, message):
    frames = np.zeros((40, 32, 32), np.uint8)
    with pytest.raises(ValueError, match=message):
        vmm.measure.modes(frames, frequencies, fs=30)


def test_options_that_cannot_be():
    frames = np.zeros((40, 32, 32), np.uint8)
    for options, message in (
        ({"sigma": 0}, "sigma=0 must be a positive number"),
        ({"step": 0}, "step=0 must be at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            vmm.measure.field(frames, **options)


def test_assurance():
    a = np.array([[1.0, 2.0, np.nan], [2.0, -1.0, 5.0]])
    np.testing.assert_allclose(vmm.measure.mac(a, 3j * a[:1]), [[1], [0]], atol=1e-12)
    with pytest.raises(ValueError, match="of the same places"):
        vmm.measure.mac(a, a[:, :2])
    with pytest.raises(ValueError, match="no place where both are known"):
        vmm.measure.mac(a * np.nan, a)
