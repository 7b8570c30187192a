"""Samples for the network that refines displacements, which other processes make during the training."""

from __future__ import annotations

import multiprocessing
import queue
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vmm.backend.threads import set_threads
from vmm.engine.displaced import color_planes
from vmm.motion._coarse_to_fine import frame_levels, min_noise, pair_displacement
from vmm.motion._evidence import COLORS, DIRECTION, PLANES, VECTORS, evidence
from vmm.train.scenes import FINE, PATCH, MotionPair, motion_pair
from vmm.train.textures import texture_bank

CHANNELS = PLANES + 2
"""Number of channels of a sample: the planes of the evidence, and the true displacement."""


def sample(pair: MotionPair) -> np.ndarray:
    """Evidence of a pair of frames and its true displacement, in the same units.

    Parameters
    ----------
    pair
        Two frames and the displacement between them.

    Returns
    -------
    ndarray
        Array (160, 160, 28) of float16: the planes of the evidence, and the displacement down and right.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.train.samples import sample
    >>> from vmm.train.scenes import MotionPair
    >>> frames = np.random.default_rng(0).integers(0, 255, (2, 160, 160, 3), np.uint8)
    >>> sample(MotionPair(*frames, np.zeros((2, 160, 160)))).shape
    (160, 160, 28)
    """
    colors = color_planes(pair.a[None]), color_planes(pair.b[None])
    levels = frame_levels(colors[0]), frame_levels(colors[1])
    smallest = min_noise(levels[0].luma, True)
    data = evidence(levels, colors, pair_displacement(*levels, smallest), smallest)
    truth = (pair.displacement - data.rest) / data.scale
    return np.moveaxis(np.concatenate([data.planes, truth]), 0, -1).astype(np.float16)


def _textures(folder: Path, seed: int, number: int, processes: int) -> None:
    """Write a bank of textures and mattes, which all processes read."""
    bank = texture_bank(number, number, side=FINE + 40, seed=seed, processes=processes)
    for name, values in bank._asdict().items():
        np.save(folder / f"{name}.npy", values.numpy())


