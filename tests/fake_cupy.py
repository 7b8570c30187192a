"""A strict stand-in for CuPy where there is no device: arrays that NumPy cannot touch, no name that CuPy lacks.

``modules()`` makes the modules ``cupy`` and ``cupyx`` as far as the library uses them. Their arrays hold NumPy arrays,
but whatever would raise or copy in CuPy raises here or is counted in ``counted``: implicit conversion, operands on the
host, NumPy's functions. Kernels are compiled for the host and run there (``host_cuda``).
"""

from __future__ import annotations

import ctypes
import math
import types
from collections import Counter

import numpy as np
import scipy.fft
import scipy.ndimage

counted: Counter[str] = Counter()
"""How often values went to the device ("up"), came back ("down") or were waited for ("wait")."""

worked: Counter[str] = Counter()
"""The "bytes" that functions and kernels read and wrote on the device, each array once a call, and their "operations".

These are one for each value of a function; for a kernel see ``host_cuda.OPERATIONS``.
"""

FOURIER = 2  # passes of a transform over rows and over columns, each of which reads and writes all

METHODS = {  # of arrays: their parameters, as far as they are allowed
    "all": "axis out keepdims",
    "any": "axis out keepdims",
    "argmax": "axis out dtype keepdims",
    "astype": "dtype order casting subok copy",
    "clip": "min max out",
    "conj": "",
    "copy": "order",
    "cumsum": "axis dtype out",
    "max": "axis out keepdims",
    "mean": "axis dtype out keepdims",
    "min": "axis out keepdims",
    "ravel": "order",
    "repeat": "repeats axis",
    "squeeze": "axis",
    "std": "axis dtype out ddof keepdims",
    "sum": "axis dtype out keepdims",
    "swapaxes": "axis1 axis2",
    "view": "dtype",
}

FUNCTIONS = {  # of the module: their parameters; those named "arrays" must be on the device
    "abs": "x",
    "angle": "z",
    "any": "a axis",
    "arctan2": "x1 x2",
    "argmax": "a axis",
    "ascontiguousarray": "a dtype",
    "broadcast_to": "array shape",
    "ceil": "x",
    "clip": "a a_min a_max",
    "concatenate": "tup axis",
    "conj": "x",
    "conjugate": "x out",
    "cos": "x",
    "cumsum": "a axis dtype",
    "diff": "a n axis prepend append",
    "einsum": "*",
    "empty_like": "prototype dtype",
    "exp": "x",
    "floor": "x",
    "full_like": "a fill_value dtype",
    "gradient": "f",
    "interp": "x xp fp",
    "isfinite": "x",
    "log1p": "x",
    "matmul": "x1 x2 out",
    "maximum": "x1 x2",
    "median": "a axis",
    "minimum": "x1 x2",
    "moveaxis": "a source destination",
    "multiply": "x1 x2 out",
    "ones_like": "a dtype",
    "pad": "array pad_width mode",
    "percentile": "a q axis",
    "ptp": "a axis",
    "repeat": "a repeats axis",
    "rint": "x",
    "roll": "a shift axis",
    "sign": "x",
    "sin": "x",
    "sinc": "x",
    "sqrt": "x",
    "stack": "tup axis",
    "sum": "a axis",
    "take": "a indices axis",
    "tensordot": "a b axes",
    "where": "condition x y",
    "zeros_like": "a dtype",
}

MAKERS = {  # functions that make arrays of what is on the host
    "arange": "start stop step dtype",
    "empty": "shape dtype",
    "eye": "N M k dtype",
    "full": "shape fill_value dtype",
    "indices": "dimensions dtype",
    "ones": "shape dtype",
    "zeros": "shape dtype",
}

FFT = {
    "fft2": "a s axes",
    "ifft2": "a s axes",
    "irfft2": "a s axes",
    "rfft2": "a s axes",
}

NDIMAGE = {
    "correlate1d": "input weights axis output mode cval origin",
    "gaussian_filter": "input sigma order output mode cval truncate",
    "map_coordinates": "input coordinates output order mode cval prefilter",
    "spline_filter1d": "input order axis output mode",
    "uniform_filter": "input size output mode cval origin",
}

_OPERATORS = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
]
_COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
_TOLD = (np.ndim, np.shape, np.size)  # NumPy's functions that CuPy answers without touching values


