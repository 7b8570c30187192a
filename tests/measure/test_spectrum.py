"""Spectra, peaks, orbits, derivatives and comparison with sensors."""

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from cases import VIDEOS

import vmm
from vmm.measure import acceleration, compare, integrate, orbit, peaks, spectrum, velocity
from vmm.measure.signals._joint_fit import changes
from vmm.measure.signals._sine_model import fit_sines

FS = 240


def sine(frequency, amplitude=1.0, phase=0.3, count=960, fs=FS):
    return amplitude * np.cos(2 * np.pi * frequency * np.arange(count) / fs + phase)


@dataclasses.dataclass(frozen=True)
class FakeResult:
    """The attributes of a result such as that of ``displacement``."""

    values: np.ndarray
    stderr: np.ndarray
    is_known: np.ndarray
    fs: float = FS
    unit: str = "mm"


# Spectra.


@pytest.mark.parametrize("segments", [1, 4, 8])
def test_amplitude_equals_that_of_a_sine(segments):
    bins = spectrum(sine(30), fs=FS, segments=segments).frequencies
    result = spectrum(sine(bins[len(bins) // 4], 0.2), fs=FS, segments=segments)
    assert result.values.max() == pytest.approx(0.2, rel=1e-3)
    assert result.values.argmax() == len(bins) // 4
    assert result.unit == "" and result.fs == FS


def test_the_density_integrates_to_the_variance(rng):
    noise = rng.normal(0, 0.3, (9600, 3))
    result = spectrum(noise, fs=FS, kind="density")
    np.testing.assert_allclose(result.values.sum(axis=0) * result.frequencies[1], noise.var(axis=0), rtol=0.03)
    assert result.unit == "1/Hz"


@pytest.mark.parametrize("segments", [1, 8, 40])
def test_the_scatter_of_noise_agrees_with_the_degrees_of_freedom(rng, segments):
    result = spectrum(rng.normal(size=(4800, 40)), fs=FS, kind="density", segments=segments)
    inside = result.values[3:-3]
    assert inside.var() / inside.mean() ** 2 == pytest.approx(2 / result.dof, rel=0.12)


def test_regions_are_averaged_by_inverse_variance(rng):
    errors = np.array([[0.01, 0.02], [0.1, 0.1], [np.nan, 0.05]])
    is_known = np.isfinite(errors)
    values = rng.normal(size=(960, 3, 2)) * np.nan_to_num(errors)
    values[:, ~is_known] = np.nan
    signal = FakeResult(values, errors, is_known)
    each, both = spectrum(signal, kind="density"), spectrum(signal, kind="density", average=True)
    weights = 1 / np.square(errors[:2, 0])
    np.testing.assert_allclose(both.values[:, 0], each.values[:, :2, 0] @ weights / weights.sum(), rtol=1e-9)
    assert both.values.shape == (len(both.frequencies), 2) and np.isfinite(both.values).all()
    assert both.unit == "mm²/Hz" and np.isnan(each.values[:, 2, 0]).all()


# Peaks.


@pytest.mark.parametrize("count", [300, pytest.param(960, marks=pytest.mark.slow)])
@pytest.mark.parametrize("signals", [1, 6])
def test_the_rate_of_false_alarms(rng, count, signals):
    result = sum(bool(peaks(rng.normal(size=(count, signals)), max_peaks=1, false_alarm=0.1)) for _ in range(300))
    assert 3 <= result <= 36  # at most 30 are expected; fewer, since neighboring bins are correlated


def test_peaks_of_twice_the_threshold_are_detected(rng):
    """The threshold for a known floor and no window is 2 std sqrt(ln(M / p) / T)."""
    threshold = 2 * np.sqrt(np.log(480 / 0.01) / 960)
    result = [peaks(sine(31.3, 2 * threshold) + rng.normal(size=960), fs=FS) for _ in range(60)]
    assert sum(any(abs(line.frequency - 31.3) < 0.1 for line in lines) for lines in result) > 50


@pytest.mark.parametrize(("amplitude", "limit"), [(1, 1.1), pytest.param(10, 1.2, marks=pytest.mark.slow)])
def test_peaks_reach_the_bound_with_correct_standard_errors(rng, amplitude, limit):
    errors: list[Any] = []
    stderr: list[Any] = []
    for _ in range(250):
        frequency = rng.uniform(5, 110)
        (line,) = peaks(sine(frequency, amplitude, rng.uniform(0, 6), 480) + rng.normal(size=480), fs=FS, max_peaks=1)
        errors.append([line.frequency - frequency, line.amplitude - amplitude])
        stderr.append([line.frequency_stderr, line.amplitude_stderr])
    scatter = np.sqrt(np.mean(np.square(errors), axis=0))
    bound = np.sqrt(6) * FS / (np.pi * amplitude * 480**1.5), np.sqrt(2 / 480)
    assert (scatter < limit * np.array(bound)).all()
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(stderr), axis=0)), scatter, rtol=0.12)


