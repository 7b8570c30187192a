"""What comes on the device stays there and is what it is on the host, part by part and method by method."""

import threading
from itertools import pairwise
from typing import Any

import fake_cupy
import numpy as np
import pytest
from cases import BY_BAND, BY_FREQUENCY, COLOR, FILTERS, METHODS, MOTIONS, SPATIAL
from devices import device_of

import vmm
from vmm.motion import limited, local_displacement, local_phase, per_part, quaternion, smooth, weighted
from vmm.parts import WholeClipFilter
from vmm.temporal import anisotropic, bilateral, butterworth, fir, ideal, jerk_aware

DISTANT = {  # relative to the range of values
    "float32": 2e-5,
    "float64": 1e-9,
}


def same(seen, expected, within=None):
    assert seen.shape == expected.shape and seen.dtype == expected.dtype
    if not expected.size:
        return
    scale = max(1.0, float(np.abs(expected).max()))
    within = DISTANT[vmm.backend.arrays.real_dtype(expected.real.dtype).name] if within is None else within
    np.testing.assert_allclose(seen, expected, rtol=0, atol=within * scale)


# Parts.


@pytest.mark.parametrize("name", [*SPATIAL, *COLOR])
@pytest.mark.parametrize("size", [(33, 47), (40, 64)])
def test_spatial_parts(name, size, dtype, device, rng):
    plan = {**SPATIAL, **COLOR}[name]
    shape = (*size, 3) if name in COLOR else size
    frames = rng.random((3, *shape)).astype(dtype)
    host, there = plan(shape, dtype, np), plan(shape, dtype, device.xp)
    assert list(host.grids) == list(there.grids)
    expected, _ = host.analyze(frames)
    bands, residual = there.analyze(device.put(frames))
    kept = [bands[i] for i in range(len(there.grids))]
    for band, other in zip(kept, expected, strict=True):
        same(device.back(band), other)
    back = there.synthesize(kept, residual)
    same(device.back(back), frames)
    assert device.back(there.synthesize([*kept[:1], *(None for _ in kept[1:])], None)).shape[1:3] == size


def coefs_of(name, rng, dtype):
    x = rng.normal(size=(4, 3, 9, 11) if name == "quaternion" else (4, 9, 11))
    x = x + 1j * rng.normal(size=x.shape) if name in ("local_phase", "local_displacement") else x
    return x.astype(np.result_type(dtype, np.complex64) if x.dtype.kind == "c" else dtype)


KINDS_OF_MOTION = {
    **MOTIONS,
    "limited local_phase": limited(local_phase, 1.0),
    "limited quaternion": limited(quaternion, 1.0),
    "smooth local_phase": smooth(local_phase, 1.5),
    "smooth quaternion": smooth(quaternion, 1.5),
    "weighted local_phase": weighted(local_phase, 1.0, nu=0.7),
    "per part": per_part(local_phase, quaternion),
    "local_displacement": local_displacement(2.0, limit=1.0),
    "local_displacement alone": local_displacement(0.0),
}


@pytest.mark.parametrize("name", KINDS_OF_MOTION)
def test_motions(name, dtype, device, rng):
    motion = KINDS_OF_MOTION[name]
    kind = "local_phase" if name == "per part" else name.split()[-1] if "alone" not in name else "local_displacement"
    coefs, reference = coefs_of(kind, rng, dtype), coefs_of(kind, rng, dtype)
    there = device.put(coefs), device.put(reference)
    read = motion.read(coefs, reference)
    same(device.back(motion.read(*there)), read)
    same(device.back(motion.amplitude(there[0])), motion.amplitude(coefs))
    for alpha in (0.5, rng.random((9, 11)).astype(dtype)):
        given = alpha if isinstance(alpha, float) else device.put(alpha)
        same(device.back(motion.write(there[0], device.put(read), given)), motion.write(coefs, read, alpha))
        expected = motion.change(coefs.copy(), read, alpha)
        same(device.back(motion.change(device.put(coefs), device.put(read), given)), expected)


