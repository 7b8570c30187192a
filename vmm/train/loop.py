"""The training loop, which is the same for all networks."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vmm.io.drafts import draft
from vmm.train.light import relit
from vmm.train.networks.blocks import Residual
from vmm.train.optimizer import Muon, optimizer
from vmm.train.pairs import Pairs


def magnified(net: Any, sample: Sample) -> Tensor:
    """Output of a network for a batch.

    The encodings and their difference are computed in single precision, for half precision would lose displacements of
    a hundredth of a pixel; the decoder runs in bfloat16.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``.
    sample
        The batch.

    Returns
    -------
    Tensor
        Magnified frames (B, 3, P, P), float32.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.loop import Sample, magnified
    >>> from vmm.train.networks import RealTime
    >>> frames = torch.zeros(1, 3, 32, 32)
    >>> magnified(RealTime(4, 1), Sample(frames, frames, frames, torch.ones(1, 1, 1, 1), frames, frames)).shape
    torch.Size([1, 3, 32, 32])
    """
    if net.pair:
        texture, shape_a, shape_b = net.encode(sample.a, sample.b)
    else:
        (_, shape_a), (texture, shape_b) = net.encode(sample.a), net.encode(sample.b)
    shape = net.manipulate(shape_a, shape_b, sample.factor)
    with torch.autocast(sample.a.device.type, torch.bfloat16):
        return net.decode(texture, shape).float()


Loss = Callable[[Any, "Sample", float], Tensor]
"""A loss: ``loss(net, sample, progress)`` returns a scalar; `progress` is the elapsed fraction of the training time."""


@dataclass
class Sample:
    """A batch as the input of a network, with frames (B, 3, P, P) in [-1, 1].

    Attributes
    ----------
    a
        Reference frames, with noise and another light.
    b
        Frames with motion, with noise and an offset of the color channels.
    target
        Ground truth, with the light of b and the same offset of the color channels.
    factor
        Total factors (B, 1, 1, 1), or maps (B, 1, P, P).
    clean_a
        Frames a without noise.
    clean_b
        Frames b without noise and without the offset.
    """

    a: Tensor
    b: Tensor
    target: Tensor
    factor: Tensor
    clean_a: Tensor
    clean_b: Tensor


@dataclass(frozen=True)
class Settings:
    """Settings of the training.

    Attributes
    ----------
    minutes
        Total training time in minutes, over all runs.
    rate
        Peak learning rate. It increases linearly during the first 2 % of the time and then decreases as a cosine.
    noise
        Largest standard deviation of the noise in the frames, in gray levels at mid-gray. The noise level is drawn for
        each pair; half of the pairs have white noise, the others shot noise.
    color
        Largest offset of each color channel of frame b and the target, for values in [-1, 1].
    light
        Largest relative change of light between frames a and b, as in ``vmm.train.light.relit``. With 0 the light does
        not change. A network that is trained without changes of light magnifies them as if they were motion.
    fine
        If True, training continues from trained weights: the full range of displacements and of noise and the final
        form of the loss are used from the first step on, without a curriculum.
    easy
        Initial bounds of the curriculum: the largest displacement from a to the target in pixels, and the largest total
        factor. Both grow 20-fold within the first 40 % of the time; the noise grows from 0.
    decay
        Decay of the exponential moving average of the weights, in [0, 1). The average is the result of the training.
    """

    minutes: float
    rate: float = 1e-3
    noise: float = 4.0
    color: float = 0.0
    light: float = 0.1
    fine: bool = False
    easy: tuple[float, float] = (2.5, 20.0)
    decay: float = 0.998


def start(net: Any, seed: int = 0) -> Any:
    """Initialize the weights of a network, in place.

    Kernels are initialized such that layers preserve the variance (Kaiming initialization), with small residual
    branches. ``net.ease()`` then amplifies the difference between the frames relative to the frames themselves and sets
    the last layer to zero. Without it the initial output is noise, and training suppresses the output permanently.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``.
    seed
        Seed of the random generator.

    Returns
    -------
    net
        The network that was passed, in the channels-last memory format.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.loop import start
    >>> from vmm.train.networks import RealTime
    >>> frames, ones = torch.rand(1, 3, 32, 32), torch.ones(1, 1, 1, 1)
    >>> torch.equal(start(RealTime(4, 1, skip=True))(frames, frames, ones), frames)
    True
    """
    torch.manual_seed(seed)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                if module.bias is not None:
                    module.bias.zero_()
        for module in net.modules():
            if isinstance(module, Residual):
                module.c2.weight.mul_(0.2)
        net.ease()
    return net.to(memory_format=torch.channels_last)


def _noisy(frames: Tensor, level: Tensor, shot: Tensor) -> Tensor:
    """Frames in [-1, 1] with noise of standard deviation `level` in gray levels: shot noise if `shot`, else white."""
    deviation = torch.where(shot, (frames + 1).clamp(min=0).sqrt(), 1.0) * level / 127.5
    return frames + deviation * torch.randn_like(frames)


class Training:
    """The state of a training. ``save`` writes a checkpoint, and ``load`` continues from one.

    Parameters
    ----------
    net
        The network, which is trained in place.
    loss
        The loss, such as ``LOSSES["painted"]()``.
    settings
        Settings of the training.
    device
        PyTorch device.

    Attributes
    ----------
    mean
        The network with the exponential moving average of the weights: the result of the training.
    step
        Number of steps so far.
    minutes
        Training time so far, in minutes.
    history
        One dict of figures for each evaluation.
    stop
        Set it to True, for example in a signal handler, to end ``run`` after the current step.

    Examples
    --------
    >>> from vmm.train.loop import Settings, Training, start
    >>> from vmm.train.losses import LOSSES
    >>> from vmm.train.networks import RealTime
    >>> training = Training(start(RealTime(4, 1)), LOSSES["painted"](), Settings(minutes=10))
    >>> training.step, training.progress, training.limits()
    (0, 0.0, (2.5, 20.0))
    """

    def __init__(self, net: Any, loss: Loss, settings: Settings, *, device: str = "cpu") -> None:
        self.net: Any = net.to(device)
        self.loss: Loss = loss
        self.settings: Settings = settings
        self.device: str = device
        self.mean: Any = copy.deepcopy(self.net).eval().requires_grad_(False)
        self.optimizer: Muon = optimizer(self.net, settings.rate)
        self.averages: list[Any] = list(self.mean.parameters())
        self.weights: list[Any] = list(self.net.parameters())
        self.stop = False
        self.rates: list[Any] = [group["lr"] for group in self.optimizer.param_groups]
        self.step: int = 0
        self.minutes: float = 0.0
        self.history: list[dict[str, float]] = []
        self.memory_format: Any = torch.channels_last

    @property
    def progress(self) -> float:
        """Elapsed fraction of the training time, in [0, 1]."""
        return min(1.0, self.minutes / self.settings.minutes)

    def limits(self) -> tuple[float, float]:
        """Current bounds of the curriculum: displacement from a to the target in pixels, and total factor."""
        reach, factor = (easy * 20**self.ramp for easy in self.settings.easy)
        return reach, factor

    @property
    def ramp(self) -> float:
        """Progress of the curriculum: from 0 to 1 within the first 40 % of the time; always 1 for fine training."""
        return 1.0 if self.settings.fine else min(1.0, 2.5 * self.progress)

    def tune(self, batch: Pairs) -> dict[str, float]:
        """Choose the faster memory format for the layers in single precision, before the first step on a GPU.

        The time in seconds of the loss and its gradients is returned for each format.
        """
        times = {}
        for memory_format in (torch.channels_last, torch.contiguous_format):
            self._arrange(memory_format)
            for _ in range(2):  # In the first round cuDNN chooses its algorithms.
                began = time.monotonic()
                for _ in range(3):
                    loss = self.loss(self.net, self._sample(batch), 1.0)
                    loss.backward()
                loss.item()  # A GPU has finished when this value arrives.
                times[memory_format] = (time.monotonic() - began) / 3
        self.net.zero_grad(set_to_none=True)
        self._arrange(min(times, key=times.__getitem__))
        return {str(memory_format).removeprefix("torch."): seconds for memory_format, seconds in times.items()}

    def _arrange(self, memory_format: Any) -> None:
        """Store the weights of all layers before the decoder in a memory format, and use it for the frames, too."""
        self.memory_format = memory_format
        for net in (self.net, self.mean):
            for name in net.single_precision:
                getattr(net, name).to(memory_format=memory_format)

    def run(self, batches: Iterator[Pairs], until: float) -> float:
        """Train until the total time is `until` minutes, or `stop` is set; return the mean loss."""
        began, total, steps = time.monotonic() - 60 * self.minutes, torch.zeros((), device=self.device), 0
        while self.minutes < min(until, self.settings.minutes) and not self.stop:
            total, steps = total + self._step(self._sample(next(batches))), steps + 1
            self.minutes = (time.monotonic() - began) / 60
        mean = float(total) / max(steps, 1)  # A GPU has finished all steps when this value arrives.
        self.minutes = (time.monotonic() - began) / 60 if steps else self.minutes
        return mean

    def _step(self, sample: Sample) -> Tensor:
        warmup = min(1.0, 50 * self.progress + 1e-3)
        scale = warmup * (0.01 + 0.99 * (1 + math.cos(math.pi * self.progress)) / 2)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * scale
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.net, sample, 1.0 if self.settings.fine else self.progress)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 0.3)
        self.optimizer.step()
        self.step += 1
        decay = min(self.settings.decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.averages, self.weights, 1 - decay)
        return loss.detach()  # To read the value in each step would make a GPU wait.

    def _sample(self, batch: Pairs) -> Sample:
        """Convert a batch to frames in [-1, 1], and add random noise, offsets and changes of light."""
        batch = Pairs(*(part.to(self.device, non_blocking=True) for part in batch))
        a, b, target = (x.float().div_(127.5).sub_(1).contiguous(memory_format=self.memory_format) for x in batch[:3])
        factor = batch.factor[:, None, None, None]
        a = relit(a, self.settings.light)
        level = self.ramp * self.settings.noise * torch.rand_like(factor) * (torch.rand_like(factor) < 0.75)
        offset = self.settings.color * (2 * torch.rand(len(a), 3, 1, 1, device=a.device) - 1)
        shot = torch.rand_like(factor) < 0.5
        noisy_a, noisy_b = (_noisy(x, level, shot) for x in (a, b + offset))
        return Sample(noisy_a, noisy_b, target + offset, factor, a, b)

    def save(self, path: str | Path) -> None:
        """Write a checkpoint. An interrupted write does not damage an existing file."""
        state = {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "minutes": self.minutes,
            "history": self.history,
        }
        with draft(Path(path), overwrite=True) as temporary:
            torch.save(state, temporary)

    def load(self, path: str | Path) -> None:
        """Continue from a checkpoint."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.minutes, self.history = state["step"], state["minutes"], state["history"]
