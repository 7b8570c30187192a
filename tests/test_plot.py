"""Pictures of clips."""

import numpy as np
import pytest

import vmm


def test_a_slice_shows_the_chosen_line(color_clip):
    figure = vmm.plot.slices(color_clip, color_clip[::-1], row=10, fs=30)
    before, after = (axes.images[0].get_array() for axes in figure.axes)
    assert np.array_equal(before, color_clip[:, 10].swapaxes(0, 1))
    assert np.array_equal(after, color_clip[::-1, 10].swapaxes(0, 1))
    assert figure.axes[0].get_xlim() == (0, 2)


def test_a_slice_shows_the_middle_column_by_default(clip):
    (axes,) = vmm.plot.slices(clip.astype(np.uint16)).axes
    assert np.array_equal(axes.images[0].get_array(), clip[:, :, 32].T)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"row": 1, "col": 1}, "row=1 and col=1 cannot be given together"),
        ({"row": 99}, "row=99 must be inside the frame"),
        ({"col": -1}, "col=-1 must be inside the frame"),
    ],
)
def test_a_line_outside_the_frame(line, message, clip):
    with pytest.raises(ValueError, match=message):
        vmm.plot.slices(clip, **line)


def test_contact_sheet(color_clip, tmp_path):
    figure = vmm.plot.contact_sheet(color_clip.astype(np.uint16) << 8, count=5, fs=30)
    assert len(figure.axes) == 5
    assert np.array_equal(figure.axes[0].images[0].get_array(), color_clip[0])
    figure.savefig(tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 1000


def test_gallery(clip):
    figure = vmm.plot.gallery({"a": (clip, clip), "b": (clip, clip)}, {"a": {"row": 3}}, fs={"a": 30, "b": 30})
    assert len(figure.axes) == 6
    assert np.array_equal(figure.axes[1].images[0].get_array(), clip[:, 3].T)


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_side_by_side(kind, clip):
    frames = clip.astype(kind)
    joined = vmm.plot.side_by_side(frames, frames[::-1], gap=2)
    assert joined.shape == (60, 48, 130) and joined.dtype == frames.dtype
    assert (joined[:, :, 64:66] == (255 if kind == "uint8" else 65535)).all()
    chunks = vmm.plot.side_by_side(
        (frames[i : i + 7] for i in range(0, 60, 7)), (frames[::-1][i : i + 16] for i in range(0, 60, 16)), gap=2
    )
    assert np.array_equal(np.concatenate(list(chunks)), joined)
    with pytest.raises(ValueError, match="side by side must have the same shape"):
        vmm.plot.side_by_side(frames, frames[:, 1:])
    with pytest.raises(ValueError, match="the same shape and dtype"):
        vmm.plot.side_by_side(frames, frames.astype(np.float32))
    with pytest.raises(ValueError, match="frames hold NaN"):
        vmm.plot.side_by_side(frames.astype(np.float32), np.full(frames.shape, np.nan, np.float32))


def test_slices_of_an_iterator_of_chunks(color_clip):
    figure = vmm.plot.slices(iter([color_clip[:20], color_clip[20:]]), color_clip, row=10)
    first, second = (np.asarray(axes.images[0].get_array()) for axes in figure.axes)
    assert np.array_equal(first, second)
    with pytest.raises(ValueError, match="holds no frame"):
        vmm.plot.slices(iter([]))


@pytest.mark.parametrize(
    ("factor", "dtype"), [(4, np.uint16), (257, np.uint16), (1 / 255, np.float32), (1, np.float32)]
)
def test_colors_of_every_range_are_shown_alike(factor, dtype, color_clip):
    figure = vmm.plot.slices((color_clip * np.float64(factor)).astype(dtype), color_clip, row=10)
    first, second = (np.asarray(axes.images[0].get_array()).astype(int) for axes in figure.axes)
    assert np.abs(first - second).max() <= 1
