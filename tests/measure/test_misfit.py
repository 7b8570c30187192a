"""Standard errors of displacement where noise is not white, or where the picture is more than a texture that moves."""

import numpy as np
import pytest
import scipy.ndimage

import vmm
from vmm.measure.estimation._solution import NOT_ONE_MOTION
from vmm.measure.estimation._stuck_pixels import fill, stuck_pixels

N, SIDE = 128, 64
BOX = (20, 20, 21, 21)
MOVES = 0.2 * np.sin(0.45 * np.arange(N) + 0.3)[:, None] * [0.9, 0.42]


def texture(blur=1.2, deviation=35.0, seed=0, side=SIDE):
    noise = scipy.ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((side, side)), blur, mode="wrap")
    return 128 + deviation * (noise - noise.mean()) / noise.std()


def moving(canvas, moves=MOVES, factor=1):
    """Frames of a periodic canvas that moves, rendered finer by a factor and averaged over the area of each pixel."""
    rows, cols = np.fft.fftfreq(len(canvas))[:, None], np.fft.rfftfreq(len(canvas))
    phases = [np.exp(-2j * np.pi * factor * (rows * down + cols * right)) for down, right in moves]
    frames = np.stack([np.fft.irfft2(np.fft.rfft2(canvas) * phase, canvas.shape) for phase in phases])
    side = len(canvas) // factor
    return frames.reshape(len(frames), side, factor, side, factor).mean(axis=(2, 4))


def recorded(frames, noise=1.0, seed=1):
    """Frames of an 8-bit camera."""
    return np.clip(np.rint(frames + noise * np.random.default_rng(seed).standard_normal(frames.shape)), 0, 255).astype(
        "u1"
    )


def compared(signal, moves=MOVES):
    """Scatter over stated standard error (2,) and gain of the first region."""
    true, values = moves - moves.mean(axis=0), signal.values[:, 0]
    return np.sqrt(((values - true) ** 2).mean(axis=0)) / signal.stderr[0], (values * true).sum() / (true**2).sum()


@pytest.mark.parametrize("method", ["phase", "linear"])
def test_a_clean_texture_is_reliable(method):
    signal = vmm.measure.displacement(recorded(moving(texture())), BOX, method=method)
    scatter, gain = compared(signal)
    assert signal.is_reliable.all() and gain == pytest.approx(1, abs=4e-3)
    assert np.all((scatter > 0.8) & (scatter < 1.25))


def test_noise_of_rows():
    rows = np.random.default_rng(3).standard_normal((N, SIDE, 1))
    scatter, _ = compared(vmm.measure.displacement(recorded(moving(texture()) + rows, 0.5), BOX))
    assert np.all((scatter > 0.7) & (scatter < 1.25))


def test_smoothed_noise():
    noise = scipy.ndimage.gaussian_filter(np.random.default_rng(3).standard_normal((N, SIDE, SIDE)), (0, 1, 1))
    scatter, _ = compared(vmm.measure.displacement(recorded(moving(texture()) + noise / noise.std(), 0), BOX))
    assert np.all((scatter > 0.8) & (scatter < 1.25))


@pytest.mark.parametrize("side", [15, 21])
def test_smooth_texture(side):
    signal = vmm.measure.displacement(recorded(moving(texture(6, seed=1))), (22, 22, side, side))
    scatter, gain = compared(signal)
    assert signal.is_known.all() and gain == pytest.approx(1, abs=0.03)
    assert np.all((scatter > 0.75) & (scatter < 1.3))


def test_texture_as_weak_as_the_noise_moves_fully():
    canvas = texture(deviation=1.0, side=108)
    boxes = [(28 + 20 * i, 28 + 20 * j, 32, 32) for i in range(2) for j in range(2)]
    values = vmm.measure.displacement(recorded(moving(canvas)), boxes).values.mean(axis=1)
    true = MOVES - MOVES.mean(axis=0)
    assert (values * true).sum() / (true**2).sum() == pytest.approx(1, abs=0.05)


