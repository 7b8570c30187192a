"""One verb for every method: it reads a clip, magnifies it and writes the result."""

from __future__ import annotations

import argparse
import inspect
import sys
import warnings
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import vmm
from vmm.backend.progress import showing
from vmm.cli.inputs import as_roi, check_box, part_of_input, warnings_to_stderr
from vmm.cli.notices import length_notice
from vmm.cli.options import add_method_options, summary
from vmm.cli.outputs import check_not_input, speed_text
from vmm.cli.preview import Part, preview_part, preview_scale
from vmm.cli.resizing import check_scale, resized
from vmm.engine.static import magnify_static
from vmm.engine.times import rate_range
from vmm.engine.windows import ShortClipWarning

_ON_LUMA = frozenset({"gradient", "phase", "riesz", "acceleration", "jerk", "anisotropy", "bilateral"})
"""Methods that leave chroma unchanged with ``chroma=None``, for which the luma of the input is then decoded alone."""

WIDE = 2.0
"""Ratio of width and height from which --compare writes one clip above the other."""


def add(verbs: Any) -> None:
    """Add the verbs to the parser."""
    for name in (*vmm.METHODS, *vmm.LEARNED):
        function = import_module(f"vmm.{name}").magnify
        text = summary(function)
        verb = verbs.add_parser(name, help=text, description=text, argument_default=argparse.SUPPRESS)
        add_method_options(verb, name, function)
        verb.set_defaults(run=partial(_magnify, name=name, parameters=[*inspect.signature(function).parameters]))


def _settings(options: argparse.Namespace, name: str, parameters: list[str]) -> dict[str, Any]:
    """Keyword arguments of the method: those of the command line, which take precedence, and those of the preset."""
    arguments = {
        key: value for key, value in vars(options).items() if key in parameters and key not in ("frames", "mask")
    }
    if "temporal" in arguments:
        arguments["temporal"] = getattr(vmm.temporal, arguments["temporal"])
    if len(arguments.get("alpha", [])) == 1:
        arguments["alpha"] = arguments["alpha"][0]
    if len(arguments.get("band", [])) == 1:
        arguments["band"] = tuple(arguments["band"][0])
    if arguments.get("chroma") == "none":
        arguments["chroma"] = None
    settings = {**vmm.presets[options.preset][name], **arguments} if hasattr(options, "preset") else arguments
    if hasattr(options, "static"):
        return _static_settings(options, settings)
    required = next((parameter for parameter in ("band", "frequency") if parameter in parameters), None)
    if required is not None and required not in settings and name not in vmm.LEARNED:
        raise ValueError(
            f"--{required} in Hz is missing; the command vmm suggest {options.input} finds frequencies in a clip"
        )
    if options.stabilize and settings.get("band", settings.get("frequency")) is None:
        hint = (
            "give --band LOW HIGH" if "band" in parameters else f"{name} takes none; use vmm realtime or vmm gradient"
        )
        raise ValueError(f"--stabilize needs a band, which separates small motion from that of the camera: {hint}")
    if name in vmm.LEARNED and "band" in parameters and not {"band", "mode"} & settings.keys():
        raise ValueError(
            f"give --band LOW HIGH in Hz, which vmm suggest {options.input} finds, or --mode static to magnify all "
            "motion relative to the first frame"
        )
    return settings


