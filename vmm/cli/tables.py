"""Displacement of the requested regions, and its tables of regions and of peaks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Literal

import vmm
from vmm.cli.inputs import length_unit, open_clip, requested_regions, still_regions
from vmm.measure.signals._text import with_stderr

_DIRECTIONS = ("down", "right")


def measure_displacement(
    options: argparse.Namespace, method: Literal["phase", "linear"] = "phase"
) -> vmm.measure.RegionSignal:
    """Displacement of the requested regions, by default of the one that shows the strongest vibration most clearly."""
    from vmm.measure.detection._strongest_region import strongest_region

    rois: Any = requested_regions(options)
    unit = length_unit(options)
    still = still_regions(options)
    if rois is None:
        suggestions = vmm.measure.suggest(open_clip(options), still=still)
        rois = strongest_region(lambda: open_clip(options), suggestions, still)
        print(_region_message(rois, suggestions))
    return vmm.measure.displacement(open_clip(options), rois, still=still, method=method, **unit)


def _region_message(roi: tuple[int, ...] | None, suggestions: list[vmm.measure.Suggestion]) -> str:
    if roi is None:
        return (
            "Nothing vibrates above the noise, so the frame without its margin is measured as one region; "
            "choose another with --roi"
        )
    suggestion = next(suggestion for suggestion in suggestions if suggestion.kind == "motion")
    box = " ".join(map(str, roi))
    return f"Measured where {suggestion.frequency:.4g} Hz is clearest; the same region as an option: --roi {box}"


def region_rows(displacement: vmm.measure.RegionSignal) -> list[tuple[str, ...]]:
    """A row of titles, and one row for each region and direction, with the reason of an uncertain region at the end."""
    import numpy as np

    titles = ("region", "top left height width", "direction", "rms", "peak to peak", "standard error", "")
    rows: list[tuple[str, ...]] = [titles]
    for r, roi in enumerate(displacement.rois):
        reason = displacement.reasons[r] if displacement.reasons else ""
        place = " ".join(map(str, roi)) if isinstance(roi, tuple) else "mask"
        for direction, values, stderr in _components(displacement, r):
            numbers = float(np.std(values)), float(np.ptp(values)), float(stderr)
            cells = (f"{n:.3g} {displacement.unit}" if np.isfinite(n) else "unknown" for n in numbers)
            rows.append((region_label(displacement, r), place, direction, *cells, reason))
    return rows


def region_label(displacement: vmm.measure.RegionSignal, r: int) -> str:
    """The name of a region, or its number."""
    return displacement.names[r] if displacement.names else str(r)


def _components(displacement: vmm.measure.RegionSignal, r: int) -> list[tuple[str, Any, float]]:
    """Name, values (T,) and standard error of both components of a region, or of the one along an oblique direction."""
    import numpy as np

    direction = displacement.direction
    if direction is not None and np.isfinite(direction[r]).all() and not displacement.is_known[r].any():
        return [(_along_name(*direction[r]), displacement.along[:, r], displacement.along_stderr[r])]
    pairs = zip(_DIRECTIONS, displacement.values[:, r].T, displacement.stderr[r], strict=True)
    return [(name, values, stderr) for name, values, stderr in pairs]


def peak_rows(peaks: Sequence[vmm.measure.Peak]) -> list[tuple[str, ...]]:
    """A row of titles, and one row for each peak, with the largest amplitude of all regions and directions.

    The direction is the one in which a region's displacement is known if that is oblique, else down or right.
    """
    rows: list[tuple[str, ...]] = [("frequency", "amplitude", "region", "direction", "snr", "")]
    for peak in peaks:
        region, direction, amplitude, stderr = largest_amplitude(peak)
        size = with_stderr(amplitude, stderr, peak.unit)
        harmonic = [peak.harmonic.text(peak.frequency_unit)] if peak.harmonic else []
        place = peak.names[region] if peak.names else str(region)
        row = str(peak), size, place, direction, f"{peak.snr:.0f} dB"
        rows.append((*row, "; ".join([*_notes(peak), *harmonic])))
    return rows


def peak_notes(peaks: Sequence[vmm.measure.Peak]) -> list[str]:
    """A sentence about each note in the table of peaks."""
    sentences = {note: meaning for peak in peaks for note, meaning in _notes(peak).items()}
    return [f"{note}: {meaning}" for note, meaning in sentences.items()]


def _notes(peak: vmm.measure.Peak) -> dict[str, str]:
    """The notes on a peak, and their meaning."""
    from vmm.measure.signals._peaks import FEW_PERIODS, NOT_STEADY

    notes = {}
    if peak.reason == NOT_STEADY:
        notes["not steady"] = f"{NOT_STEADY}; the standard errors count the power next to it as noise"
    if peak.reason == FEW_PERIODS:
        notes["few periods"] = FEW_PERIODS
    if peak.is_codec_rhythm:
        notes["rhythm of the codec"] = (
            "the video codec may cause it, since it treats frames differently in a regular pattern"
        )
    return notes


def largest_amplitude(peak: vmm.measure.Peak) -> tuple[int, str, float, float]:
    """Region and direction of the largest amplitude of a peak, that amplitude and its standard error."""
    import numpy as np

    amplitudes, stderrs = (
        np.concatenate([part, along[:, None]], axis=1)
        for part, along in ((peak.amplitude, peak.along), (peak.amplitude_stderr, peak.along_stderr))
    )
    region, part = divmod(int(np.nan_to_num(amplitudes, nan=-1.0).argmax()), 3)
    name = _component_name(part, peak.direction, region)
    return region, name, float(amplitudes[region, part]), float(stderrs[region, part])


def _component_name(part: int, direction: Any, region: int) -> str:
    """The name of a component: down, right, or the third one, along the direction (R, 2) of its region."""
    return _DIRECTIONS[part] if part < 2 or direction is None else _along_name(*direction[region])


def _along_name(down: float, right: float) -> str:
    """The name of an oblique direction."""
    return f"along ({down:.2f} down, {right:.2f} right)"


def largest_signal(displacement: vmm.measure.RegionSignal) -> tuple[Any, str]:
    """The displacement of the region and direction with the largest standard deviation, as a signal, and its name."""
    import numpy as np

    from vmm.measure.signals._sampling import as_positions
    from vmm.measure.signals._signal import Signals

    components = np.concatenate([displacement.values, displacement.along[..., None]], axis=-1)  # (T, R, 3)
    components[..., :2][:, ~displacement.is_known] = np.nan
    spread = np.nan_to_num(components.std(axis=0), nan=-1.0)
    region, part = divmod(int(spread.argmax()), 3)
    if spread[region, part] < 0:
        raise ValueError("no region's displacement is known: choose other regions with --roi or --grid")
    positions = as_positions(displacement.frame_times)
    signal = Signals(components[:, region, part], displacement.fs, displacement.unit, positions=positions)
    name = _component_name(part, displacement.direction, region)
    return signal, f"region {region_label(displacement, region)}, {name}"
