"""``python -m vmm.train``: generate pairs, train a network, export it as ONNX graphs, and quantize it."""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import torch

from vmm.train.architectures import ARCHITECTURES, MARGIN, architecture, kind
from vmm.train.calibrate import calibration
from vmm.train.dataset import PairDataset
from vmm.train.evaluate import held_out
from vmm.train.export import export
from vmm.train.loop import Settings, Training, start
from vmm.train.losses import LOSSES
from vmm.train.pairs import Pairs, Scenes, pairs
from vmm.train.restore import weights
from vmm.train.textures import texture_bank

EVALUATION_MINUTES = 10.0
"""Time between two evaluations on held-out photographs, in minutes; a shorter time costs training time."""

CHECKPOINT_MINUTES = 1.0
"""Time between two checkpoints, in minutes: at most this much training is lost if the machine stops."""

PROGRESS_MINUTES = 1 / 6
"""Time between two lines of progress, in minutes."""

FINE_RATE = 3e-4
"""Peak learning rate of ``--fine``; at the rate for new networks, a trained network loses part of its accuracy."""


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
        verb.add_argument("--minutes", type=float, default=150, help="total training time in minutes [150]")
        verb.add_argument("--out", type=Path, default=Path("trained"), help="folder for checkpoint and log [trained]")
        verb.add_argument("--device", default="cpu", help="PyTorch device: cpu or cuda [cpu]")
        verb.add_argument("--batch", type=int, default=None, help="pairs per batch [8; 64 on a GPU]")
        verb.add_argument("--patch", type=int, default=96, help="side of the training frames in pixels [96]")
        verb.add_argument("--pairs", type=int, default=40_000, help="size of the data set on a CPU [40000]")
        verb.add_argument("--max-output", type=float, help="largest output motion in pixels [12; 30 on a GPU]")
        verb.add_argument(
            "--rate", type=float, help=f"peak learning rate [{Settings.rate:g}; {FINE_RATE:g} with --fine]"
        )
        verb.add_argument("--loss", choices=LOSSES, default="painted", help="loss function [painted]")
        light = f"largest relative change of light between the frames of a pair [{Settings.light:g}]"
        verb.add_argument("--light", type=float, default=Settings.light, help=light)
        fine = "train on from the weights of --start: full range of motion and noise from the first step on"
        verb.add_argument("--fine", action="store_true", help=fine)
        verb.add_argument("--start", type=Path, help="PATH.onnx of a network with the initial weights")
        verb.set_defaults(run=_train, name=name)
    fill = verbs.add_parser("pairs", help="write a data set of training pairs")
    fill.add_argument("path", type=Path, help="folder of the data set")
    fill.add_argument("--pairs", type=int, default=40_000, help="number of pairs [40000]")
    fill.add_argument("--patch", type=int, default=96, help="side of the frames in pixels [96]")
    fill.add_argument("--max-output", type=float, default=12.0, help="largest output motion in pixels [12]")
    fill.add_argument("--parent", type=int, help="identifier of a process; stop when it has ended")
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


def _train(options: argparse.Namespace) -> None:
    if options.fine and options.start is None:
        raise SystemExit("--fine trains on from existing weights: name them with --start PATH.onnx")
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = options.out / f"{options.name}.pt"
    on_gpu = options.device != "cpu"
    net = start(architecture(options.name), options.seed)
    if options.start is not None:
        weights(net, options.start)
    training = Training(net, LOSSES[options.loss](), _settings(options), device=options.device)
    if checkpoint.exists():
        training.load(checkpoint)
        print(f"continuing after {training.minutes:.1f} minutes", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: setattr(training, "stop", True))
    batch = options.batch or (64 if on_gpu else 8)
    source = _on_gpu if on_gpu else _from_dataset
    with closing(source(options, batch, training)) as batches:
        _run(training, batches, batch, checkpoint, options.device)
    if training.stop:
        raise SystemExit(f"stopped after {training.minutes:.1f} minutes; the same command continues from {checkpoint}")
    net, path = training.mean.cpu(), options.out / f"{options.name}.onnx"
    for file in export(net, path, kind(options.name), margin=MARGIN, calibration=calibration(net)):
        print(file)
    from vmm.plot import curves

    curves(training.history, options.out / f"{options.name}.png")


def _settings(options: argparse.Namespace) -> Settings:
    """Settings of the training, from the options of the command."""
    return Settings(
        options.minutes,
        rate=options.rate or (FINE_RATE if options.fine else Settings.rate),
        color=0.25 if options.loss == "magnet" else 0.0,
        light=options.light,
        fine=options.fine,
    )


