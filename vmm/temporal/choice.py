"""The temporal filter that the arguments of a method describe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vmm.backend.checks import MAX_GAIN, Range, check_number, short_text
from vmm.parts import LinearFilter, NonlinearFilter
from vmm.temporal._fir import fir
from vmm.temporal._ideal import ideal
from vmm.temporal.combine import parallel
from vmm.temporal.recursive import butterworth, causal, iir

Band: TypeAlias = tuple[float, float] | Sequence[tuple[float, float]] | NDArray[Any] | None
"""A band (low, high) in Hz; several bands, as a list or an array (n, 2); or None if the filter is passed itself."""

DesignName: TypeAlias = Literal["fir", "causal", "butterworth", "iir", "ideal"]
"""Name of a design function of ``vmm.temporal``."""

Design: TypeAlias = Callable[..., LinearFilter] | LinearFilter | DesignName
"""A design function, such as ``vmm.temporal.fir``, its name, or a filter, such as ``vmm.temporal.fir((1, 3), 30)``."""

_DESIGNS: dict[str, Callable[..., LinearFilter]] = {
    "fir": fir,
    "causal": causal,
    "butterworth": butterworth,
    "iir": iir,
    "ideal": ideal,
}


def chosen_filter(temporal: Design, band: Band, fs: float | None, alpha: Any) -> tuple[LinearFilter, Any]:
    """The filter for a band, and alpha. For several bands, one filter with their alphas as gains, and 1 as alpha."""
    if not is_several(band):
        check_one_alpha(alpha)
        return designed(temporal, band, fs), alpha
    bands: Any = band
    alphas = list(alpha) if _is_list(alpha) else [alpha]
    if len(alphas) != len(bands) or not all(isinstance(value, Real) for value in alphas):
        raise ValueError(f"alpha={short_text(alpha)} must hold one number for each of the {len(bands)} bands")
    for value in alphas:
        check_number("alpha", value, Range(-MAX_GAIN, MAX_GAIN))
    return parallel(*(designed(temporal, tuple(one), fs) for one in bands), gains=alphas), 1.0


def designed(temporal: Any, band: Any, fs: float | None) -> LinearFilter:
    """The filter that a design function makes for a band; a filter is returned itself, and the band must be None."""
    if isinstance(temporal, NonlinearFilter):
        raise TypeError("temporal is a NonlinearFilter, which this method cannot use: pass it to vmm.magnify instead")
    if isinstance(temporal, LinearFilter):
        if band is not None:
            raise ValueError(f"band={short_text(band)} must be None, because temporal is a filter, which has a band")
        return temporal
    if isinstance(temporal, str):
        if temporal not in _DESIGNS:
            names = ", ".join(map(repr, _DESIGNS))
            raise ValueError(f"temporal={short_text(temporal)} must be one of {names}, a design function or a filter")
        temporal = _DESIGNS[temporal]
    if not callable(temporal) or isinstance(temporal, type):
        raise TypeError(
            f"temporal={short_text(temporal)} must be a design function, such as vmm.temporal.fir, or a filter"
        )
    result = temporal(band, fs)
    if not isinstance(result, LinearFilter):
        raise TypeError(
            f"temporal={short_text(temporal)} made {short_text(result)}, which is not a linear filter of vmm.parts"
        )
    return result


def is_several(band: Any) -> bool:
    """Whether the argument is a list of bands, rather than one band."""
    try:
        return np.ndim(band) == 2 and len(band) > 0
    except ValueError:  # a list of unequal parts
        return False


def number_of_bands(band: Any) -> int:
    """Number of bands that the argument holds."""
    return len(band) if is_several(band) else 1


def check_one_alpha(alpha: Any) -> None:
    """Raise a ValueError if alpha is a list, which needs several bands."""
    if _is_list(alpha):
        raise ValueError(
            f"alpha holds {len(alpha)} values, but there is one band: pass a number, a map (H, W), or as many bands"
        )


def _is_list(alpha: Any) -> bool:
    return isinstance(alpha, (list, tuple)) or getattr(alpha, "ndim", 0) == 1
