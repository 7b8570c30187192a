"""Measurement of clips whose frames are unevenly spaced in time: found frequency, stated error and false lines.

A texture of 96 x 128 pixels moves down by 0.5 px at 4 Hz, with noise of 1 gray level, and is written with eight kinds
of times. The tables show what ``spectrum`` and ``suggest`` find in each file, and for 30 draws of noise the root mean
square of error over stated standard error, which is 1 where the standard error is true.
"""

from __future__ import annotations

import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

import vmm
from vmm.data import synthetic
from vmm.io.program import ffmpeg
from vmm.measure.signals._sampling import as_positions
from vmm.measure.signals._signal import Signals

FREQUENCY, AMPLITUDE, SECONDS = 4.0, 0.5, 10
BOX = (24, 24, 48, 80)
TOLERANCE = 0.3  # Hz, in which a line counts as the true one: three bins of ten seconds.

_N = np.arange(30 * SECONDS)
TIMES: dict[str, np.ndarray] = {
    "every 7th frame missing": _N[_N % 7 != 6] / 30,
    "30, then 15 frames/s": _N[(_N < 150) | (_N % 2 == 0)] / 30,
    "GIF, 60 and 70 ms": np.cumsum([0] + [0.06] * 75 + [0.07] * 75),
    "GIF, 30 and 100 ms": np.cumsum([0] + [0.03, 0.1] * 77),
    "mean 29.98, stated 29.97": _N / 29.98,
    "edit list": _N / 25,
    "folder with gaps": _N[_N % 7 != 6] / 30,
    "jitter of 20 %": (_N + 0.2 * np.sin(1.7 * _N**2)) / 30,
}


def rendered(times: np.ndarray, seed: int = 0) -> np.ndarray:
    """The clip (T, H, W) at these times."""
    moves = np.zeros((len(times), 2))
    moves[:, 0] = AMPLITUDE * np.sin(2 * np.pi * FREQUENCY * times)
    return synthetic.render(synthetic.texture((96, 128)), moves, noise=1.0, seed=seed)


def encode(path: Path, frames: np.ndarray, expression: str, timescale: int, *options: str) -> None:
    """Write frames without loss, with the times that an expression of the frame number N gives in 1/timescale s."""
    height, width = frames.shape[1:]
    source = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-framerate", "30", "-i", "-"]
    filters = f"settb=1/{timescale},setpts='{expression}'"
    codec = ["-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p", "-bf", "0", *options]
    timing = ["-fps_mode", "passthrough", "-enc_time_base", f"1/{timescale}", "-video_track_timescale", str(timescale)]
    command = [ffmpeg(), "-v", "error", "-y", *source, "-vf", filters, *timing, *codec, str(path)]
    subprocess.run(command, input=frames.tobytes(), check=True)


def _gif(path: Path, frames: np.ndarray, times: np.ndarray) -> None:
    from PIL import Image

    durations = np.rint(1000 * np.diff(times, append=2 * times[-1] - times[-2])).astype(int).tolist()
    first, *rest = (Image.fromarray(frame) for frame in frames)
    first.save(path, save_all=True, append_images=rest, duration=durations)


def _edited(folder: Path, frames: np.ndarray) -> Path:
    """A file whose beginning is cut off by an edit list."""
    encode(folder / "whole.mp4", frames, "N*512", 12800, "-g", "50")
    command = [
        ffmpeg(),
        "-v",
        "error",
        "-y",
        "-ss",
        "1.5",
        "-i",
        folder / "whole.mp4",
        "-c",
        "copy",
        folder / "cut.mp4",
    ]
    subprocess.run([str(word) for word in command], check=True)
    return folder / "cut.mp4"


def _numbered(folder: Path, frames: np.ndarray) -> Path:
    import imageio.v3 as iio

    (folder / "images").mkdir()
    for n, frame in zip(_N[_N % 7 != 6], frames, strict=True):
        iio.imwrite(folder / "images" / f"img_{n + 1:04d}.png", frame)
    return folder / "images"


