"""Changes between two recordings: lines that are new, gone, larger or smaller."""

import numpy as np
import pytest

import vmm

FS = 240


def recording(*lines, seed, count=960, fs=FS, noise=0.01):
    """Signals (T, 2, 2) of lines (frequency, amplitude, region, direction) in noise."""
    values = np.random.default_rng(seed).normal(0, noise, (count, 2, 2))
    for frequency, amplitude, region, direction in lines:
        values[:, region, direction] += amplitude * np.sin(2 * np.pi * frequency * np.arange(count) / fs + 0.5)
    return values


def test_lines_that_are_new_gone_larger_smaller_or_as_before():
    before = recording((25, 0.1, 0, 1), (40, 0.03, 1, 0), (60, 0.05, 1, 1), (91, 0.05, 0, 0), seed=1)
    after = recording((25.3, 0.16, 0, 1), (60, 0.05, 1, 1), (71.4, 0.02, 1, 0), (91, 0.03, 0, 0), seed=2, count=720)
    result = vmm.measure.changes(before, after, fs=FS)
    assert [(round(c.frequency, 1), c.verdict, c.index) for c in result] == [
        (25.3, "larger", (0, 1)),
        (40.0, "gone", (1, 0)),
        (60.0, "as before", (1, 1)),
        (71.4, "new", (1, 0)),
        (91.0, "smaller", (0, 0)),
    ]
    larger, gone, _, new, _ = result
    assert abs(larger.ratio - 1.6) < 4 * larger.ratio_stderr < 0.1
    assert (larger.frequency_after - larger.frequency_before) == pytest.approx(0.3, abs=0.02)
    assert abs(gone.after) < 5 * gone.after_stderr and np.isnan(gone.frequency_after) and np.isnan(gone.ratio)
    assert abs(new.after - 0.02) < 4 * new.after_stderr and new.before < 5 * new.before_stderr


def test_no_change_is_claimed_of_equal_recordings():
    lines = (12, 0.05, 0, 0), (31, 0.02, 1, 1), (77, 0.008, 0, 1)
    verdicts = []
    for seed in range(12):
        pair = (recording(*lines, seed=2 * seed + k, count=480) for k in (0, 1))
        verdicts += [change.verdict for change in vmm.measure.changes(*pair, fs=FS)]
    assert len(verdicts) >= 36 and sum(verdict != "as before" for verdict in verdicts) <= 1


def test_what_the_other_recording_cannot_show_is_unknown():
    line = (100, 0.05, 0, 1)
    slow = recording(seed=3, fs=150, count=600)
    (change,) = vmm.measure.changes(vmm_signal(slow, 150), vmm_signal(recording(line, seed=4), FS))
    assert change.verdict == "unknown" and np.isnan(change.before) and change.after == pytest.approx(0.05, abs=0.003)
    blind = recording(seed=5)
    blind[:, 0] = np.nan
    (change,) = vmm.measure.changes(vmm_signal(blind, FS), vmm_signal(recording(line, seed=4), FS))
    assert change.verdict == "unknown" and change.index == (0, 1)


def test_recordings_that_do_not_correspond_are_refused():
    values = recording(seed=6)
    with pytest.raises(ValueError, match=r"before has signals of shape \(2, 2\), and after \(1, 2\): measure the same"):
        vmm.measure.changes(values, values[:, :1], fs=FS)
    with pytest.raises(ValueError, match="before is in px and Hz, and after in mm and Hz"):
        vmm.measure.changes(vmm_signal(values, FS), vmm_signal(values, FS, "mm"))
    with pytest.raises(ValueError, match=r"max_shift=1 must lie in \[0, 1\)"):
        vmm.measure.changes(values, values, fs=FS, max_shift=1)


def vmm_signal(values, fs, unit="px"):
    """The displacement of two regions."""
    is_known = np.isfinite(values).all(axis=0)
    boxes = ((0, 0, 9, 9), (0, 20, 9, 9))
    visible = np.ones(values.shape[:2], bool)
    return vmm.measure.RegionSignal(values, np.full((2, 2), 0.01), is_known, boxes, fs, unit, np.zeros(2), visible)
