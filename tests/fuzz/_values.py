"""Valid, unusual and bad values of arguments, by their names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

VALID: dict[str, list[Any]] = {
    "alpha": [0, -1, 3, 20.0, np.float32(5), 0.5],
    "beta": [0.0, 1.0],
    "chroma": ["half", "full", None],
    "denoise": [0.0, 1.0],
    "direction": [0.0, 45.0, None],
    "kernel": ["gaussian"],
    "limit": [1.0, 3.0, math.inf],
    "octave": [1.0, 0.5],
    "orientations": [1, 4, 8],
    "propagation": [1, 5],
    "sigma": [1.0, 3.0],
    "temporal": ["fir", "causal", "butterworth", "iir", "ideal"],
    "transform": ["steerable", "dualtree"],
    "motion": ["displacement", "phase"],
    "mask": [(2, 2, 12, 12), None],
}
"""Valid values of the options of the methods."""

NUMBERS: list[Any] = [
    math.nan, math.inf, -math.inf, 0, -1, -0.5, 1e-300, 1e-9, 1e-6, 0.01, 0.5, 1, 2, 7, 50, 1000, 5000, 1e6, 1e9,
    1e30, 1e300, 10**400, -(10**400), 2**63, True, False, np.float32(2), np.int8(3), np.array(2.0),
]  # fmt: skip
"""Numbers that may be valid or not."""


def _three(*_: Any, **__: Any) -> int:
    return 3


OTHERS: list[Any] = [
    None, "a", "", b"x", [30], (2,), (1, 2), (4, 2), (2.0, 4.0), (0, 4), (math.nan, 4), (2, math.inf), (1e-6, 13.5),
    (4.5, 4.500000000001), (2, 4, 6), [(2, 4), (5, 7)], [(2, 4), 3], [], {}, {"a": 1}, 3 + 1j, np.array([1.0, 2.0]),
    np.array([]), np.zeros((2, 2)), object, _three, "fir", "phase", (0, 0, 8, 8), (-1, 0, 8, 8), (0, 0, 10**6, 8),
    [(0, 0, 16, 16)], ("a", "b"), (None, None), np.array(["a"]), [[1, 2], [3]], range(3), iter([1, 2]), "1 mm", "px",
    np.datetime64("2020-01-01"), np.ma.masked_array([1.0, 2.0], [False, True]),
]  # fmt: skip
"""Values of other types."""


def unusual(name: str, arguments: dict[str, Any], rng: np.random.Generator) -> Any:
    """A value of an argument that is bad as a rule."""
    if name in ("frames", "truth", "original", "values", "before", "after", "sensor", "a", "b", "image", "is_static"):
        return _unusual_array(arguments.get(name), rng)
    if name == "mask" and rng.random() < 0.7 and "frames" in arguments:
        return _unusual_mask(arguments["frames"], rng)
    if name == "path" and rng.random() < 0.7:
        choices = [
            "",
            "out",
            "out.xyz",
            ".",
            "missing/out.csv",
            "out\0.csv",
            "x" * 300 + ".csv",
            b"out.csv",
            "/",
            "out.csv",
        ]
        return choices[rng.integers(len(choices))]
    pool = NUMBERS if rng.random() < 0.6 else OTHERS
    return pool[rng.integers(len(pool))]


def _unusual_array(array: Any, rng: np.random.Generator) -> Any:
    """An array with a wrong type, shape or content, or something else."""
    if not isinstance(array, np.ndarray) or rng.random() < 0.25:
        pool = NUMBERS if rng.random() < 0.3 else OTHERS
        return pool[rng.integers(len(pool))]
    bad = array.astype(np.float32)
    bad[..., 0] = rng.choice([np.nan, np.inf, -np.inf])
    with np.errstate(over="ignore"):
        huge = array.astype(np.float32) * np.float32(3e35)
    masked = np.ma.masked_array(array, np.zeros(array.shape, bool))
    masked[..., 0] = np.ma.masked
    choices: list[Any] = [
        bad,
        huge,
        masked,
        array[:0],
        array[:1],
        array[:2],
        array[:, :0] if array.ndim > 1 else array[:0],
        array[..., :1],
        array[..., None],
        array.astype(bool),
        array.astype(np.int16),
        array.astype(np.int64),
        array.astype(complex),
        array.astype(object),
        array.astype(str),
        array.astype(np.longdouble),
        array[0],
        np.zeros_like(array),
        np.full_like(array, 255),
        array.tolist(),
        [array, array[:, :1] if array.ndim > 1 else array[:1]],
        iter([]),
        iter([array[:0]]),
        iter([array, None]),
        iter([array, array.astype(np.float64)]),
        (array, 0.0),
        (array, math.nan),
        (array, "a"),
        np.broadcast_to(array[:1], array.shape),
        array[::2],
        array.astype(np.float64) * 1e-300,
        array.astype(np.float64) * 1e300,
        rng.permutation(array.reshape(-1)).reshape(array.shape),
    ]
    return choices[rng.integers(len(choices))]


def _unusual_mask(frames: Any, rng: np.random.Generator) -> Any:
    """A mask with a wrong type, shape or content, or an unusual one that is valid."""
    size = frames.shape[1:3] if isinstance(frames, np.ndarray) and frames.ndim >= 3 else (8, 8)
    values = rng.random(size)
    choices: list[Any] = [
        values, values > 0.5, (values > 0.5) * np.uint8(255), values * 2, values - 1, values * np.nan, values + 0j,
        values[:-1], values[None], np.zeros(size), np.ma.masked_array(values, values > 0.5), values.astype(object),
        values.astype(str), values.tolist(), np.zeros((0, 0)), values * np.inf, values.astype(np.float16),
    ]  # fmt: skip
    return choices[rng.integers(len(choices))]
