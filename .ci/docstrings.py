"""Validate the docstrings of all public objects with numpydoc.

Types stand in the signatures only, so PR04 and RT02, which want them in the docstring, are left out.
"""

import inspect
import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType

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


def main() -> int:
    """Print each violation and their number by code."""
    counts: Counter[str] = Counter()
    for name in sorted(set(public(vmm))):
        value = validate(name)
        codes = CODES | ({"EX01"} if value["type"] == "function" else set())
        for code, message in value["errors"]:
            if code in codes:
                counts[code] += 1
                print(f"{value['file']}:{value['file_line']}: {name}: {code} {message}")
    print(f"{sum(counts.values())} violations", dict(sorted(counts.items())))
    return bool(counts)


if __name__ == "__main__":
    sys.exit(main())
