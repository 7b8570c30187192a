"""Training of the network that refines displacements, on scenes whose displacement is known."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vmm.backend.threads import cores
from vmm.motion._evidence import COLORS, PLANES
from vmm.train.export import check_exporter, export_part
from vmm.train.loop import Settings, Training
from vmm.train.networks.refiner import Refiner
from vmm.train.processes import at_termination
from vmm.train.samples import Samples

NAME = "refiner"
"""Name of the network and of its files."""

FIRST = 1200
"""Number of samples with which the training begins; the others are added during the training."""

HELD_OUT = 256
"""Number of samples that are not used for training but for the validation."""

BORDER = 8
"""Border in px of a crop that does not count: the network pads with zeros there, in place of the rest of the frame."""

EDGE_SPAN = 13
"""Side in px of the window in which the range of the true displacement shows whether an edge is near."""

EDGE_WEIGHT = 3.0
"""Additional weight of pixels near an edge of the displacement."""

GRADIENT_WEIGHT = 0.15
"""Weight of the error of the displacement's gradient, which keeps areas smooth and edges sharp."""

SATURATION = 0.3
"""Error, in units of the displacement, at which the loss bends: pixels on the wrong side of an edge count less."""

CHECKPOINT_MINUTES = 1.0
"""Time between two checkpoints, in minutes."""

PROGRESS_MINUTES = 1 / 6
"""Time between two lines of progress, in minutes."""


class _Terms(NamedTuple):
    """Losses of a batch: the mean over the samples relative to their difficulty, and plain means."""

    total: Tensor
    refined: Tensor
    classical: Tensor


def _terms(net: Any, samples: Tensor) -> _Terms:
    """Losses of the refined displacement and of the classical one."""
    planes, truth = samples[:, :PLANES], samples[:, PLANES:]
    with torch.autocast(planes.device.type, torch.bfloat16, enabled=planes.is_cuda):
        change = net.change(planes)
    refined = planes[:, :2] + change * net.bound(planes)
    unit = truth.square().sum(1).amax((1, 2)).sqrt().clamp(min=1)[:, None, None]
    weight = _weights(planes, truth)
    errors = [_weighted(_error(x, truth) / unit, weight) for x in (refined, planes[:, :2])]
    slopes = sum((refined - truth).diff(dim=axis).abs().sum(1).mean((1, 2)) for axis in (-1, -2)) / unit[:, 0, 0]
    difficulty = 1 / (errors[1] + 0.08)
    total = (errors[0] * difficulty / difficulty.mean()).mean() + GRADIENT_WEIGHT * slopes.mean()
    return _Terms(total, errors[0].mean().detach(), errors[1].mean().detach())


def _error(x: Tensor, y: Tensor) -> Tensor:
    """Length (B, H, W) of the difference of two displacements."""
    return ((x - y).square().sum(1) + 1e-4).sqrt()


