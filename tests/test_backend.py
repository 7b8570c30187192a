"""Which array module an array belongs to; no GPU is needed to tell."""

import sys
import types

import numpy as np
import pytest

from vmm.backend import arrays


class Foreign:
    """Stands for an array of CuPy where CuPy is not installed."""

    def get(self):
        return np.arange(3)


Foreign.__module__ = "cupy._core.core"


@pytest.fixture
def cupy(monkeypatch):
    module = types.ModuleType("cupy")
    transforms = {"fft2": lambda x: "forward", "ifft2": lambda x: "inverse", "rfft2": lambda x: "half"}
    module.fft = types.SimpleNamespace(**transforms, irfft2=lambda x, s: s)
    scipy, image = types.ModuleType("cupyx.scipy"), types.ModuleType("cupyx.scipy.ndimage")
    root = types.ModuleType("cupyx")
    root.scipy, scipy.ndimage = scipy, image
    for name, part in {"cupy": module, "cupyx": root, "cupyx.scipy": scipy, "cupyx.scipy.ndimage": image}.items():
        monkeypatch.setitem(sys.modules, name, part)
    return module


def test_numpy_arrays():
    x = np.ones((4, 4), np.float32)
    assert arrays.is_array(x) and arrays.namespace(x) is np and arrays.to_host(x) is x
    assert arrays.fft2(x.astype(np.complex64)[None]).dtype == np.complex64
    assert not arrays.is_array([1, 2])


def test_arrays_of_the_gpu_stay_there(cupy):
    x = Foreign()
    assert arrays.is_array(x)
    assert arrays.namespace(x) is cupy
    assert arrays.ndimage(x) is sys.modules["cupyx.scipy.ndimage"]
    assert arrays.fft2(x) == "forward" and arrays.fft2(x, inverse=True) == "inverse"
    assert arrays.rfft2(x) == "half" and arrays.irfft2(x, (4, 6)) == (4, 6)
    assert arrays.to_host(x).tolist() == [0, 1, 2]
