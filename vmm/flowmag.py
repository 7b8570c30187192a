"""Targeted magnification by FlowMag's generator, which can be trained on the very clip (Pan et al. 2023)."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array, to_host
from vmm.engine.alpha import Alpha, check_alpha
from vmm.engine.frames import checked
from vmm.engine.loop import magnify as run
from vmm.engine.protocols import Spatial
from vmm.engine.windows import Source, source
from vmm.learned import NAMES, Network, load, pair
from vmm.learned.frames import white_of
from vmm.learned.weights import FOLDER
from vmm.magnet import AS_IT_IS

LARGEST = 16.0
"""Total factor up to which the network is trained; it runs twice, each time by the root, for factors up to 256."""

_SHIPPED = "flowmag"
_SMALLEST = 16  # pixels that the generator's coarsest level takes
_LEARNED = 128  # frames of a clip that are trained on


def magnify(
    frames: Any,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    mask: Any = None,
    adapt: int = 0,
    weights: str | Path | None = None,
    white: float | None = None,
    save: str | Path | None = None,
    progress: bool = False,
) -> Any:
    """Magnify motion against the first frame by FlowMag, everywhere or on a target.

    The generator paints each frame from the first frame, the frame itself and a map of the total factor, which is 1
    outside the mask: it is told where not to magnify, and paints what lies between. Where the total factor is above 16
    it runs twice with the root of it, the second time on the first frame and its own first result.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks; at least 16 x 16 pixels.
    fs
        Not needed; it is taken so that all methods are called alike.
    alpha
        What is added, from 0 to 255: output motion = (1 + alpha) times the input's. A number or a map (H, W).
    mask
        Where to magnify: a map (H, W) in [0, 1], or a box (top, left, height, width).
    adapt
        Steps of training on this clip before it is magnified, without any true frame; a few hundred are usual. Needs
        ``pip install torch onnx onnxscript``. An iterator is gone through first, and kept unless it can be read
        again, as ``vmm.io.stream`` can.
    weights
        A network that ships, or the path of another. By default "flowmag" where it ships. Where it does not, a small
        generator (16 channels of the published 64) that has learned nothing is trained on the clip from the start,
        which takes ``adapt``.
    white
        Value of white in the frames; by default the largest of an integer type, 255 for floating point.
    save
        Path ``PATH.onnx`` to which the adapted network is written; ``weights=PATH.onnx`` takes it up again.
    progress
        Whether adaptation shows a bar.

    Returns
    -------
    array or iterator
        What came, magnified.

    Raises
    ------
    ValueError
        Where alpha, weights, adapt, save, mask or the frames are out of range; the message says what is allowed.
    TypeError
        Where frames are no array, or of a type that cannot be magnified.
    ImportError
        Where adapt is asked for and PyTorch is missing.

    References
    ----------
    .. [1] Pan, Geng, Owens: Self-supervised motion magnification by backpropagating through optical flow.
       NeurIPS 2023.
    """
    total = _total(alpha)
    if isinstance(adapt, bool) or not isinstance(adapt, int) or adapt < 0:
        raise ValueError(f"adapt={adapt!r} must be a number of steps, 0 for none")
    if save is not None and not adapt:
        raise ValueError(f"save={str(save)!r} keeps an adapted network: give adapt, a number of steps")
    if save is not None and not Path(save).absolute().parent.is_dir():
        raise ValueError(f"save={str(save)!r}: there is no such folder")
    if adapt:
        clip = source(frames, frames if is_array(frames) else checked(frames))
        net = _adapted(_some(clip), adapt, weights, _each(total), white, save, progress)
        frames = frames if is_array(frames) or hasattr(frames, "again") else clip.chunks
    else:
        net = load(_chosen(weights), "flowmag")
    running: Any = net if _each(total) == total else Twice(net)
    spatial, motion = pair(running, white)

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        if min(shape[:2]) < _SMALLEST:
            raise ValueError(f"frames of {shape[0]} x {shape[1]} pixels must be at least {_SMALLEST} x {_SMALLEST}")
        return spatial(shape, dtype, xp)

    return run(frames, spatial=plan, motion=motion, temporal=AS_IT_IS, alpha=alpha, mask=mask)


class Twice:
    """A generator that runs twice, each time by the root of the total factor; all else is that of the generator.

    Parameters
    ----------
    net
        The generator.
    """

    def __init__(self, net: Network) -> None:
        self._once = net

    def __getattr__(self, name: str) -> Any:
        return getattr(self._once, name)

    def factor(self, alpha: Any) -> Any:
        """The factor of each run."""
        return self._once.factor((1 + alpha) ** 0.5 - 1)

    def decode(self, texture: Array, shape: Array) -> Array:
        """The frame (1, 3, H, W) painted from the first frame and the frame painted before."""
        once = self._once.decode(texture, shape).clip(-1, 1)
        again = shape.copy()
        again[:, 3:6] = (once + 1) / 2  # in place of frame b
        return self._once.decode(once, again)


def _total(alpha: Alpha) -> float:
    """The largest total factor."""
    check_alpha(alpha)
    listed = alpha if isinstance(alpha, (list, tuple)) else [alpha]
    values = np.concatenate([np.ravel(to_host(value)) for value in listed])
    low, high, most = float(values.min()), float(values.max()), LARGEST**2 - 1
    if low < 0 or high > most:
        raise ValueError(
            f"alpha={low if low < 0 else high:g} must lie in [0, {most:g}]: FlowMag is made for total factors "
            f"1 + alpha from 1 to {LARGEST:g}, and runs twice for those up to {most + 1:g}"
        )
    return 1 + high


def _each(total: float) -> float:
    """The factor of each run."""
    return total if total <= LARGEST else total**0.5


def _chosen(weights: str | Path | None) -> str | Path:
    """The weights asked for, or those that ship."""
    if weights is None and _SHIPPED not in NAMES:
        raise ValueError(
            "weights=None: no weights of FlowMag ship, so pass weights=PATH.onnx (written by `vmm convert` from a "
            "published file, or by save=), or adapt=300 to train a small generator on this clip from the start"
        )
    return _SHIPPED if weights is None else weights


def _some(clip: Source) -> np.ndarray:
    """At most so many frames of a clip, evenly spaced from the first on, on the host."""
    stride, passed, kept = -(-clip.length // _LEARNED), 0, []
    for chunk in clip.again():
        kept.append(to_host(chunk[-passed % stride :: stride]))
        passed += len(chunk)
    return np.concatenate(kept)


def _adapted(
    frames: np.ndarray,
    steps: int,
    weights: str | Path | None,
    factor: float,
    white: float | None,
    save: str | Path | None,
    progress: bool,
) -> Network:
    """A network trained on frames, run by onnxruntime as any other."""
    try:
        from vmm.train import adapt, export, restore
    except ImportError as error:
        raise ImportError(f"adapt={steps} needs PyTorch, to train a network: pip install torch onnxscript") from error
    fresh = weights is None and _SHIPPED not in NAMES
    if fresh:
        begun = adapt.begun()
    else:
        name = _chosen(weights)
        load(name, "flowmag")  # or an error that says what is wrong with it
        begun = restore.flowmag(FOLDER / f"{name}.onnx" if name in NAMES else name)
    white = white_of(frames.dtype) if white is None else white
    net = adapt.adapt(
        begun, frames, steps, factors=(1.0, max(factor, 2.0)), fresh=fresh, white=white, progress=progress
    )
    if save is not None:
        export.export(net, save, "flowmag")
        return Network(Path(save))
    folder = Path(tempfile.mkdtemp(prefix="vmm-"))
    export.export(net, folder / "adapted.onnx", "flowmag")
    adapted = Network(folder / "adapted.onnx")
    weakref.finalize(adapted, shutil.rmtree, folder, True)  # graphs are opened when they are first run
    return adapted
