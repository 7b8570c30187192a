"""Networks on the device: inputs are bound and outputs are wrapped without copies to the host."""

import types
from typing import Any

import fake_cupy
import numpy as np
import pytest
from devices import device_of

import vmm
from vmm.learned import session

METHODS: dict[str, dict[str, Any]] = {
    "lightweight": {"mode": "static"},
    "lightweight in a band": {"band": (4, 9), "fs": 30},
    "realtime": {"mode": "dynamic"},
    "realtime in a band": {"band": (4, 9), "fs": 30},
}


class Binding:
    """The ``IOBinding`` of ``Session``, which computes on the host."""

    def __init__(self, graph):
        self._graph, self._inputs, self._names, self._out = graph, {}, [], []

    def bind_input(self, name, device_type, device_id, element_type, shape, buffer_ptr):
        assert (device_type, device_id, element_type) == ("cuda", 0, np.float32)
        self._inputs[name] = fake_cupy.at_pointer(buffer_ptr, shape, element_type)

    def bind_output(self, name, device_type, device_id):
        assert (device_type, device_id) == ("cuda", 0)
        self._names.append(name)

    def run(self):
        self._out = [np.ascontiguousarray(x) for x in self._graph.run(self._names, self._inputs)]

    def synchronize_outputs(self):
        fake_cupy.transfers["wait"] += 1

    def get_outputs(self):
        return [
            types.SimpleNamespace(data_ptr=lambda x=x: x.ctypes.data, shape=lambda x=x: list(x.shape), kept=x)
            for x in self._out
        ]


class Session:
    """A session that reports CUDA as a provider and computes on the host."""

    def __init__(self, graph):
        self._graph = graph

    def __getattr__(self, name):
        return getattr(self._graph, name)

    def get_providers(self):
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def io_binding(self):
        return Binding(self._graph)

    def run_with_iobinding(self, binding):
        binding.run()


@pytest.fixture
def cuda(monkeypatch):
    new_session = session.new_session
    monkeypatch.setattr(session, "new_session", lambda *args: Session(new_session(*args)))
    from vmm.learned import refine, weights

    for cache in (weights._loaded, refine.refiner):
        cache.cache_clear()
    yield
    for cache in (weights._loaded, refine.refiner):
        cache.cache_clear()


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).integers(0, 255, (6, 34, 40, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", METHODS)
def test_networks_on_the_device(name, frames, cuda):
    function = getattr(vmm, name.split()[0]).magnify
    expected = function(frames, alpha=3, **METHODS[name])
    with device_of("stand-in, plain kernels") as device:
        fake_cupy.transfers.clear()
        out = device.back(function(device.put(frames), alpha=3, **METHODS[name]))
        assert fake_cupy.transfers["down"] <= 2  # the shares of bright pixels, and blocks for the ends: no frames
    assert np.abs(out.astype(int) - expected).max() <= 1


def test_the_refiner_on_the_device(frames, cuda):
    expected = vmm.gradient.magnify(frames[:2], None, alpha=3, refine=True)
    with device_of("stand-in, plain kernels") as device:
        out = device.back(vmm.gradient.magnify(device.put(frames[:2]), None, alpha=3, refine=True))
    assert np.abs(out.astype(int) - expected).mean() < 0.2


def test_an_onnxruntime_without_cuda_is_reported_in_one_sentence(frames):
    with (
        device_of("stand-in, plain kernels") as device,
        pytest.raises(ImportError, match=r"need onnxruntime with CUDA, but it has CPU.*pip install onnxruntime-gpu"),
    ):
        vmm.realtime.magnify(device.put(frames), mode="static", alpha=3)


@pytest.mark.gpu
def test_networks_on_a_cuda_device(frames):
    with device_of("cupy") as device:
        if "CUDAExecutionProvider" not in session.runtime().get_available_providers():
            pytest.skip("onnxruntime without CUDA")
        out = device.back(vmm.realtime.magnify(device.put(frames), mode="static", alpha=3))
    assert np.abs(out.astype(int) - vmm.realtime.magnify(frames, mode="static", alpha=3)).max() <= 3


def test_onnxruntime_has_the_names_that_are_used():
    onnxruntime = session.runtime()
    for name in ("bind_input", "bind_output", "synchronize_outputs", "get_outputs"):
        assert hasattr(onnxruntime.IOBinding, name)
    assert hasattr(onnxruntime.OrtValue, "data_ptr") and hasattr(onnxruntime.OrtValue, "shape")
