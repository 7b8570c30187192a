from ._choice import Choice as Choice
from ._choice import Decision as Decision
from ._choose import choose as choose
from ._choose import magnify as magnify
