"""Labels above pictures."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

_DPI = 72
"""Pixels per inch at which the size of a font in points is its size in pixels."""

_FONT = 0.6
"""Size of the font, relative to the height of the strip."""

_FILL = 0.9
"""Largest width of a text, relative to that of the picture."""


def strip_height(width: int) -> int:
    """Height in pixels of the strip above a picture of this width: an even number, as most codecs require."""
    return 2 * round(min(max(width / 40, 8), 20))


@cache
def text_images(texts: tuple[str, ...], size: tuple[int, int]) -> list[np.ndarray]:
    """White texts on black, in one size of font, as images (H, W) in [0, 1]. The longest text fits into the width."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = size
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="black")
    canvas = FigureCanvasAgg(figure)
    label = figure.text(0.5, 0.5, "", color="white", fontsize=_FONT * height, ha="center", va="center")
    extents = [_extent(label, text, canvas.get_renderer()) for text in texts]
    label.set_fontsize(_FONT * height * min(1.0, _FILL * width / max(extents)))
    images = []
    for text in texts:
        label.set_text(text)
        canvas.draw()
        images.append(np.asarray(canvas.buffer_rgba())[:height, :width, 0] / 255)
    return images


def _extent(label: Any, text: str, renderer: Any) -> float:
    """Width in pixels of a text."""
    label.set_text(text)
    return max(float(label.get_window_extent(renderer).width), 1.0)
