"""Compiled kernels of the denoising of displacement give the results of the reference kernels for any chunks."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import vmm
from vmm.backend.denoising import (
    deviations,
    probed_residual,
    shrink_deviations,
    shrink_displacement,
    structure_terms,
    update_means,
    weighing,
    weighted_averages,
)
from vmm.backend.dispatch import reference_kernels
from vmm.backend.reference import blur, resample
from vmm.backend.threads import set_threads
from vmm.engine.running import response
from vmm.motion._shrinkage import probe_rows
from vmm.parts import CausalFilter

SIZES = [(40, 56), (41, 57), (16, 7), (3, 4), (1, 1)]


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


@pytest.fixture
def arrays(size, rng):
    """Reading, filtered displacement and displacement of the coarser level of 5 frames."""
    half = [(n + 1) // 2 for n in size]
    return [rng.normal(0, 1, (5, planes, *half)).astype(np.float32) for planes in (6, 2, 2)]


def both(function):
    """The result with the reference kernels, and that with the compiled ones."""
    with reference_kernels():
        expected = function()
    return expected, function()


def assert_equal(expected, result):
    for a, b in zip(expected, result, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-5)


def test_compiled_means_equal_reference(arrays):
    reading, signal, prior = arrays

    def means():
        result = np.zeros((9, *signal.shape[2:]), np.float32)
        update_means(result, reading, signal, prior, np.array([0, 1, 0.5, 0.3, 0.2]))
        return result

    assert_equal(*both(means))


def test_compiled_shrinkage_equals_reference(arrays, rng):
    estimate = rng.uniform(0, 1, (5, *arrays[1].shape[2:])).astype(np.float32)
    weights = np.linspace(0, 0.4, 5)[:, None] * (1, 0.5)

    def shrunk():
        reading, signal, prior = (x.copy() for x in arrays)
        means = np.zeros((9, *signal.shape[2:]), np.float32)
        shrink_displacement(means, reading, signal, prior, estimate, weights, (0.7, 1.5))
        return [means, signal, prior]

    assert_equal(*both(shrunk))


@pytest.mark.parametrize("sigma", [(1.5, 2.0), (0.0, 3.0), (5.0, 4.0)])
def test_compiled_averages_and_deviations_equal_reference(size, sigma, rng):
    images = rng.normal(0, 1, (9, *size)).astype(np.float32)
    weight, near_share, wide_share = rng.uniform(0.1, 1, (3, *size)).astype(np.float32)

    def smoothed():
        x, total = images.copy(), blur(weight, sigma)
        mean, square = deviations(x, weight, total, sigma)
        averages, deviation = weighted_averages(images, weight, total, sigma), x.copy()
        shrink_deviations(x, mean.copy(), images, near_share, wide_share)
        return [averages, mean, square, deviation, x]

    assert_equal(*both(smoothed))


def test_an_estimate_without_shrinkage_changes_nothing(arrays):
    reading, signal, prior = arrays
    expected = signal.copy()
    means, estimate = (np.zeros((n, *signal.shape[2:]), np.float32) for n in (9, 5))
    estimate[[1, 3, 4]] = 1
    shrink_displacement(means, reading, signal, prior, estimate, np.zeros((5, 2)), (1.0, 1.0))
    np.testing.assert_array_equal(signal, expected)
    np.testing.assert_array_equal(prior, expected)


def test_compiled_residual_equals_reference(size, arrays, rng):
    images = rng.normal(0, 10, (6, *size)).astype(np.float32)
    rows = probe_rows(size[0])
    assert_equal(*both(lambda: probed_residual(images[1:], images[:-1], arrays[0], rows)))


def test_compiled_weighing_equals_reference(arrays, rng):
    slopes, variance = arrays[0][:, :2], rng.uniform(0.01, 4, (2, *arrays[0].shape[2:])).astype(np.float32)
    evidence = np.stack([*(np.einsum("tahw,tbhw->abhw", slopes, slopes)[[0, 0, 1], [0, 1, 1]]), variance[1]])
    evidence[:, :1, :1] = 0
    assert_equal(*both(lambda: structure_terms(evidence, variance[0])))
    assert_equal(*both(lambda: weighing(evidence[:3], variance[0], variance[1])))


@pytest.mark.parametrize("ratio", [2, 3, 0.5])
def test_compiled_interpolation_equals_reference(size, arrays, ratio):
    rows, cols = ((np.arange(n) + 0.5) / ratio - 0.5 for n in size)
    assert_equal(*both(lambda: resample(arrays[1], rows, cols)))


def swaying(rng, n=45, size=(91, 66)):
    """A texture that sways, with noise."""
    texture = gaussian_filter(rng.normal(0, 60, size), 1.5) * 2 + 128
    slope = np.gradient(texture, axis=1)
    clip = np.stack([texture - 0.2 * np.sin(t / 1.2) * slope for t in range(n)])
    return (clip + rng.normal(0, 2, clip.shape)).astype(np.float32)


@pytest.mark.parametrize("has_sections", [True, False])
def test_a_denoised_stream_does_not_depend_on_its_chunks(has_sections, rng):
    clip, temporal = swaying(rng), vmm.temporal.causal((2, 6), fs=30)
    temporal = temporal if has_sections else CausalFilter(temporal.apply)

    def magnified(*lengths):
        stops = np.cumsum([0, *lengths])
        chunks = [clip[a:b] for a, b in zip(stops, [*stops[1:], len(clip)], strict=True)]
        out = vmm.gradient.magnify(iter(chunks), None, alpha=10, temporal=temporal)
        return np.concatenate(list(out))

    with reference_kernels():
        expected = magnified(20)
    assert np.abs(expected - clip).max() > 10
    for lengths in [(20,), (1, 1, 1, 5, 8, 3), (2, 7, 16, 17), (1,) * 44]:
        np.testing.assert_allclose(magnified(*lengths), expected, rtol=0, atol=3e-3)


def test_a_denoised_stream_does_not_depend_on_the_threads(rng):
    clip = swaying(rng, 12, (150, 40))
    try:
        results = []
        for n in (1, 2, 3):
            set_threads(n)
            results.append(vmm.gradient.magnify(clip, (2, 6), fs=30, temporal="causal"))
    finally:
        set_threads(None)
    np.testing.assert_allclose(results[1], results[0], rtol=0, atol=1e-3)
    np.testing.assert_allclose(results[2], results[0], rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", ["causal", "butterworth"])
def test_response_is_the_same_for_both_forms_of_a_filter(name):
    design = getattr(vmm.temporal, name)((2, 6), fs=30)
    np.testing.assert_allclose(response(design), response(CausalFilter(design.apply)), rtol=1e-6)
