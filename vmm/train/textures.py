"""Synthetic textures and mattes for training scenes, at twice the resolution of a frame; nothing is downloaded."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import Tensor

from vmm.io.drafts import draft
from vmm.train.processes import lock

TRAINING = (
    "cell.png",
    "clock_motion.png",
    "color.png",
    "grass.png",
    "gravel.png",
    "horse.png",
    "ihc.png",
    "logo.png",
    "moon.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
    "retina.jpg",
    "text.png",
)
"""Photographs of scikit-image from which textures are cropped. All other photographs are held out for evaluation."""


_WAIT = 0.2
"""Time in seconds between two looks for a file that another process writes."""


class TextureBank(NamedTuple):
    """Textures and mattes from which the layers of scenes are cropped.

    Attributes
    ----------
    textures
        Textures (N, 3, S, S), uint8.
    mattes
        Mattes of objects (M, 1, S, S), uint8: 255 inside the object, 0 outside.
    """

    textures: Tensor
    mattes: Tensor


def texture_bank(
    textures: int = 256,
    mattes: int = 256,
    *,
    side: int = 512,
    seed: int = 0,
    device: str = "cpu",
    processes: int = 1,
) -> TextureBank:
    """Generate textures and mattes.

    About a third of the textures are crops of photographs of scikit-image, a third are dead-leaves images, and a third
    are noise with amplitude spectrum 1/f^b. A quarter of all textures is blurred. Mattes are ellipses, polygons, bars,
    letters and blobs.

    Parameters
    ----------
    textures
        Number of textures.
    mattes
        Number of mattes.
    side
        Side of textures and mattes, in samples of half a pixel.
    seed
        Seed of the random generator.
    device
        PyTorch device on which they are stored.
    processes
        Number of processes that generate them. The result does not depend on it.

    Returns
    -------
    TextureBank
        The textures and mattes.

    Examples
    --------
    >>> from vmm.train.textures import texture_bank
    >>> texture_bank(3, 2, side=64).textures.shape
    torch.Size([3, 3, 64, 64])
    """
    seeds = np.random.SeedSequence(seed).spawn(textures + mattes)  # one per image, so that any process can generate it
    jobs = [(_texture if i < textures else _matte, child, side) for i, child in enumerate(seeds)]
    if processes > 1:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            images = list(pool.map(_generated, jobs, chunksize=8))
    else:
        images = list(map(_generated, jobs))
    texture_stack, matte_stack = np.stack(images[:textures]), np.stack(images[textures:])
    return TextureBank(
        torch.from_numpy(np.ascontiguousarray(texture_stack.transpose(0, 3, 1, 2))).to(device),
        torch.from_numpy(matte_stack[:, None]).to(device),
    )


def stored_texture_bank(path: str | Path, *args: Any, device: str = "cpu", **options: Any) -> TextureBank:
    """Read textures and mattes from a file; if it does not exist, generate them and write the file.

    If several processes call this function at the same time, one of them generates the file, and the others wait.

    Parameters
    ----------
    path
        The file.
    *args, **options
        Arguments of ``texture_bank``, which are ignored if the file exists.
    device
        PyTorch device on which textures and mattes are stored.

    Returns
    -------
    TextureBank
        The textures and mattes.

    Examples
    --------
    >>> import tempfile
    >>> from vmm.train.textures import stored_texture_bank
    >>> path = tempfile.mkdtemp() + "/textures.pt"
    >>> one, other = (stored_texture_bank(path, n, 2, side=64) for n in (3, 5))
    >>> len(one.textures) == len(other.textures) == 3
    True
    """
    path = Path(path)
    while not path.exists():
        with suppress(BlockingIOError), lock(f"{path}.lock"):
            if not path.exists():
                with draft(path, overwrite=True) as temporary:
                    torch.save(texture_bank(*args, **options)._asdict(), temporary)
        time.sleep(_WAIT)
    stored = torch.load(path, map_location="cpu", weights_only=True)
    return TextureBank(stored["textures"].to(device), stored["mattes"].to(device))


def _generated(job: tuple[Callable[[np.random.Generator, int], np.ndarray], np.random.SeedSequence, int]) -> np.ndarray:
    """One texture or matte, from a generator of its own."""
    make, seed, side = job
    return make(np.random.default_rng(seed), side)


def _texture(rng: np.random.Generator, side: int) -> np.ndarray:
    """One texture (S, S, 3), uint8."""
    kind = rng.choice(3, p=[0.36, 0.34, 0.3])
    picture = (_photograph, _leaves, _noise)[kind](rng, side)
    if rng.random() < 0.25:
        image = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(rng.uniform(1, 6)))
        picture = np.asarray(image)
    return picture


@functools.cache
def _read(name: str) -> np.ndarray:
    """A photograph (H, W, 3)."""
    import skimage.data

    path = f"{skimage.data.__path__[0]}/{name}"
    return np.asarray(Image.open(path).convert("RGB"))


def _photograph(rng: np.random.Generator, side: int) -> np.ndarray:
    """A crop of a photograph, rescaled, rotated, mirrored and with mixed colors."""
    image = _read(str(rng.choice(TRAINING)))
    largest = min(image.shape[:2])
    crop = int(min(largest, side * math.exp(rng.uniform(math.log(0.4), math.log(1.6)))))
    row, col = (rng.integers(n - crop + 1) for n in image.shape[:2])
    part = Image.fromarray(image[row : row + crop, col : col + crop]).resize((side, side), Image.Resampling.BICUBIC)
    rotated = np.rot90(np.asarray(part), int(rng.integers(4)))
    return _mix_colors(rng, rotated[:, :: rng.choice([-1, 1])].astype(np.float32))


def _mix_colors(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Apply a random linear map to the colors, and a random contrast and brightness; the result is uint8."""
    mix = np.eye(3)[rng.permutation(3)] + rng.normal(0, 0.15, (3, 3))
    picture = (picture - picture.mean()) @ mix.astype(np.float32) * rng.uniform(0.5, 1.2) + rng.uniform(70, 185)
    return np.clip(picture + rng.normal(0, 12, 3), 0, 255).astype(np.uint8)


