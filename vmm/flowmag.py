"""Motion magnification by FlowMag, with optional test-time adaptation (Pan et al. 2023)."""

from __future__ import annotations

import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, to_host
from vmm.backend.progress import Progress
from vmm.engine.alpha import Gain, check_alpha
from vmm.engine.frames import Frames
from vmm.engine.loop import magnify as run
from vmm.engine.regions import Mask
from vmm.engine.two_pass import TwoPassClip, two_pass
from vmm.io.exits import at_signal
from vmm.learned import NAMES, Network, load, pair
from vmm.learned._pair import Paint, paint
from vmm.learned.method import ALL_MOTION
from vmm.learned.preprocess import white_of
from vmm.learned.weights import FOLDER
from vmm.parts import ClipPlan, Spatial

__all__ = ["magnify"]


def __dir__() -> list[str]:
    return __all__


LARGEST = 16.0
"""Largest total factor of one run, as in training. Above it the network runs twice with the square root, up to 256."""

MIN_SHARE = 0.5
"""Share of the requested displacement below which an adapted network gives a warning."""

MAX_ERROR = 4.0
"""Largest mean error of the colors, in gray levels of 255, up to which the output of an adapted network is used.

Above it the output would show colored noise, and the change of the frames is reduced to `FAINT_ERROR`."""

FAINT_ERROR = 1.0
"""Mean error of the colors, in gray levels of 255, that remains where an adapted network has failed; it is not seen."""

GENERATOR = "lightweight-light"
"""Installed network that is used by default: the self-supervised loss of FlowMag needs no particular architecture."""

_MIN_SIDE = 16  # The generator halves the frame four times, so smaller frames have no coarsest level. In pixels.
_MAX_TRAINING_FRAMES = 128  # Frames of the clip used for adaptation at most; this bounds the memory.


@checks_arguments
def magnify(
    frames: Frames,
    *,
    fs: float | None = None,
    alpha: Gain = 10.0,
    mask: Mask | None = None,
    adapt: int = 0,
    weights: str | Path | None = None,
    white: float | None = None,
    save: str | Path | None = None,
    progress: Progress = False,
) -> Frames:
    """Magnify motion relative to the first frame with FlowMag, in the whole frame or in a region.

    The generator renders each output frame from the first frame, the current frame and a map of the total factor
    1 + alpha. The factor is 1 outside the mask, so the network itself renders the transition between the region and
    its surroundings. Before that, it can be adapted to the clip by the self-supervised loss of the paper. The
    generator of the paper has no weights that may be installed: by default, the network of ``vmm.lightweight`` takes
    its place. If the total factor exceeds 16, the generator runs twice with its square root: the second run
    takes the first frame and the result of the first run.

    Parameters
    ----------
    frames
        The clip: an array (T, H, W) or (T, H, W, 3), an iterator of such chunks, a list of frames, or a pair
        (array, fs). Frames have at least 16 x 16 pixels.
    fs
        Ignored. The parameter exists so that all methods have the same signature.
    alpha
        Amplification from 0 to 255: the output motion is (1 + alpha) times the input motion. A number (default 10) or
        a map (H, W).
    mask
        Region to magnify: a map (H, W) with weights in [0, 1], or a box (top, left, height, width) in pixels. By
        default the whole frame.
    adapt
        Number of steps of test-time adaptation: the network is trained on this clip, without ground truth, before the
        clip is magnified. 0 (default) means none; a hundred steps take a minute. Afterwards the optical flow of the
        output is compared with the requested one, and a ``UserWarning`` is given if it reaches less than half of it.
        If the colors differ by more than 4 gray levels, as colored noise does, the change of the frames is reduced such
        that they differ by 1 gray level. Adaptation needs the packages torch, onnx and onnxscript. An iterator is read
        to its end first, and its chunks are stored unless it can be reopened, as ``vmm.io.stream`` can.
    weights
        Path ``PATH.onnx`` of a network of FlowMag (written by ``vmm convert``, ``python -m vmm.train flowmag`` or
        `save`), or the name of an installed network or the path of another one of ``vmm.lightweight``. By default
        "lightweight-light".
    white
        Value of white in the frames. By default the largest value of an integer dtype, 255 for floating point.
    save
        Path ``PATH.onnx`` to which the adapted network is written. It can be loaded with ``weights=PATH.onnx``.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of steps of the
        adaptation, and then of frames, that are done and in all (None if unknown). The default is False.

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and form (array, iterator, list or pair) of `frames`.

    Raises
    ------
    ValueError
        If `alpha`, `weights`, `adapt`, `save`, `mask` or the frames are out of range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or has an unsupported dtype.
    ImportError
        If `adapt` is positive and PyTorch is not installed.

    References
    ----------
    .. [1] Pan, Geng, Owens: Self-supervised motion magnification by backpropagating through optical flow.
       NeurIPS 2023.

    Examples
    --------
    The network is adapted to the clip for 100 steps, which takes a minute, and stored for later use.

    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), synthetic.sway(30, 30, 5, 0.2))
    >>> out = vmm.flowmag.magnify(clip, alpha=9, adapt=100, save="adapted.onnx")  # doctest: +SKIP
    >>> out = vmm.flowmag.magnify(clip, alpha=4, weights="adapted.onnx")  # doctest: +SKIP
    """
    total = _total(alpha)
    if adapt < 0:
        raise ValueError(f"adapt={adapt!r} must be a number of training steps, 0 or more")
    if save is not None and not adapt:
        raise ValueError(f"save={str(save)!r} writes an adapted network and needs adapt, a number of training steps")
    if save is not None and not Path(save).absolute().parent.is_dir():
        raise ValueError(f"save={str(save)!r}: the folder {str(Path(save).absolute().parent)!r} does not exist")
    clip: Any = frames
    once = paint if _factor_per_run(total) == total else paint_twice
    strength = 1.0
    if adapt:
        passes = two_pass(frames)
        net, strength = _adapted(_training_frames(passes), adapt, weights, _factor_per_run(total), white, save)
        if isinstance(frames, Iterator) and not hasattr(frames, "reopen"):
            clip = passes.second_pass()  # The iterator is used up, and its chunks are buffered.
    else:
        net = _generator(weights)
    spatial, motion = pair(net, white, paint=once if strength == 1 else partial(paint_partly, once, strength))

    def make(frames: Array) -> Spatial:
        height, width = frames.shape[1:3]
        if min(height, width) < _MIN_SIDE:
            raise ValueError(f"frames of {height} x {width} pixels must be at least {_MIN_SIDE} x {_MIN_SIDE}")
        return spatial.make(frames)

    return run(clip, spatial=ClipPlan(make), motion=motion, temporal=ALL_MOTION, alpha=alpha, mask=mask)


