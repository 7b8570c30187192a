"""``python -m vmm.train``: make pairs, train a network, write it as ONNX graphs, and those in 8 bits."""

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

from vmm.train.bank import bank
from vmm.train.calibrate import calibration
from vmm.train.evaluate import held_out
from vmm.train.export import export
from vmm.train.forms import FORMS, MARGIN, form, kind
from vmm.train.loop import Settings, Training, start
from vmm.train.losses import LOSSES
from vmm.train.pairs import Pairs, Scenes, pairs
from vmm.train.pool import Pool
from vmm.train.restore import weights

EVERY = 10.0
"""Minutes between two evaluations on held-out photographs."""

FINE = 3e-4
"""Largest learning rate for ``--fine``: at the usual rate a network forgets part of what it has learned."""

SAVED = 1.0
"""Minutes between two checkpoints: at most this much training is lost when a machine stops."""

SHOWN = 1 / 6
"""Minutes between two lines of progress."""


def main(arguments: list[str] | None = None) -> None:
    """Run one of the verbs."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vmm.train", description="Train the learned magnifiers.")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in FORMS:
        verb = verbs.add_parser(name, help=f"train {name} from nothing, or go on where it stopped")
        verb.add_argument("--minutes", type=float, default=150, help="how long, all sessions together [150]")
        verb.add_argument("--out", type=Path, default=Path("trained"), help="folder of checkpoints and logs [trained]")
        verb.add_argument("--device", default="cpu", help="cpu or cuda [cpu]")
        verb.add_argument("--batch", type=int, default=None, help="pairs at once [8, on a GPU 64]")
        verb.add_argument("--patch", type=int, default=96, help="side of the frames in pixels [96]")
        verb.add_argument("--pairs", type=int, default=40_000, help="pairs made, on a CPU [40000]")
        verb.add_argument("--farthest", type=float, default=None, help="output motion in pixels [12, on a GPU 30]")
        verb.add_argument("--rate", type=float, default=None, help=f"learning rate [{Settings.rate:g}]")
        verb.add_argument("--loss", choices=LOSSES, default="painted", help="what is made small [painted]")
        verb.add_argument(
            "--fine",
            action="store_true",
            help=f"train on from finished weights (--start): the full range of motion and noise at once, rate {FINE:g}",
        )
        verb.add_argument(
            "--light", type=float, default=Settings.light, help=f"change of light in a pair [{Settings.light:g}]"
        )
        verb.add_argument("--start", type=Path, help="PATH.onnx of such a network to start from, in place of nothing")
        verb.set_defaults(run=_train, name=name)
    fill = verbs.add_parser("pool", help="make pairs, for others to train on")
    fill.add_argument("path", type=Path)
    fill.add_argument("--pairs", type=int, default=40_000)
    fill.add_argument("--patch", type=int, default=96)
    fill.add_argument("--farthest", type=float, default=12.0)
    fill.add_argument("--parent", type=int, help="end when the process of this number has ended")
    fill.set_defaults(run=_fill)
    look = verbs.add_parser("look", help="write a picture of a batch: rows of a, b and target")
    look.add_argument("path", type=Path, help="a .png file")
    look.add_argument("--patch", type=int, default=96)
    look.set_defaults(run=_look)
    eight = verbs.add_parser("int8", help="write a network again, most of its decoder in 8 bits")
    eight.add_argument("path", type=Path, help="PATH.onnx of the network")
    eight.add_argument("out", type=Path, help="PATH.onnx of the new one")
    eight.set_defaults(run=_eight)
    for verb in verbs.choices.values():
        verb.add_argument("--seed", type=int, default=0, help="everything is drawn from it [0]")
        verb.add_argument("--threads", type=int, default=1, help="cores used [1: one more makes pairs]")
    return parser


def _train(options: argparse.Namespace) -> None:
    if options.fine and options.start is None:
        raise SystemExit("--fine trains on from finished weights: give them with --start PATH.onnx")
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = options.out / f"{options.name}.pt"
    on_gpu = options.device != "cpu"
    net = start(form(options.name), options.seed)
    if options.start is not None:
        weights(net, options.start)
    training = Training(net, LOSSES[options.loss](), _settings(options), device=options.device)
    if checkpoint.exists():
        training.load(checkpoint)
        print(f"going on after {training.minutes:.1f} minutes", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: setattr(training, "stop", True))
    batch = options.batch or (64 if on_gpu else 8)
    with closing(_on_gpu(options, batch, training) if on_gpu else _from_pool(options, batch, training)) as batches:
        _run(training, batches, options, batch, checkpoint)
    if training.stop:
        raise SystemExit(f"stopped after {training.minutes:.1f} minutes; the same command goes on from {checkpoint}")
    net, path = training.mean.cpu(), options.out / f"{options.name}.onnx"
    for file in export(net, path, kind(options.name), margin=MARGIN, calibration=calibration(net)):
        print(file)
    from vmm.plot import curves

    curves(training.history, options.out / f"{options.name}.png")


def _settings(options: argparse.Namespace) -> Settings:
    """How the network is trained, by the options of the command."""
    return Settings(
        options.minutes,
        rate=options.rate or (FINE if options.fine else Settings.rate),
        colour=0.25 if options.loss == "magnet" else 0.0,
        light=options.light,
        fine=options.fine,
    )


def _run(
    training: Training, batches: Iterator[Pairs], options: argparse.Namespace, batch: int, checkpoint: Path
) -> None:
    """Train to the end, or until the process is asked to stop, with lines of progress and checkpoints on the way."""
    batches = itertools.chain([next(batches)], batches)  # what is drawn from is made before the clock starts
    saved = evaluated = training.minutes
    while training.progress < 1 and not training.stop:
        step, minutes = training.step, training.minutes
        loss = training.run(batches, minutes + SHOWN)
        speed = batch * (training.step - step) / (60 * (training.minutes - minutes))
        print(f"{training.minutes:.2f} min, step {training.step}, {speed:.0f} pairs/s, loss {loss:.4f}", flush=True)
        done = training.progress == 1 or training.stop
        if done or training.minutes - saved >= SAVED:
            saved = training.minutes
            training.save(checkpoint)
        if training.progress == 1 or training.minutes - evaluated >= EVERY:
            evaluated = training.minutes
            scores = held_out(training.mean, options.device)
            row = {"minutes": round(training.minutes, 2), "step": training.step, "loss": round(loss, 5), **scores}
            training.history.append(row)
            training.save(checkpoint)
            _write_log(checkpoint.with_suffix(".csv"), training.history)
            print(" ".join(f"{name} {value:.3f}" for name, value in scores.items()), flush=True)


def _on_gpu(options: argparse.Namespace, batch: int, training: Training) -> Generator[Pairs, None, None]:
    """Pairs made where the network is trained; easy ones first."""
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False  # its 10 bits would be multiplied by the factor, up to 100
    side = 2 * (options.patch + 2 * 32) + 64
    processes = os.cpu_count() or 1
    source = bank(1024, 1024, side=side, seed=options.seed, device=options.device, processes=processes)
    farthest, seed = options.farthest or 30.0, options.seed + training.step
    made: dict[tuple[float, float], Iterator[Pairs]] = {}
    while True:
        reach, factor = (round(limit, 0) for limit in training.limits())
        key = min(reach, farthest), min(factor, 100.0)
        if key not in made:
            made = {
                key: pairs(
                    source, batch, Scenes(options.patch, farthest=key[0], factor=key[1]), seed=seed + int(sum(key))
                )
            }
        yield next(made[key])


def _from_pool(options: argparse.Namespace, batch: int, training: Training) -> Generator[Pairs, None, None]:
    """Pairs that another process makes meanwhile."""
    path = options.out / f"pool-{options.patch}"
    pool = Pool(path, size=options.pairs, patch=options.patch)
    maker = None
    if not pool.full:
        farthest = options.farthest or 12.0
        told = [str(path), "--patch", str(options.patch), "--farthest", str(farthest), "--seed", str(options.seed)]
        maker = subprocess.Popen([sys.executable, "-m", "vmm.train", "pool", *told, "--parent", str(os.getpid())])
        while len(pool) < 500 and not training.stop:
            if maker.poll() not in (None, 0):
                raise RuntimeError("the process that makes pairs has stopped")
            print(f"{len(pool)} of the first 500 pairs are made", flush=True)
            time.sleep(10)
    try:
        yield from pool.batches(batch, seed=options.seed + training.step, limits=training.limits)
    finally:
        if maker is not None:
            maker.terminate()


def _fill(options: argparse.Namespace) -> None:
    pool = Pool(options.path, size=options.pairs, patch=options.patch)
    side = max(512, 2 * (options.patch + 2 * int(options.farthest) + 8))
    scenes = Scenes(options.patch, farthest=options.farthest)
    batches = pairs(bank(400, 400, side=side, seed=options.seed), 32, scenes, seed=options.seed + 1 + len(pool))
    pool.fill(itertools.takewhile(lambda _: options.parent in (None, os.getppid()), batches))


def _look(options: argparse.Namespace) -> None:
    import imageio.v3 as iio

    batch = next(pairs(bank(64, 64, seed=options.seed), 24, Scenes(options.patch), seed=options.seed))
    rows = torch.cat([batch.a, batch.b, batch.target], 3)  # (24, 3, P, 3 P)
    sheet = torch.cat([torch.cat(list(rows[i : i + 8]), 1) for i in range(0, 24, 8)], 2)
    iio.imwrite(options.path, sheet.permute(1, 2, 0).numpy())


def _eight(options: argparse.Namespace) -> None:
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
