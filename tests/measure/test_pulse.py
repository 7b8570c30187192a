"""Pulse rate and breathing rate."""

from typing import Any

import numpy as np
import pytest
from cases import VIDEOS

import vmm
from vmm.measure import breathing, pulse
from vmm.measure.applications._rates import estimate_rate
from vmm.measure.signals._chance import Line, _components

FS, COUNT = 30, 300
METHODS = ("pos", "chrom", "green")


def skin(frequency, amplitude, noise, count=COUNT, seed=0, shadow=0.0):
    """Mean color (T, 3) of skin with a pulse, noise, and a shadow that moves over it."""
    rng = np.random.default_rng(seed)
    times = np.arange(count) / FS
    wave = -np.sin(2 * np.pi * frequency * times + rng.uniform(0, 6))
    illumination = 1 + shadow * np.sin(2 * np.pi * 0.93 * times)
    color = np.array([150.0, 105.0, 90.0]) * (1 + amplitude * np.outer(wave, [0.33, 0.77, 0.53]))
    return illumination[:, None] * color + rng.normal(0, noise, (count, 3))


def waves(rng, amplitude, draws):
    """Estimated rates of sines of 0.8 to 2 Hz in white noise of variance 1, and their errors per minute."""
    for _ in range(draws):
        frequency = rng.uniform(0.8, 2)
        wave = amplitude * np.cos(2 * np.pi * frequency * np.arange(COUNT) / FS + rng.uniform(0, 6))
        line = Line(0.001, frequency / FS - 1 / COUNT, frequency / FS + 1 / COUNT)
        result = estimate_rate(wave + rng.normal(size=COUNT), line, FS, (0.7, 4), None)
        yield result, result.rate - 60 * frequency


@pytest.mark.parametrize(
    ("amplitude", "limit", "draws"),
    [
        (1, 1.3, 20),
        pytest.param(1, 1.1, 300, marks=pytest.mark.slow),
        pytest.param(10, 2.0, 300, marks=pytest.mark.slow),
    ],
)
def test_rates_reach_the_bound_with_correct_standard_errors(rng, amplitude, limit, draws):
    rates, errors = zip(*waves(rng, amplitude, draws), strict=True)
    bound = 60 * np.sqrt(6) * FS / (np.pi * amplitude * COUNT**1.5)
    assert all(rate.is_known for rate in rates)
    scatter = np.sqrt(np.mean(np.square(errors)))
    assert scatter < limit * bound
    stated = np.sqrt(np.mean([rate.stderr**2 for rate in rates]))
    tolerance = 2.08 / np.sqrt(draws)  # Swings of the rate count, also those that are noise.
    assert 1 - tolerance < stated / scatter < 1 + max(tolerance, 0.25)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "frequency", [pytest.param(0.85, marks=pytest.mark.slow), 1.37, pytest.param(2.6, marks=pytest.mark.slow)]
)
def test_a_pulse_is_measured(method, frequency):
    result = pulse(skin(frequency, 0.004, 0.05), fs=FS, method=method)
    assert result.is_known and result.reason == ""
    assert abs(result.rate - 60 * frequency) < 5 * result.stderr < 3
    assert result.values.shape == (COUNT,) and result.fs == FS


@pytest.mark.parametrize("method", ["pos", "chrom"])
def test_changes_of_illumination_are_rejected(method):
    result = pulse(skin(1.61, 0.004, 0.02, shadow=0.02), fs=FS, method=method)
    assert abs(result.rate - 96.6) < 0.5
    assert abs(pulse(skin(1.61, 0.004, 0.02, shadow=0.02), fs=FS, method="green").rate - 60 * 0.93) < 1


def test_the_fundamental_is_chosen_over_its_harmonic():
    times = np.arange(COUNT) / FS
    wave = 0.6 * np.sin(2 * np.pi * 0.9 * times) + np.sin(2 * np.pi * 1.8 * times + 1)
    noise = np.random.default_rng(0).normal(0, 0.1, COUNT)
    assert breathing(wave + noise, fs=FS, band=(0.7, 4)).rate == pytest.approx(54, abs=0.3)


