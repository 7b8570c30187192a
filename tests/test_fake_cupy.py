"""The stand-in for CuPy is as strict as CuPy and has no name that CuPy lacks."""

import inspect
import re
import sys
from importlib import import_module

import fake_cupy
import numpy as np
import pytest
from devices import device_of


@pytest.fixture
def xp():
    with device_of("stand-in, plain kernels") as device:
        yield device.xp


def test_implicit_conversion_to_numpy_is_refused(xp):
    x = xp.asarray(np.arange(6.0).reshape(2, 3))
    for leak in (np.asarray, np.sum, np.sin, np.stack, np.abs):
        with pytest.raises(TypeError):
            leak(x)
    with pytest.raises(TypeError):
        np.concatenate([x, x])
    assert np.ndim(x) == 2 and np.shape(x) == (2, 3)  # these functions need no values


def test_arrays_on_the_host_are_refused(xp):
    x, host = xp.asarray([1.0, 2.0]), np.ones(2)
    for mixed in (
        lambda: x + host,
        lambda: host + x,
        lambda: x.__iadd__(host),
        lambda: host @ x,
        lambda: x[host > 0],
        lambda: x.__setitem__(0, host),
        lambda: xp.where(host > 0, x, 0),
        lambda: xp.concatenate([x, host]),
        lambda: xp.sqrt(host),
        lambda: xp.einsum("i,i", x, host),
    ):
        with pytest.raises(TypeError):
            mixed()


def test_names_and_parameters_that_cupy_lacks_are_refused(xp):
    x = xp.asarray([1.0, 2.0])
    with pytest.raises(TypeError, match="takes no initial"):
        x.max(initial=0)
    with pytest.raises(TypeError, match="takes no where"):
        xp.sum(x, where=x > 0)
    with pytest.raises(AttributeError):
        xp.polynomial  # noqa: B018


def test_scalars_are_arrays_and_waits_are_counted(xp):
    x = xp.asarray([1.0, 2.0])
    total = x.sum()
    assert type(total) is fake_cupy.ndarray and total.shape == () and type(x[0]) is fake_cupy.ndarray
    before = fake_cupy.transfers.copy()
    assert float(total) == 3 and int(total) == 3 and bool(total > 0) and total.get() == 3  # type: ignore[operator]
    assert fake_cupy.transfers - before == {"wait": 3, "down": 1}


def test_results_equal_those_of_numpy(xp, rng):
    a, b = rng.normal(size=(2, 4, 5)), rng.normal(size=(4, 5))
    x, y = xp.asarray(a), xp.asarray(b)
    np.testing.assert_array_equal((2 * x - y**2).get(), 2 * a - b**2)
    np.testing.assert_array_equal((x @ y.T).get(), a @ b.T)
    x += 1.0
    np.testing.assert_array_equal(x.get(), a + 1)
    np.testing.assert_array_equal([row.get() for row in xp.gradient(y)], np.gradient(b))


def names():
    """Yield the module, the name and the parameters of each function of the stand-in."""
    tables = {
        "cupy.ndarray": fake_cupy.METHODS,
        "cupy": {**fake_cupy.FUNCTIONS, **fake_cupy.MAKERS},
        "cupy.fft": fake_cupy.FFT,
        "cupyx.scipy.ndimage": fake_cupy.NDIMAGE,
    }
    return [(place, name, said) for place, table in tables.items() for name, said in table.items()]


def parameters(function):
    """Return the parameter names of a function of CuPy, or None if CuPy does not state them."""
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        said = re.match(r"[\w.]*\((.*?)\)(?: ->|\n|$)", function.__doc__ or "")
        return said and [part.split("=")[0].split()[-1].lstrip("*") for part in said.group(1).split(", ")]


def test_cupy_has_every_function_with_these_parameters():
    pytest.importorskip("cupy", reason="CuPy is not installed", exc_type=ImportError)
    import_module("cupyx.scipy.ndimage")
    for place, name, said in names():
        owner = sys.modules["cupy"].ndarray if place == "cupy.ndarray" else sys.modules[place]
        assert hasattr(owner, name), f"{place}.{name}"
        known = parameters(getattr(owner, name))
        if known is not None and "args" not in known:
            assert set(said.split()) - {"*"} <= set(known), f"{place}.{name}: {known}"


def test_cupy_has_the_other_names():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed", exc_type=ImportError)
    with device_of("stand-in, plain kernels") as device:
        made = vars(device.xp)
        rest = {name for name in made if not name.startswith("_")}
        cuda = set(vars(made["cuda"])) | {f"runtime.{name}" for name in vars(made["cuda"].runtime)}
    import cupyx

    assert all(hasattr(cupy, name) for name in rest)
    for name in cuda:
        inner = cupy.cuda
        for part in name.split("."):
            assert hasattr(inner, part), f"cupy.cuda.{name}"
            inner = getattr(inner, part)
    assert hasattr(cupyx, "empty_pinned") and hasattr(cupy.maximum, "at")
    assert hasattr(cupy.lib.stride_tricks, "sliding_window_view")
