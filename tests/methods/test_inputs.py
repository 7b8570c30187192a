"""Clips, masks and filters in other forms: accepted where their meaning is clear, else refused in one sentence."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic

CLIP = synthetic.render(synthetic.texture((48, 56)), synthetic.sway(40, 30, 3.0, 0.1), noise=0.5)
HALF = np.zeros((48, 56), np.uint8)
HALF[:24] = 255

MAGNIFIERS = (*vmm.METHODS, *(name for name in vmm.LEARNED if name not in ("flowmag", "magnet")))
WITH_DESIGN = [name for name in vmm.METHODS if "temporal" in inspect.signature(getattr(vmm, name).magnify).parameters]
BY_FREQUENCY = [name for name in vmm.METHODS if name not in WITH_DESIGN]

MEASURES: dict[str, Callable[[Any], Any]] = {
    "displacement": vmm.measure.displacement,
    "faults": vmm.measure.faults,
    "field": vmm.measure.field,
    "modes": lambda frames: vmm.measure.modes(frames, [3.0], fs=30),
    "pulse": lambda frames: vmm.measure.pulse(frames, fs=30),
    "sound": lambda frames: vmm.measure.sound(frames, fs=30),
    "suggest": vmm.measure.suggest,
    "track": vmm.stabilize.track,
}

REFUSED: dict[str, tuple[Any, str]] = {
    "path": ("clip.mkv", r"frames='clip\.mkv' is a path: open it with vmm\.io\.stream\('clip\.mkv'\)"),
    "path object": (Path("clip.mkv"), r"is a path: open it with vmm\.io\.stream\('clip\.mkv'\)"),
    "masked": (np.ma.masked_array(CLIP, CLIP > 250), "frames is a masked array: fill its masked values first"),
    "masked frames": ([np.ma.masked_array(frame) for frame in CLIP], "frames is a masked array"),
    "no gray frames": (CLIP[:0], "frame"),
    "no color frames": (np.repeat(CLIP[:0, ..., None], 3, axis=-1), "frame"),
    "no rows": (CLIP[:, :0], "frame"),
    "number": (3, "frames must be a NumPy or CuPy array or an iterator of such chunks, not int"),
    "sizes": ([CLIP[0], CLIP[1, :40]], r"frames is a list of frames of \(48, 56\) uint8, \(40, 56\) uint8: all must"),
}


def magnified(name: str, frames: Any, **options: Any) -> Any:
    method = getattr(vmm, name).magnify
    if name in vmm.LEARNED:
        return method(frames, mode="static", **options)
    return method(frames, 3.0 if name in BY_FREQUENCY else (2.0, 4.0), **options)


@pytest.mark.parametrize("name", MAGNIFIERS)
@pytest.mark.parametrize("kind", REFUSED)
def test_a_method_refuses_what_is_no_clip(name: str, kind: str) -> None:
    frames, message = REFUSED[kind]
    with pytest.raises((TypeError, ValueError), match=message):
        magnified(name, frames, fs=30)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("kind", REFUSED)
def test_a_measurement_refuses_what_is_no_clip(name: str, kind: str) -> None:
    frames, message = REFUSED[kind]
    with pytest.raises((TypeError, ValueError), match=message):
        MEASURES[name](frames)


@pytest.mark.parametrize("kind", REFUSED)
def test_stabilize_refuses_what_is_no_clip(kind: str) -> None:
    frames, message = REFUSED[kind]
    with pytest.raises((TypeError, ValueError), match=message):
        vmm.stabilize.magnify(frames, (2, 4), fs=30)


@pytest.mark.parametrize("name", MAGNIFIERS)
def test_a_list_and_a_pair_come_back_in_the_same_form(name: str) -> None:
    clip = CLIP[:8, :32, :32]
    expected = magnified(name, clip, fs=30)
    frames = magnified(name, list(clip), fs=30)
    array, fs = magnified(name, (clip, 30.0))
    assert isinstance(frames, list)
    np.testing.assert_array_equal(frames, expected)
    np.testing.assert_array_equal(array, expected)
    assert fs == 30


def test_a_list_of_color_frames_is_a_clip() -> None:
    clip = np.stack([CLIP, 255 - CLIP, CLIP], axis=-1)
    expected = vmm.riesz.magnify(clip, (2, 4), fs=30)
    np.testing.assert_array_equal(vmm.riesz.magnify(list(clip), (2, 4), fs=30), expected)


def test_a_list_of_chunks_is_a_clip() -> None:
    out = vmm.riesz.magnify([CLIP[:15], CLIP[15:]], (2, 4), fs=30)
    assert isinstance(out, list)
    np.testing.assert_array_equal(np.concatenate(out), vmm.riesz.magnify(CLIP, (2, 4), fs=30))


def test_fs_has_precedence_over_the_rate_of_a_pair() -> None:
    array, _ = vmm.riesz.magnify((CLIP, 60.0), (2, 4), fs=30)
    np.testing.assert_array_equal(array, vmm.riesz.magnify(CLIP, (2, 4), fs=30))


def test_stabilize_takes_lists_and_pairs() -> None:
    expected = vmm.stabilize.magnify(CLIP, (2, 4), fs=30, model="translation")
    array, fs = vmm.stabilize.magnify((CLIP, 30.0), (2, 4), model="translation")
    frames = vmm.stabilize.magnify(list(CLIP), (2, 4), fs=30, model="translation")
    np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(np.concatenate(frames) if frames[0].ndim == 3 else frames, expected)
    assert fs == 30


def test_measurements_take_lists_and_pairs() -> None:
    expected = vmm.measure.displacement(CLIP, fs=30)
    for frames, fs in ((list(CLIP), 30), ((CLIP, 30.0), None)):
        result = vmm.measure.displacement(frames, fs=fs)
        np.testing.assert_array_equal(result.values, expected.values)
        assert result.fs == 30
        assert result.time_unit == "s"


@pytest.mark.parametrize("name", WITH_DESIGN)
def test_a_filter_may_be_named(name: str) -> None:
    expected = magnified(name, CLIP, fs=30, temporal=vmm.temporal.butterworth)
    np.testing.assert_array_equal(magnified(name, CLIP, fs=30, temporal="butterworth"), expected)
    with pytest.raises(
        ValueError, match="temporal='notch' must be one of 'fir', 'causal', 'butterworth', 'iir', 'ideal'"
    ):
        magnified(name, CLIP, fs=30, temporal="notch")


@pytest.mark.parametrize("name", BY_FREQUENCY)
def test_a_band_is_no_frequency(name: str) -> None:
    with pytest.raises(TypeError, match=r"frequency=\(2, 4\) must be one number in Hz"):
        getattr(vmm, name).magnify(CLIP, (2, 4), fs=30)


@pytest.mark.parametrize("name", WITH_DESIGN)
def test_a_frequency_is_no_band(name: str) -> None:
    with pytest.raises(TypeError, match=r"band=3\.0 must be two numbers: \(low, high\) in Hz"):
        getattr(vmm, name).magnify(CLIP, 3.0, fs=30)


@pytest.mark.parametrize("name", MAGNIFIERS)
def test_a_mask_may_hold_0_and_255(name: str) -> None:
    clip = CLIP[:8]
    expected = magnified(name, clip, fs=30, mask=(HALF > 0).astype(float))
    np.testing.assert_array_equal(magnified(name, clip, fs=30, mask=HALF), expected)
    np.testing.assert_array_equal(magnified(name, clip, fs=30, mask=HALF > 0), expected)


def test_a_mask_of_gray_levels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mask must lie in \[0, 1\].*its range is \[0, 255\]: divide it by"):
        vmm.riesz.magnify(CLIP, (2, 4), fs=30, mask=HALF.astype(float))
    with pytest.raises(TypeError, match="mask is a masked array"):
        vmm.riesz.magnify(CLIP, (2, 4), fs=30, mask=np.ma.masked_array(HALF))


def test_signals_and_regions_may_not_be_masked_arrays() -> None:
    with pytest.raises(TypeError, match="signals are a masked array"):
        vmm.measure.spectrum(np.ma.masked_array(np.ones(32)), fs=30)
    with pytest.raises(TypeError, match=r"rois\[0\] is a masked array"):
        vmm.measure.displacement(CLIP, [np.ma.masked_array(HALF > 0)])
