"""What a notebook shows: players, figures as pictures, results in one line, and tables."""

import base64
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

import vmm
from vmm.data import synthetic

CLIP = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(48, 30, 2, 0.2))
SIGNAL = vmm.measure.displacement(CLIP, {"left": (8, 8, 21, 21), "right": (8, 36, 21, 21)}, fs=30)
CELLS = (
    "import vmm\nfrom vmm.data import synthetic\n"
    "clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(48, 30, 2, 0.2))\n"
    "signal = vmm.measure.displacement(clip, fs=30)\nsignal",
    "vmm.plot.waveform(signal)",
    "vmm.plot.video(clip, 30)",
    "%matplotlib inline\nsignal.plot()",
)


def test_a_video_is_part_of_the_page(tmp_path):
    video = vmm.plot.video(CLIP, 30)
    data = base64.b64decode(re.findall('base64,([^"]*)"', video._repr_html_())[0])
    assert data == video.data
    assert re.fullmatch(r"Video\(48 frames of 64x48 at 30 frames/s, \d+ kB\)", repr(video))
    video.save(tmp_path / "a.mp4")
    assert vmm.io.info(tmp_path / "a.mp4").shape == (48, 48, 64, 3)
    with pytest.raises(FileExistsError):
        video.save(tmp_path / "a.mp4")
    with pytest.raises(ValueError, match=r"must end in \.mp4"):
        video.save(tmp_path / "a.gif")


def test_rates_of_a_video():
    assert "at 30 frames/s" in repr(vmm.plot.video(iter([CLIP[:10], CLIP[10:]])))
    assert "at 30 frames/s" in repr(vmm.plot.video(CLIP, 2000))
    assert "at 12 frames/s" in repr(vmm.plot.video(CLIP, 2000, playback_rate=12))


def test_videos_that_are_too_large_are_refused(monkeypatch):
    monkeypatch.setattr("vmm.plot._video._MAX_BYTES", 100)
    with pytest.raises(ValueError, match=r"fewer or smaller frames, such as frames\[:90"):
        vmm.plot.video(CLIP, 30)


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: vmm.plot.waveform(SIGNAL, max_regions=1, ax=ax),
        lambda ax: SIGNAL.plot(max_regions=1, ax=ax),
        lambda ax: vmm.plot.spectrum(vmm.measure.spectrum(SIGNAL), vmm.measure.peaks(SIGNAL), ax=ax),
        lambda ax: vmm.plot.regions(CLIP[0], SIGNAL.rois, ax=ax),
        lambda ax: vmm.plot.slices(CLIP, row=3, ax=ax),
        lambda ax: vmm.plot.comparison(
            vmm.measure.compare(np.sin(np.arange(90.0) ** 1.1), np.sin(np.arange(90.0) ** 1.1), fs=30, sensor_fs=30),
            ax=ax,
        ),
    ],
)
def test_figures_draw_into_given_axes(draw):
    figure, axes = plt.subplots(1, 2)
    try:
        assert draw(axes[1]) is figure
        assert axes[1].has_data() and not axes[0].has_data()
    finally:
        plt.close(figure)
    own = draw(None)
    assert own._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(TypeError, match="must be a Matplotlib axes"):
        draw("axes")


def test_one_axes_shows_one_thing():
    figure, axes = plt.subplots()
    with pytest.raises(ValueError, match="one axes shows one region, but there are 2"):
        SIGNAL.plot(ax=axes)
    with pytest.raises(ValueError, match="one axes shows one clip"):
        vmm.plot.slices(CLIP, CLIP, ax=axes)
    plt.close(figure)


def test_a_table_of_a_signal():
    pandas = pytest.importorskip("pandas")
    table = SIGNAL.to_dataframe()
    assert isinstance(table, pandas.DataFrame) and table.index.name == "time (s)"
    np.testing.assert_array_equal(table.index, SIGNAL.times)
    np.testing.assert_array_equal(table["right", "down"], SIGNAL.values[:, 1, 0])


def test_a_table_without_pandas(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        SIGNAL.to_dataframe()


@pytest.mark.parametrize("value", [SIGNAL, vmm.measure.spectrum(SIGNAL), vmm.measure.peaks(SIGNAL)[0]])
def test_results_are_one_short_line(value):
    assert "\n" not in repr(value) and len(repr(value)) < 300


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_an_executed_notebook_shows_pictures():
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    text, figure, video, inline = (cell.outputs[-1].data for cell in notebook.cells)
    assert "\n" not in text["text/plain"] and text["text/plain"].startswith("RegionSignal(")
    assert "image/png" in figure and "image/png" in inline
    assert sum("image/png" in output.get("data", {}) for output in notebook.cells[-1].outputs) == 1
    assert "<video" in video["text/html"]
