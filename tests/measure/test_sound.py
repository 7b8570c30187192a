"""Sound from the vibrations that it causes."""

from functools import partial

import numpy as np
import pytest
import scipy.ndimage

from vmm.data import synthetic, voices
from vmm.measure import sound
from vmm.measure.applications._band_fit import spectrum_fit
from vmm.measure.applications._common_vibration import _strongest
from vmm.measure.applications._frame_noise import mean_and_noise, white_noise
from vmm.measure.applications._rolling_shutter import rolling_shutter_signal, row_motion
from vmm.measure.applications._sound import spectral_subtraction
from vmm.measure.applications._subband_signals import _best_reader, _reader
from vmm.measure.signals._signal import bandpass
from vmm.spatial import DualTree, SteerablePyramid

FS, COUNT, ANGLE = 2200, 2200, 30.0
SCENE = synthetic.texture((96, 96))
DIRECTION = np.array([np.sin(np.deg2rad(ANGLE)), np.cos(np.deg2rad(ANGLE))])


def snr(waveform, true):
    """Signal-to-noise ratio in dB of a waveform without its ends, independent of scale and sign."""
    waveform, true = waveform[40:-40], true[40:-40]
    share = waveform @ true / (true @ true)
    return 10 * np.log10(share**2 * (true @ true) / np.sum((waveform - share * true) ** 2))


@pytest.fixture(scope="module", params=[0.02, 0.005, 0.001])
def speech_clip(request):
    """A clip that vibrates with a voice, the waveform of the voice, and its root mean square in pixels."""
    moves = voices.speech(COUNT, FS, request.param, ANGLE)
    return synthetic.render(SCENE, moves, noise=1.0, seed=3), moves @ DIRECTION, request.param


def ideal_estimate(clip, band):
    """The estimate for a known scene and direction, and its error by noise and rounding."""
    slope = (SCENE(0.01 * DIRECTION) - SCENE(-0.01 * DIRECTION)) / 0.02
    energy = np.sum(slope**2)
    return bandpass(np.tensordot(clip - SCENE((0, 0)), slope, 2) / energy, FS, band), np.sqrt((1 + 1 / 12) / energy)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dual tree", "steerable"])
def test_waveform_within_half_a_decibel_of_the_bound(speech_clip, name):
    clip, voice, rms = speech_clip
    waveform = sound(
        clip, fs=FS, spatial=DualTree if name == "dual tree" else partial(SteerablePyramid, octave=1.0, orientations=4)
    )
    ideal, error = ideal_estimate(clip, waveform.band)
    bound = 20 * np.log10(rms / error) - 10 * np.log10((waveform.band[1] - waveform.band[0]) / (FS / 2))
    assert snr(ideal, voice) == pytest.approx(bound, abs=0.45)
    tolerance = 0.5 if name == "dual tree" else 0.6  # the steerable pyramid is periodic
    assert snr(waveform.values, voice) > max(bound, snr(ideal, voice)) - tolerance
    assert waveform.snr == pytest.approx(bound, abs=1.0)
    assert waveform.is_known and np.abs(waveform.values).max() == pytest.approx(1)


