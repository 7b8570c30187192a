"""``python -m vmm.train``: generate pairs, train a network, export it as ONNX graphs, and quantize it."""

from __future__ import annotations

import argparse
import csv
import itertools
import math
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import torch

from vmm.backend.threads import cores
from vmm.io.drafts import draft
from vmm.train.architectures import ARCHITECTURES, MARGIN, architecture, kind
from vmm.train.calibrate import calibration
from vmm.train.dataset import PairDataset
from vmm.train.evaluate import held_out
from vmm.train.export import export
from vmm.train.loop import Loss, Settings, Training, start
from vmm.train.losses import LOSSES
from vmm.train.pairs import Pairs, Scenes, pairs
from vmm.train.processes import at_termination, bound_to
from vmm.train.refine import add_command
from vmm.train.restore import weights
from vmm.train.stream import generated, side
from vmm.train.textures import stored_texture_bank, texture_bank
from vmm.train.widen import widen

EVALUATION_MINUTES = 10.0
"""Time between two evaluations on held-out photographs, in minutes; a shorter time costs training time."""

CHECKPOINT_MINUTES = 1.0
"""Time between two checkpoints, in minutes: at most this much training is lost if the machine stops."""

PROGRESS_MINUTES = 1 / 6
"""Time between two lines of progress, in minutes."""

FINE_RATE = 3e-4
"""Peak learning rate of ``--fine``; at the rate for new networks, a trained network loses part of its accuracy."""

FIRST_PAIRS = 500
"""Number of pairs in the data set with which the training begins; the others are added during the training."""

WAIT = 5.0
"""Time in seconds between two looks at the data set, while a process waits for pairs or for another writer."""

OF_KIND = ("magnet", "lightweight")
"""Losses that need the network of the same kind, for they use its texture and shape."""