def colored(rng, kind, count, signals):
    """White noise, 1/f noise, a random walk, or white noise with a walk."""
    white = rng.normal(size=(count, signals))
    if kind == "pink":
        spectra = np.fft.rfft(white, axis=0)
        spectra[1:] /= np.sqrt(np.arange(1, len(spectra)))[:, None]
        return np.fft.irfft(spectra, count, axis=0)
    if kind == "mixed":
        return white + 0.05 * np.cumsum(rng.normal(size=white.shape), axis=0)
    return np.cumsum(white, axis=0) if kind == "walk" else white


def false_alarms(measured, runs):
    return sum(measured(np.random.default_rng(seed)).is_known for seed in range(runs))


@pytest.mark.parametrize("kind", ["white", "walk"])
def test_noise_does_not_breathe(kind):
    assert false_alarms(lambda rng: breathing(colored(rng, kind, 200, 2), fs=10), 4) <= 1


@pytest.mark.parametrize("bend", [lambda t: 100 * (t - 0.4) ** 2, lambda t: 20 * np.cos(11 * t + 1)])
def test_slow_changes_do_not_breathe(rng, bend):
    """A bend, and a sway of fewer periods than the band holds, fall more steeply than a random walk."""
    assert not breathing(bend(np.arange(200) / 200) + rng.normal(size=200), fs=10).is_known


def test_two_movements_are_no_breath(rng):
    times = np.arange(200) / 10
    bumps = sum(np.exp(-np.square((times - center) / 0.8) / 2) for center in (6, 10))
    result = breathing(bumps + 0.05 * rng.normal(size=200), fs=10)
    assert not result.is_known and result.p_value <= 0.01
    assert "comes from a few movements: their energy is spread over" in result.reason


def test_signals_with_a_common_drift_are_not_independent_near_the_line(rng):
    spectra, is_near = rng.normal(size=(60, 12)) + 1j * rng.normal(size=(60, 12)), np.arange(60) < 20
    assert _components(spectra, is_near).max() < 0.3
    spectra[is_near] = spectra[is_near, :1]
    assert _components(spectra, is_near).max() > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["white", "pink", "walk", "mixed"])
@pytest.mark.parametrize("seconds", [10, 30])
@pytest.mark.parametrize("signals", [1, 2, 12])
def test_false_alarms_of_breathing(kind, seconds, signals):
    runs = 200  # Of 200 runs, 10 exceed the limit of 3 of 100 by chance.
    assert false_alarms(lambda rng: breathing(colored(rng, kind, 10 * seconds, signals), fs=10), runs) <= 10


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["white", "pink", "walk", "mixed"])
@pytest.mark.parametrize("seconds", [5, 20])
@pytest.mark.parametrize("method", METHODS)
def test_false_alarms_of_the_pulse(kind, seconds, method):
    def measured(rng):
        noise = colored(rng, kind, FS * seconds, 3)
        return pulse(np.array([190.0, 140.0, 110.0]) + 0.02 * noise / noise.std(), fs=FS, method=method)

    assert false_alarms(measured, 200) <= 10


@pytest.mark.parametrize("method", METHODS)
def test_noise_is_refused_with_its_probability(method):
    results = [pulse(skin(1.2, 0.0, 0.2, seed=seed), fs=FS, method=method) for seed in range(2)]
    assert sum(result.is_known for result in results) <= 1
    refused = next(result for result in results if not result.is_known)
    assert np.isnan(refused.rate) and np.isnan(refused.stderr) and not len(refused.rates)
    assert refused.p_value > 0.01
    assert "may be chance: noise alone shows as clear a rhythm with probability" in refused.reason


def test_a_limit_of_the_ratio_is_a_second_condition():
    result = pulse(skin(1.2, 0.004, 0.05), fs=FS, min_snr=40.0)
    assert not result.is_known and result.p_value <= 0.01
    assert "dB, below the limit of 40 dB" in result.reason