def test_weak_peaks_are_detected_next_to_strong_ones(rng):
    """The amplitudes are 200, 20 and 5, and the noise has a standard deviation of 2.44, as for a beam in mpx."""
    wave = sine(5.07, 200) + sine(31.33, 20) + sine(87.77, 5)
    for _ in range(10):
        lines = peaks(wave + rng.normal(0, 2.44, 960), fs=FS)
        assert [round(line.frequency, 1) for line in lines] == [5.1, 31.3, 87.8]
        assert [line.is_steady for line in lines][1:] == [True, True]
        for line, amplitude in zip(lines, (200, 20, 5), strict=True):
            assert abs(line.amplitude - amplitude) < 5 * line.amplitude_stderr
            assert line.amplitude_stderr == pytest.approx(2.44 * np.sqrt(2 / 960), rel=0.4)


def test_several_signals_reduce_the_standard_error(rng):
    shape = np.array([1.0, -0.5, 2.0, 0.0])
    values = np.outer(sine(31.33, 0.25), shape) + rng.normal(size=(960, 4))
    (line,) = peaks(values.reshape(960, 2, 2), fs=FS)
    assert line.amplitude.shape == line.phase.shape == (2, 2)
    assert abs(line.frequency - 31.33) < 5 * line.frequency_stderr
    (single,) = peaks(values[:, 2], fs=FS)
    assert line.frequency_stderr < 0.98 * single.frequency_stderr
    rotated = np.exp(1j * (line.phase.ravel()[:3] - 0.3))
    np.testing.assert_allclose(rotated.real, [1, -1, 1], atol=0.15)


def test_an_unsteady_vibration_has_larger_standard_errors(rng):
    decaying = sine(31.3) * np.exp(-np.arange(960) / 200) + rng.normal(0, 0.01, 960)
    line = peaks(decaying, fs=FS)[0]
    assert not line.is_steady
    steady = peaks(sine(31.3, float(line.amplitude)) + rng.normal(0, 0.01, 960), fs=FS)[0]
    assert steady.is_steady and line.frequency_stderr > 4 * steady.frequency_stderr


def test_a_band_and_unknown_signals():
    values = np.stack([sine(31.3) + sine(60.2), np.full(960, np.nan)], axis=1)
    values[:, 0] += np.random.default_rng(0).normal(0, 0.1, 960)
    (line,) = peaks(values, fs=FS, band=(50, 70))
    assert round(line.frequency, 1) == 60.2
    assert np.isnan(line.amplitude[1]) and line.amplitude[0] == pytest.approx(1, abs=0.03)


@pytest.mark.slow
@pytest.mark.skipif(not VIDEOS.exists(), reason="the real clips are not installed")
def test_tuning_fork():
    """At the nominal rate of 500 Hz, a fork of 64 Hz is measured at 64.04 Hz.

    The difference exceeds the standard error by far, unless that includes the uncertainty of the rate.
    """
    clip = vmm.io.stream(VIDEOS / "tuning_64hz_500fps.mp4", fs=500, gray=True, end=1.2)
    chunks = (chunk[:, 64:192, 272:320] for chunk in clip)
    signal = vmm.measure.displacement(np.concatenate(list(chunks)), [(8, 8, 100, 32)], fs=500)
    line = peaks(signal, band=(20, 240), max_peaks=1)[0]
    assert line.unit == "px"
    assert line.frequency == pytest.approx(64.04, abs=0.005)
    assert line.frequency_stderr < 0.004
    with_fs_uncertainty = peaks(signal, band=(20, 240), max_peaks=1, fs_uncertainty=1e-3)[0]
    assert abs(with_fs_uncertainty.frequency - 64.0) < with_fs_uncertainty.clock_stderr < 0.07


def wandering(kind, rng, count=480):
    """A slow wander with a range of 1."""
    t = np.linspace(0, 1, count)
    wander = {
        "exponential": np.exp(-5 * t),
        "parabola": (t - 0.3) ** 2,
        "sine": np.cos(2 * np.pi * 0.6 * t + 1),
        "walk": np.cumsum(rng.normal(size=count)),
        "step": (t > 0.15).astype(float),
    }[kind]
    return wander / np.ptp(wander)