def main(arguments: list[str] | None = None) -> None:
    """Run one of the commands.

    Parameters
    ----------
    arguments
        Arguments of the command line; by default those of the process.

    Examples
    --------
    >>> from contextlib import suppress
    >>> from vmm.train.__main__ import main
    >>> with suppress(SystemExit):
    ...     main(["--help"])  # doctest: +ELLIPSIS
    usage: python -m vmm.train ...
    """
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vmm.train", description="Train networks for motion magnification.")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in ARCHITECTURES:
        verb = verbs.add_parser(name, help=f"train {name}, or continue from its checkpoint")
        verb.add_argument("--minutes", type=_positive, default=150, help="total training time in minutes [150]")
        verb.add_argument("--out", type=Path, default=Path("trained"), help="folder for checkpoint and log [trained]")
        verb.add_argument("--device", default="cpu", help="PyTorch device: cpu or cuda [cpu]")
        verb.add_argument("--batch", type=int, default=None, help="pairs per batch [8; 64 on a GPU]")
        verb.add_argument("--patch", type=int, default=96, help="side of the training frames in pixels [96]")
        verb.add_argument("--pairs", type=int, default=40_000, help="size of the data set on a CPU [40000]")
        verb.add_argument("--max-output", type=_positive, help="largest output motion in pixels [12; 30 on a GPU]")
        rates = f"{Settings.rate:g}; {FINE_RATE:g} with --fine"
        verb.add_argument("--rate", type=_positive, help=f"peak learning rate [{rates}]")
        verb.add_argument("--loss", choices=LOSSES, default="painted", help="loss function [painted]")
        proxy = (
            "PATH.onnx of a network of the same size, trained with --noise 0, for the term L_M of --loss lightweight"
        )
        verb.add_argument("--proxy", type=Path, help=f"{proxy}; without it this term is left out")
        noise = f"largest standard deviation of the noise in gray levels [{Settings.noise:g}]"
        verb.add_argument("--noise", type=float, default=Settings.noise, help=noise)
        light = "largest relative change of light between the frames of a pair"
        verb.add_argument("--light", type=float, help=f"{light} [{Settings.light:g}; 0 with --loss flowmag]")
        fine = "continue the training of existing weights, with the full range of motion and noise from the start"
        verb.add_argument("--fine", action="store_true", help=fine)
        initial = verb.add_mutually_exclusive_group()
        initial.add_argument("--start", type=Path, help="PATH.onnx of a network with the initial weights")
        if name == "lightweight-base":
            narrow = "PATH.onnx of a network of the light size; the initial network computes the same as it"
            initial.add_argument("--widen", type=Path, help=narrow)
        textures = "file of textures for a GPU, which trainings can share; it is generated if it does not exist"
        verb.add_argument("--textures", type=Path, help=textures)
        verb.set_defaults(run=_train, name=name)
    add_command(verbs)
    fill = verbs.add_parser("pairs", help="write a data set of training pairs")
    fill.add_argument("path", type=Path, help="folder of the data set")
    fill.add_argument("--pairs", type=int, default=40_000, help="number of pairs [40000]")
    fill.add_argument("--patch", type=int, default=96, help="side of the frames in pixels [96]")
    fill.add_argument("--max-output", type=_positive, default=12.0, help="largest output motion in pixels [12]")
    fill.add_argument("--parent", type=int, help="identifier of the process that starts this one; stop when it ends")
    fill.set_defaults(run=_write_pairs)
    preview = verbs.add_parser("preview", help="write an image of a batch: columns of a, b and target")
    preview.add_argument("path", type=Path, help="a .png file")
    preview.add_argument("--patch", type=int, default=96, help="side of the frames in pixels [96]")
    preview.set_defaults(run=_preview)
    int8 = verbs.add_parser("int8", help="quantize most of the decoder of a network to 8 bits")
    int8.add_argument("path", type=Path, help="PATH.onnx of the network")
    int8.add_argument("out", type=Path, help="PATH.onnx of the quantized network")
    int8.set_defaults(run=_quantize)
    for verb in verbs.choices.values():
        verb.add_argument("--seed", type=int, default=0, help="seed of the random generators [0]")
        verb.add_argument("--threads", type=int, default=1, help="number of threads of the training process [1]")
    return parser


def _positive(text: str) -> float:
    """A positive number of the command line."""
    value = float(text)
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text} must be a positive number")
    return value


def _train(options: argparse.Namespace) -> None:
    _check(options)
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = options.out / f"{options.name}.pt"
    training = Training(_initial(options), _loss(options), _settings(options), device=options.device)
    if checkpoint.exists():
        training.load(checkpoint)
        print(f"continuing after {training.minutes:.1f} minutes", flush=True)
    if training.progress < 1:
        _fit(training, options, checkpoint)
    if training.step:
        _export(training, options)
    if training.stop:
        raise SystemExit(f"stopped after {training.minutes:.1f} minutes; the same command continues from {checkpoint}")


def _initial(options: argparse.Namespace) -> Any:
    """The network with its initial weights."""
    net = start(architecture(options.name), options.seed)
    if options.start is not None:
        return weights(net, options.start)
    narrow = getattr(options, "widen", None)
    return net if narrow is None else widen(weights(architecture("lightweight-light"), narrow), net, seed=options.seed)


def _export(training: Training, options: argparse.Namespace) -> None:
    """Write the graphs of the network, with their calibration, and the curves of the evaluations, if there are any."""
    path, table = options.out / f"{options.name}.onnx", calibration(training.mean, device=options.device)
    for file in export(training.mean, path, kind(options.name), margin=MARGIN, calibration=table):
        print(file, flush=True)
    if training.history:
        from vmm.plot import curves

        curves(training.history, options.out / f"{options.name}.png")


