"""Results in the Universal File Format: units (dataset 164), nodes (15), time histories (58) and shapes (55)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vmm.measure.estimation._pixel_size import LENGTH_UNITS
from vmm.measure.estimation._regions import roi_center
from vmm.measure.modal._deflection import Modes
from vmm.measure.signals._signal import RegionSignal

_DATA_TYPES = {"displacement": 8, "velocity": 11, "acceleration": 12}
"""Codes of the format for quantities (specific data types)."""

_TIME, _GENERAL = 17, 1
"""Codes of the format for time in seconds, and for a quantity that has no code."""

_UNIT_SYSTEMS = {
    "m": (1, "SI: meter, newton", 1.0),
    "ft": (2, "BG: foot, pound f", 0.22480894309971),
    "mm": (5, "MM: mm, millinewton", 1e3),
    "cm": (6, "CM: cm, centinewton", 1e2),
    "in": (7, "IN: inch, pound f", 0.22480894309971),
}
"""Code, description and force per newton of each system of units, by its unit of length."""

_USER_DEFINED = 9
"""Code of a system with another unit of length."""

_ASCII = str.maketrans({"\N{SUPERSCRIPT TWO}": "^2", "\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u"})
"""Characters of units that the format cannot hold."""

_AXES = ("abscissa", "ordinate", "orddenom", "z_axis")

_DIRECTIONS = ((0, -2, "down"), (1, 1, "right"))
"""For each direction its index in the values, its code in the format (-2 is -y, 1 is +x), and its name."""


def write_uff(path: Path, result: Any) -> None:
    """Write signals of regions, shapes of regions, or both, into one file.

    Nodes are the centers of the regions, x to the right and y up, in the unit of length of the displacement. If there
    are shapes only, the nodes lie in a row.
    """
    import pyuff

    parts = list(result) if isinstance(result, Sequence) else [result]
    if not parts or not all(isinstance(part, (RegionSignal, Modes)) for part in parts):
        raise ValueError("a .uff file holds a RegionSignal, Modes of regions, or a list of both; save others as .npz")
    units = {_length_unit(part) for part in parts}
    if len(units) > 1:
        raise ValueError(f"a .uff file holds one unit of length, not {' and '.join(sorted(units))}: save several files")
    sets = [_units(pyuff, *units), _nodes(pyuff, parts)]
    for part in parts:
        sets += _histories(pyuff, part) if isinstance(part, RegionSignal) else _shapes(pyuff, part)
    pyuff.UFF(str(path)).write_sets(sets, "overwrite")


def _length_unit(part: Any) -> str:
    """The unit of length of a result: mm for a velocity in mm/s."""
    unit: str = part.unit.partition("/")[0]
    return unit


def _data_type(modes: Modes) -> int:
    """The code of the quantity of shapes, which are those of a velocity if the unit is a length per time."""
    time = modes.unit.partition("/")[2]
    order = 0 if not time else 2 if time.endswith("\N{SUPERSCRIPT TWO}") else 1
    return list(_DATA_TYPES.values())[order]


def _units(pyuff: Any, unit: str) -> dict[str, Any]:
    """Dataset 164: the system of units. The factors convert SI to the units of the file.

    For pixels of unknown size, or another unit that is not known, the factor of length is 1.
    """
    description = "pixels, size unknown" if unit == "px" else _ascii(unit)
    code, text, force = _UNIT_SYSTEMS.get(unit, (_USER_DEFINED, description, 1.0))
    return pyuff.prepare_164(
        units_code=code,
        units_description=text[:20],
        temp_mode=1,
        length=1 / LENGTH_UNITS.get(unit, 1.0),
        force=force,
        temp=1.0,
        temp_offset=273.15,
    )


def _ascii(unit: str) -> str:
    """A unit in ASCII characters, as the format requires: mm/s^2."""
    return unit.translate(_ASCII).encode("ascii", "replace").decode()


def _nodes(pyuff: Any, parts: list[Any]) -> dict[str, Any]:
    """Dataset 15: a node for each region."""
    centers = next((_centers(part) for part in parts if isinstance(part, RegionSignal)), None)
    if centers is None:
        count = parts[0].shapes.shape[1]
        centers = np.stack([np.zeros(count), np.arange(count)], axis=1)
    count = len(centers)
    zeros = np.zeros(count)
    ones = np.ones(count, int).tolist()
    return pyuff.prepare_15(
        node_nums=_node_numbers(count),
        def_cs=ones,
        disp_cs=ones,
        color=ones,
        x=centers[:, 1],
        y=-centers[:, 0],
        z=zeros,
    )


def _centers(signal: RegionSignal) -> np.ndarray:
    """Center (R, 2) of each region, down and right, in the unit of length."""
    return np.array([roi_center(roi) for roi in signal.rois]) * signal.pixel_size


def _node_numbers(count: int) -> list[int]:
    """Numbers of nodes, which begin with 1."""
    return list(range(1, count + 1))


def _histories(pyuff: Any, signal: RegionSignal) -> list[dict[str, Any]]:
    """Datasets 58: a time history for each known component."""
    return [
        _history(pyuff, signal, region, axis, code, name)
        for region in range(signal.values.shape[1])
        for axis, code, name in _DIRECTIONS
        if signal.is_known[region, axis]
    ]


def _history(pyuff: Any, signal: RegionSignal, region: int, axis: int, code: int, name: str) -> dict[str, Any]:
    values = np.ascontiguousarray(signal.values[:, region, axis], dtype=float)
    exponents = [f"{label}_{of}_unit_exp" for label in _AXES for of in ("len", "force", "temp")]
    return pyuff.prepare_58(
        binary=0,
        id1=f"region {region} {name}",
        id2=f"{signal.quantity} by vmm",
        id3="NONE",
        id4="NONE",
        id5="NONE",
        func_type=1,
        ver_num=0,
        load_case_id=0,
        rsp_ent_name="NONE",
        rsp_node=region + 1,
        rsp_dir=code,
        ref_ent_name="NONE",
        ref_node=0,
        ref_dir=0,
        ord_data_type=4,
        num_pts=len(values),
        abscissa_spacing=int(signal.frame_times is None),
        abscissa_min=0.0,
        abscissa_inc=1 / signal.fs,
        z_axis_value=0.0,
        abscissa_spec_data_type=_TIME if signal.time_unit == "s" else _GENERAL,
        abscissa_axis_units_lab=signal.time_unit,
        ordinate_spec_data_type=_DATA_TYPES[signal.quantity],
        ordinate_axis_units_lab=_ascii(signal.unit),
        orddenom_spec_data_type=0,
        orddenom_axis_units_lab="NONE",
        z_axis_spec_data_type=0,
        z_axis_axis_units_lab="NONE",
        data=values,
        x=signal.times,
        **dict.fromkeys(exponents, 0),
    )


def _shapes(pyuff: Any, modes: Modes) -> list[dict[str, Any]]:
    """Datasets 55: a complex shape for each frequency, as a response at that frequency. Unknown components are 0."""
    if modes.shapes.ndim != 3:
        raise ValueError("shapes of every pixel do not fit a .uff file: choose regions, or save them as .npz")
    shapes = np.where(np.isfinite(modes.shapes), modes.shapes, 0)
    return [
        pyuff.prepare_55(
            id1=f"deflection shape at {frequency:.6g} {modes.frequency_unit}",
            id2=f"in {_ascii(modes.unit)}",
            id3="NONE",
            id4="NONE",
            id5="NONE",
            model_type=1,
            analysis_type=5,
            data_ch=2,
            spec_data_type=_data_type(modes),
            data_type=5,
            n_data_per_node=3,
            r1=shape[:, 1].astype(complex),
            r2=-shape[:, 0].astype(complex),
            r3=np.zeros(len(shape), complex),
            load_case=0,
            freq_step_n=k + 1,
            freq=float(frequency),
            node_nums=_node_numbers(len(shape)),
        )
        for k, (frequency, shape) in enumerate(zip(modes.frequencies, shapes, strict=True))
    ]
