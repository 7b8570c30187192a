"""Sound from the vibrations that it causes: a visual microphone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import scipy.linalg

from vmm.backend.arrays import Array, namespace, real_dtype, to_host
from vmm.backend.luma import luma
from vmm.engine.frames import FramesLike, checked, cut
from vmm.engine.regions import Roi, as_region
from vmm.engine.times import frame_times, grid_interval, mean_rate
from vmm.measure.applications._rolling_shutter import rolling_shutter_signal
from vmm.measure.estimation._clip import as_clip
from vmm.measure.signals._resampling import evenly_sampled
from vmm.measure.signals._result import Result
from vmm.measure.signals._sampling import as_positions
from vmm.measure.signals._signal import Signals, bandpass, camera_rate, check_band
from vmm.measure.signals._windows import hann
from vmm.parts import Spatial, SpatialPlan
from vmm.spatial import DualTree


@dataclass(frozen=True)
class SoundOptions:
    """Limits of ``sound``.

    Attributes
    ----------
    low
        Default lowest frequency in Hz: the lower limit of hearing.
    high
        Default highest frequency as a fraction of fs/2. The noise is measured above it.
    row_high
        Default highest frequency in Hz of a rolling shutter: exposure attenuates higher ones.
    eigenvalue_factor
        Smallest ratio of the largest eigenvalue to the largest one of noise for the sound to be known.
    adjoint_correlation
        Smallest correlation between predicted and simulated noise for the adjoint model to hold.
    row_power_ratio
        Smallest ratio of the power of a rolling-shutter signal to that of its noise for the sound to be known.
    window
        Length in seconds of the window of spectral subtraction: speech is stationary for about that time.
    min_noise_bins
        Smallest number of frequencies above the band that noise is measured from.
    """

    low: float = 20.0
    high: float = 0.85
    row_high: float = 2000.0
    eigenvalue_factor: float = 1.2
    adjoint_correlation: float = 0.98
    row_power_ratio: float = 2.0
    window: float = 0.032
    min_noise_bins: int = 8


_OPTIONS = SoundOptions()


@dataclass(frozen=True, eq=False, repr=False)
class Sound(Result):
    """A waveform that is recovered from a clip.

    Attributes
    ----------
    values
        (T,) waveform, scaled so that its largest absolute value is 1. Its sign is arbitrary.
    fs
        Rate in Hz.
    band
        Band (low, high) in Hz of the waveform.
    snr
        Signal-to-noise ratio of the waveform in dB, before spectral subtraction. It has no meaning if the sound is not
        known.
    is_known
        Whether the subbands of the frames vibrate together by more than noise would.
    weights
        (B,) weight of the signal of each subband.
    """

    values: np.ndarray
    fs: float
    band: tuple[float, float]
    snr: float
    is_known: bool
    weights: np.ndarray = field(repr=False)


def sound(
    frames: FramesLike,
    *,
    fs: float | None = None,
    band: tuple[float, float] | None = None,
    roi: Roi | None = None,
    spatial: SpatialPlan = DualTree,
    subtract: float = 0.0,
    row_time: float | None = None,
) -> Sound:
    """Sound that makes the objects in a clip vibrate, from the phase shifts of all subbands.

    The signal of a subband is the mean of its phase shift against the mean frame, weighted by the squared amplitude
    [1]_. The noise of the camera is correlated between subbands in a way that follows from the filters and the mean
    frame; its power in each subband is measured above the band. The signals are whitened by this noise, and the
    waveform is their first principal component, which determines the sign and weight of each subband. No alignment is
    needed, since all subbands show the motion at the same time.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks. An array, or a clip of ``vmm.io.stream``, is
        read twice; of other iterators, the first 64 frames make the mean frame. Motion must stay below about one pixel.
    fs
        Rate of the camera in Hz. The default is the rate of the clip, else 1.
    band
        Band (low, high) in Hz of the sound. The default is 20 Hz to 0.85 times fs/2. Frequencies above it should hold
        noise only.
    roi
        Box (top, left, height, width) in pixels. The default is the whole frame.
    spatial
        Spatial part: ``vmm.spatial.DualTree``, the default, or ``SteerablePyramid``.
    subtract
        Fraction of the noise power that spectral subtraction removes, at least 0. It improves listening, and makes the
        waveform less accurate. The default is 0.
    row_time
        Time in seconds from one row of a rolling shutter to the next. Each row is then a sample of the horizontal
        motion, and `band` may reach up to ``1 / (2 row_time)``; it is 20 to 2000 Hz by default. Multiples of `fs` are
        not recovered, because they look the same in all frames. The default, None, is a global shutter.

    Returns
    -------
    Sound
        The waveform with its signal-to-noise ratio.

    Raises
    ------
    ValueError
        If the frames have the wrong shape, values that are not finite or too few frames for the band, or an option is
        out of range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or its dtype is not supported.

    References
    ----------
    .. [1] Davis, Rubinstein, Wadhwa, Mysore, Durand, Freeman: The visual microphone: passive recovery of sound from
       video. SIGGRAPH 2014.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 48)), synthetic.sway(200, 2200, 330, 0.01), noise=1.0)
    >>> sound = vmm.measure.sound(clip, fs=2200)
    >>> print(sound.is_known, np.abs(np.fft.rfft(sound.values)).argmax() * 2200 / 200)
    True 330.0
    """
    rate = camera_rate(frames, fs)
    if not 0 <= subtract < np.inf:
        raise ValueError(f"subtract={subtract} must be at least 0: a fraction of the noise power")
    times = frame_times(frames, fs)
    if row_time is not None:
        return _from_rows(frames, rate, row_time, band, roi, subtract, times)
    signals, noise_covariance = _subband_signals(frames, roi, spatial)
    if times is not None:
        signals, rate = _with_gaps_filled(signals, times[: len(signals)])
    limits = default_band(rate) if band is None else band
    check_band(limits, len(signals), rate, 1.0)
    values, weights, snr, is_known = _principal_component(signals, noise_covariance, rate, limits)
    return Sound(_normalized(bandpass(values, rate, limits), rate, subtract), rate, limits, snr, is_known, weights)


def _from_rows(
    frames: FramesLike,
    fs: float,
    row_time: float,
    band: tuple[float, float] | None,
    roi: Roi | None,
    subtract: float,
    times: np.ndarray | None,
) -> Sound:
    """The sound in the rows of a rolling shutter; `times` are those of unevenly spaced frames."""
    highest = min(_OPTIONS.row_high, _OPTIONS.high / (2 * max(row_time, 1e-9)))
    limits = (_OPTIONS.low, highest) if band is None else band
    values, rate, noise = rolling_shutter_signal(frames, row_time, fs=fs, band=limits, roi=roi, times=times)
    ratio = float(np.mean(values**2)) / max(noise**2, 1e-300)
    snr = float(10 * np.log10(max(ratio - 1, 1e-6)))
    is_known = ratio > _OPTIONS.row_power_ratio
    return Sound(_normalized(values, rate, subtract), rate, limits, snr, is_known, np.ones(1))


def _with_gaps_filled(signals: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, float]:
    """Signals on the even grid from which frames are missing, and its rate; raise if there is no such grid.

    Interpolation of all samples would weaken the noise at high frequencies, from which the noise is measured.
    """
    if grid_interval(times) is None:
        raise ValueError(
            "the frames are unevenly spaced in time, and sound needs an even rate: it is unknown; record with a "
            "constant rate, or cut out a part with one"
        )
    even = evenly_sampled(Signals(signals, mean_rate(times), positions=as_positions(times)))
    return even.values, even.fs


def _normalized(values: np.ndarray, fs: float, subtract: float) -> np.ndarray:
    """The waveform with its largest absolute value at 1, after spectral subtraction if that is asked for."""
    values = spectral_subtraction(values, fs, subtract) if subtract else values
    return values / max(float(np.abs(values).max()), 1e-300)


def _subband_signals(frames: FramesLike, roi: Roi | None, spatial: SpatialPlan) -> tuple[np.ndarray, np.ndarray]:
    """The signals (T, B) of all subbands, and the covariance (B, B) of white noise of the frames in them."""
    clip = as_clip(frames)
    region = as_region(roi, clip.size, min_side=3)
    inside, (height, width) = (slice(None), *region.slices), region.box[2:]

    def luma_pieces(chunks: Iterator[Array]) -> Iterator[Array]:
        for chunk in checked(chunks):
            for piece in cut(chunk[inside]):
                yield luma(piece)

    plan = spatial((height, width), real_dtype(clip.dtype), namespace(clip.sample))
    reference = _mean_coefs(luma_pieces(clip.first_pass()), plan)
    signals = np.concatenate([_mean_phases(piece, plan, reference) for piece in luma_pieces(clip.second_pass())])
    return signals, _noise_covariance(plan, reference, (height, width))


def default_band(fs: float) -> tuple[float, float]:
    """The band from the lower limit of hearing to where the noise is measured."""
    low = _OPTIONS.low if fs > 4 * _OPTIONS.low else 0.02 * fs
    return low, _OPTIONS.high * fs / 2


def spectral_subtraction(values: np.ndarray, fs: float, fraction: float) -> np.ndarray:
    """A waveform without a fraction of the power of stationary noise at each frequency; phases are kept.

    The noise power is the median over time.
    """
    import scipy.signal

    length = int(np.clip(_OPTIONS.window * fs, 16, len(values) // 4))
    transform = scipy.signal.ShortTimeFFT(hann(length), max(1, length // 4), fs)
    coefs = transform.stft(values)
    power = np.abs(coefs) ** 2
    floor = np.median(power, axis=1, keepdims=True) / np.log(2)
    gain = np.sqrt(np.clip(1 - fraction * floor / np.maximum(power, 1e-300), 0, 1))
    return np.asarray(transform.istft(coefs * gain, k1=len(values)).real)


def _mean_coefs(pieces: Iterator[Array], plan: Spatial) -> list[Array]:
    """Coefficients of the mean of frames (n, H, W)."""
    total, count = None, 0
    for piece in pieces:
        part = piece.sum(axis=0, dtype=np.float64)
        total, count = part if total is None else total + part, count + len(piece)
    if total is None:
        raise ValueError("the clip has no frames")
    coefs = plan.analyze((total / count).astype(piece.dtype)[None])[0]
    return [coefs[i][0] for i in range(len(coefs))]


def _mean_phases(piece: Array, plan: Spatial, reference: list[Array]) -> np.ndarray:
    """Mean phase shift (n, B) in each subband, weighted by the squared amplitude of the reference."""
    xp = namespace(piece)
    coefs = plan.analyze(piece)[0]
    means = []
    for i, r in enumerate(reference):
        weight = xp.abs(r) ** 2
        phases = xp.angle(coefs[i] * r.conj())
        means.append(xp.tensordot(phases, weight, axes=2) / (weight.sum() + 1e-30))
    return to_host(xp.stack(means, axis=1)).astype(np.float64)


def _noise_covariance(plan: Spatial, reference: list[Array], size: tuple[int, int]) -> np.ndarray:
    """Covariance (B, B) of the subband signals for white noise of variance 1 in frames of this size.

    To first order, a signal is the scalar product of the noise with an image: the adjoint of the analysis applied to
    the reference times i. Synthesis is the adjoint of analysis for tight frames. If a simulated noise frame shows that
    it is not, the covariance is taken as diagonal.
    """
    xp, images, scales = namespace(reference[0]), [], []
    for i, r in enumerate(reference):
        coefs: list[Array | None] = [None] * len(reference)
        coefs[i] = 1j * r[None]
        scales.append(max(float((abs(r) ** 2).sum()), 1e-30))
        images.append(to_host(plan.synthesize(coefs, None)).ravel().astype(np.float64) * r.size / scales[-1])
    stacked = np.stack(images)
    noise = np.random.default_rng(0).normal(size=(1, *size)).astype(reference[0].real.dtype)
    noise_coefs = plan.analyze(xp.asarray(noise))[0]
    norms = np.linalg.norm(stacked, axis=1).clip(1e-30)
    simulated = np.array(
        [float((noise_coefs[i][0] * r.conj()).imag.sum()) / scales[i] for i, r in enumerate(reference)]
    )
    simulated, predicted = simulated / norms, (stacked @ noise.ravel()) / norms
    limit = _OPTIONS.adjoint_correlation * np.linalg.norm(predicted) * np.linalg.norm(simulated)
    covariance: np.ndarray = stacked @ stacked.T
    return covariance if abs(predicted @ simulated) > limit else np.diag(np.diag(covariance))


def _principal_component(
    signals: np.ndarray, noise_covariance: np.ndarray, fs: float, band: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, float, bool]:
    """First principal component (T,) of whitened signals (T, B), its weights and SNR in dB, and whether it is known."""
    centered = signals - signals.mean(axis=0)
    spectra = np.fft.rfft(centered, axis=0)
    frequencies = np.fft.rfftfreq(len(signals), 1 / fs)
    in_band, above = (frequencies >= band[0]) & (frequencies <= band[1]), frequencies > band[1]
    if above.sum() < _OPTIONS.min_noise_bins:
        raise ValueError(
            f"band={band} Hz leaves too little below fs/2 = {fs / 2:g} Hz to measure the noise: end it at "
            f"{_OPTIONS.high * fs / 2:g} Hz"
        )
    noise = np.square(np.abs(spectra[above])).mean(axis=0)
    used = noise > 1e-12 * noise.max()
    scale = np.sqrt(noise[used] / np.diag(noise_covariance)[used])
    covariance = noise_covariance[np.ix_(used, used)] * np.outer(scale, scale)
    covariance += 1e-3 * np.diag(np.diag(covariance))  # regularization: neighboring subbands are nearly dependent
    part = spectra[in_band][:, used]
    eigenvalues, vectors = scipy.linalg.eigh((part.conj().T @ part).real / len(part), covariance)
    weights = np.zeros(len(noise))
    weights[used] = vectors[:, -1]
    noise_edge = (1 + np.sqrt(used.sum() / (2 * len(part)))) ** 2  # the Marchenko-Pastur edge of noise alone
    largest = float(eigenvalues[-1])
    snr = 10 * np.log10(max(largest - 1, 1e-6))
    return centered @ weights, weights, float(snr), largest > _OPTIONS.eigenvalue_factor * noise_edge
