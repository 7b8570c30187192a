"""Write the pages of the API by topic, from the modules of the package."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import ModuleType

import vmm

TOPICS = {
    "methods": ("Methods of magnification", vmm.METHODS),
    "learned_methods": ("Methods by a neural network", vmm.LEARNED),
    "auto": ("Automatic choice", ["auto"]),
    "stabilize": ("Moving cameras and objects", ["stabilize"]),
    "general": ("General form and settings", [""]),
    "io": ("Files and cameras", ["io"]),
    "measure": ("Measurement", ["measure"]),
    "plot": ("Figures and players", ["plot"]),
    "app": ("The app", ["app"]),
    "spatial": ("Spatial parts", ["spatial"]),
    "motion": ("Motion parts", ["motion"]),
    "temporal": ("Temporal filters", ["temporal"]),
    "parts": ("Kinds of part", ["parts"]),
    "learned": ("Networks", ["learned"]),
    "data": ("Synthetic clips", [f"data.{name}" for name in vmm.data.__all__]),
}
"""Title of each page, and the modules whose functions and classes it lists."""

MEASUREMENTS = {
    "estimation": "Displacement",
    "signals": "Spectra and signals",
    "modal": "Shapes",
    "detection": "Search for vibrations",
    "applications": "Sound, pulse and breathing",
    "quality": "Quality of clips",
    "export": "Files of results",
}
"""Folders of ``vmm.measure``, and the headings of their functions."""


def write(folder: Path) -> None:
    """Write one page for each topic, and the page that lists them; pages that are up to date keep their times."""
    folder.mkdir(exist_ok=True)
    pages = {name: _page(title, [_module(path) for path in modules]) for name, (title, modules) in TOPICS.items()}
    entries = "\n".join(f"   {name}" for name in pages)
    pages["index"] = (
        f"{_heading('API reference', '=')}All public functions and classes by topic. The methods share one form, "
        "``vmm.METHOD.magnify(frames, band, fs=..., alpha=...)``, and the output has the type of the input.\n\n"
        f".. toctree::\n   :maxdepth: 2\n\n{entries}\n"
    )
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def public(module: ModuleType) -> list[str]:
    """Dotted names of the public functions and classes of a module, without its modules."""
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    names = [name for name in getattr(module, "__all__", own) if not name.startswith("_")]
    values = {name: getattr(module, name) for name in names}
    return [
        f"{module.__name__}.{name}"
        for name, value in values.items()
        if not inspect.ismodule(value) and (inspect.isclass(value) or inspect.isroutine(value))
    ]


def _module(path: str) -> ModuleType:
    return importlib.import_module(f"vmm.{path}" if path else "vmm")


def _page(title: str, modules: list[ModuleType]) -> str:
    """The page of a topic: its title, the summary of its module, and a table of its functions."""
    if modules[0].__name__ == "vmm.measure":
        parts: dict[str, list[str]] = {folder: [] for folder in MEASUREMENTS}
        for name in public(modules[0]):
            parts[getattr(modules[0], name.split(".")[-1]).__module__.split(".")[2]].append(name)
        body = "".join(_heading(MEASUREMENTS[part], "-") + _table(names) for part, names in parts.items())
        return _heading(title, "=") + _summary(modules[0]) + body
    if len(modules) > 1 and modules[0].__name__.startswith("vmm.data"):
        sections = [_heading(module.__name__, "-") + _summary(module) + _table(public(module)) for module in modules]
        return _heading(title, "=") + "".join(sections)
    summary = _summary(modules[0]) if len(modules) == 1 and modules[0] is not vmm else ""
    return _heading(title, "=") + summary + _table([name for module in modules for name in public(module)])


def _summary(module: ModuleType) -> str:
    return (inspect.getdoc(module) or "").partition("\n\n")[0] + "\n\n"


def _heading(title: str, line: str) -> str:
    return f"{title}\n{line * len(title)}\n\n"


def _table(names: list[str]) -> str:
    entries = "\n".join(f"   ~{name}" for name in sorted(names, key=str.lower))
    return f".. autosummary::\n   :toctree: generated\n   :nosignatures:\n\n{entries}\n\n"
