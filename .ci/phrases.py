"""Find forbidden phrases in prose, or with ``--names`` forbidden names in code.

The arguments are files and folders. The lists are phrases.txt and names.txt, in the folder of this file.
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


def places(path: Path, names_only: bool) -> Iterator[tuple[int, str]]:
    """Line and text of what is forbidden in a file."""
    if names_only:
        names = {f"{stem}{name}" for name in entries("names.txt") for stem in ("", "_")}
        yield from ((line, text) for line, text in texts(path, {tokenize.NAME}) if text in names)
        return
    phrases = [re.compile(phrase, re.IGNORECASE) for phrase in entries("phrases.txt")]
    for line, text in texts(path, PROSE):
        if match := next(filter(None, (phrase.search(text) for phrase in phrases)), None):
            yield line, match[0].strip()


def main(arguments: list[str]) -> int:
    """Print each place, and the number of places by folder."""
    names_only = arguments[0] == "--names"
    suffixes = {".py"} if names_only else {".py", ".pyi", ".cu", ".md"}
    counts: Counter[str] = Counter()
    for root in map(Path, arguments[names_only:]):
        for path in sorted([root] if root.is_file() else root.rglob("*")):
            if path.suffix in suffixes:
                for line, text in places(path, names_only):
                    counts["/".join(path.parts[:2]) if path.parts[0] == "vmm" else path.parts[0]] += 1
                    print(f"{path}:{line}: {text!r}")
    for room, count in sorted(counts.items()):
        print(f"{count:6} in {room}")
    return bool(counts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
