"""Evaluation of networks on photographs that are not part of the training data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from vmm.data.shifts import COLUMNS, HELD_OUT, similarities


def two_frames(net: Any, device: str = "cpu") -> Callable[[np.ndarray, np.ndarray, float], np.ndarray]:
    """Wrap a network as a NumPy function of two frames.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``, on `device`.
    device
        PyTorch device on which the network runs.

    Returns
    -------
    callable
        ``magnified(a, b, factor)``, which takes two frames (H, W, 3), uint8, and the total factor, and returns the
        magnified frame (H, W, 3), float32, in gray levels.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.train.evaluate import two_frames
    >>> from vmm.train.networks import RealTime
    >>> frame = np.zeros((32, 48, 3), np.uint8)
    >>> two_frames(RealTime(4, 1))(frame, frame, 10.0).shape
    (32, 48, 3)
    """

    def magnified(a: np.ndarray, b: np.ndarray, factor: float) -> np.ndarray:
        pair = [torch.from_numpy(x).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1 for x in (a, b)]
        with torch.no_grad():
            out = net(*pair, torch.full((1, 1, 1, 1), factor, device=device))
        picture: np.ndarray = ((out[0].permute(1, 2, 0) + 1) * 127.5).cpu().numpy()
        return picture

    return magnified


def held_out(net: Any, device: str = "cpu", names: Sequence[str] = HELD_OUT) -> dict[str, float]:
    """Structural similarity of the output of a network to the ground truth, on shifted photographs.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``, on `device`.
    device
        PyTorch device on which the network runs.
    names
        Photographs of ``vmm.data.shifts``, by default all that are held out from training.

    Returns
    -------
    dict
        Structural similarity, at most 1, for each test condition, named "motion>output motion" in pixels and
        "+noise" in gray levels.

    Examples
    --------
    >>> from vmm.train.evaluate import held_out
    >>> from vmm.train.networks import RealTime
    >>> list(held_out(RealTime(4, 1), names=["coins"]))[:2]
    ['0.05>2', '0.05>5']
    """
    scores = similarities(two_frames(net.eval(), device), COLUMNS, names)
    return {
        f"{motion:g}>{out:g}" + (f"+{noise:g}" if noise else ""): s
        for (motion, out, noise), s in zip(COLUMNS, scores, strict=True)
    }
