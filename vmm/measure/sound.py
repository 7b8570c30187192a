"""Sound from the vibrations that it causes: a visual microphone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from vmm.backend.arrays import Array, namespace, real_dtype, to_host
from vmm.engine.frames import checked, cut, to_float
from vmm.measure.clips import twice
from vmm.measure.rois import regions
from vmm.measure.shutter import rolled
from vmm.measure.signals import check_band, in_band, rate_of_camera
from vmm.parts import Spatial, SpatialPlan
from vmm.spatial import DualTree, Pixels, luma

_LOWEST = 20.0  # Hz, below which nothing is heard
_HIGHEST = 0.85  # of half the rate; what lies above tells the noise
_EDGE = 1.2  # times the largest eigenvalue of noise
_ADJOINT = 0.98  # correlation of what filters make of noise with what their adjoint tells
_OF_ROWS = 2000.0  # Hz, beyond which exposure leaves little
_TWICE = 2.0  # power over that of noise from which rows tell of a sound
_WINDOW = 0.032  # seconds of the transform that spectral subtraction works in


@dataclass(frozen=True)
class Sound:
    """A waveform read from a clip.

    Attributes
    ----------
    values
        (T,), scaled so that its largest sample is 1 or -1. Which of the two directions is positive is not known.
    fs
        Rate in Hz.
    band
        (low, high) in Hz that was kept.
    snr
        Signal over noise of the waveform in dB, before anything is subtracted; meaningless where it is not known.
    known
        Whether the bands of the picture vibrate together by more than noise would.
    weights
        (B,) of each band's signal.
    """

    values: np.ndarray
    fs: float
    band: tuple[float, float]
    snr: float
    known: bool
    weights: np.ndarray


def sound(
    frames: Any,
    *,
    fs: float | None = None,
    band: tuple[float, float] | None = None,
    roi: Any = None,
    spatial: SpatialPlan = DualTree,
    subtract: float = 0.0,
    row_time: float | None = None,
) -> Sound:
    """Sound that makes the things in a clip vibrate, from the phases of all bands of the picture.

    A band's signal is the mean of its phase against that of the mean frame, weighted by the square of its amplitude
    there [1]. White noise of the camera makes the signals of bands vary together in a way that follows from the filters
    and the mean frame; how strong it is in each is measured above the band. By this noise the signals are whitened, and
    the waveform is their first principal component, which finds sign and weight of each band at once: the bands see
    the motion at the same time, so that they need not be aligned.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks. An array, or a clip that opens its file again,
        is read twice; of other iterators the first 64 frames make the mean frame. Motion must stay below about a pixel.
    fs
        Rate of the camera in Hz; by default that of a stream, else 1.
    band
        (low, high) in Hz to keep; by default from 20 Hz to 0.85 of half the rate. What lies above should be noise.
    roi
        Box (top, left, height, width) that is looked at; the whole frame by default.
    spatial
        Maker of the bands: ``vmm.spatial.DualTree`` or ``SteerablePyramid``.
    subtract
        Share of the noise's power that is subtracted from the spectrum over time, from 0 to 1 and beyond: a listening
        aid that makes the waveform itself less true.
    row_time
        Seconds from one row to the next of a rolling shutter: each row is then a sample of its own, of motion to the
        right, and `band` may reach up to 1 / (2 row_time); 20 to 2000 Hz by default. Of multiples of `fs` nothing is
        heard, for all frames show them alike.

    Returns
    -------
    Sound

    Raises
    ------
    ValueError
        Where frames are of a wrong shape or not finite, too few for the band, or an option is out of range.
    TypeError
        Where frames are no array, or of a type that cannot be read.

    References
    ----------
    .. [1] Davis, Rubinstein, Wadhwa, Mysore, Durand, Freeman: The visual microphone: passive recovery of sound from
       video. SIGGRAPH 2014.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 48)), synthetic.sway(200, 2200, 330, 0.01), noise=1.0)
    >>> heard = vmm.measure.sound(clip, fs=2200)
    >>> print(heard.known, np.abs(np.fft.rfft(heard.values)).argmax() * 2200 / 200)
    True 330.0
    """
    rate = rate_of_camera(frames, fs)
    if not 0 <= subtract < np.inf:
        raise ValueError(f"subtract={subtract} must be 0 (nothing) or more: a share of the noise's power")
    if row_time is not None:
        return _by_rows(frames, rate, row_time, band, roi, subtract)
    signals, together = _signals(frames, roi, spatial)
    kept = default_band(rate) if band is None else band
    check_band(kept, len(signals), rate, 1.0)
    values, weights, snr, known = _component(signals, together, rate, kept)
    return Sound(_heard(in_band(values, rate, kept), rate, subtract), rate, kept, snr, known, weights)


def _by_rows(frames: Any, fs: float, row_time: float, band: Any, roi: Any, subtract: float) -> Sound:
    """The sound that a rolling shutter's rows tell of."""
    kept = (_LOWEST, min(_OF_ROWS, _HIGHEST / (2 * max(row_time, 1e-9)))) if band is None else band
    values, rate, noise = rolled(frames, row_time, fs=fs, band=kept, roi=roi)
    ratio = float(np.mean(values**2)) / max(noise**2, 1e-300)
    snr = float(10 * np.log10(max(ratio - 1, 1e-6)))
    return Sound(_heard(values, rate, subtract), rate, kept, snr, ratio > _TWICE, np.ones(1))


