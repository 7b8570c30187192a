"""A suggested band, and the command that magnifies it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vmm.measure.signals._harmonics import Harmonic
from vmm.measure.signals._text import frequency_text

_DIGITS = {"fs": 8}
"""Significant digits of options in a command; others have 6."""


class Command:
    """A magnification that a command line repeats."""

    method: str

    def _options(self) -> Mapping[str, Any]:
        """Options of the command and their values: numbers, tuples of numbers, or an empty tuple for a flag."""
        raise NotImplementedError

    def command(self, source: str = "clip.mp4", target: str = "out.mp4") -> str:
        """The command that does the same to a file.

        Parameters
        ----------
        source
            Name of the clip. The default is ``"clip.mp4"``.
        target
            Name of the output file. The default is ``"out.mp4"``.

        Returns
        -------
        str
            A command line for the shell.

        Examples
        --------
        >>> from vmm.measure import Suggestion
        >>> place = (64, 0, 96, 96), (72, 8)
        >>> fork = Suggestion(64.0, 0.01, 0.006, 40.0, "motion", *place, 0.1, (63, 65), 20, None, 500, False)
        >>> fork.command("fork.mp4")
        'vmm gradient fork.mp4 out.mp4 --band 63 65 --fs 500 --alpha 20 --roi 64 0 96 96'
        """
        # A name that begins with a dash would be read as an option.
        names = [f"./{name}" if str(name).startswith("-") else str(name) for name in (source, target)]
        words = ["vmm", self.method, *map(shlex.quote, names)]
        for name, value in self._options().items():
            digits = _DIGITS.get(name, 6)
            words += [f"--{name}", *(f"{number:.{digits}g}" for number in np.atleast_1d(value))]
        return " ".join(words)


@dataclass(frozen=True)
class Suggestion(Command):
    """A vibration or color change in a clip, with a band to magnify it.

    Attributes
    ----------
    frequency, frequency_stderr
        Frequency in Hz and its approximate standard error from noise; in cycles/frame if the rate is not known.
    clock_stderr
        Standard error of the frequency in Hz from the uncertainty of `fs`; it is not part of `frequency_stderr`.
    snr
        Signal-to-noise ratio in dB: power over the noise at neighboring frequencies, in the strongest 3x3 tiles.
    kind
        ``"motion"``; ``"color"`` if color or luma changes without motion, as by a pulse; or ``"flicker"`` if the
        illumination of the whole frame changes, as by a lamp or a video coder.
    roi
        Bounding box (top, left, height, width) in pixels of the region that shows it.
    point
        Center (row, col) in pixels of the strongest tile.
    amplitude
        Approximate peak displacement in pixels, or for color and flicker peak change in gray levels.
    band
        Band (low, high) in Hz to magnify.
    alpha
        Amplification that makes the change visible; -1, which removes it, for flicker.
    harmonic
        ``(order, of, is_aliased)`` if this is a harmonic of a larger suggestion with the frequency ``of``; else None.
        An aliased harmonic is above fs/2 and is observed at another frequency.
    fs
        Rate of the camera in Hz, or 1 if it is not known.
    is_whole_frame
        Whether the region is most of the frame.
    frequency_unit
        ``"Hz"``, or ``"cycles/frame"`` if the rate is not known.
    is_codec_rhythm
        Whether the video codec may cause the change: it is weak, or not the only one, at the multiples of the rate of
        its key frames; or it is a harmonic of a stronger motion in the same place, or an image of it about the rates of
        the codec. A lossy codec makes such lines, and they may also be those of the scene.
    omitted_harmonics
        Orders of harmonics that are left out, because the estimator makes them of a large motion. A spectrum of
        ``displacement`` shows which of them the motion has.
    """

    frequency: float
    frequency_stderr: float
    clock_stderr: float
    snr: float
    kind: Literal["motion", "color", "flicker"]
    roi: tuple[int, int, int, int]
    point: tuple[int, int]
    amplitude: float
    band: tuple[float, float]
    alpha: float
    harmonic: Harmonic | None
    fs: float
    is_whole_frame: bool
    frequency_unit: str = "Hz"
    is_codec_rhythm: bool = False
    omitted_harmonics: tuple[int, ...] = ()

    def __str__(self) -> str:
        """The frequency with its standard errors, such as 64.041 +- 0.0006 (noise) +- 0.0064 (clock 1e-4) Hz."""
        return frequency_text(self.frequency, self.frequency_stderr, self.clock_stderr, self.frequency_unit)

    @property
    def method(self) -> str:  # type: ignore[override]
        """Name of the method that magnifies it: ``"gradient"`` for motion, ``"color"`` for the others."""
        return "gradient" if self.kind == "motion" else "color"

    def _options(self) -> dict[str, Any]:
        place = {} if self.is_whole_frame else {"roi": self.roi}
        return {"band": self.band, "fs": self.fs, "alpha": self.alpha, **place}
