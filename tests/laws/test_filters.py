"""Laws of temporal filters: chunks equal the whole, the stated delay is the true one, the gain is 1 in the band."""

from itertools import pairwise

import numpy as np
import pytest
from cases import BANDPASS, FILTERS, TOLERANCE
from hypothesis import given, settings
from hypothesis import strategies as st

import vmm
from vmm.backend.autoregression import Autoregression
from vmm.backend.reference import biquads
from vmm.parts import WholeClipFilter
from vmm.temporal import acceleration, butterworth, causal, difference, fir, ideal, iir, jerk, unwrap

STREAMING = [name for name, part in FILTERS.items() if not isinstance(part, WholeClipFilter)]


def delay_of(part):
    return getattr(part, "delay", 0)


def in_chunks(part, x, cuts):
    edges = [0, *sorted(cuts), len(x)]
    memory, out = None, []
    for start, stop in pairwise(edges):
        if stop > start:
            y, memory = part.apply(x[start:stop], memory)
            out.append(y)
    return np.concatenate(out)


@pytest.mark.parametrize("name", STREAMING)
@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 150), max_size=8))
def test_chunks_equal_the_whole(name, cuts):
    x = np.random.default_rng(1).normal(size=(150, 3, 2))
    np.testing.assert_allclose(in_chunks(FILTERS[name], x, cuts), FILTERS[name].apply(x, None)[0], atol=1e-9)


@pytest.mark.parametrize("name", STREAMING)
def test_memory_does_not_grow(name):
    def size(memory):
        return sum(map(size, memory)) if isinstance(memory, (list, tuple)) else np.asarray(memory).nbytes

    x = np.random.default_rng(1).normal(size=(400, 5))
    _, short = FILTERS[name].apply(x[:200], None)
    _, long = FILTERS[name].apply(x[200:], short)
    assert size(long) == size(short)


@pytest.mark.parametrize("name", FILTERS)
def test_dtype_stays(name, dtype, rng):
    y, _ = FILTERS[name].apply(rng.normal(size=(120, 4)).astype(dtype), None)
    assert y.dtype == dtype


@pytest.mark.parametrize("name", BANDPASS)
def test_gain_is_one_at_the_centre_and_the_delay_is_true(name):
    part, tolerance = BANDPASS[name]
    f = 6**0.5 / 30  # geometric centre of 2 to 3 Hz
    t = np.arange(600)
    y, _ = part.apply(np.cos(2 * np.pi * f * t), None)
    inner = slice(200, 500)
    answer = 2 * np.mean(y[inner] * np.exp(-2j * np.pi * f * (t[inner] - delay_of(part))))
    window = 2 * np.mean(np.cos(2 * np.pi * f * t[inner]) * np.exp(-2j * np.pi * f * t[inner]))
    gain = answer / window
    assert abs(gain) == pytest.approx(1, abs=max(tolerance, 2e-2))
    if name == "jerk":
        gain *= -1j if gain.imag > 0 else 1j  # a quarter period off the motion
    assert abs(np.angle(gain)) / (2 * np.pi * f) < 0.5  # frames


@pytest.mark.parametrize("name", BANDPASS)
def test_constants_do_not_pass(name, dtype):
    y, _ = BANDPASS[name][0].apply(np.full((200, 2), 7, dtype), None)
    np.testing.assert_allclose(y, 0, atol=7 * TOLERANCE[dtype.name])


def test_difference_undoes_unwrap(rng):
    x = rng.normal(size=(20, 3))
    y, _ = difference().apply(unwrap().apply(x, None)[0], None)
    np.testing.assert_allclose(y[1:], x[1:], atol=1e-12)


def test_fir_passes_its_band_and_stops_the_rest():
    taps = impulse(fir((72, 92), 600), 801)
    assert gain_at(taps, 82 / 600) == pytest.approx(1, abs=1e-9)
    assert gain_at(taps, 72 / 600) == pytest.approx(0.5, abs=0.02)
    assert max(gain_at(taps, f / 600) for f in (0, 20, 50, 110, 200, 299)) < 4e-3


@pytest.mark.parametrize("band", [(0.2, 0.3), (2.4, 3.6), (2, 4), (1, 3), (0.5, 1), (10, 14), (13, 14.9)])
def test_causal_filter_is_in_phase_in_the_middle_and_steep(band):
    low, high = band
    response = impulse(causal(band, 30), 8000)

    def gain(f):
        return np.exp(-2j * np.pi * f / 30 * np.arange(-1, len(response) - 1)) @ response

    assert gain((low + high) / 2) == pytest.approx(1, abs=1e-6)
    assert all(abs(1 + 14 * gain(f)) < 1.1 for f in (low / 2.3, 2.3 * high) if f < 15)


