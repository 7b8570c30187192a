"""Published settings of the papers' clips, by clip and method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmm.temporal import butterworth, ideal

_EVM = {"temporal": butterworth, "chroma": 0.1}
_COLOR = {"temporal": ideal, "chroma": 1.0}
_HALF, _OCTAVE = {"octave": 0.5}, {"octave": 1.0}


def _with_gradient(methods: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The settings of a clip, and for clips of the phase method the same band and alpha for the gradient method."""
    if "phase" not in methods:
        return methods
    return {"gradient": {name: methods["phase"][name] for name in ("band", "fs", "alpha")}, **methods}


_PUBLISHED: dict[str, dict[str, dict[str, Any]]] = {
    "baby": {
        "linear": {"band": (0.4, 3.0), "fs": 30.0, "alpha": 10.0, "wavelength": 16.0, **_EVM},
        "phase": {"band": (0.1, 0.6), "fs": 30.0, "alpha": 20.0, "octave": 0.25},
    },
    "baby2": {"color": {"band": (2.33, 2.67), "fs": 30.0, "alpha": 75.0, "level": 6, **_COLOR}},
    "bottle_moving": {"acceleration": {"frequency": 4.0, "alpha": 8.0}},
    "camera": {
        "linear": {"band": (45.0, 100.0), "fs": 300.0, "alpha": 150.0, "wavelength": 20.0, **_EVM, "chroma": 0.0},
        "phase": {"band": (36.0, 62.0), "fs": 300.0, "alpha": 120.0, "sigma": 5.0, "temporal": butterworth, **_HALF},
    },
    "car_engine": {"phase": {"band": (15.0, 25.0), "fs": 400.0, "alpha": 15.0, **_OCTAVE}},
    "cat_toy": {
        "acceleration": {"frequency": 4.0, "fs": 29.97, "alpha": 8.0},
        "jerk": {"frequency": 3.0, "fs": 240.0, "alpha": 5.0, "beta": 0.8},
    },
    "crane": {"phase": {"band": (0.2, 0.25), "fs": 24.0, "alpha": 100.0, **_HALF}},
    "crane_crop": {"phase": {"band": (0.2, 0.25), "fs": 24.0, "alpha": 75.0, **_HALF}},
    "eye": {"phase": {"band": (30.0, 50.0), "fs": 500.0, "alpha": 75.0, **_OCTAVE}},
    "eye_raw": {"acceleration": {"frequency": 2.5, "alpha": 15.0}},
    "face": {"color": {"band": (0.83, 1.0), "fs": 30.0, "alpha": 25.0, "level": 4, **_COLOR}},
    "face2": {
        "linear": {"band": (0.5, 10.0), "fs": 30.0, "alpha": 20.0, "wavelength": 80.0, **_EVM},
        "color": {"band": (0.83, 1.0), "fs": 30.0, "alpha": 25.0, "level": 6, **_COLOR},
    },
    "guitar": {
        "linear": {
            "band": (72.0, 92.0),
            "fs": 600.0,
            "alpha": 25.0,
            "wavelength": 10.0,
            "chroma": 0.0,
            "temporal": ideal,
        },
        "phase": {"band": (72.0, 92.0), "fs": 600.0, "alpha": 25.0, **_HALF},
    },
    "guitar_a": {
        "linear": {
            "band": (100.0, 120.0),
            "fs": 600.0,
            "alpha": 50.0,
            "wavelength": 10.0,
            "chroma": 0.0,
            "temporal": ideal,
        },
        "phase": {"band": (100.0, 120.0), "fs": 600.0, "alpha": 25.0, **_HALF},
    },
    "gun_shot": {
        "acceleration": {"frequency": 8.0, "fs": 29.97, "alpha": 8.0},
        "jerk": {"frequency": 20.0, "fs": 480.0, "alpha": 10.0, "beta": 0.3},
        "anisotropy": {"frequency": 20.0, "fs": 480.0, "alpha": 10.0, "beta": 0.5},
    },
    "parkinson": {"acceleration": {"frequency": 3.0, "alpha": 8.0}},
    "shadow": {"linear": {"band": (0.5, 10.0), "fs": 30.0, "alpha": 5.0, "wavelength": 48.0, **_EVM, "chroma": 0.0}},
    "stomp": {
        "phase": {"band": (1.0, 25.0), "fs": 300.0, "alpha": 50.0, "sigma": 12.0, "temporal": butterworth, **_OCTAVE}
    },
    "subway": {"linear": {"band": (3.6, 6.2), "fs": 30.0, "alpha": 60.0, "wavelength": 90.0, **_EVM, "chroma": 0.3}},
    "throat": {"phase": {"band": (90.0, 110.0), "fs": 1900.0, "alpha": 100.0, **_OCTAVE}},
    "trees_low": {"phase": {"band": (0.5, 1.0), "fs": 60.0, "alpha": 25.0, **_HALF}},
    "trees_mid": {"phase": {"band": (1.5, 2.0), "fs": 60.0, "alpha": 25.0, **_HALF}},
    "woman_low": {"phase": {"band": (0.35, 0.71), "fs": 60.0, "alpha": 15.0, **_HALF}},
    "woman_mid": {"phase": {"band": (1.0, 1.9), "fs": 60.0, "alpha": 15.0, **_HALF}},
    "wrist": {"linear": {"band": (0.4, 3.0), "fs": 30.0, "alpha": 10.0, "wavelength": 80.0, **_EVM}},
}
presets: Mapping[str, Mapping[str, dict[str, Any]]] = {name: _with_gradient(clip) for name, clip in _PUBLISHED.items()}
"""Published settings of the papers' clips: a mapping from the name of a clip to methods, and from a method to options.

``vmm.gradient.magnify(frames, **vmm.presets["guitar"]["gradient"])`` uses one. The settings of ``gradient``, the
recommended method, are the band, camera rate and alpha that are published for ``phase``. All settings are converted to
the conventions of this library: bands are in Hz, the output motion is (1 + alpha) times the input motion, and temporal
filters have unit gain, so that alpha is half the published value if the published filter has a gain of one half. If the
frequencies of a slow-motion clip are published at the playback rate of its file, `fs` is this rate.

References
----------
.. [1] Wu et al., SIGGRAPH 2012, Wadhwa et al., SIGGRAPH 2013, Zhang et al., CVPR 2017, and Takeda et al., CVPR 2018
   and 2019: the scripts that reproduce their results.
"""
