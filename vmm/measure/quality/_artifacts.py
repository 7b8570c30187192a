"""Artifacts of magnification: frames against the ideal result, for clips where it is known."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import ArrayLike

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import to_host
from vmm.backend.checks import as_numbers
from vmm.engine.frames import FramesLike, as_array

_MAX_VALUE = 1e100
"""Largest value of a clip, whose square is finite."""

_EDGE_CONTRAST = 0.25
"""Smallest height of an edge relative to the highest edge: ringing at weak edges is not visible."""


@checks_arguments
def structural_similarity(frames: FramesLike, truth: FramesLike, *, every: int = 1) -> float:
    """Mean structural similarity index (SSIM) of frames, with Gaussian windows, for gray levels from 0 to 255.

    Parameters
    ----------
    frames, truth
        Clips (T, H, W) in gray levels.
    every
        Compare every n-th frame. The default is 1.

    Returns
    -------
    float
        The mean over all compared frames; 1 if they are equal.

    Raises
    ------
    ValueError
        If the clips differ in shape.

    References
    ----------
    .. [1] Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity.
       IEEE Transactions on Image Processing 13(4), 2004.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((32, 48)), np.zeros((2, 2)))
    >>> round(vmm.measure.structural_similarity(clip, clip), 3)
    1.0
    """
    from skimage.metrics import structural_similarity as ssim

    result, ideal = _as_pair(frames, truth)
    options = {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    pairs = zip(result[::every], ideal[::every], strict=True)
    return float(np.mean([ssim(a, b, **options) for a, b in pairs]))


@checks_arguments
def overshoot(frames: FramesLike, truth: FramesLike, *, radius: int = 4) -> float:
    """Ringing: how far frames exceed the local range of the truth at edges, relative to the height of the edge.

    Parameters
    ----------
    frames, truth
        Clips (T, H, W) in gray levels.
    radius
        Radius in pixels of the square that defines the local range. The default is 4.

    Returns
    -------
    float
        Mean over the pixels around edges, as a fraction of the edge's height; 0 for the truth itself.

    Raises
    ------
    ValueError
        If the clips differ in shape.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> edge = np.tile(np.repeat([0.0, 100.0], 16), (1, 32, 1))
    >>> ringing = edge + 10 * np.sign(edge - 50)
    >>> vmm.measure.overshoot(edge, edge), round(vmm.measure.overshoot(ringing, edge), 2)
    (0.0, 0.1)
    """
    result, ideal = _as_pair(frames, truth)
    size = (1, 2 * radius + 1, 2 * radius + 1)
    low, high = scipy.ndimage.minimum_filter(ideal, size), scipy.ndimage.maximum_filter(ideal, size)
    height = high - low
    is_edge = height >= max(_EDGE_CONTRAST * float(height.max()), 1.0)
    excess = np.maximum(np.maximum(result - high, low - result), 0)
    return float(np.mean(excess[is_edge] / height[is_edge])) if is_edge.any() else 0.0


@checks_arguments
def sharpness(frames: FramesLike, truth: FramesLike) -> float:
    """Root-mean-square gradient of frames relative to that of the truth: below 1 if they are blurred.

    Parameters
    ----------
    frames, truth
        Clips (T, H, W) in gray levels, without noise.

    Returns
    -------
    float
        The ratio; 1 if the frames are as sharp as the truth.

    Raises
    ------
    ValueError
        If the clips differ in shape.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.tile(np.sin(np.arange(64) / 3), (1, 8, 1))
    >>> round(vmm.measure.sharpness(wave / 2, wave), 3)
    0.5
    """
    energies = [
        sum(float(np.square(np.diff(clip, axis=axis)).sum()) for axis in (1, 2)) for clip in _as_pair(frames, truth)
    ]
    return float(np.sqrt(energies[0] / energies[1])) if energies[1] else 1.0


@checks_arguments
def ghosting(frames: FramesLike, truth: FramesLike, original: FramesLike) -> float:
    """Ghosts: the share of the original clip that remains in the magnified frames.

    Parameters
    ----------
    frames
        Magnified clip (T, H, W) in gray levels.
    truth
        Ideal result (T, H, W).
    original
        Clip (T, H, W) before magnification.

    Returns
    -------
    float
        The share g for which ``truth + g (original - truth)`` is nearest to the frames: 0 for the truth, 1 for the
        original.

    Raises
    ------
    ValueError
        If the clips differ in shape.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> truth, original = np.eye(8)[None], np.eye(8)[None, ::-1]
    >>> vmm.measure.ghosting((truth + original) / 2, truth, original)
    0.5
    """
    result, ideal = _as_pair(frames, truth)
    difference = _as_pair(original, truth)[0] - ideal
    power = float(np.vdot(difference, difference))
    return float(np.vdot(result - ideal, difference)) / power if power else 0.0


@checks_arguments
def static_error(frames: FramesLike, image: ArrayLike, is_static: ArrayLike) -> float:
    """Mean absolute difference in gray levels from a static image, at pixels where nothing moves.

    Parameters
    ----------
    frames
        Clip (T, H, W).
    image
        Static image (H, W) without noise.
    is_static
        Map (H, W): True where nothing moves, neither before nor after magnification.

    Returns
    -------
    float
        The difference in gray levels. It equals that of the noise if magnification changes nothing there.

    Raises
    ------
    ValueError
        If the shapes do not match, or no pixel is static.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> vmm.measure.static_error(np.ones((3, 4, 4)), np.zeros((4, 4)), np.ones((4, 4), bool))
    1.0
    """
    clip, still = _comparable("frames", frames), as_numbers("image", image).astype(np.float64)
    where = as_numbers("is_static", is_static).astype(bool)
    if clip.ndim != 3 or clip.shape[1:] != still.shape or where.shape != still.shape or not where.any():
        raise ValueError(
            f"frames {clip.shape}, image {still.shape} and is_static {where.shape} must be (T, H, W), (H, W) and "
            "(H, W), and at least one pixel must be static"
        )
    still = _comparable("image", still[np.newaxis])[0]
    return float(np.abs(clip - still)[:, where].mean())


def _as_pair(frames: FramesLike, truth: FramesLike) -> tuple[np.ndarray, np.ndarray]:
    """Two clips of one shape (T, H, W), as float64."""
    result, ideal = _comparable("frames", frames), _comparable("truth", truth)
    if result.ndim != 3 or result.shape != ideal.shape:
        raise ValueError(
            f"frames and truth: clips of shape {result.shape} and {ideal.shape} must have one shape (T, H, W)"
        )
    return result, ideal


def _comparable(name: str, frames: FramesLike) -> np.ndarray:
    """A clip in float64, whose squares are finite."""
    clip: np.ndarray = to_host(as_array(frames)).astype(np.float64)
    if not clip.size:
        raise ValueError(f"{name} of shape {clip.shape} holds no frame")
    if not abs(clip).max() <= _MAX_VALUE:
        raise ValueError(f"{name} must hold finite values of at most {_MAX_VALUE:g}: divide the clips by a constant")
    return clip