@pytest.mark.parametrize("band", [(0.01, 14.99), (1, 14), (0.001, 0.002), (14.9, 14.99)])
def test_causal_filter_is_stable_for_any_band(band):
    response = impulse(causal(band, 30), 400)
    assert np.abs(response).max() < 2


def test_fir_length():
    assert fir((1, 2), 30, taps=31).delay == 15
    with pytest.raises(ValueError, match="taps=30 must be an odd number"):
        fir((1, 2), 30, taps=30)


@pytest.mark.parametrize("f", [0.02, 0.1, 0.25])
def test_acceleration_peaks_at_its_frequency(f):
    weights = impulse(acceleration(f), 1201)
    near = np.linspace(0.5 * f, 1.5 * f, 401)
    gains = [gain_at(weights, g) for g in near]
    assert near[np.argmax(gains)] == pytest.approx(f, rel=0.02)
    assert gain_at(weights, f) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("design", [acceleration, jerk])
def test_derivatives_do_not_pass_ramps(design):
    part = design(3, 30)
    y, _ = part.apply(np.arange(200.0)[:, None], None)
    expected = 0.0
    np.testing.assert_allclose(
        y[2 * part.delay :] if design is acceleration else np.diff(y[60:], axis=0), expected, atol=1e-9
    )


# What the published filters do, in parity mode.


def test_published_ideal_has_a_gain_of_one_half():
    x = np.sin(2 * np.pi * 6 * np.arange(90) / 90)
    y, _ = ideal((1.8, 2.2), 30, published=True).apply(x, None)
    np.testing.assert_allclose(y, x / 2, atol=1e-9)


def test_published_butterworth_cuts_at_half_the_stated_frequencies():
    response = impulse(butterworth((3.6, 6.2), 30, published=True), 4000)
    gains = np.array([gain_at(response, f / 30) for f in np.arange(0.5, 6, 0.01)])
    passed = np.arange(0.5, 6, 0.01)[gains >= gains.max() / np.sqrt(2)]
    # each low-pass falls to -3 dB at 1.8 and 3.1 Hz: so does their difference near its peak
    import scipy.signal

    low = [abs(scipy.signal.freqz(*scipy.signal.butter(1, f / 30), worN=[np.pi * f / 30])[1][0]) for f in (3.6, 6.2)]
    np.testing.assert_allclose(low, np.sqrt(0.5), rtol=1e-9)
    b, a = (scipy.signal.butter(1, f / 30) for f in (6.2, 3.6))
    expected = [
        abs(scipy.signal.freqz(*b, worN=[w])[1][0] - scipy.signal.freqz(*a, worN=[w])[1][0]) for w in (0.2, 0.5)
    ]
    np.testing.assert_allclose([gain_at(response, w / 2 / np.pi) for w in (0.2, 0.5)], expected, rtol=1e-6)
    assert passed[0] < 1.8 < 3.1 < passed[-1]


def test_published_iir_pass_band():
    response = impulse(iir(r=(0.4, 0.05)), 4000)
    f = np.arange(0.05, 6, 0.01)
    gains = np.array([gain_at(response, g / 30) for g in f])
    assert f[gains.argmax()] == pytest.approx(0.78, abs=0.02)
    assert gains.max() == pytest.approx(0.82, abs=0.01)
    passed = f[gains >= gains.max() / np.sqrt(2)]
    assert passed[[0, -1]] == pytest.approx([0.21, 2.96], abs=0.05)


def test_published_acceleration_kernels():
    f, fs = 4, 30
    dog, interval, takeda = (acceleration(f, fs, kernel=k) for k in ("dog", "interval", "takeda"))
    assert (dog.delay, interval.delay) == (4, 2)
    assert gain_at(impulse(interval, 200), f / fs) == pytest.approx(0.5, abs=0.07)
    assert gain_at(impulse(dog, 200), f / fs) == pytest.approx(0.56, abs=0.07)
    assert gain_at(impulse(acceleration(20, 480, kernel="takeda"), 200), 20 / 480) < 0.25
    assert gain_at(impulse(jerk(3, 240, kernel="takeda"), 400), 3 / 240) < 0.1
    assert takeda.delay == 1


def test_acceleration_kernels_have_the_gains_that_are_stated():
    for part, power in ((acceleration(3, 60), 1), (acceleration(3, 60, kernel="narrow"), 3)):
        response = impulse(part, 400)
        for ratio in (0.23, 0.5, 1.0, 2.0):
            gain = (ratio**2 * np.exp(1 - ratio**2)) ** power
            assert gain_at(response, ratio * 3 / 60) == pytest.approx(gain, abs=0.01)


