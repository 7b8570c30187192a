"""Limits of arguments, of filters and of the scale of frames: one sentence that names the argument, and no nonsense."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, cast

import numpy as np
import pytest

import vmm
from vmm.backend.dispatch import compiled_for
from vmm.cli.notices import length_notice
from vmm.data import synthetic
from vmm.engine.frames import as_frames, checked
from vmm.engine.two_pass import two_pass
from vmm.engine.windows import ShortClipWarning
from vmm.measure.estimation._principal_components import principal_components
from vmm.measure.signals._resampling import evenly_sampled
from vmm.measure.signals._signal import Signals

CLIP = synthetic.render(synthetic.texture((32, 36)), synthetic.sway(20, 30, 3.0, 0.3), dtype=np.float32)
COLOR = np.stack([CLIP] * 3, axis=-1)
WAVE = np.sin(np.arange(64.0))


def phase(**options: Any) -> Any:
    return vmm.phase.magnify(CLIP, **{"band": (2, 4), "fs": 30, **options})


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "type of fs": (lambda: phase(fs=[30]), r"fs=\[30\] must be one number in Hz"),
    "huge fs": (lambda: phase(fs=10**400), "fs=10+... must be a positive number in"),
    "fs of a pair": (lambda: vmm.phase.magnify((CLIP, 0.0), (2, 4)), "fs=0.0 must be a positive number"),
    "fs of a measurement": (lambda: vmm.measure.displacement(CLIP, fs=-30), "fs=-30 must be a positive number"),
    "fs of a file": (lambda: vmm.measure.save("a.csv", WAVE, fs=0), "fs=0 must be a positive number"),
    "fs of modes": (lambda: vmm.measure.modes(CLIP, [3.0], fs=np.inf), "fs=inf must be a positive number"),
    "no fs of a bound": (lambda: vmm.measure.sine_crlb(0.01, 100, 0.1, fs=None), "fs=None must be one number in Hz"),  # type: ignore[arg-type]
    "no fs of a count": (lambda: vmm.measure.min_frames((2, 4), fs=None), "fs=None must be one number in Hz"),  # type: ignore[arg-type]
    "no fs of a sensor": (
        lambda: vmm.measure.compare(WAVE, WAVE, fs=30, sensor_fs=None),  # type: ignore[arg-type]
        "sensor_fs=None must be one number in Hz",
    ),
    "alpha": (lambda: phase(alpha=1e300), r"alpha=1e\+300 must be in \[-1e\+06, 1e\+06\]"),
    "map of alpha": (
        lambda: phase(alpha=np.full((32, 36), 1e300)),
        "alpha is a map whose values must be finite and in",
    ),
    "sigma": (lambda: phase(sigma=1e9), "sigma=1000000000.0 must be at most 1000 px"),
    "infinite sigma": (lambda: phase(sigma=float("1e400")), "sigma=inf must be finite"),
    "octave": (lambda: phase(octave=0), r"octave=0 must be in \[0.1, 1\] octaves"),
    "orientations": (lambda: phase(orientations=2.5), "orientations=2.5 must be one whole number"),
    "anisotropy of one orientation": (
        lambda: vmm.anisotropy.magnify(CLIP, 3, fs=30, motion="phase", orientations=1),
        r"the spatial part has one orientation \(orientations=1\), but the anisotropy",
    ),
    "anisotropy of intensity": (
        lambda: vmm.magnify(
            CLIP,
            spatial=vmm.spatial.Laplacian,
            motion=vmm.motion.intensity,
            temporal=vmm.temporal.anisotropic(3, 30),
        ),
        "the spatial part has one orientation",
    ),
    "feather": (
        lambda: vmm.stabilize.magnify(CLIP, (2, 4), fs=30, feather=1e9),
        "feather=1000000000.0 must be at most",
    ),
    "propagation": (lambda: vmm.jerk.magnify(CLIP, 3, fs=30, propagation=100), "propagation=100 must be at most 64"),
    "choice": (
        lambda: phase(transform=["dualtree"]),
        r"transform=\['dualtree'\] must be one of 'steerable', 'dualtree'",
    ),
    "flag": (lambda: vmm.bilateral.magnify(CLIP, 3, fs=30, pairs="yes"), "pairs='yes' must be True or False"),  # type: ignore[arg-type]
    "text": (lambda: vmm.measure.displacement(CLIP, unit=3), "unit=3 must be a string"),  # type: ignore[arg-type]
    "complex mask": (lambda: phase(mask=np.ones((32, 36)) + 0j), "mask of type complex128 must hold real numbers"),
    "huge direction": (
        lambda: vmm.gradient.magnify(CLIP, (2, 4), fs=30, direction=10**400),
        r"direction=10+\.\.\. must be",
    ),
    "null character": (
        lambda: vmm.measure.save("a\0.csv", WAVE, fs=30),
        r"path='a\\x00.csv' must not contain the null",
    ),
    "texture": (lambda: vmm.stabilize.track(0 * CLIP), r"region \(0, 0, 32, 36\) of the frames has no texture"),
    "plan": (
        lambda: vmm.measure.sound(np.tile(COLOR, (2, 1, 1, 1)), fs=30, spatial=lambda *_: 3),  # type: ignore[arg-type]
        "made 3, which is no spatial part",
    ),
    "design": (lambda: phase(temporal=lambda band, fs: 3), "made 3, which is not a linear filter"),
    "no frames": (lambda: vmm.measure.modes(CLIP[:0], [3.0], fs=30), "a clip of 0 frames has no motion"),
    "no rows": (lambda: vmm.phase.magnify(CLIP[:, :0], (2, 4), fs=30), "hold no pixels"),
    "color": (
        lambda: vmm.magnify(
            COLOR,
            spatial=vmm.spatial.SteerablePyramid,
            motion=vmm.motion.local_phase,
            temporal=vmm.temporal.fir((2, 4), 30),
        ),
        r"are in color.*=vmm\.spatial\.luma\(vmm\.spatial\.SteerablePyramid\)",
    ),
    "rates": (lambda: vmm.measure.compare(WAVE, WAVE, fs=1e-6, sensor_fs=60), "fs=1e-06 and sensor_fs=60 Hz are too"),
    "flag as number": (lambda: vmm.measure.suggest(CLIP, max_peaks=True), "max_peaks=True must be one whole number"),
    "class as filter": (lambda: phase(temporal=object), "temporal=.* must be a design function"),
    "direction": (lambda: vmm.gradient.magnify(CLIP, (2, 4), fs=30, direction="fir"), "direction='fir' must be"),  # type: ignore[arg-type]
    "spatial part": (lambda: vmm.measure.sound(CLIP, fs=30, spatial=0), "spatial=0 must be a spatial part"),  # type: ignore[arg-type]
    "white": (
        lambda: vmm.lightweight.magnify(COLOR, mode="static", white=0),
        "white=0 must be a positive number of at most",
    ),
    "faults of nothing": (lambda: vmm.measure.faults(iter([])), "a clip of 0 frames has no motion"),
    "faults of a frame": (lambda: vmm.measure.faults(CLIP[:1]), "a clip of 1 frame has no motion"),
    "band of faults": (
        lambda: vmm.measure.faults(CLIP, fs=30, band=(0, 4)),
        r"band=\(0, 4\) must be positive and rising",
    ),
    "band of one edge": (lambda: vmm.measure.sound(CLIP, fs=30, band=(2,)), r"band=\(2,\) must be two numbers"),  # type: ignore[arg-type]
    "array as signal": (
        lambda: vmm.measure.blind_modes(WAVE),
        "signal=an array .* must be an object of the class RegionSignal",
    ),
    "image without rows": (lambda: vmm.measure.displacement_crlb(CLIP[0, :0], noise=1), "must have at least 3 rows"),
    "noise": (lambda: vmm.measure.displacement_crlb(CLIP[0], noise=1e300), r"noise=1e\+300 must be at most"),
    "frequencies": (
        lambda: vmm.measure.phasors(WAVE, [1e-9, 3], fs=30),
        "frequencies=.* cannot be separated in 64 samples",
    ),
    "shapes": (lambda: vmm.measure.mac("a", [[1.0]]), "a of type <U1 must be an array of numbers"),
    "box": (lambda: phase(mask=(0.5, 0, 8, 8)), r"mask=\(0.5, 0, 8, 8\) must be a box"),
    "narrow band": (lambda: phase(band=(4.5, 4.500000000001)), "no clip has enough frames to resolve it"),
    "low band": (lambda: phase(band=(1e-4, 13.5)), r"band=.* needs a filter of 495001 frames, and 20001 are possible"),
    "low frequency": (lambda: vmm.jerk.magnify(CLIP, 1e-9, fs=30), "frequency=1e-09 needs a filter of 6e.10 frames"),
    "long filter": (lambda: phase(fs=5000, band=(1, 50)), "a clip of 20 frames is too short for this band"),
    "stream": (
        lambda: list(vmm.phase.magnify(iter([CLIP]), (1, 50), fs=5000)),
        "a clip of 20 frames is too short for this band, whose filter has 8251 frames",
    ),
    "trajectories": (lambda: vmm.lagrangian.magnify(CLIP, (1, 50), fs=1000), "a clip of 20 frames is too short"),
    "stream of trajectories": (
        lambda: list(vmm.lagrangian.magnify(iter([CLIP[:, :16, :16]]), (10, 50), fs=1000)),
        "a clip of 20 frames is too short for this band",
    ),
    "small limit": (
        lambda: vmm.riesz.magnify(CLIP, (2, 4), fs=30, limit=1e-300),
        "limit=1e-300 must be at least 1e-06",
    ),
    "small displacement": (
        lambda: vmm.bilateral.magnify(CLIP, 3, fs=30, max_displacement=1e-300),
        r"max_displacement=1e-300 must be in \[1e-06, 1e\+06\] px",
    ),
    "infinite frames": (lambda: vmm.stabilize.track(np.inf * CLIP), "frames hold NaN or infinite values"),
    "gains without a length": (
        lambda: vmm.magnify(
            CLIP,
            spatial=vmm.spatial.SteerablePyramid,
            motion=vmm.motion.local_phase,
            temporal=vmm.temporal.fir((2, 4), 30),
            level_gains=cast("Any", np.array(2.0)),
        ),
        r"level_gains=array\(2\.?0?\) must be a list of one number or map for each subband",
    ),
    "type as spatial part": (
        lambda: vmm.magnify(
            CLIP, spatial=cast("Any", object), motion=vmm.motion.local_phase, temporal=vmm.temporal.fir((2, 4), 30)
        ),
        "spatial=.* does not take the shape of a frame",
    ),
    "image as mean color": (lambda: vmm.measure.pulse(np.zeros((2, 2)), fs=50), r"frames of shape \(2, 2\) must be"),
    "set as band": (lambda: phase(band={2, 4}), r"band=\{2, 4\} must be two numbers"),
    "unequal bands": (
        lambda: vmm.stabilize.magnify(CLIP, [[1, 2], [3]], fs=30),  # type: ignore[list-item]
        r"band=\[\[1, 2\], \[3\]\] must be two numbers",
    ),
    "modes of a number": (lambda: vmm.measure.modes(np.array(2.0), [3.0], fs=30), r"frames.*\(\)"),
    "ragged sensor": (
        lambda: vmm.measure.compare(WAVE, [[1.0], [2.0, 3.0]], fs=30, sensor_fs=60),
        r"sensor=\[\[1.0\], \[2.0, 3.0\]\] must be an array",
    ),
    "damaged times": (
        lambda: evenly_sampled(Signals(WAVE[:, None], 30, positions=np.append(np.arange(63) * 1e-6, 63.0))),
        "the times of the frames are damaged or too uneven",
    ),
    "rows without duration": (
        lambda: vmm.measure.sound(CLIP, fs=30, row_time=1e-9),
        "row_time=1e-09 s makes 6.*e.08 samples of 20 frames of 32 rows, and 200000 are possible",
    ),
    "band of rows": (
        lambda: vmm.measure.sound(CLIP, fs=30, row_time=1e-5, band=(20, 40_000)),
        r"band=\(20, 40000\) Hz is too wide for 32 rows of each frame, which show up to 7499.96 Hz",
    ),
    "range": (
        lambda: list(vmm.linear.magnify(iter([CLIP * 1e-12, CLIP * 1e12]), (2, 4), fs=30)),
        "frames reach .* this range is too wide for floating point",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_fault_is_refused_in_one_sentence(fault: str) -> None:
    call, message = REFUSED[fault]
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("factor", [1e-30, 1e-12, 1e12, 1e34])
@pytest.mark.parametrize("name", ["linear", pytest.param("acceleration", marks=pytest.mark.slow), "riesz"])
def test_the_scale_of_frames_does_not_matter(name: str, factor: float) -> None:
    magnify = getattr(vmm, name).magnify
    band = 3.0 if name == "acceleration" else (2, 4)
    expected = magnify(CLIP, band, fs=30)
    frames = CLIP * np.float32(factor)
    assert np.abs(magnify(frames, band, fs=30) / factor - expected).max() < 1e-3 * np.ptp(expected)
    dark = np.concatenate([0 * CLIP[:3], CLIP])
    chunks = magnify(iter(np.split(dark * np.float32(factor), [2, 5])), band, fs=30)
    assert np.abs(np.concatenate(list(chunks)) / factor - magnify(dark, band, fs=30)).max() < 1e-3 * np.ptp(expected)


def test_usual_values_are_not_scaled() -> None:
    out = vmm.linear.magnify(CLIP, (2, 4), fs=30)
    np.testing.assert_array_equal(vmm.linear.magnify(CLIP / 256, (2, 4), fs=30) * 256, out)
    assert out.base is None or out.flags.owndata


def test_half_precision_does_not_overflow() -> None:
    bright = np.minimum(250 * CLIP, 65000).astype(np.float16)
    out = vmm.linear.magnify(bright, (2, 4), fs=30, alpha=20, wavelength=0)
    assert out.dtype == np.float16
    assert np.isfinite(out).all()
    assert out.max() == np.finfo(np.float16).max


def test_usual_and_small_values_are_magnified_alike_by_gradients() -> None:
    out = vmm.gradient.magnify(CLIP, (2, 4), fs=30)
    np.testing.assert_allclose(256 * vmm.gradient.magnify(CLIP / 256, (2, 4), fs=30), out, atol=0.01)


def test_a_clip_of_which_white_is_stated_is_not_scaled() -> None:
    chunk = next(two_pass(CLIP / 256).second_pass())
    np.testing.assert_array_equal(chunk, CLIP / 256)


def test_a_rate_does_not_depend_on_the_scale() -> None:
    rate = vmm.measure.breathing(WAVE, fs=3)
    for factor in (1e-12, 1e35):
        scaled = vmm.measure.breathing(WAVE * factor, fs=3)
        assert (scaled.rate, scaled.stderr) == pytest.approx((rate.rate, rate.stderr))


def test_a_bound_does_not_depend_on_the_scale() -> None:
    picture = CLIP[0].astype(float)
    expected = vmm.measure.displacement_crlb(picture, noise=1.0, rounded=False)
    for factor in (1e-200, 1e11):
        bound = vmm.measure.displacement_crlb(picture * factor, noise=factor, rounded=False)
        np.testing.assert_allclose(bound, expected, rtol=1e-9)
    assert np.isfinite(vmm.measure.displacement_crlb(picture * 1e300, noise=1.0)).all()


def test_an_integral_above_any_frequency_is_finite() -> None:
    for highpass in (5e-324, 1e-300, 14.9):
        assert np.isfinite(vmm.measure.integrate(WAVE, fs=30, highpass=highpass)).all()


def test_numbers_of_other_types_are_floats() -> None:
    part = CLIP[:, :16, :16]
    usual = vmm.gradient.magnify(part, (2, 4), fs=30, sigma=2.0)
    for two, thirty in ((Fraction(2), Fraction(30)), (np.array(2), np.array(30.0))):
        other = vmm.gradient.magnify(part, (two, 4), fs=thirty, sigma=two, limit=10 * two)  # type: ignore[arg-type]
        np.testing.assert_array_equal(other, usual)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_limit_beyond_any_motion_is_no_limit(dtype: type) -> None:
    """The square of such a limit is no number of floating point."""
    clip: np.ndarray = CLIP[:8, :16, :16].astype(dtype)
    calls: dict[str, Callable[[float], Any]] = {
        "gradient": lambda limit: vmm.gradient.magnify(clip, (2, 4), fs=30, limit=limit),
        "static": lambda limit: vmm.gradient.magnify(clip, None, fs=30, limit=limit),
        "riesz": lambda limit: vmm.riesz.magnify(clip, (2, 4), fs=30, limit=limit),
        "phase": lambda limit: vmm.phase.magnify(clip, (2, 4), fs=30, limit=limit),
        "jerk": lambda limit: vmm.jerk.magnify(clip, 3, fs=30, limit=limit),
        "lagrangian": lambda limit: vmm.lagrangian.magnify(clip, (2, 4), fs=30, limit=limit),
    }
    for name, call in calls.items():
        np.testing.assert_allclose(call(1e300), call(np.inf), rtol=1e-5, atol=1e-3, err_msg=name)


def test_a_window_without_a_size_gives_numbers() -> None:
    assert np.isfinite(vmm.acceleration.magnify(CLIP[:, :16, :16], 3, fs=30, sigma=1e-300)).all()


def test_displacement_that_never_changes_has_no_components() -> None:
    still = np.full((8, 3, 3, 2), 0.1, np.float32)
    assert principal_components(still, np.ones((3, 3, 2)), 9).shape == (0, 8)


class Subclass(np.ndarray):
    """As ``numpy.memmap`` is one."""


@pytest.mark.parametrize("frames", [CLIP.view(Subclass), CLIP.astype(CLIP.dtype.newbyteorder(">"))])
def test_compiled_kernels_process_subclasses_and_other_byte_orders(frames: np.ndarray) -> None:
    for chunk in (vmm.riesz.magnify(frames, (2, 4), fs=30), *vmm.riesz.magnify(iter([frames]), (2, 4), fs=30)):
        assert type(chunk) is np.ndarray
        np.testing.assert_array_equal(chunk, vmm.riesz.magnify(CLIP, (2, 4), fs=30))
    (checked_chunk,) = checked([frames])
    assert compiled_for(as_frames(frames))
    assert compiled_for(checked_chunk)


def test_a_measurement_does_not_depend_on_the_scale() -> None:
    expected = vmm.measure.displacement(CLIP, fs=30).values
    for factor in (1e-12, 1e30):
        result = vmm.measure.displacement(CLIP * np.float32(factor), fs=30)
        np.testing.assert_allclose(result.values, expected, atol=1e-3)


@pytest.mark.parametrize("name", ["linear", "phase", "lagrangian"])
def test_the_error_of_an_iterator_reaches_the_caller(name: str) -> None:
    class CameraError(Exception):
        pass

    def chunks() -> Iterator[np.ndarray]:
        yield CLIP[:8]
        raise CameraError("unplugged")

    with pytest.raises(CameraError, match="unplugged"):
        list(getattr(vmm, name).magnify(chunks(), (2, 4), fs=30))


@pytest.mark.parametrize(("temporal", "share"), [("fir", "43%"), ("ideal", "7[56]%")])
def test_a_clip_that_is_shorter_than_the_filter_has_a_warning(temporal: str, share: str) -> None:
    with pytest.warns(ShortClipWarning, match=rf"a clip of 20 frames .*in the middle of the clip {share}"):
        phase(band=(5, 8) if temporal == "fir" else (3, 4), temporal=temporal)


def test_a_band_that_a_clip_cannot_resolve_has_a_notice() -> None:
    assert length_notice([(2, 4)], 40, 30) == ""
    assert "lasts 0.5 s, and a band of 0.3 to 0.8 Hz needs 3.33 s" in length_notice([(0.3, 0.8)], 15, 30)
    assert "needs 20 s" in length_notice([(0.2, 0.25)], 211, 24)
