"""Clips whose frames repeat in a regular pattern."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic


def texture(times: np.ndarray) -> np.ndarray:
    """Frames (T, 48, 64) of a texture that moves down by 0.3 px at 4 Hz."""
    moves = np.zeros((len(times), 2))
    moves[:, 0] = 0.3 * np.sin(2 * np.pi * 4 * times)
    return synthetic.render(synthetic.texture((48, 64)), moves, noise=1.0)


def doubled() -> tuple[np.ndarray, float]:
    return np.repeat(texture(np.arange(120) / 30), 2, axis=0), 60


def converted() -> tuple[np.ndarray, float]:
    return texture(np.arange(120) / 24)[np.floor(np.arange(150) * 0.8 + 1e-9).astype(int)], 30


def replaced() -> tuple[np.ndarray, float]:
    index = np.arange(150)
    index[4::5] -= 1
    return texture(np.arange(150) / 30)[index], 30


def telecine() -> tuple[np.ndarray, float]:
    def mixed(top: Any, bottom: Any) -> Any:
        frame = top.copy()
        frame[1::2] = bottom[1::2]
        return frame

    groups = texture(np.arange(120) / 24).reshape(-1, 4, 48, 64)
    frames = [frame for a, b, c, d in groups for frame in (a, b, mixed(b, c), mixed(c, d), d)]
    return np.array(frames), 30


@pytest.mark.parametrize(
    ("make", "count"), [(doubled, 120), (converted, 120), (replaced, 120), (telecine, 90)], ids=lambda x: str(x)[:18]
)
def test_repeats_are_left_out(make: Any, count: int) -> None:
    frames, fs = make()
    with pytest.warns(UserWarning, match="in a regular pattern"):
        signal = vmm.measure.displacement(frames, (8, 8, 32, 48), fs=fs)
        first, *others = vmm.measure.suggest(frames, fs=fs)
    assert len(signal) == count
    (peak,) = vmm.measure.peaks(signal)
    assert abs(peak.frequency - 4) < 4 * peak.frequency_stderr
    assert float(peak.amplitude[0, 0]) == pytest.approx(0.3, abs=0.005)
    assert abs(first.frequency - 4) < 0.02
    assert all(abs(other.frequency - 4 * round(other.frequency / 4)) < 0.4 for other in others)
    assert "in a regular pattern" in vmm.measure.faults(frames, fs=fs).messages[0]


@pytest.mark.parametrize("make", [replaced, pytest.param(doubled, marks=pytest.mark.slow)])
def test_repeats_are_left_out_of_every_pixel(make: Any) -> None:
    frames, fs = make()
    with pytest.warns(UserWarning, match="in a regular pattern"):
        field = vmm.measure.field(frames, fs=fs, step=8)
        shapes = vmm.measure.modes(frames, 4.0, fs=fs, step=8).shapes
    assert len(field.values) == len(field.times) == 120
    amplitude = 2 * abs(np.tensordot(np.exp(-2j * np.pi * 4 * field.times), field.values[..., 0], 1)) / 120
    assert np.nanmedian(amplitude) == pytest.approx(0.3, abs=0.005)
    assert np.nanmedian(abs(shapes[0, ..., 0])) == pytest.approx(0.3, abs=0.005)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_reversals_are_no_repeats(noise: float) -> None:
    moves = synthetic.sway(120, 30, 5.0, 0.3)
    frames = synthetic.render(synthetic.texture((48, 64)), moves, noise=noise)
    assert len(vmm.measure.displacement(frames, (8, 8, 32, 48), fs=30)) == 120
