from . import acceleration as acceleration
from . import anisotropy as anisotropy
from . import app as app
from . import auto as auto
from . import bilateral as bilateral
from . import color as color
from . import data as data
from . import flowmag as flowmag
from . import gradient as gradient
from . import io as io
from . import jerk as jerk
from . import lagrangian as lagrangian
from . import learned as learned
from . import lightweight as lightweight
from . import linear as linear
from . import magnet as magnet
from . import measure as measure
from . import motion as motion
from . import parts as parts
from . import phase as phase
from . import plot as plot
from . import realtime as realtime
from . import riesz as riesz
from . import spatial as spatial
from . import stabilize as stabilize
from . import temporal as temporal
from ._citations import cite as cite
from ._presets import presets as presets
from .backend.threads import set_threads as set_threads
from .engine.loop import magnify as magnify

LEARNED: tuple[str, ...]
METHODS: tuple[str, ...]
__version__: str