@pytest.mark.parametrize("design", [acceleration, jerk])
def test_unknown_kernel(design):
    with pytest.raises(ValueError, match="kernel='x' must be"):
        design(3, 30, kernel="x")


# Frequencies out of range.


@pytest.mark.parametrize("name", ["ideal", "fir", "causal", "butterworth", "iir"])
@pytest.mark.parametrize("band", [(0.4, 20), (3, 2), (0, 2), (-1, 2), (2, 2), (1, float("nan"))])
def test_band_out_of_range(name, band):
    with pytest.raises(ValueError, match=r"must be an increasing pair within \(0, fs/2\) = \(0, 15\) Hz"):
        getattr(vmm.temporal, name)(band, 30)


def test_band_in_hz_without_fs():
    with pytest.raises(ValueError, match=r"\(0, 0\.5\) cycles per frame.*pass fs"):
        fir((72, 92))


@pytest.mark.parametrize("fs", [0, -30, float("nan"), float("inf")])
def test_fs_out_of_range(fs):
    with pytest.raises(ValueError, match="must be a positive number"):
        fir((1, 2), fs)


def test_band_that_is_no_pair():
    with pytest.raises(TypeError, match="two numbers"):
        fir(3, 30)  # type: ignore[arg-type]


@pytest.mark.parametrize("frequency", [0, 15, -2])
def test_frequency_out_of_range(frequency):
    with pytest.raises(ValueError, match=r"must be in \(0, fs/2\) = \(0, 15\) Hz"):
        acceleration(frequency, 30)


def test_other_settings_out_of_range():
    with pytest.raises(ValueError, match="order=0"):
        butterworth((1, 2), 30, order=0)
    with pytest.raises(ValueError, match="must be a decreasing pair"):
        iir(r=(0.05, 0.4))
    with pytest.raises(ValueError, match="exactly one of band"):
        iir((1, 2), 30, r=(0.4, 0.05))
    with pytest.raises(ValueError, match="contains no Fourier component of a clip of 10 frames"):
        ideal((0.2, 0.25), 24, published=True).apply(np.zeros((10, 1)), None)


def impulse(part, n):
    """Response to a unit impulse, or the basis row of a filter over the whole clip."""
    x = np.zeros(n)
    x[n // 2 if delay_of(part) else 0] = 1.0
    if not delay_of(part):  # a recursive filter starts in its steady state: let it stand at 0 first
        x = np.concatenate([[0.0], x])
    return part.apply(x, None)[0]


def gain_at(response, f):
    return abs(np.exp(-2j * np.pi * f * np.arange(len(response))) @ response)


@pytest.mark.parametrize(
    "made",
    [
        butterworth((2, 3), 30),
        butterworth((2, 3), 30, order=3),
        causal((2, 3), 30),
        iir((2, 3), 30),
        iir(r=(0.4, 0.05)),
    ],
    ids=["butterworth", "butterworth 3", "causal", "iir", "iir r"],
)
def test_sections_make_of_differences_what_the_filter_makes_of_their_sum(made, rng):
    """However far the motion has gone: nothing drifts."""
    steps = rng.normal(size=(200, 5)) + 0.5
    steps[0] = 0
    expected, _ = made.apply(np.cumsum(steps, axis=0), None)
    seen = biquads(steps, made.sos, np.zeros((len(made.sos), 2, 5)))
    np.testing.assert_allclose(seen, expected, atol=1e-9)


@pytest.mark.parametrize("n", [40, 41, 1500])
def test_factors_of_the_published_ideal_filter_are_fourier(n, rng):
    x = rng.normal(size=(n, 3))
    spectrum = np.fft.rfft(x, axis=0)
    frequency = np.arange(len(spectrum)) * 30 / n
    spectrum[(frequency <= 2) | (frequency >= 3)] = 0
    synthesis, analysis = ideal((2, 3), 30, published=True).factors(n)
    np.testing.assert_allclose(synthesis @ (analysis @ x), np.fft.irfft(spectrum, n, axis=0) / 2, atol=1e-9)


@pytest.mark.parametrize("n", [60, 1500, 9000])
def test_the_ideal_filter_keeps_two_values_a_component(n):
    synthesis, analysis = ideal((2, 3), 30).extended_factors(n, Autoregression((0.5,), 1))
    assert synthesis.shape == (n, len(analysis)) and analysis.shape[1] == n
    assert len(analysis) <= 2 * (n / 30 + 3)
