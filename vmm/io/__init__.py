"""Read and write video files. No other part of the package touches video files.

| name | purpose |
| --- | --- |
| ``read(path)`` | read a whole clip as an array, and return it with its camera rate |
| ``stream(path)`` | open a clip as a ``Clip``, an iterator of chunks with ``fs`` and ``shape`` |
| ``even(clip)`` | resample a clip of unevenly spaced frames onto an even grid |
| ``write(path, frames, fps)`` | write an array or an iterator of chunks to a file |
| ``info(path)`` | get the size, playback rate, length and codec as an ``Info``, without decoding the clip |
| ``codec_warning(path)`` | describe how far the codec of a file damages small motion |

Readable inputs are all videos that ffmpeg decodes, folders of images, TIFF stacks, Photron ``.cih`` with ``.mraw``,
Phantom ``.cine``, Zarr stores, and cameras (``"camera:0"``). ``fs`` is the rate in Hz at which the camera took the
frames; by default it is the capture rate or the playback rate that the file states. Videos state the time of each
frame: if these times are not evenly spaced, ``read`` and ``stream`` warn with ``UnevenTimesWarning``, and the clip has
the times of its frames as ``Clip.times``. Values are those of the file, and ``Clip.white`` is the value that is shown
white.
"""

from vmm.io._even import even
from vmm.io._info import info
from vmm.io._read import Clip, read, stream
from vmm.io._write import write
from vmm.io.codecs import codec_warning
from vmm.io.decoding import DamageWarning
from vmm.io.timing import UnevenTimesWarning
from vmm.io.video import Info

__all__ = [
    "Clip",
    "DamageWarning",
    "Info",
    "UnevenTimesWarning",
    "codec_warning",
    "even",
    "info",
    "read",
    "stream",
    "write",
]


def __dir__() -> list[str]:
    return __all__
