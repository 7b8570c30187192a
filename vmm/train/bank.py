"""Textures and mattes that scenes are cut from, at twice the resolution of a frame; made, not downloaded."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import Tensor

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
"""Photographs in scikit-image that scenes are made of. Every other one is held out for testing."""


class Bank(NamedTuple):
    """What layers of scenes are cut from.

    Attributes
    ----------
    textures
        Pictures (N, 3, S, S), uint8.
    mattes
        Shapes of objects (M, 1, S, S), uint8: 255 inside.
    """

    textures: Tensor
    mattes: Tensor


def bank(
    textures: int = 256,
    mattes: int = 256,
    *,
    side: int = 512,
    seed: int = 0,
    device: str = "cpu",
    processes: int = 1,
) -> Bank:
    """Make textures and mattes.

    A third of the textures are cut from photographs that ship with scikit-image, a third are dead leaves, a third noise
    of spectrum 1/f^b; a quarter of them all is blurred. Mattes are ellipses, polygons, bars, letters and blobs.

    Parameters
    ----------
    textures
        How many pictures.
    mattes
        How many shapes.
    side
        Their side, in samples of half a pixel.
    seed
        Everything is drawn from it.
    device
        Where they are kept.
    processes
        Number of processes that make them; the result does not depend on it.

    Returns
    -------
    Bank
        Pictures and shapes.

    Examples
    --------
    >>> from vmm.train.bank import bank
    >>> bank(3, 2, side=64).textures.shape
    torch.Size([3, 3, 64, 64])
    """
    seeds = np.random.SeedSequence(seed).spawn(textures + mattes)  # one each, so that any process may make it
    jobs = [(_texture if i < textures else _matte, child, side) for i, child in enumerate(seeds)]
    if processes > 1:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            made = list(pool.map(_drawn, jobs, chunksize=8))
    else:
        made = list(map(_drawn, jobs))
    pictures, shapes = np.stack(made[:textures]), np.stack(made[textures:])
    return Bank(
        torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).to(device),
        torch.from_numpy(shapes[:, None]).to(device),
    )


def _drawn(job: tuple[Callable[[np.random.Generator, int], np.ndarray], np.random.SeedSequence, int]) -> np.ndarray:
    """One picture or shape."""
    make, seed, side = job
    return make(np.random.default_rng(seed), side)


def _texture(rng: np.random.Generator, side: int) -> np.ndarray:
    """One picture (S, S, 3)."""
    kind = rng.choice(3, p=[0.36, 0.34, 0.3])
    picture = (_photograph, _leaves, _noise)[kind](rng, side)
    if rng.random() < 0.25:
        image = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(rng.uniform(1, 6)))
        picture = np.asarray(image)
    return picture


@functools.cache
def _loaded(name: str) -> np.ndarray:
    """A photograph (H, W, 3)."""
    import skimage.data

    path = f"{skimage.data.__path__[0]}/{name}"
    return np.asarray(Image.open(path).convert("RGB"))


def _photograph(rng: np.random.Generator, side: int) -> np.ndarray:
    """A part of a photograph, enlarged or made smaller, turned, its colours mixed."""
    image = _loaded(str(rng.choice(TRAINING)))
    largest = min(image.shape[:2])
    cut = int(min(largest, side * math.exp(rng.uniform(math.log(0.4), math.log(1.6)))))
    top, left = (rng.integers(n - cut + 1) for n in image.shape[:2])
    part = Image.fromarray(image[top : top + cut, left : left + cut]).resize((side, side), Image.Resampling.BICUBIC)
    turned = np.rot90(np.asarray(part), int(rng.integers(4)))
    return _mixed(rng, turned[:, :: rng.choice([-1, 1])].astype(np.float32))


def _mixed(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Colours turned and stretched at random, as uint8."""
    mix = np.eye(3)[rng.permutation(3)] + rng.normal(0, 0.15, (3, 3))
    picture = (picture - picture.mean()) @ mix.astype(np.float32) * rng.uniform(0.5, 1.2) + rng.uniform(70, 185)
    return np.clip(picture + rng.normal(0, 12, 3), 0, 255).astype(np.uint8)


