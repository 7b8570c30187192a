"""Three circles magnified to 10 px: mean squared error at the nominal alpha, and at a tuned one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np

from benchmarks.study.entrants import Entrant, entrants, forms, static_forms
from benchmarks.study.figures import montage
from benchmarks.study.metrics import circle_amplitude
from benchmarks.study.pairs import names_in, subsampled
from benchmarks.study.types import Block, Job, Pictures, Results, Setting, Table, Values
from vmm.data.magnified import FREQUENCY, FS, Magnified, moving_circles
from vmm.data.synthetic import BACKGROUNDS

TITLE = "Circles"
TEXT = (
    "25 clips of three uniform circles in front of different backgrounds. The circles move by 0.1 px to the right, "
    "down and along the diagonal, which is magnified to 10 px, with Gaussian noise of 3 gray levels. The figure is "
    "the mean squared error over the whole frame, at the nominal alpha of 99 and at the alpha for which the first "
    "circle moves by 10 px (Singh et al., WACV 2023, table 3)."
)
NOTE = (
    "The paper reports 36.4, 55.3 and 68.0 for three classical methods (its references 28, 30 and 39), 38.8 for Oh et "
    "al., 23.07 for its base network and 27.8 for its light one. Its 25 clips, their noise and the moving proportion "
    "of the frame are not published. The error depends on this proportion (see the row 'nothing' for the clips used "
    "here), so ratios between methods are comparable with those of the paper, but the errors themselves are not."
)
RATIOS = (
    "Relative to Oh et al. the paper reports 0.94, 1.43 and 1.75 for the classical methods, 0.59 for its base network "
    "and 0.72 for its light one. Here MagNet is included if its published weights exist, with a temporal band like all "
    "other methods, and as 'static', with the first frame as the reference, as in the papers. For its base network the "
    "paper reports 23.07 with all losses, 27.85 without the proxy, 30.1 without shared weights, 37.7 without the "
    "appearance loss, 31.1 without the edge loss and 40.2 without the perceptual loss (table 4). Networks that are "
    "trained with other losses are included with --network NAME=PATH."
)
MAGNET = "published MagNet"
ALPHA, AMPLITUDE, NOISE, SHAPE = 99.0, 0.1, 3.0, (120, 240)
MIN_ALPHA, MAX_ALPHA = 9.0, 990.0  # Range of the tuned alpha: a factor of about ten on both sides of the nominal one.
TUNING_CLIPS, TRIALS, TOLERANCE = 2, 4, 0.03  # Clips and iterations of the tuning, and accepted deviation of the gain.
PERIOD = round(FS / FREQUENCY)
FRAMES, MIDDLE = 3 * PERIOD, slice(PERIOD, 2 * PERIOD)  # Compared frames, away from the ends.


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Each entrant at the nominal alpha, with an image, and at the tuned alpha."""
    names, shape = backgrounds(setting), SHAPE if setting.name == "full" else setting.shape
    for one in participants(setting).values():
        yield Job((one.name, "nominal"), partial(_scored, one, names, shape, ALPHA, out / picture(one.name)))
        if one.kind != "nothing":
            yield Job((one.name, "tuned"), partial(_tuned, one, names, shape))


def participants(setting: Setting) -> dict[str, Entrant]:
    """All entrants, and methods and networks in their published forms."""
    return entrants(setting) | (forms() | static_forms() if setting.published else {})


def backgrounds(setting: Setting) -> list[str]:
    """Evenly spaced backgrounds, as many as the setting has scenes."""
    return [BACKGROUNDS[int(i)] for i in subsampled(range(len(BACKGROUNDS)), setting.scenes)]


def picture(name: str) -> str:
    """File name of the image of an entrant."""
    return f"circles-{name.replace(' ', '-').replace(',', '')}.png"


@cache
def clip(name: str, shape: tuple[int, int]) -> Magnified:
    """The clip with the given background."""
    return moving_circles(name, ALPHA, shape=shape, frames=FRAMES, amplitude=AMPLITUDE, noise=NOISE)


def _scored(one: Entrant, names: Sequence[str], shape: tuple[int, int], alpha: float, file: Path | None) -> Values:
    """Mean squared error and median gain over the clips."""
    errors, gains = [], []
    for i, name in enumerate(names):
        source = clip(name, shape)
        frames = np.asarray(one.magnify(source.frames, FREQUENCY, FS, alpha))[MIDDLE]
        errors.append(float(np.mean((frames.astype(float) - source.truth[MIDDLE]) ** 2)))
        gains.append(_gain(frames, source))
        if file is not None and i == 0:
            images = [(one.name, frames[PERIOD // 4]), ("truth", source.truth[MIDDLE][PERIOD // 4])]
            montage(images[: 2 if one.kind == "nothing" else 1], file)
    return {"mse": float(np.mean(errors)), "gain": float(np.median(gains)), "alpha": alpha}


def _tuned(one: Entrant, names: Sequence[str], shape: tuple[int, int]) -> Values:
    """Scores at the tuned alpha, whose gain on the first clips is closest to 1; alpha is scaled iteratively."""
    gains: dict[float, float] = {}
    alpha = ALPHA
    while len(gains) < TRIALS and alpha not in gains:
        sources = [clip(name, shape) for name in names[:TUNING_CLIPS]]
        clips = [np.asarray(one.magnify(m.frames, FREQUENCY, FS, alpha))[MIDDLE] for m in sources]
        gains[alpha] = float(np.mean([_gain(frames, m) for frames, m in zip(clips, sources, strict=True)]))
        if abs(gains[alpha] - 1) < TOLERANCE:
            break
        alpha = float(f"{np.clip(alpha / max(gains[alpha], 0.25), MIN_ALPHA, MAX_ALPHA):.3g}")
    best = min(gains, key=lambda a: abs(gains[a] - 1))
    return _scored(one, names, shape, best, None)


def _gain(frames: np.ndarray, source: Magnified) -> float:
    """Measured over requested motion of the first circle."""
    measured, requested = (
        circle_amplitude(f, source.background, FS, FREQUENCY) for f in (frames, source.truth[MIDDLE])
    )
    return measured / requested


def blocks(results: Results, setting: Setting) -> list[Block]:
    """Errors at both alphas, ratios of errors, and one frame of each entrant."""
    rows = []
    for name in names_in(results):
        nominal = results.get((name, "nominal"), {})
        tuned = results.get((name, "tuned"), nominal if name == "nothing" else {})
        cells = [nominal.get("mse"), nominal.get("gain"), tuned.get("mse"), tuned.get("gain"), tuned.get("alpha")]
        rows.append((name, [float("nan") if cell is None or isinstance(cell, str) else cell for cell in cells]))
    columns = ("error, alpha 99", "measured over 10 px", "error, tuned", "measured over 10 px, tuned", "alpha, tuned")
    result: list[Block] = [Table("mse", f"Mean squared error, {len(backgrounds(setting))} clips", columns, rows, NOTE)]
    nothing, magnet = (dict(rows).get(name, [float("nan")] * 3) for name in ("nothing", MAGNET))
    shares = [(name, [cells[0] / nothing[0], cells[2] / nothing[0], cells[2] / magnet[2]]) for name, cells in rows]
    ratios = ("over nothing, alpha 99", "over nothing, tuned", "over MagNet, tuned")
    result.append(Table("share", "Error relative to no magnification and to MagNet", ratios, shares, RATIOS))
    files = [(picture(name), "") for name in names_in(results) if "error" not in results.get((name, "nominal"), {})]
    return [*result, Pictures("The frame of largest motion at alpha 99", files)]