class ndarray:  # CuPy's name
    """An array on the device."""

    __module__ = "cupy"
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values, dtype=None, memptr=None) -> None:
        if memptr is not None:  # then the values are a shape
            self._on_host = at_pointer(memptr.ptr, values, dtype, memptr)
            return
        assert type(values) is np.ndarray and values.dtype.isnative
        self._on_host = values

    def __array__(self, *args: object, **kwargs: object) -> None:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array."
        )

    def __array_function__(self, function, types, args, kwargs):
        if function in _TOLD:
            return function(*(x._on_host if isinstance(x, ndarray) else x for x in args), **kwargs)
        raise TypeError(f"numpy.{function.__name__} was given an array of CuPy")

    def get(self, stream=None, order="C", out=None, blocking=True):
        counted["down"] += 1
        if out is None:
            return self._on_host.copy()
        out[...] = self._on_host
        return out

    def set(self, arr, stream=None):
        counted["up"] += 1
        assert type(arr) is np.ndarray and arr.shape == self.shape and arr.dtype == self.dtype
        self._on_host[...] = arr

    def item(self):
        return self._waited_for().item()

    def tolist(self):
        return self._waited_for().tolist()

    def reshape(self, *shape):
        return ndarray(self._on_host.reshape(*shape))

    def transpose(self, *axes):
        return ndarray(self._on_host.transpose(*axes))

    def fill(self, value):
        self._on_host.fill(_given(value))

    def _waited_for(self) -> np.ndarray:
        counted["wait"] += 1
        return self._on_host

    def __bool__(self):
        return bool(self._waited_for())

    def __float__(self):
        return float(self._waited_for())

    def __int__(self):
        return int(self._waited_for())

    def __complex__(self):
        return complex(self._waited_for())

    def __index__(self):
        return self._waited_for().__index__()

    def __len__(self):
        return len(self._on_host)

    def __iter__(self):
        return (_made(x) for x in self._on_host)

    def __getitem__(self, index):
        made = self._on_host[_given(index)]
        if isinstance(made, np.ndarray) and not np.may_share_memory(made, self._on_host):
            _tally((_made(made),), made)
        return _made(made)

    def __setitem__(self, index, value):
        there = self._on_host[_given(index)]
        _tally((value,), there)
        self._on_host[_given(index)] = _given(value)

    def __neg__(self):
        return _computed((self,), -self._on_host)

    def __abs__(self):
        return _computed((self,), abs(self._on_host))

    def __invert__(self):
        return _computed((self,), ~self._on_host)

    def __repr__(self):
        return f"<{self.shape} {self.dtype} on the device>"

    data = property(lambda self: types.SimpleNamespace(ptr=self._on_host.ctypes.data))
    device = property(lambda self: types.SimpleNamespace(id=0))
    T = property(lambda self: ndarray(self._on_host.T))
    dtype = property(lambda self: self._on_host.dtype)
    flags = property(lambda self: self._on_host.flags)
    nbytes = property(lambda self: self._on_host.nbytes)
    ndim = property(lambda self: self._on_host.ndim)
    shape = property(lambda self: self._on_host.shape)
    size = property(lambda self: self._on_host.size)

    @property
    def real(self):
        return ndarray(self._on_host.real)

    @real.setter
    def real(self, value):
        self._on_host.real = _given(value)

    @property
    def imag(self):
        return ndarray(self._on_host.imag)

    @imag.setter
    def imag(self, value):
        self._on_host.imag = _given(value)


def at_pointer(pointer: int, shape, dtype, owner=None) -> np.ndarray:
    """The memory at a pointer as an array, which keeps its owner alive."""
    raw = (ctypes.c_char * (math.prod(shape) * np.dtype(dtype).itemsize)).from_address(pointer)
    raw.owner = owner
    return np.frombuffer(raw, dtype).reshape(shape)


def on_host(x: ndarray) -> np.ndarray:
    """The values of an array, uncounted: for tests."""
    return x._on_host


def on_device(x: np.ndarray) -> ndarray:
    """An array with such values, uncounted: for tests."""
    return ndarray(np.array(x, dtype=x.dtype.newbyteorder("=")))


def _made(result):
    """What a function returns: a scalar is an array without axes."""
    if isinstance(result, (tuple, list)):
        return type(result)(_made(x) for x in result)
    if isinstance(result, (np.generic, np.ndarray)):
        return ndarray(np.asarray(result))
    return result


