"""CUDA kernels equal the reference kernels, compiled for the host and on a device if the machine has one."""

import re

import host_cuda
import numpy as np
import pytest
from test_kernels import CASES, SIZES, SOS, compare, complexes, copied, pixels, real

from vmm.backend import gpu
from vmm.backend import reference as kernels
from vmm.backend.dispatch import compiled, reference_kernels
from vmm.backend.gpu import launching
from vmm.engine import fast_paths
from vmm.motion import intensity, limited, local_phase, quaternion, smooth, trajectories

MORE = {
    "quaternion_shift": lambda g, h, w: (real(g, 3, 3, h, w), real(g, 3, 3, h, w)),
    "amplitude": lambda g, h, w: (real(g, 3, 3, h, w),),
    "quaternion_rotate": lambda g, h, w: (real(g, 3, 3, h, w), 3 * real(g, 3, 2, h, w)),
    "weighted_blur": lambda g, h, w: (real(g, 3, h, w), abs(real(g, 3, h, w)), (2.0, 1.3)),
    "weighted_blur of pairs": lambda g, h, w: (real(g, 3, 2, h, w), abs(real(g, 3, 1, h, w)), (0.6, 0.0)),
    "blur down": lambda g, h, w: (real(g, 3, h, w), (1.0, 0.0)),
    "expand nothing beside": lambda g, h, w: (real(g, 3, (h + 1) // 2, (w + 1) // 2), (h, w)),
    "riesz of 3x3": lambda g, h, w: (real(g, 3, h, w), (0.58, 0.0, -0.58), (1.0,)),
    "biquads of six sections": lambda g, h, w: (real(g, 7, h, w), np.tile(SOS, (3, 1)), real(g, 6, 2, h, w)),
    "add_planes alone": lambda g, h, w: (
        pixels(g, 3, h, w, 3),
        None,
        99 * real(g, 3, 3, (h + 1) // 2, (w + 1) // 2),
        g.normal(size=(3, 3)),
    ),
}
EVERY = {**{name: case for name, case in CASES.items() if name != "product"}, **MORE}
KINDS = ["stand-in", pytest.param("cupy", marks=pytest.mark.gpu)]


@pytest.fixture(params=KINDS)
def device(request):
    from devices import device_of

    with device_of(request.param) as one:
        yield one


def put(device, arguments, sos=()):
    """Copy arguments to the device, except matrices in double precision, which stay on the host."""
    kept = [x is not None and isinstance(x, np.ndarray) and x.dtype != np.float64 for x in arguments]
    return [device.put(x.copy()) if there else x for x, there in zip(arguments, kept, strict=True)]


@pytest.mark.parametrize("size", [*SIZES, (1, 9)])
@pytest.mark.parametrize("name", EVERY)
def test_each_kernel_equals_the_reference(name, size, device, rng):
    arguments = EVERY[name](rng, *size)
    kernel = getattr(kernels, name.split()[0])
    there, other = put(device, arguments), copied(arguments)
    assert compiled(kernel.__name__, there[0], "fFBH") is not None
    seen = device.back(kernel(*there))
    with reference_kernels():
        compare(seen, kernel(*other))
    if "biquads" in name:
        compare(device.back(there[2]), other[2])


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_frames_of_every_type(kind, device, rng):
    frames = pixels(rng, 3, 9, 11, 3).astype(kind)
    there = device.put(frames)
    compare(device.back(kernels.split_channels(there, np.float32)), kernels.split_channels.plain(frames, np.float32))
    compare(
        device.back(kernels.split_and_reduce(there, np.float32)), kernels.split_and_reduce.plain(frames, np.float32)
    )
    for planes in (1, 3):
        change = 99 * real(rng, 3, 9, 11, planes)
        compare(
            device.back(kernels.add_clipped(there, device.put(change))).astype(float),
            kernels.add_clipped.plain(frames, change).astype(float),
        )


@pytest.mark.parametrize("size", [(40, 50), (41, 51)])
@pytest.mark.parametrize(
    ("corner", "box"),
    [((-10, -8), (20, 20)), ((-5, 0), (12, 9)), ((3, -12), (8, 5)), ((-4, -7), (5, 8)), ((0, 1), (5, 8))],
)
def test_boxes_of_spectra(size, corner, box, device, rng):
    half = complexes(rng, 2, size[0], size[1] // 2 + 1)
    weights, shape = rng.random(box).astype(np.float32), (box[0] + 3, box[1] + 1)
    by = device.put(weights)
    taken = kernels.read_box(device.put(half), by, 1.5, corner, shape)
    expected = kernels.read_box.plain(half, weights, 1.5, corner, shape)
    compare(device.back(taken), expected)
    there = device.put(half)
    kernels.add_box(there, taken, by, 0.5, corner)
    kernels.add_box.plain(half, expected, weights, 0.5, corner)
    compare(device.back(there), half)


@pytest.mark.parametrize(
    ("motion", "make", "parts"), [(local_phase, complexes, ()), (intensity, real, ()), (quaternion, real, (3,))]
)
@pytest.mark.parametrize("sections", [1, 2, 6])
def test_reading_and_filtering_in_one_kernel(motion, make, parts, sections, device, rng):
    """Two chunks test that the previous frame and the filter state are passed on."""
    coefs, sos = make(rng, 7, *parts, 9, 11), np.tile(SOS, (3, 1))[:sections]
    still = motion.read(coefs[:1], coefs[:1]).shape[1:]
    before, registers = coefs[0].copy(), np.zeros((sections, 2, *still), np.float32)
    state = device.put(before), device.put(registers)
    assert fast_paths.kernel_for("filtered", motion, device.put(coefs)) is not None
    for chunk in (coefs[:4], coefs[4:]):
        with reference_kernels():
            expected = fast_paths.filtered_motion(motion, chunk, before, sos, registers)
        seen = fast_paths.filtered_motion(motion, device.put(chunk), state[0], sos, state[1])
        compare(device.back(seen), expected)
        compare(device.back(state[0]), before)
        compare(device.back(state[1]), registers)


@pytest.mark.parametrize("alpha", [2.0, "map"])
def test_filtering_and_magnifying_values_in_one_kernel(alpha, device, rng):
    coefs, registers = real(rng, 5, 9, 11), np.zeros((2, 2, 9, 11), np.float32)
    by = alpha if alpha == 2.0 else real(rng, 9, 11)
    before = coefs[0].copy()
    kernel = fast_paths.kernel_for("magnified", intensity, device.put(coefs))
    assert kernel is not None
    given = device.put(coefs), device.put(before), SOS, device.put(registers)
    seen = kernel(*given, (0.0, 0.0), np.inf, by if alpha == 2.0 else device.put(by))
    with reference_kernels():
        expected = by * fast_paths.filtered_motion(intensity, coefs, before, SOS, registers)
    compare(device.back(seen), expected.astype(np.float32))


@pytest.mark.parametrize("rows", [1, 16, 37])
def test_projecting_phase_on_columns_in_one_kernel(rows, device, rng):
    """Two chunks test that the previous frame is passed on."""
    coefs, columns = complexes(rng, 7, 9, 11), rng.normal(size=(rows, 7))
    before, total = coefs[0].copy(), real(rng, rows, 9, 11)
    state = device.put(before), device.put(total)
    assert fast_paths.kernel_for("projected", local_phase, device.put(coefs)) is not None
    for part in (slice(0, 4), slice(4, 7)):
        fast_paths.project_motion(local_phase, device.put(coefs[part]), state[0], columns[:, part], state[1])
        with reference_kernels():
            fast_paths.project_motion(local_phase, coefs[part], before, columns[:, part], total)
    compare(device.back(state[0]), before)
    compare(device.back(state[1]), total)


@pytest.mark.parametrize("limit", [np.inf, 2.0])
@pytest.mark.parametrize("alpha", [3.0, "map"])
@pytest.mark.parametrize(("motion", "make", "parts"), [(local_phase, complexes, ()), (quaternion, real, (3,))])
def test_limiting_and_writing_in_one_kernel(motion, make, parts, alpha, limit, device, rng):
    coefs = make(rng, 3, *parts, 9, 11)
    signal = motion.read(coefs, coefs[:1])
    by = alpha if alpha == 3.0 else real(rng, 9, 11)
    there = device.put(coefs), device.put(signal)
    kernel = fast_paths.kernel_for("put", motion, there[0])
    assert kernel is not None
    seen = kernel(*there, limit, by if alpha == 3.0 else device.put(by))
    with reference_kernels():
        expected = limited(motion, limit).change(coefs, signal, by)
    compare(device.back(seen), expected[:, :1] if parts else expected)


@pytest.mark.parametrize("sections", [2, 6])
@pytest.mark.parametrize("sigma", [0.0, 1.5])
@pytest.mark.parametrize("alpha", [3.0, "map"])
def test_filtering_and_magnifying_phase_in_one_kernel(alpha, sigma, sections, device, rng):
    """Two chunks test that the previous frame and the filter state are passed on."""
    coefs, sos = complexes(rng, 7, 9, 11), np.tile(SOS, (3, 1))[:sections]
    by = alpha if alpha == 3.0 else real(rng, 9, 11)
    motion = smooth(limited(local_phase, 2.0), sigma)
    before, registers = coefs[0].copy(), np.zeros((sections, 2, 9, 11), np.float32)
    state = device.put(before), device.put(registers)
    for chunk in (coefs[:4], coefs[4:]):
        there = device.put(chunk.copy())
        kernel = fast_paths.kernel_for("magnified", motion, there)
        assert kernel is not None
        given = there, state[0], sos, state[1], motion.sigma, motion.limit
        seen = kernel(*given, by if alpha == 3.0 else device.put(by))
        with reference_kernels():
            signal = fast_paths.filtered_motion(motion, chunk, before, sos, registers)
            expected = motion.change(chunk, signal, by)
        compare(device.back(seen), expected)
        compare(device.back(state[0]), before)
        compare(device.back(state[1]), registers)


@pytest.mark.parametrize("size", [*SIZES, (1, 9)])
def test_averages_over_points_of_similar_speed(size, device, rng):
    field, trust, speed = real(rng, 2, *size), abs(real(rng, *size)), 0.1 * real(rng, 2, *size)
    taps = np.array([1.0, 0.6, 0.2])
    seen = trajectories.average_similar(device.put(field), device.put(trust), device.put(speed), taps, 0.2)
    compare(device.back(seen), trajectories.average_similar.plain(field, trust, speed, taps, 0.2))


def test_equal_coefficients_have_no_phase_shift(device, rng):
    coefs, triples = device.put(complexes(rng, 3, 30, 40)), device.put(real(rng, 3, 3, 30, 40))
    assert not device.back(kernels.phase_shift(coefs, coefs)).any()
    assert not device.back(kernels.quaternion_shift(triples, triples)).any()


def test_arrays_without_a_compiled_kernel(device):
    for dtype in (np.float64, np.complex128, np.int32):
        assert compiled("blur", device.put(np.zeros((2, 3, 4), dtype))) is None
    assert compiled("blur", device.put(np.zeros((0, 3, 4), np.float32))) is None
    assert compiled("correlate", device.put(np.zeros((2, 3, 4), np.float32))) is None


def test_each_source_defines_every_kernel_once():
    for kind in launching.FRAMES:
        code = launching.source(kind)
        names = re.findall(r'extern "C" __global__ void (\w+)\(', code)
        assert len(names) == len(set(names)) == code.count("__global__")
        assert set(host_cuda.kernels_of(code)) == set(names)
        assert code.count("#define FRAME") == 1
    for name in names:
        assert hasattr(gpu, name) or name.startswith(("blur_", "chroma_", "gradient_", "weigh_")), name


def test_grids_cover_all_elements():
    for n in (1, 255, 256, 257, 2**32):
        (across, down, deep), block = launching.row(n, 70000)
        assert across * block[0] >= n > (across - 1) * block[0] and (down, deep) == (65535, 1)
    grid, block = launching.tile(5, 33, 65)
    assert grid == (3, 5, 5) and block == (32, 8, 1)