def drifting(drift, seconds=30, noise=0.02, seed=0):
    """Mean color (T, 3) of skin whose pulse rises by `drift` beats per minute about 72."""
    times = np.arange(FS * seconds) / FS
    phase = 2 * np.pi * np.cumsum(1.2 + drift / 60 * (times / seconds - 0.5)) / FS
    wave = np.cos(phase) + 0.3 * np.cos(2 * phase + 1)
    color = np.array([190.0, 140.0, 110.0]) + 0.1 * np.outer(wave, [0.33, 0.77, 0.53])
    return color + np.random.default_rng(seed).normal(0, noise, color.shape)


@pytest.mark.parametrize("drift", [12, pytest.param(-24, marks=pytest.mark.slow)])
def test_a_drifting_rate_gives_its_mean_and_its_course(drift):
    result = pulse(drifting(drift), fs=FS)
    assert abs(result.rate - 72) < 3 * result.stderr < 2
    true = 72 + drift * (result.rate_times / 30 - 0.5)
    assert len(result.rates) > 5
    assert np.abs(result.rates - true).max() < 5 * result.rates_stderr.max() < 6


@pytest.mark.parametrize(
    ("swing", "draws"), [(8, 3), *(pytest.param(s, 30, marks=pytest.mark.slow) for s in (0, 4, 8))]
)
def test_a_rate_that_swings_with_the_breath_has_a_standard_error_that_covers_it(swing, draws):
    line, times, deviations = Line(0.001, 1.2 / FS - 1 / 1800, 1.2 / FS + 1 / 1800), np.arange(900) / FS, []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        rates = 1.2 + swing / 60 * np.sin(2 * np.pi * 0.25 * times + rng.uniform(0, 6.28))
        phase = 2 * np.pi * np.cumsum(rates) / FS
        wave = np.cos(phase) + 0.3 * np.cos(2 * phase + 1) + rng.normal(0, 0.3, 900)
        result = estimate_rate(wave, line, FS, (0.7, 4), None)
        assert result.stderr < 0.5
        deviations.append((result.rate - 60 * rates.mean()) / result.stderr)
    assert np.sqrt(np.mean(np.square(deviations))) < 1.5


def test_breathing_in_the_lowest_bins_of_a_walk():
    noise = np.cumsum(np.random.default_rng(600002).normal(size=(100, 1)), axis=0)
    assert 0 < breathing(noise, fs=10).p_value <= 1


def test_constant_colors_have_no_pulse():
    assert not pulse(np.full((COUNT, 3), 100.0), fs=FS).is_known


@pytest.mark.parametrize("width", [pytest.param(0.05, marks=pytest.mark.slow), 0.1])
def test_sharp_pulses_are_not_counted_twice(width):
    times = np.arange(900) / FS
    beats = np.arange(-1, 33) * 60 / 58.9
    wave = sum(np.exp(-np.square((times - beat - delay) / width) / 2) for beat in beats for delay in (0, 0.4))
    result = breathing(wave + np.random.default_rng(0).normal(0, 0.05, 900), fs=FS, band=(0.7, 4))
    assert result.rate == pytest.approx(58.9, abs=0.3)


@pytest.mark.parametrize("noise", [pytest.param(0.5, marks=pytest.mark.slow), 1.0])
def test_signal_to_noise_ratio(noise):
    times = np.arange(900) / FS
    wave = np.sin(2 * np.pi * 0.37 * times) + noise * np.random.default_rng(1).normal(size=900)
    expected = 10 * np.log10(0.5 / (noise**2 * 0.5 / (FS / 2)))
    assert breathing(wave, fs=FS).snr == pytest.approx(expected, abs=2)
    assert breathing(np.sin(2 * np.pi * 0.37 * times), fs=FS).snr <= 60