def _computed(given, made, passes: int = 1):
    """What a function returns; what it read and wrote is counted, unless it is a view of what was given."""
    arrays = [x._on_host for x in _flat(given) if isinstance(x, ndarray)]
    if not (isinstance(made, np.ndarray) and any(np.may_share_memory(made, x) for x in arrays)):
        _tally(given, made, passes)
    return _made(made)


def _tally(given, made, passes: int = 1) -> None:
    """Count the bytes of arrays that are read, and of those that are written, and the values of these."""
    arrays = [x._on_host for x in _flat(given) if isinstance(x, ndarray)]
    written = [x for x in _flat((made,)) if isinstance(x, np.ndarray)]
    worked["bytes"] += passes * sum(x.nbytes for x in (*arrays, *written))
    each = 1 if passes == 1 else 2.5 * math.log2(math.prod(written[0].shape[-2:]))
    worked["operations"] += round(each * sum(x.size * (2 if x.dtype.kind == "c" else 1) for x in written))


def _flat(x):
    for one in x:
        if isinstance(one, (tuple, list)):
            yield from _flat(one)
        else:
            yield one


def _given(x):
    """What NumPy is given for it; an array on the host is refused."""
    if isinstance(x, ndarray):
        return x._on_host
    if isinstance(x, np.ndarray):
        raise TypeError(f"Unsupported type {type(x)}")
    if isinstance(x, (tuple, list)):
        return type(x)(_given(part) for part in x)
    return x


def _named(parameters: str, args: tuple, kwargs: dict, what: str) -> None:
    """Raise where a call gives more than these parameters."""
    names = parameters.split()
    if "*" not in names and len(args) > len(names):
        raise TypeError(f"{what} takes {len(names)} arguments in CuPy, not {len(args)}")
    if unknown := set(kwargs) - set(names):
        raise TypeError(f"{what} takes no {', '.join(unknown)} in CuPy")


def _method(name: str, parameters: str):
    def method(self, *args, **kwargs):
        _named(parameters, args, kwargs, f"ndarray.{name}")
        made = getattr(self._on_host, name)(*_given(args), **{k: _given(v) for k, v in kwargs.items()})
        return _computed((self, *args), made)

    method.__name__ = name
    return method


def _function(name: str, parameters: str, by, alike: bool = True):
    """A function of the module that takes arrays of the device alone."""

    def function(*args, **kwargs):
        _named(parameters, args, kwargs, name)
        if alike and not _holds_device(args):
            raise TypeError(f"cupy.{name} was given no array of CuPy: {[type(x).__name__ for x in args]}")
        out = kwargs.get("out", kwargs.get("output"))
        made = by(*_given(args), **{k: _given(v) for k, v in kwargs.items()})
        done = _made(made) if name == "empty" else _computed(args, made, FOURIER if name in FFT else 1)
        return out if isinstance(out, ndarray) else done

    function.__name__ = name
    return function


def _holds_device(x) -> bool:
    return isinstance(x, ndarray) or (isinstance(x, (tuple, list)) and any(map(_holds_device, x)))


def _operator(name: str, reflected: bool):
    by = getattr(np.ndarray, f"__{'r' * reflected}{name}__")

    def operate(self, other):
        if isinstance(other, np.ndarray):
            raise TypeError(f"Unsupported type {type(other)}")
        if not isinstance(other, (ndarray, np.generic, int, float, complex)):
            return NotImplemented
        return _computed((self, other), by(self._on_host, _given(other)))

    return operate


def _in_place(name: str):
    by = getattr(np.ndarray, f"__i{name}__")

    def operate(self, other):
        by(self._on_host, _given(other))
        _tally((self, other), self._on_host)
        return self

    return operate


for _name in _OPERATORS:
    setattr(ndarray, f"__{_name}__", _operator(_name, False))
    setattr(ndarray, f"__r{_name}__", _operator(_name, True))
    setattr(ndarray, f"__i{_name}__", _in_place(_name))
for _name in _COMPARISONS:
    setattr(ndarray, f"__{_name}__", _operator(_name, False))
for _name, _parameters in METHODS.items():
    setattr(ndarray, _name, _method(_name, _parameters))


