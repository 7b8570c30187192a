"""Neural networks for motion magnification, run with ONNX Runtime.

| name | description |
| --- | --- |
| ``load`` | load a network by its name or path |
| ``NAMES`` | names of the networks that are installed with the library |
| ``Network`` | a network of three graphs: encoder, manipulator, decoder |
| ``autoencoder`` | spatial part and motion of a network that encodes single frames |
| ``pair``, ``filtered_pair`` | the same for a network that encodes pairs of frames, without and with a band |

``vmm.learned.refine`` runs the network that refines the displacement in the static mode of ``vmm.gradient``.
"""

from vmm.learned._autoencoder import autoencoder
from vmm.learned._pair import filtered_pair, pair
from vmm.learned.network import Network
from vmm.learned.weights import NAMES, load

__all__ = ["NAMES", "Network", "autoencoder", "filtered_pair", "load", "pair"]


def __dir__() -> list[str]:
    return __all__
