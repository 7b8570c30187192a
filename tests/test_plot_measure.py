"""Pictures of measurements show the measured values."""

import numpy as np
import pytest

import vmm
from vmm.data import synthetic
from vmm.measure import Modes, RegionSignal

FS = 30.0
BOXES = ((8, 8, 16, 16), (8, 36, 16, 16))


@pytest.fixture
def signal():
    """Displacements of two regions, the second of which is observable in one direction only."""
    waves = synthetic.sway(60, FS, 2.5, 0.2, angle=90)
    values = np.stack([waves, 0.1 * waves], axis=1)
    stderr = np.array([[0.01, 0.02], [0.03, np.nan]])
    is_known = np.isfinite(stderr)
    is_visible = np.ones((60, 2), bool)
    is_visible[30:32, 1] = False
    return RegionSignal(np.where(is_known, values, np.nan), stderr, is_known, BOXES, FS, "mm", np.zeros(2), is_visible)


def modes(shapes, stderr=0.001):
    shapes = np.asarray(shapes, dtype=complex)
    spread = np.full(shapes.shape, stderr)
    return Modes(np.arange(1.0, 1 + len(shapes)), shapes, spread, np.ones(shapes.shape[1:], bool), FS, "px")


def seesaw(size=(48, 64)):
    """A shape that moves up on the left and down on the right, with a phase of a quarter of a period."""
    shape = np.zeros((1, *size, 2), complex)
    shape[0, :, :, 0] = -1j * np.linspace(-0.2, 0.2, size[1])
    return shape


def test_a_waveform_has_a_shaded_band_of_two_standard_errors(signal):
    figure = vmm.plot.waveform(signal, rois=signal.rois)
    first, second = figure.axes
    assert np.array_equal(first.lines[0].get_ydata(), signal.values[:, 0, 0])
    assert first.lines[0].get_xdata()[-1] == pytest.approx(59 / FS)
    low, high = (f(first.collections[0].get_paths()[0].vertices[:, 1]) for f in (np.min, np.max))
    assert (low, high) == pytest.approx((signal.values[:, 0, 0].min() - 0.02, signal.values[:, 0, 0].max() + 0.02))
    assert len(first.lines) == 2 and len(second.lines) == 1  # the unobservable direction is not drawn
    assert first.get_ylabel() == "displacement (mm)" and "0.02 mm" in first.get_legend_handles_labels()[1][0]
    assert len(first.collections) == 2 and len(second.collections) == 2  # the second hatches a direction
    gray = second.collections[0].get_paths()[0].vertices[:, 0] * FS
    assert (gray.min(), gray.max()) == pytest.approx((29.5, 31.5))
    assert second.get_title(loc="left") == "region 1: rows 8 to 23, columns 36 to 51"


def test_waveforms_of_other_results(signal):
    assert vmm.plot.waveform(vmm.measure.velocity(signal)).axes[0].get_ylabel() == "velocity (mm/s)"
    (axes,) = vmm.plot.waveform(np.arange(9.0)).axes
    assert axes.get_xlabel() == "time (frames)" and axes.get_ylabel() == "signal" and axes.get_legend() is None
    assert len(vmm.plot.waveform(np.arange(60.0).reshape(3, 20), max_regions=5).axes) == 5
    with pytest.raises(ValueError, match="no signal is known"):
        vmm.plot.waveform(np.full((20, 3), np.nan))


def test_peaks_are_labeled_at_their_frequency(signal):
    lines = vmm.measure.peaks(signal.values[:, 0, 0], fs=FS)
    figure = vmm.plot.spectrum(vmm.measure.spectrum(signal, segments=1, average=True), lines, band=(1, 10))
    (axes,) = figure.axes
    (text,) = axes.texts
    assert text.get_text() == "2.5 Hz, 0.2" and text.xy[0] == pytest.approx(2.5, abs=0.01)
    assert axes.get_xlim() == (1, 10) and axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert low < text.xy[1] < high


