"""Networks that magnify, run by onnxruntime.

| part | what it is |
| --- | --- |
| ``load`` | a network by its name or its path |
| ``NAMES`` | names of the networks that ship |
| ``Network`` | its three graphs: encoder, manipulator, decoder |
| ``autoencoder`` | spatial part and motion of a network that encodes each frame alone |
| ``pair`` | the same of a network that sees two frames at once |
"""

from vmm.learned.autoencoder import autoencoder
from vmm.learned.network import Network
from vmm.learned.pair import pair
from vmm.learned.weights import NAMES, load

__all__ = ["NAMES", "Network", "autoencoder", "load", "pair"]
