"""Results as cells of tables."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.study.parts import Key, Results


def cell(results: Results, key: Key, name: str) -> float | str:
    """One number of a job; "failed" where the job did, and "-" where there was none."""
    values = results.get(key)
    if values is None:
        return "-"
    return values.get(name, "failed" if isinstance(values.get("error"), str) else "-")


def rows(results: Results, keys: Sequence[Key], name: str) -> list[tuple[str, list[float | str]]]:
    """A row for each entrant, a cell for each of the keys that follow its name."""
    entrants = dict.fromkeys(key[0] for key in results)
    return [(one, [cell(results, (one, *key), name) for key in keys]) for one in entrants]


def failures(results: Results) -> str:
    """What failed, and why, in words; empty where nothing did."""
    said = {f"{key[0]}: {values['error']}" for key, values in results.items() if isinstance(values.get("error"), str)}
    return " ".join(["Failed:", *sorted(text[:160] + "." for text in said)]) if said else ""