def test_labels_of_close_peaks_do_not_overlap():
    wave = sum(np.sin(2 * np.pi * f * np.arange(960) / 240) for f in (30, 31.5, 33, 70))
    noise = np.random.default_rng(0).normal(0, 0.01, 960)
    lines = vmm.measure.peaks(wave + noise, fs=240)
    figure = vmm.plot.spectrum(vmm.measure.spectrum(wave + noise, fs=240, segments=1), lines)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 4
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_an_orbit_is_drawn_with_rows_downward():
    angle = 2 * np.pi * 5 * np.arange(240) / 240
    values = np.stack([0.1 * np.sin(angle), 0.3 * np.cos(angle)], axis=1)
    (axes,) = vmm.plot.orbit(vmm.measure.orbit(values, 5, fs=240)).axes
    right, down = axes.lines[0].get_data()
    assert np.ptp(right) == pytest.approx(0.6, abs=0.001) and np.ptp(down) == pytest.approx(0.2, abs=0.001)
    assert down[1] > down[0] and axes.yaxis_inverted() and axes.get_aspect() == 1  # larger rows are lower on the screen


def test_only_observable_orbits_are_drawn(signal):
    figure = vmm.plot.orbit(vmm.measure.orbit(signal, 2.5))
    assert [axes.get_title() for axes in figure.axes] == ["region 0"]


