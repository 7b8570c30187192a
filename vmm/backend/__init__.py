"""Array backends. The type of an array decides which backend processes it; arrays are never moved between devices.

| module | contents |
| --- | --- |
| ``arrays`` | the array module (NumPy or CuPy) of an array, and its FFT and ``ndimage`` functions |
| ``threads`` | worker threads |
| ``buffers`` | memory of large temporary arrays, which is used again |
| ``reference`` | the reference kernels: every kernel as array code that runs on NumPy and CuPy |
| ``levels``, ``pairs``, ``chroma``, ``denoising`` | reference kernels of displacement and of chroma |
| ``cpu`` | kernels compiled by Numba, for NumPy arrays in single precision |
| ``gpu`` | kernels in CUDA, for CuPy arrays in single precision |
| ``device`` | availability of a GPU, the number of frames it processes at once, and concurrent copies |
| ``dispatch`` | dispatch from a reference kernel to the compiled kernel of the same name |
| ``luma`` | luma of frames |
| ``taps`` | taps of filters that all backends share |
| ``time_series`` | running sums, and low-rank factors of filters along time |
| ``checks`` | checks of arguments |
"""
