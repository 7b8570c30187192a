"""Dense optical flow between two frames."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, is_array, namespace, real_dtype, scale_factor, to_host
from vmm.backend.checks import short_text
from vmm.backend.levels import spline_coefs
from vmm.backend.reference import MAX_BLUR, blur, robust_std
from vmm.motion.warp import bicubic, bilinear, pixel_positions

Flow = Callable[[Array, Array], Array]
"""A function of the luma (H, W) of two frames that returns the displacement (2, H, W) of each pixel of the first."""

_MIN_SIDE = 12
"""Smallest side in pixels of the coarsest level: below it a Gaussian window of default width covers the level."""

_STEPS = (2, 3, 6)
"""Gauss-Newton steps at the finest level, at the next and at all coarser ones: a step costs less at a coarse level."""

_REGULARIZATION = 1e-6
"""Constant added to squared gradients, relative to their mean: it decides where a frame has no texture at all."""


@checks_arguments
def flow(a: Array, b: Array, *, sigma: float = 2.5) -> Array:
    """Dense optical flow: displacement of each pixel from frame a to frame b, by the method of Lucas and Kanade.

    The displacement is the least-squares solution within a Gaussian window, from coarse to fine levels of a pyramid.
    The gradients are means over both frames, so that noise does not bias the displacement.

    Parameters
    ----------
    a, b
        Luma (H, W) of the two frames, in any unit. Each side has at least 4 pixels.
    sigma
        Standard deviation of the window in pixels. The default is 2.5.

    Returns
    -------
    array
        Displacement (2, H, W), down and right, in pixels, of float32. It tends to 0 where the frames have no texture.

    Raises
    ------
    ValueError
        If the frames differ in size or are smaller than 4 x 4 pixels, or if `sigma` is not positive.

    References
    ----------
    .. [1] Lucas, Kanade: An iterative image registration technique with an application to stereo vision. IJCAI 1981.
    .. [2] Bouguet: Pyramidal implementation of the Lucas Kanade feature tracker. Intel 2000.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> scene = synthetic.texture((48, 64))
    >>> down, right = vmm.motion.flow(scene((0, 0)), scene((0, 0.25)))  # 0.25 pixels to the right
    >>> right[8:-8, 8:-8].mean().round(2).item()
    0.25
    """
    for name, image in (("a", a), ("b", b)):
        if not is_array(image) or image.dtype.kind not in "buif" or image.ndim != 2:
            raise TypeError(f"{name}={short_text(image)} must be the luma (H, W) of a frame, an array of real numbers")
    if a.shape != b.shape or min(a.shape) < 4:
        raise ValueError(f"a and b of shape {a.shape} and {b.shape} must be of one size (H, W), at least 4 x 4 pixels")
    if not sigma > 0:
        raise ValueError(f"sigma={sigma!r} must be a positive number of pixels")
    a, b = _scaled(a, b)
    sigma = min(sigma, MAX_BLUR * max(a.shape))
    if bool((a == b).all()):  # the displacement of equal frames is exactly 0, without rounding errors
        return namespace(a).zeros((2, *a.shape), np.float32)
    levels = [(a.astype(np.float32), b.astype(np.float32))]
    while min(levels[-1][0].shape) >= 2 * _MIN_SIDE:
        levels.append(tuple(blur(image, (1.0, 1.0))[::2, ::2] for image in levels[-1]))
    displacement = namespace(a).zeros((2, *levels[-1][0].shape), np.float32)
    for level, (first, second) in reversed(list(enumerate(levels))):
        if displacement.shape[1:] != first.shape:
            displacement = 2 * bilinear(displacement, pixel_positions(first) / 2)
        displacement = _refined(first, second, displacement, sigma, _STEPS[min(level, 2)])
    return displacement


def _scaled(a: Array, b: Array) -> tuple[Array, Array]:
    """The luma of two frames, times a power of two if their values are very small or large."""
    peaks = float(abs(a).max()), float(abs(b).max())
    peak = max(peaks)
    if not all(map(math.isfinite, peaks)):
        raise ValueError("a and b must hold finite values: replace NaN and infinity first")
    dtype = real_dtype(a.dtype)
    factor = scale_factor(peak, dtype) if peak > 0 else 1.0
    return (a, b) if factor == 1 else (a * dtype.type(factor), b * dtype.type(factor))


def flow_function(flow: Any) -> Flow:
    """Return the flow itself if it is a function, or else the flow of another library by its name.

    Parameters
    ----------
    flow
        A function, or one of the names "tvl1", "ilk" (scikit-image) and "farneback" (OpenCV).

    Returns
    -------
    callable
        The flow, a function of two frames.

    Raises
    ------
    ValueError
        If the name is unknown.
    ImportError
        If the library is not installed.
    """
    if callable(flow):
        return flow
    if flow == "farneback":
        return _farneback()
    if flow in ("tvl1", "ilk"):
        from skimage import registration

        optical_flow = getattr(registration, f"optical_flow_{flow}")
        return lambda a, b: namespace(a).asarray(optical_flow(*_unit(a, b)), dtype=np.float32)
    raise ValueError(
        f"flow={short_text(flow)} must be None, 'tvl1', 'ilk', 'farneback', a function (a, b) -> (2, H, W), "
        "or displacements (T, 2, H, W) in pixels of the pixels of the first frame"
    )


def _refined(a: Array, b: Array, displacement: Array, sigma: float, steps: int) -> Array:
    """The displacement after some Gauss-Newton steps."""
    xp, spline, pixels = namespace(a), spline_coefs(b[None]), pixel_positions(a)
    gradient = xp.stack(xp.gradient(a))
    for _ in range(steps):
        warped = bicubic(spline, pixels + displacement)[0]
        error = a - warped
        down, right = (gradient + xp.stack(xp.gradient(warped))) / 2
        products = xp.stack([down * down, right * right, down * right, down * error, right * error])
        dd, rr, dr, de, re = blur(products, (sigma, sigma))
        # Noise contributes to the squared gradients, so that where there is only noise the step must be damped.
        damping = 2 * robust_std(error) ** 2 + _REGULARIZATION * float(dd.mean() + rr.mean()) + 1e-15
        dd, rr = dd + damping, rr + damping
        step = xp.stack([rr * de - dr * re, dd * re - dr * de]) / (dd * rr - dr * dr)
        displacement = displacement + xp.clip(step, -1, 1)
    return displacement


def _farneback() -> Flow:
    """The flow of Farneback (2003), from OpenCV."""
    try:
        cv2 = import_module("cv2")
    except ImportError:
        raise ImportError("flow='farneback' needs OpenCV: pip install opencv-python-headless") from None

    def farneback(a: Array, b: Array) -> Array:
        first, second = ((255 * x).astype(np.uint8) for x in _unit(a, b))
        right_down = cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 5, 15, 3, 5, 1.1, 0)
        return namespace(a).asarray(np.moveaxis(right_down[..., ::-1], -1, 0), dtype=np.float32)

    return farneback


def _unit(*images: Array) -> list[np.ndarray]:
    """The images in host memory, scaled together to the range 0 to 1."""
    values = np.stack([to_host(image) for image in images]).astype(np.float32)
    low, high = float(values.min()), float(values.max())
    return list((values - low) / (high - low or 1.0))
