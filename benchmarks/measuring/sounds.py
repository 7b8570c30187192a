"""Sound: the signal-to-noise ratio that is reached, and the one that is stated."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.signal

import vmm
from benchmarks.measuring.camera import Camera
from benchmarks.measuring.scenes import along, leaves, photograph, texture
from benchmarks.measuring.scores import attempt, has_pyidi, lucas_kanade
from benchmarks.measuring.tables import ON_TARGET, Cell, Effort, Lines, Row, Table, yes
from vmm.data.synthetic import Scene
from vmm.spatial import DualTree, SteerablePyramid

FS = 2200.0
SIZE = 96
ANGLE = 25.0
MAX_DIFFERENCE = 2.0
"""Largest difference in dB of the stated from the true signal-to-noise ratio."""

MAX_LOSS = 2.0
"""Largest distance in dB of the default transform from the better one."""

Wave = Callable[[np.ndarray, int], np.ndarray]


def chirp(t: np.ndarray, seed: int) -> np.ndarray:
    """A tone that rises from 100 to 800 Hz, with a standard deviation of 1."""
    phase = float(np.random.default_rng([seed, 18]).uniform(0, 360))
    wave = scipy.signal.chirp(t, 100, t[-1], 800, phi=phase)
    scaled: np.ndarray = wave / wave.std()
    return scaled


def speech(t: np.ndarray, seed: int) -> np.ndarray:
    """Vowels: harmonics of a voice whose pitch changes, in syllables, with a standard deviation of 1."""
    rng = np.random.default_rng([seed, 19])
    pitch = 120 + 25 * np.sin(2 * np.pi * 2.3 * t + rng.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(pitch) * (t[1] - t[0])
    formants = 10 ** (-((np.arange(1, 8)[:, None] * pitch - 500 - 200 * np.sin(2 * np.pi * 3 * t)) ** 2) / 1.2e5)
    syllables = np.clip(np.sin(2 * np.pi * 4 * t + rng.uniform(0, 6)) + 0.4, 0, 1)
    wave = syllables * sum(a * np.sin(n * phase + n) for n, a in enumerate(formants, 1))
    scaled: np.ndarray = wave / wave.std()
    return scaled


@dataclass(frozen=True)
class Case:
    """A sound that a clip shows.

    Attributes
    ----------
    scene
        Function of a seed that makes the scene.
    wave
        The sound.
    amplitude
        Its standard deviation in thousandths of a pixel.
    sway, across
        Amplitude in pixels of a sway at 3 Hz, and whether it is across the direction of the sound.
    flicker
        Share by which the light flickers at 100 Hz.
    """

    scene: Callable[[int], Scene]
    wave: Wave = chirp
    amplitude: float = 5.0
    sway: float = 0.0
    across: bool = False
    flicker: float = 0.0

    def clip(self, effort: Effort, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Frames (T, H, W), the sound (T,) in pixels, and the picture at rest."""
        scene = self.scene(seed)
        t = np.arange(512 if effort.is_quick else 1100) / FS
        sound = 1e-3 * self.amplitude * self.wave(t, seed)
        slow = self.sway * np.sin(2 * np.pi * 3 * t + 1.0)
        moves = np.outer(sound, along(ANGLE)) + np.outer(slow, along(ANGLE + 90 * self.across))
        light = np.stack([scene(move)[:SIZE, :SIZE] for move in moves])
        light *= (1 + self.flicker * np.sin(2 * np.pi * 100 * t))[:, None, None]
        return Camera().record(light, seed), sound, scene(np.zeros(2))[:SIZE, :SIZE]


def in_band(values: np.ndarray, fs: float, band: tuple[float, float]) -> np.ndarray:
    """A signal without frequencies outside a band."""
    spectrum = np.fft.rfft(values - values.mean())
    frequencies = np.fft.rfftfreq(len(values), 1 / fs)
    spectrum[(frequencies < band[0]) | (frequencies > band[1])] = 0
    limited: np.ndarray = np.fft.irfft(spectrum, len(values))
    return limited


