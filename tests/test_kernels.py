"""Compiled kernels equal the reference kernels up to rounding in single precision."""

from typing import Any

import numpy as np
import pytest
from cases import TOLERANCE

import vmm
from vmm.backend import reference as kernels
from vmm.backend.dispatch import compiled_for, reference_kernels
from vmm.data import synthetic
from vmm.engine import fast_paths
from vmm.motion import intensity, limited, local_phase, quaternion, smooth

SIZES = [(33, 47), (40, 64), (5, 6), (2, 3)]
SOS = np.array([[0.1, 0.02, -0.1, 1, -1.5, 0.7], [0.2, 0.1, 0.1, 1, -1.2, 0.5]])
YIQ = (0.299, 0.587, 0.114)


def real(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def complexes(rng, *shape):
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


def pixels(rng, *shape):
    return rng.integers(0, 256, shape).astype(np.uint8)


CASES = {  # by kernel: a function that makes its arguments for frames of h x w
    "phase_shift": lambda g, h, w: (complexes(g, 3, h, w), complexes(g, 3, h, w)),
    "rotation_change": lambda g, h, w: (complexes(g, 3, h, w), 9 * real(g, 3, h, w)),
    "soft_limit": lambda g, h, w: (9 * real(g, 3, h, w), 2.0),
    "soft_limit by length": lambda g, h, w: (9 * real(g, 3, 2, h, w), 2.0),
    "displacement_terms": lambda g, h, w: (
        complexes(g, 3, h, w),
        complexes(g, 3, h, w),
        (0.3, 0.8),
        (1.5, 1.2),
        (2.1, 0.4),
    ),
    "local_frequency": lambda g, h, w: (complexes(g, 3, h, w), (0.3, -0.8), (1.5, 1.2), (2.1, 0.4)),
    "riesz": lambda g, h, w: (real(g, 3, h, w), (0.5, 0.0, -0.5), (0.2, 0.6, 0.2)),
    "blur": lambda g, h, w: (real(g, 3, 2, h, w), (2.0, 1.3)),
    "weighted_blur": lambda g, h, w: (real(g, 3, 2, h, w), abs(real(g, 3, 1, h, w)), (2.0, 1.3)),
    "reduce": lambda g, h, w: (real(g, 3, h, w),),
    "expand": lambda g, h, w: (real(g, 3, (h + 1) // 2, (w + 1) // 2), (h, w), real(g, 3, h, w), -1.5),
    "biquads": lambda g, h, w: (real(g, 7, h, w), SOS, real(g, 2, 2, h, w)),
    "product": lambda g, h, w: (real(g, 7, h, w), g.normal(size=(5, 7))),
    "weigh_channels": lambda g, h, w: (pixels(g, 3, h, w, 3), YIQ, np.float32),
    "split_and_reduce": lambda g, h, w: (pixels(g, 3, h, w, 3), np.float32),
    "split_channels": lambda g, h, w: (pixels(g, 3, h, w, 3), np.float32),
    "add_clipped": lambda g, h, w: (pixels(g, 3, h, w, 3), 99 * real(g, 3, h, w, 1)),
    "add_planes": lambda g, h, w: (
        pixels(g, 3, h, w, 3).astype(np.float32),
        real(g, 3, 3, h, w),
        real(g, 3, 3, (h + 1) // 2, (w + 1) // 2),
        g.normal(size=(3, 3)),
    ),
}


def copied(arguments):
    return [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]


def compare(fast, plain):
    assert fast.dtype == plain.dtype and fast.shape == plain.shape
    scale = max(1.0, float(np.abs(plain).max()))
    np.testing.assert_allclose(fast, plain, rtol=0, atol=TOLERANCE["float32"] * scale)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CASES)
def test_compiled_equals_reference(name, size, rng):
    arguments = CASES[name](rng, *size)
    kernel = getattr(kernels, name.split()[0])
    one, two = copied(arguments), copied(arguments)
    compare(kernel(*one), kernel.plain(*two))
    if name == "biquads":
        compare(one[2], two[2])


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("planes", [1, 3, None])
def test_changes_are_added_to_frames_of_any_type(kind, planes, rng):
    frames = pixels(rng, 3, 9, 11, *([3] if planes else [])).astype(kind)
    change = 99 * real(rng, *frames.shape[:3], *([planes] if planes else []))
    fast, plain = kernels.add_clipped(frames, change), kernels.add_clipped.plain(frames, change)
    assert fast.dtype == frames.dtype
    compare(fast.astype(float), plain.astype(float))


@pytest.mark.parametrize("size", [(40, 50), (41, 51)])
@pytest.mark.parametrize(
    ("corner", "box"),
    [((-10, -8), (20, 20)), ((-5, 0), (12, 9)), ((3, -12), (8, 5)), ((-4, -7), (5, 8)), ((0, 1), (5, 8))],
)
def test_boxes_of_spectra(size, corner, box, rng):
    half = complexes(rng, 2, size[0], size[1] // 2 + 1)
    weights, shape = rng.random(box).astype(np.float32), (box[0] + 3, box[1] + 1)
    taken = kernels.read_box(half, weights, 1.5, corner, shape)
    compare(taken, kernels.read_box.plain(half, weights, 1.5, corner, shape))
    fast, plain = half.copy(), half.copy()
    kernels.add_box(fast, taken, weights, 0.5, corner)
    kernels.add_box.plain(plain, taken, weights, 0.5, corner)
    compare(fast, plain)


@pytest.mark.parametrize("size", [(41, 50), (40, 51)])
def test_a_box_over_the_whole_half_spectrum(size, rng):
    """A box without weights over one half of a spectrum returns the values that it read."""
    images = rng.normal(size=(2, *size))
    half, spectrum = np.fft.rfft2(images), np.fft.fft2(images)
    corner = -(size[0] // 2), 1 - (size[1] + 1) // 2
    weights = np.ones((size[0], 2 * ((size[1] + 1) // 2) - 1))
    box = kernels.read_box(half, weights, 1.0, corner, weights.shape)
    centred = np.fft.fftshift(spectrum, axes=(1, 2))[:, :, size[1] // 2 + corner[1] :][:, :, : weights.shape[1]]
    np.testing.assert_allclose(box, centred, atol=1e-9)
    back = np.zeros_like(half)
    kernels.add_box(back, box, weights, 1.0, corner)
    inside = slice(None), slice(None), slice(0, weights.shape[1] // 2 + 1)
    np.testing.assert_allclose(back[inside], 2 * half[inside], atol=1e-9)


def triples(rng, n, h, w):
    return real(rng, n, 3, h, w)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("motion", "make"), [(local_phase, complexes), (intensity, real), (quaternion, triples)])
def test_reading_and_filtering_in_one_kernel(motion, make, size, rng):
    """Two chunks test that the previous frame and the filter state are passed on."""
    coefs = make(rng, 7, *size)
    still = motion.read(coefs[:1], coefs[:1]).shape[1:]
    out = []
    for plain in (False, True):
        before, registers = coefs[0].copy(), np.zeros((2, 2, *still), np.float32)
        total = np.zeros((4, *still), np.float32)
        columns = np.random.default_rng(1).normal(size=(4, 7))
        if plain:
            with reference_kernels():
                parts = [fast_paths.filtered_motion(motion, c, before, SOS, registers) for c in (coefs[:4], coefs[4:])]
                before[...] = coefs[0]
                fast_paths.project_motion(motion, coefs[:4], before, columns[:, :4], total)
                fast_paths.project_motion(motion, coefs[4:], before, columns[:, 4:], total)
        else:
            parts = [fast_paths.filtered_motion(motion, c, before, SOS, registers) for c in (coefs[:4], coefs[4:])]
            before[...] = coefs[0]
            fast_paths.project_motion(motion, coefs[:4], before, columns[:, :4], total)
            fast_paths.project_motion(motion, coefs[4:], before, columns[:, 4:], total)
        out.append((np.concatenate(parts), registers, total))
    for fast, slow in zip(*out, strict=True):
        compare(fast, slow)


@pytest.mark.parametrize("size", [*SIZES, (300, 400)])
@pytest.mark.parametrize("sigma", [0.0, 0.6, 2.0])
@pytest.mark.parametrize(("name", "limit"), [("intensity", np.inf), ("quaternion", np.inf), ("quaternion", 1.0)])
def test_one_pass_over_a_level_of_the_riesz_pyramid(name, limit, sigma, size, rng):
    """The pass runs from the images to the magnified level, in two chunks."""
    images = real(rng, 5, *size)
    given: tuple[Any, ...] = ()
    motion, coefs = intensity, images
    if name == "quaternion":
        motion, given = smooth(limited(quaternion, limit), sigma), ((0.5, 0.0, -0.5), (0.2, 0.6, 0.2))
        coefs = kernels.riesz.plain(images, *given)
    alpha = rng.uniform(1, 9, size).astype(np.float32)
    still = motion.read(coefs[:1], coefs[:1]).shape[1:]
    before, registers = images[0].copy(), np.zeros((2, 2, *still), np.float32)
    kernel = fast_paths.kernel_for("magnified", motion, images)
    assert kernel is not None
    parts = (
        kernel(c, *given, before, SOS, registers, motion.sigma, motion.limit, alpha) for c in (images[:2], images[2:])
    )
    fast = np.concatenate(list(parts))
    with reference_kernels():
        before, registers = coefs[0].copy(), np.zeros((2, 2, *still), np.float32)
        signal = fast_paths.filtered_motion(motion, coefs, before, SOS, registers)
        plain = motion.change(coefs, signal, alpha)
    plain = plain[:, :1] if name == "quaternion" else plain
    np.testing.assert_allclose(fast, plain, rtol=0, atol=1e-3)


@pytest.mark.parametrize("limit", [np.inf, 2.0])
@pytest.mark.parametrize("alpha", [3.0, "map"])
def test_writing_phase_in_one_kernel(alpha, limit, rng):
    coefs, signal = complexes(rng, 3, 9, 11), real(rng, 3, 9, 11)
    by = alpha if alpha == 3.0 else real(rng, 9, 11)
    kernel = fast_paths.kernel_for("put", local_phase, coefs)
    with reference_kernels():
        expected = limited(local_phase, limit).change(coefs, signal.copy(), by)
    assert kernel is not None
    compare(kernel(coefs, signal, limit, by), expected)


@pytest.mark.parametrize("sigma", [0.0, 1.5])
@pytest.mark.parametrize("alpha", [3.0, "map"])
def test_magnifying_phase_in_one_kernel(alpha, sigma, rng):
    """Two chunks test that the previous frame and the filter state are passed on."""
    coefs, motion = complexes(rng, 7, 9, 11), smooth(limited(local_phase, 2.0), sigma)
    by = alpha if alpha == 3.0 else real(rng, 9, 11)
    kernel = fast_paths.kernel_for("magnified", motion, coefs)
    assert kernel is not None
    before, registers = coefs[0].copy(), np.zeros((2, 2, 9, 11), np.float32)
    with reference_kernels():
        expected = motion.change(coefs, fast_paths.filtered_motion(motion, coefs, before, SOS, registers), by)
    before, registers = coefs[0].copy(), np.zeros((2, 2, 9, 11), np.float32)
    parts = [c.copy() for c in (coefs[:4], coefs[4:])]
    fast = [kernel(c, before, SOS, registers, motion.sigma, motion.limit, by) for c in parts]
    compare(np.concatenate(fast), expected)


@pytest.mark.parametrize("sigma", [0.0, 2.0])
def test_riesz_inside_a_uniform_disc(sigma):
    """The amplitude is 0 inside a uniform disc, so that no pixel changes there at any alpha."""
    moves = synthetic.three_directions(synthetic.sway(20, 30, 2.5, 0.1)[:, 1])
    frames = synthetic.render(synthetic.circles(np.full((64, 192), 50.0), radii=(20, 20, 20)), moves)
    out = vmm.riesz.magnify(frames.astype(np.float32), (2, 3), fs=30, alpha=1000, sigma=sigma)
    assert np.isfinite(out).all()


def test_arrays_that_compiled_kernels_accept(rng):
    assert compiled_for(real(rng, 2, 3)) and compiled_for(complexes(rng, 2, 3))
    for other in (np.zeros((2, 3)), np.zeros((0, 3), np.float32), np.zeros((2, 3), ">f4"), [1.0]):
        assert not compiled_for(other)
    with reference_kernels():
        assert not compiled_for(real(rng, 2, 3))


def test_a_still_clip_stays_still(rng):
    coefs = complexes(rng, 1, 30, 40)
    assert not kernels.phase_shift(coefs, coefs.copy()).any()
    assert not kernels.rotation_change(coefs, np.zeros((1, 30, 40), np.float32)).any()


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("wavelength", [None, 16])
def test_linear_in_one_pass_over_the_finest_level(kind, wavelength):
    """Chunks of any dtype agree up to one step of rounding."""
    gray = synthetic.render(synthetic.texture((65, 82)), synthetic.sway(20, 30, 2.5, 0.2))
    frames = np.stack([gray, 255 - gray, gray // 2], axis=-1).astype(kind)

    def run():
        chunks = (frames[i : i + 6] for i in range(0, 20, 6))
        return np.concatenate(list(vmm.linear.magnify(chunks, (2, 3), fs=30, wavelength=wavelength))).astype(float)

    fast = run()
    with reference_kernels():
        plain = run()
    assert np.abs(fast - frames).max() > 3
    assert np.abs(fast - plain).max() <= 1 and np.abs(fast - plain).mean() < 1e-3