def _check(options: argparse.Namespace) -> None:
    """End the process with a message if options contradict each other."""
    if options.fine and options.start is None and getattr(options, "widen", None) is None:
        raise SystemExit("--fine continues the training of existing weights: name them with --start PATH.onnx")
    if options.loss in OF_KIND and options.loss != kind(options.name):
        raise SystemExit(
            f"--loss {options.loss} uses the texture and shape of a network of its own kind, which {options.name} is "
            "not: choose --loss painted or --loss flowmag"
        )
    if options.proxy is not None and options.loss != "lightweight":
        raise SystemExit("--proxy belongs to --loss lightweight; no other loss uses a proxy")


def _loss(options: argparse.Namespace) -> Loss:
    """The loss function, with its proxy if there is one."""
    if options.proxy is None:
        return LOSSES[options.loss]()
    return LOSSES[options.loss](weights(architecture(options.name), options.proxy).to(options.device))


def _settings(options: argparse.Namespace) -> Settings:
    """Settings of the training, from the options of the command."""
    light = 0.0 if options.loss == "flowmag" else Settings.light  # Optical flow assumes that the light is constant.
    return Settings(
        options.minutes,
        rate=options.rate or (FINE_RATE if options.fine else Settings.rate),
        noise=options.noise,
        color=0.25 if options.loss == "magnet" else 0.0,
        light=light if options.light is None else options.light,
        fine=options.fine,
    )


def _fit(training: Training, options: argparse.Namespace, checkpoint: Path) -> None:
    """Train to the end, or until the process is terminated, and write a checkpoint."""
    on_gpu = options.device != "cpu"
    batch = options.batch or (64 if on_gpu else 8)
    source = _generated if on_gpu else _from_dataset
    with at_termination(lambda: setattr(training, "stop", True)):
        with closing(source(options, batch, training)) as batches:
            _run(training, batches, batch, checkpoint, options.device)
        training.save(checkpoint)


