"""The motions of a clip that are magnified, and how and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from vmm import stabilize
from vmm.engine.regions import Box
from vmm.measure.detection._suggestion import Command, Suggestion


@dataclass(frozen=True)
class Choice(Command):
    """How one motion or change of color of a clip is magnified, and why.

    Attributes
    ----------
    name
        What it is, for example ``"motion at 64.04 Hz"`` or ``"pulse, 52.4 beats/min"``.
    method
        Name of the method: ``"gradient"`` for vibrations, ``"color"`` for changes of color, and
        ``"acceleration"`` for objects that also move far.
    settings
        Keyword arguments of the method: `band` in Hz, or `frequency` in Hz, and `alpha`.
    roi
        Box (top, left, height, width) in pixels of the region that shows it. The whole frame is magnified.
    reasons
        Sentences that say why the method, the band and alpha were chosen.
    fs
        Rate of the camera in Hz, or 1 if it is not known: frequencies are then in cycles/frame.
    suggestion
        Its frequency, amplitude and other properties, as found by ``vmm.measure.suggest``; None for objects that move
        far.
    is_stabilized
        Whether the motion of the camera is removed before the magnification.
    """

    name: str
    method: str
    settings: Mapping[str, Any]
    roi: Box
    reasons: tuple[str, ...]
    fs: float
    suggestion: Suggestion | None = None
    is_stabilized: bool = False

    @property
    def band(self) -> tuple[float, float]:
        """Frequencies (low, high) in Hz that are magnified."""
        frequency = self.settings.get("frequency", 0.0)
        low, high = self.settings.get("band", (frequency / 2, 2 * frequency))
        return low, high

    def magnify(self, frames: Any, *, fs: float | None = None) -> Any:
        """The magnified clip, with the shape, dtype and form of `frames`.

        Parameters
        ----------
        frames
            Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, a list of frames, or a pair (array, fs).
        fs
            Rate of the camera in Hz. The default is the rate that ``choose`` used.
        """
        function, rate = import_module(f"vmm.{self.method}").magnify, self.fs if fs is None else fs
        if not self.is_stabilized:
            return function(frames, **self.settings, fs=rate)
        settings = dict(self.settings)
        band = settings.pop("band" if "band" in settings else "frequency")
        return stabilize.magnify(frames, band, fs=rate, method=function, **settings)

    def _options(self) -> dict[str, Any]:
        return {**self.settings, "fs": self.fs, **({"stabilize": ()} if self.is_stabilized else {})}


@dataclass(frozen=True, eq=False)
class Decision:
    """The motions and changes of color of a clip that are magnified.

    Attributes
    ----------
    choices
        The motions and changes of color that are worth magnifying, the strongest first.
    still
        Boxes (top, left, height, width) in pixels of regions at rest that show how the camera moves; None if it does
        not move.
    messages
        Sentences about the clip: why nothing is magnified, that the camera moves, or that the light flickers.
    flicker
        The strongest flicker of the light that the codec does not explain, as found by ``vmm.measure.suggest``, whose
        `command` removes it; None if there is none.
    steady
        The clip without the motion of the camera, if the whole frame was tracked; else None.
    cuts
        Index of the first frame of each scene but the first, if the clip has several.
    """

    choices: tuple[Choice, ...]
    still: tuple[Box, ...] | None
    messages: tuple[str, ...]
    flicker: Suggestion | None = None
    steady: Any = None
    cuts: tuple[int, ...] = ()
