"""Fixtures that several test files use."""

import importlib.util
import os
import signal
import sys
import tempfile

# The record of the notices that the commands printed; that of the user stays as it is.
os.environ.setdefault("VMM_CACHE", os.path.join(tempfile.gettempdir(), "vmm-tests"))

# The workers of pytest-xdist keep all cores busy, and further threads only wait for each other. NumPy reads the
# variables when it is imported, so they are set before. Variables that the user has set are kept.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VMM_THREADS"):
    os.environ.setdefault(_variable, "1")

# A shell that starts the tests in the background ignores interrupts, and commands that the tests start would, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from devices import KINDS, device_of  # noqa: E402

from vmm.data import synthetic  # noqa: E402


def pytest_collection_finish():
    """Forget the modules that could not be imported for their doctests: pytest leaves them in ``sys.modules``."""
    if importlib.util.find_spec("torch") is None:
        for name in [name for name in sys.modules if name.startswith("vmm.train.")]:
            del sys.modules[name]


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return np.dtype(request.param)


@pytest.fixture(params=KINDS)
def device(request):
    """Each kind of device: the stand-in with either kind of kernels, and the CUDA device if the machine has one."""
    with device_of(request.param) as device:
        yield device


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def clip():
    """A gray clip (60, 48, 64) at 30 frames/s that sways by 0.2 px at 2.5 Hz."""
    return synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 2.5, 0.2), noise=0.5)


@pytest.fixture(scope="session")
def short_clip(clip):
    """The first 24 frames of ``clip``, for laws that do not depend on the length."""
    return clip[:24]


@pytest.fixture(scope="session")
def color_clip(clip):
    """The same clip in color, (60, 48, 64, 3)."""
    tint = np.array([0.9, 0.7, 0.5])
    return np.rint(clip[..., None] * tint).astype(np.uint8)


@pytest.fixture(scope="session")
def short_color_clip(color_clip):
    """The first 24 frames of ``color_clip``."""
    return color_clip[:24]
