"""``python -m vmm.train``: generate pairs, train a network, export it as ONNX graphs, and quantize it."""

from __future__ import annotations

import argparse
import csv
import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import torch

from vmm.io.drafts import draft
from vmm.train.architectures import ARCHITECTURES, MARGIN, MAX_FACTORS, architecture, kind
from vmm.train.calibrate import calibration
from vmm.train.evaluate import held_out
from vmm.train.export import check_exporter, export
from vmm.train.loop import Loss, Settings, Training, start
from vmm.train.losses import LOSSES
from vmm.train.networks import count, operations
from vmm.train.pairs import Pairs, Scenes
from vmm.train.processes import at_termination
from vmm.train.refine import add_command
from vmm.train.removal import removable, removing, shares, without_removed
from vmm.train.restore import weights
from vmm.train.sources import add_commands, dataset_batches, generated_batches, positive
from vmm.train.widen import widen

EVALUATION_MINUTES = 10.0
"""Time between two evaluations on held-out photographs, in minutes; a shorter time costs training time."""

CHECKPOINT_MINUTES = 1.0
"""Time between two checkpoints, in minutes: at most this much training is lost if the machine stops."""

PROGRESS_MINUTES = 1 / 6
"""Time between two lines of progress, in minutes."""

FINE_RATE = 3e-4
"""Peak learning rate of ``--fine``; at the rate for new networks, a trained network loses part of its accuracy."""

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
        _add_options(verb)
        verb.set_defaults(run=_train, name=name)
    remove = verbs.add_parser("remove", help="learn which activations and residual blocks of a network can be removed")
    remove.add_argument("name", choices=ARCHITECTURES, help="network")
    remove.add_argument("--weight", type=positive, default=0.1, help="weight of the penalty on remaining blocks [0.1]")
    _add_options(remove)
    remove.set_defaults(run=_remove)
    add_command(verbs)
    add_commands(verbs)
    int8 = verbs.add_parser("int8", help="quantize most of the decoder of a network to 8 bits")
    int8.add_argument("path", type=Path, help="PATH.onnx of the network")
    int8.add_argument("out", type=Path, help="PATH.onnx of the quantized network")
    int8.set_defaults(run=_quantize)
    for verb in verbs.choices.values():
        verb.add_argument("--seed", type=int, default=0, help="seed of the random generators [0]")
        verb.add_argument("--threads", type=int, default=1, help="number of threads of the training process [1]")
    return parser


def _add_options(verb: argparse.ArgumentParser) -> None:
    """Add the options of a training."""
    verb.add_argument("--minutes", type=positive, default=150, help="total training time in minutes [150]")
    verb.add_argument("--out", type=Path, default=Path("trained"), help="folder for checkpoint and log [trained]")
    verb.add_argument("--device", default="cpu", help="PyTorch device: cpu or cuda [cpu]")
    verb.add_argument("--batch", type=int, default=None, help="pairs per batch [8; 64 on a GPU]")
    verb.add_argument("--patch", type=int, default=96, help="side of the training frames in pixels [96]")
    verb.add_argument("--pairs", type=int, default=40_000, help="size of the data set on a CPU [40000]")
    verb.add_argument("--max-output", type=positive, help="largest output motion in pixels [12; 30 on a GPU]")
    rates = f"{Settings.rate:g}; {FINE_RATE:g} with --fine"
    factor = MAX_FACTORS.get(verb.prog.split()[-1], Scenes.max_factor)
    verb.add_argument("--max-factor", type=positive, default=factor, help=f"largest total factor [{factor:g}]")
    verb.add_argument("--rate", type=positive, help=f"peak learning rate [{rates}]")
    verb.add_argument("--loss", choices=LOSSES, default="painted", help="loss function [painted]")
    proxy = "PATH.onnx of a network of the same size, trained with --noise 0, for the term L_M of --loss lightweight"
    verb.add_argument("--proxy", type=Path, help=f"{proxy}; without it this term is left out")
    noise = f"largest standard deviation of the noise in gray levels [{Settings.noise:g}]"
    verb.add_argument("--noise", type=float, default=Settings.noise, help=noise)
    light = "largest relative change of light between the frames of a pair"
    verb.add_argument("--light", type=float, help=f"{light} [{Settings.light:g}; 0 with --loss flowmag]")
    fine = "continue the training of existing weights, with the full range of motion and noise from the start"
    verb.add_argument("--fine", action="store_true", help=fine)
    initial = verb.add_mutually_exclusive_group()
    initial.add_argument("--start", type=Path, help="PATH.onnx of a network with the initial weights")
    narrow = "PATH.onnx of a network of the light size, for lightweight-base, which then computes the same at first"
    initial.add_argument("--widen", type=Path, help=narrow)
    textures = "file of textures for a GPU, which trainings can share; it is generated if it does not exist"
    verb.add_argument("--textures", type=Path, help=textures)


