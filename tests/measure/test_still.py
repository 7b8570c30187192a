"""Motion of the camera that still regions show is subtracted."""

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import vmm
from vmm.data import synthetic
from vmm.measure.estimation._still_search import find_still

FS, COUNT = 60, 120
TIMES = np.arange(COUNT) / FS
ROI, STILL = (44, 70, 21, 21), [(10, 10, 20, 24), (12, 92, 20, 24)]
CENTER = np.array([54.0, 80.0])
BOUNCE = 0.2 * np.sin(2 * np.pi * 7 * TIMES)


def walk(size, seed=1):
    """A random walk (T, 2) of a standard deviation of `size`."""
    values = np.cumsum(np.random.default_rng(seed).normal(size=(COUNT, 2)), axis=0)
    return size * (values - values.mean(axis=0)) / values.std(axis=0)


def render(camera, angle=None, noise=1.0, angle_center=(43.5, 63.5)):
    """A clip (T, 88, 128) of a still texture with a square that bounces, filmed by a moving camera."""
    shape, pad = (120, 160), 16
    texture, patch = (synthetic.texture(shape, seed=seed) for seed in (0, 1))
    rows, cols = np.indices(shape) - pad
    matte = (np.abs(rows - CENTER[0]) < 22) & (np.abs(cols - CENTER[1]) < 26)
    matte = scipy.ndimage.gaussian_filter(matte.astype(float), 1.5)
    waves = [-2j * np.pi * np.fft.fftfreq(n) for n in shape]
    angle, random = np.zeros(COUNT) if angle is None else angle, np.random.default_rng(0)
    frames, still = [], texture((0, 0))
    for bounce, (down, right), turn in zip(BOUNCE, camera, angle, strict=True):
        spectrum = np.fft.fft2(still + matte * (patch((bounce, 0)) - still))
        frame = np.fft.ifft2(spectrum * np.exp(waves[0] * down)[:, None] * np.exp(waves[1] * right)).real
        if turn:
            offsets = rows - angle_center[0], cols - angle_center[1]
            source = rows + pad - turn * offsets[1], cols + pad + turn * offsets[0]
            frame = scipy.ndimage.map_coordinates(frame, source, order=5, mode="mirror")
        frames.append(frame[pad:-pad, pad:-pad] + random.normal(0, noise, (88, 128)))
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def shaken():
    return render(walk(1.0))


def test_displacement_relative_to_a_still_region(shaken):
    signal = vmm.measure.displacement(shaken, ROI, still=STILL[0], fs=FS)
    error = signal.values[:, 0] - np.stack([BOUNCE, 0 * BOUNCE], axis=1)
    assert (error.std(axis=0) < 1.25 * signal.stderr[0]).all() and (signal.stderr < 0.02).all()
    assert signal.rois == (ROI,) and signal.still == (STILL[0],) and signal.is_reliable.all()
    alone, base = (vmm.measure.displacement(shaken, roi, fs=FS).stderr[0] for roi in (ROI, STILL[0]))
    np.testing.assert_allclose(signal.stderr[0], np.hypot(alone, base))
    one = vmm.measure.peaks(signal)
    assert len(one) == 1 and abs(one[0].frequency - 7) < 0.02
    assert one[0].amplitude[0, 0] == pytest.approx(0.2, rel=0.02)


def test_a_region_that_overlaps_a_still_region_is_marked(shaken):
    row, col, height, width = STILL[0]
    with pytest.warns(UserWarning, match="^region 1: overlaps a still region"):
        signal = vmm.measure.displacement(shaken[:24], [ROI, (row, col + 4, height, width)], still=STILL[0], fs=FS)
    assert signal.is_reliable.tolist() == [True, False]


def test_all_kinds_of_frames_give_the_same(shaken):
    expected = vmm.measure.displacement(shaken[:40], [ROI, ROI], still=STILL, fs=FS).values
    color = np.repeat(shaken[:40, ..., None], 3, axis=3)
    for frames in (color, (shaken[i : i + 8] for i in range(0, 40, 8)), (shaken[:40], FS), shaken[:40].astype("f4")):
        result = vmm.measure.displacement(frames, [ROI, ROI], still=STILL, fs=FS)
        np.testing.assert_allclose(result.values, expected, atol=0.01)


@pytest.mark.slow
def test_rotation_of_the_camera():
    angle = np.deg2rad(0.1) * walk(1.0, seed=5)[:, 0]
    frames = render(walk(0.3), angle)
    still = [*STILL, (58, 8, 20, 24)]
    one, several = (vmm.measure.displacement(frames, ROI, still=part, fs=FS) for part in (STILL[0], still))
    true = np.stack([BOUNCE, 0 * BOUNCE], axis=1)
    errors = [np.abs(signal.values[:, 0] - true).std() for signal in (one, several)]
    assert errors[1] < 0.012 < 0.03 < errors[0]
    assert ((several.values[:, 0] - true).std(axis=0) < 1.5 * several.stderr[0]).all()