def written(kind: str, folder: Path) -> tuple[Path, float | None]:
    """The file of one kind, and the camera rate in Hz that it does not state."""
    times = TIMES[kind]
    frames = rendered(times)
    if kind.startswith("GIF"):
        _gif(folder / "clip.gif", frames, times)
        return folder / "clip.gif", None
    if kind == "edit list":
        return _edited(folder, frames), None
    if kind == "folder with gaps":
        return _numbered(folder, frames), 30.0
    expressions = {
        "every 7th frame missing": ("(N+floor(N/6))*500", 15000),
        "30, then 15 frames/s": ("(N+max(0\\,N-150))*500", 15000),
        "mean 29.98, stated 29.97": ("round(N*600/29.98)", 600),
        "jitter of 20 %": ("round((N+0.2*sin(1.7*N*N))*3000)", 90000),
    }
    encode(folder / "clip.mov", frames, *expressions[kind])
    return folder / "clip.mov", None


def scatter(times: np.ndarray, draws: int) -> tuple[float, float, int, int]:
    """Error over standard error (rms) of frequency and amplitude, and the numbers of false and of missing lines."""
    positions = as_positions(times)
    rate = (len(times) - 1) / float(times[-1] - times[0])
    errors, n_false, n_missing = [], 0, 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        wave = 0.05 * np.sin(2 * np.pi * FREQUENCY * times + rng.uniform(0, 2 * np.pi)) + rng.normal(
            0, 0.02, len(times)
        )
        peaks = vmm.measure.peaks(Signals(wave, rate, "px", positions=positions))
        true = [peak for peak in peaks if abs(peak.frequency - FREQUENCY) < TOLERANCE]
        n_false, n_missing = n_false + len(peaks) - len(true[:1]), n_missing + (not true)
        for peak in true[:1]:
            amplitude = (float(peak.amplitude) - 0.05) / float(peak.amplitude_stderr)
            errors.append(((peak.frequency - FREQUENCY) / peak.frequency_stderr, amplitude))
    frequency, amplitude = np.sqrt(np.mean(np.square(errors), axis=0))
    return float(frequency), float(amplitude), n_false, n_missing


def _listed(lines: list[tuple[float, float]]) -> str:
    """Frequency and standard error of the line that is nearest to the true one, and the number of false lines.

    Harmonics are true: the estimators are slightly non-linear.
    """
    if not lines:
        return "unknown"
    best = min(lines, key=lambda line: abs(line[0] - FREQUENCY))
    n_false = sum(abs(line[0] - FREQUENCY * max(round(line[0] / FREQUENCY), 1)) > TOLERANCE for line in lines)
    return f"{best[0]:9.5f} +- {best[1]:.5f} Hz, {n_false} false"


def _row(kind: str, measure: Callable[[vmm.io.Clip], list[tuple[float, float]]]) -> str:
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path, fs = written(kind, Path(name))
        return _listed(measure(vmm.io.stream(path, fs=fs, gray=True)))


def _spectrum(clip: vmm.io.Clip) -> list[tuple[float, float]]:
    peaks = vmm.measure.peaks(vmm.measure.displacement(clip, BOX))
    return [(peak.frequency, peak.frequency_stderr) for peak in peaks]


def _suggest(clip: vmm.io.Clip) -> list[tuple[float, float]]:
    return [(part.frequency, part.frequency_stderr) for part in vmm.measure.suggest(clip)]


def main(quick: bool = False) -> None:
    """Print the tables."""
    kinds = list(TIMES)[: 2 if quick else None]
    print(f"{'kind of times':26}{'spectrum':38}suggest")
    for kind in kinds:
        print(f"{kind:26}{_row(kind, _spectrum):38}{_row(kind, _suggest)}")
    print(f"\n{'error / standard error':26}{'frequency':>10}{'amplitude':>10}{'false':>7}{'missing':>9}")
    for kind in kinds:
        frequency, amplitude, n_false, n_missing = scatter(TIMES[kind], 4 if quick else 30)
        print(f"{kind:26}{frequency:10.2f}{amplitude:10.2f}{n_false:7d}{n_missing:9d}")