def ratio(measured: np.ndarray, true: np.ndarray) -> float:
    """Signal-to-noise ratio in dB of a waveform: the part that is proportional to the true one is the signal."""
    signal = true * (measured @ true) / (true @ true)
    return 10 * math.log10((signal @ signal) / ((measured - signal) @ (measured - signal)))


def of_sound(sound: vmm.measure.Sound, true: np.ndarray) -> float:
    """The ratio of a result of ``sound``, which is limited to its band."""
    return ratio(sound.values, in_band(true, sound.fs, sound.band))


def of_motion(values: np.ndarray, true: np.ndarray, band: tuple[float, float]) -> float:
    """The ratio of a displacement in a band; the filter keeps a sway out of it also at the ends."""
    sections = scipy.signal.butter(4, band, "bandpass", fs=FS, output="sos")
    return ratio(*(scipy.signal.sosfiltfilt(sections, signal - signal.mean()) for signal in (values, true)))


def bound(rest: np.ndarray, true: np.ndarray, band: tuple[float, float]) -> float:
    """Signal-to-noise ratio in dB of an estimate at the Cramer-Rao bound for the whole picture."""
    variance = np.square(vmm.measure.displacement_crlb(rest, (0, 0, SIZE, SIZE), noise=1.0)[0]) @ along(ANGLE) ** 2
    return 10 * math.log10(in_band(true, FS, band).var() / (variance * (band[1] - band[0]) / (FS / 2)))


def lines(case: Case, effort: Effort) -> Lines:
    """Bound, true and stated ratios of the default and of both transforms, and those of displacement."""
    parts = [figures(case, effort, seed) for seed in range(effort.seeds)]
    columns = list(zip(*parts, strict=True))
    cells: list[Cell] = [next((v for v in c if isinstance(v, str)), None) or float(np.mean(c)) for c in columns[:-1]]
    known_share = 100 * float(np.mean(columns[-1]))
    real, stated, steerable = (value if isinstance(value, float) else math.nan for value in cells[1:4])
    is_right = abs(real - stated) <= MAX_DIFFERENCE and real >= steerable - MAX_LOSS
    return [[*cells, known_share, yes(is_right or not known_share)]]


