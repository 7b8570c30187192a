"""A fixed share of the random attacks of ``tests.fuzz``, in this process and without limits on time and memory."""

import pytest
from fuzz._verdicts import FAULTS, attempt

FAST = {"arrays": 0, "options": 0, "files": 0, "weights": 0}
"""Number of trials in the fast tests, the seeds of which begin at 0: about half a second of each kind."""

SLOW = {"arrays": 0, "options": 0, "files": 0, "weights": 0}
"""Number of further trials in the slow tests."""


@pytest.mark.parametrize("kind", [kind for kind, n in FAST.items() if n])
def test_no_trial_has_a_fault(kind, tmp_path):
    check(kind, range(FAST[kind]), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind, n in SLOW.items() if n])
def test_no_further_trial_has_a_fault(kind, tmp_path):
    check(kind, range(FAST[kind], FAST[kind] + SLOW[kind]), tmp_path)


def check(kind, seeds, folder):
    for seed in seeds:
        verdict = attempt(kind, seed, folder / str(seed))
        assert verdict.outcome not in FAULTS, f"python -m tests.fuzz {kind} --only {seed}: {verdict}"
