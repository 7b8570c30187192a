"""Results in the Universal File Format: nodes (dataset 15), time histories (58) and shapes (55)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vmm.measure.displacement import Displacement
from vmm.measure.modes import Modes
from vmm.measure.rois import Region

_DISPLACEMENT = 8  # as the standard numbers quantities; 17 is time
_TIME = 17
_AXES = ("abscissa", "ordinate", "orddenom", "z_axis")
_WAYS = ((0, -2, "down"), (1, 1, "right"))  # axis of the values, direction -y or +x, name


def write_uff(path: Path, result: Any) -> None:
    """Write displacement of regions, their shapes, or both, in one file.

    Nodes are the middles of the regions, x to the right and y up, in pixels; where shapes alone are written, they stand
    in a row.
    """
    try:
        import pyuff
    except ImportError:
        raise ImportError("a .uff file needs pyuff: pip install pyuff") from None
    parts = list(result) if isinstance(result, Sequence) else [result]
    if not parts or not all(isinstance(part, (Displacement, Modes)) for part in parts):
        raise ValueError("a .uff file holds a Displacement, Modes of regions, or a list of both; save others as .npz")
    sets = [_nodes(pyuff, parts)]
    for part in parts:
        sets += _histories(pyuff, part) if isinstance(part, Displacement) else _shapes(pyuff, part)
    pyuff.UFF(str(path)).write_sets(sets, "overwrite")


def _nodes(pyuff: Any, parts: list[Any]) -> dict[str, Any]:
    """Dataset 15: a node for each region."""
    places = next((_middles(part) for part in parts if isinstance(part, Displacement)), None)
    if places is None:
        count = parts[0].shapes.shape[1]
        places = np.stack([np.zeros(count), np.arange(count)], axis=1)
    count = len(places)
    zeros = np.zeros(count)
    frame = np.ones(count, int).tolist()
    return pyuff.prepare_15(
        node_nums=_numbers(count), def_cs=frame, disp_cs=frame, color=frame, x=places[:, 1], y=-places[:, 0], z=zeros
    )


def _middles(moved: Displacement) -> np.ndarray:
    """Middle (R, 2) of each region, row and column."""
    return np.array([_middle(roi) for roi in moved.rois], dtype=float)


def _middle(roi: Any) -> tuple[float, float]:
    if isinstance(roi, Region):
        roi = roi.box
    if isinstance(roi, np.ndarray) and roi.ndim == 2:
        rows, cols = np.nonzero(roi)
        return float(rows.mean()), float(cols.mean())
    top, left, height, width = roi
    return top + (height - 1) / 2, left + (width - 1) / 2


def _numbers(count: int) -> list[int]:
    """Numbers of nodes: they begin with 1."""
    return list(range(1, count + 1))


def _histories(pyuff: Any, moved: Displacement) -> list[dict[str, Any]]:
    """Datasets 58: a time history for each region and direction that is known."""
    known = np.asarray(moved.known)
    return [
        _history(pyuff, moved, region, axis, way, name)
        for region in range(moved.values.shape[1])
        for axis, way, name in _WAYS
        if known[region, axis]
    ]


def _history(pyuff: Any, moved: Displacement, region: int, which: int, way: int, name: str) -> dict[str, Any]:
    values = np.ascontiguousarray(moved.values[:, region, which], dtype=float)
    exponents = [f"{axis}_{of}_unit_exp" for axis in _AXES for of in ("len", "force", "temp")]
    return pyuff.prepare_58(
        binary=0,
        id1=f"region {region} {name}",
        id2="displacement by vmm",
        id3="NONE",
        id4="NONE",
        id5="NONE",
        func_type=1,
        ver_num=0,
        load_case_id=0,
        rsp_ent_name="NONE",
        rsp_node=region + 1,
        rsp_dir=way,
        ref_ent_name="NONE",
        ref_node=0,
        ref_dir=0,
        ord_data_type=4,
        num_pts=len(values),
        abscissa_spacing=1,
        abscissa_min=0.0,
        abscissa_inc=1 / moved.fs,
        z_axis_value=0.0,
        abscissa_spec_data_type=_TIME,
        abscissa_axis_units_lab="s",
        ordinate_spec_data_type=_DISPLACEMENT,
        ordinate_axis_units_lab=moved.unit,
        orddenom_spec_data_type=0,
        orddenom_axis_units_lab="NONE",
        z_axis_spec_data_type=0,
        z_axis_axis_units_lab="NONE",
        data=values,
        x=np.arange(len(values)) / moved.fs,
        **dict.fromkeys(exponents, 0),
    )


def _shapes(pyuff: Any, modes: Modes) -> list[dict[str, Any]]:
    """Datasets 55: a complex shape for each frequency, as a response at that frequency; what is not known is 0."""
    if modes.shapes.ndim != 3:
        raise ValueError("shapes of every pixel do not fit a .uff file: take regions, or save them as .npz")
    shapes = np.where(np.isfinite(modes.shapes), modes.shapes, 0)
    return [
        pyuff.prepare_55(
            id1=f"deflection shape at {frequency:.6g} Hz",
            id2=f"in {modes.unit}",
            id3="NONE",
            id4="NONE",
            id5="NONE",
            model_type=1,
            analysis_type=5,
            data_ch=2,
            spec_data_type=_DISPLACEMENT,
            data_type=5,
            n_data_per_node=3,
            r1=shape[:, 1].astype(complex),
            r2=-shape[:, 0].astype(complex),
            r3=np.zeros(len(shape), complex),
            load_case=0,
            freq_step_n=k + 1,
            freq=float(frequency),
            node_nums=_numbers(len(shape)),
        )
        for k, (frequency, shape) in enumerate(zip(modes.frequencies, shapes, strict=True))
    ]
