"""Selectivity: gain inside and outside of the band for several frequencies, and a comparison of temporal filters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.study.entrants import Entrant, entrants
from benchmarks.study.tables import cell, failures
from benchmarks.study.types import Block, Curves, Job, Results, Setting, Table, Values
from vmm import temporal
from vmm.data.stripes import stripe_rois, stripes
from vmm.data.synthetic import render, sway, texture
from vmm.measure import displacement, phasors

TITLE = "Selectivity"
TEXT = (
    "Four stripes of texture oscillate with amplitudes of 0.1 px at 1, 2.5, 4.5 and 8 Hz (then one texture at all "
    "four frequencies), and the band from 2 to 3 Hz is magnified with alpha 9. Displacement is measured before and "
    "after. The transfer function is the added displacement at each frequency over alpha times the input "
    "displacement; ideally it is 1 in the band and 0 outside (scene of Wadhwa et al., SIGGRAPH 2013). The lag is its "
    "phase. Then temporal filters are compared on a texture that begins to oscillate at 2.5 Hz in the middle of the "
    "clip."
)
FS, FREQUENCIES, TARGET, ALPHA, AMPLITUDE = 30.0, (1.0, 2.5, 4.5, 8.0), 2.5, 9.0, 0.1
FLOOR = -60.0  # Smallest leakage in dB; lower values are dominated by rounding errors.
BANDS = {"ideal": temporal.ideal, "fir": temporal.fir, "butterworth": temporal.butterworth, "iir": temporal.iir}
KERNELS = {"acceleration": temporal.acceleration, "jerk": temporal.jerk}
PARTS, ONE = "parts", "one object"


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Every entrant on both scenes; every temporal filter in every classical method that has a temporal filter."""
    for one in entrants(setting).values():
        for scene in (PARTS, ONE):
            yield Job((one.name, scene), partial(transfers, one, scene, setting))
    for one in entrants(setting).values():
        if one.kind == "classical" and "temporal" in one.options:
            for name, design in filters(one).items():
                yield Job((one.name, "filter", name), partial(_filtered, one, design, setting))


def filters(one: Entrant) -> Mapping[str, Any]:
    """Temporal filters for an entrant: functions that design a band-pass, and filters of one frequency."""
    kernels = {name: kernel(TARGET, FS) for name, kernel in KERNELS.items()}
    return {**BANDS, **kernels} if "frequency" not in one.options else {}


