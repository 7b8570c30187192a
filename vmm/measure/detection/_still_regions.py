"""Regions at rest in the scene, which show the motion of the camera."""

from __future__ import annotations

from functools import partial

from vmm.backend.arguments import checks_arguments
from vmm.backend.progress import Progress
from vmm.engine.frames import FramesLike
from vmm.engine.regions import Box
from vmm.measure.estimation._camera_motion import rereadable
from vmm.measure.estimation._displacement import displacement
from vmm.measure.estimation._still_search import find_still


@checks_arguments
def still_regions(frames: FramesLike, *, fs: float | None = None, progress: Progress = False) -> list[Box]:
    """Find regions at rest in the scene, for the argument ``still`` of ``displacement``.

    The displacement of boxes on a grid is measured. The largest group of boxes that move like a rigid body, and do not
    vibrate against one another, is at rest, and its motion is that of the camera. If another large group moves
    differently, the one at rest is the one that moves less at the frequencies at which they differ.

    Parameters
    ----------
    frames
        Frames, as for ``displacement``. The chunks of an iterator are kept in memory.
    fs
        Rate of the camera in Hz. It does not change the result.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    list of tuple of int
        Up to four boxes (top, left, height, width) in pixels, far from one another.

    Raises
    ------
    ValueError
        If fewer than three boxes move alike, or have enough texture.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> from vmm.data import synthetic
    >>> ends = 0.3 * np.sin(2 * np.pi * 5 * np.arange(60) / 30)[:, None]
    >>> clip = synthetic.render(synthetic.beam((96, 128), modes=1, height=24), ends, noise=1.0)
    >>> [box[0] < 32 or box[0] > 56 for box in vmm.measure.still_regions(clip)]  # above or below the beam
    [True, True, True, True]
    """
    return find_still(partial(displacement, fs=fs), rereadable(frames))