def test_harmonics_above_the_band_are_no_noise(rng):
    phase = 2 * np.pi * 0.98 * np.arange(900) / FS
    wave = sum(size * np.cos(n * phase + n) for n, size in enumerate((1, 1.1, 0.9, 0.6, 0.4), 1))
    noise = 0.05
    expected = 10 * np.log10((1 + 1.21 + 0.81 + 0.36) / 2 / (noise**2 * 3.3 / (FS / 2)))
    assert breathing(wave + rng.normal(0, noise, 900), fs=FS, band=(0.7, 4)).snr == pytest.approx(expected, abs=2)


def test_frames_regions_and_chunks(rng):
    wave = skin(1.2, 0.01, 0.0)
    frames = np.full((COUNT, 24, 32, 3), 128.0)
    frames[:, 4:20, 8:24] = wave[:, None, None]
    frames = np.rint(frames + rng.normal(0, 1, frames.shape)).astype(np.uint8)
    mask = np.zeros((24, 32), bool)
    mask[4:20, 8:24] = True
    by_box, by_mask = (pulse(frames, fs=FS, roi=roi) for roi in ((4, 8, 16, 16), mask))
    assert by_box.rate == pytest.approx(72, abs=0.5)
    np.testing.assert_allclose(by_box.values, by_mask.values)
    chunks = pulse(iter(np.split(frames, [10, 130])), fs=FS, roi=mask)
    np.testing.assert_allclose(chunks.values, by_mask.values)


def test_breathing_combines_all_regions(rng):
    wave = np.sin(2 * np.pi * 0.31 * np.arange(900) / FS)
    values = 0.05 * rng.normal(size=(900, 3, 2))
    values[:, 1, 0] += 0.1 * wave
    values[:, 2, 1] -= 0.1 * wave
    result = breathing(values, fs=FS)
    assert abs(result.rate - 18.6) < 5 * result.stderr
    assert abs(np.corrcoef(result.values, wave)[0, 1]) > 0.95


def test_invalid_arguments(rng):
    with pytest.raises(ValueError, match=r"not gray frames \(T, 16, 16\)"):
        pulse(rng.integers(0, 255, (60, 16, 16), np.uint8), fs=FS)
    with pytest.raises(ValueError, match="method='red' must be one of pos, chrom, green"):
        pulse(skin(1, 0.1, 0), fs=FS, method="red")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"60 frames at 30 Hz is too short for band=\(0.1, 0.6\) Hz"):
        breathing(np.arange(60.0), fs=FS)
    with pytest.raises(ValueError, match=r"band=\(4, 0.7\) must be rising"):
        pulse(skin(1, 0.1, 0), fs=FS, band=(4, 0.7))
    with pytest.raises(ValueError, match="fs=0 must be a positive number"):
        pulse(skin(1, 0.1, 0), fs=0)
    with pytest.raises(ValueError, match="is too short for band"):
        pulse(skin(1, 0.1, 0, count=20), fs=FS)


@pytest.mark.skipif(not VIDEOS.exists(), reason="the real clips are not installed")
class TestRealClips:
    @pytest.mark.slow
    def test_pulse_of_a_face(self):
        frames, fs = vmm.io.read(VIDEOS / "face.mp4")
        method: Any
        for method in METHODS:
            result = pulse(frames[:, 90:210, 150:370], fs=fs, method=method)
            assert result.is_known and 50 < result.rate < 60 and result.stderr < 1
            assert not pulse(frames[:, :60, :60], fs=fs, method=method).is_known

    def test_breathing_of_a_baby(self):
        clip, fs = vmm.io.read(VIDEOS / "baby.mp4", gray=True)
        signal = vmm.measure.displacement(clip, [(180, 460, 80, 120)], fs=fs)
        result = breathing(signal)
        assert result.is_known and result.unit == "px"
        assert 27 < result.rate < 36 and result.stderr < 2  # six breaths in ten seconds can be counted


def test_breathing_near_half_the_sampling_rate(rng):
    wave = np.sin(2 * np.pi * 0.23 * np.arange(128) / 0.5 + 1) + 0.1 * rng.normal(size=128)
    result = breathing(wave, fs=0.5)
    assert abs(result.rate - 13.8) < 3 * result.stderr < 0.2