@pytest.mark.slow
def test_every_pixel_relative_to_still_regions(shaken):
    for still in (STILL[0], STILL):
        result = vmm.measure.modes(shaken, 7.0, still=still, fs=FS, step=4)
        down = result.shapes[0, 12:15, 17:23, 0]
        np.testing.assert_allclose(down, -0.2j, atol=0.01)
        assert (result.stderr[0, 12:15, 17:23] < 0.01).all()
        assert np.abs(result.shapes[0, 2:4, 3:28]).max() < 0.015  # the still background
    chunks = (shaken[i : i + 30] for i in range(0, COUNT, 30))
    field = vmm.measure.field(chunks, still=STILL, fs=FS, step=4)
    error = field.values[:, 12:15, 17:23, 0] - BOUNCE[:, None, None]
    assert np.sqrt(np.square(error).mean()) < 1.5 * field.stderr[12:15, 17:23, 0].mean()


def test_modes_of_regions_and_of_a_signal(shaken):
    shapes = vmm.measure.modes(shaken, 7.0, rois=[ROI], still=STILL[0], fs=FS)
    signal = vmm.measure.displacement(shaken, [ROI], still=STILL[0], fs=FS)
    np.testing.assert_array_equal(shapes.shapes, vmm.measure.modes(signal, 7.0).shapes)
    with pytest.raises(ValueError, match=r"give it to vmm\.measure\.displacement"):
        vmm.measure.modes(signal, 7.0, still=STILL[0])


@pytest.mark.slow
def test_still_regions_are_found_and_named(shaken):
    boxes = vmm.measure.still_regions(shaken, fs=FS)
    for row, col, height, width in boxes:
        assert row + height <= 34 or row >= 74 or col + width <= 56 or col >= 104  # outside of the square
    with pytest.warns(UserWarning, match="the motion of the camera is that of the regions at rest: "):
        signal = vmm.measure.displacement(shaken, ROI, still="auto", fs=FS)
    assert list(signal.still) == boxes
    assert (signal.values[:, 0, 0] - BOUNCE).std() < 1.5 * signal.stderr[0, 0]


def test_the_smaller_part_may_be_at_rest():
    """A rigid machine that fills most of the frame vibrates; the wall moves less at that frequency."""
    signal = find_input(share=0.7)
    boxes = find_still(lambda frames, rois, method: signal(rois), lambda: None)
    assert len(boxes) >= 3 and all(col + 10 >= 0.7 * 160 for _, col, _, _ in boxes)


def find_input(share):
    """A function that measures regions of a frame (120, 160), of which a share on the left vibrates."""

    def measure(layout):
        boxes = layout((120, 160))
        values = np.repeat(walk(1.0)[:, None], len(boxes), axis=1)
        values[:, [box[1] + 10 < share * 160 for box in boxes], 0] += BOUNCE[:, None]
        values += np.random.default_rng(2).normal(0, 0.003, values.shape)
        shape = (len(boxes), 2)
        return vmm.measure.RegionSignal(
            values=values,
            stderr=np.full(shape, 0.003),
            is_known=np.ones(shape, bool),
            rois=tuple(boxes),
            fs=FS,
            unit="px",
            saturated=np.zeros(len(boxes)),
            is_visible=np.ones(values.shape[:2], bool),
        )

    return measure


@pytest.mark.slow
def test_suggestions_in_a_shaken_clip(shaken):
    suggestions = [one for one in vmm.measure.suggest(shaken, still=STILL, fs=FS) if one.kind == "motion"]
    assert [round(one.frequency, 1) for one in suggestions] == [7.0]
    assert suggestions[0].amplitude == pytest.approx(0.2, rel=0.2)


def test_still_regions_must_be_sound(shaken):
    frames = shaken[:32].copy()
    frames[:, :, :48] = 90
    cases: list[tuple[Any, str]] = [
        ((60, 8, 16, 20), r"still\[0\]=\(60, 8, 16, 20\) does not show the motion of the camera"),
        ((80, 0, 20, 20), r"still\[0\]=\(80, 0, 20, 20\) .* must lie inside the frame"),
        ("center", "still='center' must be a box .* or 'auto'"),
        ([], "still is empty"),
    ]
    for still, message in cases:
        with pytest.raises(ValueError, match=message), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            vmm.measure.displacement(frames, ROI, still=still)
    frames = shaken[:32].copy()
    frames[9, :32] = 90
    with pytest.warns(UserWarning, match="^still region 0: no similarity to the reference in frame 9"):
        signal = vmm.measure.displacement(frames, ROI, still=STILL[0], fs=FS)
    assert np.flatnonzero(~signal.is_visible[:, 0]).tolist() == [9] and np.isfinite(signal.values).all()
    with pytest.raises(ValueError, match=r"still\[0\].* leaves the frame by up to \d[.\d]* px when the camera moves"):
        vmm.measure.displacement(shaken, ROI, still=(0, 92, 20, 24), fs=FS)
    with pytest.raises(ValueError, match=r"the 2 still regions move against one another by 0\.\d+ px rms"):
        vmm.measure.displacement(shaken, (60, 8, 20, 20), still=[STILL[0], ROI], fs=FS)
    noise = np.random.default_rng(0).integers(0, 255, (32, 64, 64)).astype(np.uint8)
    for bad in (noise, np.full((32, 64, 64), 90, np.uint8)):
        with pytest.raises(ValueError, match="no still region is found: "):
            vmm.measure.displacement(bad, (20, 20, 20, 20), still="auto")