def _heard(values: np.ndarray, fs: float, subtract: float) -> np.ndarray:
    """The waveform with its largest sample at 1 or -1, noise subtracted where that is asked for."""
    values = subtracted(values, fs, subtract) if subtract else values
    return values / max(float(np.abs(values).max()), 1e-300)


def _signals(frames: Any, roi: Any, spatial: SpatialPlan) -> tuple[np.ndarray, np.ndarray]:
    """The signals (T, B) of all bands, and how noise makes them vary together (B, B)."""
    clip = twice(frames)
    top, left, height, width = (
        (0, 0, *clip.shape[:2]) if roi is None else regions([roi], (clip.shape[0], clip.shape[1]))[0].box
    )

    dtype, xp = real_dtype(clip.dtype), namespace(clip.sample)
    light = luma(Pixels)((height, width, *clip.shape[2:]), dtype, xp)

    def brightness(chunks: Iterator[Array]) -> Iterator[Array]:
        for chunk in checked(chunks):
            for piece in cut(chunk[:, top : top + height, left : left + width]):
                yield light.analyze(to_float(piece))[0][0]

    plan = spatial((height, width), dtype, xp)
    reference = _reference(brightness(clip.first()), plan)
    signals = np.concatenate([_phases(chunk, plan, reference) for chunk in brightness(clip.then())])
    return signals, _together(plan, reference, (height, width))


def default_band(fs: float) -> tuple[float, float]:
    """From where sound is heard to where noise must be left to be measured."""
    return (_LOWEST if fs > 4 * _LOWEST else 0.02 * fs), _HIGHEST * fs / 2


