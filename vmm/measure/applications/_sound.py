"""Sound from the vibrations that it causes: a visual microphone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.checks import short_text
from vmm.backend.progress import Progress
from vmm.engine.frames import FramesLike
from vmm.engine.regions import Roi
from vmm.engine.times import frame_times, grid_interval, mean_rate
from vmm.measure.applications._band_fit import without_slow_part
from vmm.measure.applications._common_vibration import Vibration, common_vibration
from vmm.measure.applications._rolling_shutter import ROW_OPTIONS, rolling_shutter_signal
from vmm.measure.applications._subband_signals import subband_signals
from vmm.measure.signals._resampling import evenly_sampled
from vmm.measure.signals._result import Result
from vmm.measure.signals._sampling import as_positions
from vmm.measure.signals._signal import Signals, bandpass, camera_rate, check_band
from vmm.measure.signals._windows import hann
from vmm.parts import SpatialPlan


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
    periods
        Periods of the lowest frequency that a short clip holds by default: drift leaks into frequencies of fewer.
    false_alarm
        Probability that noise alone is taken for a sound.
    window
        Length in seconds of the window of spectral subtraction: speech is stationary for about that time.
    min_noise_bins
        Smallest number of frequencies above the band, in steps of half a cycle per clip, that noise is measured from.
    """

    low: float = 20.0
    high: float = 0.85
    row_high: float = 2000.0
    periods: float = 4.0
    false_alarm: float = 0.005
    window: float = 0.032
    min_noise_bins: int = 16


_OPTIONS = SoundOptions()

_REASON = (
    "The picture has no common vibration that exceeds the noise: noise alone yields one as clear with a probability of "
    "{:.2g}, and {:g} is allowed"
)

_LIGHT_REASON = (
    "The light becomes uneven and even again, as that of a lamp at one side flickers, or that of any lamp does where "
    "pixels are clipped, and this explains the picture better than a vibration does: use a lamp that does not flicker, "
    "a shorter exposure, or a `band` or a `roi` without it"
)


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
        Signal-to-noise ratio of the waveform in dB, before spectral subtraction, at most 60. That of a rolling shutter
        includes what its gaps and lost frequencies take away. It has no meaning if the sound is not known.
    is_known
        Whether the subbands of the frames vibrate together by more than noise would, and not by uneven light: noise
        alone is taken for a sound with a probability of 0.005, the false-alarm rate.
    weights
        (B,) weight of the signal of each subband, and of the gradients at large scales if they are used.
    p_value
        Probability that noise alone yields a common vibration at least as clear. Values below about 0.01 follow from a
        Gumbel distribution, which exceeds the true probability for most noise.
    reason
        A sentence that says why the sound is not known, else an empty string.
    """

    values: np.ndarray
    fs: float
    band: tuple[float, float]
    snr: float
    is_known: bool
    weights: np.ndarray = field(repr=False)
    p_value: float = field(default=np.nan, repr=False)
    reason: str = field(default="", repr=False)


@checks_arguments
def sound(
    frames: FramesLike,
    *,
    fs: float | None = None,
    band: tuple[float, float] | None = None,
    roi: Roi | None = None,
    spatial: SpatialPlan | None = None,
    subtract: float = 0.0,
    row_time: float | None = None,
    progress: Progress = False,
) -> Sound:
    """Sound that makes the objects in a clip vibrate, from the phase shifts of all subbands.

    The signal of a subband is the mean of its phase shift against the mean frame, weighted by the squared amplitude
    [1]_. The noise of the camera is correlated between subbands in a way that follows from the filters, the mean frame,
    and the power of the noise at each pixel and wavenumber. Motion below the band is fitted and subtracted. The signals
    are whitened by the noise, and the waveform is their strongest combination: that of a motion of the whole picture,
    or the first principal component, whichever has less noise. No alignment is needed, since all subbands show the
    motion at the same time.

    The sound is known if it is clearer than the strongest combination in simulated noise. The noise may have any
    spectrum in time, depend on the place and be correlated between pixels, which the changes from frame to frame show.
    Noise that depends on the motion, as in compressed video, can still yield false sounds. Light that becomes uneven
    makes a sound unknown, and so does light that flickers where pixels are clipped.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks. An array, or a clip of ``vmm.io.stream``, is
        read twice; of other iterators, the first 64 frames make the mean frame. Motion must stay below about one pixel.
    fs
        Rate of the camera in Hz. The default is the rate of the clip, else 1.
    band
        Band (low, high) in Hz of the sound. The default is 20 Hz to 0.85 times fs/2, and narrower for clips of fewer
        than 107 frames, or if they hold fewer than four periods of 20 Hz. Frequencies above it should hold noise only.
    roi
        Box (top, left, height, width) in pixels. The default is the whole frame.
    spatial
        Spatial part: ``vmm.spatial.DualTree`` or ``SteerablePyramid``. The default, None, takes the dual tree. In
        pictures without fine detail, it also takes two linear signals of the gradients at large scales.
    subtract
        Fraction of the noise power that spectral subtraction removes, at least 0. It improves listening, and makes the
        waveform less accurate. The default is 0.
    row_time
        Time in seconds from one row of a rolling shutter to the next. Each row is then a sample of the horizontal
        motion, and `band` may reach up to ``1 / (2 row_time)``, and up to `fs` times the number of rows, or 250 `fs`;
        it is 20 to 2000 Hz by default. Multiples of `fs` are not recovered, because they look the same in all frames.
        The default, None, is a global shutter.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

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
    if spatial is not None and not callable(spatial):
        raise TypeError(f"spatial={short_text(spatial)} must be a spatial part, such as vmm.spatial.DualTree")
    subbands = subband_signals(frames, roi, spatial)
    signals = subbands.values
    if times is not None:
        signals, rate = _with_gaps_filled(signals, times[: len(signals)])
    limits = default_band(rate, len(signals)) if band is None else band
    _check_limits(limits, len(signals), rate)
    signals = without_slow_part(signals, limits[0], rate)
    vibration = common_vibration(signals, subbands.covariance, subbands.sensitivity, subbands.light, rate, limits)
    values = _normalized(bandpass(signals @ vibration.weights, rate, limits), rate, subtract)
    return _as_sound(values, rate, limits, vibration)


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
    highest = min(_OPTIONS.row_high, _OPTIONS.high / (2 * max(row_time, 1e-9)), ROW_OPTIONS.max_harmonic * fs)
    limits = (_OPTIONS.low, highest) if band is None else band
    rows = rolling_shutter_signal(frames, row_time, fs=fs, band=limits, roi=roi, times=times)
    vibration = Vibration(np.ones(1), rows.snr, rows.p_value)
    return _as_sound(_normalized(rows.values, rows.fs, subtract), rows.fs, limits, vibration)


