"""Compositions of motions, compiled, give what the reference kernels give; parts of a user are always called."""

from dataclasses import replace
from functools import partial
from itertools import permutations

import numpy as np
import pytest
from cases import METHODS

import vmm
from vmm.backend.dispatch import reference_kernels
from vmm.data import synthetic
from vmm.engine import fast_paths
from vmm.engine.bands import Bands
from vmm.motion import intensity, limited, local_phase, per_part, quaternion, smooth, weighted
from vmm.parts import CausalFilter, Grid, LinearFilter, Motion
from vmm.spatial import GaussianPyramid, Laplacian, RieszPyramid, SteerablePyramid, luma, planes, stacked
from vmm.temporal import bilateral, butterworth, fir, ideal

FS, BAND = 30, (2, 4)
TEMPORAL: dict[str, LinearFilter] = {
    "causal": butterworth(BAND, FS),
    "look-ahead": fir(BAND, FS, taps=9),
    "whole clip": ideal(BAND, FS),
}
PYRAMID = partial(SteerablePyramid, octave=1.0, orientations=2)
PARTS = {
    "intensity": (planes(GaussianPyramid), intensity),
    "intensity of levels": (planes(Laplacian), intensity),
    "local_phase": (luma(PYRAMID), local_phase),
    "quaternion": (luma(RieszPyramid), quaternion),
}
DECORATORS = {
    "smooth": partial(smooth, sigma=2.0),
    "limited": partial(limited, limit=0.5),
    "weighted": partial(weighted, strength=0.5),
}


@pytest.fixture(scope="module")
def gray():
    return synthetic.render(synthetic.texture((32, 40)), synthetic.sway(24, FS, 3, 0.2))


