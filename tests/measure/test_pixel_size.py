"""The size of a pixel, from a known length in the picture."""

import numpy as np
import pytest

import vmm
from vmm.measure import pixel_size


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ("50mm", (0.25, "mm")),
        (" 0.05 m ", (0.00025, "m")),
        ("2in", (0.01, "in")),
        ("1e3 \N{MICRO SIGN}m", (5, "um")),
        ('4"', (0.02, "in")),
    ],
)
def test_known_lengths(length, expected):
    size, unit = pixel_size(200, length)
    assert (pytest.approx(size), unit) == expected


@pytest.mark.parametrize("length", ["50", "mm", "-3 mm", "5 px", "0mm", "2,5mm", "nan mm", "1.2.3mm", "1e999mm"])
def test_invalid_lengths(length):
    with pytest.raises(
        ValueError, match=r"must be a positive number with its unit, such as '50mm'; units are m, cm, mm"
    ):
        pixel_size(200, length)


@pytest.mark.parametrize("length_px", [0, -3, np.nan, np.inf])
def test_invalid_lengths_in_pixels(length_px):
    with pytest.raises(ValueError, match=r"length_px=.* must be (finite|positive: the length of the object in pixels)"):
        pixel_size(length_px, "50mm")


def test_a_unit_needs_the_size_of_a_pixel(clip):
    for measure in (
        lambda: vmm.measure.displacement(clip, unit="mm"),
        lambda: vmm.measure.field(clip, unit="mm"),
        lambda: vmm.measure.modes(clip, 0.1, unit="mm"),
    ):
        with pytest.raises(ValueError, match=r"unit='mm' needs the size of a pixel.*pixel_size\(210, '50mm'\)"):
            measure()
    assert vmm.measure.displacement(clip[:4], (8, 8, 24, 24), pixel_size=1, unit="mm").unit == "mm"