def test_weak_texture_of_low_frequencies_is_known():
    frequency = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(SIDE)]))
    frequency[0, 0] = np.inf
    spectrum = np.fft.fft2(np.random.default_rng(4).normal(size=(SIDE, SIDE))) / frequency**1.5
    canvas = np.fft.ifft2(spectrum).real
    signal = vmm.measure.displacement(recorded(moving(128 + 2 * canvas / canvas.std())), (12, 12, 41, 41))
    scatter, gain = compared(signal)
    assert signal.is_known.all() and signal.is_reliable.all()
    assert gain == pytest.approx(1, abs=0.12) and scatter.max() < 1.25


def test_a_fixed_pattern():
    pattern = 3 * np.random.default_rng(5).standard_normal((SIDE, SIDE))
    for method in ("phase", "linear"):
        signal = vmm.measure.displacement(recorded(moving(texture(seed=1)) + pattern), (10, 10, 41, 41), method=method)
        scatter, gain = compared(signal)
        assert gain == pytest.approx(1, abs=0.02) and scatter.max() < 1.3


@pytest.mark.parametrize("method", ["phase", "linear"])
def test_dead_pixels_are_filled(method):
    frames = recorded(moving(texture(1.5)))
    frames[:, [24, 30, 37], [33, 22, 36]] = [0, 255, 0]
    scatter, gain = compared(vmm.measure.displacement(frames, BOX, method=method))
    assert gain == pytest.approx(1, abs=0.02) and scatter.max() < 1.3


def test_only_stuck_pixels_are_found():
    frames = recorded(moving(texture())).astype(float)
    assert not stuck_pixels(frames.mean(axis=0), frames.std(axis=0)).any()
    frames[:, 30, 40] = 0
    frames[:, 5, 60] = 255
    places = np.argwhere(stuck_pixels(frames.mean(axis=0), frames.std(axis=0)))
    assert places.tolist() == [[5, 60], [30, 40]]


def test_stuck_pixels_are_filled_by_their_neighbors():
    images = np.arange(50.0).reshape(2, 5, 5)
    damaged = images.copy()
    damaged[:, [0, 2], [0, 2]] = 1e3
    fill(damaged, np.array([[0, 0], [2, 2], [7, 1]]))
    np.testing.assert_allclose(damaged[:, 2, 2], images[:, 2, 2])
    np.testing.assert_allclose(damaged[:, 0, 0], images[:, [0, 1, 1], [1, 0, 1]].mean(axis=1))


def test_aliased_detail_is_marked():
    rows, cols = np.mgrid[: 4 * SIDE, : 4 * SIDE] // 4
    board = np.roll(70 + 110.0 * ((rows // 8 + cols // 8) % 2), (8, 6), axis=(0, 1))
    signal = vmm.measure.displacement(recorded(moving(board, factor=4)), BOX)
    scatter, _ = compared(signal)
    assert signal.reasons[0] == NOT_ONE_MOTION and not signal.is_reliable.any() and signal.is_known.all()
    assert scatter.max() < 1.25


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("method", ["phase", "linear"])
def test_scatter_of_textures(seed, method):
    rng = np.random.default_rng(seed)
    canvas = texture(rng.uniform(0.7, 3), rng.uniform(8, 40), seed)
    moves = rng.uniform(0.5, 1.5) * MOVES
    side = int(rng.integers(13, 35))
    corner = (SIDE - side) // 2
    frames = recorded(moving(canvas, moves), rng.uniform(0.3, 3), seed)
    signal = vmm.measure.displacement(frames, (corner, corner, side, side), method=method)
    scatter, _ = compared(signal, moves)
    assert signal.is_reliable.all()
    assert np.all((scatter > 0.75) & (scatter < 1.3))


@pytest.mark.parametrize("corner", [(0, 20), (43, 0)])
def test_a_fixed_pattern_at_the_border(corner):
    """A region near the border is read from its own pixels, without the levels of a pyramid."""
    box = (*corner, 21, 21)
    clean = vmm.measure.displacement(recorded(moving(texture(2))), box)
    assert clean.is_reliable.all()
    pattern = 12 * np.random.default_rng(5).standard_normal((SIDE, SIDE))
    signal = vmm.measure.displacement(recorded(moving(texture(2)) + pattern), box)
    scatter, gain = compared(signal)
    assert gain < 0.9 and signal.reasons == (NOT_ONE_MOTION,)
    assert scatter.max() < 1.3
