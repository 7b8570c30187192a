"""Validate the docstrings of all public objects with numpydoc.

PR04 and RT02 are left out, because types are in the signatures only. A dataclass may document its fields as Attributes
in place of Parameters, because most of them are results, which a user does not construct. A protocol has no parameters.
"""

import inspect
import pydoc
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import ModuleType

from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import vmm

CODES = {f"GL{i:02}" for i in range(1, 11)} | {f"PR{i:02}" for i in (1, 2, 3, 5, 6, 7, 8, 9, 10)} | {"RT01"}


def public(module: ModuleType) -> Iterator[str]:
    """Dotted names of the classes and functions that a user may call in a module and in those inside it."""
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    for name in getattr(module, "__all__", own):
        value = getattr(module, name)
        if name.startswith("_"):
            continue
        if inspect.ismodule(value):
            yield from public(value)
        elif inspect.isclass(value) or inspect.isroutine(value):
            yield f"{module.__name__}.{name}"


def needs_no_parameters(name: str) -> bool:
    """Whether the name is a protocol, or a dataclass that documents all its fields as Attributes."""
    value = pydoc.locate(name)
    if getattr(value, "_is_protocol", False):
        return True
    if not is_dataclass(value):
        return False
    entries = NumpyDocString(inspect.getdoc(value) or "")["Attributes"]
    listed = {part.strip() for entry in entries for part in entry.name.split(",")}
    return {field.name for field in fields(value) if not field.name.startswith("_")} <= listed


def main() -> int:
    """Print each violation and their number by code."""
    counts: Counter[str] = Counter()
    for name in sorted(set(public(vmm))):
        value = validate(name)
        codes = CODES | ({"EX01"} if value["type"] == "function" else set())
        if needs_no_parameters(name):
            codes = codes - {"PR01"}
        for code, message in value["errors"]:
            if code in codes:
                counts[code] += 1
                print(f"{value['file']}:{value['file_line']}: {name}: {code} {message}")
    print(f"{sum(counts.values())} violations", dict(sorted(counts.items())))
    return bool(counts)


if __name__ == "__main__":
    sys.exit(main())
