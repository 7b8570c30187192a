"""Magnification by a network, which several methods share."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from vmm.backend.arrays import is_array
from vmm.backend.checks import short_text
from vmm.engine.alpha import Alpha
from vmm.engine.frames import Frames, is_pair
from vmm.engine.loop import magnify, sampling_rate
from vmm.engine.regions import Mask
from vmm.learned._autoencoder import autoencoder
from vmm.learned._pair import filtered_pair, pair
from vmm.learned.network import Network
from vmm.learned.weights import load
from vmm.parts import CausalFilter, ClipPlan, LinearFilter, Motion
from vmm.temporal import difference
from vmm.temporal.choice import Band, Design, chosen_filter

Mode: TypeAlias = Literal["static", "dynamic", "temporal"]
"""Name of the frame against which a network sees motion."""

MODES: tuple[Mode, ...] = get_args(Mode)

ALL_MOTION = CausalFilter(lambda motion, memory: (motion, memory))
"""The filter that passes all motion since the first frame."""


def magnify_by_network(
    frames: Frames,
    band: Band,
    kind: str,
    *,
    fs: float | None,
    alpha: Alpha,
    mode: Mode | None,
    weights: str | Path,
    white: float | None,
    mask: Mask | None,
    temporal: Design,
) -> Frames:
    """Magnify motion by a network of one kind."""
    mode = _mode(mode, band, temporal, frames)
    chosen: LinearFilter
    gain: Any = alpha
    if mode == "temporal":
        chosen, gain = chosen_filter(temporal, band, sampling_rate(frames, fs), alpha)
    else:
        chosen = difference() if mode == "dynamic" else ALL_MOTION
    spatial, motion = _parts(load(weights, kind), white, mode)
    return magnify(frames, spatial=spatial, motion=motion, temporal=chosen, alpha=gain, mask=mask)


def _parts(net: Network, white: float | None, mode: Mode) -> tuple[ClipPlan, Motion]:
    if not net.pair:
        return autoencoder(net, white)
    return filtered_pair(net, white) if mode == "temporal" else pair(net, white)


def _mode(mode: Mode | None, band: Band, temporal: Design, frames: Any) -> Mode:
    """The mode; by default the one that the band, or a clip of two frames, suggests."""
    in_band = band is not None or isinstance(temporal, LinearFilter)
    if mode is None and not in_band and not _is_short(frames):
        raise ValueError(
            "band=None: pass band=(low, high) in Hz to magnify the motion of a clip in this band, or mode='static' to "
            "magnify all motion relative to the first frame, with slow changes of light"
        )
    if mode is None:
        return "temporal" if in_band else "static"
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} must be one of {', '.join(map(repr, MODES))}")
    if in_band != (mode == "temporal"):
        raise ValueError(f"band={short_text(band)} with mode={mode!r}: mode 'temporal' takes a band, and no other does")
    return mode


def _is_short(frames: Any) -> bool:
    """Whether the clip is known to have at most two frames, for which no band can be given."""
    clip = frames[0] if is_pair(frames) else frames
    return (isinstance(clip, list) or (is_array(clip) and clip.ndim > 0)) and len(clip) <= 2
