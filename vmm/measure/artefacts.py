"""What a magnifier made beside motion: frames against their truth, on clips where it is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage

_CLEAR = 0.25  # edges are where the contrast is at least so much of the largest


def similarity(frames: Any, truth: Any, *, every: int = 1) -> float:
    """Mean structural similarity of frames to the truth, by Gaussian windows, for grey levels 0 to 255.

    Parameters
    ----------
    frames, truth
        Clips (T, H, W), grey levels.
    every
        Only each so-manieth frame is compared.

    Returns
    -------
    float
        1 where they are alike.

    Raises
    ------
    ValueError
        Where the clips differ in shape.

    References
    ----------
    .. [1] Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity.
       IEEE Transactions on Image Processing 13, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import synthetic
    >>> from vmm.measure import artefacts
    >>> clip = synthetic.render(synthetic.texture((32, 48)), np.zeros((2, 2)))
    >>> round(artefacts.similarity(clip, clip), 3)
    1.0
    """
    from skimage.metrics import structural_similarity

    made, true = _both(frames, truth)
    options = {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    pairs = zip(made[::every], true[::every], strict=True)
    return float(np.mean([structural_similarity(a, b, **options) for a, b in pairs]))


def overshoot(frames: Any, truth: Any, *, radius: int = 4) -> float:
    """How far frames leave the range of the truth about them at edges, over the height of the edge: ringing.

    Parameters
    ----------
    frames, truth
        Clips (T, H, W), grey levels.
    radius
        What is about a pixel, in pixels to each side.

    Returns
    -------
    float
        Mean over the pixels about edges, as a share of the edge's height; 0 for the truth itself.

    Raises
    ------
    ValueError
        Where the clips differ in shape.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.measure import artefacts
    >>> edge = np.tile(np.repeat([0.0, 100.0], 16), (1, 32, 1))
    >>> rings = edge + 10 * np.sign(edge - 50)
    >>> artefacts.overshoot(edge, edge), round(artefacts.overshoot(rings, edge), 2)
    (0.0, 0.1)
    """
    made, true = _both(frames, truth)
    size = (1, 2 * radius + 1, 2 * radius + 1)
    low, high = scipy.ndimage.minimum_filter(true, size), scipy.ndimage.maximum_filter(true, size)
    height = high - low
    edges = height >= max(_CLEAR * float(height.max()), 1.0)
    beyond = np.maximum(np.maximum(made - high, low - made), 0)
    return float(np.mean(beyond[edges] / height[edges])) if edges.any() else 0.0


def sharpness(frames: Any, truth: Any) -> float:
    """Slope of frames over that of the truth, root mean square: below 1 where they are blurred.

    Parameters
    ----------
    frames, truth
        Clips (T, H, W), grey levels, without noise.

    Returns
    -------
    float
        1 where they are as sharp.

    Raises
    ------
    ValueError
        Where the clips differ in shape.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.measure import artefacts
    >>> wave = np.tile(np.sin(np.arange(64) / 3), (1, 8, 1))
    >>> round(artefacts.sharpness(wave / 2, wave), 3)
    0.5
    """
    made, true = _both(frames, truth)
    slopes = [sum(float(np.square(np.diff(clip, axis=axis)).sum()) for axis in (1, 2)) for clip in (made, true)]
    return float(np.sqrt(slopes[0] / slopes[1])) if slopes[1] else 1.0


def ghosts(frames: Any, truth: Any, before: Any) -> float:
    """How much of the clip before magnification is left in frames beside the truth.

    Parameters
    ----------
    frames, truth, before
        Clips (T, H, W), grey levels: magnified, as it should be, and as it came.

    Returns
    -------
    float
        The share g for which ``truth + g (before - truth)`` comes nearest: 0 for the truth, 1 where nothing was done.

    Raises
    ------
    ValueError
        Where the clips differ in shape.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.measure import artefacts
    >>> truth, before = np.eye(8)[None], np.eye(8)[None, ::-1]
    >>> artefacts.ghosts((truth + before) / 2, truth, before)
    0.5
    """
    made, true = _both(frames, truth)
    came, _ = _both(before, truth)
    change = came - true
    power = float(np.vdot(change, change))
    return float(np.vdot(made - true, change)) / power if power else 0.0


def astray(frames: Any, still: Any, where: Any) -> float:
    """Mean absolute difference, in grey levels, from a picture that stands still, where nothing moves.

    Parameters
    ----------
    frames
        Clip (T, H, W).
    still
        The picture (H, W) without noise.
    where
        Map (H, W): True where nothing moves, with or without magnification.

    Returns
    -------
    float
        In grey levels; that of the noise where the clip is left as it is.

    Raises
    ------
    ValueError
        Where the shapes do not fit, or `where` holds nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.measure import artefacts
    >>> artefacts.astray(np.ones((3, 4, 4)), np.zeros((4, 4)), np.ones((4, 4), bool))
    1.0
    """
    clip, picture, there = (
        np.asarray(frames, dtype=float),
        np.asarray(still, dtype=float),
        np.asarray(where, dtype=bool),
    )
    if clip.ndim != 3 or clip.shape[1:] != picture.shape or there.shape != picture.shape or not there.any():
        raise ValueError(
            f"frames {clip.shape}, still {picture.shape} and where {there.shape} must be (T, H, W), (H, W) and (H, W), "
            "and some place must stand still"
        )
    return float(np.abs(clip - picture)[:, there].mean())


def _both(frames: Any, truth: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both clips as numbers, where they are of one shape (T, H, W)."""
    made, true = np.asarray(frames, dtype=float), np.asarray(truth, dtype=float)
    if made.ndim != 3 or made.shape != true.shape:
        raise ValueError(f"clips of shape {made.shape} and {true.shape} must be of one shape (T, H, W)")
    return made, true
