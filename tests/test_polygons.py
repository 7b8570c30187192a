"""Polygons as regions: the mask, and the option of the commands."""

from contextlib import suppress

import numpy as np
import pytest
import skimage.measure

import vmm
from vmm.cli import main

CORNERS = [(8, 16), (8, 40), (32, 40), (20, 30), (32, 16)]
NUMBERS = [str(n) for corner in CORNERS for n in corner]


@pytest.mark.parametrize("seed", range(5))
def test_the_mask_holds_the_pixels_whose_middle_is_inside(seed):
    corners = np.random.default_rng(seed).uniform(-5, 40, (6, 2))
    points = np.moveaxis(np.mgrid[:30, :35] + 0.5, 0, -1).reshape(-1, 2)
    expected = skimage.measure.points_in_poly(points, corners).reshape(30, 35)
    np.testing.assert_array_equal(vmm.measure.polygon(corners, (30, 35)), expected)
    box = vmm.measure.polygon([(2, 3), (2, 9), (7, 9), (7, 3)], (10, 12))
    assert box.sum() == 30 and box[2:7, 3:9].all()


@pytest.mark.parametrize(
    "corners", [[(1, 2), (3, 4)], [(1, 2, 3)] * 3, [(0, 0), (0, float("nan")), (5, 5)], [(50, 50), (50, 60), (60, 50)]]
)
def test_corners_without_an_inside_are_refused(corners):
    with pytest.raises(ValueError, match="corners="):
        vmm.measure.polygon(corners, (30, 35))


@pytest.fixture(scope="module")
def path(tmp_path_factory, clip):
    path = tmp_path_factory.mktemp("polygons") / "clip.mkv"
    vmm.io.write(path, clip, 30)
    return path


def test_measure_takes_boxes_and_polygons_in_their_order(path, clip, tmp_path):
    out = tmp_path / "signal.npz"
    words = ["measure", path, "--polygon", *NUMBERS, "--roi", 8, 16, 24, 24, "--name=p", "--name=b", "--out", out]
    main([*map(str, words), "--quiet"])
    signal, mask = vmm.measure.load(out), vmm.measure.polygon(CORNERS, clip.shape[1:3])
    expected = vmm.measure.displacement(clip, {"p": mask, "b": (8, 16, 24, 24)}, fs=30)
    assert signal.names == ("p", "b")
    np.testing.assert_allclose(signal.values, expected.values, atol=1e-6)


def test_magnify_takes_one_polygon(path, clip, tmp_path):
    out = tmp_path / "out.mkv"
    main(["linear", str(path), str(out), "--band", "2", "3", "--polygon", *NUMBERS, "--quiet"])
    mask = vmm.measure.polygon(CORNERS, clip.shape[1:3])
    result = vmm.io.read(out)[0]
    np.testing.assert_array_equal(result, vmm.linear.magnify(clip, (2, 3), fs=30, mask=mask))
    assert (result[:, mask] != clip[:, mask]).any()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["measure", "IN", "--polygon", "1", "2", "3", "4"], "at least three corners"),
        (["measure", "IN", "--polygon", "1", "2", "3", "4", "5", "6", "7"], "at least three corners"),
        (["linear", "IN", "out.mkv", "--band", "2", "3", "--polygon", "1", "2"], "at least three corners"),
        (["measure", "IN", "--polygon", "900", "900", "900", "950", "950", "900"], "no pixel of a frame"),
        (["measure", "IN", "--polygon", *NUMBERS, "--grid", "20"], "give one of them"),
        (["compare", "IN", "IN", "--polygon", *NUMBERS], "compared in boxes"),
        (["compare", "IN", "IN", "--still", *NUMBERS], "compared in boxes"),
        (["measure", "IN", "--still", "1", "2", "3", "4", "5"], "three corners"),
    ],
)
def test_errors_are_sentences(path, words, message, capsys):
    with suppress(SystemExit):  # The parser raises it, and other errors are a status.
        assert main([str(path) if word == "IN" else word for word in words]) != 0
    assert message in capsys.readouterr().err


def test_a_still_polygon_is_subtracted(path, clip, tmp_path):
    out = tmp_path / "signal.npz"
    corners = ["2", "2", "2", "14", "30", "14", "30", "2"]
    main(["measure", str(path), "--roi", "8", "16", "24", "24", "--still", *corners, "--out", str(out), "--quiet"])
    mask = vmm.measure.polygon([(2, 2), (2, 14), (30, 14), (30, 2)], clip.shape[1:3])
    expected = vmm.measure.displacement(clip, (8, 16, 24, 24), still=[mask], fs=30)
    np.testing.assert_allclose(vmm.measure.load(out).values[:, 0], expected.values[:, 0], atol=1e-6)


@pytest.mark.parametrize("corners", [{"a": 1}, None, "abc", [(0, 0), (1,), (2, 2)], 7], ids=str)
def test_what_are_no_corners_is_refused_in_one_sentence(corners):
    with pytest.raises(ValueError, match="must be at least 3 finite pairs"):
        vmm.measure.polygon(corners, (8, 8))


@pytest.mark.parametrize("size", [(8,), 8, (8.5, 8), (0, 8), (8, 10**9), "ab", None], ids=str)
def test_what_is_no_size_is_refused(size):
    with pytest.raises((TypeError, ValueError), match="size"):
        vmm.measure.polygon([(0, 0), (0, 4), (4, 0)], size)
