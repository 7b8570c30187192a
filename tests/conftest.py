"""Clips and other things that all tests share."""

import numpy as np
import pytest
from devices import KINDS, device_of

from vmm.data import synthetic


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return np.dtype(request.param)


@pytest.fixture(params=KINDS)
def device(request):
    """A device: a stand-in, with plain kernels or compiled ones, and that of the machine where it has one."""
    with device_of(request.param) as one:
        yield one


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def clip():
    """A small grey clip that sways by 0.2 px at 2.5 Hz, 30 frames/s."""
    return synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 2.5, 0.2), noise=0.5)


@pytest.fixture(scope="session")
def colour_clip(clip):
    """The same in colour."""
    tint = np.array([0.9, 0.7, 0.5])
    return np.rint(clip[..., None] * tint).astype(np.uint8)
