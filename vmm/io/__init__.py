"""Video in and out; the only place that touches files.

| name | what it does |
| --- | --- |
| ``read(path)`` | the whole clip as an array, and its rate |
| ``stream(path)`` | an iterator of chunks that carries ``fs`` and ``shape`` |
| ``write(path, frames, rate)`` | an array or an iterator of chunks into a file |
| ``info(path)`` | size, rates, length and codec, without decoding the clip |
| ``loss(path)`` | what its codec does to small motion |

Read are all videos that ffmpeg decodes, folders of images, TIFF stacks, Photron ``.cih`` with ``.mraw``, and Phantom
``.cine``. ``fs``, the rate at which the camera took the frames, is that which the file states unless another is given.
"""

from vmm.io.codecs import loss
from vmm.io.info import info
from vmm.io.read import Clip, read, stream
from vmm.io.video import Info
from vmm.io.write import write

__all__ = ["Clip", "Info", "info", "loss", "read", "stream", "write"]