def _asarray(a, dtype=None):
    if isinstance(a, ndarray):
        return ndarray(np.asarray(a._on_host, dtype=dtype))
    if (isinstance(a, np.ndarray) and a.ndim) or isinstance(a, (list, tuple)):
        counted["up"] += 1
    if isinstance(a, (list, tuple)) and _holds_device(a):
        raise TypeError("an array of a list of arrays of CuPy: stack them")
    values = np.asarray(a, dtype=dtype)
    return ndarray(np.array(values, dtype=values.dtype.newbyteorder("=")))


class _At:
    """A ufunc with ``at``."""

    def __init__(self, name: str) -> None:
        self._call, self._ufunc = _function(name, FUNCTIONS[name], getattr(np, name)), getattr(np, name)

    def __call__(self, *args, **kwargs):
        return self._call(*args, **kwargs)

    def at(self, a, indices, b):
        self._ufunc.at(a._on_host, _given(indices), _given(b))


def modules() -> dict[str, types.ModuleType]:
    """The modules by name."""
    from host_cuda import RawModule

    cupy, cupyx = types.ModuleType("cupy"), types.ModuleType("cupyx")
    for name, parameters in FUNCTIONS.items():
        setattr(cupy, name, _function(name, parameters, getattr(np, name)))
    for name, parameters in MAKERS.items():
        setattr(cupy, name, _function(name, parameters, getattr(np, name), alike=False))
    cupy.maximum = _At("maximum")
    cupy.asarray, cupy.ndarray, cupy.RawModule = _asarray, ndarray, RawModule
    for name in ("bool_", "complex64", "float32", "float64", "int32", "int64", "uint8", "finfo", "dtype", "pi"):
        setattr(cupy, name, getattr(np, name))
    cupy.fft = types.SimpleNamespace(
        **{name: _function(name, said, getattr(scipy.fft, name)) for name, said in FFT.items()}
    )
    window = _function("sliding_window_view", "x window_shape axis", np.lib.stride_tricks.sliding_window_view)
    cupy.lib = types.SimpleNamespace(stride_tricks=types.SimpleNamespace(sliding_window_view=window))
    cupy.cuda, cupy.fft.config, pool = _cuda(), _plans(), _Pool()
    cupy.get_default_memory_pool = lambda: pool
    cupyx.empty_pinned = lambda shape, dtype: np.empty(shape, dtype)
    cupyx.scipy = types.ModuleType("cupyx.scipy")
    cupyx.scipy.ndimage = types.ModuleType("cupyx.scipy.ndimage")
    for name, parameters in NDIMAGE.items():
        setattr(cupyx.scipy.ndimage, name, _function(name, parameters, getattr(scipy.ndimage, name)))
    return {"cupy": cupy, "cupyx": cupyx, "cupyx.scipy": cupyx.scipy, "cupyx.scipy.ndimage": cupyx.scipy.ndimage}


class _Stream:
    """A stream: all is done at once, in order."""

    def __init__(self, null=False, non_blocking=False) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def synchronize(self):
        counted["wait"] += 1

    def record(self, event=None):
        return event or _Event()

    def wait_event(self, event):
        pass


class _Event:
    def __init__(self, block=False, disable_timing=False) -> None:
        pass

    def record(self, stream=None):
        pass

    def synchronize(self):
        counted["wait"] += 1


class _Pool:
    limit: float | None = None

    def free_bytes(self):
        return 2**20

    def set_limit(self, size=None, fraction=None):
        self.limit = size or fraction


def _cuda() -> types.SimpleNamespace:
    runtime = types.SimpleNamespace(memGetInfo=lambda: (2**30, 2**31), getDeviceCount=lambda: 1)
    return types.SimpleNamespace(
        Event=_Event,
        MemoryPointer=lambda memory, offset: types.SimpleNamespace(ptr=memory[0] + offset, memory=memory),
        UnownedMemory=lambda ptr, size, owner: (ptr, size, owner),
        Stream=_Stream,
        get_current_stream=lambda: _Stream(),
        get_elapsed_time=lambda start, end: 1.0,
        is_available=lambda: True,
        runtime=runtime,
    )


def _plans() -> types.SimpleNamespace:
    cache = types.SimpleNamespace(set_size=lambda size: None)
    return types.SimpleNamespace(get_plan_cache=lambda: cache)