def _run(training: Training, batches: Iterator[Pairs], batch: int, checkpoint: Path, device: str) -> None:
    """Train to the end, or until the process is terminated; print progress and write checkpoints meanwhile."""
    first = next(batches, None)  # The textures are generated before the training time is counted.
    if first is None:
        return
    if device != "cpu" and not training.step:
        times = training.tune(first)
        print(", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in times.items()), flush=True)
    batches = itertools.chain([first], batches)
    saved = evaluated = training.minutes
    while training.progress < 1 and not training.stop:
        step, minutes = training.step, training.minutes
        loss = training.run(batches, minutes + PROGRESS_MINUTES)
        speed = batch * (training.step - step) / (60 * max(training.minutes - minutes, 1e-6))
        print(f"{training.minutes:.2f} min, step {training.step}, {speed:.0f} pairs/s, loss {loss:.4f}", flush=True)
        if training.minutes - saved >= CHECKPOINT_MINUTES:
            saved = training.minutes
            training.save(checkpoint)
        if training.progress == 1 or training.minutes - evaluated >= EVALUATION_MINUTES:
            evaluated = training.minutes
            training.save(checkpoint)  # The evaluation takes time, during which the machine may stop.
            _evaluate(training, loss, checkpoint, device)


def _evaluate(training: Training, loss: float, checkpoint: Path, device: str) -> None:
    """Score the network on held-out photographs, and write the scores to the checkpoint and the log."""
    scores = held_out(training.mean, device)
    row = {"minutes": round(training.minutes, 2), "step": training.step, "loss": round(loss, 5), **scores}
    training.history.append(row)
    training.save(checkpoint)
    _write_log(checkpoint.with_suffix(".csv"), training.history)
    print(" ".join(f"{name} {value:.3f}" for name, value in scores.items()), flush=True)


def _generated(options: argparse.Namespace, batch: int, training: Training) -> Generator[Pairs, None, None]:
    """Pairs that the device generates during training."""
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False  # The factor, up to 100, would multiply its rounding to 10 bits.
    max_output, seed = options.max_output or 30.0, options.seed + training.step
    bank = texture_bank if options.textures is None else partial(stored_texture_bank, options.textures)
    size = {"textures": 1024, "mattes": 1024, "side": side(options.patch, max_output), "seed": options.seed}
    source = bank(**size, device=options.device, processes=cores())
    yield from generated(source, batch, training.limits, patch=options.patch, max_output=max_output, seed=seed)


def _from_dataset(options: argparse.Namespace, batch: int, training: Training) -> Generator[Pairs, None, None]:
    """Pairs of a data set, which another process fills during training."""
    dataset = PairDataset(options.out / f"pairs-{options.patch}", size=options.pairs, patch=options.patch)
    writer = None if dataset.full else _writer(dataset.path, options)
    try:
        if writer is not None:
            _wait_for_pairs(dataset, writer, training)
        if not training.stop:
            yield from dataset.batches(batch, seed=options.seed + training.step, limits=training.limits)
    finally:
        if writer is not None:
            writer.terminate()
            writer.wait()


def _writer(path: Path, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    """A process that fills a data set, and ends when this process ends."""
    max_output = options.max_output or 12.0
    args = ["--patch", str(options.patch), "--max-output", str(max_output), "--seed", str(options.seed)]
    command = [sys.executable, "-m", "vmm.train", "pairs", str(path), *args, "--parent", str(os.getpid())]
    return subprocess.Popen(command)


def _wait_for_pairs(dataset: PairDataset, writer: subprocess.Popen[bytes], training: Training) -> None:
    """Wait until the training can begin, or until the process is terminated."""
    enough = min(FIRST_PAIRS, len(dataset.frames))
    while len(dataset) < enough and not training.stop:
        if writer.poll() not in (None, 0):
            raise RuntimeError(
                f"the process that generates training pairs failed with exit status {writer.returncode}: see its "
                "message above"
            )
        print(f"{len(dataset)} of the first {enough} training pairs are ready", flush=True)
        time.sleep(WAIT)


def _write_pairs(options: argparse.Namespace) -> None:
    """Fill a data set; a process with a parent waits for other writers, and ends when its parent has ended."""
    dataset = PairDataset(options.path, size=options.pairs, patch=options.patch)
    batches = _new_pairs(options, dataset)
    with at_termination(sys.exit), bound_to(options.parent):  # An exception, unlike a signal, removes the lock file.
        while not dataset.full:
            try:
                dataset.fill(batches)
            except BlockingIOError as error:
                if options.parent is None:
                    raise SystemExit(str(error)) from None
                time.sleep(WAIT)


def _new_pairs(options: argparse.Namespace, dataset: PairDataset) -> Iterator[Pairs]:
    """Batches for a data set; nothing is generated before the first one is read."""
    side = max(512, 2 * (options.patch + 2 * int(options.max_output) + 8))
    scenes = Scenes(options.patch, max_output=options.max_output)
    source = texture_bank(400, 400, side=side, seed=options.seed)
    yield from pairs(source, 32, scenes, seed=options.seed + 1 + len(dataset))


def _preview(options: argparse.Namespace) -> None:
    import imageio.v3 as iio

    batch = next(pairs(texture_bank(64, 64, seed=options.seed), 24, Scenes(options.patch), seed=options.seed))
    rows = torch.cat([batch.a, batch.b, batch.target], 3)  # (24, 3, P, 3 P)
    sheet = torch.cat([torch.cat(list(rows[i : i + 8]), 1) for i in range(0, 24, 8)], 2)
    with draft(Path(options.path), overwrite=True) as temporary:
        iio.imwrite(temporary, sheet.permute(1, 2, 0).numpy())


def _quantize(options: argparse.Namespace) -> None:
    from vmm.train.quantize import quantize

    for file in quantize(options.path, options.out, seed=options.seed):
        print(file)


def _write_log(path: Path, history: list[dict[str, Any]]) -> None:
    with draft(path, overwrite=True) as temporary, temporary.open("w", newline="") as file:
        table = csv.DictWriter(file, history[0])
        table.writeheader()
        table.writerows(history)


if __name__ == "__main__":
    main()
