"""The decision about a clip: what is magnified, how, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vmm import color, gradient, stabilize
from vmm.engine.regions import Box
from vmm.measure.detection._suggestion import Suggestion


@dataclass(frozen=True)
class Choice:
    """How one vibration or color change of a clip is magnified, and why.

    Attributes
    ----------
    name
        What it is, for example ``"vibration at 64.04 Hz"`` or ``"pulse, 52.4 beats/min"``.
    suggestion
        Its frequency, place, amplitude, band and alpha, as found by ``vmm.measure.suggest``.
    is_stabilized
        Whether the motion of the camera is removed before the magnification.
    reasons
        Sentences that say why the method, the band and alpha were chosen.
    """

    name: str
    suggestion: Suggestion
    is_stabilized: bool
    reasons: tuple[str, ...]

    @property
    def method(self) -> str:
        """Name of the method: ``"gradient"`` for motion, ``"color"`` for a change of color."""
        return self.suggestion.method

    def magnify(self, frames: Any, *, fs: float | None = None) -> Any:
        """The magnified clip, with the shape, dtype and form of `frames`.

        Parameters
        ----------
        frames
            Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, a list of frames, or a pair (array, fs).
        fs
            Rate of the camera in Hz. The default is the rate of the clip, or else the one that was given to ``choose``.
        """
        one = self.suggestion
        rate = one.fs if fs is None and one.frequency_unit == "Hz" else fs
        run = {"gradient": gradient, "color": color}[self.method].magnify
        if self.is_stabilized:
            return stabilize.magnify(frames, one.band, fs=rate, alpha=one.alpha, method=run)
        return run(frames, one.band, fs=rate, alpha=one.alpha)

    def command(self, source: str = "clip.mp4", target: str = "out.mp4") -> str:
        """The command that does the same.

        Parameters
        ----------
        source
            Name of the clip. The default is ``"clip.mp4"``.
        target
            Name of the output file. The default is ``"out.mp4"``.
        """
        return self.suggestion.command(source, target) + " --stabilize" * self.is_stabilized


@dataclass(frozen=True)
class Decision:
    """What is magnified in a clip.

    Attributes
    ----------
    choices
        The vibrations and color changes that are worth magnifying, the strongest first.
    still
        Boxes (top, left, height, width) in pixels of regions at rest that show how the camera moves; None if it does
        not move.
    messages
        Sentences about the clip: why nothing is magnified, that the camera moves, or that the light flickers.
    """

    choices: tuple[Choice, ...]
    still: tuple[Box, ...] | None
    messages: tuple[str, ...]
