"""Networks tried on photographs that they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from vmm.data.shifts import COLUMNS, HELD_OUT, similarities


def two_frames(net: Any, device: str = "cpu") -> Callable[[np.ndarray, np.ndarray, float], np.ndarray]:
    """A network as a function of two frames (H, W, 3), uint8, and a total factor, to a frame in grey levels."""

    def magnified(a: np.ndarray, b: np.ndarray, factor: float) -> np.ndarray:
        pair = [torch.from_numpy(x).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1 for x in (a, b)]
        with torch.no_grad():
            out = net(*pair, torch.full((1, 1, 1, 1), factor, device=device))
        picture: np.ndarray = ((out[0].permute(1, 2, 0) + 1) * 127.5).cpu().numpy()
        return picture

    return magnified


def held_out(net: Any, device: str = "cpu", names: Sequence[str] = HELD_OUT) -> dict[str, float]:
    """Structural similarity to the truth, by column: motion, output motion, noise."""
    scores = similarities(two_frames(net.eval(), device), COLUMNS, names)
    return {
        f"{motion:g}>{out:g}" + (f"+{noise:g}" if noise else ""): s
        for (motion, out, noise), s in zip(COLUMNS, scores, strict=True)
    }
