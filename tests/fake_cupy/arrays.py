"""The array of the stand-in and its functions: they refuse what CuPy refuses and count what CuPy copies."""

from __future__ import annotations

import ctypes
import math
import threading
import types
from collections import Counter
from typing import Any

import numpy as np

from fake_cupy.names import COMPARISONS, FFT, FUNCTIONS, METHODS, OPERATORS

transfers: Counter[str] = Counter()
"""How often values were copied to the device ("up"), copied back ("down") or waited for ("wait")."""

threads: set[int] = set()
"""Identifiers of the threads that computed on the device.

CuPy keeps the current stream and the plans of Fourier transforms for each thread. Work in other threads than that of
the caller would therefore run on another stream and need memory for further plans.
"""

work: Counter[str] = Counter()
"""The "bytes" that functions and kernels read and write on the device, and the "operations" that they perform.

Each array counts once for each call. A function performs one operation for each value that it writes; the operations
of a kernel are listed in ``host_cuda.OPERATIONS``.
"""

FOURIER_PASSES = 2  # a Fourier transform runs over the rows and over the columns and reads and writes all values twice

_SHAPE_FUNCTIONS = (np.ndim, np.shape, np.size)  # CuPy answers these functions of NumPy without reading a value


class ndarray:  # the name of the class in CuPy
    """An array on the device."""

    __module__ = "cupy"
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values, dtype=None, memptr=None) -> None:
        if memptr is not None:  # CuPy then takes a shape in the place of the values
            self._on_host = at_pointer(memptr.ptr, values, dtype, memptr)
            return
        assert type(values) is np.ndarray and values.dtype.isnative
        self._on_host = values

    def __array__(self, *args: object, **kwargs: object) -> None:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array."
        )

    def __array_function__(self, function, types, args, kwargs):
        if function in _SHAPE_FUNCTIONS:
            return function(*(x._on_host if isinstance(x, ndarray) else x for x in args), **kwargs)
        raise TypeError(f"numpy.{function.__name__} received an array of CuPy")

    def get(self, stream=None, order="C", out=None, blocking=True):
        transfers["down"] += 1
        if out is None:
            return self._on_host.copy()
        out[...] = self._on_host
        return out

    def set(self, arr, stream=None):
        transfers["up"] += 1
        assert type(arr) is np.ndarray and arr.shape == self.shape and arr.dtype == self.dtype
        self._on_host[...] = arr

    def item(self):
        return self._wait().item()

    def tolist(self):
        return self._wait().tolist()

    def reshape(self, *shape):
        return ndarray(self._on_host.reshape(*shape))

    def transpose(self, *axes):
        return ndarray(self._on_host.transpose(*axes))

    def fill(self, value):
        self._on_host.fill(_unwrap(value))

    def _wait(self) -> np.ndarray:
        transfers["wait"] += 1
        return self._on_host

    def __bool__(self):
        return bool(self._wait())

    def __float__(self):
        return float(self._wait())

    def __int__(self):
        return int(self._wait())

    def __complex__(self):
        return complex(self._wait())

    def __index__(self):
        return self._wait().__index__()

    def __len__(self):
        return len(self._on_host)

    def __iter__(self):
        return (_wrap(x) for x in self._on_host)

    def __getitem__(self, index):
        result = self._on_host[_unwrap(index)]
        if isinstance(result, np.ndarray) and not np.may_share_memory(result, self._on_host):
            _count_work((_wrap(result),), result)
        return _wrap(result)

    def __setitem__(self, index, value):
        target = self._on_host[_unwrap(index)]
        _count_work((value,), target)
        self._on_host[_unwrap(index)] = _unwrap(value)

    def __neg__(self):
        return _wrap_and_count((self,), -self._on_host)

    def __abs__(self):
        return _wrap_and_count((self,), abs(self._on_host))

    def __invert__(self):
        return _wrap_and_count((self,), ~self._on_host)

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
        self._on_host.real = _unwrap(value)

    @property
    def imag(self):
        return ndarray(self._on_host.imag)

    @imag.setter
    def imag(self, value):
        self._on_host.imag = _unwrap(value)


def at_pointer(pointer: int, shape, dtype, owner=None) -> np.ndarray:
    """Return the memory at a pointer as an array that keeps ``owner`` alive."""
    raw = (ctypes.c_char * (math.prod(shape) * np.dtype(dtype).itemsize)).from_address(pointer)
    raw.owner = owner
    return np.frombuffer(raw, dtype).reshape(shape)


def on_host(x: ndarray) -> np.ndarray:
    """Return the values of an array on the device without counting the transfer."""
    return x._on_host


def on_device(x: np.ndarray) -> ndarray:
    """Return an array on the device with the values of ``x`` without counting the transfer."""
    return ndarray(np.array(x, dtype=x.dtype.newbyteorder("=")))


def _wrap(result):
    """Wrap the result of NumPy as CuPy does: a scalar becomes an array without axes."""
    if isinstance(result, (tuple, list)):
        return type(result)(_wrap(x) for x in result)
    if isinstance(result, (np.generic, np.ndarray)):
        return ndarray(np.asarray(result))
    return result


def _wrap_and_count(arguments, result):
    """Wrap the result of a function and count its work."""
    _count_call(arguments, result)
    return _wrap(result)


