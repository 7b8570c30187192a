"""Motion that is kept between calls which differ in alpha and the limit."""

from functools import partial

import numpy as np
import pytest

import vmm
from vmm.data import synthetic
from vmm.engine.bands import Bands
from vmm.engine.motion_store import MotionStore

CLIP = synthetic.render(synthetic.texture((40, 48)), synthetic.sway(70, 30, 5, 0.3), noise=1, dtype=np.uint8)
CALLS = [
    (vmm.gradient, {}),
    (vmm.phase, {"sigma": 0.0}),
    (vmm.phase, {}),
    (vmm.linear, {"temporal": vmm.temporal.fir, "wavelength": 0}),
    (vmm.color, {}),
    (vmm.riesz, {}),
]


@pytest.mark.parametrize(("method", "options"), CALLS)
def test_results_are_the_same_and_motion_is_read_once(method, options, monkeypatch):
    store, reads = MotionStore(), []
    gathered = Bands.gathered

    def counted(self, *args):
        reads.append(1)
        return gathered(self, *args)

    monkeypatch.setattr(Bands, "gathered", counted)
    settings = [{"alpha": 4.0}, {"alpha": 9.0}]
    if method in (vmm.gradient, vmm.phase):
        settings.append({"alpha": 9.0, "limit": 0.5})
    with store.in_use():
        results = [method.magnify(CLIP, (4, 6), fs=30, **options, **each) for each in settings]
    count = len(reads)
    for result, each in zip(results, settings, strict=True):
        np.testing.assert_array_equal(result, method.magnify(CLIP, (4, 6), fs=30, **options, **each))
    assert (len(reads) - count) == count * len(settings)


def test_other_subbands_and_too_much_motion_are_read_again():
    store = MotionStore()
    for active in ([0], [0, 1], [0]):
        assert store.get(0, active, partial(list, active)) == active
    assert store.get(0, [0], lambda: pytest.fail()) == [0]
    small = MotionStore(max_bytes=10)
    values = iter((np.zeros(8), np.ones(8)))
    assert small.get(0, [0], lambda: [next(values)])[0].sum() == 0
    assert small.get(0, [0], lambda: [next(values)])[0].sum() == 8
