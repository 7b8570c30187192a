from ._magnify import magnify as magnify
from ._magnify import steady as steady
from ._tracking import track as track
