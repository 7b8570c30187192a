"""Inventories of other documentation, so that links to it need no network when the site is built.

A line of ``NAME.txt`` has a name, its role in the Python domain, and the address of its page. The first line is the
address of the site.
"""

import zlib
from pathlib import Path


def mapping(sources: Path, folder: Path) -> dict[str, tuple[str, str]]:
    """Compile all inventories, and return the setting ``intersphinx_mapping``."""
    folder.mkdir(parents=True, exist_ok=True)
    result = {}
    for source in sorted(sources.glob("*.txt")):
        site, *lines = source.read_text(encoding="utf-8").splitlines()
        entries = "".join(f"{name} py:{role} 1 {page} -\n" for name, role, page in map(str.split, lines))
        header = f"# Sphinx inventory version 2\n# Project: {source.stem}\n# Version: \n"
        header += "# The remainder of this file is compressed using zlib.\n"
        path = folder / f"{source.stem}.inv"
        path.write_bytes(header.encode() + zlib.compress(entries.encode()))
        result[source.stem] = (site, str(path))
    return result
