"""The motion of every pixel near objects that move otherwise, and near the border of the frame."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import fourier_shift, gaussian_filter, gaussian_filter1d, map_coordinates, spline_filter

import vmm
from vmm.data import synthetic
from vmm.measure.estimation._estimates import TOO_UNCERTAIN, Estimates
from vmm.measure.estimation._reading import Reading

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


def test_a_row_of_narrow_bars():
    """All large windows mix the bars with the background at rest, and what they leave unexplained is no noise."""
    size, width, amplitude = (96, 112), 16, np.array([0.18, 0.09])
    noise = gaussian_filter(np.random.default_rng(8).normal(size=(2, *size)), (0, 1.2, 1.2), mode="wrap")
    spectrum, still = np.fft.fft2(120 + 35 * noise[0] / noise[0].std()), 120 + 35 * noise[1] / noise[1].std()
    frames = np.empty((N, *size))
    for frame, move in zip(frames, SINE[:, None] * amplitude, strict=True):
        distance = abs((np.arange(size[0]) - move[0] - size[0] / 2 + width) % (2 * width) - width) - width / 2
        moving = np.fft.ifft2(fourier_shift(spectrum, move)).real
        frame[:] = still + (moving - still) / (1 + np.exp(distance / 0.25))[:, None]
    frames += np.random.default_rng(7).normal(0, 1, frames.shape)
    field = vmm.measure.field(np.clip(np.rint(frames), 0, 255).astype(np.uint8), fs=FS)
    values, stderr = amplitudes(field)
    distance = (abs((np.arange(size[0]) - size[0] / 2 + width) % (2 * width) - width) - width / 2)[:, None, None]
    error = abs(values - (distance < 0) * amplitude)
    is_sure, is_inside = field.is_known & (abs(distance) > 1), distance < 0
    assert is_sure.mean() > 0.6
    assert (error > 3 * stderr)[is_sure].mean() < 0.02
    assert np.quantile(error[is_sure & ~is_inside], 0.99) < 0.005


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


def bending_frames(size=(56, 112), seed=3):
    """A texture whose motion is a sine of the column, and its amplitude (W, 2)."""
    y, x = np.mgrid[: size[0], : size[1]].astype(float)
    texture = gaussian_filter(np.random.default_rng(seed).normal(size=size), 1.2, mode="wrap")
    texture = spline_filter(120 + 35 * texture / texture.std(), mode="grid-wrap")
    frames = np.empty((N, *size))
    for frame, size_now in zip(frames, SINE, strict=True):
        place = x.copy()
        for _ in range(8):
            shape = np.sin(2 * np.pi * place / size[1])
            place = x - size_now * AMPLITUDE[1] * shape
        frame[:] = map_coordinates(
            texture, [y - size_now * AMPLITUDE[0] * shape, place], mode="grid-wrap", prefilter=False
        )
    frames += np.random.default_rng(5).normal(0, 1, frames.shape)
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8), np.sin(2 * np.pi * x[0] / size[1])[:, None] * AMPLITUDE


def test_motion_that_bends():
    """The mean over a window is not the motion at its center, which is known within its error."""
    frames, truth = bending_frames()
    field = vmm.measure.field(frames, fs=FS)
    values, stderr = amplitudes(field)
    inner = slice(16, -16)
    values, stderr, is_known = (x[:, inner] for x in (values, stderr, field.is_known))
    error = abs(values - truth[inner])
    assert is_known.mean() > 0.9
    assert (error > 3 * stderr)[is_known].mean() < 0.02
    assert np.sqrt(np.square(error[16:-16]).mean()) < 3e-3


def skipped(frames, limit, cell=8):
    """Frames whose cells repeat until they change by more than `limit`, as encoders make them."""
    result = frames.copy()
    for before, now in pairwise(result):
        cells = (now.astype(float) - before).reshape(now.shape[0] // cell, cell, -1, cell)
        is_same = np.square(cells).mean(axis=(1, 3)) < limit**2
        mask = np.repeat(np.repeat(is_same, cell, axis=0), cell, axis=1)
        now[mask] = before[mask]
    return result


def test_motion_that_an_encoder_hides():
    """The frames that repeat in some of the time hide a part of the motion, which the error states."""
    sine = gaussian_filter1d(np.random.default_rng(4).normal(size=N), 2)
    sine = (sine - sine.mean()) / sine.std()
    frames = synthetic.render(synthetic.texture((64, 72)), sine[:, None] * AMPLITUDE, noise=1.0)
    frames = skipped(frames, 2.2)
    field = vmm.measure.field(frames, fs=FS)
    gain = sine / (sine**2).sum()
    values, stderr = np.tensordot(gain, field.values, 1), field.stderr * np.sqrt((gain**2).sum())
    assert field.is_known.mean() > 0.5
    assert (abs(values - AMPLITUDE) > 3 * stderr)[field.is_known].mean() < 0.02


@pytest.mark.parametrize("amplitude", [0.05, 0.2])
def test_motion_that_an_encoder_hides_in_regions(amplitude):
    """Regions of a coded clip are marked, and their errors count the motion that repeats hide, also if all of it is."""
    sine = np.sin(2 * np.pi * 6.7 * np.arange(N) / FS)
    moves = amplitude * np.outer(sine, [0.6, 0.8])
    frames = skipped(synthetic.render(synthetic.texture((64, 72)), moves, noise=1.0), 2.4)
    signal = vmm.measure.displacement(frames, [(16, 16, 24, 24), (20, 30, 13, 13)], fs=FS)
    error = np.sqrt(np.square(signal.values - (moves - moves.mean(axis=0))[:, None]).mean(axis=0))
    assert not signal.is_reliable.any()
    assert any("encoder" in reason for reason in signal.reasons)
    assert (error < 1.25 * signal.stderr)[signal.is_known].all()


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_clips_that_no_encoder_saw_are_not_marked(noise):
    """Rounding makes parts of slow computed clips repeat, which hides next to nothing."""
    moves = 0.05 * np.outer(np.sin(2 * np.pi * 0.3 * np.arange(N) / FS), [0.6, 0.8])
    frames = synthetic.render(synthetic.texture((64, 72)), moves, noise=noise)
    signal = vmm.measure.displacement(frames, [(16, 16, 24, 24), (20, 30, 13, 13)], fs=FS)
    assert not any("encoder" in reason for reason in signal.reasons)
    assert (signal.stderr < 0.01).all()


def still_beside_burst(skip):
    """Frames without noise whose right half alone moves for some time, as they are, or as an encoder repeats them."""
    t = np.arange(N) / FS
    wave = np.exp(-20 * t) * np.sin(2 * np.pi * 9 * t) * (t > 0.1)
    clip = synthetic.render(synthetic.texture((64, 96)), np.outer(wave, [0.6, 0.8]), noise=0.0)
    clip[:, :, :48] = clip[0, :, :48]
    return skipped(clip, skip) if skip else clip


def test_regions_that_repeat_forever():
    """Whole numbers hide motion up to the error of rounding; a clip that no encoder saw is not said to be coded."""
    boxes = [(16, 12, 24, 24), (16, 64, 24, 24)]
    signal = vmm.measure.displacement(still_beside_burst(0), boxes, fs=FS)
    assert "repeats exactly" in signal.reasons[0] and not signal.reasons[1]
    assert ((signal.stderr > 2e-4) & (signal.stderr < 3e-3)).all()


@pytest.mark.parametrize("is_predictive", [False, True])
def test_files_of_predicted_frames_hide_motion_that_never_shows(is_predictive):
    """A clip of a file states that its codec predicts frames, also where no part of it shows it by a jump."""

    class Clip:
        coding = SimpleNamespace(is_predictive=is_predictive)
        fs, shape, dtype = FS, (N, 64, 96), np.dtype(np.uint8)

        def __init__(self):
            self._chunks = iter(np.array_split(still_beside_burst(1.5), 4))

        def __iter__(self):
            return self

        def __next__(self):
            return next(self._chunks)

        def reopen(self):
            return Clip()

    signal = vmm.measure.displacement(Clip(), (16, 12, 24, 24))
    assert ("encoder of the video" in signal.reasons[0]) == is_predictive
    assert (signal.stderr > 0.1).all() == is_predictive


def test_slopes_with_hardly_any_motion_tell_no_bias():
    """Slopes are compared with motion: where there is next to none, they do not enlarge the error without bound."""
    reading = Reading.__new__(Reading)
    slopes = SimpleNamespace(excess=np.array([1e9]), stderr=np.array([1e6]), moments=np.array([1e-6 * np.eye(2)]))
    reading.__dict__["_slopes"] = slopes
    assert np.sqrt(np.trace(reading._bias()[0])) < 0.02


def test_errors_beyond_what_can_be_seen_are_unknown():
    """A component is unknown if its error exceeds a pixel and half of its motion, and known if its motion is larger."""
    estimates = Estimates.unknown(50, 4)
    estimates.values[:] = 0.01 * np.sin(np.arange(50))[:, None, None]
    estimates.values[:, 1] *= 1e4
    estimates.stderr[:] = np.array([5e8, 2.0, 0.1, 0.1])[:, None]
    estimates.stderr[2, 1] = 3.0
    estimates.is_known[:] = True
    estimates.withdraw_uncertain()
    assert estimates.is_known.tolist() == [[False, False], [True, True], [True, False], [True, True]]
    assert estimates.reasons.tolist() == [TOO_UNCERTAIN, "", "", ""]


def test_straight_edges_tell_one_direction_alone():
    """Changes of light along a straight edge do not read as motion along it."""
    t = np.arange(N)
    x = np.arange(64)
    edge = 120 + 80 * np.tanh((x - 32 - 0.5 * np.sin(2 * np.pi * 0.1 * t)[:, None]) / 2)
    shade = 1 + 0.1 * np.sin(2 * np.pi * 0.1 * t)[:, None, None] * np.linspace(0, 1, 48)[:, None]
    frames = edge[:, None] * shade + np.random.default_rng(0).normal(0, 1, (N, 48, 64))
    modes = vmm.measure.modes(np.clip(frames, 0, 255).astype(np.uint8), 0.1)
    assert not modes.is_known[16:-16, 30:35, 0].any()
