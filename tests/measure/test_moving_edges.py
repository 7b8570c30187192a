"""The motion of every pixel near objects that move otherwise, and near the border of the frame."""

import numpy as np
import pytest

import vmm
from vmm.data import synthetic

FS, N, AMPLITUDE = 60, 90, np.array([0.085, 0.181])
SINE = np.sin(2 * np.pi * 6 * np.arange(N) / FS)
SIZE, TOP, BOTTOM = (80, 72), 26, 54


def bar(amplitude=AMPLITUDE):
    """A bar that moves over a background that is still."""
    mask = np.zeros(SIZE)
    mask[TOP:BOTTOM] = 1
    moving, still = synthetic.texture(SIZE, seed=3), synthetic.texture(SIZE, seed=4)
    frames = synthetic.render(moving, SINE[:, None] * amplitude)
    behind = synthetic.render(still, np.zeros((1, 2)))
    noise = np.random.default_rng(5).normal(0, 1, frames.shape)
    return np.clip(np.rint(np.where(mask > 0, frames, behind) + noise), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def frames():
    return bar()


def amplitudes(field):
    """Amplitudes (H, W, 2) in phase with the motion, and their standard errors."""
    gain = SINE / (SINE**2).sum()
    return np.tensordot(gain, field.values, 1), field.stderr * np.sqrt((gain**2).sum())


def check(values, stderr, is_known, share=0.1):
    is_sure, rows = is_known.all(axis=-1), np.arange(SIZE[0])
    on_bar = (rows >= TOP) & (rows < BOTTOM)
    for is_inside, true in ((~on_bar, 0 * AMPLITUDE), (on_bar, AMPLITUDE)):
        part = is_sure & is_inside[:, None]
        assert part.sum() > 0.79 * is_inside.sum() * SIZE[1]
        assert (abs(values[part] - true) > 3 * stderr[part]).mean() < share
    still = np.linalg.norm(values[is_sure & ~on_bar[:, None]], axis=-1)
    assert np.quantile(still, 0.99) < 5e-3


def test_field(frames):
    field = vmm.measure.field(frames, fs=FS)
    values, stderr = amplitudes(field)
    check(values, stderr, field.is_known, share=0.05)


def test_modes_of_chunks(frames):
    modes = vmm.measure.modes(frames, 6.0, fs=FS)
    check(-modes.shapes[0].imag, modes.stderr[0], modes.is_known)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["color", "iterator", "flicker"])
def test_kinds_of_clips(kind, frames):
    light = (1 + 0.05 * np.sin(1.3 * np.arange(N)))[:, None, None]
    clips = {
        "color": np.repeat(frames[..., None], 3, axis=3),
        "iterator": (frames[i : i + 20] for i in range(0, N, 20)),
        "flicker": np.rint(np.clip(frames * light, 0, 255)).astype(np.uint8),
    }
    field = vmm.measure.field(clips[kind], fs=FS)
    values, stderr = amplitudes(field)
    check(values, stderr, field.is_known, share=0.2 if kind == "flicker" else 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("size", [0.02, 1.0, 2.0, 3.0])
def test_sizes_of_motion(size):
    """The background stays still, and pixels on the bar are known within their errors or unknown."""
    amplitude = size * np.array([np.cos(1.1), np.sin(1.1)])
    field = vmm.measure.field(bar(amplitude), fs=FS)
    values, stderr = amplitudes(field)
    is_sure, rows = field.is_known.all(axis=-1), np.arange(SIZE[0])
    distance = np.maximum(TOP - rows, rows - BOTTOM + 1)
    far, still = (is_sure & (distance > limit)[:, None] for limit in (12, 0))
    assert far.sum() > 0.9 * (distance > 12).sum() * SIZE[1]
    assert np.quantile(np.linalg.norm(values[still], axis=-1), 0.99) < 5e-3
    on_bar = is_sure & (distance < -3)[:, None]
    assert (abs(values[on_bar] - amplitude) > 3 * stderr[on_bar]).sum() <= 0.05 * on_bar.sum()


def test_the_border_of_the_frame():
    frames = synthetic.render(synthetic.texture((48, 64)), SINE[:, None] * AMPLITUDE, noise=1.0)
    field = vmm.measure.field(frames, fs=FS)
    gain = (amplitudes(field)[0] @ AMPLITUDE) / (AMPLITUDE @ AMPLITUDE)
    for distance in (0, 2, 5):
        assert np.nanmean(gain[distance, 12:-12]) == pytest.approx(1, abs=0.02)


def test_straight_edges_tell_one_direction_alone():
    """Changes of light along a straight edge do not read as motion along it."""
    t = np.arange(N)
    x = np.arange(64)
    edge = 120 + 80 * np.tanh((x - 32 - 0.5 * np.sin(2 * np.pi * 0.1 * t)[:, None]) / 2)
    shade = 1 + 0.1 * np.sin(2 * np.pi * 0.1 * t)[:, None, None] * np.linspace(0, 1, 48)[:, None]
    frames = edge[:, None] * shade + np.random.default_rng(0).normal(0, 1, (N, 48, 64))
    modes = vmm.measure.modes(np.clip(frames, 0, 255).astype(np.uint8), 0.1)
    assert not modes.is_known[16:-16, 30:35, 0].any()
