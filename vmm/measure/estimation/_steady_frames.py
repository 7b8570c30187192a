"""Frames without the motion of the camera."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array, namespace
from vmm.backend.levels import spline_coefs
from vmm.engine.frames import as_frames, checked, cut
from vmm.measure.estimation._camera_motion import CameraMotion, Still, grid_points, measured_camera_motion
from vmm.measure.estimation._displacement import displacement
from vmm.motion.warp import bicubic


def steady_frames(frames: Any, still: Still) -> SteadyFrames:
    """The frames without the motion of the camera that still regions show, or that is found automatically."""
    camera, again = measured_camera_motion(displacement, frames, still)
    return SteadyFrames(again, camera)


class SteadyFrames:
    """An iterable of chunks that are moved back by the motion of the camera, in single precision.

    Cubic splines interpolate the frames, so that the finest texture is blurred. It suits the detection of vibrations;
    where displacement is measured, the motion of the camera is better subtracted.

    Parameters
    ----------
    frames
        Array (T, H, W[, 3]) or chunks of frames.
    camera
        Motion of the camera in pixels.
    """

    def __init__(self, frames: Any, camera: CameraMotion) -> None:
        self._frames, self._camera = as_frames(frames), camera
        self.shape: tuple[int, ...] = self._frames.shape

    def __iter__(self) -> Iterator[Array]:
        chunks = cut(self._frames) if is_array(self._frames) else self._frames
        n_done = 0
        for chunk in checked(chunks):
            n_done += len(chunk)
            if n_done > len(self._camera.parameters):
                self._camera.check_length(n_done)
            yield self._moved_back(chunk, self._camera.parameters[n_done - len(chunk) : n_done])

    def _moved_back(self, chunk: Array, parameters: np.ndarray) -> Array:
        """Frames (n, H, W[, 3]) for parameters (n, P) of the motion."""
        xp = namespace(chunk)
        places = grid_points(chunk.shape[1:3], 1)
        factors = self._camera.factors(places)
        out = xp.empty(chunk.shape, np.float32)
        for frame, target, values in zip(chunk, out, parameters, strict=True):
            points = xp.asarray(np.moveaxis(places + factors @ values, -1, 0).astype(np.float32))
            planes = xp.moveaxis(frame.reshape(*frame.shape[:2], -1).astype(np.float32), -1, 0)
            target[...] = xp.moveaxis(bicubic(spline_coefs(planes), points), 0, -1).reshape(frame.shape)
        return out