def subtracted(values: np.ndarray, fs: float, share: float) -> np.ndarray:
    """A waveform less the power of steady noise at each frequency, the median over time; phases stay."""
    import scipy.signal

    length = int(np.clip(_WINDOW * fs, 16, len(values) // 4))
    transform = scipy.signal.ShortTimeFFT(np.hanning(length + 2)[1:-1], max(1, length // 4), fs)
    parts = transform.stft(values)
    power = np.abs(parts) ** 2
    floor = np.median(power, axis=1, keepdims=True) / np.log(2)
    gain = np.sqrt(np.clip(1 - share * floor / np.maximum(power, 1e-300), 0, 1))
    return np.asarray(transform.istft(parts * gain, k1=len(values)).real)


def _reference(chunks: Iterator[Array], plan: Spatial) -> list[Array]:
    """Coefficients of the mean of frames (n, H, W)."""
    total, count = None, 0
    for chunk in chunks:
        part = chunk.sum(axis=0, dtype=np.float64)
        total, count = part if total is None else total + part, count + len(chunk)
    if total is None:
        raise ValueError("a clip without frames holds no sound")
    frame = (total / count).astype(chunk.dtype)[None]
    bands = plan.analyze(frame)[0]
    return [bands[i][0] for i in range(len(bands))]


def _phases(chunk: Array, plan: Spatial, reference: list[Array]) -> np.ndarray:
    """Phases (n, B) of the bands of frames, each the mean weighted by the square of the reference's amplitude."""
    xp = namespace(chunk)
    bands = plan.analyze(chunk)[0]
    means = []
    for i, still in enumerate(reference):
        weight = xp.abs(still) ** 2
        turned = xp.angle(bands[i] * still.conj())
        means.append(xp.tensordot(turned, weight, axes=2) / (weight.sum() + 1e-30))
    return to_host(xp.stack(means, axis=1)).astype(np.float64)


def _together(plan: Spatial, reference: list[Array], size: tuple[int, int]) -> np.ndarray:
    """How white noise of frames of a size makes the bands' signals vary together (B, B).

    A signal is, for noise n of a frame, the scalar product of n with the image that the band's reference turned by a
    quarter makes, where synthesis is the adjoint of analysis. Where it is not, all signals are taken to be apart.
    """
    xp, images, scales = namespace(reference[0]), [], []
    for i, still in enumerate(reference):
        bands: list[Array | None] = [None] * len(reference)
        bands[i] = 1j * still[None]
        scales.append(max(float((abs(still) ** 2).sum()), 1e-30))
        images.append(to_host(plan.synthesize(bands, None)).ravel().astype(np.float64) * still.size / scales[-1])
    stacked = np.stack(images)
    noise = np.random.default_rng(0).normal(size=(1, *size)).astype(reference[0].real.dtype)
    coefs = plan.analyze(xp.asarray(noise))[0]
    seen = [float((coefs[i][0] * still.conj()).imag.sum()) / scales[i] for i, still in enumerate(reference)]
    told = (stacked @ noise.ravel()) / np.linalg.norm(stacked, axis=1).clip(1e-30)
    seen_ = np.array(seen) / np.linalg.norm(stacked, axis=1).clip(1e-30)
    alike = abs(told @ seen_) > _ADJOINT * np.linalg.norm(told) * np.linalg.norm(seen_)
    together: np.ndarray = stacked @ stacked.T
    return together if alike else np.diag(np.diag(together))


def _component(
    signals: np.ndarray, together: np.ndarray, fs: float, band: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, float, bool]:
    """First principal component (T,) of whitened signals (T, B), its weights, its snr in dB, and whether it is one."""
    centred = signals - signals.mean(axis=0)
    spectra = np.fft.rfft(centred, axis=0)
    frequencies = np.fft.rfftfreq(len(signals), 1 / fs)
    inside, above = (frequencies >= band[0]) & (frequencies <= band[1]), frequencies > band[1]
    if above.sum() < 8:
        raise ValueError(
            f"band={band} Hz leaves too little below fs/2 = {fs / 2:g} Hz to measure noise in: end it at {_HIGHEST} of "
            "that"
        )
    noise = np.square(np.abs(spectra[above])).mean(axis=0)
    alive = noise > 1e-12 * noise.max()
    spread = np.sqrt(noise[alive] / np.diag(together)[alive])
    covariance = together[np.ix_(alive, alive)] * np.outer(spread, spread)
    covariance += 1e-3 * np.diag(np.diag(covariance))  # bands that see nearly the same
    part = spectra[inside][:, alive]
    strengths, vectors = scipy.linalg.eigh((part.conj().T @ part).real / len(part), covariance)
    weights = np.zeros(len(noise))
    weights[alive] = vectors[:, -1]
    edge = (1 + np.sqrt(alive.sum() / (2 * len(part)))) ** 2  # of noise alone (Marchenko and Pastur)
    largest = float(strengths[-1])
    snr = 10 * np.log10(max(largest - 1, 1e-6))
    return centred @ weights, weights, float(snr), largest > _EDGE * edge
