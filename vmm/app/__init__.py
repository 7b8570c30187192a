"""The app: look at a clip in a browser, draw regions, measure, magnify, and copy the command that does it again.

| name | purpose |
| --- | --- |
| ``show(clip)`` | the app in a notebook, as an object that IPython displays |
| ``App`` | a running app, with its address and a method that ends it |

The command ``vmm app`` starts it from a terminal. It needs the packages of ``pip install "vmm-toolkit[app]"``.
"""

from vmm.app.notebook import App, show

__all__ = ["App", "show"]


def __dir__() -> list[str]:
    return __all__
