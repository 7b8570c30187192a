"""Networks for motion magnification, one per file.

| network | parameters | multiply-accumulates per pixel | sides are multiples of | paper |
| --- | --- | --- | --- | --- |
| ``MagNet`` | 918,928 | 269,632 | 4 | Oh et al., ECCV 2018 |
| ``Lightweight`` | 128,574 (light), 1,145,646 (base) | 40,760 (light), 361,512 (base) | 2 | Singh et al., WACV 2023 |
| ``RealTime`` | 755,523 | 64,252 | 4 | Ha et al., 2024; reconstructed |
| ``FlowMag`` | 17,287,683 | 630,336 | 1, at least 16 | Pan et al., NeurIPS 2023 |

All networks take RGB frames (B, 3, H, W) with values in [-1, 1] and have the same methods:

| method | result |
| --- | --- |
| ``encode(frames)`` | texture and shape of single frames (if ``net.pair`` is False) |
| ``encode(a, b)`` | texture and both shapes of a pair of frames (if ``net.pair`` is True) |
| ``manipulate(shape_a, shape_b, alpha)`` | shape of the magnified frame |
| ``decode(texture, shape)`` | the magnified frame, from the texture of frame b |
| ``forward(a, b, alpha)`` | the magnified frame: all of these steps |

``single_precision`` names the layers before the decoder, which compute in single precision during the training.

In this package alpha is the *total* factor, as in the papers: the output motion relative to frame a is alpha times
that of frame b, so 0 gives frame a and 1 gives frame b. (In the rest of the library, the total factor is 1 + alpha.)
Alpha is a tensor (B, 1, 1, 1), or a map: (B, 1, H, W), or with one value per sample of the shape. The docstring of each
network states whether an alpha of 1 reproduces frame b exactly.

``networks.refiner`` holds a network of another kind: it takes the evidence for a displacement, and refines the
displacement.

``reflected`` runs a network on frames of any size, padded by reflection. ``count`` and ``operations`` return the cost
of a network; the multiply-accumulates in the table are those of one output frame, with both frames encoded.
"""

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError("vmm.train needs PyTorch: pip install torch onnx onnxscript") from error

from vmm.train.networks.costs import Operations, count, operations
from vmm.train.networks.edges import reflected
from vmm.train.networks.flowmag import FlowMag
from vmm.train.networks.lightweight import Lightweight
from vmm.train.networks.magnet import MagNet
from vmm.train.networks.realtime import RealTime

__all__ = ["FlowMag", "Lightweight", "MagNet", "Operations", "RealTime", "count", "operations", "reflected"]
