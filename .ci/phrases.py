"""Find forbidden phrases in prose, and forbidden names in code.

The arguments are files and folders. The phrases are in phrases.txt and the names in names.txt, in the folder of this file.
"""

import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
PROSE = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def entries(file: str) -> list[str]:
    """Lines of a list that are neither empty nor comments."""
    return [line for line in (HERE / file).read_text().splitlines() if line and not line.startswith("#")]


def texts(path: Path, kinds: set[int]) -> Iterator[tuple[int, str]]:
    """Number and text of each line of a file, of a Python file of those tokens only."""
    source = path.read_text(encoding="utf-8")
    if path.suffix not in (".py", ".pyi"):
        yield from enumerate(source.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in kinds:
            yield from enumerate(token.string.splitlines(), token.start[0])


def main(arguments: list[str]) -> int:
    """Print each place, and the number of places by folder."""
    phrases = [re.compile(phrase, re.IGNORECASE) for phrase in entries("phrases.txt")]
    names = {f"{stem}{name}" for name in entries("names.txt") for stem in ("", "_")}
    counts: Counter[tuple[str, str]] = Counter()
    roots = [Path(argument) for argument in arguments]
    for path in sorted(file for root in roots for file in ([root] if root.is_file() else root.rglob("*"))):
        if path.suffix not in (".py", ".pyi", ".cu", ".md"):
            continue
        room = "/".join(path.parts[:2]) if path.parts[0] == "vmm" else path.parts[0]
        for line, text in texts(path, PROSE):
            if match := next(filter(None, (phrase.search(text) for phrase in phrases)), None):
                counts["phrases", room] += 1
                print(f"{path}:{line}: phrase {match[0].strip()!r}")
        if path.suffix == ".py":
            for line, text in texts(path, {tokenize.NAME}):
                if text in names:
                    counts["names", room] += 1
                    print(f"{path}:{line}: name {text!r}")
    for (kind, room), count in sorted(counts.items()):
        print(f"{count:6} {kind} in {room}")
    return bool(counts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
