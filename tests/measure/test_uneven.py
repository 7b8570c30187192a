"""Measurement of clips and signals whose samples are unevenly spaced in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic
from vmm.engine.times import even_interval, usual_interval
from vmm.measure.signals._sampling import as_positions, bin_frequencies, fourier_sums
from vmm.measure.signals._signal import Signals

N = np.arange(200)
RNG = np.random.default_rng(7)
TIMES = {
    "gaps": N[N % 7 != 6] / 30,
    "slower": N[(N < 100) | (N % 2 == 0)] / 30,
    "60 and 70 ms": np.cumsum([0] + [0.06] * 50 + [0.07] * 50),
    "30 and 100 ms": np.cumsum([0] + [0.03, 0.1] * 60),
    "jitter": (N + RNG.uniform(-0.2, 0.2, 200)) / 30,
    "random": N[RNG.random(200) > 0.3] / 30,
}
KINDS = pytest.mark.parametrize("kind", TIMES)


def signals(times: np.ndarray, values: np.ndarray, **options: Any) -> Signals:
    """Signals at these times."""
    times = times - times[0]
    return Signals(values, (len(times) - 1) / times[-1], "px", positions=as_positions(times), **options)


def clip(frames: np.ndarray, times: np.ndarray | None, fs: float = 30.0, **options: Any) -> vmm.io.Clip:
    """A clip of frames at these times, in chunks."""

    def chunks() -> Any:
        return iter(np.array_split(frames, 5))

    times = None if times is None else times - times[0]
    return vmm.io.Clip(chunks, frames.shape, frames.dtype, fs, None, times=times, **options)


def texture(times: np.ndarray, frequency: float = 4.0, amplitude: float = 0.3, seed: int = 0) -> np.ndarray:
    """Frames (T, 48, 64) of a texture that moves down."""
    moves = np.zeros((len(times), 2))
    moves[:, 0] = amplitude * np.sin(2 * np.pi * frequency * times)
    return synthetic.render(synthetic.texture((48, 64)), moves, noise=1.0, seed=seed)


@KINDS
def test_fourier_sums_equal_direct_sums(kind: str) -> None:
    positions: Any = as_positions(TIMES[kind])
    values = np.random.default_rng(0).normal(size=(len(positions), 3))
    direct = np.exp(-2j * np.pi * np.outer(bin_frequencies(len(positions), positions), positions)) @ values
    assert np.abs(fourier_sums(values, positions) - direct).max() < 1e-7


@pytest.mark.filterwarnings("ignore:the times of the frames leave open")
@KINDS
def test_peaks_have_true_standard_errors_and_no_false_lines(kind: str) -> None:
    times, errors, n_false = TIMES[kind], [], 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        wave = 0.5 * np.sin(2 * np.pi * 4 * times + rng.uniform(0, 6)) + 0.1 * np.sin(2 * np.pi * 6.3 * times)
        lines = vmm.measure.peaks(signals(times, wave + rng.normal(0, 0.02, len(times))))
        n_false += len(lines) - 2
        first = lines[0]
        amplitude = (float(first.amplitude) - 0.5) / float(first.amplitude_stderr)
        errors.append(((first.frequency - 4) / first.frequency_stderr, amplitude))
    assert n_false <= 1
    scatter = np.sqrt(np.mean(np.square(errors), axis=0))
    assert (scatter > 0.3).all() and (scatter < 1.8).all()


def test_even_positions_give_the_same_peaks_as_none() -> None:
    wave = np.sin(2 * np.pi * 0.13 * N) + 0.1 * np.random.default_rng(0).normal(size=200)
    (even,) = vmm.measure.peaks(wave)
    (uneven,) = vmm.measure.peaks(Signals(wave, 1.0, time_unit="frame", positions=N.astype(float)))
    assert uneven.frequency == pytest.approx(even.frequency, abs=1e-6)
    assert uneven.frequency_stderr == pytest.approx(even.frequency_stderr, rel=0.02)


def test_ambiguous_frequencies_are_left_out_with_the_reason() -> None:
    times = np.concatenate(
        [np.arange(22) / 60, 22 / 60 + np.arange(178) / 30]
    )  # Only 22 frames differ between 4 and 26 Hz.
    wave = np.sin(2 * np.pi * 4 * times) + np.random.default_rng(2).normal(0, 1.4, 200)
    with pytest.warns(UserWarning, match="leave open whether a vibration has .* or .* Hz"):
        assert vmm.measure.peaks(signals(times, wave)) == []


@KINDS
def test_spectrum_phasors_orbit_and_velocity(kind: str) -> None:
    times = TIMES[kind] - TIMES[kind][0]
    wave = 0.5 * np.sin(2 * np.pi * 4 * times + 1)
    data = signals(
        times, np.stack([wave, 0.5 * wave], axis=1) + np.random.default_rng(1).normal(0, 1e-3, (len(times), 2))
    )
    spectrum = vmm.measure.spectrum(data)
    near = np.abs(spectrum.frequencies - 4) < 3.1 * spectrum.fs / len(times)
    assert spectrum.values[near, 0].max() == pytest.approx(0.5, rel=0.16)
    assert spectrum.values[~near, 0].max() < 0.01
    assert np.abs(vmm.measure.phasors(data, [4.0])[0]) == pytest.approx([0.5, 0.25], abs=1e-3)
    assert float(vmm.measure.orbit(data, 4.0).major) == pytest.approx(0.5 * np.sqrt(1.25), abs=1e-3)
    velocity = vmm.measure.velocity(data).values[15:-15, 0]
    exact = 0.5 * 2 * np.pi * 4 * np.cos(2 * np.pi * 4 * times + 1)
    assert np.abs(velocity - exact[15:-15]).max() < 0.4


@pytest.mark.parametrize("kind", ["gaps", "60 and 70 ms"])
def test_clip(kind: str) -> None:
    times = TIMES[kind]
    frames = texture(times)
    signal = vmm.measure.displacement(clip(frames, times), (8, 8, 32, 48))
    assert np.allclose(signal.times, times) and signal.fs == pytest.approx((len(times) - 1) / times[-1])
    (peak,) = vmm.measure.peaks(signal)
    assert abs(peak.frequency - 4) < 4 * peak.frequency_stderr and peak.frequency_stderr < 1e-3
    first, *others = vmm.measure.suggest(clip(frames, times))
    assert abs(first.frequency - 4) < 3 * first.frequency_stderr and first.fs == 30
    assert all(abs(other.frequency - 4 * round(other.frequency / 4)) < 0.3 for other in others)
    shapes = vmm.measure.modes(clip(frames, times), [4.0], step=8).shapes
    assert np.nanmedian(abs(shapes[0, ..., 0])) == pytest.approx(0.3, abs=0.01)


def test_frames_at_the_same_time_have_no_interval() -> None:
    times = np.array([0, 0.033, 0.033, 0.033, 0.067, 0.1, 0.133, 0.167, 0.2])
    assert usual_interval(times) == pytest.approx(0.033)
    assert even_interval(times) == pytest.approx(0.025)


def test_given_rate_scales_the_times() -> None:
    times = TIMES["gaps"]
    signal = vmm.measure.displacement(clip(texture(times), times), (8, 8, 32, 48), fs=300)
    assert np.allclose(signal.times, times / 10)
    assert vmm.measure.peaks(signal)[0].frequency == pytest.approx(40, abs=0.01)


def test_pulse_and_breathing() -> None:
    times = N[N % 7 != 6] / 15
    wave = np.sin(2 * np.pi * 1.2 * times)
    color = np.array([150, 110, 90]) + np.outer(wave, [0.5, 2.0, 1.0])
    frames = np.broadcast_to(color[:, None, None], (len(times), 16, 16, 3)).astype(np.float32)
    assert vmm.measure.pulse(clip(frames, times, 15.0)).rate == pytest.approx(72, abs=0.5)
    slow = np.sin(2 * np.pi * 0.4 * times) + np.random.default_rng(0).normal(0, 0.05, len(times))
    assert vmm.measure.breathing(signals(times, slow)).rate == pytest.approx(24, abs=0.3)


def test_sound_needs_a_grid() -> None:
    times = TIMES["jitter"]
    with pytest.raises(ValueError, match="unevenly spaced in time, and sound needs an even rate"):
        vmm.measure.sound(clip(texture(times), times))
    gaps = TIMES["gaps"]
    sound = vmm.measure.sound(clip(texture(gaps, amplitude=0.05), gaps), band=(2, 12))
    assert sound.is_known and sound.fs == pytest.approx(30)


def test_faults_state_the_spacing_and_do_not_search_for_gaps() -> None:
    times = TIMES["gaps"]
    faults = vmm.measure.faults(clip(texture(times), times))
    assert faults.dropped == () and "unevenly spaced in time, from 15 to 30 frames/s" in faults.messages[0]


def test_files_hold_true_times(tmp_path: Any) -> None:
    times = TIMES["60 and 70 ms"]
    signal = vmm.measure.displacement(clip(texture(times), times), (8, 8, 32, 48))
    vmm.measure.save(tmp_path / "s.csv", signal)
    vmm.measure.save(tmp_path / "s.npz", signal)
    columns = np.loadtxt(tmp_path / "s.csv", delimiter=",", skiprows=1)
    assert np.allclose(columns[:, 0], times, atol=1e-7)
    assert np.allclose(vmm.measure.load(tmp_path / "s.npz").times, times)


def test_uff_has_an_uneven_abscissa(tmp_path: Any) -> None:
    pyuff = pytest.importorskip("pyuff")
    times = TIMES["60 and 70 ms"]
    signal = vmm.measure.displacement(clip(texture(times), times), (8, 8, 32, 48))
    vmm.measure.save(tmp_path / "s.uff", signal)
    (history, *_) = [part for part in pyuff.UFF(str(tmp_path / "s.uff")).read_sets() if part["type"] == 58]
    assert history["abscissa_spacing"] == 0 and np.allclose(history["x"], times, atol=1e-5)


def test_codec_rhythm_is_marked_and_last() -> None:
    times = np.arange(480) / 24
    waves = [(2.0, 0.01), (4.0, 0.02), (6.0, 0.015), (5.3, 0.004)]
    wave = sum(a * np.sin(2 * np.pi * f * times + f) for f, a in waves)
    noise = np.random.default_rng(0).normal(0, 0.003, len(times))
    peaks = vmm.measure.peaks(Signals(wave + noise, 24.0, "px", key_rate=2.0))
    assert [round(peak.frequency, 1) for peak in peaks] == [5.3, 4.0, 6.0, 2.0]
    assert [peak.is_codec_rhythm for peak in peaks] == [False, True, True, True]
    large = vmm.measure.peaks(Signals(wave * 0 + 0.5 * np.sin(8 * np.pi * times) + noise, 24.0, "px", key_rate=2.0))
    assert [peak.is_codec_rhythm for peak in large] == [False]
