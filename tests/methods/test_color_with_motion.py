"""Changes of color magnified in the same pass as motion."""

import math
from typing import Any

import numpy as np
import pytest
from cases import METHODS, moved

import vmm
from vmm.data import synthetic
from vmm.engine.bands import Bands
from vmm.temporal import butterworth, fir, ideal

FS = 30
PULSE = 0.5 * np.sin(2 * np.pi * np.arange(90) / FS)
TINT = (1, 0.8, 0.6)
BEAT = (0.7, 1.4)
LIGHT: dict[str, dict[str, Any]] = {  # a few subbands are enough; chroma stays where the pulse is magnified
    "phase": {"octave": 1.0, "orientations": 2, "chroma": None},
    "riesz": {"chroma": None},
}


def gain(seen, true):
    """Return the ratio of the measured to the true motion, both without their means."""
    seen, true = seen - seen.mean(), true - true.mean()
    return np.dot(seen, true) / np.dot(true, true)


def face(colors, dtype):
    """Return a clip of a patch that pulses at 1 Hz, and at its right a texture that sways at 1 Hz by 0.1 px."""
    moves = synthetic.sway(90, FS, 1, 0.1)
    texture = synthetic.render(synthetic.texture((48, 48), blur=1.5), moves, dtype=np.float64)
    gray = np.concatenate([120 + PULSE[:, None, None] * np.ones((48, 64)), texture], axis=2)
    frames = gray if colors is None else gray[..., None] * np.array(colors)
    return (np.rint(frames) if dtype == "uint8" else frames).astype(dtype), moves[:, 1]


@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.parametrize(
    ("temporal", "colors", "dtype"),
    [
        (fir, TINT, "float32"),
        pytest.param(butterworth, None, "float64", marks=pytest.mark.slow),
        (butterworth, None, "float32"),
        pytest.param(butterworth, TINT, "float32", marks=pytest.mark.slow),
        pytest.param(ideal, None, "float32", marks=pytest.mark.slow),
    ],
)
def test_motion_and_pulse_in_one_pass_are_the_sum_of_both(name, temporal, colors, dtype, monkeypatch):
    monkeypatch.setattr(Bands, "_reads_light", lambda self: True)  # one prediction beyond the ends of the clip
    frames, _ = face(colors, dtype)
    options = {"fs": FS, "temporal": temporal}
    both = METHODS[name](frames, BEAT, alpha=10, color=30, **options, **LIGHT[name])
    motion = METHODS[name](frames, BEAT, alpha=10, **options, **LIGHT[name])
    pulse = vmm.color.magnify(frames, BEAT, alpha=30, level=4, **options)
    np.testing.assert_allclose(both - frames, (motion - frames) + (pulse - frames), rtol=0, atol=1e-3)
    assert both.dtype == frames.dtype
    assert np.abs(motion - frames).max() > 5 and np.abs(pulse - frames).max() > 5


@pytest.mark.parametrize("colors", [None, TINT])
def test_gains_of_motion_and_pulse_are_as_requested(colors):
    frames, moves = face(colors, "float32")
    out = vmm.phase.magnify(frames, BEAT, fs=FS, alpha=10, color=30)[30:60]
    light = out if colors is None else out @ np.array([0.299, 0.587, 0.114]) / np.dot([0.299, 0.587, 0.114], TINT)
    assert gain(light[:, 16:32, 16:40].mean(axis=(1, 2)), PULSE[30:60]) == pytest.approx(31, rel=0.1)
    seen = moved(light, [(12, 76, 24, 24)])[:, 0, 1]
    assert gain(seen, moves[30:60]) == pytest.approx(11, rel=0.1)


@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.parametrize("colors", [None, TINT])
def test_motion_and_pulse_of_8_bit_chunks(name, colors):
    """The method uses its default filter."""
    frames, _ = face(colors, "uint8")
    options = {"fs": FS, "alpha": 10, "color": 30, **LIGHT[name]}
    out = np.concatenate(list(METHODS[name](iter([frames[:31], frames[31:33], frames[33:]]), BEAT, **options)))
    whole = METHODS[name](frames.astype(np.float32), BEAT, **options)
    assert out.dtype == np.uint8
    assert np.abs(out - np.clip(whole, 0, 255)).max() <= 0.51


@pytest.mark.parametrize("name", LIGHT)
def test_pulse_without_motion(name):
    """At alpha 0 only the color changes."""
    frames, _ = face(TINT, "float64")
    options = {"fs": FS, "alpha": 0, "temporal": butterworth, **LIGHT[name]}
    alone = METHODS[name](frames, BEAT, color=30, **options)
    expected = vmm.color.magnify(frames, BEAT, fs=FS, alpha=30, level=4, temporal=butterworth)
    np.testing.assert_allclose(alone, expected, atol=1e-9)
    assert np.array_equal(METHODS[name](frames, BEAT, color=0, **options), frames)


@pytest.mark.parametrize("name", LIGHT)
def test_color_stays_inside_the_mask(name):
    frames, _ = face(TINT, "float64")
    options = {"fs": FS, "temporal": butterworth, **LIGHT[name]}
    out = METHODS[name](frames, BEAT, alpha=10, color=30, mask=(8, 8, 32, 80), **options)
    changed = np.abs(out - frames).max(axis=(0, 3))
    assert (changed[12:36, 16:80] > 1).mean() > 0.9
    changed[8:40, 8:88] = 0
    assert not changed.any()


@pytest.mark.parametrize("name", LIGHT)
def test_invalid_gains_of_color(name, color_clip):
    with pytest.raises(ValueError, match="color=inf must be finite"):
        METHODS[name](color_clip, (2, 3), fs=FS, color=math.inf)
    with pytest.raises(ValueError, match="needs a single band"):
        METHODS[name](color_clip, [(1, 2), (3, 4)], fs=FS, alpha=[5, -1], color=10)
