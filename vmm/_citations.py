"""Papers behind a function, from the references in its docstring."""

from __future__ import annotations

import inspect
import re
from typing import Any

from vmm.backend.arguments import checks_arguments

_REFERENCE = re.compile(r"^\.\. \[\d+\] ", re.MULTILINE)

_PAPER = re.compile(r"(?P<authors>[^:]+): (?P<title>[^.?]+[.?]) (?P<venue>.+?),? (?P<year>(?:19|20)\d\d)\b")

_JOURNAL = re.compile(r"(?P<journal>[^\d]+?) (?P<volume>\d+)(?:\((?P<number>\d+)\))?$")


@checks_arguments
def cite(name: str) -> str:
    """BibTeX entries of the papers behind a function, to cite together with this library.

    Parameters
    ----------
    name
        Name of a method such as ``"phase"``, or of a function such as ``"measure.displacement"`` or
        ``"temporal.butterworth"``.

    Returns
    -------
    str
        One entry for each paper in the section References of the function's documentation; empty if it has none.

    Raises
    ------
    ValueError
        If there is no such method or function.

    Examples
    --------
    >>> import vmm
    >>> print(vmm.cite("temporal.fir"))
    @inproceedings{wadhwa2013phase,
      author = {Wadhwa and Rubinstein and Durand and Freeman},
      title = {{Phase-based video motion processing}},
      booktitle = {SIGGRAPH},
      year = {2013}
    }
    """
    documentation = inspect.getdoc(_function(name)) or ""
    section = documentation.partition("References\n----------\n")[2].partition("\n\nExamples\n")[0]
    references = [" ".join(part.split()) for part in _REFERENCE.split(section)[1:]]
    return "\n\n".join(entry for entry in map(_entry, references) if entry)


def _function(name: str) -> Any:
    """The function, class or method of this name; raise if there is none."""
    import vmm

    function: Any = vmm
    for part in name.removeprefix("vmm.").split("."):
        function = getattr(function, part, None) if part in dir(function) else None
    function = getattr(function, "magnify", None) if inspect.ismodule(function) else function
    if function is None or not callable(function):
        raise ValueError(
            f"name={name!r} must be a method such as 'phase', or a function such as 'measure.displacement'"
        )
    return function


def _entry(reference: str) -> str:
    """The BibTeX entry of a reference "Authors: title. Venue year, ..."; empty if it has another form."""
    paper = _PAPER.match(reference)
    if paper is None:
        return ""
    authors = re.sub(r",? et al\.?", " and others", paper["authors"]).replace(", ", " and ")
    first = re.sub(r"[^a-z]", "", authors.split(" and ")[0].lower())
    word = re.sub(r"[^a-z].*", "", paper["title"].lower())
    journal = _JOURNAL.match(paper["venue"])
    venue = {"booktitle": paper["venue"]} if journal is None else journal.groupdict()
    fields = {"author": authors, "title": f"{{{paper['title'].rstrip('.')}}}", **venue, "year": paper["year"]}
    lines = ",\n".join(f"  {key} = {{{value}}}" for key, value in fields.items() if value).replace("&", r"\&")
    return f"@{'inproceedings' if journal is None else 'article'}{{{first}{paper['year']}{word},\n{lines}\n}}"