def _leaves(rng: np.random.Generator, side: int) -> np.ndarray:
    """Dead-leaves image: overlapping ellipses and polygons with power-law sizes; half of the images have noise."""
    fine = 2 * side
    image = Image.new("RGB", (fine, fine))
    draw = ImageDraw.Draw(image)
    smallest, base = math.exp(rng.uniform(math.log(8), math.log(60))), rng.uniform(40, 215, 3)
    for _ in range(int(min(2500, 12 * (fine / smallest) ** 1.5))):
        radius = smallest / math.sqrt(rng.uniform((smallest / 400) ** 2, 1))
        color = tuple(int(c) for c in np.clip(base + rng.normal(0, 60) + rng.normal(0, 30, 3), 0, 255))
        _shape(draw, rng, rng.uniform(0, fine, 2), radius, color)
    picture = np.asarray(image.resize((side, side), Image.Resampling.BOX)).astype(np.float32)
    if rng.random() < 0.5:
        picture = picture + 0.3 * (_noise(rng, side).astype(np.float32) - 128)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _noise(rng: np.random.Generator, side: int) -> np.ndarray:
    """Color noise with amplitude spectrum 1/f^b, with b from 0.7 to 2.2."""
    grid = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    grid[0, 0] = np.inf
    amplitude = grid ** -rng.uniform(0.7, 2.2) * np.exp(-((grid / 0.35) ** 4))
    planes = [np.fft.irfft2(np.fft.rfft2(rng.normal(size=(side, side))) * amplitude, (side, side)) for _ in range(3)]
    noise = np.stack([p / p.std() for p in planes], -1)
    noise = noise[..., :1] + rng.uniform(0, 0.7) * noise  # a pattern common to all channels, plus one of each channel
    return np.clip(rng.uniform(70, 185, 3) + rng.uniform(10, 50) * noise, 0, 255).astype(np.uint8)


def _shape(draw: Any, rng: np.random.Generator, center: np.ndarray, radius: float, fill: Any) -> None:
    """Draw an axis-aligned ellipse, or a polygon with 3 to 8 corners."""
    if rng.random() < 0.5:
        reach = radius * np.array([1, rng.uniform(0.3, 1)])[rng.permutation(2)]
        draw.ellipse([*(center - reach), *(center + reach)], fill=fill)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        spokes = radius * rng.uniform(0.4, 1.2, len(angles))
        corners = center + np.stack([np.cos(angles), np.sin(angles)], 1) * spokes[:, None]
        draw.polygon([tuple(c) for c in corners], fill=fill)


def _matte(rng: np.random.Generator, side: int) -> np.ndarray:
    """One matte (S, S) with soft edges, uint8."""
    fine = 2 * side
    image = Image.new("L", (fine, fine))
    draw = ImageDraw.Draw(image)
    radius = math.exp(rng.uniform(math.log(fine / 40), math.log(fine / 4)))
    center = rng.uniform(0.2 * fine, 0.8 * fine, 2)
    kind = rng.choice(4, p=[0.5, 0.2, 0.15, 0.15])
    if kind == 0:
        _shape(draw, rng, center, radius, 255)
    elif kind == 1:
        along = np.array([math.cos(angle := rng.uniform(0, math.pi)), math.sin(angle)])
        ends = [tuple(center + s * along * 3 * radius) for s in (-1, 1)]
        draw.line(ends, fill=255, width=int(max(3, radius * rng.uniform(0.1, 0.6))))
    elif kind == 2:
        letters = "".join(chr(c) for c in rng.integers(33, 127, rng.integers(1, 6)))
        draw.text(tuple(center), letters, fill=255, font=ImageFont.load_default(radius), anchor="mm")
    else:
        image = _blob(rng, fine, radius)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3))).resize((side, side)))


def _blob(rng: np.random.Generator, fine: int, radius: float) -> Image.Image:
    """Blobs: the area in which smooth noise exceeds a threshold."""
    small = max(4, int(fine / radius))
    noise = Image.fromarray(rng.normal(size=(small, small)).astype(np.float32)).resize((fine, fine))
    return Image.fromarray((np.asarray(noise) > rng.uniform(0.3, 0.9)).astype(np.uint8) * 255)