def _static_settings(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments of the static mode, which has no band; options that need a band are refused."""
    valid = {*inspect.signature(magnify_static).parameters, "fs"}
    refused = [key for key in settings if key not in valid] + ["stabilize"] * options.stabilize
    if refused:
        raise ValueError(f"--{refused[0]} has no effect with --static, which magnifies motion of all frequencies")
    return {**settings, "band": None}


def _magnify(options: argparse.Namespace, *, name: str, parameters: list[str]) -> None:
    from vmm.io._write import check_format
    from vmm.io.device_clip import device_chunk_length, open_transfer

    check_scale(options.scale)
    if hasattr(options, "sweep"):
        from vmm.cli.sweep import sheet

        return sheet(options, name, _settings(options, name, parameters))
    transfer = open_transfer() if options.gpu else None
    out = Path(options.output)
    check_format(out, overwrite=options.overwrite)
    check_not_input(out, options.input)
    settings = _settings(options, name, parameters)
    fs = settings.pop("fs", None)
    source = _opened(options, fs) if options.preview else None
    if source is not None:
        options.scale *= preview_scale(source.shape[1:3])
    luma = _uses_luma(options, name, settings)
    clip = open_scaled(options, fs, luma=luma) if source is None or luma else _scaled(options, source)
    if transfer is not None:
        clip = open_scaled(options, fs, luma=luma, chunk=device_chunk_length(clip))
    if hasattr(options, "roi"):
        check_box(_scaled_box(options), clip.shape[1:3])
    _warn_if_short(settings, clip)
    if "white" in parameters:
        settings.setdefault("white", clip.white)
    fps = _playback_rate(options, clip, out)
    part = preview_part(clip, settings, fps) if options.preview else Part(0, clip.shape[0], 0, clip.shape[0])
    if not part.is_whole:
        warnings.simplefilter("ignore", ShortClipWarning)  # The part is short, and not the clip.
    clip = part.in_memory(clip) if options.preview else clip
    with showing(not options.quiet, out.name):
        result = part.without_margin(magnified(options, name, clip, dict(settings), transfer))
    if options.compare:
        labels = "original", magnification_text(name, settings)
        is_wide = clip.shape[2] >= WIDE * clip.shape[1]
        original = part.without_margin(clip.reopen() if options.preview else open_scaled(options, fs))
        result = vmm.plot.side_by_side(original, result, labels=labels, stacked=is_wide)
    _write(options, part, clip, result, fps, transfer)
    return None


def _write(options: argparse.Namespace, part: Part, clip: vmm.io.Clip, result: Any, fps: Any, transfer: Any) -> None:
    """Write the magnified chunks, with the properties of the clip."""
    from vmm.io._write import is_video

    out, times = Path(options.output), dict[str, float]()
    chunks = _timed(result, times)
    start = perf_counter()
    white = clip.white if is_video(out) or clip.dtype.kind == "f" else None
    sound = {} if options.preview else _sound(options, clip, fps)
    tracks: dict[str, Any] = {**sound, "color": clip.color, "white": white}
    with warnings_to_stderr(options, about_motion=False):
        if not part.is_whole:
            warnings.simplefilter("ignore", ShortClipWarning)  # The part is short, and not the clip.
        vmm.io.write(out, chunks, fps, fs=clip.fs, like=clip.info, **tracks, overwrite=options.overwrite)
    if options.preview:
        size = "in full size" if options.scale == 1 else f"at {options.scale:g} of the size"
        print(f"{out.name} is a preview {size}: {part.text(clip.fs)}")
    if options.profile or options.gpu:
        _print_times(perf_counter() - start, clip, times, transfer)


def magnification_text(name: str, settings: dict[str, Any]) -> str:
    """The method, the frequencies and alpha, for example ``"gradient, 2 to 3 Hz, alpha 20"``."""
    default = inspect.signature(getattr(vmm, name).magnify).parameters["alpha"].default
    bands, alphas = settings.get("band"), settings.get("alpha", default)
    bands = [] if bands is None else [bands] if isinstance(bands, tuple) else bands
    texts = [f"{low:g} to {high:g} Hz" for low, high in bands]
    texts += [f"about {settings['frequency']:g} Hz"] if "frequency" in settings else []
    factors = [f"alpha {alpha:g}" for alpha in (alphas if isinstance(alphas, list) else [alphas])]
    if len(factors) == len(texts):
        return "; ".join([name + ", " + ", ".join(pair) for pair in zip(texts, factors, strict=True)])
    return ", ".join([name, *texts, *factors])


def _warn_if_short(settings: dict[str, Any], clip: vmm.io.Clip) -> None:
    """Warn if the clip is too short for a band or for a period of the frequency."""
    band = settings.get("band")
    bands = [] if band is None else [band] if isinstance(band, tuple) else band
    frequency = settings.get("frequency", 0.0)
    bands = [*bands, (frequency, 2 * frequency)] if frequency > 0 else bands
    if text := length_notice(bands, clip.shape[0], clip.fs):
        warnings.warn(text, UserWarning, stacklevel=2)
        warnings.simplefilter("ignore", ShortClipWarning)  # It would say the same at the end of the clip.


def _uses_luma(options: argparse.Namespace, name: str, settings: dict[str, Any]) -> bool:
    """Whether the luma alone is magnified, and the chroma planes are written unchanged."""
    from vmm.io.encode import H264

    chroma = inspect.signature(getattr(vmm, name).magnify).parameters.get("chroma")
    moves_chroma = chroma is not None and settings.get("chroma", chroma.default) is not None
    luma_only = name in _ON_LUMA and settings.get("color", 0) == 0 and not moves_chroma
    luma_only = luma_only and settings.get("band", ()) is not None  # The static mode displaces all color channels.
    same_frames = options.scale == 1 and not (options.compare or options.stabilize)
    return luma_only and same_frames and Path(options.output).suffix.lower() in H264


def _playback_rate(options: argparse.Namespace, clip: vmm.io.Clip, out: Path) -> Any:
    """The playback rate of the output; print how much slower or faster than the camera that is."""
    from vmm.io.rates import default_playback_rate, exact_rate

    fps = default_playback_rate(clip.fps, clip.fs) if options.playback_rate is None else options.playback_rate
    exact_rate(out, fps)  # It raises before any work if the format cannot state the rate.
    if text := speed_text(fps, clip.fs):
        print(f"{out.name} {text} ({clip.fs:.8g} frames/s, shown at {float(fps):.6g}; --playback-rate changes it)")
    return fps


def _sound(options: argparse.Namespace, clip: vmm.io.Clip, fps: Any) -> dict[str, Any]:
    """The sound track of the input and the part of it, in seconds of playback; none if the playback rate changes."""
    if fps != clip.fps:
        return {}
    playback = float(clip.fps)
    return {"sound": options.input, "span": (clip.start, clip.shape[0] / playback)}


def magnified(
    options: argparse.Namespace, name: str, clip: vmm.io.Clip, settings: dict[str, Any], transfer: Any
) -> Any:
    """The magnified chunks, on the host."""
    from vmm.io.device_clip import DeviceClip

    function = getattr(vmm, name).magnify
    if not options.stabilize:
        frames = clip if transfer is None else DeviceClip(clip, transfer)
        result = function(frames, fs=clip.fs, mask=_mask(options, clip.shape[1:3]), **settings)
        return result if transfer is None else transfer.to_host(result)
    if transfer is not None:
        raise ValueError("--stabilize runs on the host only: leave --gpu out")
    band = settings.pop("band" if "band" in settings else "frequency")
    box = _scaled_box(options) if hasattr(options, "roi") else None
    mask = None if box else _mask(options, clip.shape[1:3])
    settings = {"alpha": inspect.signature(function).parameters["alpha"].default, **settings}
    return vmm.stabilize.magnify(clip, band, fs=clip.fs, roi=box, mask=mask, method=function, **settings)


def _print_times(total: float, clip: vmm.io.Clip, times: dict[str, float], transfer: Any) -> None:
    """Print how many seconds each step took, and its share of the total."""
    copies = {}
    if transfer is not None:
        copies = {f"waiting for copies {direction}": seconds for direction, seconds in transfer.seconds.items()}
    parts = {
        "waiting for the decoder": clip.seconds_waited,
        "magnifying" if transfer is None else "waiting for the device": (
            times["magnify"] - clip.seconds_waited - sum(copies.values())
        ),
        **copies,
        "waiting for the encoder": times["encode"],
        "starting and ending": total - times["magnify"] - times["encode"],
    }
    print(f"{total:8.2f} s in all, {clip.shape[0] / total:.1f} frames/s")
    for part, seconds in parts.items():
        print(f"{seconds:8.2f} s {part} ({100 * seconds / total:.0f} %)")


def open_scaled(
    options: argparse.Namespace, fs: float | None, *, luma: bool = False, chunk: int | None = None
) -> vmm.io.Clip:
    """Open the input, resampled onto an even grid where its frames are unevenly spaced, and resized by --scale."""
    return _scaled(options, _opened(options, fs, luma=luma, chunk=chunk))


def _opened(
    options: argparse.Namespace, fs: float | None, *, luma: bool = False, chunk: int | None = None
) -> vmm.io.Clip:
    """Open the input as it is; its luma alone only if its frames are evenly spaced."""
    open_input = partial(vmm.io.stream, options.input, fs=fs, chunk=chunk, **part_of_input(options))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vmm.io.UnevenTimesWarning)
        clip = open_input(luma=luma)
        if clip.times is not None and luma:
            clip = open_input()
    return clip


def _scaled(options: argparse.Namespace, clip: vmm.io.Clip) -> vmm.io.Clip:
    """A clip, resampled onto an even grid where its frames are unevenly spaced, and resized by --scale."""
    clip = clip if options.scale == 1 else resized(clip, options.scale)
    if clip.times is None:
        return clip
    uneven, clip = clip, vmm.io.even(clip)
    _note_once(options, uneven, clip)
    return clip


def _note_once(options: argparse.Namespace, uneven: vmm.io.Clip, clip: vmm.io.Clip) -> None:
    """Print to standard error that the clip was resampled, unless it was printed before."""
    if not getattr(options, "is_noted", False) and uneven.times is not None:
        options.is_noted = True
        slowest, fastest = rate_range(uneven.times)
        print(
            f"vmm: note: {options.input}: the times of the frames are uneven, {slowest:.4g} to "
            f"{fastest:.4g} frames/s, so they are resampled to an even {clip.fs:.6g} frames/s",
            file=sys.stderr,
        )


def _scaled_box(options: argparse.Namespace) -> tuple[int, int, int, int]:
    """The box of --roi in pixels of the output."""
    row, col, height, width = options.roi
    edges = [round(edge * options.scale) for edge in (row, col, row + height, col + width)]
    return edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1]


def _mask(options: argparse.Namespace, size: tuple[int, ...]) -> Any:
    """The mask of --mask or --polygon, as a map (H, W) in [0, 1], the box of --roi, or None."""
    if hasattr(options, "polygon"):
        return as_roi([round(edge * options.scale) for edge in options.polygon], size)
    if not hasattr(options, "mask"):
        return _scaled_box(options) if hasattr(options, "roi") else None
    import numpy as np

    from vmm.io.images import read_image

    if not Path(options.mask).exists():
        raise ValueError(f"--mask {options.mask}: no image that can be read, because there is no such file")
    try:
        image = read_image(Path(options.mask))
    except ValueError as error:
        raise ValueError(f"--mask {error}") from error
    white = np.iinfo(image.dtype).max if image.dtype.kind in "ui" else 1
    if image.ndim == 3:
        image = image.mean(axis=-1)
    mask = np.clip(image.astype(float) / white, 0, 1)
    if options.scale != 1:
        import skimage.transform

        mask = skimage.transform.resize(mask, tuple(max(1, round(n * options.scale)) for n in mask.shape))
    return mask


def _timed(chunks: Iterator[Any], times: dict[str, float]) -> Iterator[Any]:
    """Yield the chunks; add up the seconds that magnification and encoding take."""
    times.update(magnify=0.0, encode=0.0)
    start = perf_counter()
    for chunk in chunks:
        end = perf_counter()
        times["magnify"] += end - start
        yield chunk
        start = perf_counter()
        times["encode"] += start - end