@pytest.mark.parametrize("kind", ["exponential", "parabola", "sine", "walk", "step"])
def test_a_slow_wander_does_not_disturb_a_line(rng, kind):
    lines, amplitude, extra = list[Any](), 0.05, 0
    for _ in range(12):
        noise = rng.normal(0, 0.1 * amplitude, 480)
        wave = sine(24.34, amplitude, rng.uniform(0, 6), 480) + 20 * amplitude * wandering(kind, rng) + noise
        line, *others = sorted(peaks(wave, fs=FS), key=lambda line: abs(line.frequency - 24.34))
        extra += len(others)
        errors = np.array([line.frequency - 24.34, float(line.amplitude) - amplitude])
        lines.append(errors / [line.frequency_stderr, float(line.amplitude_stderr)])
    assert extra == 0 or kind == "walk"  # a random walk has false alarms of its own
    assert np.sqrt(np.mean(np.square(lines), axis=0)).max() < 1.6


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_falling_noise_yields_few_peaks(rng, exponent):
    white = np.fft.rfft(rng.normal(size=(2000, 30)), axis=0)
    noise = np.fft.irfft(white / np.maximum(np.arange(len(white)), 1)[:, None] ** exponent, axis=0)[:480]
    assert sum(bool(peaks(signal)) for signal in noise.T) <= 3


@pytest.mark.parametrize("periods", [1.2, 1.4, 1.6])
def test_slow_vibrations_are_not_peaks_by_default_and_marked_in_a_band(rng, periods):
    wave = sine(periods * FS / 960) + rng.normal(0, 0.05, 960)
    assert peaks(wave, fs=FS) == []
    (line,) = peaks(wave, fs=FS, band=(FS / 960, 20))
    assert abs(line.frequency - periods * FS / 960) < 4 * line.frequency_stderr
    assert "fewer than 2 periods" in line.reason and not line.is_reliable


@pytest.mark.parametrize("bins", [0.4, 1.0, 1.7, 2.5, 3.0])
def test_close_lines_are_told_apart_or_marked(rng, bins):
    frequencies = np.array([50.0, 50.0 + bins * FS / 960])
    for _ in range(5):
        wave = sum(sine(f, a, rng.uniform(0, 6)) for f, a in zip(frequencies, (10, 3), strict=True))
        lines = sorted(peaks(wave + rng.normal(size=960), fs=FS), key=lambda line: line.frequency)
        if len(lines) == 2:
            errors = [line.frequency for line in lines] - frequencies
            assert (np.abs(errors) < 4 * np.array([line.frequency_stderr for line in lines])).all()
        else:
            assert not any(line.is_reliable for line in lines)


def test_a_noiseless_sine_is_one_line():
    (line,) = peaks(sine(31.3), fs=FS)
    assert line.frequency == pytest.approx(31.3, abs=1e-6) and line.frequency_stderr < 1e-6


def test_the_uncertainty_of_the_clock_is_apart(rng):
    wave = sine(31.3) + rng.normal(0, 0.1, 960)
    line, exact, unknown = peaks(wave, fs=FS)[0], peaks(wave, fs=FS, fs_uncertainty=0)[0], peaks(wave)[0]
    assert line.clock_stderr == pytest.approx(31.3e-4, rel=1e-3) and exact.clock_stderr == unknown.clock_stderr == 0
    assert line.frequency_stderr == exact.frequency_stderr


def test_aliased_harmonics_are_named(rng):
    wave = sine(64.04, count=1728, fs=500) + 0.2 * sine(5 * 64.04, count=1728, fs=500) + rng.normal(0, 0.1, 1728)
    _, second = peaks(wave, fs=500)
    assert second.harmonic is not None and second.harmonic.text("Hz") == "5th harmonic of 64.04 Hz, aliased"


# Orbits.


@pytest.mark.parametrize(("angle", "minor"), [(30, 0.1), (-50, -0.05), (80, 0.0)])
def test_an_ellipse_is_measured(rng, angle, minor):
    phase, tilt = 2 * np.pi * 5.03 * np.arange(480) / FS + 1, np.deg2rad(angle)
    along, across = 0.3 * np.cos(phase), minor * np.sin(phase)
    right, down = along * np.cos(tilt) - across * np.sin(tilt), along * np.sin(tilt) + across * np.cos(tilt)
    values = np.stack([down, right], axis=1)[:, None] + rng.normal(0, 0.01, (480, 1, 2))
    result = orbit(values, 5.03, fs=FS)
    assert result.stderr[0] == pytest.approx(0.01 * np.sqrt(2 / 480), rel=0.4)
    assert result.major[0] == pytest.approx(0.3, abs=0.003) and result.minor[0] == pytest.approx(minor, abs=0.003)
    assert result.angle[0] == pytest.approx(angle, abs=1)
    path = result.path(200)[:, 0]
    assert np.hypot(*path.T).max() == pytest.approx(0.3, abs=0.003)