def _run(training: Training, batches: Iterator[Pairs], batch: int, checkpoint: Path, device: str) -> None:
    """Train to the end, or until the process is terminated; print progress and write checkpoints meanwhile."""
    batches = itertools.chain([next(batches)], batches)  # The textures are generated before the time counts.
    saved = evaluated = training.minutes
    while training.progress < 1 and not training.stop:
        step, minutes = training.step, training.minutes
        loss = training.run(batches, minutes + PROGRESS_MINUTES)
        speed = batch * (training.step - step) / (60 * (training.minutes - minutes))
        print(f"{training.minutes:.2f} min, step {training.step}, {speed:.0f} pairs/s, loss {loss:.4f}", flush=True)
        if training.progress == 1 or training.stop or training.minutes - saved >= CHECKPOINT_MINUTES:
            saved = training.minutes
            training.save(checkpoint)
        if training.progress == 1 or training.minutes - evaluated >= EVALUATION_MINUTES:
            evaluated = training.minutes
            _evaluate(training, loss, checkpoint, device)


def _evaluate(training: Training, loss: float, checkpoint: Path, device: str) -> None:
    """Score the network on held-out photographs, and write the scores to the checkpoint and the log."""
    scores = held_out(training.mean, device)
    row = {"minutes": round(training.minutes, 2), "step": training.step, "loss": round(loss, 5), **scores}
    training.history.append(row)
    training.save(checkpoint)
    _write_log(checkpoint.with_suffix(".csv"), training.history)
    print(" ".join(f"{name} {value:.3f}" for name, value in scores.items()), flush=True)


def _on_gpu(options: argparse.Namespace, batch: int, training: Training) -> Generator[Pairs, None, None]:
    """Generate pairs on the GPU during training, with the current bounds of the curriculum."""
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False  # The factor, up to 100, would multiply its rounding to 10 bits.
    side = 2 * (options.patch + 2 * 32) + 64
    cores = os.cpu_count() or 1
    source = texture_bank(1024, 1024, side=side, seed=options.seed, device=options.device, processes=cores)
    max_output, seed = options.max_output or 30.0, options.seed + training.step
    streams: dict[tuple[float, float], Iterator[Pairs]] = {}
    while True:
        reach, factor = (round(limit, 0) for limit in training.limits())
        key = min(reach, max_output), min(factor, 100.0)
        if key not in streams:
            scenes = Scenes(options.patch, max_output=key[0], max_factor=key[1])
            streams = {key: pairs(source, batch, scenes, seed=seed + int(sum(key)))}
        yield next(streams[key])


def _from_dataset(options: argparse.Namespace, batch: int, training: Training) -> Generator[Pairs, None, None]:
    """Pairs of a data set, which another process fills during training."""
    path = options.out / f"pairs-{options.patch}"
    dataset = PairDataset(path, size=options.pairs, patch=options.patch)
    writer = None
    if not dataset.full:
        max_output = options.max_output or 12.0
        args = [str(path), "--patch", str(options.patch), "--max-output", str(max_output), "--seed", str(options.seed)]
        writer = subprocess.Popen([sys.executable, "-m", "vmm.train", "pairs", *args, "--parent", str(os.getpid())])
        while len(dataset) < 500 and not training.stop:
            if writer.poll() not in (None, 0):
                raise RuntimeError(
                    f"the process that generates training pairs failed with exit status {writer.returncode}: see its "
                    "message above"
                )
            print(f"{len(dataset)} of the first 500 training pairs are ready", flush=True)
            time.sleep(10)
    try:
        yield from dataset.batches(batch, seed=options.seed + training.step, limits=training.limits)
    finally:
        if writer is not None:
            writer.terminate()


def _write_pairs(options: argparse.Namespace) -> None:
    dataset = PairDataset(options.path, size=options.pairs, patch=options.patch)
    side = max(512, 2 * (options.patch + 2 * int(options.max_output) + 8))
    scenes = Scenes(options.patch, max_output=options.max_output)
    source = texture_bank(400, 400, side=side, seed=options.seed)
    batches = pairs(source, 32, scenes, seed=options.seed + 1 + len(dataset))
    dataset.fill(itertools.takewhile(lambda _: options.parent in (None, os.getppid()), batches))


def _preview(options: argparse.Namespace) -> None:
    import imageio.v3 as iio

    batch = next(pairs(texture_bank(64, 64, seed=options.seed), 24, Scenes(options.patch), seed=options.seed))
    rows = torch.cat([batch.a, batch.b, batch.target], 3)  # (24, 3, P, 3 P)
    sheet = torch.cat([torch.cat(list(rows[i : i + 8]), 1) for i in range(0, 24, 8)], 2)
    iio.imwrite(options.path, sheet.permute(1, 2, 0).numpy())


def _quantize(options: argparse.Namespace) -> None:
    from vmm.train.quantize import quantize

    for file in quantize(options.path, options.out, seed=options.seed):
        print(file)


def _write_log(path: Path, history: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, history[0])
        table.writeheader()
        table.writerows(history)


if __name__ == "__main__":
    main()