@pytest.mark.parametrize("name", FILTERS)
def test_filters(name, dtype, device, rng):
    """In two chunks, but for those that take a whole clip."""
    part, x = FILTERS[name], rng.normal(size=(90, 3, 5)).astype(dtype)
    memory = there = None
    for chunk in (x,) if isinstance(part, WholeClipFilter) else (x[:40], x[40:]):
        expected, memory = part.apply(chunk, memory)
        y, there = part.apply(device.put(chunk), there)
        same(device.back(y), expected)


@pytest.mark.parametrize("rule", [bilateral(4, 30), bilateral(4, 30, pairs=False), jerk_aware(4, 30)])
def test_rules(rule, dtype, device, rng):
    grids = vmm.spatial.SteerablePyramid((24, 32), octave=1.0, orientations=2).grids
    motions = [rng.normal(size=(24 + 2 * rule.delay, *grid.shape)).astype(dtype) for grid in grids]
    amplitudes = [rng.random((24, *grid.shape)).astype(dtype) for grid in grids]
    expected = rule.signals(motions, amplitudes, grids)
    seen = rule.signals([device.put(x) for x in motions], [device.put(x) for x in amplitudes], grids)
    for i in range(len(grids)):
        same(device.back(seen[i]), expected[i])


def test_anisotropic_rule(dtype, device, rng):
    rule = anisotropic(4, 30, window=9)
    grids = vmm.spatial.SteerablePyramid((24, 32), octave=1.0, orientations=2).grids
    motions = [rng.normal(size=(8 + 2 * rule.delay, *grid.shape)).astype(dtype) for grid in grids]
    amplitudes = [rng.random((8, *grid.shape)).astype(dtype) for grid in grids]
    expected = rule.signals(motions, amplitudes, grids)
    seen = rule.signals([device.put(x) for x in motions], [device.put(x) for x in amplitudes], grids)
    for i in range(len(grids)):
        same(device.back(seen[i]), expected[i], within=1e-4 if dtype == np.float32 else 1e-6)


# Methods.

LEVELS = 0.02  # of 255 that single precision may be off


FEW = {"anisotropy": {"window": 9}}


def run(name, frames, **options):
    options = {"fs": 30, "alpha": 5, **FEW.get(name, {}), **options}
    if name in BY_FREQUENCY:
        options.pop("temporal", None)
        return METHODS[name](frames, 4, **options)
    # The number of subbands is an option of the steerable pyramid only.
    magnify = getattr(vmm, name).magnify if "transform" in options else METHODS[name]
    return magnify(frames, (3, 6), **options)


@pytest.fixture(scope="module")
def small(clip):
    return clip[:16, :24, :32].astype(np.float32)


@pytest.fixture(scope="module")
def colored(color_clip):
    return color_clip[:12, :24, :32]


@pytest.mark.parametrize("name", METHODS)
def test_methods(name, small, device):
    out = device.back(run(name, device.put(small)))
    same(out, run(name, small), within=1e-4)
    assert np.abs(out - small).max() > 0.1


@pytest.mark.parametrize("name", BY_BAND)
@pytest.mark.parametrize("temporal", [fir, butterworth, ideal])
def test_methods_with_every_kind_of_filter(name, temporal, small, device):
    frames = small[:12] if name == "lagrangian" else small
    out = device.back(run(name, device.put(frames), temporal=temporal))
    same(out, run(name, frames, temporal=temporal), within=1e-4)


@pytest.mark.parametrize("name", METHODS)
def test_methods_in_chunks_and_color(name, colored, device):
    """An iterator of chunks of 8 bits comes out as such; values are rounded, so that some may be one level off."""
    chunks = (device.put(colored[a:b]) for a, b in pairwise([0, 5, 7, 12]))
    out = np.concatenate([device.back(chunk) for chunk in run(name, chunks)])
    expected = run(name, colored)
    assert out.dtype == np.uint8 and out.shape == expected.shape
    apart = np.abs(out.astype(int) - expected)
    assert apart.max() <= 1 and apart.mean() < LEVELS