def figures(case: Case, effort: Effort, seed: int) -> list[Cell]:
    """The figures of one clip, and whether the sound is known."""
    frames, true, rest = case.clip(effort, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sound = vmm.measure.sound(frames, fs=FS)
        transforms = [vmm.measure.sound(frames, fs=FS, spatial=one) for one in (SteerablePyramid, DualTree)]
        displacement = vmm.measure.displacement(frames, fs=FS).values[:, 0] @ along(ANGLE)
    cells: list[Cell] = [bound(rest, true, sound.band), of_sound(sound, true), sound.snr]
    cells += [of_sound(one, true) for one in transforms]
    cells.append(of_motion(displacement, true, sound.band))
    if has_pyidi():
        side = SIZE - 9
        reading = attempt(lucas_kanade, frames, [(4, 4, side, side)])
        if isinstance(reading, str):
            cells.append(reading)
        else:
            cells.append(of_motion(reading.values[:, 0] @ along(ANGLE), true, sound.band))
    return [*cells, float(sound.is_known)]


def rolling(gap: float, effort: Effort) -> Lines:
    """The figures of a rolling shutter at 60 Hz: each row is a sample of the motion."""
    fps, band = 60.0, (150.0, 1500.0)
    count, row_time = 24 if effort.is_quick else 60, (1 - gap) / (fps * SIZE)
    fine = np.arange(int(count / fps / row_time) + SIZE) * row_time
    wave = in_band(np.random.default_rng(20).normal(size=len(fine)), 1 / row_time, band)
    wave *= 0.2 / wave.std()
    times = np.arange(count)[:, None] / fps + row_time * np.arange(SIZE)
    clip = Camera().record(np.stack([rows_of(texture(0), np.interp(t, fine, wave)) for t in times]), 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sound = vmm.measure.sound(clip, fs=fps, row_time=row_time, band=band)
    true = np.interp(np.arange(len(sound.values)) / sound.fs, fine, wave)
    real = of_sound(sound, true)
    cells: list[Cell] = [math.nan, real, sound.snr, math.nan, math.nan, math.nan]
    is_right = abs(real - sound.snr) <= MAX_DIFFERENCE or not sound.is_known
    return [[*cells, *[math.nan] * has_pyidi(), 100.0 * sound.is_known, yes(is_right)]]


def rows_of(scene: Scene, right: np.ndarray) -> np.ndarray:
    """A frame in which each row is displaced to the right by its own amount, in pixels."""
    spectrum = np.fft.fft(scene(np.zeros(2))[:SIZE], axis=1)
    shift = np.exp(-2j * np.pi * np.fft.fftfreq(spectrum.shape[1]) * right[:, None])
    frame: np.ndarray = np.fft.ifft(spectrum * shift, axis=1).real[:, :SIZE]
    return frame


camera = partial(photograph, "camera", psf=1.0)
CASES = {
    **{f"noise, chirp, {a:g}": Case(texture, amplitude=a) for a in (20.0, 5.0, 1.0)},
    **{f"noise, speech, {a:g}": Case(texture, speech, a) for a in (20.0, 5.0, 1.0)},
    "leaves, chirp, 5": Case(leaves),
    **{f"camera, lens 1 px, chirp, {a:g}": Case(camera, amplitude=a) for a in (20.0, 5.0, 1.0)},
    "noise, chirp, 5, sway of 0.25 px along": Case(texture, sway=0.25),
    "noise, chirp, 5, sway of 0.5 px along": Case(texture, sway=0.5),
    "noise, chirp, 5, sway of 0.5 px across": Case(texture, sway=0.5, across=True),
    "noise, chirp, 5, flicker of 2 % at 100 Hz": Case(texture, flicker=0.02),
}
QUICK = ("noise, chirp, 5", "noise, chirp, 5, sway of 0.5 px along", "camera, lens 1 px, chirp, 5")


def rows(effort: Effort) -> Iterator[Row]:
    """A row for each clip."""
    for name, case in CASES.items():
        yield Row(name, partial(lines, case, effort), name in QUICK)
    for gap in (0.0, 0.2):
        yield Row(f"rolling shutter, gap {100 * gap:g} %, 200", partial(rolling, gap, effort), not gap)


def columns() -> dict[str, int]:
    """The columns of the table."""
    names = ("bound, dB", "`sound`, dB", "stated, dB", "steerable, dB", "dual tree, dB", "`displacement`, dB")
    peer = {"LK, dB": 1} if has_pyidi() else {}
    return {"clip": 0} | dict.fromkeys(names, 1) | peer | {"known, %": 0, ON_TARGET: 0}


TABLE = Table(
    "Sound",
    "A scene of 96x96 px moves as a whole at 25 degrees by a chirp from 100 to 800 Hz or by vowels, whose standard "
    "deviation in thousandths of a pixel is stated: 1100 frames at 2200 Hz, noise of 1 gray level, 8 bits. The "
    "signal-to-noise ratio in the default band is that of the part that is proportional to the true sound over the "
    "rest; *bound* is that of an estimate at the Cramer-Rao bound of the picture, *stated* that which `sound` "
    "states; *steerable* and *dual tree* are its two transforms, and *displacement* and *LK* the motion of the whole "
    "picture along the true direction. The rolling shutter has 60 frames/s and noise from 150 to 1500 Hz, without or "
    f"with a gap between frames. On target: stated within {MAX_DIFFERENCE:g} dB, the default at most {MAX_LOSS:g} dB "
    "below the steerable pyramid, or not known.",
    columns,
    rows,
)