# Derivatives and integrals.


@pytest.mark.parametrize("drift", [0.0, 3.0])
def test_derivatives(drift):
    times, omega = np.arange(960) / FS, 2 * np.pi * 7.3
    signal = 0.2 * np.sin(omega * times) + drift * times
    inner = slice(60, -60)
    np.testing.assert_allclose(
        velocity(signal, fs=FS)[inner], (0.2 * omega * np.cos(omega * times) + drift)[inner], atol=0.1
    )
    expected = -0.2 * omega**2 * np.sin(omega * times)
    np.testing.assert_allclose(acceleration(signal, fs=FS)[inner], expected[inner], atol=4)


def test_derivatives_of_a_result_are_results_with_standard_errors(rng):
    noise = rng.normal(0, 0.02, (2400, 4, 2))
    signal = FakeResult(noise, np.full((4, 2), 0.02), np.ones((4, 2), bool))
    for change, unit in ((velocity, "mm/s"), (acceleration, "mm/s²")):
        changed = change(signal, cutoff=80)
        assert isinstance(changed, FakeResult) and changed.unit == unit
        assert changed.values[100:-100].std() == pytest.approx(changed.stderr.mean(), rel=0.03)


@pytest.mark.parametrize("order", [1, 2])
def test_integration_removes_the_drift_of_a_sensor(rng, order):
    times, omega = np.arange(4800) / FS, 2 * np.pi * 7.3
    signal = 0.2 * np.sin(omega * times)
    sensor = {1: 0.2 * omega * np.cos(omega * times), 2: -(omega**2) * signal}[order]
    drifting = sensor + 0.5 + 0.1 * times  # sensors have an offset and a drift
    result = integrate(drifting, fs=FS, highpass=1.0, order=order)
    np.testing.assert_allclose(result[480:-480], signal[480:-480], atol=0.01)


def test_a_velocity_has_a_quantity_and_a_unit():
    signal = vmm.measure.RegionSignal(
        np.zeros((32, 1, 2)),
        np.zeros((1, 2)),
        np.ones((1, 2), bool),
        ((0, 0, 8, 8),),
        30.0,
        "px",
        np.zeros(1),
        np.ones((32, 1), bool),
    )
    speed, rate = velocity(signal), acceleration(velocity(signal))
    assert (speed.quantity, speed.unit) == ("velocity", "px/s")
    assert (rate.quantity, rate.unit) == ("acceleration", "px/s²")
    assert speed.times[3] == pytest.approx(0.1)
    unknown_rate = dataclasses.replace(signal, fs=1.0, time_unit="frame")
    assert velocity(unknown_rate).unit == "px/frame"
    with pytest.raises(ValueError, match="'acceleration' cannot be differentiated to velocity"):
        velocity(rate)


def test_units_without_a_rate(rng):
    wave = sine(30) + rng.normal(0, 0.1, 960)
    assert spectrum(wave).frequency_unit == peaks(wave)[0].frequency_unit == "cycles/frame"
    assert spectrum(wave, kind="density").unit == "1/(cycles/frame)" and spectrum(wave, fs=1.0).frequency_unit == "Hz"


def test_the_default_spectrum_resolves_a_peak():
    result = spectrum(sine(5, count=480), fs=FS)
    assert result.frequencies[result.values.argmax()] == pytest.approx(5)


# Sensors.


def wobble(times):
    return np.sin(2 * np.pi * 0.71 * times) + 0.5 * np.sin(2 * np.pi * 1.93 * times + 1) * np.sin(0.2 * times)


@pytest.mark.parametrize("sensor_fs", [16.5, 100.0, 1000.0])
@pytest.mark.parametrize("gain", [0.2, -3.0])
def test_a_sensor_is_aligned_and_resampled(rng, sensor_fs, gain):
    measured = gain * wobble(np.arange(450) / 30 + 2.37) + 5
    sensor = wobble(np.arange(int(20 * sensor_fs)) / sensor_fs)
    result = compare(measured + rng.normal(0, 0.01 * abs(gain), 450), sensor, fs=30, sensor_fs=sensor_fs)
    assert result.lag == pytest.approx(2.37, abs=0.01)
    assert result.gain == pytest.approx(gain, rel=0.02)
    assert result.correlation * np.sign(gain) > 0.999
    assert result.normalized_mae < 0.01
    assert len(result.measured) == len(result.sensor) == len(result.times) == 450


