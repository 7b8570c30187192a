"""Conversion of results to cells of tables."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.study.types import Key, Results


def cell(results: Results, key: Key, name: str) -> float | str:
    """One value of a job: a number, "failed" if the job failed, or "-" if there is no result."""
    values = results.get(key)
    if values is None:
        return "-"
    return values.get(name, "failed" if isinstance(values.get("error"), str) else "-")


def rows(results: Results, keys: Sequence[Key], name: str) -> list[tuple[str, list[float | str]]]:
    """One row per entrant, with one cell for each of the keys that follow the name of the entrant."""
    entrants = dict.fromkeys(key[0] for key in results)
    return [(one, [cell(results, (one, *key), name) for key in keys]) for one in entrants]


def failures(results: Results) -> str:
    """The failed jobs with their errors, in words; empty if no job failed."""
    errors = {f"{key[0]}: {values['error']}" for key, values in results.items() if isinstance(values.get("error"), str)}
    return " ".join(["Failed:", *sorted(text[:160] + "." for text in errors)]) if errors else ""
