"""One loop for all networks."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vmm.train.networks.blocks import Residual
from vmm.train.optimizer import optimizer
from vmm.train.pairs import Pairs


def magnified(net: Any, sample: Sample) -> Tensor:
    """What a network makes of a batch. What comes after the difference of encodings may be computed in 16 bits."""
    if net.pair:
        texture, shape_a, shape_b = net.encode(sample.a, sample.b)
    else:
        (_, shape_a), (texture, shape_b) = net.encode(sample.a), net.encode(sample.b)
    shape = net.manipulate(shape_a, shape_b, sample.factor)
    with torch.autocast(sample.a.device.type, torch.bfloat16):
        return net.decode(texture, shape).float()


Loss = Callable[[Any, "Sample", float], Tensor]


@dataclass
class Sample:
    """A batch as a network sees it: frames (B, 3, P, P) in [-1, 1], factor (B, 1, 1, 1).

    ``a`` and ``b`` hold noise and other colours; ``clean_a`` and ``clean_b`` do not.
    """

    a: Tensor
    b: Tensor
    target: Tensor
    factor: Tensor
    clean_a: Tensor
    clean_b: Tensor


@dataclass(frozen=True)
class Settings:
    """How a network is trained.

    Attributes
    ----------
    minutes
        How long, over all sessions together.
    rate
        Largest learning rate; it rises within a fiftieth of the time and falls as a cosine.
    noise
        Largest standard deviation of noise in the frames, in grey levels at middle grey, drawn for each pair; half of
        the pairs have white noise, the others shot noise.
    colour
        Largest change of each colour of frame b and of the target together, of 2.
    light
        Largest relative change of light between the frames: frame b and the target are multiplied by one factor in
        1 - light to 1 + light, and by slow patches half as strong. A network that has not seen this takes a change
        of light for motion.
    fine
        True to train on from finished weights: the full range of motion and noise from the first step on, and the
        losses in their final form.
    easy
        Most that things move from a to the target at first, in pixels, and the largest factor then: both grow beyond
        any bound within the first two fifths of the time, and noise grows from nothing.
    decay
        Of the running mean of the weights, which is what is kept.
    """

    minutes: float
    rate: float = 1e-3
    noise: float = 4.0
    colour: float = 0.0
    light: float = 0.06
    fine: bool = False
    easy: tuple[float, float] = (2.5, 20.0)
    decay: float = 0.998


def start(net: Any, seed: int = 0) -> Any:
    """Give a network weights to start from: as loud after every layer as before it, residual blocks faint.

    ``net.ease()`` then lets the change between the frames speak louder than the frames, and the last layer be silent.
    Else what a fresh network paints from the frames is noise, which it unlearns by falling silent for good.
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
    """Frames in [-1, 1] with noise of so many grey levels, all white, or where asked shot noise."""
    deviation = torch.where(shot, (frames + 1).clamp(min=0).sqrt(), 1.0) * level / 127.5
    return frames + deviation * torch.randn_like(frames)


class Training:
    """A network while it is trained; ``save`` and ``load`` take up where it stopped."""

    def __init__(self, net: Any, loss: Loss, settings: Settings, *, device: str = "cpu") -> None:
        self.net = net.to(device)
        self.loss, self.settings, self.device = loss, settings, device
        self.mean = copy.deepcopy(self.net).eval().requires_grad_(False)
        self.optimizer = optimizer(self.net, settings.rate)
        self._averaged, self._averages_of = list(self.mean.parameters()), list(self.net.parameters())
        self.stop = False
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.step, self.minutes, self.history = 0, 0.0, []  # type: ignore[var-annotated]

    @property
    def progress(self) -> float:
        """Share of the time that has passed."""
        return min(1.0, self.minutes / self.settings.minutes)

    def limits(self) -> tuple[float, float]:
        """How far things may move from a to the target now, in pixels, and the largest factor."""
        reach, factor = (easy * 20**self.ramp for easy in self.settings.easy)
        return reach, factor

    @property
    def ramp(self) -> float:
        """From 0 to 1 within the first two fifths of the time; 1 throughout for fine training."""
        return 1.0 if self.settings.fine else min(1.0, 2.5 * self.progress)

    def run(self, batches: Iterator[Pairs], until: float) -> float:
        """Train until this many minutes have passed in all, or ``stop`` is set; the mean loss."""
        total, steps = torch.zeros((), device=self.device), 0
        while self.minutes < min(until, self.settings.minutes) and not self.stop:
            began = time.monotonic()
            total, steps = total + self._step(self._sample(next(batches))), steps + 1
            self.minutes += (time.monotonic() - began) / 60
        return float(total) / max(steps, 1)

    def _step(self, sample: Sample) -> Tensor:
        warm = min(1.0, 50 * self.progress + 1e-3)
        share = warm * (0.01 + 0.99 * (1 + math.cos(math.pi * self.progress)) / 2)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * share
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.net, sample, 1.0 if self.settings.fine else self.progress)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 0.3)
        self.optimizer.step()
        self.step += 1
        decay = min(self.settings.decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self._averaged, self._averages_of, 1 - decay)
        return loss.detach()

    def _sample(self, batch: Pairs) -> Sample:
        """Frames in [-1, 1], with noise and colours as they may come."""
        batch = Pairs(*(part.to(self.device, non_blocking=True) for part in batch))
        a, b, target = (x.float().div_(127.5).sub_(1).contiguous(memory_format=torch.channels_last) for x in batch[:3])
        factor = batch.factor[:, None, None, None]
        lit_b, lit_target = self._lit(b, target)
        level = self.ramp * self.settings.noise * torch.rand_like(factor) * (torch.rand_like(factor) < 0.75)
        other = self.settings.colour * (2 * torch.rand(len(a), 3, 1, 1, device=a.device) - 1)
        shot = torch.rand_like(factor) < 0.5
        seen_a, seen_b = (_noisy(x, level, shot) for x in (a, lit_b + other))
        return Sample(seen_a, seen_b, lit_target + other, factor, a, lit_b)

    def _lit(self, b: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Frame b and the target in another light than frame a, which is drawn for three pairs of four."""
        n, light = len(b), self.settings.light
        if light == 0:
            return b, target
        even = 2 * torch.rand(n, 1, 1, 1, device=b.device) - 1
        patches = 2 * torch.rand(n, 3, 3, 3, device=b.device) - 1
        slow = F.interpolate(patches, size=b.shape[-2:], mode="bicubic", align_corners=True)
        gain = light * (even + 0.5 * slow) * (torch.rand(n, 1, 1, 1, device=b.device) < 0.75)
        return b + gain * (b + 1), target + gain * (target + 1)

    def save(self, path: str | Path) -> None:
        """Write everything to a file, whole or not at all."""
        state = {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "minutes": self.minutes,
            "history": self.history,
        }
        part = Path(f"{path}.part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: str | Path) -> None:
        """Take up what was saved."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.minutes, self.history = state["step"], state["minutes"], state["history"]
