"""Networks of the learned magnifiers, one net one file.

| network | parameters | multiply-accumulates a pixel | sides are multiples of | paper |
| --- | --- | --- | --- | --- |
| ``MagNet`` | 918,928 | 269,632 | 4 | Oh et al., ECCV 2018 |
| ``Lightweight`` | 128,574 (light), 1,145,646 (base) | 40,760 (light), 361,512 (base) | 2 | Singh et al., WACV 2023 |
| ``RealTime`` | 755,523 | 64,252 | 4 | Ha et al., 2024; reconstructed |
| ``FlowMag`` | 17,287,683 | 630,336 | 1, at least 16 | Pan et al., NeurIPS 2023 |

Every one takes frames (B, 3, H, W) in RGB with values in [-1, 1], and offers the same parts:

| part | what it makes |
| --- | --- |
| ``encode(frames)`` | texture and shape of frames, one by one |
| ``encode(a, b)`` | texture and both shapes, where the network sees a pair at once (``net.pair``) |
| ``manipulate(shape_a, shape_b, alpha)`` | shape of the magnified frame |
| ``decode(texture, shape)`` | the magnified frame, from the texture of frame b |
| ``forward(a, b, alpha)`` | all of these |

Here, and only here, alpha is the *total* factor as in the papers: at 0 the output lies at frame a, at 1 at frame b, at
10 ten times as far from a as b does. It is a tensor that broadcasts, (B, 1, 1, 1), or a map: (B, 1, H, W), or on the
grid of the shape. A network says in its docstring whether an alpha of 1 is bound to give b.

``reflected`` runs a network on frames of any size, continued by reflection. ``count`` and ``operations`` say what a
network costs; the multiply-accumulates in the table are those of one output frame with both frames encoded.
"""

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError("vmm.train needs PyTorch: pip install torch") from error

from vmm.train.networks.costs import Operations, count, operations
from vmm.train.networks.edges import reflected
from vmm.train.networks.flowmag import FlowMag
from vmm.train.networks.lightweight import Lightweight
from vmm.train.networks.magnet import MagNet
from vmm.train.networks.realtime import RealTime

__all__ = ["FlowMag", "Lightweight", "MagNet", "Operations", "RealTime", "count", "operations", "reflected"]