def _weighted(error: Tensor, weight: Tensor) -> Tensor:
    """Mean (B,) over the pixels of an error that saturates, without the border."""
    inside = (..., slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    return ((error / (error + SATURATION) + 0.2 * error) * weight)[inside].mean((1, 2))


def _weights(planes: Tensor, truth: Tensor) -> Tensor:
    """Weight (B, H, W) of each pixel: that of texture, where an error is visible, and of edges of the displacement."""
    colors = planes[:, COLORS:]
    mean, square = (F.avg_pool2d(x, 5, 1, 2, count_include_pad=False) for x in (colors, colors * colors))
    contrast = (square - mean * mean).clamp(min=0).sqrt().mean(1)
    largest, smallest = (F.max_pool2d(x, EDGE_SPAN, 1, EDGE_SPAN // 2) for x in (truth, -truth))
    near = (largest + smallest).sum(1) > 0.15 * truth.abs().amax((1, 2, 3)).clamp(min=0.3)[:, None, None]
    weight = (0.2 + contrast / (contrast + 0.1)) * (1 + EDGE_WEIGHT * near)
    return weight / weight.mean()


def loss(net: Any, samples: Tensor, progress: float) -> Tensor:
    """Loss of a network for samples (B, 28, P, P); it does not depend on the progress.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.refiner import Refiner
    >>> from vmm.train.refine import loss
    >>> loss(Refiner(), torch.zeros(1, 28, 32, 32), 0.0).ndim
    0
    """
    return _terms(net, samples).total


class _Refinement(Training):
    """Training on samples that are on the device already, by Adam.

    The last layer begins with zeros and has two channels: Adam, unlike Muon, scales its steps to its small gradients.
    """

    def __init__(self, net: Any, loss: Any, settings: Settings, *, device: str = "cpu") -> None:
        super().__init__(net, loss, settings, device=device)
        self.optimizer: Any = torch.optim.Adam(self.weights, settings.rate, betas=(0.9, 0.99))
        self.rates = [settings.rate]

    def _sample(self, batch: Any) -> Any:
        return batch


def initial(seed: int = 0) -> Refiner:
    """A network with initial weights, which leaves displacements as they are.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.refine import initial
    >>> planes = torch.rand(1, 26, 16, 16)
    >>> torch.equal(initial()(planes), planes[:, :2])
    True
    """
    torch.manual_seed(seed)
    net = Refiner()
    with torch.no_grad():
        for name, module in net.named_modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                module.weight.mul_(0.2 if name.endswith("c2") else 1.0)
                torch.nn.init.zeros_(module.bias)
        net.head.weight.zero_()
    return net.to(memory_format=torch.channels_last)


def add_command(verbs: Any) -> None:
    """Add the command ``refiner`` to the verbs of ``python -m vmm.train``."""
    verb = verbs.add_parser(NAME, help="train the network that refines displacements, or continue from its checkpoint")
    verb.add_argument("--minutes", type=float, default=150, help="total training time in minutes [150]")
    verb.add_argument("--out", type=Path, default=Path("trained"), help="folder for checkpoint and network [trained]")
    verb.add_argument("--device", default="cpu", help="PyTorch device: cpu or cuda [cpu]")
    verb.add_argument("--batch", type=int, help="crops per batch [8; 128 on a GPU]")
    verb.add_argument("--crop", type=int, default=96, help="side of the crops in pixels, a multiple of 4 [96]")
    verb.add_argument("--pairs", type=int, default=10_000, help="number of scenes [10000]")
    verb.add_argument("--textures", type=int, default=512, help="number of textures and of mattes [512]")
    verb.add_argument("--rate", type=float, default=2e-3, help="peak learning rate [0.002]")
    verb.set_defaults(run=_train, name=NAME)


def _train(options: argparse.Namespace) -> None:
    try:
        check_exporter()
    except ImportError as error:
        raise SystemExit(str(error)) from None
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = options.out / f"{NAME}.pt"
    settings = Settings(options.minutes, rate=options.rate, decay=0.999)
    training = _Refinement(initial(options.seed), loss, settings, device=options.device)
    if checkpoint.exists():
        training.load(checkpoint)
        print(f"continuing after {training.minutes:.1f} minutes", flush=True)
    if training.progress < 1:
        with at_termination(lambda: setattr(training, "stop", True)):
            _fit(training, options, checkpoint)
    net = training.mean.cpu()
    planes = torch.rand(1, PLANES, 64, 96)
    print(export_part(net, options.out / f"{NAME}.onnx", NAME, (planes,)), flush=True)


def _fit(training: Training, options: argparse.Namespace, checkpoint: Path) -> None:
    """Train to the end, or until the process is terminated; print progress and write checkpoints meanwhile."""
    torch.backends.cudnn.benchmark = True
    batch = options.batch or (8 if options.device == "cpu" else 128)
    first, held_out = min(FIRST, options.pairs), min(HELD_OUT, options.pairs)
    samples = Samples(options.pairs, options.seed, options.device, max(cores() - 1, 1), options.textures)
    with samples.running(held_out):
        while samples.count < first and not training.stop:
            samples.add(wait=True)
        print(f"{samples.count} samples are ready", flush=True)
        batches = samples.batches(batch, options.crop, options.seed + training.step)
        saved = training.minutes
        while training.progress < 1 and not training.stop:
            step, minutes = training.step, training.minutes
            mean = training.run(batches, minutes + PROGRESS_MINUTES)
            speed = batch * (training.step - step) / (60 * max(training.minutes - minutes, 1e-6))
            relative = _relative_error(training.mean, samples.validation)
            numbers = f"{speed:.0f} crops/s, {samples.count} scenes, loss {mean:.4f}, error {relative:.3f}"
            print(f"{training.minutes:.2f} min, step {training.step}, {numbers} of the classical one", flush=True)
            if training.progress == 1 or training.minutes - saved >= CHECKPOINT_MINUTES:
                saved = training.minutes
                training.save(checkpoint)
        training.save(checkpoint)


def _relative_error(net: Any, samples: Tensor) -> float:
    """Loss of a network over that of the displacements that it refines."""
    with torch.no_grad():
        terms = [_terms(net, part.permute(0, 3, 1, 2).float()) for part in samples.split(32)]
    return float(sum(term.refined for term in terms) / sum(term.classical for term in terms))
