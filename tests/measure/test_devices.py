"""Measurements on a device equal those on the host."""

from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic
from vmm.measure import displacement, field, modes, spectrum
from vmm.measure.detection._suggest import suggest

ROIS = [(6, 6, 20, 24), (10, 20, 20, 24), (1, 30, 24, 16)]


@pytest.fixture(scope="module")
def frames():
    moves = synthetic.sway(40, 30, 5.0, 0.2) + 0.05 * np.arange(40)[:, None]
    return synthetic.render(synthetic.texture((40, 56)), moves, noise=0.5)


@pytest.mark.parametrize("method", ["phase", "linear"])
@pytest.mark.parametrize("kind", ["uint8", "float64"])
def test_displacement(method, kind, frames, device):
    clip = frames.astype(kind)
    expected = displacement(clip, ROIS, fs=30, method=method)
    result = displacement(device.put(clip), ROIS, fs=30, method=method)
    tolerance = 2e-4 if kind == "uint8" else 1e-8
    np.testing.assert_allclose(result.values, expected.values, atol=tolerance)
    np.testing.assert_allclose(result.stderr, expected.stderr, rtol=1e-2)
    assert np.array_equal(result.is_known, expected.is_known) and np.array_equal(result.is_visible, expected.is_visible)


def test_displacement_of_color_chunks_with_large_motion(device):
    moves = np.cumsum(np.full((24, 2), 0.7), axis=0)
    gray = synthetic.render(synthetic.texture((48, 64)), moves)
    color = np.repeat(gray[..., None], 3, axis=3)
    expected = displacement((color[i : i + 8] for i in (0, 8, 16)), [(10, 10, 20, 24)])
    result = displacement((device.put(color[i : i + 8]) for i in (0, 8, 16)), [(10, 10, 20, 24)])
    np.testing.assert_allclose(result.values, expected.values, atol=2e-4)


def test_masks(frames, device):
    mask = np.zeros(frames.shape[1:], bool)
    mask[8:30, 10:40] = True
    expected = displacement(frames, mask, fs=30)
    np.testing.assert_allclose(
        displacement(device.put(frames), device.put(mask), fs=30).values, expected.values, atol=2e-4
    )


def test_spectrum(rng, device):
    values = rng.normal(size=(480, 3))
    expected = spectrum(values, fs=240)
    np.testing.assert_allclose(spectrum(device.put(values), fs=240).values, expected.values)


def test_modes(frames, device):
    cases: list[dict[str, Any]] = [{}, {"rois": ROIS, "reference": 0}]
    for options in cases:
        expected = modes(frames, [5.0], fs=30, **options)
        result = modes(device.put(frames), [5.0], fs=30, **options)
        np.testing.assert_allclose(result.shapes, expected.shapes, atol=2e-3)
        assert np.array_equal(result.is_known, expected.is_known)


def test_field(frames, device):
    expected = field(frames, step=4)
    result = field(device.put(frames), step=4)
    np.testing.assert_allclose(result.values, expected.values, atol=2e-3)


@pytest.mark.slow
def test_still_regions(frames, device):
    still = (2, 2, 16, 16)
    signals = [displacement(clip, ROIS[1], still=still) for clip in (frames, device.put(frames))]
    np.testing.assert_allclose(signals[1].values, signals[0].values, atol=4e-4)
    shapes = [modes(clip, 5.0, fs=30, still=still, step=4).shapes for clip in (frames, device.put(frames))]
    np.testing.assert_allclose(shapes[1], shapes[0], atol=2e-3)
    moves = 0.2 * np.sin(np.arange(60)[:, None])
    frames = synthetic.render(synthetic.beam((48, 64), modes=1, height=20), moves, noise=0.5)
    lines = [suggest(clip, fs=30, still=still) for clip in (frames, device.put(frames))]
    assert [round(one.frequency, 3) for one in lines[1]] == [round(one.frequency, 3) for one in lines[0]]


def test_suggestions(device):
    clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(90, 30, 5.0, 0.2), noise=0.5)
    expected, result = suggest(clip, fs=30), suggest(device.put(clip), fs=30)
    assert [round(one.frequency, 3) for one in result] == [round(one.frequency, 3) for one in expected]


def test_crlb(device):
    image = synthetic.texture((64, 64))((0, 0))
    expected = vmm.measure.displacement_crlb(image, (20, 20, 21, 21), noise=1.0)
    np.testing.assert_allclose(vmm.measure.displacement_crlb(device.put(image), (20, 20, 21, 21), noise=1.0), expected)


def test_displacement_beside_an_edge(frames, device):
    clip = frames.copy()
    clip[:, :, 28:] = np.roll(clip, 7, axis=0)[:, ::-1, 28:]
    boxes = [(10, 12, 16, 16), (10, 28, 16, 16)]
    expected, result = displacement(clip, boxes, fs=30), displacement(device.put(clip), boxes, fs=30)
    np.testing.assert_allclose(result.values, expected.values, atol=2e-4)
    assert result.reasons == expected.reasons