@pytest.mark.parametrize("count", [64, 256])
def test_noise_is_no_sound(count):
    """Neither white, 1/f, smooth or row noise, nor light that drifts, is taken for a sound."""
    scene, rng = synthetic.texture((32, 32))((0, 0)), np.random.default_rng(5)
    white = rng.normal(size=(count, 32, 32))
    pink = np.fft.irfft(
        np.fft.rfft(white, axis=0) / np.sqrt(np.maximum(np.arange(count // 2 + 1), 1))[:, None, None], count, 0
    )
    drift = 1 + 0.1 * np.linspace(0, 1, count)[:, None, None] * np.linspace(-1, 1, 32)
    smooth, rows = 2 * scipy.ndimage.gaussian_filter(white, (0, 0.7, 0.7)), rng.normal(size=(count, 32, 1))
    for frames in (
        scene + white,
        scene + pink / pink.std(),
        scene * drift + white,
        scene + smooth,
        scene + white + rows,
    ):
        waveform = sound(np.rint(frames), fs=FS, spatial=DualTree)
        assert not waveform.is_known and waveform.p_value > 0.005
        assert f"with a probability of {waveform.p_value:.2g}" in waveform.reason


def test_light_that_becomes_uneven_is_no_sound(rng):
    """A lamp at one side that flickers moves no pattern, but the phases of the subbands."""
    flicker = 1 + 0.1 * np.sin(2 * np.pi * 100 * np.arange(256) / FS)[:, None, None] * np.linspace(0, 1, 48)
    clip = synthetic.texture((48, 48))((0, 0)) * flicker + rng.normal(size=(256, 48, 48))
    waveform = sound(clip, fs=FS, spatial=DualTree)
    assert not waveform.is_known and "The light becomes uneven" in waveform.reason


def test_flicker_of_clipped_pixels_is_no_sound(rng):
    """Pixels that are clipped do not become brighter with the others."""
    flicker = 1 + 0.02 * np.sin(2 * np.pi * 100 * np.arange(128) / FS)[:, None, None]
    clip = (100 + 1.2 * synthetic.leaves((32, 32), seed=3)((0, 0))) * flicker + rng.normal(size=(128, 32, 32))
    waveform = sound(np.clip(np.rint(clip), 0, 255).astype(np.uint8), fs=FS)
    assert not waveform.is_known and "pixels are clipped" in waveform.reason


def test_the_search_does_not_end_at_a_single_frequency():
    white = np.random.default_rng(0).normal(size=(100, 18))
    white[2] *= 6
    assert _strongest(white, np.eye(18)).contrast < 40


def test_noise_of_frames():
    """The measured noise has the strength and correlation of the frames, and leaves their motion out."""
    rng, moves = np.random.default_rng(2), synthetic.sway(300, FS, 330, 0.05)
    clip = synthetic.render(synthetic.texture((48, 48)), moves, noise=0).astype(float)
    strength = np.where(np.arange(48) < 24, 1.0, 3.0)
    white = mean_and_noise(iter([clip + strength * rng.normal(size=clip.shape)]))[1]
    assert white.deviation[:, :24].mean() == pytest.approx(1, abs=0.1)
    assert white.deviation[:, 24:].mean() == pytest.approx(3, abs=0.1)
    smooth = scipy.ndimage.gaussian_filter1d(rng.normal(size=clip.shape), 1.0, axis=2, mode="wrap")
    gain = mean_and_noise(iter(np.split(clip + 2 * smooth, [1, 100])))[1].gain
    power, expected = np.mean(gain**2, axis=0), np.exp(-np.square(2 * np.pi * np.arange(25) / 48))
    np.testing.assert_allclose(power / power[0], expected, atol=0.05)  # rounding of the frames adds 0.02


def test_a_weak_sound_in_a_short_clip():
    tone = synthetic.sway(64, FS, 330, 0.005)
    waveform = sound(synthetic.render(synthetic.texture((48, 48)), tone, noise=1.0), fs=FS)
    assert waveform.is_known and waveform.p_value <= 0.005 and waveform.reason == ""
    with pytest.raises(ValueError, match="take at least 32 frames"):
        sound(np.zeros((31, 32, 32), np.uint8), fs=FS)


@pytest.mark.parametrize("amplitude", [pytest.param(0.0, marks=pytest.mark.slow), 0.25])
def test_slow_motion_does_not_leak_into_the_sound(amplitude):
    """The ends of the clip are included; a cut after reflection loses 9 dB by the slow motion."""
    scene, times = synthetic.texture((48, 48)), np.arange(800) / FS
    voice = voices.speech(800, FS, 0.01, ANGLE)
    slow = np.outer(amplitude * np.sin(2 * np.pi * 3 * times + 1), DIRECTION)
    waveform = sound(synthetic.render(scene, voice + slow, noise=1.0), fs=FS, band=(60, 935))
    noise = waveform.values - bandpass(voice @ DIRECTION, FS, waveform.band) * share_of(waveform.values, voice)
    true = 10 * np.log10(np.sum((waveform.values - noise) ** 2) / np.sum(noise**2))
    assert true > 19 and waveform.snr == pytest.approx(true, abs=1.0)


def share_of(values, voice):
    """Scale of a waveform relative to the displacement."""
    true = voice @ DIRECTION
    return values @ true / (true @ true)


def test_blurred_pictures_use_the_large_scales():
    """The default transform holds more of a blurred picture than the dual tree, and is the dual tree for textures."""
    image = scipy.ndimage.gaussian_filter(synthetic.leaves((96, 96), seed=2)((0, 0)), 4)
    best, tree = _best_reader(image, white_noise(image.shape)), _reader(image, white_noise(image.shape), DualTree)
    assert best.information > 1.3 * tree.information
    texture = synthetic.texture((96, 96))((0, 0))
    default = _reader(texture, white_noise(texture.shape), DualTree)
    assert _best_reader(texture, white_noise(texture.shape)).information == pytest.approx(default.information)


@pytest.mark.slow
def test_chunks_color_and_regions():
    clip = synthetic.render(SCENE, voices.speech(500, FS, 0.02), noise=1.0)
    whole = sound(clip, fs=FS, band=(100, 900), roi=(16, 8, 64, 72)).values
    parts = sound(iter(np.split(clip[:, 16:80, 8:80], [1, 70, 300])), fs=FS, band=(100, 900)).values
    assert abs(np.corrcoef(whole, parts)[0, 1]) > 0.999  # fewer frames make the reference of the iterator
    color = sound(np.repeat(clip[:, 16:80, 8:80, None], 3, axis=-1), fs=FS, band=(100, 900)).values
    assert abs(np.corrcoef(whole, color)[0, 1]) > 0.9999


def test_spectral_subtraction_removes_noise(rng):
    times = np.arange(8000) / 8000
    tone = np.where((times > 0.4) & (times < 0.6), np.sin(2 * np.pi * 500 * times), 0)
    denoised = spectral_subtraction(tone + rng.normal(0, 0.2, 8000), 8000, 1.5)
    quiet = np.r_[400:2800, 5200:7600]
    assert denoised.shape == tone.shape
    assert denoised[quiet].std() < 0.12
    assert np.corrcoef(denoised[3400:4600], tone[3400:4600])[0, 1] > 0.97
    np.testing.assert_allclose(spectral_subtraction(tone, 8000, 0.0), tone, atol=1e-9)


# Rolling shutter.


def rolling_shutter_clip(rms, rows, noise=1.0, period=150, seconds=0.5):
    rate = 60 * period
    wave = voices.speech(int(rate * seconds), rate, rms, 0.0)[:, 1]
    return voices.rolling_shutter((rows, 192), wave, period, noise=noise), wave, 1 / rate


def test_each_row_is_a_sample():
    clip, wave, _ = rolling_shutter_clip(0.05, 120)
    measured, weights = row_motion(clip)
    true = wave.reshape(-1, 150)[:, :120]
    error = measured - measured.mean(axis=0) - (true - true.mean(axis=0))
    assert weights.shape == (120,) and (weights > 0).all()
    assert np.sqrt(np.mean(error**2)) < 0.006
    assert np.vdot(measured, true - true.mean(axis=0)) / np.sum((true - true.mean(axis=0)) ** 2) == pytest.approx(
        1, abs=0.02
    )


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "min_snr"), [(150, 12.0), (120, 9.0)])
def test_rolling_shutter_sound_exceeds_the_camera_rate(rows, min_snr):
    """The sound has 120 to 900 Hz at fs = 60 Hz, without and with a gap of a fifth of the time between frames."""
    clip, wave, row_time = rolling_shutter_clip(0.02, rows)
    waveform = sound(clip, fs=60, row_time=row_time, band=(100, 950))
    assert waveform.fs == pytest.approx(9000) and len(waveform.values) == len(wave)
    assert snr(waveform.values, wave) > min_snr
    assert waveform.is_known and waveform.snr == pytest.approx(snr(waveform.values, wave), abs=2.0)
    assert not sound(rolling_shutter_clip(1e-9, rows)[0], fs=60, row_time=row_time, band=(100, 950)).is_known


# Bad input.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fs": -1}, "fs=-1 must be a positive number"),
        ({"subtract": -1}, "subtract=-1 must be 0 or greater"),
        ({"band": (900, 100)}, r"band=\(900, 100\) must be rising"),
        ({"band": (100, 1099)}, "leaves too little below fs/2 = 1100 Hz to measure the noise"),
        ({"band": (1, 900)}, "is too short for band"),
        ({"roi": (0, 0, 99, 9)}, "must lie inside the frame"),
        ({"row_time": 0.1}, "48 rows must fit into the time of a frame"),
    ],
)
def test_invalid_options(options, message, rng):
    with pytest.raises(ValueError, match=message):
        sound(rng.integers(0, 255, (100, 48, 48), np.uint8), **{"fs": FS, **options})


def test_a_fit_at_few_times_is_the_least_squares_fit(rng):
    size, weights, samples = 90, rng.random(90) * (rng.random(90) < 0.5), rng.normal(size=90)
    gain = np.zeros(46)
    gain[3:8] = rng.random(5)
    basis = np.fft.irfft(np.fft.rfft(np.eye(size), axis=0) * gain[:, None], axis=0, n=size)
    normal = basis @ (weights[:, None] * basis) + 0.01 * weights.mean() * np.eye(size)
    expected = basis @ np.linalg.solve(normal, basis @ (weights * samples))
    np.testing.assert_allclose(spectrum_fit(weights, gain, 0.01)(samples), expected, atol=1e-7)


def test_rows_that_exceed_the_frame_time():
    with pytest.raises(ValueError, match="must fit into the time of a frame"):
        rolling_shutter_signal(np.zeros((4, 24, 32), np.uint8), -1.0, fs=60, band=(100, 200))
    with pytest.raises(ValueError, match="period=20 must be at least the 24 rows"):
        voices.rolling_shutter((24, 32), np.zeros(90), 20)
