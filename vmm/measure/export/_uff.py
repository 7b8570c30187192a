"""Results in the Universal File Format: nodes (dataset 15), time histories (58) and shapes (55)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vmm.engine.regions import Region, box_center
from vmm.measure.modal._deflection import Modes
from vmm.measure.signals._signal import RegionSignal

_DATA_TYPES = {"displacement": 8, "velocity": 11, "acceleration": 12}
"""Codes of the format for quantities (specific data types)."""

_TIME = 17
"""Code of the format for time."""

_AXES = ("abscissa", "ordinate", "orddenom", "z_axis")

_DIRECTIONS = ((0, -2, "down"), (1, 1, "right"))
"""For each direction its index in the values, its code in the format (-2 is -y, 1 is +x), and its name."""


def write_uff(path: Path, result: Any) -> None:
    """Write signals of regions, shapes of regions, or both, into one file.

    Nodes are the centers of the regions, x to the right and y up, in pixels. If there are shapes only, the nodes lie in
    a row.
    """
    try:
        import pyuff
    except ImportError:
        raise ImportError("writing a .uff file needs pyuff: pip install pyuff") from None
    parts = list(result) if isinstance(result, Sequence) else [result]
    if not parts or not all(isinstance(part, (RegionSignal, Modes)) for part in parts):
        raise ValueError("a .uff file holds a RegionSignal, Modes of regions, or a list of both; save others as .npz")
    sets = [_nodes(pyuff, parts)]
    for part in parts:
        sets += _histories(pyuff, part) if isinstance(part, RegionSignal) else _shapes(pyuff, part)
    pyuff.UFF(str(path)).write_sets(sets, "overwrite")


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
    """Center (R, 2) of each region, row and column."""
    return np.array([_center(roi) for roi in signal.rois], dtype=float)


def _center(roi: Any) -> tuple[float, float]:
    if isinstance(roi, Region):
        roi = roi.box
    if isinstance(roi, np.ndarray) and roi.ndim == 2:
        rows, cols = np.nonzero(roi)
        return float(rows.mean()), float(cols.mean())
    return box_center(roi)


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
        abscissa_spec_data_type=_TIME,
        abscissa_axis_units_lab=signal.time_unit,
        ordinate_spec_data_type=_DATA_TYPES[signal.quantity],
        ordinate_axis_units_lab=signal.unit,
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
            id2=f"in {modes.unit}",
            id3="NONE",
            id4="NONE",
            id5="NONE",
            model_type=1,
            analysis_type=5,
            data_ch=2,
            spec_data_type=_DATA_TYPES["displacement"],
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
