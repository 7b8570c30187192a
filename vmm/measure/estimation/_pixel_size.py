"""Size of a pixel in the scene: its check, and its value from a known length in the picture."""

from __future__ import annotations

import re

import numpy as np

from vmm.backend.arguments import checks_arguments

LENGTH_UNITS = {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "nm": 1e-9, "km": 1e3, "in": 0.0254, "ft": 0.3048}
"""Units of length, in meters."""

_LENGTH = re.compile(r"\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*(\S+?)\s*")
_OTHER_NAMES = {"\N{MICRO SIGN}m": "um", "\N{GREEK SMALL LETTER MU}m": "um", '"': "in", "inch": "in", "'": "ft"}


@checks_arguments
def pixel_size(length_px: float, length: str) -> tuple[float, str]:
    """The size of a pixel, from an object of known length in the picture.

    The object must be in the plane of the motion, parallel to the sensor. A length that is wrong by 1 % makes all
    displacements wrong by 1 %.

    Parameters
    ----------
    length_px
        Length of the object in the picture in pixels. It must be positive.
    length
        Length of the object with its unit, such as ``"50mm"``, ``"0.05 m"`` or ``"2in"``. The units are m, cm, mm, um,
        nm, km, in and ft.

    Returns
    -------
    size : float
        Size of a pixel, for the argument ``pixel_size`` of ``displacement``.
    unit : str
        Its unit, for the argument ``unit``.

    Raises
    ------
    ValueError
        If `length_px` is not positive, or `length` is not a positive number with one of these units.

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.pixel_size(200, "50 mm")
    (0.25, 'mm')
    """
    if not (np.isfinite(length_px) and length_px > 0):
        raise ValueError(f"length_px={length_px!r} must be positive: the length of the object in pixels")
    size, unit = parse_length(length)
    return size / float(length_px), unit


def parse_length(text: str) -> tuple[float, str]:
    """Number and unit of a length such as ``"50mm"``.

    Raises
    ------
    ValueError
        If it is not a positive number with a unit of length.
    """
    match = _LENGTH.fullmatch(str(text))
    number, unit = match.groups() if match else ("", "")
    unit = _OTHER_NAMES.get(unit, unit)
    try:
        size = float(number)
    except ValueError:
        size = np.nan
    if not (np.isfinite(size) and size > 0) or unit not in LENGTH_UNITS:
        units = ", ".join(LENGTH_UNITS)
        raise ValueError(f"length={text!r} must be a positive number with its unit, such as '50mm'; units are {units}")
    return size, unit


def check_pixel_size(pixel_size: float | None, unit: str) -> float:
    """The size of a pixel as a float; 1 if displacements are in pixels.

    Raises
    ------
    ValueError
        If it is not positive or has no unit, or if there is a unit of length without it.
    """
    if pixel_size is None:
        if unit != "px":
            raise ValueError(
                f"unit={unit!r} needs the size of a pixel in that unit: give for example pixel_size=0.2, or take it "
                "from a known length in the picture with vmm.measure.pixel_size(210, '50mm')"
            )
        return 1.0
    if not (np.isfinite(pixel_size) and pixel_size > 0):
        raise ValueError(f"pixel_size={pixel_size!r} must be positive: the size of a pixel in the scene")
    if unit == "px" and pixel_size != 1:
        raise ValueError(f"pixel_size={pixel_size!r} needs its unit: give for example unit='mm'")
    return float(pixel_size)
