"""Measurements for the page: the public functions of ``vmm.measure``, and their results as numbers for plots."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

import numpy as np

import vmm
from vmm.app.clip import OpenClip, place_of
from vmm.app.jobs import Job
from vmm.backend.luma import LUMA_WEIGHTS
from vmm.cli.outputs import suggestion_notes
from vmm.measure.detection._strongest_region import strongest_region
from vmm.measure.signals._text import with_stderr

_TILE = 16
"""Side in pixels of the tiles of the motion map, in the frames for previews."""

_SHAPE_STEP = 2
"""Distance in pixels between the samples of a deflection shape, in the frames for previews."""

_MAX_MAP_FRAMES = 300
"""Frames that the motion map uses, from the middle of the part, which bounds its time."""

_MAP_CHUNK = 8
"""Frames of the motion map that are measured at a time; it can be canceled between them."""

_QUICK_SIDE = 64
"""Side in pixels, about, to which regions are reduced for a quick estimate: it takes a tenth of a second of CPU for 600
frames."""

_SMALLEST_SIDE = 12
"""Smallest side in reduced pixels: regions that are thinner have too few pixels for an estimate."""

_NO_FRAMES = "the frames are still being read"

Box = tuple[int, int, int, int]

Place: TypeAlias = Mapping[str, Any]
"""A region of the page: its box, and the corners of its polygon if it is one."""


class HeldFrames(Protocol):
    """Frames in which regions are measured: those of the open clip, or the last ones of a camera."""

    def around(self, boxes: list[Box], step: int = 1) -> tuple[vmm.io.Clip, tuple[int, int], int]:
        """The luma around some boxes, reduced by a step, where it begins, and the step that was used."""


def measured(
    clip: HeldFrames, region: Place, still: Sequence[Place], unit: Mapping[str, Any], *, quick: bool = False
) -> dict[str, Any]:
    """Waveform, spectrum and peaks of a region, for the page; `quick` estimates it from reduced frames."""
    signal, messages = displacement(clip, region, still, unit, quick=quick)
    quantity = unit.get("quantity", "displacement")
    result = signal if quantity == "displacement" else getattr(vmm.measure, quantity)(signal)
    answer = {
        "times": _numbers(result.times, 9),
        "values": [_numbers(result.values[:, 0, axis]) for axis in (0, 1)],
        "stderr": _numbers(result.stderr[0]),
        "unit": result.unit,
        "time_unit": result.time_unit,
        "reason": next((reason for reason in signal.reasons if not any(reason in text for text in messages)), ""),
        "is_known": bool(signal.is_known.any()),
        "messages": messages,
        "peaks": [],
        "frequencies": [],
        "amplitudes": [],
    }
    if signal.is_known.any():
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                spectrum, peaks = vmm.measure.spectrum(result), vmm.measure.peaks(result)
        except ValueError as error:  # The part is too short for a spectrum.
            return {**answer, "messages": [*messages, str(error)]}
        answer["messages"] = list(dict.fromkeys([*messages, *(str(item.message) for item in caught)]))
        answer["frequencies"] = _numbers(spectrum.frequencies, 9)
        answer["amplitudes"] = [_numbers(spectrum.values[:, 0, axis]) for axis in (0, 1)]
        answer["peaks"] = [_peak(result, peak) for peak in peaks]
    return answer


def displacement(
    clip: HeldFrames, region: Place, still: Sequence[Place], unit: Mapping[str, Any], *, quick: bool = False
) -> tuple[Any, list[str]]:
    """Displacement of a region, and the warnings about it."""
    boxes = [one["box"] for one in (region, *still)]
    largest = max(1, min(side for box in boxes for side in box[2:]) // _SMALLEST_SIDE)
    frames, corner, step = clip.around(boxes, min(largest, _reduction(boxes[0])) if quick else 1)
    places = [place_of(one, corner, step, frames.shape[1:3]) for one in (region, *still)]
    unit_name = unit.get("unit") or "px"
    scale: dict[str, Any] = {"pixel_size": unit.get("pixel_size"), "unit": unit_name}
    if step > 1:
        scale = {"pixel_size": (unit.get("pixel_size") or 1) * step, "unit": f"{unit_name} of the clip"}
    scale["method"] = "linear" if quick else "phase"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        signal = vmm.measure.displacement(frames, places[0], still=places[1:] or None, **scale)
    if step > 1:
        signal = replace(signal, unit=unit_name)
    # The only region is number 0 in the warnings, and has its name on the page.
    return signal, list(dict.fromkeys(str(item.message).replace("region 0: ", "") for item in caught))


def _reduction(box: Box) -> int:
    """Step by which a region is reduced for a quick estimate."""
    return max(1, round(math.sqrt(box[2] * box[3]) / _QUICK_SIDE))


def _peak(signal: Any, peak: Any) -> dict[str, Any]:
    """A peak with its texts, and its orbit."""
    axis = int(np.nanargmax(peak.amplitude[0])) if np.isfinite(peak.amplitude[0]).any() else 0
    amplitude = with_stderr(float(peak.amplitude[0, axis]), float(peak.amplitude_stderr[0, axis]), peak.unit)
    orbit = []
    if np.isfinite(peak.amplitude[0]).all():
        turn = np.exp(2j * np.pi * np.arange(49) / 48)
        ellipse = vmm.measure.orbit(signal, peak.frequency)
        orbit = [_numbers(np.real(ellipse.phasors[0, k] * turn)) for k in (0, 1)]
    return {
        "frequency": peak.frequency,
        "amplitude": float(peak.amplitude[0, axis]),
        "axis": axis,
        "text": _with_sign(str(peak)),
        "size": f"{_with_sign(amplitude)} {('down', 'right')[axis]}",
        "note": peak.harmonic.text(peak.frequency_unit) if peak.harmonic else peak.reason,
        "orbit": orbit,
    }


def suggestions(clip: OpenClip, job: Job) -> list[dict[str, Any]]:
    """The suggestions of ``vmm.measure.suggest`` for the part in use; the job counts the frames."""
    source = clip.stream(gray=False)
    job.total = source.shape[0]

    def chunks() -> Any:
        job.done = 0
        for chunk in source.reopen():
            yield chunk
            job.advance(len(chunk))

    results = clip.suggestions = vmm.measure.suggest(source.with_chunks(chunks, source.shape))
    return [_suggestion(item) for item in results]


def clearest_region(clip: OpenClip, suggestion: vmm.measure.Suggestion) -> tuple[int, ...]:
    """The box in which the motion of a suggestion is clearest, as the commands choose it; its own box for a color."""
    box = strongest_region(clip.held_luma, [suggestion])
    return tuple(int(n) for n in box or suggestion.roi)


def _suggestion(item: Any) -> dict[str, Any]:
    unit = "px" if item.kind == "motion" else "gray levels"
    return {
        "frequency": item.frequency,
        "text": _with_sign(str(item)),
        "kind": item.kind,
        "size": f"{item.amplitude:.2g} {unit}, {item.snr:.0f} dB above the noise",
        "note": "; ".join(suggestion_notes(item)),
        "box": [int(n) for n in item.roi],
        "point": [int(n) for n in item.point],
        "method": item.method,
        "band": [float(edge) for edge in item.band],
        "alpha": float(item.alpha),
    }


def small_frames(clip: OpenClip) -> np.ndarray:
    """The frames for previews; raise if they have not been read yet."""
    if clip.small is None:
        raise ValueError(_NO_FRAMES)
    return clip.small


def small_luma(clip: OpenClip) -> np.ndarray:
    """The frames for previews, in gray, which are computed once."""
    frames = small_frames(clip)
    if frames.ndim == 3:
        return frames
    if clip.small_gray is None or clip.small_gray[0] is not frames:
        weights = np.array(LUMA_WEIGHTS, np.float32)
        clip.small_gray = frames, np.stack([np.rint(frame @ weights).astype(np.uint8) for frame in frames])
    return clip.small_gray[1]


def motion_map(clip: OpenClip, job: Job) -> dict[str, Any]:
    """The root mean square of the displacement of every tile of the frame, in pixels of the clip."""
    frames = small_luma(clip)
    start = max(0, (len(frames) - _MAX_MAP_FRAMES) // 2)
    frames = frames[start : start + _MAX_MAP_FRAMES]
    job.total = len(frames)

    def chunks() -> Iterator[np.ndarray]:
        job.done = 0
        for i in range(0, len(frames), _MAP_CHUNK):
            yield frames[i : i + _MAP_CHUNK]
            job.advance(len(frames[i : i + _MAP_CHUNK]))

    source = vmm.io.Clip(chunks, frames.shape, frames.dtype, clip.fs, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Tiles without texture stay empty.
        tiles = vmm.measure.grid(_TILE)
        signal = vmm.measure.displacement(source, tiles, method="linear")
    size = np.sqrt(np.square(signal.values).mean(axis=0))
    size = np.sqrt(np.square(np.where(signal.is_known, size, 0)).sum(axis=1)) * clip.step
    noise = np.sqrt(np.square(np.where(signal.is_known, signal.stderr, 0)).sum(axis=1)) * clip.step
    boxes = [[int(n) * clip.step for n in roi] for roi in signal.rois]
    is_known: Any = signal.is_known.any(axis=1)
    rows = zip(boxes, size, noise, is_known, strict=True)
    moving = [[*box, round(float(value), 5)] for box, value, error, is_known in rows if is_known and value > 3 * error]
    return {"tiles": moving, "largest": max((tile[4] for tile in moving), default=0.0)}


def shape(clip: OpenClip, frequency: float) -> Any:
    """The deflection shape at a frequency, from the frames for previews."""
    frames = small_luma(clip)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return vmm.measure.modes(
            frames, [frequency], fs=clip.fs, step=_SHAPE_STEP, pixel_size=float(clip.step), unit="px of the clip"
        )


def warm_up() -> None:
    """Compile what previews with the default method and measurements call, with a small clip."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (24, 64, 64, 3), np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vmm.gradient.magnify(frames, (4, 9), fs=30)
        vmm.measure.displacement(frames[..., 0], (16, 16, 32, 32), fs=30)


def _with_sign(text: str) -> str:
    """A text of the command line with the sign that terminals may lack."""
    return text.replace("+-", "\N{PLUS-MINUS SIGN}")


def _numbers(values: Any, digits: int = 6) -> list[float | None]:
    """Numbers as JSON has them: unknown ones are None."""
    return [float(f"{value:.{digits}g}") if math.isfinite(value) else None for value in np.asarray(values).tolist()]