def scene(kind: str, setting: Setting) -> tuple[np.ndarray, list[tuple[int, int, int, int]], np.ndarray]:
    """The clip, a box for each frequency, and the true displacement (T, boxes) to the right."""
    count = 2 * setting.frames
    moves = np.stack([sway(count, FS, f, AMPLITUDE) for f in FREQUENCIES], axis=1)
    if kind == PARTS:
        boxes = stripe_rois(setting.shape, len(FREQUENCIES), margin=min(8, setting.shape[1] // 16))
        source = stripes(setting.shape, len(FREQUENCIES), kind="texture")
        return render(source, moves), boxes, moves[..., 1]
    shape = (min(setting.shape), min(setting.shape))
    edge = max(6, shape[0] // 8)
    whole = moves.sum(axis=1)
    box = (edge, edge, shape[0] - 2 * edge, shape[1] - 2 * edge)
    return render(texture(shape), whole), [box] * len(FREQUENCIES), np.tile(whole[:, 1:], (1, len(FREQUENCIES)))


def transfers(one: Entrant, kind: str, setting: Setting) -> Values:
    """The transfer function: gain in the band, its lag in degrees, and leakage outside of the band in dB."""
    frames, boxes, moves = scene(kind, setting)
    inner = slice(len(frames) // 6, -(len(frames) // 6))
    added, true = (phasors(part[inner], FREQUENCIES, fs=FS) for part in (_added(one, frames, boxes), moves))
    transfer = np.diag(added) / (ALPHA * np.diag(true))
    values: Values = {f"dB {f:g}": decibels(abs(g)) for f, g in zip(FREQUENCIES, transfer, strict=True)}
    main = transfer[FREQUENCIES.index(TARGET)]
    worst = max(decibels(abs(g)) for f, g in zip(FREQUENCIES, transfer, strict=True) if f != TARGET)
    lag = float(-np.angle(main, deg=True)) if abs(main) > 1e-3 else float("nan")
    return values | {"gain": float(abs(main)), "lag": lag, "worst": worst}


def _added(one: Entrant, frames: np.ndarray, boxes: list[Any], **options: Any) -> np.ndarray:
    """Displacement (T, boxes) to the right that was added by magnification."""
    out = np.asarray(one.magnify(frames, TARGET, FS, ALPHA, **options))
    before, after = (displacement(clip, boxes, fs=FS).values[..., 1] for clip in (frames, out))
    return after - before


def decibels(ratio: float) -> float:
    """A ratio of amplitudes in dB, at least FLOOR."""
    return float(max(20 * np.log10(max(ratio, 1e-9)), FLOOR))


def burst(setting: Setting) -> tuple[np.ndarray, list[tuple[int, int, int, int]], int]:
    """A texture that begins to oscillate in the middle of the clip, its box, and the first frame with motion."""
    count, side = 2 * max(setting.frames, 48), min(64, *setting.shape)
    start = count // 2
    moves = sway(count, FS, TARGET, AMPLITUDE) * (np.arange(count) >= start)[:, None]
    edge = side // 8
    return render(texture((side, side)), moves), [(edge, edge, side - 2 * edge, side - 2 * edge)], start


def _filtered(one: Entrant, design: Any, setting: Setting) -> Values:
    """Gain and lag after settling, motion added before the start, and settling time."""
    frames, boxes, start = burst(setting)
    added = _added(one, frames, boxes, temporal=design)[:, 0]
    carrier = np.exp(-2j * np.pi * TARGET * np.arange(len(added)) / FS)
    period = round(FS / TARGET)
    envelope = 2 * np.abs(np.convolve(added * carrier, np.ones(period) / period, mode="same")) / (ALPHA * AMPLITUDE)
    settled = slice(len(added) - 2 * period - period // 2, len(added) - period // 2)
    mean = float(envelope[settled].mean())
    phase = np.angle(np.sum((added * carrier)[settled])) + np.pi / 2
    reached = np.flatnonzero(envelope[start:] >= 0.9 * mean)
    before = float(np.sqrt(np.mean(added[:start] ** 2)) * np.sqrt(2) / (ALPHA * AMPLITUDE))
    return {
        "gain": mean,
        "lag": float(-np.rad2deg(np.angle(np.exp(1j * phase)))),
        "before": before,
        "periods": float(reached[0] / period) if len(reached) else float("nan"),
        "envelope": " ".join(f"{value:.3f}" for value in envelope),
    }


def blocks(results: Results, setting: Setting) -> list[Block]:
    """A table for each scene, plots of the transfer functions, and a table of filters with their envelopes."""
    result: list[Block] = []
    for kind in (PARTS, ONE):
        keys = {key[0]: key for key in results if key[1:] == (kind,)}
        columns = [f"{f:g} Hz, dB" for f in FREQUENCIES if f != TARGET]
        names = [f"dB {f:g}" for f in FREQUENCIES if f != TARGET]
        table = [(one, [cell(results, key, n) for n in ("gain", "lag", *names, "worst")]) for one, key in keys.items()]
        title = "Each stripe at its own frequency" if kind == PARTS else "One object at four frequencies"
        heads = (f"gain at {TARGET:g} Hz", "lag, degrees", *columns, "worst leakage, dB")
        result.append(Table(f"leakage-{kind.replace(' ', '-')}", title, heads, table, NOTE + failures(results)))
    keys = {key[0]: key for key in results if key[1:] == (PARTS,) and "worst" in results[key]}
    lines = {
        one: (list(FREQUENCIES), [float(results[key][f"dB {f:g}"]) for f in FREQUENCIES]) for one, key in keys.items()
    }
    if lines:
        result.append(Curves("transfer", "Added over requested motion", "frequency, Hz", "dB", lines))
    return [*result, *_filter_blocks(results)]


NOTE = f"Leakage below {FLOOR:g} dB is given as {FLOOR:g} dB. "


def _filter_blocks(results: Results) -> list[Block]:
    """The table of temporal filters, and the plot of their envelopes."""
    keys = [key for key in results if len(key) == 3 and key[1] == "filter"]
    if not keys:
        return []
    table = [
        (f"{one}, {name}", [cell(results, (one, "filter", name), n) for n in ("gain", "lag", "before", "periods")])
        for one, _, name in keys
    ]
    heads = ("gain", "lag, degrees", "added before the start", "periods to 90 %")
    note = "Added before the start: RMS motion before the first frame with motion, relative to that of the full wave."
    lines = {}
    for one, _, name in keys:
        envelope = results[one, "filter", name].get("envelope")
        if one == "phase" and isinstance(envelope, str):
            values = [float(word) for word in envelope.split()]
            lines[name] = ([i / FS for i in range(len(values))], values)
    plots: list[Block] = [
        Curves(
            "envelope",
            "Envelope of a wave that begins in the middle of the clip (phase method)",
            "time, s",
            "gain",
            lines,
        )
    ]
    return [Table("filters", "Temporal filters, by method", heads, table, note), *(plots if lines else [])]
