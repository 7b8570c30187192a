"""Networks that magnify, run by onnxruntime.

| part | what it is |
| --- | --- |
| ``load`` | a network by its name or its path |
| ``NAMES`` | names of the networks that ship |
| ``Network`` | its three graphs: encoder, manipulator, decoder |
| ``autoencoder`` | spatial part and motion of a network that encodes each frame alone |
| ``pair``, ``filtered_pair`` | the same of a network that encodes two frames, for any motion or for that in a band |
"""

from vmm.learned.autoencoder import autoencoder
from vmm.learned.network import Network
from vmm.learned.pair import filtered_pair, pair
from vmm.learned.weights import NAMES, load

__all__ = ["NAMES", "Network", "autoencoder", "filtered_pair", "load", "pair"]