@pytest.fixture(scope="module", params=["gray", "color"])
def frames(request, gray):
    return gray if request.param == "gray" else np.stack([gray, 255 - gray, gray // 2], axis=-1)


def magnified(frames, spatial, motion, temporal="causal", alpha=20, **options):
    return vmm.magnify(
        frames.astype(np.float32), spatial=spatial, motion=motion, temporal=TEMPORAL[temporal], alpha=alpha, **options
    )


def compare_with_reference(frames, *args, **options):
    fast = magnified(frames, *args, **options)
    with reference_kernels():
        plain = magnified(frames, *args, **options)
    assert np.abs(plain - frames).max() > 0.3
    np.testing.assert_allclose(fast, plain, rtol=0, atol=2e-2)


ORDERS = [order for n in (1, 2, 3) for order in permutations(DECORATORS, n)]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("name", PARTS)
def test_compositions_in_any_order(name, order, frames):
    spatial, motion = PARTS[name]
    for decorator in order:
        motion = DECORATORS[decorator](motion)
    compare_with_reference(frames, spatial, motion)


@pytest.mark.parametrize("temporal", ["look-ahead", "whole clip"])
@pytest.mark.parametrize("name", PARTS)
def test_compositions_of_all_with_filters_that_look_ahead(name, temporal, gray):
    spatial, motion = PARTS[name]
    compare_with_reference(gray, spatial, weighted(limited(smooth(motion, 2.0), 0.5), 0.5), temporal)


def test_the_order_does_not_matter(gray):
    spatial, motion = PARTS["local_phase"]
    out = []
    for order in permutations(DECORATORS):
        decorated = motion
        for decorator in order:
            decorated = DECORATORS[decorator](decorated)
        out.append(magnified(gray, spatial, decorated))
    for other in out[1:]:
        np.testing.assert_allclose(other, out[0], atol=1e-4)


@pytest.mark.parametrize(
    ("decorator", "message"),
    [("smooth", "smoothed already.* once"), ("limited", "limited already.* once"), ("weighted", "weighted already")],
)
def test_a_repeated_decorator_is_refused(decorator, message):
    decorate = DECORATORS[decorator]
    with pytest.raises(ValueError, match=message):
        decorate(decorate(local_phase))
    grid = Grid((4, 4), coefs="complex")
    with pytest.raises(ValueError, match=message):  # of stacked parts when the motion of a part is known
        decorate(per_part(decorate(local_phase))).on(grid)


def test_decorators_apply_to_stacked_parts(gray):
    spatial = stacked(luma(PYRAMID), planes(Laplacian))
    inside = per_part(smooth(local_phase, 2.0), smooth(intensity, 2.0))
    outside = smooth(per_part(local_phase, intensity), 2.0)
    np.testing.assert_allclose(magnified(gray, spatial, outside), magnified(gray, spatial, inside), atol=1e-4)


# Parts of a user.


def nothing(coefs, motion, alpha):
    """Put no motion."""
    return coefs


def no_change(coefs, motion, alpha):
    return 0 * coefs


class Called:
    """A callable object that counts its calls, and that cannot be hashed."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, function):
        self.function, self.count = function, 0

    def __call__(self, *arguments):
        self.count += 1
        return self.function(*arguments)


@pytest.mark.parametrize("temporal", TEMPORAL)
@pytest.mark.parametrize("name", PARTS)
def test_a_foreign_put_is_called(name, temporal, frames):
    spatial, motion = PARTS[name]
    put = Called(nothing)
    foreign = Motion(motion.read, put, motion.amplitude, takes=motion.takes)
    assert np.array_equal(magnified(frames, spatial, foreign, temporal), frames)
    assert put.count > 0
    for changed in (replace(motion, changed=no_change), replace(motion, put=nothing, changed=None)):
        assert np.array_equal(magnified(frames, spatial, changed, temporal), frames)


def test_a_foreign_put_is_called_by_a_non_linear_filter(frames):
    spatial, motion = PARTS["local_phase"]
    foreign = replace(motion, put=nothing, changed=None)
    out = vmm.magnify(frames, spatial=spatial, motion=foreign, temporal=bilateral(3, FS), alpha=20)
    assert np.array_equal(out, frames)


def phase_shift(coefs, reference):
    """A reading function with the name of a kernel, that reads no motion."""
    return np.zeros(coefs.shape, np.float32)


@pytest.mark.parametrize("temporal", TEMPORAL)
def test_a_reading_function_with_the_name_of_a_kernel_is_called(temporal, frames):
    spatial, motion = PARTS["local_phase"]
    assert np.array_equal(magnified(frames, spatial, replace(motion, read=phase_shift), temporal), frames)


@pytest.mark.parametrize("name", ["intensity", "local_phase"])
@pytest.mark.parametrize("wrap", [partial, Called])
def test_partial_functions_and_callable_objects(name, wrap, frames):
    spatial, motion = PARTS[name]
    wrapped = Motion(wrap(motion.read), wrap(motion.put), takes=motion.takes)
    np.testing.assert_allclose(
        magnified(frames, spatial, wrapped), magnified(frames, spatial, motion), rtol=0, atol=2e-2
    )


def test_a_motion_of_two_functions(gray):
    phase = Motion(
        lambda coefs, reference: np.angle(coefs * reference.conj()).astype(np.float32),
        lambda coefs, motion, alpha: coefs * np.exp(1j * alpha * motion).astype(np.complex64),
    )
    spatial, motion = PARTS["local_phase"]
    np.testing.assert_allclose(magnified(gray, spatial, phase), magnified(gray, spatial, motion), atol=2e-2)


class Recorder:
    """A spatial part of a user, which notes the type of its frames."""

    def __init__(self, shape, dtype, xp):
        self.shape, self.types = shape, []
        self.grids = [Grid(shape[:2])]

    def analyze(self, frames):
        self.types.append(frames.dtype)
        means = frames.mean(axis=0)
        return [frames - means], means

    def synthesize(self, bands, residual):
        return bands[0] if residual is None else bands[0] + residual


def test_a_spatial_part_of_a_user_gets_floating_point_frames(frames):
    plans = []

    def plan(*arguments):
        plans.append(Recorder(*arguments))
        return plans[-1]

    out = vmm.magnify(frames, spatial=plan, motion=intensity, temporal=TEMPORAL["causal"], alpha=3)
    assert out.dtype == np.uint8 and not np.array_equal(out, frames)
    assert set(plans[0].types) == {np.dtype(np.float32)}


class Triples(RieszPyramid):
    """A spatial part whose frames depend on all parts of its triples."""

    def analyze(self, frames):
        bands, residual = super().analyze(frames)
        return list(bands), residual

    def synthesize(self, bands, residual):
        assert all(band is None or band.shape[1] == 3 for band in bands)
        return super().synthesize(bands, residual)


def test_triples_of_another_part_are_whole(gray):
    compare_with_reference(gray, luma(Triples), smooth(quaternion, 2.0))


# The fast paths.


ROUTES = {
    "integer frames": (planes(GaussianPyramid), intensity, "causal"),
    "half size": (planes(GaussianPyramid), intensity, "look-ahead"),
    "levels": (luma(RieszPyramid), smooth(limited(quaternion, 3.0), 2.0), "causal"),
    "phase": (luma(PYRAMID), limited(local_phase, 3.0), "causal"),
    "phase ahead": (luma(PYRAMID), limited(local_phase, 3.0), "look-ahead"),
    "stacked": (stacked(luma(PYRAMID), planes(GaussianPyramid)), per_part(local_phase, intensity), "causal"),
    "stacked levels": (stacked(luma(RieszPyramid), planes(Laplacian)), per_part(quaternion, intensity), "causal"),
}


@pytest.mark.parametrize("mask", [None, (4, 4, 20, 20)])
@pytest.mark.parametrize("name", ROUTES)
def test_results_are_the_same_without_the_fast_paths(name, mask, frames, monkeypatch):
    spatial, motion, temporal = ROUTES[name]
    options = {"spatial": spatial, "motion": motion, "temporal": TEMPORAL[temporal], "alpha": 10, "mask": mask}
    fast = vmm.magnify(frames, **options).astype(float)
    monkeypatch.setattr(vmm.engine.loop, "FastBands", Bands)
    plain = vmm.magnify(frames, **options).astype(float)
    assert np.abs(plain - frames).max() > 1
    assert np.abs(fast - plain).max() <= 1 and np.abs(fast - plain).mean() < 1e-3


@pytest.mark.parametrize(
    ("method", "temporal", "kernels"),
    [
        ("linear", butterworth, {"value_change_added", "value_change_magnified"}),
        ("riesz", butterworth, {"quaternion_shift_magnified"}),
        ("phase, not denoised", butterworth, {"phase_shift_magnified"}),
        ("phase", fir, {"phase_shift_projected", "phase_shift_put"}),
    ],
)
def test_methods_use_the_fused_kernels(method, temporal, kernels, gray, monkeypatch):
    called = set()
    compiled = fast_paths.compiled  # type: ignore[attr-defined]

    def noted(name, *arguments):
        kernel = compiled(name, *arguments)
        if kernel is not None:
            called.add(name)
        return kernel

    monkeypatch.setattr(fast_paths, "compiled", noted)
    color = np.repeat(gray[..., None], 3, axis=-1)
    name, _, not_denoised = method.partition(", ")
    METHODS[name](color, BAND, fs=FS, temporal=temporal, **({"sigma": 0.0} if not_denoised else {}))
    assert called == kernels


# What does not go together is refused in one sentence.


def general(**options):
    frames = np.zeros((9, 32, 40), np.uint8)
    parts = {"spatial": Laplacian, "motion": intensity, "temporal": TEMPORAL["causal"]}
    return vmm.magnify(frames, **{**parts, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"motion": quaternion},
            "motion takes riesz coefficients, but spatial makes real ones: use .*intensity",
        ),
        ({"spatial": PYRAMID}, "motion takes real coefficients, but spatial makes complex ones: use .*local_phase"),
        ({"spatial": RieszPyramid}, "spatial makes riesz ones: use vmm.motion.quaternion"),
        ({"motion": "phase"}, "motion='phase' must be a vmm.parts.Motion"),
        ({"temporal": fir}, "temporal=fir must be a filter, such as .*: call the design function"),
        ({"temporal": None}, "temporal=None must be a filter"),
        ({"spatial": 3}, "spatial=3 must be a plan"),
    ],
)
def test_parts_that_do_not_go_together(options, message):
    with pytest.raises(TypeError, match=message):
        general(**options)


def test_arguments_of_another_kind():
    frames = np.zeros((9, 32, 40), np.uint8)
    with pytest.raises(TypeError, match="temporal is a NonlinearFilter, which this method cannot use"):
        vmm.phase.magnify(frames, None, fs=FS, temporal=bilateral(3, FS))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="temporal=5 must be a design function"):
        vmm.phase.magnify(frames, BAND, fs=FS, temporal=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"frequency=\(2, 3\) must be one number in Hz"):
        vmm.jerk.magnify(frames, (2, 3), fs=FS)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="alpha holds 2 values, but there is one band"):
        vmm.phase.magnify(frames, BAND, fs=FS, alpha=[1, 2])
    with pytest.raises(ValueError, match="alpha holds 2 values, but it must be a number or a map"):
        general(alpha=[1, 2])
    with pytest.raises(ValueError, match="level_gains holds 2 values, but there are 3 subbands"):
        general(level_gains=[1, 2])


def test_bands_as_an_array(gray):
    listed = vmm.linear.magnify(gray, [(2, 4), (5, 7)], fs=FS, alpha=[5, -1])
    assert np.array_equal(vmm.linear.magnify(gray, np.array([(2, 4), (5, 7)]), fs=FS, alpha=np.array([5, -1])), listed)


def test_the_filter_of_a_user():
    """A filter without options works in all places."""
    half = CausalFilter(lambda x, memory: (x / 2, None))
    frames = np.arange(4.0)[:, None, None] * np.ones((1, 32, 40))
    out = vmm.magnify(frames, spatial=vmm.spatial.Pixels, motion=intensity, temporal=half, alpha=2)
    np.testing.assert_allclose(out, 2 * frames)
