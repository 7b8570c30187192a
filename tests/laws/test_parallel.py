"""Filters side by side."""

import numpy as np
import pytest

from vmm.parts import LookAheadFilter, WholeClipFilter
from vmm.temporal import butterworth, chain, fir, ideal, iir, parallel, unwrap

SLOW, QUICK = fir((1, 2), 30), fir((4, 8), 30)


def delay_of(part):
    return getattr(part, "delay", 0)


def later(y, n):
    """The signal n frames later, nothing before it."""
    return np.concatenate([np.zeros((n, *y.shape[1:])), y])[: len(y)]


@pytest.mark.parametrize("gains", [None, (10, -1), (0, 2.5)])
@pytest.mark.parametrize("parts", [(SLOW, QUICK), (QUICK, butterworth((1, 2), 30)), (iir((1, 2), 30), SLOW)])
def test_what_the_filters_make_is_summed_by_gains(parts, gains, rng):
    x = np.cumsum(rng.normal(size=(300, 2, 3)), axis=0)
    both = parallel(*parts, gains=gains)
    assert isinstance(both, LookAheadFilter)
    assert both.delay == max(map(delay_of, parts)) > 0
    made = [later(part.apply(x, None)[0], both.delay - delay_of(part)) for part in parts]
    expected = sum(gain * y for gain, y in zip(gains or (1, 1), made, strict=True))
    np.testing.assert_allclose(both.apply(x, None)[0], expected, atol=1e-9)


def test_an_impulse_leaves_all_filters_at_once():
    """Both are of zero phase about the delay of the longer one."""
    both = parallel(SLOW, QUICK, gains=(3, -1))
    assert isinstance(both, LookAheadFilter)
    pulse = np.zeros(401)
    pulse[200 - both.delay] = 1
    y, _ = both.apply(pulse, None)
    np.testing.assert_allclose(y, y[::-1], atol=1e-12)
    f = np.array([1.5, 6.0]) / 30
    gains = np.cos(2 * np.pi * np.outer(f, np.arange(401) - 200)) @ y
    np.testing.assert_allclose(gains, [3, -1], atol=0.02)


@pytest.mark.parametrize("parts", [(SLOW, QUICK), (QUICK, butterworth((1, 2), 30)), (chain(unwrap(), QUICK), SLOW)])
@pytest.mark.parametrize("cuts", [[1, 2, 3], [10, 60, 61], [150]])
def test_chunks_equal_the_whole(parts, cuts, rng):
    x, both = rng.normal(size=(200, 4)), parallel(*parts, gains=(2, -1))
    memory, out = None, []
    for piece in np.split(x, cuts):
        y, memory = both.apply(piece, memory)
        out.append(y)
    np.testing.assert_allclose(np.concatenate(out), both.apply(x, None)[0], atol=1e-9)


def test_its_band_holds_those_of_all():
    both = parallel(QUICK, SLOW)
    assert isinstance(both, LookAheadFilter)
    assert both.band == pytest.approx((1 / 30, 8 / 30))


def whole(temporal, n):
    """The matrix of a whole-clip filter for n frames."""
    synthesis, analysis = temporal.factors(n)
    return synthesis @ analysis


@pytest.mark.parametrize("n", [60, 91])
def test_factors_are_those_of_all(n):
    """Of filters of whole clips, which are extended by the largest of their margins."""
    both = parallel(ideal((2, 3), 30), ideal((5, 7), 30), gains=(4, -1))
    assert isinstance(both, WholeClipFilter) and both.margin == ideal((2, 3), 30).margin
    expected = 4 * whole(ideal((2, 3), 30), n) - whole(ideal((5, 7), 30), n)
    np.testing.assert_allclose(whole(both, n), expected, atol=1e-12)


def test_a_delay_before_a_whole_clip_filter_is_compensated():
    wave = np.sin(2 * np.pi * 2.5 * np.arange(150) / 30)
    delayed = chain(fir((1, 4), 30), ideal((2, 3), 30))
    np.testing.assert_allclose(delayed.apply(wave, None)[0][30:-30], wave[30:-30], atol=0.05)


def test_filters_that_do_not_go_together():
    with pytest.raises(ValueError, match="gains holds 1 values for 2 filters"):
        parallel(SLOW, QUICK, gains=[1])
    with pytest.raises(ValueError, match="gains holds 0 values for 0 filters"):
        parallel()
    with pytest.raises(ValueError, match="cannot combine whole-clip filters"):
        parallel(SLOW, ideal((2, 3), 30))
