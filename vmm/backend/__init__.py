"""Array backends: the type of the array decides, nothing is switched and nothing is moved.

| module | what it holds |
| --- | --- |
| ``arrays`` | which array module (NumPy or CuPy) an array belongs to, and its FFT and ``ndimage`` |
| ``threads`` | work on several cores |
| ``reference`` | every kernel in plain array code, the same for NumPy and CuPy |
| ``cpu`` | those that Numba compiles for NumPy arrays in single precision |
| ``gpu`` | those in CUDA for CuPy arrays in single precision |
| ``device`` | whether there is a device, how much it takes at a time, and copies beside its work |
| ``fast`` | a compiled kernel behind the name of the plain one |
| ``fused`` | read, filter and write in one pass where there is a kernel for it |
"""