def _count_call(arguments, result, passes: int = 1) -> None:
    """Count the work of a function, unless its result is a view of an argument."""
    arrays = [x._on_host for x in _flat(arguments) if isinstance(x, ndarray)]
    if not (isinstance(result, np.ndarray) and any(np.may_share_memory(result, x) for x in arrays)):
        _count_work(arguments, result, passes)


def _count_work(arguments, result, passes: int = 1) -> None:
    """Count the bytes of the arrays that are read and written, and one operation for each value that is written."""
    threads.add(threading.get_ident())
    arrays = [x._on_host for x in _flat(arguments) if isinstance(x, ndarray)]
    outputs = [x for x in _flat((result,)) if isinstance(x, np.ndarray)]
    work["bytes"] += passes * sum(x.nbytes for x in (*arrays, *outputs))
    each = 1 if passes == 1 else 2.5 * math.log2(math.prod(outputs[0].shape[-2:]))
    work["operations"] += round(each * sum(x.size * (2 if x.dtype.kind == "c" else 1) for x in outputs))


def _flat(values):
    for value in values:
        if isinstance(value, (tuple, list)):
            yield from _flat(value)
        else:
            yield value


def _unwrap(x):
    """Replace arrays on the device by their values for NumPy, and refuse arrays on the host as CuPy does."""
    if isinstance(x, ndarray):
        return x._on_host
    if isinstance(x, np.ndarray):
        raise TypeError(f"Unsupported type {type(x)}")
    if isinstance(x, (tuple, list)):
        return type(x)(_unwrap(part) for part in x)
    return x


def _check_parameters(parameters: str, args: tuple[Any, ...], kwargs: dict[str, Any], caller: str) -> None:
    """Raise ``TypeError`` if a call passes parameters that CuPy does not have."""
    names = parameters.split()
    if "*" not in names and len(args) > len(names):
        raise TypeError(f"{caller} takes {len(names)} arguments in CuPy, not {len(args)}")
    if unknown := set(kwargs) - set(names):
        raise TypeError(f"{caller} takes no {', '.join(unknown)} in CuPy")


def _method(name: str, parameters: str):
    def method(self, *args, **kwargs):
        _check_parameters(parameters, args, kwargs, f"ndarray.{name}")
        result = getattr(self._on_host, name)(*_unwrap(args), **{k: _unwrap(v) for k, v in kwargs.items()})
        return _wrap_and_count((self, *args), result)

    method.__name__ = name
    return method


def make_function(name: str, parameters: str, by, needs_array: bool = True):
    """Return the stand-in for ``cupy.name`` that computes by ``by`` and, if asked, requires an array on the device."""

    def function(*args, **kwargs):
        _check_parameters(parameters, args, kwargs, name)
        if needs_array and not _has_device_array(args):
            raise TypeError(f"cupy.{name} received no array of CuPy: {[type(x).__name__ for x in args]}")
        out = kwargs.get("out", kwargs.get("output"))
        result = by(*_unwrap(args), **{k: _unwrap(v) for k, v in kwargs.items()})
        if name != "empty":  # CuPy only reserves memory
            _count_call(args, result, FOURIER_PASSES if name in FFT else 1)
        return out if isinstance(out, ndarray) else _wrap(result)

    function.__name__ = name
    return function


def _has_device_array(x) -> bool:
    return isinstance(x, ndarray) or (isinstance(x, (tuple, list)) and any(map(_has_device_array, x)))


def _operator(name: str, reflected: bool):
    by = getattr(np.ndarray, f"__{'r' * reflected}{name}__")

    def operate(self, other):
        if isinstance(other, np.ndarray):
            raise TypeError(f"Unsupported type {type(other)}")
        if not isinstance(other, (ndarray, np.generic, int, float, complex)):
            return NotImplemented
        return _wrap_and_count((self, other), by(self._on_host, _unwrap(other)))

    return operate


def _in_place(name: str):
    by = getattr(np.ndarray, f"__i{name}__")

    def operate(self, other):
        by(self._on_host, _unwrap(other))
        _count_work((self, other), self._on_host)
        return self

    return operate


for _name in OPERATORS:
    setattr(ndarray, f"__{_name}__", _operator(_name, False))
    setattr(ndarray, f"__r{_name}__", _operator(_name, True))
    setattr(ndarray, f"__i{_name}__", _in_place(_name))
for _name in COMPARISONS:
    setattr(ndarray, f"__{_name}__", _operator(_name, False))
for _name, _parameters in METHODS.items():
    setattr(ndarray, _name, _method(_name, _parameters))


def asarray(a, dtype=None):
    """Copy values to the device as ``cupy.asarray`` does, and count arrays and sequences as transfers."""
    if isinstance(a, ndarray):
        return ndarray(np.asarray(a._on_host, dtype=dtype))
    if (isinstance(a, np.ndarray) and a.ndim) or isinstance(a, (list, tuple)):
        transfers["up"] += 1
    if isinstance(a, (list, tuple)) and _has_device_array(a):
        raise TypeError("an array of a list of arrays of CuPy: stack them")
    values = np.asarray(a, dtype=dtype)
    return ndarray(np.array(values, dtype=values.dtype.newbyteorder("=")))


class UniversalFunction:
    """A universal function with its method ``at``."""

    def __init__(self, name: str) -> None:
        self._call, self._ufunc = make_function(name, FUNCTIONS[name], getattr(np, name)), getattr(np, name)

    def __call__(self, *args, **kwargs):
        return self._call(*args, **kwargs)

    def at(self, a, indices, b):
        self._ufunc.at(a._on_host, _unwrap(indices), _unwrap(b))