@pytest.mark.parametrize("step", [1, 2, 3])
def test_the_overlay_shows_opposite_signs_in_different_colors(step):
    frame = np.zeros((48, 64), np.uint8)
    figure = vmm.plot.overlay(modes(seesaw()[:, ::step, ::step]), frame)
    picture, colors = figure.axes[0].images
    values, alpha = colors.get_array(), colors.get_alpha()
    assert tuple(picture.get_extent()) == tuple(colors.get_extent())
    assert np.sign(values[0, 1]) == -np.sign(values[0, -2]) != 0
    assert alpha[0, values.shape[1] // 2] < 0.1 < alpha[0, 1] < 0.7  # transparent at 0
    assert figure.axes[0].get_title(loc="left") == "1 Hz, displacement down up to 0.2 px"


def test_values_below_three_standard_errors_are_not_drawn():
    result, frame = modes(seesaw(), stderr=0.05), np.zeros((48, 64), np.uint8)
    alpha = vmm.plot.overlay(result, frame).axes[0].images[1].get_alpha()
    assert (alpha[:, 9:55] == 0).all() and (alpha[:, :7] > 0).all()
    assert vmm.plot.overlay(modes(np.full((1, 48, 64, 2), np.nan)), frame).axes[0].images[1].get_alpha().max() == 0


def test_shapes_of_regions_are_drawn_at_the_regions():
    result, frame = modes([[[0, 0.1], [0, -0.2]]]), np.zeros((40, 60, 3), np.uint16)
    mask = np.zeros((40, 60), bool)
    mask[8:24, 36:52] = True
    values = vmm.plot.overlay(result, frame, rois=(BOXES[0], mask)).axes[0].images[1].get_array()
    assert values[10, 10] == -values[10, 40] / 2 != 0 and values[30].any() == values[10, 30].any() == False  # noqa: E712
    with pytest.raises(ValueError, match="the shapes belong to 2 regions: give rois="):
        vmm.plot.overlay(result, frame)


def test_arrows_point_along_the_displacement():
    frame = np.zeros((48, 64), np.uint8)
    (quiver,) = (part for part in vmm.plot.arrows(modes(seesaw()), frame).axes[0].collections if hasattr(part, "U"))
    is_left, is_right = quiver.X < 30, quiver.X > 34
    assert np.ptp(np.sign(quiver.V[is_left])) == np.ptp(np.sign(quiver.V[is_right])) == 0
    assert np.sign(quiver.V[is_left][0]) == -np.sign(quiver.V[is_right][0]) and not quiver.U.any()
    regions = vmm.plot.arrows(modes([[[0, 0.1], [0.2, 0]]]), frame, rois=BOXES).axes[0].collections[0]
    assert np.array_equal(regions.X, [16, 44]) and np.allclose(np.hypot(regions.U, regions.V), [0.1, 0.2])


@pytest.mark.parametrize("step", [1, 2])
def test_animated_shapes_move_by_the_scaled_amplitude(step):
    frame = np.rint(synthetic.texture((48, 64))((0, 0))).astype(np.uint8)
    shape = np.zeros((1, 48, 64, 2), complex)
    shape[..., 1] = 0.05
    clip = vmm.plot.animated(modes(shape[:, ::step, ::step]), frame, gain=20, count=16)
    measured = vmm.measure.displacement(clip, (12, 12, 24, 40)).values[:, 0]
    expected = np.cos(2 * np.pi * np.arange(16) / 16)  # 20 times the amplitude of 0.05 px
    assert np.abs(measured[:, 1] - expected).max() < 0.08 and np.abs(measured[:, 0]).max() < 0.02


def test_animated_shapes_of_regions_and_in_color():
    frame = np.zeros((40, 60, 3), np.uint8)
    frame[::4] = 255
    clip = vmm.plot.animated(modes([[[0.1, 0], [-0.1, 0]]]), frame, count=4, rois=BOXES)
    assert clip.shape == (4, 40, 60, 3) and clip.dtype == np.uint8
    assert not np.array_equal(clip[0], clip[2]) and np.array_equal(clip[1], frame)
    assert vmm.plot.animated(modes(seesaw()), np.full((48, 64), 4095, np.uint16), count=2).dtype == np.uint8
    with pytest.raises(ValueError, match="index=1 must be the index of one of the 1 frequencies"):
        vmm.plot.animated(modes(seesaw()), frame[..., 0], 1)
    with pytest.raises(ValueError, match="nothing moves by more than its error at 1 Hz"):
        vmm.plot.animated(modes(seesaw(), stderr=1.0), np.zeros((48, 64), np.uint8))


def test_regions_are_numbered():
    mask = np.zeros((40, 60), bool)
    mask[25:35, 10:20] = True
    (axes,) = vmm.plot.regions(np.zeros((40, 60), np.uint8), (*BOXES, mask)).axes
    assert [text.get_text() for text in axes.texts] == ["0", "1", "2"]
    assert axes.patches[1].get_xy() == (35.5, 7.5) and axes.texts[2].get_position() == (14.5, 29.5)


def test_the_page_is_escaped_and_complete():
    text = vmm.plot.page("a<b", [("x&y", ["<script>", [("h",), ("1 < 2",)]])], warnings=["w<"])
    assert "<script>" not in text and "a&lt;b" in text and "x&amp;y" in text and "1 &lt; 2" in text and "w&lt;" in text
    assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n")


def test_a_few_wrong_values_do_not_empty_the_picture():
    shape, frame = seesaw().astype(complex), np.zeros((48, 64), np.uint8)
    shape[0, 20:23, 30:33, 0] = 7.5j  # 0.3 % of the pixels
    figure = vmm.plot.overlay(modes(shape), frame)
    colors = figure.axes[0].images[1]
    assert colors.get_clim()[1] == pytest.approx(0.2, rel=0.05) and colors.get_alpha()[0, 1] > 0.5
    title = "1 Hz, displacement down up to 0.2 px (in 1 % of the places more, up to 7.5 px)"
    assert figure.axes[0].get_title(loc="left") == title
    (quiver,) = (part for part in vmm.plot.arrows(modes(shape), frame).axes[0].collections if hasattr(part, "U"))
    assert np.hypot(quiver.U, quiver.V).max() == pytest.approx(0.2, rel=0.05)


def test_a_page_embeds_videos_and_refuses_other_files(tmp_path):
    for name in ("clip.mp4", "shape.gif", "notes.txt"):
        (tmp_path / name).write_bytes(b"content")
    text = vmm.plot.page("A beam", [("Motion", [tmp_path / "clip.mp4", tmp_path / "shape.gif"])])
    assert '<video controls loop muted autoplay playsinline aria-label="Motion" src="data:video/mp4;base64,' in text
    assert '<img alt="Motion" src="data:image/gif;base64,' in text
    with pytest.raises(ValueError, match=r"notes\.txt: a page shows files of the types \.png"):
        vmm.plot.page("A beam", [("Notes", [tmp_path / "notes.txt"])])