def paint_twice(net: Network, a: Array, b: Array, alpha: Any) -> Array:
    """Frame b with its motion relative to frame a magnified by two runs, each by the root of the total factor."""
    root = (1 + alpha) ** 0.5 - 1
    return paint(net, a, paint(net, a, b, root).clip(-1, 1), root)


def paint_partly(whole: Paint, strength: float, net: Network, a: Array, b: Array, alpha: Any) -> Array:
    """Frame b with a part of the change that the network makes: `strength` is 0 for none and 1 for all of it."""
    changed: Array = b + strength * (whole(net, a, b, alpha) - b)
    return changed


def _total(alpha: float | Array) -> float:
    """The largest total factor."""
    check_alpha(alpha)
    values = np.ravel(to_host(alpha))
    low, high, highest = float(values.min()), float(values.max()), LARGEST**2 - 1
    if low < 0 or high > highest:
        raise ValueError(
            f"alpha={low if low < 0 else high:g} must lie in [0, {highest:g}]: FlowMag is trained for total factors "
            f"1 + alpha from 1 to {LARGEST:g}, and runs twice for factors up to {highest + 1:g}"
        )
    return 1 + high


def _factor_per_run(total: float) -> float:
    """Total factor of each run: the square root if the generator runs twice."""
    return total if total <= LARGEST else total**0.5


def _generator(weights: str | Path | None) -> Network:
    """The network with these weights, or the one that is used by default."""
    name = GENERATOR if weights is None else weights
    net = load(name)
    return net if net.kind == "lightweight" else load(name, "flowmag")


def _training_frames(clip: TwoPassClip) -> np.ndarray:
    """Evenly spaced frames of a clip, at most _MAX_TRAINING_FRAMES, starting with the first; on the host."""
    stride, position, frames = -(-clip.length // _MAX_TRAINING_FRAMES), 0, []
    for chunk in clip.first_pass():
        frames.append(to_host(chunk[-position % stride :: stride]))
        position += len(chunk)
    return np.concatenate(frames)


def _adapted(
    frames: np.ndarray,
    steps: int,
    weights: str | Path | None,
    factor: float,
    white: float | None,
    save: str | Path | None,
) -> tuple[Network, float]:
    """A network adapted to the frames, loaded with ONNX Runtime, and the part of its change that is to be used."""
    try:
        from vmm.train import adapt, architectures, export, restore

        export.check_exporter()
    except ImportError as error:
        raise ImportError(
            f"adapt={steps} trains a network, which needs PyTorch: pip install torch onnx onnxscript"
        ) from error
    kind, path = _generator(weights).kind, Path(GENERATOR if weights is None else weights)
    path = FOLDER / f"{path}.onnx" if str(path) in NAMES else path
    initial = restore.flowmag(path) if kind == "flowmag" else restore.lightweight(path)
    white = white_of(frames.dtype, white)
    net = adapt.adapt(initial, frames, steps, factors=(1.0, max(factor, 2.0)), white=white)
    margin = architectures.MARGIN if kind == "lightweight" else 0
    strength = _strength(adapt.reached(net, frames, max(factor, 2.0), white=white), steps)
    if save is not None:
        export.export(net, save, kind, margin=margin)
        return Network(Path(save)), strength
    folder = Path(tempfile.mkdtemp(prefix="vmm-"))
    at_signal(partial(shutil.rmtree, folder, True))
    try:
        export.export(net, folder / "adapted.onnx", kind, margin=margin)
        adapted = Network(folder / "adapted.onnx")
    except BaseException:
        shutil.rmtree(folder, True)
        raise
    weakref.finalize(adapted, shutil.rmtree, folder, True)  # the files are needed as long as the network
    return adapted, strength


def _strength(reached: tuple[float, float], steps: int) -> float:
    """The part of the change of the frames that is to be used; there is a warning if the steps were too few."""
    share, error = reached
    strength = 1.0 if error <= MAX_ERROR else FAINT_ERROR / error
    reduced = f", and the change of the frames is reduced to {strength:.0%}" if strength < 1 else ""
    if share < MIN_SHARE or reduced:
        warnings.warn(
            f"after adapt={steps} steps, the network reaches {share:.0%} of the requested displacement, and its colors "
            f"differ by {error:.1f} gray levels{reduced}: use more steps, a smaller alpha, or weights of a network "
            "that was trained longer",
            UserWarning,
            stacklevel=5,
        )
    return strength
