"""Each method gives what it gave when its reference was stored."""

import numpy as np
import pytest
from golden.make import PATH, outputs

import vmm


@pytest.fixture(scope="module")
def now():
    return outputs()


@pytest.mark.parametrize("name", vmm.METHODS)
def test_reference(name, now):
    with np.load(PATH) as stored:
        np.testing.assert_allclose(now[name], stored[name], rtol=0, atol=2e-3)