@cache
def _bank(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    return np.load(folder / "textures.npy", mmap_mode="r"), np.load(folder / "mattes.npy", mmap_mode="r")


def _job(job: tuple[Path, int, int]) -> np.ndarray:
    """One sample, from a generator of its own, so that any process can make it."""
    folder, seed, index = job
    result = sample(motion_pair(np.random.default_rng([seed, index]), *_bank(folder)))
    if not np.isfinite(result).all():
        raise FloatingPointError(f"scene {index} of seed {seed} has values that are not finite")
    return result


def _compile() -> None:
    """Compile the kernels before other processes need them, so that they are compiled once."""
    noise = np.random.default_rng(0)
    textures = noise.integers(0, 255, (1, 3, FINE, FINE), np.uint8)
    for _ in range(3):
        sample(motion_pair(noise, textures, textures[:, :1]))


def _begin() -> None:
    """Prepare a process that makes samples: there are as many of them as cores."""
    set_threads(1)


class Samples:
    """Samples on a device, which other processes make during the training.

    Parameters
    ----------
    number
        Number of samples, without those for the validation.
    seed
        Seed of the scenes.
    device
        PyTorch device.
    processes
        Number of processes that make samples.
    textures
        Number of textures and of mattes.
    """

    def __init__(self, number: int, seed: int, device: str, processes: int, textures: int) -> None:
        self.validation: Tensor = torch.empty(0)
        self._bank: Tensor = torch.empty((number, PATCH, PATCH, CHANNELS), dtype=torch.float16, device=device)
        self._device, self._seed, self._processes, self._textures = device, seed, processes, textures
        self._ready: queue.Queue[np.ndarray] = queue.Queue(64)
        self.count = 0

    @contextmanager
    def running(self, validation: int) -> Iterator[None]:
        """Make samples in other processes, those for the validation first."""
        total = validation + len(self._bank)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with ThreadPoolExecutor(1) as thread:
                bank = thread.submit(_textures, folder, self._seed, self._textures, self._processes)
                _compile()
                bank.result()
            print(f"{self._textures} textures are ready", flush=True)
            pool = multiprocessing.get_context("spawn").Pool(self._processes, _begin)
            results = pool.imap(_job, ((folder, self._seed, i) for i in range(total)), chunksize=1)
            self._stop = threading.Event()
            self._receiver = threading.Thread(target=self._receive, args=(results,), daemon=True)
            self._receiver.start()
            try:
                held_out = [torch.from_numpy(self._next()) for _ in range(validation)]
                self.validation = torch.stack(held_out).to(self._device)
                yield
            finally:
                self._stop.set()
                pool.terminate()

    def _receive(self, results: Iterator[np.ndarray]) -> None:
        """Move results to the queue; a scene that fails is reported and left out."""
        while not self._stop.is_set():
            try:
                result = next(results)
            except StopIteration:
                return
            except Exception as error:
                print(f"a scene failed: {error!r}", flush=True)
                continue
            while not self._stop.is_set():
                try:
                    self._ready.put(result, timeout=1.0)
                    break
                except queue.Full:
                    continue

    def _next(self) -> np.ndarray:
        """The next sample, as soon as it is ready."""
        while True:
            try:
                return self._ready.get(timeout=5.0)
            except queue.Empty:
                if not self._receiver.is_alive():
                    raise RuntimeError("no more scenes are made: see the messages above") from None

    def add(self, wait: bool = False) -> None:
        """Add the samples that are ready; wait for at least one if `wait` is True."""
        while self.count < len(self._bank):
            try:
                result = self._next() if wait else self._ready.get_nowait()
            except queue.Empty:
                return
            self._bank[self.count] = torch.from_numpy(result).to(self._device)
            self.count, wait = self.count + 1, False

    def batches(self, batch: int, crop: int, seed: int) -> Iterator[Tensor]:
        """Yield random crops (B, 28, crop, crop) without end, each batch turned, mirrored and with permuted colors."""
        rng = np.random.default_rng(seed)
        offsets = torch.arange(crop, device=self._device)
        while True:
            self.add()
            indices = rng.integers(self.count, size=batch)
            corners = rng.integers(PATCH - crop + 1, size=(2, batch))
            index, row, col = (torch.from_numpy(x).to(self._device) for x in (indices, *corners))
            rows, cols = (row[:, None] + offsets)[:, :, None], (col[:, None] + offsets)[:, None]
            yield augment(self._bank[index[:, None, None], rows, cols].permute(0, 3, 1, 2), rng)


def augment(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """Samples (B, 28, P, P) in one of eight symmetries of the square, with their colors permuted.

    Parameters
    ----------
    samples
        Planes of the evidence, and the true displacement.
    rng
        Random generator.

    Returns
    -------
    Tensor
        The samples in single precision. Vectors and directions are turned with the frames.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from vmm.train.samples import augment
    >>> augment(torch.zeros(1, 28, 4, 4), np.random.default_rng(0)).shape
    torch.Size([1, 28, 4, 4])
    """
    order, signs = list(range(CHANNELS)), np.ones(CHANNELS, np.float32)
    pairs = [(2 * i, 2 * i + 1) for i in range(VECTORS)] + [(PLANES, PLANES + 1)]
    transpose, down, right = (bool(x) for x in rng.integers(2, size=3))
    if transpose:
        samples = samples.transpose(-1, -2)
        for i, j in pairs:
            order[i], order[j] = order[j], order[i]
        signs[DIRECTION] *= -1
    axes = [axis for axis, flipped in ((-2, down), (-1, right)) if flipped]
    samples = samples.flip(axes)
    for i, j in pairs:
        signs[i] *= -1 if down else 1
        signs[j] *= -1 if right else 1
    signs[DIRECTION + 1] *= -1 if down != right else 1
    order[COLORS : COLORS + 3] = (COLORS + rng.permutation(3)).tolist()
    return samples[:, order].float() * torch.from_numpy(signs).to(samples.device)[:, None, None]
