"""Harmonics among the lines of a spectrum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_MAX_ORDER = 8
"""Highest order of a harmonic."""

_MIN_PERIODS = 6
"""Periods of the fundamental in the clip below which lines would often be its multiples by chance."""

_TOLERANCE = 0.05
"""Smallest difference in bins between a line and a multiple of another one at which it is no harmonic. A vibration
whose frequency changes a little has harmonics that are shifted by more than the standard errors of steady lines."""

_MAX_TOLERANCE = 0.3
"""Largest such difference in bins, also of uncertain lines: a larger one is often reached by chance. It is also the
largest standard error of a line whose relation is stated: a less certain one agrees with a harmonic by chance."""


class Harmonic(NamedTuple):
    """A relation of a line to a stronger one.

    Attributes
    ----------
    order
        Order of the harmonic, at least 2.
    of
        Frequency of the fundamental.
    is_aliased
        Whether the harmonic is above fs/2 and is observed at another frequency.
    """

    order: int
    of: float
    is_aliased: bool

    def text(self, unit: str) -> str:
        """The relation in words."""
        ordinal = {2: "2nd", 3: "3rd"}.get(self.order, f"{self.order}th")
        return f"{ordinal} harmonic of {self.of:.4g} {unit}{', aliased' if self.is_aliased else ''}"


def harmonic(
    frequency: float, stderr: float, roots: Iterable[tuple[float, float]], fs: float, bin_width: float
) -> Harmonic | None:
    """The relation of a line to a stronger one of which it is a harmonic, possibly aliased; the simplest if several.

    Parameters
    ----------
    frequency, stderr
        Frequency of the line in Hz and its standard error.
    roots
        Frequency in Hz and standard error of each stronger line.
    fs
        Rate in Hz.
    bin_width
        Distance in Hz of two frequencies that the clip resolves.
    """
    relations = []
    if stderr > _MAX_TOLERANCE * bin_width:
        return None
    for root, root_stderr in roots:
        for order in range(2, _MAX_ORDER + 1) if root > _MIN_PERIODS * bin_width else ():
            aliased = abs((order * root + fs / 2) % fs - fs / 2)
            tolerance = max(3 * (stderr + order * root_stderr), _TOLERANCE * bin_width)
            if abs(aliased - frequency) < min(tolerance, _MAX_TOLERANCE * bin_width):
                relations.append(Harmonic(order, root, order * root > fs / 2))
    return min(relations, key=lambda relation: (relation.is_aliased, relation.order), default=None)