def _as_sound(values: np.ndarray, fs: float, band: tuple[float, float], vibration: Vibration) -> Sound:
    """The result, with the reason if the sound is not known."""
    is_clear = vibration.p_value <= _OPTIONS.false_alarm and vibration.snr > 0
    is_known = is_clear and not vibration.is_light
    reason = _LIGHT_REASON if is_clear else _REASON.format(vibration.p_value, _OPTIONS.false_alarm)
    snr = float(10 * np.log10(max(vibration.snr, 1e-6)))
    return Sound(values, fs, band, snr, is_known, vibration.weights, vibration.p_value, "" if is_known else reason)


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


def default_band(fs: float, count: int) -> tuple[float, float]:
    """The band from the lower limit of hearing to where the noise is measured, in a clip of `count` frames."""
    low = _OPTIONS.low if fs > 4 * _OPTIONS.low else 0.02 * fs
    return max(low, _OPTIONS.periods * fs / count), min(_OPTIONS.high * fs / 2, _highest(fs, count))


def _highest(fs: float, count: int) -> float:
    """Upper limit in Hz of a band above which there are enough frequencies to measure the noise."""
    return fs / 2 * (1 - _OPTIONS.min_noise_bins / count)


def _check_limits(band: tuple[float, float], count: int, fs: float) -> None:
    """Raise if a clip of `count` frames is too short for the band, or for the noise above it."""
    shortest = 2 * _OPTIONS.min_noise_bins
    if count < shortest:
        raise ValueError(f"a clip of {count} frames is too short for sound: take at least {shortest} frames")
    check_band(band, count, fs, 1.0)
    highest = _highest(fs, count)
    if band[1] > highest * (1 + 1e-9):
        needed = int(np.ceil(_OPTIONS.min_noise_bins / max(1 - band[1] / (fs / 2), 1e-6)))
        raise ValueError(
            f"band={band} Hz leaves too little below fs/2 = {fs / 2:g} Hz to measure the noise of {count} frames: end "
            f"it at {np.floor(highest):g} Hz, or take {needed} frames"
        )


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
