"""The parts and methods under test by name, and the tolerances of the comparisons."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

import vmm
from vmm.motion import intensity, local_phase, quaternion
from vmm.parts import LinearFilter
from vmm.spatial import (
    DualTree,
    Gaussian,
    GaussianPyramid,
    Laplacian,
    Pixels,
    RieszPyramid,
    SteerablePyramid,
    color_laplacian,
    luma,
    padded,
    planes,
    stacked,
    with_chroma,
)
from vmm.temporal import acceleration, butterworth, causal, chain, difference, fir, ideal, iir, jerk, parallel, unwrap

TOLERANCE = {"float32": 1e-5, "float64": 1e-9}  # by dtype, relative to the range of the values

SPATIAL: dict[str, Any] = {
    "pixels": Pixels,
    "gaussian": partial(Gaussian, level=3),
    "laplacian": Laplacian,
    "riesz": RieszPyramid,
    "riesz 3x3": partial(RieszPyramid, kernel="3x3"),
    "riesz invertible": partial(RieszPyramid, pyramid="invertible"),
    "gaussian pyramid": GaussianPyramid,
    "steerable octave": SteerablePyramid,
    "steerable half octave": partial(SteerablePyramid, octave=0.5),
    "steerable quarter octave": partial(SteerablePyramid, octave=0.25),
    "steerable 4 orientations": partial(SteerablePyramid, octave=1.0, orientations=4, crop=0.0),
    "steerable 5 orientations": partial(SteerablePyramid, orientations=5, transition=0.75, octave=0.5),
    "dual tree": DualTree,
    "dual tree of 2 levels": partial(DualTree, levels=2),
    "padded steerable": padded(SteerablePyramid, octave=0.5),
    "stacked": stacked(Laplacian, Pixels),
    "stacked three": stacked(Pixels, partial(SteerablePyramid, octave=1.0), partial(Gaussian, level=2)),
}

COLOR: dict[str, Any] = {
    "luma": luma(Laplacian),
    "planes": planes(Laplacian),
    "planes of a gaussian pyramid": planes(GaussianPyramid, chroma=0.3),
    "luma of a dual tree": luma(DualTree),
    "luma of padded": luma(padded(SteerablePyramid, octave=1.0)),
    "color laplacian": color_laplacian(),
    "color laplacian of full size": color_laplacian("full"),
    "steerable with chroma": with_chroma(luma(padded(SteerablePyramid, octave=1.0))),
    "laplacian with chroma of full size": with_chroma(luma(Laplacian), "full"),
    "luma stacked on planes": stacked(luma(Laplacian), planes(Gaussian, level=2)),
}

MOTIONS = {"intensity": intensity, "local_phase": local_phase, "quaternion": quaternion}

# Filters of 2 to 3 Hz (or 2.45 Hz) at 30 frames/s, and the tolerance of their gain of 1.
BANDPASS: dict[str, tuple[LinearFilter, float]] = {
    "ideal": (ideal((2, 3), 30), 0.02),
    "fir": (fir((2, 3), 30), 1e-3),
    "butterworth": (butterworth((2, 3), 30), 1e-2),
    "butterworth 3": (butterworth((2, 3), 30, order=3), 1e-2),
    "iir": (iir((2, 3), 30), 1e-2),
    "acceleration": (acceleration(6**0.5, 30), 1e-6),
    "jerk": (jerk(6**0.5, 30), 1e-6),
}

FILTERS: dict[str, LinearFilter] = {
    **{name: part for name, (part, _) in BANDPASS.items()},
    "causal": causal((2, 3), 30),
    "iir r": iir(r=(0.4, 0.05)),
    "unwrap": unwrap(),
    "difference": difference(),
    "chain": chain(unwrap(), fir((2, 3), 30)),
    "parallel": parallel(fir((2, 3), 30), fir((5, 8), 30), gains=(10, -1)),
    "parallel recursive": parallel(butterworth((2, 3), 30), iir((5, 8), 30)),
}

FEW_SUBBANDS = {"octave": 1.0, "orientations": 2}  # the laws hold at any number of subbands
OPTIONS: dict[str, dict[str, Any]] = {
    "phase": FEW_SUBBANDS,  # which take a small part of the time of the defaults
    "linear": {"wavelength": 0},  # magnifies all levels alike
}
METHODS = {
    name: partial(getattr(vmm, name).magnify, **OPTIONS[name]) if name in OPTIONS else getattr(vmm, name).magnify
    for name in vmm.METHODS
}

BY_FREQUENCY = ("acceleration", "jerk", "anisotropy", "bilateral")  # these methods take one frequency instead of a band
BY_BAND = tuple(name for name in METHODS if name not in BY_FREQUENCY)

VIDEOS = Path(__file__).parents[2] / "shared" / "videos"


def moved(frames, rois=None):
    """Return the displacement (T, R, 2) of regions since the first frame, in pixels.

    The frames are blurred by a pixel first, since the finest subbands of magnified frames follow large motion less than
    the others.
    """
    brightness = frames @ np.array([0.299, 0.587, 0.114]) if frames.ndim == 4 else frames.astype(float)
    values = vmm.measure.displacement(gaussian_filter(brightness, (0, 1, 1)), rois).values
    return values - values[0]
