"""A fixed share of the random attacks of ``tests.fuzz``, in this process and without limits on time and memory."""

import pytest
from fuzz._verdicts import FAULTS, attempt

FAST = {"arrays": range(8), "options": range(1, 3), "files": range(2), "weights": range(3), "requests": range(3)}
"""Seeds of the trials in the fast tests: about half a second of each kind."""

SLOW = {
    "arrays": range(8, 80), "options": range(3, 40), "files": range(2, 102), "weights": range(3, 100),
    "requests": range(3, 60),
}  # fmt: skip
"""Seeds of further trials in the slow tests."""


@pytest.mark.parametrize("kind", [kind for kind, seeds in FAST.items() if seeds])
def test_no_trial_has_a_fault(kind, tmp_path):
    check(kind, FAST[kind], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind, seeds in SLOW.items() if seeds])
def test_no_further_trial_has_a_fault(kind, tmp_path):
    check(kind, SLOW[kind], tmp_path)


def check(kind, seeds, folder):
    if kind == "weights":
        pytest.importorskip("torch")
        pytest.importorskip("onnx")
    if kind == "requests":
        pytest.importorskip("starlette")
    for seed in seeds:
        verdict = attempt(kind, seed, folder / str(seed))
        assert verdict.outcome not in FAULTS, f"python -m tests.fuzz {kind} --only {seed}: {verdict}"
