"""Progress of functions that take long, as a bar or as calls of a function."""

import inspect

import numpy as np
import pytest

import vmm
from vmm.data import synthetic

CLIP = synthetic.render(synthetic.texture((48, 48)), synthetic.sway(45, 30, 3, 0.3))
LARGE = synthetic.render(synthetic.texture((144, 192)), np.zeros((20, 2)), noise=1)
COLOR = np.repeat(CLIP[..., None], 3, axis=3)

PARTS = {
    "spatial": vmm.spatial.Laplacian,
    "motion": vmm.motion.intensity,
    "temporal": vmm.temporal.butterworth((2, 4), fs=30),
}
CALLS = {
    "acceleration": lambda **more: vmm.acceleration.magnify(CLIP, 3, fs=30, **more),
    "anisotropy": lambda **more: vmm.anisotropy.magnify(CLIP, 3, fs=30, **more),
    "bilateral": lambda **more: vmm.bilateral.magnify(CLIP, 3, fs=30, **more),
    "color": lambda **more: vmm.color.magnify(COLOR, (2, 4), fs=30, **more),
    "gradient": lambda **more: vmm.gradient.magnify(CLIP, (2, 4), fs=30, **more),
    "gradient, relative to the first frame": lambda **more: vmm.gradient.magnify(CLIP[:4], None, alpha=2, **more),
    "jerk": lambda **more: vmm.jerk.magnify(CLIP, 3, fs=30, **more),
    "lagrangian": lambda **more: vmm.lagrangian.magnify(CLIP[:20], (2, 4), fs=30, **more),
    "lightweight": lambda **more: vmm.lightweight.magnify(COLOR[:3], alpha=2, mode="static", **more),
    "linear": lambda **more: vmm.linear.magnify(CLIP, (2, 4), fs=30, **more),
    "phase": lambda **more: vmm.phase.magnify(CLIP, (2, 4), fs=30, **more),
    "phase, ideal filter": lambda **more: vmm.phase.magnify(CLIP, (2, 4), fs=30, temporal="ideal", **more),
    "realtime": lambda **more: vmm.realtime.magnify(COLOR[:3], alpha=2, mode="static", **more),
    "riesz": lambda **more: vmm.riesz.magnify(CLIP, (2, 4), fs=30, **more),
    "magnify": lambda **more: vmm.magnify(
        CLIP,
        spatial=vmm.spatial.Laplacian,
        motion=vmm.motion.intensity,
        temporal=vmm.temporal.butterworth((2, 4), fs=30),
        **more,
    ),
    "auto.choose": lambda **more: vmm.auto.choose(CLIP, fs=30, **more),
    "stabilize.magnify": lambda **more: vmm.stabilize.magnify(CLIP, (2, 4), fs=30, **more),
    "stabilize.track": lambda **more: vmm.stabilize.track(CLIP, **more),
    "measure.displacement": lambda **more: vmm.measure.displacement(CLIP, fs=30, **more),
    "measure.field": lambda **more: vmm.measure.field(CLIP, fs=30, **more),
    "measure.modes": lambda **more: vmm.measure.modes(CLIP, [3.0], fs=30, **more),
    "measure.suggest": lambda **more: vmm.measure.suggest(CLIP, fs=30, **more),
    "measure.pulse": lambda **more: vmm.measure.pulse(np.tile(COLOR, (4, 1, 1, 1)), fs=30, **more),
    "measure.sound": lambda **more: vmm.measure.sound(CLIP, fs=30, **more),
    "measure.still_regions": lambda **more: vmm.measure.still_regions(LARGE, fs=30, **more),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", CALLS)
def test_the_frames_that_are_done_are_counted_to_the_end_of_each_pass(name):
    calls = []
    CALLS[name](progress=lambda done, total: calls.append((done, total)))
    ends = [calls[i] for i in range(len(calls)) if i + 1 == len(calls) or calls[i + 1][0] <= calls[i][0]]
    assert ends, "nothing was reported"
    assert all(total is not None and 0 < done <= total for done, total in calls)
    assert ends[-1][0] == ends[-1][1]


def test_the_result_is_the_same():
    seen = []
    with_progress = vmm.phase.magnify(CLIP, (2, 4), fs=30, progress=lambda *numbers: seen.append(numbers))
    np.testing.assert_array_equal(with_progress, vmm.phase.magnify(CLIP, (2, 4), fs=30))
    assert seen[-1] == (45, 45)


def test_a_bar_is_shown_on_request_only(capsys):
    vmm.linear.magnify(CLIP, (2, 4), fs=30)
    assert capsys.readouterr().err == ""
    vmm.linear.magnify(CLIP, (2, 4), fs=30, progress=True)
    assert "45/45 [" in capsys.readouterr().err


def test_chunks_are_counted_as_they_are_used():
    calls = []
    chunks = iter(np.split(CLIP, 3))
    out = vmm.riesz.magnify(chunks, (2, 4), fs=30, temporal="causal", progress=lambda *numbers: calls.append(numbers))
    assert calls == []
    assert sum(map(len, out)) == 45
    assert calls[-1] == (45, None)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_another_kind_of_value_is_refused():
    with pytest.raises(TypeError, match=r"progress='yes' must be True, False or a function progress\(done, total\)"):
        vmm.phase.magnify(CLIP, (2, 4), fs=30, progress="yes")  # type: ignore[arg-type]


def test_a_dask_array_refuses_it():
    array = pytest.importorskip("dask.array")
    with pytest.raises(ValueError, match="progress has no effect on a dask array"):
        vmm.phase.magnify(array.from_array(CLIP), (2, 4), fs=30, progress=True)


QUICK = {"faults", "ghosting", "overshoot", "sharpness", "static_error", "structural_similarity", "displacement_crlb"}


def test_every_function_that_reads_a_clip_has_it():
    modules = [getattr(vmm, name) for name in (*vmm.METHODS, *vmm.LEARNED)] + [vmm.stabilize, vmm.auto, vmm.measure]
    functions = [getattr(module, name) for module in modules for name in module.__all__]
    functions = [one for one in (vmm.magnify, *functions) if inspect.isfunction(one) and one.__name__ not in QUICK]
    readers = [one for one in functions if "frames" in inspect.signature(one).parameters]
    assert len(readers) > 20
    lacking = [
        f"{one.__module__}.{one.__name__}" for one in readers if "progress" not in inspect.signature(one).parameters
    ]
    assert lacking == ["vmm.stabilize._magnify.steady"], "steady takes as long as a copy"