def _train(options: argparse.Namespace) -> None:
    _check(options)
    checkpoint = options.out / f"{options.name}.pt"
    training = _trained(_initial(options), _loss(options), options, checkpoint)
    if training.step:
        _export(training, options)
    _end(training, checkpoint)


def _remove(options: argparse.Namespace) -> None:
    """Learn which blocks can be removed; write them as a table, and export the network without them."""
    _check(options)
    checkpoint = options.out / f"{options.name}-removal.pt"
    training = _trained(removable(_initial(options)), removing(_loss(options), options.weight), options, checkpoint)
    rows = [{"block": block, "removed": round(share, 3)} for block, share in shares(training.mean).items()]
    for row in rows:
        print(f"{row['removed']:5.3f} {row['block']}")
    _write_log(options.out / f"{options.name}-blocks.csv", rows)
    smaller, whole = without_removed(training.mean), _initial(options)
    billions = [sum(operations(net, 384, 384, cached=True)) / 1e9 for net in (smaller, whole)]
    print(f"{count(smaller)} of {count(whole)} parameters remain, and {billions[0]:.2f} of {billions[1]:.2f} billion")
    print("operations for a frame of 384x384; similarity without the removed blocks and before the training:")
    for net in (smaller, whole):
        print(_line(held_out(net.to(options.device), options.device)), flush=True)
    for file in export(smaller, options.out / f"{options.name}-removed.onnx", kind(options.name), margin=MARGIN):
        print(file, flush=True)
    _end(training, checkpoint)


def _trained(net: Any, loss: Loss, options: argparse.Namespace, checkpoint: Path) -> Training:
    """Train a network from the beginning, or from its checkpoint, until the time is over or the process is ended."""
    options.out.mkdir(parents=True, exist_ok=True)
    training = Training(net, loss, _settings(options), device=options.device)
    if checkpoint.exists():
        training.load(checkpoint)
        print(f"continuing after {training.minutes:.1f} minutes", flush=True)
    if training.progress < 1:
        _fit(training, options, checkpoint)
    return training


def _end(training: Training, checkpoint: Path) -> None:
    """End the process with a message if the training was stopped before its end."""
    if training.stop:
        raise SystemExit(f"stopped after {training.minutes:.1f} minutes; the same command continues from {checkpoint}")


def _initial(options: argparse.Namespace) -> Any:
    """The network with its initial weights."""
    net = start(architecture(options.name), options.seed)
    if options.start is not None:
        return weights(net, options.start)
    if options.widen is None:
        return net
    return widen(weights(architecture("lightweight-light"), options.widen), net, seed=options.seed)


def _export(training: Training, options: argparse.Namespace) -> None:
    """Write the graphs of the network, with their calibration, and the curves of the evaluations, if there are any."""
    print("measuring the calibration", flush=True)
    path, table = options.out / f"{options.name}.onnx", calibration(training.mean, device=options.device)
    for file in export(training.mean, path, kind(options.name), margin=MARGIN, calibration=table):
        print(file, flush=True)
    if training.history:
        from vmm.plot import curves

        curves(training.history, options.out / f"{options.name}.png")


def _check(options: argparse.Namespace) -> None:
    """End the process with a message if options contradict each other, or the result could not be exported."""
    if options.fine and options.start is None and options.widen is None:
        raise SystemExit("--fine continues the training of existing weights: name them with --start PATH.onnx")
    if options.widen is not None and options.name != "lightweight-base":
        raise SystemExit(f"--widen starts lightweight-base, not {options.name}: use --start PATH.onnx")
    if options.loss in OF_KIND and options.loss != kind(options.name):
        raise SystemExit(
            f"--loss {options.loss} uses the texture and shape of a network of its own kind, which {options.name} is "
            "not: choose --loss painted or --loss flowmag"
        )
    if options.proxy is not None and options.loss != "lightweight":
        raise SystemExit("--proxy belongs to --loss lightweight; no other loss uses a proxy")
    try:
        check_exporter()
    except ImportError as error:
        raise SystemExit(str(error)) from None


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
    source = generated_batches if on_gpu else dataset_batches
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
    print("computing the similarity on photographs that are not used for training", flush=True)
    scores = held_out(training.mean, device)
    row = {"minutes": round(training.minutes, 2), "step": training.step, "loss": round(loss, 5), **scores}
    training.history.append(row)
    training.save(checkpoint)
    _write_log(checkpoint.with_suffix(".csv"), training.history)
    print(_line(scores), flush=True)


def _line(scores: dict[str, float]) -> str:
    """Scores by name in one line."""
    return " ".join(f"{name} {value:.3f}" for name, value in scores.items())


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
