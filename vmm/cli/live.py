"""The command ``live``: a camera, magnified while it runs, and recorded."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, process_time
from typing import Any

import vmm
from vmm.cli.inputs import BOX, BOX_HELP, check_box

METHODS = ("riesz", "gradient", "linear", "color", "phase")
"""Methods that work frame by frame with a causal filter, those with the steadiest output first."""

HEIGHT = 360
"""Default height in pixels of live frames, at which two cores magnify more than 25 frames per second."""

_SETTLING = 3
"""Frames that are magnified before the clip begins, so that compiling delays no frame."""

_UPDATE = 0.5
"""Seconds between two updates of the progress line."""


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Magnify a camera while it runs, and record the result; Ctrl-C ends the recording with a complete file."
    verb = verbs.add_parser("live", help=summary, description=summary)
    source = verb.add_argument("source", metavar="SOURCE")
    source.help = "camera:0 for the first camera, rtsp://... with --network, or a video that is read at its own rate."
    output = verb.add_argument("output", nargs="?", metavar="OUT")
    output.help = "File of the recording: .mp4 or .mkv (lossless). Default: none; only the rates are printed."
    band = verb.add_argument("--band", nargs=2, type=float, required=True, metavar=("LOW", "HIGH"))
    band.help = "Lowest and highest magnified frequency in Hz, below half of the camera rate."
    verb.add_argument("--method", choices=METHODS, default=METHODS[0], help="Method. Default: riesz.")
    alpha = verb.add_argument("--alpha", type=float, metavar="FACTOR")
    alpha.help = "Magnification: the output motion is (1 + alpha) times that of the input. Default: that of the method."
    roi = verb.add_argument("--roi", nargs=4, type=int, metavar=BOX)
    roi.help = f"{BOX_HELP} Only this region is magnified, in pixels of the live frames. Default: the whole frame."
    fs = verb.add_argument("--fs", type=float, metavar="HZ")
    fs.help = "Rate that is asked of the camera, or the camera rate of a video. Default: that of the camera or video."
    height = verb.add_argument("--height", type=int, default=HEIGHT, metavar="PIXELS")
    height.help = f"Height to which larger frames are reduced. Default: {HEIGHT}."
    duration = verb.add_argument("--duration", type=float, metavar="SECONDS")
    duration.help = "Time after which the recording ends. Default: it ends at Ctrl-C."
    for name, text in (
        ("--network", "Open an address on the network, which is refused otherwise."),
        ("--compare", "Record the original next to the magnified picture."),
        ("--overwrite", "Overwrite an existing output file."),
        ("--quiet", "Show no progress."),
    ):
        verb.add_argument(name, action="store_true", help=text)
    verb.set_defaults(run=_live)


def _live(options: argparse.Namespace) -> None:
    from vmm.io._write import check_format
    from vmm.io.exits import stopped_by_signal
    from vmm.io.live import open_live

    out = None if options.output is None else Path(options.output)
    if out is not None:
        if out.suffix.lower() not in (".mp4", ".mov", ".m4v", ".mkv", ".avi"):
            raise ValueError(f"{out}: a recording is .mp4, .mov, .m4v, .mkv or .avi")
        check_format(out, overwrite=options.overwrite)
    settings = {"alpha": options.alpha, "mask": options.roi and tuple(options.roi)}
    how = {"fs": options.fs, "end": options.duration, "height": options.height, "network": options.network}
    with open_live(options.source, **how) as clip, stopped_by_signal(clip.stop):
        if options.roi:
            check_box(tuple(options.roi), clip.shape[1:3])
        live = Live(clip, options.method, tuple(options.band), settings)
        frames = live.recorded(options.compare, None if options.quiet else _Progress(live))
        if out is None:
            deque(frames, maxlen=0)
        else:
            assert clip.fps is not None
            vmm.io.write(out, frames, clip.fps, fs=clip.fs, white=clip.white, overwrite=options.overwrite)
    print(live.text())
    if live.error is not None:
        raise live.error


class Live:
    """A live clip, magnified frame by frame; the frames that were dropped are counted.

    Parameters
    ----------
    clip
        The live clip.
    method
        Name of one of ``METHODS``.
    band
        Passband (low, high) in Hz.
    settings
        Further keyword arguments of the method; those that are None have their defaults.

    Attributes
    ----------
    frames
        Number of frames that were magnified so far.
    error
        The error that ended the source, or None.
    """

    def __init__(self, clip: Any, method: str, band: tuple[float, float], settings: dict[str, Any]) -> None:
        self.clip = clip
        self._function = getattr(vmm, method).magnify
        chosen = {name: value for name, value in settings.items() if value is not None}
        self._settings: dict[str, Any] = {"band": band, "fs": clip.fs, "temporal": "causal", **chosen}
        self.frames: int = 0
        self.error: OSError | ValueError | None = None
        self._originals: deque[tuple[int, Any]] = deque()
        self._start = self._seconds = 0.0
        self._cpu = 0.0
        self._dropped = 0

    def warm_up(self) -> None:
        """Compile the method for frames of this size; raise if a setting is wrong."""
        import numpy as np

        shape = (_SETTLING, *self.clip.shape[1:])
        frames = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
        deque(self._magnified(frames[i : i + 1] for i in range(_SETTLING)), maxlen=0)

    def _magnified(self, frames: Iterator[Any]) -> Any:
        return self._function(frames, **self._settings)

    def pairs(self) -> Iterator[tuple[int, Any, Any]]:
        """Yield the number, the original and the magnified picture of each frame, until the source ends."""
        self.warm_up()
        self.clip.restart()
        self._start, cpu = monotonic(), process_time()
        for chunk in self._magnified(self._source()):
            for picture in chunk:
                number, original = self._originals.popleft()
                self.frames += 1
                self._seconds, self._cpu = monotonic() - self._start, process_time() - cpu
                self._dropped = self.clip.dropped
                yield number, original, picture

    def _source(self) -> Iterator[Any]:
        """The chunks of the clip; an error of the source ends them, so that the recording is complete."""
        try:
            for chunk in self.clip:
                self._originals.extend(zip(self.clip.numbers, chunk, strict=True))
                yield chunk
        except (OSError, ValueError) as error:
            if not self.frames:
                raise
            self.error = error

    def recorded(self, compare: bool, show: Any = None) -> Iterator[Any]:
        """Yield the frames of a recording; `show` is called after each."""

        def frames() -> Iterator[tuple[int, Any]]:
            for number, original, picture in self.pairs():
                yield number, vmm.plot.side_by_side(original[None], picture[None]) if compare else picture[None]
                if show is not None:
                    show()

        return in_step(frames())

    def text(self) -> str:
        """How many frames were magnified, at which rate, and how many were dropped."""
        rate = self.frames / self._seconds if self._seconds else 0.0
        cost = 1000 * self._cpu / max(1, self.frames)
        return (
            f"{self.frames} frames in {self._seconds:.1f} s, {rate:.1f} frames/s, {cost:.0f} ms of CPU time a frame; "
            f"{self._dropped or 'no'} frame{'s were' if self._dropped != 1 else ' was'} dropped"
        )


def in_step(frames: Iterator[tuple[int, Any]]) -> Iterator[Any]:
    """Yield numbered frames; for each missing number, repeat the frame before, so that a recording keeps time."""
    last: tuple[int, Any] | None = None
    for number, frame in frames:
        for _ in range(number - last[0] - 1 if last is not None else 0):
            yield last[1]  # type: ignore[index]
        yield frame
        last = number, frame


class _Progress:
    """A line on the terminal with the rate so far."""

    def __init__(self, live: Live) -> None:
        from tqdm import tqdm

        self._live, self._next = live, 0.0
        self._bar: Any = tqdm(bar_format="{desc}", leave=False, disable=None)

    def __call__(self) -> None:
        if monotonic() >= self._next:
            self._next = monotonic() + _UPDATE
            self._bar.set_description_str(f"{self._live.text()}; Ctrl-C ends")
