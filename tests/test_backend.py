"""The array module to which an array belongs."""

import sys

import numpy as np

from vmm.backend import arrays


def test_numpy_arrays():
    x = np.ones((4, 4), np.float32)
    assert arrays.is_array(x) and arrays.namespace(x) is np and arrays.to_host(x) is x
    assert not arrays.on_device(x)
    assert arrays.fft2(x.astype(np.complex64)[None]).dtype == np.complex64
    assert not arrays.is_array([1, 2])


def test_arrays_of_the_device_stay_there(device, rng):
    x = rng.normal(size=(2, 6, 8)).astype(np.float32)
    there = device.put(x)
    assert arrays.is_array(there) and arrays.on_device(there)
    assert arrays.namespace(there) is device.xp
    assert arrays.ndimage(there) is sys.modules["cupyx.scipy.ndimage"]
    half = arrays.rfft2(there)
    np.testing.assert_allclose(device.back(half), arrays.rfft2(x), atol=1e-5)
    np.testing.assert_allclose(device.back(arrays.irfft2(half, (6, 8))), x, atol=1e-6)
    turned = device.put(x.astype(np.complex64))
    np.testing.assert_allclose(device.back(arrays.fft2(arrays.fft2(turned), inverse=True)), x, atol=1e-6)
    assert np.array_equal(arrays.to_host(there), x)
