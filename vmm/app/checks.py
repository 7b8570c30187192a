"""Checks of the values that the page sends."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import vmm
from vmm.app.clip import OpenClip

QUANTITIES = ("displacement", "velocity", "acceleration")

_MAX_REGIONS = 64
"""Regions of a session, more than anyone draws by hand."""

_MAX_CORNERS = 100
"""Corners of a region."""

_MAX_NAME = 80
"""Characters of the name of a region."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""A null character in JSON, which neither a path nor an argument of a command can hold."""


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body of a request, in which all numbers are finite and all texts can be written."""
    try:
        value = json.loads(body, parse_constant=_finite, parse_float=_finite, parse_int=_integer)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or _NUL.search(body):
        raise ValueError("a request must be a JSON object of finite numbers and of text without null characters")
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("the number is not finite")
    return number


def _integer(text: str) -> int:
    _finite(text)  # Most functions compute with floating-point numbers.
    return int(text)


def checked_regions(regions: Any, clip: OpenClip) -> list[dict[str, Any]]:
    """Regions with known fields only; raise if one is malformed or outside the frame."""
    if not isinstance(regions, list) or len(regions) > _MAX_REGIONS:
        raise ValueError(f"regions must be a list of at most {_MAX_REGIONS}")
    return [_checked_region(region, clip) for region in regions]


def _checked_region(region: Any, clip: OpenClip) -> dict[str, Any]:
    region = checked_object("region", region)
    texts = {key: str(region.get(key, ""))[:_MAX_NAME] for key in ("id", "name", "color")}
    size = clip.height, clip.width
    result = {**texts, "still": region.get("still") is True}
    if region.get("polygon") is None:
        return {**result, "box": checked_box(region.get("box"), size)}
    return {**result, **_checked_polygon(region["polygon"], size)}


def _checked_polygon(polygon: Any, size: tuple[int, int]) -> dict[str, Any]:
    """The corners of a region inside the frame, and the box around them; raise otherwise."""
    is_list = isinstance(polygon, list) and 3 <= len(polygon) <= _MAX_CORNERS
    is_pairs = is_list and all(isinstance(corner, list) and len(corner) == 2 for corner in polygon)
    if not is_pairs or not all(type(n) is int for corner in polygon for n in corner):
        raise ValueError(
            f"polygon must be from 3 to {_MAX_CORNERS} corners, each of two integers: row and column in pixels"
        )
    first, last = ([edge(corner[i] for corner in polygon) for i in (0, 1)] for edge in (min, max))
    box = checked_box([*first, last[0] - first[0], last[1] - first[1]], size)
    vmm.measure.polygon(polygon, size)  # It raises if no pixel is inside.
    return {"box": box, "polygon": polygon}


def checked_box(box: Any, size: Sequence[int]) -> tuple[int, int, int, int]:
    """The box of a region, inside a frame of a size (H, W); raise otherwise."""
    if not isinstance(box, list | tuple) or len(box) != 4 or not all(type(n) is int for n in box):
        raise ValueError(f"box={box!r} must be four integers: top, left, height and width in pixels")
    row, col, height, width = box
    if min(row, col) < 0 or min(height, width) < 1 or row + height > size[0] or col + width > size[1]:
        raise ValueError(
            f"box={tuple(box)} must be inside the frame, which is {size[0]} pixels high and {size[1]} wide"
        )
    return row, col, height, width


def checked_unit(unit: Any) -> dict[str, Any]:
    """Size and unit of a pixel, and the quantity."""
    unit = checked_object("unit", unit or {})
    quantity = unit.get("quantity") or "displacement"
    if quantity not in QUANTITIES:
        raise ValueError(f"quantity={quantity!r} must be one of {', '.join(QUANTITIES)}")
    if unit.get("length"):
        size, name = vmm.measure.pixel_size(checked_number("length_px", unit.get("length_px")), str(unit["length"]))
        return {"pixel_size": size, "unit": name, "quantity": quantity}
    return {"pixel_size": None, "unit": "px", "quantity": quantity}


def checked_object(name: str, value: Any) -> dict[str, Any]:
    """The value, if it is an object; raise otherwise."""
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object")
    return value


def checked_text(name: str, value: Any) -> str:
    """The value, if it is a text; raise otherwise."""
    if not isinstance(value, str):
        raise ValueError(f"{name}={value!r} must be a text")
    return value


def checked_number(name: str, value: Any) -> float:
    """The value, if it is a finite number; raise otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name}={value!r} must be a number")
    return float(value)