@pytest.mark.parametrize("name", METHODS)
def test_methods_with_maps(name, colored, device, rng):
    """A mask and a map of alpha, on the host or on the device."""
    mask, alpha = np.zeros((24, 32)), rng.uniform(1, 5, (24, 32))
    mask[8:, 12:] = 1
    expected = run(name, colored, mask=mask, alpha=alpha)
    for kept in (lambda x: x, device.put):
        out = device.back(run(name, device.put(colored), mask=kept(mask), alpha=kept(alpha)))
        assert np.abs(out.astype(int) - expected).max() <= 1
        assert np.array_equal(out[:, :8], colored[:, :8])


@pytest.mark.parametrize("name", METHODS)
def test_only_the_calling_thread_works_on_the_device(name, small):
    """Else work would not be on the caller's stream, and every thread would keep Fourier plans of its own."""
    with device_of("stand-in, plain kernels") as device:
        fake_cupy.threads.clear()
        run(name, device.put(small))
    assert fake_cupy.threads == {threading.get_ident()}


@pytest.mark.parametrize("name", METHODS)
def test_alpha_zero_and_a_still_clip(name, colored, device):
    still = np.repeat(colored[:1], 8, axis=0)
    assert np.array_equal(device.back(run(name, device.put(colored), alpha=0)), colored)
    assert np.array_equal(device.back(run(name, device.put(still), alpha=20)), still)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("phase", {"sigma": 2.0, "denoise": 0.5, "temporal": butterworth}),
        ("phase", {"transform": "dualtree"}),
        ("phase", {"color": 5.0}),
        ("riesz", {"pyramid": "invertible", "kernel": "3x3", "denoise": 0.5}),
        ("riesz", {"color": 5.0, "temporal": ideal}),
        ("linear", {"wavelength": 16}),
        ("linear", {"adaptive": 1.0}),
        ("lagrangian", {"temporal": butterworth, "sigma": 1.0}),
        *((name, {"motion": "phase", "octave": 1.0, "orientations": 2}) for name in BY_FREQUENCY),
    ],
)
def test_options_of_methods(name, options, colored, device):
    frames = colored.astype(np.float32)
    out = device.back(run(name, device.put(frames), **options))
    same(out, run(name, frames, **options), within=2e-4)


def test_several_bands(small, device):
    bands, by = [(2, 4), (6, 9)], [5, -1]
    out = device.back(vmm.phase.magnify(device.put(small), bands, fs=30, alpha=by))
    same(out, vmm.phase.magnify(small, bands, fs=30, alpha=by), within=1e-4)


def test_flow_that_is_given(small, device):
    flow = np.zeros((len(small), 2, *small.shape[1:]), np.float32)
    flow[:, 1] = np.sin(np.arange(len(small)))[:, None, None] / 5
    expected = vmm.lagrangian.magnify(small, (3, 6), fs=30, flow=flow)
    for kept in (lambda x: x, device.put):
        out = vmm.lagrangian.magnify(device.put(small), (3, 6), fs=30, flow=kept(flow))
        same(device.back(out), expected, within=1e-4)


def test_stabilized(small, device):
    """A clip is brought to rest on the host, magnified on the device, and comes back."""
    options: dict[str, Any] = {"fs": 30, "alpha": 5, "model": "translation"}
    out = vmm.stabilize.magnify(device.put(small), (3, 6), **options)
    same(device.back(out), vmm.stabilize.magnify(small, (3, 6), **options), within=1e-4)


def test_types_stay(colored, device):
    for kind in ("uint8", "uint16", "float16", "float64"):
        frames = colored.astype(kind)
        out = device.back(vmm.riesz.magnify(device.put(frames), (3, 6), fs=30, alpha=5))
        assert out.dtype == kind
        expected = vmm.riesz.magnify(frames, (3, 6), fs=30, alpha=5)
        np.testing.assert_allclose(out.astype(float), expected.astype(float), atol=1 if kind != "float64" else 1e-6)