def _leaves(rng: np.random.Generator, side: int) -> np.ndarray:
    """Ellipses and polygons that hide one another, their sizes by a power law; some with noise on them."""
    fine = 2 * side
    image = Image.new("RGB", (fine, fine))
    draw = ImageDraw.Draw(image)
    smallest, base = math.exp(rng.uniform(math.log(8), math.log(60))), rng.uniform(40, 215, 3)
    for _ in range(int(min(2500, 12 * (fine / smallest) ** 1.5))):
        radius = smallest / math.sqrt(rng.uniform((smallest / 400) ** 2, 1))
        colour = tuple(int(c) for c in np.clip(base + rng.normal(0, 60) + rng.normal(0, 30, 3), 0, 255))
        _shape(draw, rng, rng.uniform(0, fine, 2), radius, colour)
    picture = np.asarray(image.resize((side, side), Image.Resampling.BOX)).astype(np.float32)
    if rng.random() < 0.5:
        picture = picture + 0.3 * (_noise(rng, side).astype(np.float32) - 128)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _noise(rng: np.random.Generator, side: int) -> np.ndarray:
    """Coloured noise whose amplitude falls as 1/f^b."""
    grid = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    grid[0, 0] = np.inf
    steep = grid ** -rng.uniform(0.7, 2.2) * np.exp(-((grid / 0.35) ** 4))
    planes = [np.fft.irfft2(np.fft.rfft2(rng.normal(size=(side, side))) * steep, (side, side)) for _ in range(3)]
    noise = np.stack([p / p.std() for p in planes], -1)
    noise = noise[..., :1] + rng.uniform(0, 0.7) * noise  # one brightness for all colours, and some of their own
    return np.clip(rng.uniform(70, 185, 3) + rng.uniform(10, 50) * noise, 0, 255).astype(np.uint8)


def _shape(draw: Any, rng: np.random.Generator, centre: np.ndarray, radius: float, fill: Any) -> None:
    """An ellipse along the axes, or a polygon of 3 to 8 corners."""
    if rng.random() < 0.5:
        reach = radius * np.array([1, rng.uniform(0.3, 1)])[rng.permutation(2)]
        draw.ellipse([*(centre - reach), *(centre + reach)], fill=fill)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        spokes = radius * rng.uniform(0.4, 1.2, len(angles))
        corners = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * spokes[:, None]
        draw.polygon([tuple(c) for c in corners], fill=fill)


def _matte(rng: np.random.Generator, side: int) -> np.ndarray:
    """One shape (S, S) with soft edges."""
    fine = 2 * side
    image = Image.new("L", (fine, fine))
    draw = ImageDraw.Draw(image)
    radius = math.exp(rng.uniform(math.log(fine / 40), math.log(fine / 4)))
    centre = rng.uniform(0.2 * fine, 0.8 * fine, 2)
    kind = rng.choice(4, p=[0.5, 0.2, 0.15, 0.15])
    if kind == 0:
        _shape(draw, rng, centre, radius, 255)
    elif kind == 1:
        along = np.array([math.cos(turn := rng.uniform(0, math.pi)), math.sin(turn)])
        ends = [tuple(centre + s * along * 3 * radius) for s in (-1, 1)]
        draw.line(ends, fill=255, width=int(max(3, radius * rng.uniform(0.1, 0.6))))
    elif kind == 2:
        letters = "".join(chr(c) for c in rng.integers(33, 127, rng.integers(1, 6)))
        draw.text(tuple(centre), letters, fill=255, font=ImageFont.load_default(radius), anchor="mm")
    else:
        image = _blob(rng, fine, radius)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3))).resize((side, side)))


def _blob(rng: np.random.Generator, fine: int, radius: float) -> Image.Image:
    """What of smooth noise lies above a threshold."""
    small = max(4, int(fine / radius))
    noise = Image.fromarray(rng.normal(size=(small, small)).astype(np.float32)).resize((fine, fine))
    return Image.fromarray((np.asarray(noise) > rng.uniform(0.3, 0.9)).astype(np.uint8) * 255)
