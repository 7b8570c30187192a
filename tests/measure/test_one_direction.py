"""Displacement of regions with edges of one direction: known along the normal of the edges, and unknown across it."""

import numpy as np
import pytest

import vmm
from vmm.cli.tables import largest_amplitude, largest_signal, region_rows

FS, N = 60, 96
SWAY = 0.2 * np.sin(2 * np.pi * 6.3 * np.arange(N) / FS)
BOXES = [(24, 24, 31, 31), (30, 34, 21, 21)]


def stripes(degrees, seed=0):
    """Frames of stripes that move along their normal (down, right), and that normal."""
    normal = np.array([np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])
    rows, cols = np.mgrid[:80, :80]
    along = rows * normal[0] + cols * normal[1] - SWAY[:, None, None]
    frames = 120 + 50 * np.sin(2 * np.pi * along / 9) + 20 * np.sin(2 * np.pi * along / 23)
    noise = np.random.default_rng(seed).normal(0, 1, frames.shape)
    return np.rint(frames + noise).astype(np.uint8), normal


@pytest.mark.parametrize("degrees", [30, 45, 75, 120])
def test_the_displacement_along_the_normal(degrees):
    frames, normal = stripes(degrees)
    with pytest.warns(UserWarning, match="regions 0, 1: edges of one direction only.*known along their normal"):
        signal = vmm.measure.displacement(frames, BOXES, fs=FS)
    assert not signal.is_known.any() and signal.is_reliable.all()
    np.testing.assert_allclose(np.asarray(signal.direction), [normal, normal], atol=1e-3)
    np.testing.assert_allclose(signal.values, signal.along[..., None] * normal, atol=1e-3)
    expected = SWAY - SWAY.mean()
    gain = expected @ signal.along / (expected @ expected)
    np.testing.assert_allclose(gain, 1, atol=0.01)
    ratio = (signal.along - expected[:, None]).std(axis=0) / signal.along_stderr
    assert ((ratio > 0.8) & (ratio < 1.25)).all()
    np.testing.assert_allclose(np.hypot(*signal.stderr.T), signal.along_stderr)


def test_peaks_spectra_and_derivatives_of_one_direction():
    frames, normal = stripes(150)  # to the right and up
    with pytest.warns(UserWarning, match="one direction"):
        signal = vmm.measure.displacement(frames, BOXES, fs=FS)
    peak = vmm.measure.peaks(signal)[0]
    np.testing.assert_allclose(peak.amplitude, np.abs(0.2 * normal) * np.ones((2, 2)), rtol=0.02)
    np.testing.assert_allclose(peak.along, 0.2, rtol=0.02)
    _, direction, amplitude, stderr = largest_amplitude(peak)
    assert direction == "along (-0.50 down, 0.87 right)"
    assert (amplitude, stderr) == (peak.along.max(), peak.along_stderr[peak.along.argmax()])
    np.testing.assert_allclose(np.abs(peak.phase[:, 0] - peak.phase[:, 1]), np.pi, atol=1e-6)
    alone = vmm.measure.peaks(signal.along, fs=FS)[0]
    assert (alone.frequency, alone.frequency_stderr) == pytest.approx((peak.frequency, peak.frequency_stderr), rel=1e-6)
    spectrum = vmm.measure.spectrum(signal, segments=1).values
    expected = vmm.measure.spectrum(signal.along, fs=FS, segments=1).values
    np.testing.assert_allclose(np.hypot(*np.moveaxis(spectrum, -1, 0)), expected, rtol=1e-6)
    average = vmm.measure.spectrum(signal, segments=1, average=True).values
    np.testing.assert_allclose(np.hypot(*average.T).max(), expected.mean(axis=1).max(), rtol=0.02)
    assert np.isnan(vmm.measure.orbit(signal, 6.3).major).all()
    velocity = vmm.measure.velocity(signal)
    np.testing.assert_allclose(velocity.along, vmm.measure.velocity(signal.along, fs=FS), atol=1e-9)
    shape = vmm.measure.modes(signal, 6.3).shapes[0]
    np.testing.assert_allclose(abs(shape), np.abs(0.2 * normal) * np.ones((2, 2)), rtol=0.03)


def test_tables_and_plots_of_one_direction(tmp_path):
    frames, _ = stripes(150)
    with pytest.warns(UserWarning, match="one direction"):
        signal = vmm.measure.displacement(frames, BOXES[:1], fs=FS, pixel_size=0.5, unit="mm")
    vmm.measure.save(tmp_path / "signal.csv", signal)
    titles, *rows = (tmp_path / "signal.csv").read_text().splitlines()
    assert titles == 'time (s),"region 0 along (-0.5 down, 0.866 right) (mm)"'
    np.testing.assert_allclose([float(row.split(",")[1]) for row in rows], signal.along[:, 0], atol=1e-6)
    vmm.measure.save(tmp_path / "signal.npz", signal)
    np.testing.assert_array_equal(vmm.measure.load(tmp_path / "signal.npz").along, signal.along)
    (line,) = vmm.plot.waveform(signal).axes[0].lines
    assert str(line.get_label()).startswith("along (-0.50 down, 0.87 right)")
    (row,) = region_rows(signal)[1:]
    assert row[2:4] == ("along (-0.50 down, 0.87 right)", f"{signal.along.std():.3g} mm")
    largest, name = largest_signal(signal)
    np.testing.assert_array_equal(largest.values, signal.along[:, 0])
    assert name == "region 0, along (-0.50 down, 0.87 right)"


def test_noise_across_stripes_at_the_border_adds_no_error_along_them():
    frames, _ = stripes(70)
    noisy = frames + np.random.default_rng(2).normal(0, 3, frames.shape)
    with pytest.warns(UserWarning, match="one direction"):
        signal = vmm.measure.displacement(np.clip(np.rint(noisy), 0, 255).astype(np.uint8), (0, 30, 21, 21), fs=FS)
    ratio = (signal.along[:, 0] - SWAY + SWAY.mean()).std() / signal.along_stderr[0]
    assert 0.75 < ratio < 1.3