def test_the_mean_absolute_error_is_normalized():
    up = np.linspace(0, 1, 100)
    comparison = compare(up, up**2, fs=1, sensor_fs=1, max_lag=0)
    assert comparison.normalized_mae == pytest.approx(1 / 6, abs=0.01)
    assert compare(up, 7 * up + 3, fs=1, sensor_fs=1, max_lag=0).normalized_mae < 1e-9


# Invalid arguments.


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: spectrum(x, fs=-1), "fs=-1 must be a positive number"),
        (
            lambda x: spectrum(x, kind="power"),  # type: ignore[arg-type]
            "kind='power' must be one of amplitude, density",
        ),
        (lambda x: spectrum(x, segments=199), "segments=199 must lie in 1 to"),
        (lambda x: spectrum(x, average=True), r"average=True needs signals \(T, R, ...\)"),
        (lambda x: spectrum(x[:10]), "10 samples are too few"),
        (lambda x: spectrum(np.where(np.arange(960) == 5, np.nan, x)), "first at sample 5"),
        (lambda x: peaks(0 * x), "all signals are unknown or constant"),
        (lambda x: peaks(x, max_peaks=0), "max_peaks=0 must be at least 1"),
        (lambda x: peaks(x, fs_uncertainty=-1), r"fs_uncertainty=-1 must lie in \[0, 1\)"),
        (lambda x: peaks(x, fs=FS, band=(0.1, 5)), r"too short for band=\(0.1, 5\) Hz"),
        (lambda x: peaks(x, fs=FS, band=(5, 500)), r"must be rising and lie inside \(0, fs/2\]"),
        (lambda x: orbit(x, 5, fs=FS), r"must be displacement \(T, ..., 2\)"),
        (lambda x: velocity(x, fs=FS, cutoff=500), "cutoff=500 must lie inside"),
        (lambda x: integrate(x, fs=FS, highpass=0), "highpass=0 must lie inside"),
        (lambda x: integrate(x, fs=FS, highpass=1, order=3), "order=3 must be 1"),
        (lambda x: compare(x, np.stack([x, x]), fs=FS, sensor_fs=FS), "too few|sensor must be one signal"),
        (lambda x: compare(x, x, fs=FS, sensor_fs=FS, max_lag=-1), "max_lag=-1 must be a time in seconds"),
    ],
)
def test_invalid_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call(sine(5))


def test_text_is_refused_as_signal():
    with pytest.raises(TypeError, match="signals must be real numbers"):
        spectrum(np.array(["a"] * 20))


def test_whether_a_line_changes_does_not_depend_on_rounding():
    random = np.random.default_rng(3)
    ratios, claims = [], 0
    for _ in range(400):
        noise = random.normal(size=(150, 2))
        basis, coefs = fit_sines(noise, [0.21])
        residual = noise - basis @ coefs
        claimed, ratio = changes(residual, basis, 0.21, np.ones(2))
        same = [
            changes(residual, basis @ matrix, 0.21, np.ones(2))[1] for matrix in ([[0, 1], [1, 0]], [[1, 1], [-1, 1]])
        ]
        np.testing.assert_allclose(same, ratio, rtol=1e-9)
        ratios.append(ratio)
        claims += claimed
    assert np.mean(ratios) == pytest.approx(1, abs=0.06) and claims <= 8
    alternating = np.array([1.0, -1.0] * 75)[:, None]  # At half of the rate, there are no sines.
    assert 0 < changes(noise, alternating, 0.5, np.ones(2))[1] < 4


def test_a_peak_prints_its_frequency_with_as_many_digits_as_its_errors_allow():
    rng = np.random.default_rng(0)
    signal = 0.2 * np.sin(2 * np.pi * 64 * np.arange(1000) / 500) + 0.05 * rng.normal(size=1000)
    (peak,) = vmm.measure.peaks(signal, fs=500)
    match = re.fullmatch(r"(64\.0\d*|63\.9\d*) \+- (0\.00\d*) \(noise\) \+- (0\.0064) \(clock 1e-4\) Hz", str(peak))
    assert match is not None
    value, noise, clock = match.groups()
    assert abs(float(value) - 64) < 5 * float(noise)
    assert float(noise) == pytest.approx(peak.frequency_stderr, rel=0.05)
    assert float(clock) == pytest.approx(peak.clock_stderr, rel=0.05)
